"""The order state machine: ``apply(state, event) -> state``, pure, and the only place where a status changes.

Theory of operation. An order's state holds its terms, its fills and what the broker has said. Each event does three
things in turn: it changes what is known (a fill enters the ledger, terms are confirmed, a broker id is seen); what is
known then yields a kind of evidence; and the table in ``table`` says what the evidence makes of the status and what is
to be flagged. An event that changes nothing known yields no evidence, so repeating one changes nothing.

``OrderState.order`` is the view that users see. Cancels and modifies under way lie over the status as overlays: they
are cleared by an answer, and by the order's end.
"""

from __future__ import annotations

from collections.abc import Iterable

from v6core.events import OrderEvent, OrderIntended, OrderWasDenied
from v6core.lifecycle.learning import learn
from v6core.lifecycle.ledger import FillLedger, FillTotals
from v6core.lifecycle.state import OrderState
from v6core.lifecycle.table import ENDINGS, LIVE, TRANSITIONS, EvidenceKind, Table, Transition
from v6core.orders import Anomaly, OrderStatus

__all__ = [
    "TRANSITIONS",
    "EvidenceKind",
    "FillLedger",
    "FillTotals",
    "OrderState",
    "Transition",
    "apply",
    "fold",
    "is_settled",
]

_E = EvidenceKind
_SAID = LIVE | ENDINGS
_DOUBTS = frozenset({Anomaly.FILLS_UNPROVEN, Anomaly.DECIDED_BY_OPERATOR})
_BINDING = (OrderIntended, OrderWasDenied)


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
    known, evidence = learn(event, state)
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
    if state.presumed and state.status.is_terminal and evidence in _SAID:
        return _corrected(state, evidence, table)
    row = table[state.status, evidence]
    anomalies = state.anomalies | row.anomalies if row.anomalies else state.anomalies
    if evidence in ENDINGS and state.is_filled_as_it_was and not state.status.is_terminal:
        row = table[state.status, _E.FILL_WHOLE]  # it ended because nothing of it was left
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


def _corrected(state: OrderState, evidence: EvidenceKind, table: Table) -> OrderState:
    """Put the broker's word in the place of what was presumed: what it shows working has come back."""
    if state.is_full and state.ledger.told_by_operator is None:
        evidence = _E.FILL_WHOLE  # its own fills say more than any word that follows them
    row = table[OrderStatus.LOST if evidence in LIVE else OrderStatus.IN_DOUBT, evidence]
    anomalies = (state.anomalies | row.anomalies) - _DOUBTS
    return state._replace(status=row.status, anomalies=anomalies, presumed=False)


def is_settled(status: OrderStatus) -> bool:
    """Tell whether the broker has answered: accepted, refused, filled or ended, and not in doubt."""
    return status not in {OrderStatus.CREATED, OrderStatus.PENDING_SUBMIT, OrderStatus.IN_DOUBT}
