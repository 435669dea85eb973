"""What is let through the boundary to a plugin, what is cleaned on the way, and what is refused."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.engine_desk import GOOG, START
from v6core.engine.quarantine import MOST_RAW, described
from v6core.engine.soundness import AHEAD, LONGEST_NAME, Nonsense, sound_quote, sound_report
from v6core.events import ReportReceived
from v6core.identifiers import plainly
from v6core.quotes import Quote
from v6core.reports import LinkReport, LinkState, OrderReport, ReportedStatus
from v6core.testing import order_strategies
from v6core.testing.strategies import History

STANDING = OrderReport(time=START, broker_order_id="b-1", status=ReportedStatus.SUBMITTED)


@settings(deadline=None, max_examples=50)
@given(history=order_strategies.histories())
def test_every_report_of_an_honest_broker_is_sound_and_stays_what_it_was(history: History) -> None:
    late = START + timedelta(days=365 * 100)
    reports = [event.report for event in history.one_after_the_other if isinstance(event, ReportReceived)]
    assert [sound_report(report, late) for report in reports] == reports


@settings(deadline=None, max_examples=200)
@given(text=st.text(max_size=50), most=st.integers(1, 60))
def test_a_strangers_text_becomes_printable_and_printable_text_stays(text: str, most: int) -> None:
    shown = plainly(text, most)
    assert shown.isprintable()
    assert shown == text or len(text) > most or not text.isprintable()


@settings(deadline=None, max_examples=40)
@given(value=st.recursive(st.none() | st.text() | st.binary() | st.floats(), st.lists))
def test_whatever_is_described_is_short_and_printable(value: object) -> None:
    assert described(value).isprintable()
    assert len(described(value)) <= MOST_RAW + 1


def test_a_time_may_lie_ahead_as_far_as_a_time_zone_taken_for_another() -> None:
    late = STANDING.model_copy(update={"time": START + AHEAD})
    assert sound_report(late, START) is late
    with pytest.raises(Nonsense, match="ahead of the broker's clock"):
        sound_report(STANDING.model_copy(update={"time": START + AHEAD + timedelta(seconds=1)}), START)


@pytest.mark.parametrize("name", ["стратегия 7", "a" * LONGEST_NAME, "", " "])
def test_what_others_call_their_orders_is_no_nonsense(name: str) -> None:
    report = STANDING.model_copy(update={"order_ref": name})
    assert sound_report(report, START) == report


def test_a_number_as_text_is_read_as_the_model_reads_it() -> None:
    report = STANDING.model_copy(update={"filled_quantity": "1.50"})
    sound = sound_report(report, START)
    assert isinstance(sound, OrderReport)
    assert sound.filled_quantity == Decimal("1.50")


def test_a_contract_that_was_checked_is_known_by_itself_and_not_by_its_likeness() -> None:
    quote = Quote(contract=GOOG, time=START)
    assert sound_quote(quote, (GOOG,), START) is quote
    likeness = GOOG.model_copy(update={"conid": "7"})
    sound = sound_quote(quote.model_copy(update={"contract": likeness}), (GOOG,), START)
    assert sound.contract.conid == 7


def test_a_links_detail_is_cleaned() -> None:
    sound = sound_report(LinkReport(time=START, state=LinkState.DOWN, detail="a\nb"), START)
    assert isinstance(sound, LinkReport)
    assert sound.detail == "a\\nb"
