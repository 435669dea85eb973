from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ib_async
import pytest
from click.testing import CliRunner

from gateway.raw_tws import eventually
from v6core.cli.program import program

GREETING = b"API\0\0\0\0\x09v100..225"
IB = "[brokers.tws]\nplugin = 'ib'\n"
FAST = "[brokers.fast]\nplugin = 'paper'\nspeed = 'max'\n"
V6 = (sys.executable, "-c", "import sys; from v6core.cli import main; sys.exit(main())")


def call(*arguments: str) -> tuple[int, str, str]:
    """Return the exit status of ``v6 gateway``, and what it printed."""
    result = CliRunner().invoke(program, ["gateway", *arguments])
    return result.exit_code, result.stdout, " ".join(result.stderr.split())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def visited(visit: Callable[[socket.socket], Any], *arguments: str, end: signal.Signals = signal.SIGTERM) -> Any:
    """Run ``v6 gateway`` here, visit it from a thread, and end it by a signal while the visitor is connected."""
    port, seen = free_port(), list[Any]()

    def come() -> None:
        try:
            with reached(port) as client:
                seen.append(visit(client))
                os.kill(os.getpid(), end)
                client.recv(1000)
        except BaseException:
            os.kill(os.getpid(), end)
            raise

    visitor = threading.Thread(target=come)
    visitor.start()
    status, out, err = call("--port", str(port), *arguments)
    visitor.join(10)
    return status, out, err, seen


def reached(port: int) -> socket.socket:
    """Return a connection, as soon as something listens."""
    deadline = time.monotonic() + 20
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=5)
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.005)


def greet(client: socket.socket) -> bytes:
    client.sendall(GREETING)
    return client.recv(1000)[4:7]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the test's own to work in, and nothing of v6 in the environment."""
    for name in [name for name in os.environ if name.startswith("V6_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_a_signal_ends_it_cleanly(end: signal.Signals, folder: Path) -> None:
    status, out, err, seen = visited(greet, end=end)
    assert (status, err, seen) == (0, "", [b"178"])
    assert not list(folder.iterdir())
    assert len(out.splitlines()) == 1


def test_in_the_background_of_a_script_where_ctrl_c_is_ignored_a_termination_ends_it() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert visited(greet)[0] == 0
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_plugin_that_makes_no_broker_is_told_with_its_line(folder: Path) -> None:
    broken = "def made(settings, context):\n    return {}['host']\n"
    (folder / "bad.py").write_text(
        "from pydantic import BaseModel\nfrom v6core import BrokerSpec, Capabilities, hookimpl\n"
        f"class NoSettings(BaseModel): pass\n{broken}@hookimpl\n"
        "def v6_brokers(): return BrokerSpec('bad', NoSettings, Capabilities(simulated=True, orders=()), made)\n"
    )
    (folder / "v6.toml").write_text("[brokers.bad]\nplugin = './bad.py'\n")
    status, _, told = call("--broker", "bad")
    assert status == 2
    assert "broker 'bad' of plugin 'bad' cannot be made: KeyError: 'host' at bad.py:5" in told


def test_people_are_told_in_one_line_where_to_point_a_program() -> None:
    _, out, _, _ = visited(greet, "--account", "DUTEST")
    assert out.startswith("listening on 127.0.0.1:")
    assert "account DUTEST" in out
    assert "connect as to TWS, host 127.0.0.1, port" in out


def test_programs_are_told_in_json() -> None:
    _, out, _, _ = visited(greet, "--json", "--read-only", "--speed", "20")
    told = json.loads(out)
    assert told["account"] == "DUSIM0001"
    assert told["read_only"] is True
    assert (told["broker"], told["plugin"], told["server_version"]) == ("paper", "paper", 178)


@pytest.mark.parametrize(
    ("configured", "arguments", "why"),
    [
        ("", ["--host", "0.0.0.0"], "loopback only"),
        ("", ["--broker", "nobody"], "there is no broker 'nobody'"),
        ("", ["--account", "a\nb"], "account"),
        ("", ["--account", "U1234567"], "programs would take it for real money"),
        ("", ["--manner", "politeness"], "none of tif_preset"),
        (IB, ["--broker", "tws"], "broker 'tws' cannot stand behind the gateway"),
        (IB, ["--broker", "tws", "--speed", "2"], "takes no speed from here"),
        (FAST, ["--broker", "fast"], "its time jumps"),
        ("", ["--quotes", "none.csv"], "none.csv"),
        ("", ["--faults", "none.toml"], "none.toml"),
        ("", ["--port", "70000"], "70000"),
        ("", ["--speed", "0"], "speed"),
    ],
)
def test_what_cannot_be_is_refused_by_name_with_status_2(
    configured: str, arguments: Sequence[str], why: str, folder: Path
) -> None:
    (folder / "v6.toml").write_text(configured)
    status, _, told = call("--port", "0", *arguments)
    assert status == 2
    assert why in told


def test_a_port_that_is_taken_is_told_with_status_2() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        status, _, told = call("--port", str(taken.getsockname()[1]))
    assert status == 2
    assert "cannot listen" in told


def test_a_broker_that_is_chosen_for_real_trading_is_not_taken_unasked(folder: Path) -> None:
    (folder / "v6.toml").write_text(f"broker = 'tws'\n{IB}")
    _, out, _, _ = visited(greet, "--json")
    assert json.loads(out)["broker"] == "paper"


def test_a_configured_paper_broker_keeps_its_settings(folder: Path) -> None:
    (folder / "v6.toml").write_text("[brokers.mine]\nplugin = 'paper'\nstate = 'mine.db'\n")
    status, _, err, _ = visited(greet, "--broker", "mine")
    assert (status, err) == (0, "")
    assert list(folder.rglob("mine.db"))


def test_recorded_quotes_take_the_place_of_the_synthetic_day(folder: Path) -> None:
    (folder / "quotes.csv").write_text(
        "time,kind,symbol,expiration,strike,right,bid,bid_size,ask,ask_size\n"
        "2015-12-24T14:31:00Z,stock,SPY,,,,600,100,600.02,100\n"
        "2015-12-24T15:31:00Z,stock,SPY,,,,600,100,600.02,100\n"
    )

    def time_told(client: socket.socket) -> bytes:
        client.sendall(GREETING)
        return client.recv(1000)[8:12]

    status, _, err, seen = visited(time_told, "--quotes", "quotes.csv")
    assert (status, err, seen) == (0, "", [b"2015"])


def test_quotes_that_cannot_be_read_are_told_with_status_2(folder: Path) -> None:
    (folder / "quotes.csv").write_text("nothing\n")
    status, _, told = call("--port", "0", "--quotes", "quotes.csv")
    assert status == 2
    assert "quotes.csv" in told


def test_faults_come_from_a_file(folder: Path) -> None:
    file = folder / "faults.toml"
    file.write_text('[[fault]]\nwhen = { at = "CONNECTION" }\nwhat = { effect = "SERVER_VERSION", version = 100 }\n')
    *_, seen = visited(greet, "--faults", str(file))
    assert seen == [b"100"]


def test_manners_of_some_settings_are_had_by_name() -> None:
    async def codes(port: int) -> set[int]:
        ib, heard = ib_async.IB(), set[int]()

        def hear(_number: int, code: int, *_: object) -> None:
            heard.add(code)

        ib.errorEvent += hear
        await ib.connectAsync("127.0.0.1", port, clientId=1)
        trade = ib.placeOrder(ib_async.Stock("SPY", "SMART", "USD"), ib_async.LimitOrder("BUY", 1, 100, tif=""))
        await eventually(lambda: trade.orderStatus.status == "Submitted" or 10349 in heard)
        ib.disconnect()
        return heard & {399, 10349}

    def visit(client: socket.socket) -> set[int]:
        return asyncio.run(codes(client.getpeername()[1]))

    *_, seen = visited(visit, "--manner", "tif-preset", "--manner", "closed-market-warning")
    assert seen == [{10349}]


def test_the_program_has_the_command() -> None:
    ran = subprocess.run([*V6, "gateway", "--help"], capture_output=True, text=True, check=True)
    assert "written for TWS" in ran.stdout
