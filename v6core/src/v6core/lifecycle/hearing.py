"""What a broker's reports teach of an order: its standing, its fills, and the answers to what was asked of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import singledispatch
from typing import Any

from v6core.lifecycle.ledger import FillLedger, FillSum, fits, total
from v6core.lifecycle.state import OrderState
from v6core.lifecycle.table import ENDINGS, LIVE, EvidenceKind
from v6core.orders import MODIFIABLE, Anomaly, Order, OrderStatus, OrderType
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

_E = EvidenceKind
_AT_WORK = frozenset({ReportedStatus.SUBMITTED, ReportedStatus.PARTIALLY_FILLED, ReportedStatus.INACTIVE})
Step = tuple[OrderState, EvidenceKind | None]
"""What is known after an event, and the kind of evidence that it yields, if any."""


@singledispatch
def hear(report: Report, state: OrderState) -> Step:
    """Return what is known after a report about the order."""
    raise TypeError(f"a {type(report).__name__} is about no order; it came for {state.terms.order_id}")


@hear.register
def _(report: OrderReport, state: OrderState) -> Step:
    known = _told_apart(_seen_as(state, report.broker_order_id, report.replaces), report)
    if _is_superseded(known, report.broker_order_id):
        return known, None
    known = _with_claim(known, report)
    filled = report.status is ReportedStatus.FILLED
    if filled and known.status is OrderStatus.IN_DOUBT and not _with_terms(known, report).is_filled_as_it_was:
        return known, None  # a claim to be filled settles no doubt: the fills do, of the terms that it tells
    evidence = _evidence_of(report.status, known)
    if evidence in ENDINGS or filled:
        known = _one_ended(known, report.broker_order_id)
        if evidence in ENDINGS and known.incarnations:
            return known, None
    if evidence in LIVE and _is_twin(state, known):
        known = known._replace(presumed=True)  # the one that ended was not all of it
    if known.is_over or evidence is _E.UNKNOWN_WORD:
        return known, evidence
    shown = _with_terms(known, report)
    # A confirmed change can itself complete the order: five of ten are filled, and the quantity becomes five.
    # Or the broker had filled it before the change came, and says so.
    if (shown.terms is not known.terms and shown.is_full) or (filled and shown.is_filled_as_it_was):
        evidence = _E.FILL_WHOLE
    return _with_words(shown, report), evidence


def _with_claim(state: OrderState, report: OrderReport) -> OrderState:
    """Remember how much the broker says is filled: the latest word, for a fill may have been taken back since."""
    claimed = report.filled_quantity
    if claimed is None or claimed == state.reported_filled:
        return state
    if state.reported_at is not None and report.time < state.reported_at:
        return state
    if report.time == state.reported_at and claimed < state.reported_filled:
        return state  # of two claims of one moment the larger is the later, for fills are told one by one
    return state._replace(reported_filled=claimed, reported_at=report.time)


@hear.register
def _(report: RejectionReport, state: OrderState) -> Step:
    known = _seen_as(state, report.broker_order_id, None)
    if Anomaly.TWO_BROKER_ORDERS in known.anomalies:
        known = known if report.broker_order_id is None else _one_ended(known, report.broker_order_id)
        if known.incarnations:
            return known, None
    if not known.is_over:
        known = known._replace(reason=f"{report.code}: {report.reason}" if report.code else report.reason)
    return known, _E.REJECTED_PART if known.ledger.live else _E.REJECTED


@hear.register
def _(report: FillReport, state: OrderState) -> Step:
    known = _traded_as(state, report.broker_order_id)
    if not fits(known.terms, report.fill):
        return _flagged(known, Anomaly.FOREIGN_FILL), None
    known = with_ledger(known, known.ledger.add(report.fill))
    if len(known.ledger.live) == len(state.ledger.live):
        return known, None
    return known, _evidence_of_fills(known, _E.FILL_PART if known.totals.quantity else _E.FILL_LEG)


@hear.register
def _(report: FillCorrectionReport, state: OrderState) -> Step:
    known = _traded_as(state, report.broker_order_id)
    if report.fill is not None and not fits(known.terms, report.fill):
        return _flagged(known, Anomaly.FOREIGN_FILL), None
    known = with_ledger(known, known.ledger.correct(report.replaces, report.fill))
    if known.ledger.replaced is state.ledger.replaced:
        return known, None
    if known.totals.quantity > state.totals.quantity:
        return known, _evidence_of_fills(known, _E.FILL_PART)
    return known, _evidence_of_fills(known, _E.FILL_CUT if known.totals.quantity else _E.FILL_NONE)


@hear.register
def _(report: CommissionReport, state: OrderState) -> Step:
    charged = state.ledger.charge(report.commission)
    return (state if charged is state.ledger else state._replace(ledger=charged)), None


@hear.register
def _(report: CancelRefusedReport, state: OrderState) -> Step:
    known = _seen_as(state, report.broker_order_id, None)
    return (known if known.pending_cancel is None else known._replace(pending_cancel=None)), None


@hear.register
def _(report: ModifyRefusedReport, state: OrderState) -> Step:
    known = _seen_as(state, report.broker_order_id, None)
    return without_change(known, f"the broker refused: {report.reason}")


def without_change(state: OrderState, why: str) -> Step:
    """Return what is known once a change is proved not to have been made: it may have been full all along."""
    if state.pending_modify is None:
        return state, None
    known = state._replace(pending_modify=None, requested={}, unchanged=why)
    return known, _E.FILL_WHOLE if known.is_full and not known.status.is_terminal else None


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


def _is_twin(before: OrderState, known: OrderState) -> bool:
    """Tell whether a second broker order is heard of for the first time after the order has ended unfilled."""
    is_new = len(known.broker_order_ids) > len(before.broker_order_ids)
    twice = Anomaly.TWO_BROKER_ORDERS in known.anomalies
    return is_new and twice and known.is_over and known.status is not OrderStatus.FILLED


def _one_ended(state: OrderState, broker_order_id: str | None) -> OrderState:
    """Remember which of two broker orders has ended: the order has ended when both have."""
    if Anomaly.TWO_BROKER_ORDERS not in state.anomalies:
        return state
    ended = state.ended_ids | ({broker_order_id} if broker_order_id is not None else set(state.broker_order_ids))
    return state if ended == state.ended_ids else state._replace(ended_ids=ended)


def _evidence_of_fills(state: OrderState, otherwise: EvidenceKind) -> EvidenceKind:
    return _E.FILL_WHOLE if state.is_full else otherwise


def _flagged(state: OrderState, anomaly: Anomaly) -> OrderState:
    return state if anomaly in state.anomalies else state._replace(anomalies=state.anomalies | {anomaly})


def with_ledger(state: OrderState, ledger: FillLedger) -> OrderState:
    """Return what is known with other fills: what they come to, and what is flagged."""
    if ledger is state.ledger:
        return state
    totals = total(state.terms, ledger)
    known = state._replace(ledger=ledger, totals=totals)
    if state.terms.quantity < totals.most <= state.asked_quantity:
        known = _with_change(known)  # more filled than there was: the change that raises it has been made
    elif totals.most > state.terms.quantity:
        known = _flagged(known, Anomaly.OVERFILL)
    return _explained(known, state.ledger) if state.unexplained else known


def _with_change(state: OrderState) -> OrderState:
    """Adopt a change under way."""
    wanted = OrderTerms.model_validate(dict(state.requested))
    terms = state.terms.replace(**{name: getattr(wanted, name) for name in state.requested})
    return state._replace(terms=terms, totals=total(terms, state.ledger), pending_modify=None, requested={})


def _explained(state: OrderState, before: FillLedger) -> OrderState:
    """Take what fills explain of a position's movement off what is unexplained; with none left they are proved."""
    left = dict(state.unexplained)
    for key, quantity in left.items():
        was, come = before.sums.get(key, FillSum()), state.ledger.sums.get(key, FillSum())
        side = next((fill.action.sign for fill in state.ledger.live.values() if fill.contract.key == key), 0)
        left[key] = quantity - side * (come.quantity - was.quantity)
    anomalies = state.anomalies if any(left.values()) else state.anomalies - {Anomaly.FILLS_UNPROVEN}
    return state._replace(unexplained={k: q for k, q in left.items() if q}, anomalies=anomalies)


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
    if known and replaces not in known:
        ended = state.ended_ids | set(known) if state.is_over else state.ended_ids
        state = _flagged(state, Anomaly.TWO_BROKER_ORDERS)._replace(ended_ids=ended)
    return state._replace(broker_order_ids=(*known, broker_order_id))


def _traded_as(state: OrderState, broker_order_id: str | None) -> OrderState:
    """Remember the id of a fill. While a modify is under way, an id of its own is taken for the replacement's."""
    replaces = state.broker_order_ids[-1] if state.pending_modify and state.broker_order_ids else None
    known = _seen_as(state, broker_order_id, replaces)
    return known if known is state or replaces is None else known._replace(replacement=broker_order_id)


def _told_apart(state: OrderState, report: OrderReport) -> OrderState:
    """Ask the broker's word of an order whether an id that was taken for its replacement's is a second order's."""
    if state.replacement is None or report.broker_order_id not in state.broker_order_ids:
        return state
    if report.broker_order_id == state.replacement:
        is_second = report.replaces is None
    elif report.status in _AT_WORK:
        is_second = True  # what was replaced does not work
    else:
        return state
    known = state._replace(replacement=None)
    return _flagged(known, Anomaly.TWO_BROKER_ORDERS) if is_second else known


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
    changed = {name: value for name, value in shown.items() if getattr(state.terms, name) != value}
    if not answered and _is_older(state, report.time, changed):
        return state  # said before the change, and heard after it
    if answered:
        state = state._replace(pending_modify=None, requested={})
    elif report.status in {ReportedStatus.CANCELLED, ReportedStatus.EXPIRED}:
        return state
    state = state._replace(terms_at=report.time) if changed or answered else state
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
    return _is_grouped(terms) and set(changed) == {"quantity"} and changed["quantity"] < terms.quantity


def _is_older(state: OrderState, time: datetime, changed: Mapping[str, Any]) -> bool:
    """Tell whether terms are from before those that are known; of one moment, by a group that only takes off."""
    if state.terms_at is None or time != state.terms_at:
        return state.terms_at is not None and time < state.terms_at
    return _is_grouped(state.terms) and set(changed) == {"quantity"} and changed["quantity"] > state.terms.quantity


def _is_grouped(terms: Order) -> bool:
    return terms.parent_order_id is not None or terms.oca_group is not None


def _shown(terms: OrderTerms) -> dict[str, Any]:
    """Return the terms that can be modified as shown, with what they exclude as None.

    The limit that a market-to-limit order has become is no term of it: nobody asked for it.
    """
    shown = {name: value for name in MODIFIABLE if (value := getattr(terms, name)) is not None}
    if terms.order_type is OrderType.MARKET_TO_LIMIT:
        shown.pop("limit_price", None)
    if "tif" in shown and "good_till" not in shown:
        shown["good_till"] = None
    if "trail_amount" in shown or "trail_percent" in shown:
        shown = {"trail_amount": None, "trail_percent": None, **shown}
    return shown


def _shows_request(state: OrderState, shown: dict[str, Any]) -> bool:
    wanted = OrderTerms.model_validate(dict(state.requested))
    return all(shown.get(name, getattr(state.terms, name)) == getattr(wanted, name) for name in state.requested)
