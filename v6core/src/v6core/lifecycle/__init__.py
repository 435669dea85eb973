"""The order state machine: ``apply(state, event) -> state``, pure, and the only place where a status changes.

Theory of operation. An order's state holds its terms, its fills and what the broker has said. Each event does three
things in turn: it changes what is known (a fill enters the ledger, terms are confirmed, a broker id is seen); what is
known then yields a kind of evidence; and the table in ``table`` says what the evidence makes of the status and what is
to be flagged. An event that changes nothing known yields no evidence, so repeating one changes nothing.

``OrderState.order`` is the view that users see. Cancels and modifies under way lie over the status as overlays: they
are cleared by an answer, and by the order's end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import singledispatch
from typing import Any

from v6core.events import (
    AbsenceProved,
    CancelRequested,
    DoubtRaised,
    ModifyRequested,
    OrderEvent,
    OrderIntended,
    OrderWasDenied,
    ReportReceived,
    RequestUnsent,
    Subject,
)
from v6core.lifecycle.ledger import FillLedger, FillTotals, fits, total
from v6core.lifecycle.state import OrderState
from v6core.lifecycle.table import TRANSITIONS, EvidenceKind, Table, Transition
from v6core.orders import MODIFIABLE, Anomaly, Order, OrderStatus, Pending
from v6core.reports import (
    CancelRefusedReport,
    CommissionReport,
    FillCorrectionReport,
    FillReport,
    ModifyRefusedReport,
    OrderReport,
    OrderTerms,
    RejectionReport,
    Report,
    ReportedStatus,
)

__all__ = [
    "TRANSITIONS",
    "EvidenceKind",
    "FillLedger",
    "FillTotals",
    "OrderState",
    "Transition",
    "apply",
    "fold",
]

_E = EvidenceKind
_BINDING = (OrderIntended, OrderWasDenied)
Step = tuple[OrderState, EvidenceKind | None]


def apply(state: OrderState | None, event: OrderEvent, table: Table = TRANSITIONS) -> OrderState:
    """Return the state after an event; the first event of an order carries the order and takes no state.

    Raises ValueError where the event is about another order, or is a first event where the order is known.
    """
    if state is None:
        return _first(event, table)
    if event.order_id != state.terms.order_id:
        raise ValueError(f"an event of order {event.order_id} was applied to order {state.terms.order_id}")
    if isinstance(event, _BINDING):
        raise ValueError(f"order {event.order_id} is bound already; an order is bound once")
    known, evidence = _learn(event, state)
    if evidence is None:
        return known
    return _move(known, evidence, table)


def fold(events: Iterable[OrderEvent], table: Table = TRANSITIONS) -> OrderState:
    """Return the state that all events of one order lead to; ValueError where there are none."""
    state: OrderState | None = None
    for event in events:
        state = apply(state, event, table)
    if state is None:
        raise ValueError("an order without events has no state")
    return state


def _first(event: OrderEvent, table: Table) -> OrderState:
    if isinstance(event, OrderIntended):
        state = OrderState(terms=event.order, submitted_at=event.time)
        return _move(state, _E.INTENT, table)
    if isinstance(event, OrderWasDenied):
        state = OrderState(terms=event.order, reason=f"{event.code}: {event.reason}")
        return _move(state, _E.DENIAL, table)
    raise ValueError(f"the first event of order {event.order_id} must bind it, not be {event.event}")


def _move(state: OrderState, evidence: EvidenceKind, table: Table) -> OrderState:
    row = table[state.status, evidence]
    anomalies = state.anomalies | row.anomalies
    if row.status is state.status and anomalies == state.anomalies:
        return state
    if row.status.is_terminal:
        return state._replace(
            status=row.status,
            anomalies=anomalies,
            pending_cancel=None,
            pending_modify=None,
            requested={},
        )
    return state._replace(status=row.status, anomalies=anomalies)


@singledispatch
def _learn(event: OrderEvent, state: OrderState) -> Step:
    """Return what is known after an event, and the kind of evidence that it yields, if any."""
    raise TypeError(f"{type(event).__name__} is no event of an order that is bound; {state.terms.order_id} is")


@_learn.register
def _(event: DoubtRaised, state: OrderState) -> Step:
    if event.subject is Subject.ORDER:
        return (state if state.status.is_terminal else state._replace(reason=event.reason)), _E.DOUBT
    name = "pending_cancel" if event.subject is Subject.CANCEL else "pending_modify"
    if getattr(state, name) is None:
        return state, None
    doubted: dict[str, Any] = {name: Pending.IN_DOUBT}
    return state._replace(**doubted), None


@_learn.register
def _(event: AbsenceProved, state: OrderState) -> Step:
    if state.is_shown:
        return state, None
    undecided = state.status in {OrderStatus.PENDING_SUBMIT, OrderStatus.IN_DOUBT}
    return (state._replace(reason=event.evidence) if undecided else state), _E.ABSENCE


@_learn.register
def _(_event: CancelRequested, state: OrderState) -> Step:
    return (state if state.status.is_terminal else state._replace(pending_cancel=Pending.SENT)), None


@_learn.register
def _(event: ModifyRequested, state: OrderState) -> Step:
    if state.status.is_terminal:
        return state, None
    state.terms.replace(**event.changes)  # an impossible change fails here, before it is sent, and not at its answer
    return state._replace(pending_modify=Pending.SENT, requested=dict(event.changes)), None


@_learn.register
def _(event: RequestUnsent, state: OrderState) -> Step:
    if event.subject is Subject.CANCEL:
        return state._replace(pending_cancel=None), None
    return state._replace(pending_modify=None, requested={}), None


@_learn.register
def _(event: ReportReceived, state: OrderState) -> Step:
    if state.status is OrderStatus.DENIED:
        return state, _E.ACCEPTED  # which the table flags: nothing was sent, so nothing that is said of it counts
    return _hear(event.report, state)


@singledispatch
def _hear(report: Report, state: OrderState) -> Step:
    """Return what is known after a report about the order."""
    raise TypeError(f"a {type(report).__name__} is about no order; it came for {state.terms.order_id}")


@_hear.register
def _(report: OrderReport, state: OrderState) -> Step:
    known = _seen_as(state, report.broker_order_id, report.replaces)
    if _is_superseded(known, report.broker_order_id):
        return known, None
    if report.filled_quantity is not None and report.filled_quantity > known.reported_filled:
        known = known._replace(reported_filled=report.filled_quantity)
    evidence = _evidence_of(report.status, known)
    if known.is_over or evidence is _E.UNKNOWN_WORD:
        return known, evidence
    shown = _with_terms(known, report)
    # A confirmed change can itself complete the order: five of ten are filled, and the quantity becomes five.
    if shown.terms is not known.terms and shown.is_full:
        evidence = _E.FILL_WHOLE
    return _with_words(shown, report), evidence


@_hear.register
def _(report: RejectionReport, state: OrderState) -> Step:
    known = _seen_as(state, report.broker_order_id, None)
    if not known.is_over:
        known = known._replace(reason=f"{report.code}: {report.reason}" if report.code else report.reason)
    return known, _E.REJECTED_PART if known.ledger.live else _E.REJECTED


@_hear.register
def _(report: FillReport, state: OrderState) -> Step:
    known = _traded_as(state, report.broker_order_id)
    if not fits(known.terms, report.fill):
        return _flagged(known, Anomaly.FOREIGN_FILL), None
    known = _with_ledger(known, known.ledger.add(report.fill))
    if len(known.ledger.live) == len(state.ledger.live):
        return known, None
    return known, _evidence_of_fills(known, _E.FILL_PART if known.totals.quantity else _E.FILL_LEG)


@_hear.register
def _(report: FillCorrectionReport, state: OrderState) -> Step:
    known = _traded_as(state, report.broker_order_id)
    if report.fill is not None and not fits(known.terms, report.fill):
        return _flagged(known, Anomaly.FOREIGN_FILL), None
    known = _with_ledger(known, known.ledger.correct(report.replaces, report.fill))
    if known.ledger.replaced is state.ledger.replaced:
        return known, None
    if known.totals.quantity > state.totals.quantity:
        return known, _evidence_of_fills(known, _E.FILL_PART)
    return known, _evidence_of_fills(known, _E.FILL_CUT if known.totals.quantity else _E.FILL_NONE)


@_hear.register
def _(report: CommissionReport, state: OrderState) -> Step:
    charged = state.ledger.charge(report.commission)
    return (state if charged is state.ledger else state._replace(ledger=charged)), None


@_hear.register
def _(report: CancelRefusedReport, state: OrderState) -> Step:
    known = _seen_as(state, report.broker_order_id, None)
    return (known if known.pending_cancel is None else known._replace(pending_cancel=None)), None


@_hear.register
def _(report: ModifyRefusedReport, state: OrderState) -> Step:
    known = _seen_as(state, report.broker_order_id, None)
    if known.pending_modify is None:
        return known, None
    return known._replace(pending_modify=None, requested={}), None


def _evidence_of(status: ReportedStatus, state: OrderState) -> EvidenceKind:
    part = state.totals.quantity > 0
    match status:
        case ReportedStatus.SUBMITTED | ReportedStatus.PARTIALLY_FILLED | ReportedStatus.FILLED:
            # FILLED is a claim. Until the fills are here it proves no more than that the broker has the order.
            return _E.ACCEPTED_PART if part else _E.ACCEPTED
        case ReportedStatus.INACTIVE:
            return _E.HELD
        case ReportedStatus.CANCELLED:
            return _E.CANCELLED
        case ReportedStatus.EXPIRED:
            return _E.EXPIRED
        case ReportedStatus.UNKNOWN:
            return _E.UNKNOWN_WORD


def _evidence_of_fills(state: OrderState, otherwise: EvidenceKind) -> EvidenceKind:
    return _E.FILL_WHOLE if state.is_full else otherwise


def _flagged(state: OrderState, anomaly: Anomaly) -> OrderState:
    return state if anomaly in state.anomalies else state._replace(anomalies=state.anomalies | {anomaly})


def _with_ledger(state: OrderState, ledger: FillLedger) -> OrderState:
    if ledger is state.ledger:
        return state
    totals = total(state.terms, ledger)
    overfilled = totals.most > state.terms.quantity
    anomalies = state.anomalies | {Anomaly.OVERFILL} if overfilled else state.anomalies
    return state._replace(ledger=ledger, totals=totals, anomalies=anomalies)


def _with_words(state: OrderState, report: OrderReport) -> OrderState:
    """Keep whether the broker says that the order works, which it does not while held back, and why."""
    working = state.reported_working if report.status is ReportedStatus.INACTIVE else report.working
    reason = report.reason if report.reason is not None else state.reason
    if working is state.reported_working and reason == state.reason:
        return state
    return state._replace(reported_working=working, reason=reason)


def _seen_as(state: OrderState, broker_order_id: str | None, replaces: str | None) -> OrderState:
    """Remember under which id the broker shows the order. Two at once are one too many; the fills of both count."""
    known = state.broker_order_ids
    if broker_order_id is None or broker_order_id in known:
        return state
    if replaces is not None and not known:
        known = (replaces,)
    state = state if not known or replaces in known else _flagged(state, Anomaly.TWO_BROKER_ORDERS)
    return state._replace(broker_order_ids=(*known, broker_order_id))


def _traded_as(state: OrderState, broker_order_id: str | None) -> OrderState:
    """Remember the id of a fill. While a modify is under way, an id of its own is that of the replacement."""
    replaces = state.broker_order_ids[-1] if state.pending_modify and state.broker_order_ids else None
    return _seen_as(state, broker_order_id, replaces)


def _is_superseded(state: OrderState, broker_order_id: str | None) -> bool:
    """Tell whether an id is one that was replaced: how that one ended is not how the order stands."""
    return broker_order_id in state.broker_order_ids[:-1] and Anomaly.TWO_BROKER_ORDERS not in state.anomalies


def _with_terms(state: OrderState, report: OrderReport) -> OrderState:
    """Adopt the terms that the broker shows: those that were asked for, or others, which are flagged.

    What an order's group takes off its quantity was agreed to when the group was placed, and is not flagged.

    An order that has ended is not renegotiated: there, only an answer to a request counts. Terms that no order can have
    are flagged and not adopted.
    """
    if report.terms is None:
        return state
    shown = _shown(report.terms)
    answered = state.pending_modify is not None and _shows_request(state, shown)
    if answered:
        state = state._replace(pending_modify=None, requested={})
    elif report.status in {ReportedStatus.CANCELLED, ReportedStatus.EXPIRED}:
        return state
    changed = {name: value for name, value in shown.items() if getattr(state.terms, name) != value}
    if not changed:
        return state
    expected = answered or _is_reduced_by_group(state.terms, changed)
    state = state if expected else _flagged(state, Anomaly.TERMS_CHANGED)
    try:
        terms = state.terms.replace(**changed)
    except ValueError:
        return _flagged(state, Anomaly.TERMS_CHANGED)
    state = state if state.totals.most <= terms.quantity else _flagged(state, Anomaly.OVERFILL)
    return state._replace(terms=terms, totals=total(terms, state.ledger))


def _is_reduced_by_group(terms: Order, changed: Mapping[str, Any]) -> bool:
    """Tell whether all that changed is a smaller quantity of an order whose entry or group may take from it."""
    grouped = terms.parent_order_id is not None or terms.oca_group is not None
    return grouped and set(changed) == {"quantity"} and changed["quantity"] < terms.quantity


def _shown(terms: OrderTerms) -> dict[str, Any]:
    """Return the terms that can be modified as shown, with what they exclude as None."""
    shown = {name: value for name in MODIFIABLE if (value := getattr(terms, name)) is not None}
    if "tif" in shown and "good_till" not in shown:
        shown["good_till"] = None
    if "trail_amount" in shown or "trail_percent" in shown:
        shown = {"trail_amount": None, "trail_percent": None, **shown}
    return shown


def _shows_request(state: OrderState, shown: dict[str, Any]) -> bool:
    wanted = OrderTerms.model_validate(dict(state.requested))
    return all(shown.get(name, getattr(state.terms, name)) == getattr(wanted, name) for name in state.requested)


def is_settled(status: OrderStatus) -> bool:
    """Tell whether the broker has answered: accepted, refused, filled or ended, and not in doubt."""
    return status not in {OrderStatus.CREATED, OrderStatus.PENDING_SUBMIT, OrderStatus.IN_DOUBT}
