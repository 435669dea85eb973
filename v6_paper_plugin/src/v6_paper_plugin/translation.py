"""Between v6's orders and reports and the exchange's records."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from v6_paper_plugin.exchange.ledger import PLACES
from v6_paper_plugin.exchange.listener import Adjustment
from v6_paper_plugin.exchange.orders import ExchangeOrder, Execution, Refusal
from v6_paper_plugin.market import Tick
from v6core.contracts import Contract
from v6core.errors import NotSent
from v6core.fills import Fill
from v6core.money import ZERO
from v6core.orders import Order
from v6core.quotes import Quote
from v6core.reports import (
    AdjustmentReport,
    CancelRefusedReport,
    FillCorrectionReport,
    FillReport,
    ModifyRefusedReport,
    OrderReport,
    OrderTerms,
    RejectionReport,
    ReportedStatus,
)


def exchange_order(order: Order, ref_of: Callable[[UUID], str], account: str) -> ExchangeOrder:
    """Return the exchange's record of an order; NotSent without contract or reference, or for another account."""
    if order.contract is None or order.order_ref is None:
        missing = "contract" if order.contract is None else "order_ref"
        raise NotSent(f"order {order.order_id} has no {missing}", order_id=order.order_id)
    if order.account not in {None, account}:
        raise NotSent(f"there is no account {order.account} here, only {account}", order_id=order.order_id)
    return ExchangeOrder(
        ref=order.order_ref,
        contract=order.contract,
        action=order.action,
        quantity=order.quantity,
        order_type=order.order_type,
        limit_price=order.limit_price,
        stop_price=order.stop_price,
        trail_amount=order.trail_amount,
        trail_percent=order.trail_percent,
        limit_offset=order.limit_offset,
        tif=order.tif,
        good_till=order.good_till,
        oca_group=order.oca_group,
        oca_type=order.oca_type,
        parent_ref=None if order.parent_order_id is None else ref_of(order.parent_order_id),
        order_id=str(order.order_id),
        strategy_id=order.strategy_id,
        account=account,
    )


def order_report(order: ExchangeOrder, time: datetime) -> OrderReport:
    """Return how an order stands."""
    return OrderReport(
        time=time,
        order_ref=told_ref(order),
        broker_order_id=order.broker_order_id,
        status=ReportedStatus(order.status),
        working=order.is_working,
        filled_quantity=order.filled,
        terms=OrderTerms(
            contract=order.contract,
            action=order.action,
            order_type=order.order_type,
            quantity=order.quantity,
            limit_price=order.present_limit,
            stop_price=order.stop_price,
            trail_amount=order.trail_amount,
            trail_percent=order.trail_percent,
            limit_offset=order.limit_offset,
            tif=order.tif,
            good_till=order.good_till,
            oca_group=order.oca_group,
        ),
        reason=order.reason,
        account=order.account,
    )


def fill_report(order: ExchangeOrder, execution: Execution, currency: str) -> FillReport:
    """Return one execution of an order."""
    fill = Fill(
        execution_id=execution.execution_id,
        order_id=None if order.order_id is None else UUID(order.order_id),
        strategy_id=order.strategy_id,
        contract=execution.contract,
        action=execution.action,
        quantity=execution.quantity,
        price=execution.price,
        commission=execution.commission,
        currency=currency,
        time=execution.time,
        account=order.account,
    )
    return FillReport(time=execution.time, order_ref=told_ref(order), broker_order_id=order.broker_order_id, fill=fill)


def correction_report(
    order: ExchangeOrder, execution: Execution, currency: str, time: datetime
) -> FillCorrectionReport:
    """Return the execution that takes the place of another, or that the other is taken back."""
    assert execution.replaces is not None
    return FillCorrectionReport(
        time=time,
        order_ref=told_ref(order),
        broker_order_id=order.broker_order_id,
        replaces=execution.replaces,
        fill=fill_report(order, execution, currency).fill if execution.quantity else None,
    )


def told_ref(order: ExchangeOrder) -> str | None:
    """Return the reference that is told of an order: none for one that somebody else placed."""
    return None if order.foreign else order.ref


def rejection_report(order: ExchangeOrder, time: datetime) -> RejectionReport:
    """Return why an order was refused."""
    return RejectionReport(
        time=time,
        order_ref=told_ref(order),
        broker_order_id=order.broker_order_id,
        code=order.code,
        reason=order.reason or "refused",
    )


def cancel_refused_report(ref: str, refusal: Refusal, time: datetime) -> CancelRefusedReport:
    """Return why an order was not cancelled."""
    return CancelRefusedReport(time=time, order_ref=ref, code=refusal.code, reason=refusal.reason)


def modify_refused_report(ref: str, refusal: Refusal, time: datetime) -> ModifyRefusedReport:
    """Return why an order was not changed."""
    return ModifyRefusedReport(time=time, order_ref=ref, code=refusal.code, reason=refusal.reason)


def adjustment_report(adjustment: Adjustment, account: str) -> AdjustmentReport:
    """Return how a position changed without an order."""
    return AdjustmentReport(
        time=adjustment.time,
        adjustment_id=adjustment.adjustment_id,
        contract=adjustment.contract,
        quantity=adjustment.quantity,
        price=rounded(adjustment.price),
        reason=adjustment.reason,
        account=account,
    )


def quote_of(contract: Contract, tick: Tick, *, delayed: bool) -> Quote:
    """Return a tick as v6's quote of the contract that was asked for; ``delayed`` where it is not of the present."""
    return Quote(
        contract=contract,
        time=tick.time,
        bid=rounded(tick.bid),
        bid_size=tick.bid_size,
        ask=rounded(tick.ask),
        ask_size=tick.ask_size,
        delayed=delayed,
    )


def rounded(number: Decimal | None) -> Decimal | None:
    """Return a number with at most ten decimal places, the most that v6 tells."""
    if number is None or number == number.quantize(PLACES):
        return number
    return number.quantize(PLACES).normalize() + ZERO
