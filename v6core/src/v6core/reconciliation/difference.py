"""The difference between what v6 knows and what the broker holds: a pure function of the two.

What the broker shows of our orders is evidence, and becomes reports for them as if it had come by itself. What it does
not show proves nothing by itself: an order that was thought to be working is missing, and an open question. Doing it
twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from v6core.identifiers import parse_order_ref
from v6core.lifecycle import OrderState
from v6core.orders import OrderStatus
from v6core.reports import Evidence, FillReport, OrderReport, RejectionReport, Report, ReportedStatus, Snapshot

_CAN_CHANGE = frozenset(set(ReportedStatus) - {ReportedStatus.CANCELLED, ReportedStatus.EXPIRED, ReportedStatus.FILLED})
_NONE = MappingProxyType[str, OrderState]({})
_SHOWN = frozenset({OrderStatus.SUBMITTED, OrderStatus.PARTIALLY_FILLED, OrderStatus.INACTIVE})


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What a snapshot says: evidence to take in, orders that are missing from it, and what is not ours.

    ``missing`` are orders of ours that should be in its lists and are not; ``completed`` those that it says are over:
    one that the evidence does not end is called filled without its fills. ``foreign`` are open orders of others, and
    ``foreign_fills`` what they traded: they are seen and never touched.
    """

    evidence: tuple[Report, ...] = ()
    missing: tuple[UUID, ...] = ()
    completed: tuple[UUID, ...] = ()
    foreign: tuple[OrderReport, ...] = ()
    foreign_fills: tuple[FillReport, ...] = ()


def reconcile(
    states: Iterable[OrderState], snapshot: Snapshot, engine_id: str, overtaken: Mapping[str, OrderState] = _NONE
) -> Reconciliation:
    """Return what a complete snapshot says of these orders, which were sent before it was asked for.

    Of the references in ``overtaken`` something was heard while the snapshot was on its way, which led to these states:
    what the snapshot says of how the orders stand is older, and only what has ended or filled in it counts, and a
    second broker order that nothing was heard of yet.
    """
    reports: tuple[OrderReport | RejectionReport | FillReport, ...] = (
        *snapshot.fills,
        *snapshot.rejections,
        *snapshot.completed_orders,
        *snapshot.open_orders,
    )
    ours = tuple(
        report
        for report in reports
        if is_ours(report.order_ref, engine_id) and not _may_be_old(report, overtaken.get(report.order_ref or ""))
    )
    # A fill alone does not say how the order stands: one that filled in part and is in no list is missing as well.
    standing = {report.order_ref for report in (*snapshot.rejections, *snapshot.open_orders)}
    completed = {report.order_ref for report in snapshot.completed_orders} - standing
    shown = standing | completed
    judged = [state for state in states if state.status in _SHOWN and state.terms.order_ref not in overtaken]
    return Reconciliation(
        evidence=ours,
        missing=tuple(state.terms.order_id for state in judged if state.terms.order_ref not in shown),
        completed=tuple(state.terms.order_id for state in judged if state.terms.order_ref in completed),
        foreign=tuple(row for row in snapshot.open_orders if not is_ours(row.order_ref, engine_id)),
        foreign_fills=tuple(row for row in snapshot.fills if not is_ours(row.order_ref, engine_id)),
    )


def reports_in(evidence: Evidence, *, overtaken: OrderState | None = None) -> tuple[Report, ...]:
    """Return what a broker knows under one reference, in an order fit to be taken in.

    Where something was heard of the order while the answer was on its way, it is ``overtaken`` by the state that this
    led to, as a snapshot is.
    """
    orders = (report for report in evidence.orders if not _may_be_old(report, overtaken))
    return (*evidence.fills, *evidence.rejections, *orders)


def _may_be_old(report: Report, state: OrderState | None) -> bool:
    """Tell whether what a report says can have changed by the state: how a working order stands, unlike how one ended.

    Of a second broker order nothing was heard that could be later.
    """
    if state is None or not isinstance(report, OrderReport) or report.status not in _CAN_CHANGE:
        return False
    known = state.broker_order_ids
    return not known or report.broker_order_id is None or report.broker_order_id in known


def is_ours(order_ref: str | None, engine_id: str) -> bool:
    """Tell whether a reference was made by this engine."""
    parsed = parse_order_ref(order_ref) if order_ref is not None else None
    return parsed is not None and parsed[0] == engine_id
