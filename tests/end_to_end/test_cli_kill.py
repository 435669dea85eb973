"""``v6 kill`` beside a real process whose engine does not answer; the paper broker keeps its orders in a file."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from end_to_end.v6_calls import one_sentence, v6, v6_json
from faults.engine_process import CONFIGURATION, running

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _configure() -> None:
    Path("v6.toml").write_text(CONFIGURATION.format(on_exit="keep"))


def _statuses() -> set[str]:
    """Return how the orders stand, with an engine that has asked the broker itself."""
    v6_json("positions")
    return {order["status"] for order in v6_json("orders")}


def test_an_engine_whose_loop_is_blocked_is_ended_and_its_orders_cancelled() -> None:
    with running("blocked") as process:
        told = v6_json("kill", "--reason", "too wild")
        assert process.wait(timeout=10) == -signal.SIGTERM
    assert (told["done"], told["process"]["pid"], told["process"]["ending"]) == (True, process.pid, "TERMINATED")
    assert [order["outcome"] for order in told["stopped"]] == ["CANCELLED"] * 3
    assert _statuses() == {"CANCELLED"}


def test_a_stopped_process_is_killed() -> None:
    with running("blocked") as process:
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED)
        told = v6_json("kill")
        assert process.wait(timeout=10) == -signal.SIGKILL
    assert (told["done"], told["process"]["ending"]) == (True, "KILLED")
    assert _statuses() == {"CANCELLED"}


def test_nothing_opens_after_a_kill_until_somebody_resumes() -> None:
    _configure()
    v6_json("place", "GOOG", "buy", "1", "--limit", "99")
    v6_json("kill", "--reason", "enough")
    denied = v6("place", "GOOG", "buy", "1", "--json")
    assert (denied.status, denied.error["code"]) == (3, "TRADING_HALTED")
    assert Path(".v6/HALT").read_text() == "KILLED: enough\n"
    v6_json("resume", "looked", "at", "it")
    assert v6_json("place", "GOOG", "buy", "1", "--limit", "99")["status"] == "SUBMITTED"


def test_removing_the_halt_file_alone_does_not_let_orders_out() -> None:
    _configure()
    v6_json("place", "GOOG", "buy", "1", "--limit", "99")
    v6_json("kill")
    Path(".v6/HALT").unlink()
    assert v6("place", "GOOG", "buy", "1").status == 3


def test_the_journal_keeps_who_killed_and_why(monkeypatch: pytest.MonkeyPatch) -> None:
    _configure()
    monkeypatch.setenv("LOGNAME", "ann")
    v6_json("place", "GOOG", "buy", "1", "--limit", "99")
    v6_json("kill", "--reason", "enough")
    (row,) = v6_json("journal", "show", "--kind", "trading_state")
    assert (row["event"]["state"], row["event"]["reason"], row["event"]["operator"]) == (
        "HALTED",
        "KILLED: enough",
        "ann",
    )


def test_who_halts_and_who_resumes_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "ann")
    v6_json("halt", "lunch")
    v6_json("resume", "back")
    rows = v6_json("journal", "show", "--kind", "trading_state")
    assert [row["event"]["operator"] for row in rows] == ["ann", "ann"]


def test_a_second_kill_finds_nothing_and_says_so() -> None:
    _configure()
    v6_json("place", "GOOG", "buy", "1", "--limit", "99")
    v6_json("kill")
    told = v6_json("kill")
    assert (told["done"], told["stopped"], told["process"]["ending"]) == (True, [], "NONE")


def test_flattening_is_told() -> None:
    Path("v6.toml").write_text(CONFIGURATION.format(on_exit="keep").replace("never", "immediate"))
    v6_json("place", "GOOG", "buy", "10")
    told = v6_json("kill", "--flatten", "--timeout", "20")
    assert (told["done"], told["flat"]) == (True, True)
    assert [(order["action"], order["status"]) for order in told["flattening"]] == [("SELL", "FILLED")]
    assert v6_json("positions") == []


def test_what_a_kill_did_is_told_in_lines() -> None:
    _configure()
    order = v6_json("place", "GOOG", "buy", "1", "--limit", "99")
    lines = v6("kill").out.splitlines()
    assert lines[0] == f"halted by the halt file {Path('.v6/HALT').absolute()} and the journal"
    assert f"cancelled: {order['order_id']} GOOG CANCELLED" in lines
    assert lines[-2:] == ["proved: no order of ours works", "v6 resume REASON lets orders out again"]


def test_without_a_journal_nothing_is_guessed_and_the_status_says_unknown() -> None:
    _configure()
    called = v6("kill", "--json")
    assert (called.status, called.error["code"], called.error["sent"]) == (4, "KILL_UNPROVED", "unknown")
    assert "nobody knows which orders are ours" in called.error["error"]
    assert Path(".v6/HALT").exists()


def test_a_journal_that_is_gone_is_not_called_one_that_is_not_there_yet() -> None:
    _configure()
    v6_json("place", "GOOG", "buy", "1", "--limit", "99")
    Path(".v6/journal.db").unlink()
    called = v6("kill", "--json")
    assert (called.status, called.error["code"]) == (4, "KILL_UNPROVED")
    *_, problem = called.document["problems"]
    assert problem.endswith("journal.db is gone but journal.db.head is there")


def test_account_wide_says_that_manual_orders_go_too() -> None:
    _configure()
    v6_json("place", "GOOG", "buy", "1", "--limit", "99")
    assert "orders that were entered by hand are cancelled, too" in v6("kill", "--global").out


@pytest.mark.parametrize("engine_id", ["x", "ABCDEFGH", "abcdefg1"])
def test_an_engine_id_that_is_none_is_wrong_usage(engine_id: str) -> None:
    called = v6("kill", "--engine-id", engine_id)
    assert (called.status, Path(".v6/HALT").exists()) == (2, False)
    assert "an engine id is eight characters" in one_sentence(called)


def test_a_halt_file_made_by_hand_halts_a_running_engine() -> None:
    with running("spinning"):
        Path(".v6/HALT").touch()
        rows = _placed_until_denied()
    assert "DENIED" in rows


def _placed_until_denied() -> list[str]:
    kinds: list[str] = []
    while "DENIED" not in kinds:
        kinds = [row["kind"] for row in v6_json("journal", "show")]
    return kinds
