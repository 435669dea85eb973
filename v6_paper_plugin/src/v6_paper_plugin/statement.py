"""What an account has come to, as v6 tells it when it is asked: all of it, one order, or what orders would do."""

from __future__ import annotations

from collections.abc import Sequence

from v6_paper_plugin.account import account_of, positions_of
from v6_paper_plugin.exchange.corrections import executions_that_count
from v6_paper_plugin.exchange.exchange import Exchange
from v6_paper_plugin.exchange.orders import ExchangeOrder, Execution
from v6_paper_plugin.translation import fill_report, order_report, rejection_report, rounded
from v6core.errors import Unavailable
from v6core.fills import Preview
from v6core.money import ZERO
from v6core.orders import OrderStatus
from v6core.reports import Evidence, FillReport, Snapshot


def snapshot_of(exchange: Exchange, account: str) -> Snapshot:
    """Return everything, since the account began."""
    ended = [order for order in exchange.orders if not order.is_open]
    return Snapshot(
        time=exchange.now,
        open_orders=tuple(order_report(order, exchange.now) for order in exchange.orders.open()),
        completed_orders=tuple(
            order_report(order, order.ended_at or exchange.now)
            for order in ended
            if order.status is not OrderStatus.REJECTED
        ),
        rejections=tuple(
            rejection_report(order, order.ended_at or exchange.now)
            for order in ended
            if order.status is OrderStatus.REJECTED
        ),
        fills=tuple(_fill(exchange, execution) for execution in executions_that_count(exchange.executions)),
        positions=positions_of(exchange, account),
        account=account_of(exchange, account),
    )


def evidence_of(exchange: Exchange, ref: str) -> Evidence:
    """Return what is known under a reference."""
    order = exchange.orders.get(ref)
    if order is None or order.foreign:
        return Evidence()
    time = order.ended_at or exchange.now
    if order.status is OrderStatus.REJECTED:
        return Evidence(rejections=(rejection_report(order, time),))
    counting = executions_that_count(exchange.executions)
    fills = tuple(_fill(exchange, execution) for execution in counting if execution.ref == ref)
    return Evidence(orders=(order_report(order, time),), fills=fills)


def _fill(exchange: Exchange, execution: Execution) -> FillReport:
    order = exchange.orders.get(execution.ref)
    assert order is not None
    return fill_report(order, execution, exchange.rules.currency)


def preview_of(exchange: Exchange, unit: Sequence[ExchangeOrder]) -> Preview:
    """Return what orders would cost and tie up; a bracket's exits cost nothing beside its entry."""
    prices, admission = exchange.prices(), exchange.admission
    refusals = admission.judge(unit, exchange.now)
    first = next(iter(refusals.values()), None)
    if first is not None and first.code in {"UNKNOWN_CONTRACT", "NOT_TRADED"}:
        raise Unavailable(f"no preview: {first.reason}")
    counted = [order for order in unit if order.parent_ref is None]
    legs = [(leg, ratio * order.quantity) for order in counted for leg, ratio in order.legs]
    change = admission.tied(prices, legs) - admission.tied(prices)
    return Preview(
        commission=sum((admission.commission(order, prices) for order in counted), ZERO),
        initial_margin_change=rounded(change.initial),
        maintenance_margin_change=rounded(change.maintenance),
        cash_change=rounded(sum((admission.cash_change(order, prices) for order in counted), ZERO)),
        warning=None if first is None else first.reason,
    )
