"""The difference between what v6 knows and what the broker holds: a pure function of the two.

What the broker shows of our orders is evidence, and becomes reports for them as if it had come by itself. What it does
not show proves nothing yet: such an order is an open question, and one that was thought to be working is in doubt.
Doing it twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from v6core.identifiers import parse_order_ref
from v6core.lifecycle import OrderState
from v6core.orders import OrderStatus
from v6core.reports import Evidence, FillReport, OrderReport, RejectionReport, Report, Snapshot

_SHOWN = frozenset({OrderStatus.SUBMITTED, OrderStatus.PARTIALLY_FILLED, OrderStatus.INACTIVE})


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What a snapshot says: evidence to take in, orders that are missing from it, and orders that nobody here sent.

    ``missing`` are orders of ours that should be there and are not: each is in doubt. ``foreign`` are open orders of
    others: they are seen and never touched.
    """

    evidence: tuple[Report, ...] = ()
    missing: tuple[UUID, ...] = ()
    foreign: tuple[OrderReport, ...] = ()


def reconcile(states: Iterable[OrderState], snapshot: Snapshot, engine_id: str) -> Reconciliation:
    """Return what a complete snapshot says of the orders that v6 knows."""
    reports: tuple[OrderReport | RejectionReport | FillReport, ...] = (
        *snapshot.fills,
        *snapshot.rejections,
        *snapshot.completed_orders,
        *snapshot.open_orders,
    )
    ours = tuple(report for report in reports if is_ours(report.order_ref, engine_id))
    seen = {report.order_ref for report in ours}
    missing = tuple(
        state.terms.order_id for state in states if state.status in _SHOWN and state.terms.order_ref not in seen
    )
    foreign = tuple(report for report in snapshot.open_orders if not is_ours(report.order_ref, engine_id))
    return Reconciliation(evidence=ours, missing=missing, foreign=foreign)


def reports_in(evidence: Evidence) -> tuple[Report, ...]:
    """Return what a broker knows under one reference, in an order fit to be taken in."""
    return (*evidence.fills, *evidence.rejections, *evidence.orders)


def is_ours(order_ref: str | None, engine_id: str) -> bool:
    """Tell whether a reference was made by this engine."""
    parsed = parse_order_ref(order_ref) if order_ref is not None else None
    return parsed is not None and parsed[0] == engine_id
