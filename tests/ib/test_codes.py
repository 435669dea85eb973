"""Error codes: what each answers by context, that the unknown end nothing, and that the page is the table's."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from v6_ib_plugin.codes import CODES, Answers, Context, Kind, Source, classify, explain, state_told
from v6_ib_plugin.codes.explanations import EXPLAINED
from v6_ib_plugin.codes.kinds import kind_of
from v6_ib_plugin.codes.page import render

N, W, M, C, Q, A = Context.NEW, Context.WORKING, Context.MODIFY, Context.CANCEL, Context.QUESTION, Context.NOBODY


@pytest.mark.parametrize(
    ("code", "context", "kind"),
    [
        (201, N, Kind.REJECTS_NEW),
        (201, M, Kind.REFUSES_MODIFY),
        (201, W, Kind.WARNING),
        (110, N, Kind.REJECTS_NEW),
        (110, M, Kind.REFUSES_MODIFY),
        (110, W, Kind.WARNING),
        (321, N, Kind.REJECTS_NEW),
        (321, M, Kind.REFUSES_MODIFY),
        (321, C, Kind.REFUSES_CANCEL),
        (321, Q, Kind.DATA),
        (321, A, Kind.SESSION),
        (10308, N, Kind.REJECTS_NEW),
        (10308, M, Kind.REFUSES_MODIFY),
        (10326, N, Kind.REJECTS_NEW),
        (10326, M, Kind.REFUSES_MODIFY),
        (10326, W, Kind.WARNING),
        (135, N, Kind.REJECTS_NEW),
        (135, M, Kind.REFUSES_MODIFY),
        (135, C, Kind.REFUSES_CANCEL),
        (200, N, Kind.REJECTS_NEW),
        (200, Q, Kind.DATA),
        (103, N, Kind.REJECTS_NEW),
        (10006, N, Kind.REJECTS_NEW),
        (202, W, Kind.CANCELLED),
        (202, C, Kind.CANCELLED),
        (404, N, Kind.HOLDS),
        (1100, A, Kind.CONNECTION),
        (1102, A, Kind.CONNECTION),
        (2110, A, Kind.CONNECTION),
        (326, A, Kind.SESSION),
        (10141, A, Kind.SESSION),
        (10313, N, Kind.REJECTS_NEW),
        (10313, M, Kind.REFUSES_MODIFY),
        (10313, C, Kind.REFUSES_CANCEL),
        (10313, W, Kind.WARNING),
        (10197, Q, Kind.DATA),
        (2150, N, Kind.WARNING),
    ],
)
def test_a_code_answers_what_was_asked(code: int, context: Context, kind: Kind) -> None:
    assert classify(code, context) is kind


@pytest.mark.parametrize("code", [105, 110, 321, 329, 434])
def test_what_ib_async_never_ends_rejects_a_new_order(code: int) -> None:
    assert classify(code, N) is Kind.REJECTS_NEW


@pytest.mark.parametrize("code", [105, 110, 165, 321, 329, 399, 404, 434, 492, 10167, *range(2100, 2200)])
def test_what_ib_async_calls_a_validation_error_leaves_a_working_order_alone(code: int) -> None:
    assert classify(code, W) in {Kind.WARNING, Kind.HOLDS, Kind.DATA, Kind.CONNECTION, Kind.UNKNOWN}


@pytest.mark.parametrize("code", [10349, 10326, 135, 161, 104, 10311, 10329, 481, 10147, 10148])
@pytest.mark.parametrize("context", [W, M, C])
def test_what_ib_async_falsely_calls_cancelled_ends_no_order_that_tws_has(code: int, context: Context) -> None:
    assert classify(code, context) not in {Kind.REJECTS_NEW, Kind.CANCELLED}


@pytest.mark.parametrize("code", [10349, 10311, 10329, 481, 404, 399, 2109, 10233])
def test_an_order_that_is_held_or_remarked_on_is_alive(code: int) -> None:
    assert {classify(code, context) for context in (N, W, M, C)} == {Kind.HOLDS}


@pytest.mark.parametrize("code", [136, 161, 10147, 10148])
def test_a_refused_cancel_says_nothing_else(code: int) -> None:
    assert {classify(code, context) for context in (N, W, M, C)} == {Kind.REFUSES_CANCEL}


@pytest.mark.parametrize("code", [104, 134, 2102, 10242])
def test_a_refused_change_ends_no_new_order(code: int) -> None:
    assert classify(code, M) is Kind.REFUSES_MODIFY
    assert classify(code, N) is Kind.WARNING


@settings(deadline=None, max_examples=200)
@given(st.integers(-(10**6), 10**6).filter(lambda code: code not in CODES), st.sampled_from(Context))
def test_an_unknown_code_ends_nothing(code: int, context: Context) -> None:
    assert classify(code, context) in {Kind.UNKNOWN, Kind.WARNING}


@pytest.mark.parametrize("answers", Answers)
def test_a_working_order_is_ended_by_no_code_but_a_cancellation(answers: Answers) -> None:
    assert kind_of(answers, W) is not Kind.REJECTS_NEW
    assert (kind_of(answers, W) is Kind.CANCELLED) == (answers is Answers.CANCELLED)


def test_every_code_has_one_row_and_a_source() -> None:
    assert list(CODES) == sorted(CODES)
    assert len(CODES) > 370
    assert CODES[10349].source is Source.OBSERVED
    assert CODES[201].source is Source.IBKR


def test_the_commonest_are_explained_in_a_sentence() -> None:
    assert len(EXPLAINED) >= 60
    assert set(EXPLAINED) <= set(CODES)
    for code in EXPLAINED:
        found = explain(code)
        assert found is not None
        assert found.words != found.meaning
        assert found.meaning.endswith(".")


def test_a_code_that_needs_no_explanation_has_none() -> None:
    assert explain(10018) is None


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("OrderId 5 that needs to be cancelled can not be cancelled, state: Filled.", "Filled"),
        ("OrderId 5 that needs to be cancelled cannot be cancelled, state:Cancelled", "Cancelled"),
        ("no word of it", None),
    ],
)
def test_a_refused_cancel_tells_the_state(text: str, state: str | None) -> None:
    assert state_told(text) == state


def test_the_page_of_codes_is_what_the_table_says() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "ib-error-codes.md"
    assert page.read_text(encoding="utf-8") == render(), "run scripts/write_ib_error_codes.py"
