"""Silence is proof only where all five rules hold; each is broken here, one at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v6core.capabilities import HistoryReach, SubmitIdentity
from v6core.reconciliation import Asked, Look, Patience, absent, unchanged
from v6core.testing import scripted_capabilities

NOON = datetime(2026, 12, 1, 17, tzinfo=UTC)
PATIENCE = Patience(settle=5, grace=30)
REF = "v6-abcdefgh-" + "a" * 26
ASKED = Asked(REF, connection=1, sent_at=NOON)
QUERYABLE = scripted_capabilities()


def look(at: float, **changes: object) -> Look:
    """Return a silent look so many seconds into a younger connection."""
    silent = Look(
        connection=2,
        ready_at=100,
        taken_at=100 + at,
        shown=frozenset(),
        unexplained=frozenset(),
        completed_since=None,
        fills_since=None,
    )
    return replace(silent, **changes)  # type: ignore[arg-type]


def test_silence_that_lasts_is_proof() -> None:
    evidence = absent(ASKED, [look(0), look(31)], PATIENCE, QUERYABLE)
    assert evidence is not None
    assert "2 complete looks in 31 s" in evidence


BROKEN = {
    "A1: the connection is the one that it was sent through": {"connection": 1},
    "A2: it was shown in between": {"shown": frozenset({REF})},
    "A4: completed orders do not reach back": {"completed_since": NOON + timedelta(seconds=1)},
    "A4: fills do not reach back": {"fills_since": NOON + timedelta(seconds=1)},
    "A5: the position moved and nobody knows why": {"unexplained": frozenset({REF})},
}


@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN.keys())
@pytest.mark.parametrize("which", [0, 1])
def test_one_rule_that_does_not_hold_leaves_the_doubt(change: dict[str, object], which: int) -> None:
    looks = [look(at, **(change if i == which else {})) for i, at in enumerate((0.0, 31.0))]
    assert absent(ASKED, looks, PATIENCE, QUERYABLE) is None


def test_a2_one_look_proves_nothing() -> None:
    assert absent(ASKED, [look(31)], PATIENCE, QUERYABLE) is None


def test_a2_two_looks_at_once_prove_nothing() -> None:
    assert absent(ASKED, [look(31), look(35.9)], PATIENCE, QUERYABLE) is None


def test_a3_looks_right_after_the_reconnect_prove_nothing() -> None:
    assert absent(ASKED, [look(0), look(29.9)], PATIENCE, QUERYABLE) is None


def test_looks_of_two_connections_do_not_add_up() -> None:
    assert absent(ASKED, [look(0), look(31, connection=3)], PATIENCE, QUERYABLE) is None


def test_what_was_shown_once_must_be_silent_anew() -> None:
    looks = [look(0), look(20, shown=frozenset({REF})), look(31)]
    assert absent(ASKED, looks, PATIENCE, QUERYABLE) is None
    assert absent(ASKED, [*looks, look(36)], PATIENCE, QUERYABLE) is not None


@pytest.mark.parametrize(
    "blind",
    [
        {"submit_identity": SubmitIdentity.NONE},
        {"fills_reach": HistoryReach.NONE},
        {"completed_reach": HistoryReach.NONE},
    ],
)
def test_a_broker_that_cannot_show_it_cannot_prove_that_it_is_not_there(blind: dict[str, object]) -> None:
    assert absent(ASKED, [look(0), look(31)], PATIENCE, scripted_capabilities(**blind)) is None


def test_old_terms_that_go_on_being_shown_prove_that_a_modify_did_nothing() -> None:
    shown = frozenset({REF})
    assert unchanged(ASKED, [look(0, shown=shown), look(31, shown=shown)], PATIENCE) is not None
    assert unchanged(ASKED, [look(0), look(31)], PATIENCE) is None


@given(
    st.lists(st.tuples(st.floats(0, 60), st.booleans(), st.integers(1, 3)), max_size=6),
    st.integers(1, 2),
)
def test_a_verdict_needs_two_silent_looks_of_one_younger_connection(
    rows: list[tuple[float, bool, int]], sent_through: int
) -> None:
    ordered = sorted(rows)
    looks = [
        look(at, shown=frozenset({REF} if shown else ()), connection=connection) for at, shown, connection in ordered
    ]
    asked = replace(ASKED, connection=sent_through)
    if absent(asked, looks, PATIENCE, QUERYABLE) is None:
        return
    last = looks[-1]
    silent = [one for one in looks if one.connection == last.connection and REF not in one.shown]
    assert last.connection > sent_through
    assert last.taken_at - last.ready_at >= PATIENCE.grace
    assert last.taken_at - silent[0].taken_at >= PATIENCE.settle
