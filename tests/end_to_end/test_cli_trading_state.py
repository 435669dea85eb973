"""Halting and resuming, with and without an engine beside it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from end_to_end.v6_calls import v6, v6_json
from v6core.identifiers import RandomIds
from v6core.journal import SqliteJournal

JOURNAL, HALT_FILE = Path(".v6/journal.db"), Path(".v6/HALT")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_halted_is_halted_until_resumed() -> None:
    v6_json("halt", "lunch", "break")
    denied = v6("place", "GOOG", "buy", "1", "--json")
    assert (denied.status, denied.error["code"]) == (3, "TRADING_HALTED")
    v6_json("resume", "lunch", "is", "over")
    assert v6_json("place", "GOOG", "buy", "1")["status"] == "FILLED"


def test_the_reason_is_kept_in_the_journal() -> None:
    v6_json("halt", "too", "wild")
    (row,) = v6_json("journal", "show", "--kind", "trading_state")
    assert (row["event"]["state"], row["event"]["reason"]) == ("HALTED", "too wild")


def test_what_only_reduces_goes_out_while_halted() -> None:
    v6_json("place", "GOOG", "buy", "10")
    v6_json("halt", "stop")
    assert v6_json("place", "GOOG", "sell", "4")["status"] == "FILLED"


def test_beside_a_running_engine_the_halt_file_halts() -> None:
    with closing(SqliteJournal.open(JOURNAL, ids=RandomIds())):
        called = v6("halt", "stop", "--json")
        assert (called.status, called.document["by"]) == (0, "halt_file")
    assert HALT_FILE.read_text() == "stop\n"
    assert v6("place", "GOOG", "buy", "1").status == 3


def test_beside_a_running_engine_nothing_halts_where_the_halt_file_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("V6_RISK__HALT_FILE", "off")
    with closing(SqliteJournal.open(JOURNAL, ids=RandomIds())):
        called = v6("halt", "stop", "--json")
        assert (called.status, called.error["code"]) == (1, "JOURNAL_LOCKED")
        assert called.error["error"].startswith("[risk] halt_file is off")


def test_the_halt_file_halts_where_the_journal_is_damaged() -> None:
    v6_json("place", "GOOG", "buy", "1")
    JOURNAL.write_bytes(b"damage")
    called = v6("halt", "stop", "--json")
    assert (called.status, called.document["by"]) == (0, "halt_file")
    assert HALT_FILE.read_text() == "stop\n"


def test_resume_removes_the_halt_file() -> None:
    HALT_FILE.parent.mkdir(mode=0o700)
    HALT_FILE.write_text("by hand\n")
    assert v6("place", "GOOG", "buy", "1").status == 3
    v6_json("resume", "ok")
    assert not HALT_FILE.exists()
    assert v6_json("place", "GOOG", "buy", "1")["status"] == "FILLED"


def test_resume_beside_an_engine_that_was_halted_in_its_journal_says_so() -> None:
    v6_json("halt", "stop")
    with closing(SqliteJournal.open(JOURNAL, ids=RandomIds())):
        called = v6("resume", "ok", "--json")
    assert (called.status, called.error["code"]) == (1, "JOURNAL_LOCKED")


def test_a_halt_asks_no_broker() -> None:
    Path("v6.toml").write_text('[brokers.gone]\nplugin = "no-such-plugin"\n')
    assert v6("halt", "stop").status == 0


@pytest.mark.parametrize("command", ["halt", "resume"])
def test_a_reason_is_needed(command: str) -> None:
    assert v6(command).status == 2
    assert v6(command, " ").status == 2
