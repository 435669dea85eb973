"""How often: equal orders, orders in a second, orders in a day."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from v6core.orders import Order, OrderStatus
from v6core.risk import CheckContext, Denial
from v6core.standard_checks.denials import above

_TERMS = (
    "action",
    "quantity",
    "order_type",
    "limit_price",
    "stop_price",
    "trail_amount",
    "trail_percent",
    "limit_offset",
)
_UNANSWERED = frozenset({OrderStatus.PENDING_SUBMIT, OrderStatus.IN_DOUBT})
_BESIDE = "see v6 orders --in-doubt; despite_doubt=True lets what only reduces out beside it"


def duplicate(order: Order, context: CheckContext) -> Denial | None:
    """Deny an order equal to one sent within ``duplicate_window`` seconds, or to one that is still unanswered.

    An order equal to one in doubt is denied also where the window is switched off: it may be there already.
    """
    window = context.limits.duplicate_window
    for age, other in _sent(context) if window is not None else ():
        if age >= float(window or 0):
            break  # what follows is older
        if _equal(order, other, context):
            return Denial("DUPLICATE", f"equal to order {other.order_id} sent {age:.1f} s ago; within {window:f} s")
    waiting = _UNANSWERED if window is not None else {OrderStatus.IN_DOUBT}
    for other in context.open_orders:
        if other.status in waiting and _equal(order, other, context):
            return Denial("DUPLICATE", f"equal to order {other.order_id}, which is {other.status}", _BESIDE)
    return None


def rate(_: Order, context: CheckContext) -> Denial | None:
    """Deny more orders and changes than ``max_orders_per_second``, apart from ``order_burst`` that may go at once.

    With a burst of b and r a second, no T seconds up to a minute have more than b + r * T.
    """
    limit, burst = context.limits.max_orders_per_second, context.limits.order_burst
    if limit is None:
        return None
    if burst is None:
        number = 1 + sum(age < 1 for age, _ in _sent(context))
        return above("MAX_ORDERS_PER_SECOND", Decimal(number), limit, "orders in one second")
    for number, (age, _) in enumerate(_sent(context), start=2):
        most = burst + limit * Decimal(f"{age:.6f}")
        if number > most:
            told = f"{number} > {most:.2f} orders in {age:.2f} s: {burst:f} at once and {limit:f} a second"
            return Denial("MAX_ORDERS_PER_SECOND", told)
    return above("MAX_ORDERS_PER_SECOND", Decimal(1), burst, "orders at once")


def daily_orders(_: Order, context: CheckContext) -> Denial | None:
    """Deny more orders in one day of New York than ``max_orders_per_day``; a change of an order is none."""
    limit = context.limits.max_orders_per_day
    if limit is None:
        return None
    number = context.orders_today + (context.before is None)
    return above("MAX_ORDERS_PER_DAY", Decimal(number), limit, "orders today")


def _sent(context: CheckContext) -> Iterator[tuple[float, Order]]:
    """Yield what was sent lately with its age, the last one first."""
    for sent_at, other in reversed(context.recent):
        yield context.monotonic - sent_at, other


def _equal(order: Order, other: Order, context: CheckContext) -> bool:
    if order.order_id == other.order_id or order.contract is None or other.contract is None:
        return False
    home = context.account.account if context.account is not None else None
    same = order.contract.key == other.contract.key and (order.account or home) == (other.account or home)
    return same and all(getattr(order, name) == getattr(other, name) for name in _TERMS)
