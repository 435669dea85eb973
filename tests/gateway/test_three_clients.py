"""Three TWS clients that nobody here wrote trade through ``v6 gateway``: what each reads back, field by field.

Each has a gateway of its own in front of a market that stands still, so the three days can be compared whole: what one
client's decoder makes of a message, the others' must make of it, too.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any, cast

import pytest

from gateway.clients.client_story import Story
from gateway.clients.recorded_clients import IbAsyncClient, OfficialClient, Recorded

HERE = Path(__file__).parent / "clients"
CLIENT_ID = 7
STILL = """
broker = "still"

[brokers.still]
plugin = "paper"
fills = "realistic"
quotes = "synthetic"
start = 2026-01-05
speed = 0.001
latency = 0
state = "off"
"""
Document = dict[str, Any]


@contextmanager
def gateway(folder: Path) -> Generator[int]:
    """Run ``v6 gateway`` as a user does and yield its port."""
    folder.mkdir()
    (folder / "v6.toml").write_text(STILL, encoding="utf-8")
    command = [str(Path(sys.executable).with_name("v6")), "gateway", "--port", "0", "--broker", "still", "--json"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(_first_document(process.stdout)["port"])
        finally:
            process.terminate()
            process.communicate()


def _first_document(stream: IO[str]) -> Document:
    """Return the document that a program prints before it goes on running."""
    text = ""
    for line in stream:
        text += line
        if line == "}\n":
            return cast("Document", json.loads(text))
    raise AssertionError(f"it ended: {text}")


def day_of(make: Callable[[str, int, int], Recorded], folder: Path) -> Document:
    with gateway(folder) as port, closing(make("127.0.0.1", port, CLIENT_ID)) as client:
        return Story(client).play()


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Document]:
    """The days of the two Python clients, by the client's name."""
    root = tmp_path_factory.mktemp("gateways")
    return {made.name: day_of(made, root / made.name) for made in (IbAsyncClient, OfficialClient)}


@pytest.fixture(scope="module", params=["ib_async", "ibapi"])
def day(request: pytest.FixtureRequest, days: dict[str, Document]) -> Document:
    return days[request.param]


def test_the_version_that_all_speak_is_agreed_on(day: Document) -> None:
    assert day["server_version"] == 178


def test_an_account_says_that_it_is_not_real(day: Document) -> None:
    assert day["accounts"] == "DUSIM0001"


def test_a_contract_is_described(day: Document) -> None:
    described = {name: day["stock"][name] for name in ("symbol", "sec_type", "currency", "min_tick")}
    assert described == {"symbol": "GOOG", "sec_type": "STK", "currency": "USD", "min_tick": 0.0001}
    assert day["stock"]["con_id"] > 0


def test_exchanges_and_market_rules_stand_side_by_side(day: Document) -> None:
    exchanges, rules = day["stock"]["valid_exchanges"].split(","), day["stock"]["market_rule_ids"].split(",")
    assert "SMART" in exchanges
    assert len(exchanges) == len(rules)


def test_an_option_is_described(day: Document) -> None:
    assert day["option"]["strike"] in day["chain"][0]["strikes"]
    assert (day["option"]["sec_type"], day["option"]["multiplier"]) == ("OPT", "100")
    assert day["option"]["under_con_id"] == day["stock"]["con_id"]


def test_option_parameters_name_their_underlying(day: Document) -> None:
    assert {row["under_con_id"] for row in day["chain"]} == {day["stock"]["con_id"]}


def test_a_market_rule_tells_ticks(day: Document) -> None:
    assert day["market_rule"] == [[0, 0.0001], [1, 0.01]]


def test_a_contract_that_is_not_listed_is_refused(day: Document) -> None:
    assert day["unknown_contract"] == 200


def test_a_snapshot_has_two_sides(day: Document) -> None:
    assert day["bid_below_ask"]


def test_a_market_order_fills(day: Document) -> None:
    status, execution = day["fill_status"], day["execution"]
    assert (status["filled"], status["remaining"]) == (10, 0)
    assert (execution["side"], execution["shares"], execution["order_ref"]) == ("BOT", 10, "mine-1")
    assert execution["client_id"] == CLIENT_ID
    assert execution["perm_id"] == status["perm_id"] > 0
    assert execution["price"] == status["avg_price"] > 0


def test_a_commission_follows(day: Document) -> None:
    assert day["commission"] == {"amount": 1.0, "currency": "USD"}


def test_a_resting_order_reads_as_it_was_sent(day: Document) -> None:
    sent = {"action": "BUY", "quantity": 5, "order_type": "LMT", "limit": 100.25, "tif": "GTC", "order_ref": "mine-2"}
    assert {name: day["resting"][name] for name in sent} == sent


def test_a_change_keeps_the_order(day: Document) -> None:
    assert (day["changed"]["quantity"], day["changed"]["limit"]) == (4, 101.5)
    assert day["changed"]["perm_id"] == day["resting"]["perm_id"]


def test_a_cancel_is_told_by_its_status_and_by_202(day: Document) -> None:
    assert day["cancelled"]["status"] == "Cancelled"
    assert day["cancel_code"] == 202


def test_exits_name_their_entry(day: Document) -> None:
    entry, take, stop = day["bracket"]
    assert take["parent_id"] == stop["parent_id"] == entry["order_id"]
    assert (entry["limit"], take["limit"], stop["aux"]) == (90, 2000, 80)


def test_a_combo_keeps_its_legs_and_a_price_below_zero(day: Document) -> None:
    low, high = day["combo"]["legs"]
    assert day["combo"]["sec_type"] == "BAG"
    assert day["combo"]["limit"] == -5
    assert low == [day["option"]["con_id"], 1, "BUY"]
    assert high[1:] == [1, "SELL"]


def test_open_orders_are_read_back(day: Document) -> None:
    assert [row["order_ref"] for row in day["open"]] == ["entry", "take", "stop"]


def test_what_has_ended_is_read_back(day: Document) -> None:
    ended = {row["order_ref"]: row["status"] for row in day["completed"]}
    assert ended["mine-1"] == "Filled"
    assert {ended[ref] for ref in ("mine-2", "entry", "take", "stop", "spread")} == {"Cancelled"}


def test_executions_are_read_back_as_they_came(day: Document) -> None:
    assert day["executions"] == [day["execution"]]


def test_positions_are_read_back(day: Document) -> None:
    (row,) = day["positions"]
    assert (row["con_id"], row["quantity"]) == (day["stock"]["con_id"], 10)
    assert row["avg_cost"] == pytest.approx(day["execution"]["price"], abs=0.2)


def test_the_account_is_summed_up(day: Document) -> None:
    assert set(day["summary"]) == {"NetLiquidation", "TotalCashValue", "BuyingPower"}
    assert {currency for _, currency in day["summary"].values()} == {"USD"}
    cash, _ = day["summary"]["TotalCashValue"]
    assert cash == pytest.approx(100_000 - 10 * day["execution"]["price"] - 1)


def test_both_python_clients_read_the_same(days: dict[str, Document]) -> None:
    mine, theirs = (days[name] | {"client": None} for name in ("ib_async", "ibapi"))
    assert mine == theirs


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which @stoqey/ib is installed."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("there is no Node here, so @stoqey/ib cannot run")
    folder = tmp_path_factory.mktemp("node")
    (folder / "package.json").write_text('{"private": true}', encoding="utf-8")
    command = [npm, "install", "@stoqey/ib@1.6.10", "--no-audit", "--no-fund", "--silent"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode:
        pytest.skip(f"@stoqey/ib could not be installed: {done.stderr.strip()[-200:]}")
    return folder


def test_the_node_client_reads_the_same(package: Path, days: dict[str, Document], tmp_path: Path) -> None:
    with gateway(tmp_path / "node") as port:
        command = ["node", str(HERE / "stoqey_story.js"), "127.0.0.1", str(port), str(CLIENT_ID), str(package)]
        environment = {**os.environ, "NODE_NO_WARNINGS": "1"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=environment)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) | {"client": None} == days["ib_async"] | {"client": None}
