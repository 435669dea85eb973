"""Laws of the matching core, on random tapes and order scripts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paper.matching_laws import LAWS, Law, Script, book_for, equals_the_reference, long_script, run, scripts


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@given(script=scripts)
@settings(deadline=None, max_examples=40)
def test_law(law: Law, script: Script) -> None:
    law(script, run(book_for(script), script))


@pytest.mark.parametrize("seed", range(5))
def test_a_long_day_equals_the_reference(seed: int) -> None:
    script = long_script(seed, length=400)
    equals_the_reference(script, run(book_for(script), script))


@given(script=scripts)
@settings(deadline=None, max_examples=20)
def test_the_same_script_gives_the_same_outcomes(script: Script) -> None:
    assert run(book_for(script), script) == run(book_for(script), script)


@given(script=scripts, cut=st.integers(0, 40))
@settings(deadline=None, max_examples=60)
def test_a_book_put_together_again_goes_on_as_if_nothing_had_happened(script: Script, cut: int) -> None:
    before, after = script.actions[:cut], script.actions[cut:]
    book = book_for(script)
    again = book_for(script)
    run(book, Script(before))
    for standing in book.standings():
        assert again.add(standing.order) == []
    assert again.quote(*book.present) == []
    assert run(again, Script(after)) == run(book, Script(after))


@given(script=scripts)
@settings(deadline=None, max_examples=40)
def test_what_is_left_of_a_quote_lies_between_nothing_and_what_it_showed(script: Script) -> None:
    book = book_for(script)
    quote = run(book, script)[-1].quote
    assert 0 <= book.bid_size <= quote.bid_size
    assert 0 <= book.ask_size <= quote.ask_size
