"""The laws of the order state machine, held by the real one on generated orders and histories."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import order_laws as laws
from v6core.events import CancelRequested, OrderEvent
from v6core.lifecycle import apply
from v6core.reports import FillReport
from v6core.testing import order_strategies as plausible
from v6core.testing.strategies import START, History

law = settings(deadline=None, max_examples=40)


@settings(law, max_examples=120)
@given(laws.arrivals())
def test_one_arrival_keeps_every_law_of_arrivals(events: tuple[OrderEvent, ...]) -> None:
    """I1 to I6, I8 to I10, I12, I13, I15, I16, I18, I22, I47: the traceback names the law."""
    for keeps in laws.OF_ONE_ARRIVAL:
        keeps(apply, events)


@law
@given(st.data())
def test_fills_commute(data: st.DataObject) -> None:
    history = data.draw(plausible.histories(corrected=False))
    fills = [event for event in history.trades if isinstance(laws.report_of(event), FillReport)]
    laws.fills_commute(apply, history.intent, fills, data.draw(st.permutations(fills)))


@settings(law, max_examples=100)
@given(laws.two_arrivals(corrected=False))
def test_streams_commute(both: tuple[tuple[OrderEvent, ...], tuple[OrderEvent, ...]]) -> None:
    laws.streams_commute(apply, *both)


@law
@given(laws.two_arrivals(corrected=True))
def test_trades_settle_the_fills(both: tuple[tuple[OrderEvent, ...], tuple[OrderEvent, ...]]) -> None:
    laws.trades_settle_the_fills(apply, *both)


@law
@given(laws.arrivals(), st.data())
def test_replay_gives_the_same(events: tuple[OrderEvent, ...], data: st.DataObject) -> None:
    assume(len(events) > 1)
    laws.replay_gives_the_same(apply, events, data.draw(st.integers(1, len(events) - 1)))


@law
@given(plausible.histories())
def test_denied_orders_stay_as_they_are(history: History) -> None:
    laws.denied_orders_stay_as_they_are(apply, history)


@law
@given(laws.arrivals(), st.sampled_from(["refused", "unsent", "unanswered"]))
def test_refused_requests_leave_no_mark(events: tuple[OrderEvent, ...], answer: str) -> None:
    laws.refused_requests_leave_no_mark(apply, events, answer)


@law
@given(laws.arrivals(), st.integers(1, 200))
def test_only_confirmed_changes_count(events: tuple[OrderEvent, ...], confirmed: int) -> None:
    laws.only_confirmed_changes_count(apply, events, confirmed)


@law
@given(plausible.histories())
def test_what_was_lost_comes_back(history: History) -> None:
    laws.what_was_lost_comes_back(apply, history)


@law
@given(laws.arrivals(), st.uuids(version=4))
def test_events_of_another_order_are_refused(events: tuple[OrderEvent, ...], other: UUID) -> None:
    """I30: what happens to one order never touches another."""
    state = laws.last(apply, events)
    with pytest.raises(ValueError, match="was applied to order"):
        apply(state, CancelRequested(time=START, order_id=other))
