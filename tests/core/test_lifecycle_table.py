"""The transition table, cell by cell against the requirements, written down here a second time."""

from __future__ import annotations

from itertools import product

import pytest

from v6core.lifecycle import TRANSITIONS, EvidenceKind
from v6core.orders import Anomaly, OrderStatus

S, E, A = OrderStatus, EvidenceKind, Anomaly
ENDED = (S.FILLED, S.CANCELLED, S.EXPIRED, S.REJECTED)
WORDS = (E.DOUBT, E.ABSENCE, E.ACCEPTED, E.ACCEPTED_PART, E.HELD, E.CANCELLED, E.EXPIRED, E.REJECTED, E.UNKNOWN_WORD)
OPEN = (S.PENDING_SUBMIT, S.IN_DOUBT, S.SUBMITTED, S.PARTIALLY_FILLED, S.INACTIVE)
TAKEN_BACK = (E.FILL_CUT, E.FILL_NONE)

# What each kind of evidence makes of an order that is open or in doubt, unless EXCEPTIONS says otherwise.
SETTLES = {
    E.ACCEPTED: S.SUBMITTED,
    E.ACCEPTED_PART: S.PARTIALLY_FILLED,
    E.HELD: S.INACTIVE,
    E.CANCELLED: S.CANCELLED,
    E.EXPIRED: S.EXPIRED,
    E.REJECTED: S.REJECTED,
    E.REJECTED_PART: S.REJECTED,
    E.FILL_LEG: S.SUBMITTED,
    E.FILL_PART: S.PARTIALLY_FILLED,
    E.FILL_WHOLE: S.FILLED,
    E.FILL_CUT: S.PARTIALLY_FILLED,
    E.FILL_NONE: S.SUBMITTED,
    E.DOUBT: S.IN_DOUBT,
}
EXCEPTIONS = {
    (S.IN_DOUBT, E.FILL_CUT): S.IN_DOUBT,
    (S.IN_DOUBT, E.FILL_NONE): S.IN_DOUBT,
    **{(S.INACTIVE, kind): S.INACTIVE for kind in (E.FILL_LEG, E.FILL_PART, *TAKEN_BACK)},
}


def test_the_table_is_total() -> None:
    assert set(TRANSITIONS) == set(product(OrderStatus, EvidenceKind))


def test_a_created_order_is_sent_or_denied() -> None:
    assert TRANSITIONS[S.CREATED, E.INTENT].status is S.PENDING_SUBMIT
    assert TRANSITIONS[S.CREATED, E.DENIAL].status is S.DENIED


@pytest.mark.parametrize(("status", "kind"), list(product(OPEN, SETTLES)))
def test_evidence_settles_an_open_order(status: OrderStatus, kind: EvidenceKind) -> None:
    assert TRANSITIONS[status, kind].status is EXCEPTIONS.get((status, kind), SETTLES[kind])


@pytest.mark.parametrize("status", OPEN)
def test_a_strange_word_moves_no_open_order(status: OrderStatus) -> None:
    row = TRANSITIONS[status, E.UNKNOWN_WORD]
    assert (row.status, set(row.anomalies)) == (status, {A.UNKNOWN_STATUS})


@pytest.mark.parametrize("status", [S.PENDING_SUBMIT, S.IN_DOUBT])
def test_what_the_broker_never_showed_can_be_lost(status: OrderStatus) -> None:
    assert TRANSITIONS[status, E.ABSENCE].status is S.LOST


@pytest.mark.parametrize("status", [S.SUBMITTED, S.PARTIALLY_FILLED, S.INACTIVE])
def test_what_the_broker_showed_cannot_be_lost(status: OrderStatus) -> None:
    assert TRANSITIONS[status, E.ABSENCE].status is status


@pytest.mark.parametrize(("status", "kind"), list(product(ENDED, WORDS)))
def test_an_ended_order_absorbs_every_word(status: OrderStatus, kind: EvidenceKind) -> None:
    row = TRANSITIONS[status, kind]
    assert (row.status, set(row.anomalies)) == (
        status,
        {A.UNKNOWN_STATUS} if kind is E.UNKNOWN_WORD else set[Anomaly](),
    )


@pytest.mark.parametrize("status", [S.CANCELLED, S.EXPIRED, S.REJECTED])
def test_a_late_fill_counts_and_the_end_stands_unless_it_is_whole(status: OrderStatus) -> None:
    for kind in (E.FILL_LEG, E.FILL_PART, E.FILL_CUT):
        assert TRANSITIONS[status, kind].status is status
        assert A.LATE_FILL in TRANSITIONS[status, kind].anomalies
    assert TRANSITIONS[status, E.FILL_WHOLE].status is S.FILLED
    assert A.LATE_FILL in TRANSITIONS[status, E.FILL_WHOLE].anomalies


@pytest.mark.parametrize("kind", TAKEN_BACK)
def test_a_filled_order_that_loses_a_fill_is_in_doubt(kind: EvidenceKind) -> None:
    row = TRANSITIONS[S.FILLED, kind]
    assert (row.status, set(row.anomalies)) == (S.IN_DOUBT, {A.FILL_BUSTED})


def test_rejection_and_fills_are_flagged_in_either_order() -> None:
    cells = [(status, E.REJECTED_PART) for status in (*OPEN, S.REJECTED, S.FILLED, S.LOST)]
    cells += [(S.REJECTED, kind) for kind in (E.FILL_LEG, E.FILL_PART, E.FILL_WHOLE)]
    assert [cell for cell in cells if A.REJECTED_WITH_FILLS not in TRANSITIONS[cell].anomalies] == []


@pytest.mark.parametrize("kind", SETTLES)
def test_evidence_of_a_lost_order_wins_and_is_flagged(kind: EvidenceKind) -> None:
    row = TRANSITIONS[S.LOST, kind]
    if kind is E.DOUBT:
        assert (row.status, set(row.anomalies)) == (S.LOST, set[Anomaly]())
    else:
        assert row.status is SETTLES[kind]
        assert A.RESURRECTED in row.anomalies


def test_a_strange_word_about_a_lost_order_puts_it_in_doubt() -> None:
    row = TRANSITIONS[S.LOST, E.UNKNOWN_WORD]
    assert (row.status, set(row.anomalies)) == (S.IN_DOUBT, {A.RESURRECTED, A.UNKNOWN_STATUS})


@pytest.mark.parametrize("status", [S.CREATED, S.DENIED])
def test_whatever_is_said_of_an_order_that_was_not_sent_is_flagged(status: OrderStatus) -> None:
    for kind in set(EvidenceKind) - {E.INTENT, E.DENIAL}:
        row = TRANSITIONS[status, kind]
        assert (row.status, set(row.anomalies)) == (status, {A.UNSENT_REPORT})


@pytest.mark.parametrize("status", sorted(set(OrderStatus) - {S.CREATED}))
def test_an_order_is_bound_once(status: OrderStatus) -> None:
    assert TRANSITIONS[status, E.INTENT].status is status
    assert TRANSITIONS[status, E.DENIAL].status is status


def test_reasons_stand_beside_the_rows_that_surprise() -> None:
    """A flag, a word without effect, or a way out of an end: each says why."""
    plain = {(S.REJECTED, E.REJECTED_PART), (S.LOST, E.ABSENCE)}
    surprising = {
        cell
        for cell, row in TRANSITIONS.items()
        if row.anomalies or (cell[0].is_terminal and cell[1] is not E.FILL_WHOLE) or cell in EXCEPTIONS
    }
    assert {cell for cell in surprising if not TRANSITIONS[cell].why} == plain
