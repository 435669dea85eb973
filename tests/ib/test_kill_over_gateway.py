"""``v6 kill`` at a TWS: an engine in a process of its own is blocked, and another process takes its client id over."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator
from pathlib import Path

import pytest

from end_to_end.v6_calls import v6_json
from faults.engine_process import running
from v6_ib_plugin.gateway.testing import RunningGateway, running_gateway

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals")

OURS, ANOTHERS = 6, 7
CONFIGURATION = """
[brokers.tws]
plugin = "ib"
port = {port}
client_id = {client_id}
messages_per_second = 0

[engine]
settle = 0.1
grace = 0.5
block_limit = 600

[risk]
max_open_orders = 0
"""


@pytest.fixture
def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[RunningGateway]:
    """A gateway whose market stands at 150, and the folder of a user's own."""
    for name in ("ours", "another's"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "ours")
    with running_gateway(prices={"GOOG": 150}, settings={"fills": "realistic"}) as gateway:
        yield gateway


def configured(gateway: RunningGateway, client_id: int = OURS) -> str:
    return CONFIGURATION.format(port=gateway.port, client_id=client_id)


def place_anothers(gateway: RunningGateway) -> None:
    """Let another client id have an order, placed with a journal of its own."""
    file = Path("../another's/v6.toml")
    file.write_text(configured(gateway, ANOTHERS))
    assert v6_json("place", "GOOG", "buy", "7", "--limit", "98", "--config", file)["status"] == "SUBMITTED"


def working(gateway: RunningGateway) -> list[int]:
    """Return how many shares each order is for that works behind the gateway."""
    snapshot = gateway.run(gateway.gateway.broker.native.snapshot)
    return sorted(int(report.terms.quantity) for report in snapshot.open_orders)


def test_a_blocked_engine_is_ended_and_its_client_id_taken_over(gateway: RunningGateway) -> None:
    with running("blocked", configuration=configured(gateway)) as process:
        assert working(gateway) == [1, 2, 3]
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED)
        told = v6_json("kill")
        assert process.wait(timeout=10) == -signal.SIGKILL
    assert (told["done"], told["process"]["pid"], told["open"]) == (True, process.pid, [])
    assert [order["outcome"] for order in told["stopped"]] == ["CANCELLED"] * 3
    assert working(gateway) == []


def test_the_orders_of_another_client_id_are_left_alone(gateway: RunningGateway) -> None:
    place_anothers(gateway)
    with running("blocked", configuration=configured(gateway)):
        told = v6_json("kill")
    assert (told["verified"], len(told["stopped"])) == (True, 3)
    assert working(gateway) == [7]


def test_account_wide_cancels_those_of_another_client_id_too(gateway: RunningGateway) -> None:
    place_anothers(gateway)
    with running("blocked", configuration=configured(gateway)):
        told = v6_json("kill", "--global")
    assert (told["verified"], len(told["stopped"])) == (True, 4)
    assert working(gateway) == []
