"""What v6's own events teach of an order: its intent, doubts and proofs, requests, and what somebody decided."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

from v6core.events import (
    AbsenceProved,
    CancelRequested,
    DoubtRaised,
    ExpiryInferred,
    ModifyRequested,
    OperatorDecided,
    OrderEvent,
    OrderResent,
    ReportReceived,
    RequestUnsent,
    Subject,
    Verdict,
)
from v6core.fills import Fill
from v6core.lifecycle.hearing import Step, hear, with_ledger, without_change
from v6core.lifecycle.ledger import OPERATOR
from v6core.lifecycle.state import OrderState
from v6core.lifecycle.table import EvidenceKind
from v6core.orders import Anomaly, Order, OrderStatus, Pending

_E = EvidenceKind


@singledispatch
def learn(event: OrderEvent, state: OrderState) -> Step:
    """Return what is known after an event, and the kind of evidence that it yields, if any."""
    raise TypeError(f"{type(event).__name__} is no event of an order that is bound; {state.terms.order_id} is")


@learn.register
def _(event: DoubtRaised, state: OrderState) -> Step:
    if event.subject is Subject.ORDER:
        return (state if state.status.is_terminal else state._replace(reason=event.reason)), _E.DOUBT
    name = "pending_cancel" if event.subject is Subject.CANCEL else "pending_modify"
    if getattr(state, name) is None:
        return state, None
    doubted: dict[str, Any] = {name: Pending.IN_DOUBT}
    return state._replace(**doubted), None


@learn.register
def _(event: AbsenceProved, state: OrderState) -> Step:
    if state.is_shown:
        return state, None
    undecided = state.status in {OrderStatus.PENDING_SUBMIT, OrderStatus.IN_DOUBT}
    return (state._replace(reason=event.evidence) if undecided else state), _E.ABSENCE


@learn.register
def _(_event: OrderResent, state: OrderState) -> Step:
    return state, _E.RESENT


@learn.register
def _(event: ExpiryInferred, state: OrderState) -> Step:
    if state.status.is_terminal:
        return state, None
    anomalies = state.anomalies | {Anomaly.FILLS_UNPROVEN} if event.unexplained else state.anomalies
    known = state._replace(reason=event.evidence, anomalies=anomalies, unexplained=dict(event.unexplained))
    return known._replace(presumed=True), _E.EXPIRED


@learn.register
def _(event: OperatorDecided, state: OrderState) -> Step:
    if not state.is_doubtful:
        return state, None
    known = state._replace(anomalies=state.anomalies - {Anomaly.FILLS_UNPROVEN} | {Anomaly.DECIDED_BY_OPERATOR})
    if event.verdict is Verdict.FILLED:
        known = with_ledger(known, known.ledger.add(_told_fill(event, state.terms)))
    known = _overlays_settled(known)._replace(reported_filled=known.totals.quantity, reported_at=event.time)
    if known.status is not OrderStatus.IN_DOUBT:
        return known, _E.FILL_WHOLE if known.is_full and known.status is not OrderStatus.FILLED else None
    return _decided(event, known)


def _decided(event: OperatorDecided, state: OrderState) -> Step:
    """Return what a verdict makes of an order in doubt: the broker's word wins over all of it later."""
    reason = f"{event.operator}: {event.reason}"
    match event.verdict:
        case Verdict.ABSENT:
            return state._replace(reason=reason), _E.ABSENCE
        case Verdict.UNCHANGED:
            return _as_it_was(state, reason)
        case Verdict.FILLED if state.is_full:
            return state._replace(reason=reason, presumed=True), _E.FILL_WHOLE
        case Verdict.FILLED:
            return state._replace(reason=reason), None  # nobody has said what became of the rest
        case Verdict.EXPIRED:
            return state._replace(reason=reason, presumed=True), _E.EXPIRED
        case _:
            return state._replace(reason=reason, presumed=True), _E.CANCELLED


def _as_it_was(state: OrderState, reason: str) -> Step:
    """Return an order as the broker has shown it; what a request did not do tells nothing of one that it never did."""
    if not state.is_shown:
        return state, None
    return state._replace(reason=reason), _E.ACCEPTED_PART if state.totals.quantity else _E.ACCEPTED


def _overlays_settled(state: OrderState) -> OrderState:
    """Drop a cancel and a modify in doubt: a verdict on the order says that they are over."""
    if state.pending_cancel is Pending.IN_DOUBT:
        state = state._replace(pending_cancel=None)
    return state._replace(pending_modify=None, requested={}) if state.pending_modify is Pending.IN_DOUBT else state


def _told_fill(event: OperatorDecided, terms: Order) -> Fill:
    """Return the fill that an operator told of; the broker's own fills take its place once they come."""
    if terms.contract is None or terms.contract.kind == "COMBO":
        raise ValueError(f"order {terms.order_id} is a combo: its fills, one per leg, come from the broker alone")
    assert event.quantity is not None
    assert event.price is not None
    return Fill(
        execution_id=f"{OPERATOR}{event.time:%Y%m%dT%H%M%S.%fZ}",
        contract=terms.contract,
        action=terms.action,
        quantity=event.quantity,
        price=event.price,
        time=event.time,
        account=terms.account,
    )


@learn.register
def _(_event: CancelRequested, state: OrderState) -> Step:
    return (state if state.status.is_terminal else state._replace(pending_cancel=Pending.SENT)), None


@learn.register
def _(event: ModifyRequested, state: OrderState) -> Step:
    if state.status.is_terminal:
        return state, None
    state.terms.replace(**event.changes)  # an impossible change fails here, before it is sent, and not at its answer
    return state._replace(pending_modify=Pending.SENT, requested=dict(event.changes), unchanged=None), None


@learn.register
def _(event: RequestUnsent, state: OrderState) -> Step:
    if event.subject is Subject.CANCEL:
        return state._replace(pending_cancel=None), None
    return without_change(state, f"it did not leave: {event.reason}")


@learn.register
def _(event: ReportReceived, state: OrderState) -> Step:
    if state.status is OrderStatus.DENIED:
        return state, _E.ACCEPTED  # which the table flags: nothing was sent, so nothing that is said of it counts
    return hear(event.report, state)
