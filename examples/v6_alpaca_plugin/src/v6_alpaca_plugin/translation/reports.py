"""What Alpaca says of an order, and of an execution, as reports."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from v6_alpaca_plugin.records import AlpacaOrder, FillActivity, TradeUpdate
from v6_alpaca_plugin.translation import words
from v6_alpaca_plugin.translation.contracts import contract_of
from v6_alpaca_plugin.translation.orders import terms_of
from v6core.contracts import OrderAction
from v6core.errors import BrokerError
from v6core.fills import Fill
from v6core.identifiers import plainly
from v6core.money import ZERO, plain
from v6core.reports import FillReport, OrderReport, RejectionReport, ReportedStatus

_MOST = 256


def named(text: str) -> str:
    """Return a reference that somebody may have written by hand, as v6 takes one."""
    return ascii(plainly(text, _MOST - 10))[1:-1][:_MOST]


def standing_report(
    shown: AlpacaOrder,
    order_ref: str,
    now: datetime,
    *,
    replaces: str | None = None,
    filled_before: Decimal = ZERO,
    action: OrderAction | None = None,
    reason: str | None = None,
) -> OrderReport | RejectionReport:
    """Return how an order stands that replaced another; its quantities count what was filled before it."""
    time = shown.updated_at or shown.submitted_at or now
    if shown.status == words.REJECTED:
        why = reason or "Alpaca rejected the order after it had taken it, and does not say why"
        return RejectionReport(time=time, order_ref=order_ref, broker_order_id=shown.id, reason=why)
    status = words.standing(shown.status)
    return OrderReport(
        time=time,
        order_ref=order_ref,
        broker_order_id=shown.id,
        status=status,
        word=shown.status if status is ReportedStatus.UNKNOWN else None,
        working=words.is_at_market(shown.status),
        filled_quantity=shown.filled_qty + filled_before,
        terms=terms_of(shown, filled_before, action),
        replaces=replaces,
        reason=reason,
    )


def execution_id(order_id: str, filled: Decimal) -> str:
    """Return the id of the execution with which an order had filled so much.

    The stream and the account's history call an execution differently, but in both it is the one that took its order
    to the same quantity.
    """
    return f"{order_id}:{plain(filled.normalize())}"


def streamed_fill(update: TradeUpdate, order_ref: str, account: str | None, now: datetime) -> FillReport:
    """Return the execution that a trade update tells of."""
    order, time = update.order, update.timestamp or now
    if update.qty is None or update.price is None:
        raise BrokerError(f"Alpaca told of a fill of {order.id} without its quantity or price", code="UNREADABLE")
    fill = Fill(
        execution_id=execution_id(order.id, order.filled_qty),
        contract=contract_of(order.symbol, order.asset_class),
        action=_side(order.side, order.id),
        quantity=update.qty,
        price=update.price,
        commission=ZERO,
        time=time,
        account=account,
    )
    return FillReport(time=time, order_ref=order_ref, fill=fill)


def listed_fill(activity: FillActivity, order_ref: str, account: str | None) -> FillReport:
    """Return the execution that stands in the account's history.

    Alpaca takes no commission; what regulators take is booked per day, not per execution.
    """
    fill = Fill(
        execution_id=execution_id(activity.order_id, activity.cum_qty),
        contract=contract_of(activity.symbol),
        action=_side(activity.side, activity.order_id),
        quantity=activity.qty,
        price=activity.price,
        commission=ZERO,
        time=activity.transaction_time,
        account=account,
    )
    return FillReport(time=activity.transaction_time, order_ref=order_ref, fill=fill)


def _side(word: str, order_id: str) -> OrderAction:
    action = words.action(word)
    if action is None:
        raise BrokerError(f"Alpaca told of a fill of {order_id} on side {word!r}", code="UNREADABLE")
    return action
