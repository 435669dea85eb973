"""How an order stands: TWS's words and v6's.

``PendingSubmit`` and ``PendingCancel`` say what was asked and not how the order stands: they say nothing. ``Filled`` is
a claim that the executions have to prove, and nothing but ``Cancelled`` and ``ApiCancelled`` from the wire cancels.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import auto

from v6_ib_plugin.numbers import told
from v6_ib_plugin.terms import IbCompletion, IbOrderStatus
from v6core.identifiers import plainly
from v6core.orders import Order, OrderStatus, Pending
from v6core.reports import ReportedStatus
from v6core.words import Word

_SILENT = frozenset({"PendingSubmit", "PendingCancel", ""})


@dataclass(frozen=True, slots=True)
class Standing:
    """What a status word says; ``word`` is TWS's own where v6 does not know it."""

    status: ReportedStatus
    working: bool = False
    word: str | None = None


_STANDINGS = {
    "ApiPending": Standing(ReportedStatus.SUBMITTED),
    "PreSubmitted": Standing(ReportedStatus.SUBMITTED),
    "Submitted": Standing(ReportedStatus.SUBMITTED, working=True),
    "ApiCancelled": Standing(ReportedStatus.CANCELLED),
    "Cancelled": Standing(ReportedStatus.CANCELLED),
    "Filled": Standing(ReportedStatus.FILLED),
    "Inactive": Standing(ReportedStatus.INACTIVE),
}


def standing_of(status: str, filled: Decimal = Decimal(0)) -> Standing | None:
    """Return what a status word says of an order of which ``filled`` is filled, or None where it says nothing."""
    if status in _SILENT:
        return None
    found = _STANDINGS.get(status)
    if found is None:
        return Standing(ReportedStatus.UNKNOWN, word=plainly(status, 80))
    if found.status is ReportedStatus.SUBMITTED and filled and (told(filled) or 0) > 0:
        return Standing(ReportedStatus.PARTIALLY_FILLED, found.working)
    return found


def ib_status(order: Order) -> str:
    """Return TWS's word for how a v6 order stands."""
    if order.pending_cancel is Pending.SENT and not order.status.is_terminal:
        return "PendingCancel"
    match order.status:
        case OrderStatus.SUBMITTED | OrderStatus.PARTIALLY_FILLED:
            return "Submitted" if order.working else "PreSubmitted"
        case OrderStatus.FILLED:
            return "Filled"
        case OrderStatus.CANCELLED | OrderStatus.EXPIRED | OrderStatus.LOST:
            return "Cancelled"
        case OrderStatus.INACTIVE | OrderStatus.REJECTED | OrderStatus.DENIED:
            return "Inactive"
        case OrderStatus.CREATED | OrderStatus.PENDING_SUBMIT | OrderStatus.IN_DOUBT:
            return "PendingSubmit"


def ib_reported_status(status: ReportedStatus, *, working: bool) -> str:
    """Return TWS's word for what a v6 broker reports of an order; an unknown word is told as held."""
    match status:
        case ReportedStatus.SUBMITTED | ReportedStatus.PARTIALLY_FILLED:
            return "Submitted" if working else "PreSubmitted"
        case ReportedStatus.FILLED:
            return "Filled"
        case ReportedStatus.CANCELLED | ReportedStatus.EXPIRED:
            return "Cancelled"
        case ReportedStatus.INACTIVE:
            return "Inactive"
        case ReportedStatus.UNKNOWN:
            return "PreSubmitted"


def ib_order_status(
    order: Order,
    *,
    order_id: int,
    perm_id: int = 0,
    parent_id: int = 0,
    client_id: int = 0,
    last_fill_price: Decimal = Decimal(0),
    why_held: str = "",
) -> IbOrderStatus:
    """Return a v6 order's standing as TWS tells it."""
    return IbOrderStatus(
        order_id=order_id,
        status=ib_status(order),
        filled=order.filled_quantity,
        remaining=order.quantity - order.filled_quantity,
        avg_fill_price=order.avg_fill_price or Decimal(0),
        perm_id=perm_id,
        parent_id=parent_id,
        last_fill_price=last_fill_price,
        client_id=client_id,
        why_held=why_held,
    )


class Ending(Word):
    """How an order ended, by what a completed order says."""

    FILLED = auto()
    CANCELLED = auto()
    EXPIRED = auto()
    REJECTED = auto()
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an order ended and how much of it was filled; ``reason`` is TWS's own text."""

    ending: Ending
    filled: Decimal
    reason: str


def outcome_of(completion: IbCompletion) -> Outcome:
    """Return how a completed order ended; its text decides where its status word does not tell an end from another."""
    text = completion.completed_status
    return Outcome(_ending(completion.status, text.lower()), told(completion.filled_quantity) or Decimal(0), text)


def _ending(status: str, text: str) -> Ending:
    if "expire" in text:
        return Ending.EXPIRED
    if status == "Filled" or text.startswith("filled"):
        return Ending.FILLED
    if "reject" in text or status == "Inactive":
        return Ending.REJECTED
    if status in {"Cancelled", "ApiCancelled"} or text.startswith("cancel"):
        return Ending.CANCELLED
    return Ending.UNKNOWN


def completion_of(order: Order, *, completed_time: str = "", parent_perm_id: int | None = None) -> IbCompletion:
    """Return how a v6 order ended, as TWS tells it of a completed one."""
    return IbCompletion(
        status=ib_status(order),
        filled_quantity=order.filled_quantity,
        parent_perm_id=parent_perm_id,
        completed_time=completed_time,
        completed_status=_completed_status(order),
    )


def _completed_status(order: Order) -> str:
    match order.status:
        case OrderStatus.FILLED:
            return f"Filled Size: {order.filled_quantity.normalize():f}"
        case OrderStatus.EXPIRED:
            return "Expired"
        case OrderStatus.REJECTED | OrderStatus.DENIED:
            return f"Rejected by System: {plainly(order.reason or 'no reason given', 200)}"
        case _:
            return f"Cancelled by System: {plainly(order.reason, 200)}" if order.reason else "Cancelled by Trader"
