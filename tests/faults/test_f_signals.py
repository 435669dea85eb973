"""SIGTERM, Ctrl-C and a kill against real processes: what was under way is found again, and nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from end_to_end.v6_calls import v6_json
from faults.engine_process import CONFIGURATION, running

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals")
V6 = (sys.executable, "-c", "import sys; from v6core.cli import main; sys.exit(main())")
NEVER_THERE = {"DENIED", "LOST", "IN_DOUBT"}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def statuses() -> set[str]:
    """Return how the orders stand once an engine has asked the broker itself."""
    v6_json("positions")
    return {order["status"] for order in v6_json("orders")}


def test_F44_a_program_that_is_terminated_in_the_middle_of_an_order_finds_everything_again() -> None:
    with running("spinning") as process:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == -signal.SIGTERM
    assert statuses() <= {"SUBMITTED"} | NEVER_THERE
    assert v6_json("journal", "show", "--kind", "trading_state") == []  # the broker has none that the journal lacks


def test_F44_a_program_that_is_interrupted_cancels_where_it_is_told_to() -> None:
    with running("spinning", on_exit="cancel_all") as process:
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0
    assert statuses() == {"CANCELLED"}


def test_F44_a_command_that_is_terminated_stops_its_engine_in_good_order() -> None:
    Path("v6.toml").write_text(CONFIGURATION.format(on_exit="cancel_entries"))
    command = [*V6, "place", "GOOG", "buy", "1", "--limit", "99", "--wait", "600"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        while not any(row["kind"] == "REPORTED" for row in v6_json("journal", "show")):
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 130
    assert {order["status"] for order in v6_json("orders")} == {"CANCELLED"}


def test_F45_an_engine_that_keeps_on_placing_leaves_nothing_behind() -> None:
    with running("spinning") as process:
        told = v6_json("kill")
        assert process.wait(timeout=10) == -signal.SIGTERM
    assert told["done"]
    assert len(told["stopped"]) >= 3
    assert statuses() <= {"CANCELLED"} | NEVER_THERE
