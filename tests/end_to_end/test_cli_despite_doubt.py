"""``--despite-doubt``, from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from end_to_end.v6_calls import v6


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("V6_BROKERS__PAPER__FILLS", "immediate")


def test_where_nothing_is_in_doubt_it_changes_nothing() -> None:
    assert v6("place", "GOOG", "buy", "1", "--despite-doubt").status == 0
    v6("halt", "lunch")
    assert v6("place", "GOOG", "sell", "1", "--despite-doubt").status == 0
    assert "TRADING_HALTED" in v6("place", "GOOG", "sell", "1", "--despite-doubt").err


def test_a_bracket_is_never_let_out_despite_doubt() -> None:
    called = v6("place", "GOOG", "buy", "1", "--limit", "700", "--take-profit", "800", "--despite-doubt")
    assert (called.status, "a bracket opens" in called.err) == (2, True)


def test_a_strategy_that_is_not_there_is_not_closed_either() -> None:
    assert v6("close", "nothing", "--despite-doubt").status != 0
