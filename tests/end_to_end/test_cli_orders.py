"""Placing, changing, cancelling; strategies; what was done, read back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from end_to_end.v6_calls import v6, v6_json
from v6core.orders import Order

IMMEDIATE = '[brokers.dry]\nplugin = "paper"\n'
NEVER = IMMEDIATE + 'fills = "never"\nspeed = "max"\n'
REJECT = IMMEDIATE + 'fills = "reject"\n'
CONDOR = ("SPY", "--expiration", "2030-01-18", "--strikes", "570,580,620,630", "--strategy", "c")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _configure(text: str) -> None:
    Path("v6.toml").write_text(text)


def test_a_market_order_is_filled_without_any_configuration() -> None:
    order = v6_json("place", "GOOG", "buy", "10")
    assert (order["status"], order["filled_quantity"], order["order_type"]) == ("FILLED", "10", "MARKET")


def test_an_order_in_json_is_an_order() -> None:
    order = v6_json("place", "GOOG", "buy", "10", "--limit", "740.50")
    assert Order.model_validate(order).model_dump(mode="json") == order
    assert order["limit_price"] == "740.50"
    assert order["filled_at"].endswith("Z")


@pytest.mark.parametrize(
    ("options", "order_type"),
    [
        ((), "MARKET"),
        (("--limit", "740"), "LIMIT"),
        (("--stop", "740"), "STOP"),
        (("--stop", "740", "--limit", "745"), "STOP_LIMIT"),
        (("--trail", "5"), "TRAIL"),
        (("--trail-percent", "2"), "TRAIL"),
        (("--trail", "5", "--limit-offset", "1"), "TRAIL_LIMIT"),
        (("--type", "limit_if_touched", "--stop", "740", "--limit", "745"), "LIMIT_IF_TOUCHED"),
    ],
)
def test_the_prices_make_the_type(options: tuple[str, ...], order_type: str) -> None:
    _configure(NEVER)
    assert v6_json("place", "GOOG", "buy", "10", *options)["order_type"] == order_type


def test_all_terms_reach_the_order() -> None:
    _configure(NEVER)
    options = ("--limit", "7", "--tif", "gtd", "--good-till", "2100-01-01T00:00:00+01:00", "--strategy", "s")
    order = v6_json("place", "GOOG", "sell", "3", *options, "--outside-rth")
    found = {name: order[name] for name in ("action", "tif", "good_till", "strategy_id", "outside_rth")}
    assert found == {
        "action": "SELL",
        "tif": "GTD",
        "good_till": "2099-12-31T23:00:00Z",
        "strategy_id": "s",
        "outside_rth": True,
    }


@pytest.mark.parametrize(
    "contract",
    [
        ("GOOG300118C00750000",),
        ("GOOG", "--expiration", "2030-01-18", "--strike", "750", "--right", "call"),
        ("OPTION:GOOG:20300118:750:C",),
    ],
)
def test_an_option_is_named_in_three_ways(contract: tuple[str, ...]) -> None:
    order = v6_json("place", *contract, "buy", "1")
    assert (order["contract"]["kind"], order["contract"]["strike"]) == ("OPTION", "750")


def test_a_combo_is_named_by_its_text() -> None:
    text = "COMBO:SPY[+1*SPY300118P00570000,-1*SPY300118P00580000]"
    order = v6_json("place", text, "buy", "1", "--limit", "-2.45")
    assert (order["limit_price"], order["status"]) == ("-2.45", "FILLED")


def test_a_bracket_is_placed() -> None:
    result = v6_json("place", "GOOG", "buy", "10", "--limit", "740", "--take-profit", "750", "--stop-loss", "730")
    assert result["action_taken"] == "BRACKET_PLACED"
    assert [order["status"] for order in result["orders"]] == ["FILLED", "SUBMITTED", "SUBMITTED"]


def test_a_bracket_with_one_exit_is_placed() -> None:
    assert len(v6_json("place", "GOOG", "buy", "10", "--limit", "740", "--stop-loss", "730")["orders"]) == 2


def test_place_waits_no_longer_than_it_is_told() -> None:
    _configure(NEVER + 'quotes = "synthetic"\n')
    assert v6_json("place", "GOOG", "buy", "10", "--limit", "1", "--wait", "60")["status"] == "SUBMITTED"


def test_an_order_id_is_used_once() -> None:
    order_id = v6_json("place", "GOOG", "buy", "1")["order_id"]
    again = v6("place", "GOOG", "buy", "1", "--order-id", order_id, "--json")
    assert (again.status, again.error["sent"]) == (2, False)


def test_a_rejected_order_fails_and_is_shown() -> None:
    _configure(REJECT)
    called = v6("place", "GOOG", "buy", "10", "--json")
    assert (called.status, called.document["status"]) == (1, "REJECTED")
    assert (called.error["code"], called.error["sent"]) == ("REJECTED", True)
    assert called.error["order_id"] == called.document["order_id"]


def test_a_denied_order_was_not_sent() -> None:
    called = v6("place", "GOOG", "buy", "501", "--json")
    assert (called.status, called.out, called.error["sent"]) == (3, "", False)
    assert called.error["code"] == "MAX_ORDER_QUANTITY"
    assert v6_json("orders", called.error["order_id"])["status"] == "DENIED"


SILENT_BROKER = """
from v6_paper_plugin import _create as paper
from v6_paper_plugin.broker import PaperBroker
from v6_paper_plugin.capabilities import CAPABILITIES
from v6_paper_plugin.settings import PaperSettings
from v6core import BrokerSpec, hookimpl


class Silent(PaperBroker):
    async def place(self, orders):
        raise RuntimeError("the line broke")


@hookimpl
def v6_brokers():
    return [BrokerSpec("silent", PaperSettings, CAPABILITIES, Silent)]
"""


def test_an_order_in_doubt_is_told_as_such() -> None:
    Path("silent.py").write_text(SILENT_BROKER)
    _configure('[brokers.silent]\nplugin = "silent.py"\n')
    called = v6("place", "GOOG", "buy", "10", "--json")
    assert (called.status, called.document["status"]) == (4, "IN_DOUBT")
    assert (called.error["code"], called.error["sent"]) == ("IN_DOUBT", "unknown")
    assert [order["order_id"] for order in v6_json("orders", "--in-doubt")] == [called.error["order_id"]]


def test_a_working_order_is_modified_by_the_beginning_of_its_id() -> None:
    _configure(NEVER)
    order = v6_json("place", "GOOG", "buy", "10", "--limit", "740")
    modified = v6_json("modify", order["order_id"][:8], "--limit", "741", "--quantity", "5")
    assert (modified["limit_price"], modified["quantity"], modified["order_id"]) == ("741", "5", order["order_id"])


def test_a_filled_order_is_not_modified() -> None:
    order = v6_json("place", "GOOG", "buy", "10", "--limit", "740")
    called = v6("modify", order["order_id"], "--limit", "741", "--json")
    assert (called.status, called.error["code"]) == (1, "MODIFY_REJECTED")


def test_a_working_order_is_cancelled() -> None:
    _configure(NEVER)
    order = v6_json("place", "GOOG", "buy", "10", "--limit", "740")
    assert v6_json("cancel", order["order_id"])["status"] == "CANCELLED"


def test_cancelling_a_filled_order_fails_and_sends_nothing() -> None:
    order = v6_json("place", "GOOG", "buy", "10", "--limit", "740")
    called = v6("cancel", order["order_id"], "--json")
    assert (called.status, called.error["code"], called.error["sent"]) == (1, "NOT_CANCELLED", False)


def test_all_orders_of_a_strategy_are_cancelled_and_no_other() -> None:
    _configure(NEVER)
    for strategy in ("a", "a", "b"):
        v6_json("place", "GOOG", "buy", "10", "--limit", "740", "--strategy", strategy)
    assert len(v6_json("cancel", "--all", "--strategy", "a")) == 2
    assert [order["strategy_id"] for order in v6_json("orders", "--open")] == ["b"]


def test_orders_are_shown_by_strategy_and_by_id() -> None:
    first = v6_json("place", "GOOG", "buy", "10", "--strategy", "a")
    v6_json("place", "GOOG", "buy", "10", "--strategy", "b")
    assert [order["order_id"] for order in v6_json("orders", "--strategy", "a")] == [first["order_id"]]
    assert v6_json("orders", first["order_id"][:6]) == first


def test_fills_are_those_of_the_orders() -> None:
    order = v6_json("place", "GOOG", "buy", "10", "--limit", "740")
    (fill,) = v6_json("fills", "--order", order["order_id"])
    assert (fill["order_id"], fill["price"], fill["quantity"]) == (order["order_id"], "740", "10")
    assert v6_json("fills", "--strategy", "none of them") == []


def test_positions_and_account_are_the_broker_s() -> None:
    v6_json("place", "GOOG", "buy", "10", "--limit", "740", "--strategy", "a")
    (position,) = v6_json("positions")
    assert (position["quantity"], position["strategy_id"]) == ("10", "a")
    assert v6_json("account")["cash"] == "92600"


def test_a_preview_sends_nothing() -> None:
    result = v6_json("preview", "GOOG", "buy", "10", "--limit", "740")
    assert (result["action_taken"], result["preview"]["cash_change"]) == ("DRY_RUN", "-7400")
    assert v6_json("orders") == []


def test_a_condor_is_opened_rolled_and_closed() -> None:
    opened = v6_json("open", "iron-condor", *CONDOR, "--limit", "-2.45")
    assert (opened["action_taken"], opened["strategy_id"]) == ("OPENED", "c")
    rolled = v6_json("roll", "c", "--dte", "30", "--right", "put", "--market")
    assert rolled["action_taken"] == "ROLLED"
    assert len({leg["expiration"] for leg in rolled["strategy"]["legs"]}) == 2
    assert v6_json("close", "c", "--market")["action_taken"] == "CLOSED"
    assert v6_json("positions") == []


@pytest.mark.parametrize(
    ("args", "legs"),
    [
        (("vertical", "SPY", "--expiration", "2030-01-18", "--right", "put", "--strikes", "570,580"), 2),
        (("iron-butterfly", "SPY", "--expiration", "2030-01-18", "--strikes", "570,580,590"), 4),
        (("straddle", "SPY", "--expiration", "2030-01-18", "--strikes", "570", "--sell"), 2),
        (("strangle", "SPY", "--expiration", "2030-01-18", "--strikes", "570,580"), 2),
        (
            (
                *("calendar-spread", "SPY", "--expiration", "2030-01-18", "--expiration", "2030-02-15"),
                *("--right", "call", "--strikes", "570"),
            ),
            2,
        ),
        (("butterfly", "SPY", "--expiration", "2030-01-18", "--right", "call", "--strikes", "570,580,590"), 3),
        (("cash_secured_put", "SPY", "--expiration", "2030-01-18", "--strikes", "570"), 1),
    ],
)
def test_named_strategies_are_opened(args: tuple[str, ...], legs: int) -> None:
    result = v6_json("open", *args, "--market", "--quantity", "2")
    assert result["action_taken"] == "OPENED"
    assert len(result["strategy"]["legs"]) == legs


def test_a_strategy_of_plain_orders_is_closed_too() -> None:
    v6_json("place", "GOOG", "buy", "10", "--strategy", "mine")
    assert v6_json("close", "mine", "--market")["action_taken"] == "CLOSED"


def test_an_opening_that_does_not_fill_in_time_works_on() -> None:
    _configure(NEVER + 'quotes = "synthetic"\n')
    args = ("SPY", "--expiration", "2026-06-18", "--right", "put", "--strikes", "580,570")
    assert v6_json("open", "vertical", *args)["action_taken"] == "WORKING"


def test_the_text_for_people_names_what_happened() -> None:
    text = v6("place", "GOOG", "buy", "10", "--limit", "740").out
    assert text.startswith("BUY 10 GOOG LIMIT 740 DAY  ")
    assert "FILLED, 10 of 10 filled at 740" in text


@pytest.mark.parametrize(
    "command", ["orders", "fills", "positions", "account", "journal show", "config show", "brokers"]
)
def test_text_fits_eighty_columns(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    v6_json("open", "iron-condor", *CONDOR[:-1], "a-strategy-with-a-rather-long-name", "--market")
    lines = v6(*command.split()).out.splitlines()
    assert lines
    assert command == "config show" or max(map(len, lines)) <= 80


def test_json_is_one_document_of_plain_text_numbers() -> None:
    def refuse(text: str) -> None:
        raise AssertionError(f"{text} is a float")

    v6_json("open", "iron-condor", *CONDOR, "--market")
    for command in ("orders", "fills", "positions", "account"):
        assert json.loads(v6(command, "--json").out, parse_float=refuse)
