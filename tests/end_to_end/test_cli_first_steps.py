"""What a first-time user meets: the file of ``v6 init``, an order on it, the way out of a refusal, lines that fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from end_to_end.v6_calls import one_sentence, shared_quotes, v6, v6_json
from v6core.risk import RiskLimits

NEVER = '[brokers.dry]\nplugin = "paper"\nfills = "never"\nquotes = "synthetic"\n'
TWO_BROKERS = 'broker = "a"\n[brokers.a]\nplugin = "paper"\n[brokers.b]\nplugin = "paper"\n'


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")


def test_the_first_order_on_the_file_of_init_fills_and_is_held() -> None:
    v6_json("init")
    assert v6_json("place", "GOOG", "buy", "1")["status"] == "FILLED"
    assert [row["quantity"] for row in v6_json("positions")] == ["1"]


def test_the_entry_of_a_bracket_gets_to_a_simulated_market_too() -> None:
    v6_json("init")
    result = v6_json("place", "GOOG", "buy", "1", "--stop-loss", "1")
    assert [order["status"] for order in result["orders"]] == ["FILLED", "SUBMITTED"]


def test_wait_0_answers_as_soon_as_the_broker_has() -> None:
    Path("v6.toml").write_text(NEVER.replace("never", "realistic") + "latency = 30\n")
    assert v6_json("place", "GOOG", "buy", "1", "--wait", "0")["status"] == "SUBMITTED"


@pytest.mark.parametrize(("latency", "status"), [("0.4", "FILLED"), ("0.6", "SUBMITTED")])
def test_a_moment_is_market_time_where_that_is_simulated(latency: str, status: str) -> None:
    market = NEVER.replace("never", "realistic") + f'speed = "max"\nlatency = {latency}\n'
    Path("v6.toml").write_text(market)
    assert v6_json("place", "GOOG", "buy", "1")["status"] == status


def test_init_refuses_a_plugin_that_is_not_installed() -> None:
    called = v6("init", "--plugin", "nope", "--json")
    assert (called.status, called.error["code"]) == (2, "PLUGIN")
    assert "paper" in called.error["hint"]
    assert not Path("v6.toml").exists()


def test_without_a_file_the_paper_broker_takes_its_settings_from_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("V6_BROKERS__PAPER__CASH", "500")
    assert v6_json("account")["cash"] == "500"


def test_orders_say_as_of_when_they_stand() -> None:
    Path("v6.toml").write_text(NEVER + 'speed = "max"\n')
    order = v6_json("place", "GOOG", "buy", "1", "--limit", "1")
    v6("halt", "this is written by the wall clock")
    for args in ((), (order["order_id"],)):
        assert f"as of {order['submitted_at'][:10]}" in v6("orders", *args).out.splitlines()[-1]


@pytest.mark.parametrize("command", ["orders", "fills"])
def test_reading_shows_the_chosen_broker_alone(command: str) -> None:
    Path("v6.toml").write_text(TWO_BROKERS)
    mine = v6_json("place", "GOOG", "buy", "1")["order_id"]
    v6_json("place", "GOOG", "buy", "1", "--broker", "b")
    assert [row["order_id"] for row in v6_json(command)] == [mine]


def test_orders_tell_that_other_brokers_have_some() -> None:
    Path("v6.toml").write_text(TWO_BROKERS)
    v6_json("place", "GOOG", "buy", "1", "--broker", "b")
    assert v6("orders").out.splitlines()[-1] == "at other brokers: 1 more; --broker NAME shows theirs"


@pytest.mark.parametrize(
    ("variable", "value", "order"),
    [
        ("max_order_quantity", "1", "GOOG buy 2"),
        ("max_contracts", "1", "GOOG300118C00750000 buy 2"),
        ("max_order_value", "1", "GOOG buy 2 --limit 7"),
        ("max_position", "1", "GOOG buy 2"),
        ("deny", '["GOOG"]', "GOOG buy 2"),
        ("allow", '["SPY"]', "GOOG buy 2"),
        ("read_only", "true", "GOOG buy 2"),
        ("regular_hours_only", "true", "GOOG buy 2 --outside-rth"),
    ],
)
def test_a_denial_names_the_key_that_sets_the_limit(
    variable: str, value: str, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"V6_RISK__{variable}", value)
    called = v6("place", *order.split(), "--json")
    assert (called.status, variable in RiskLimits.model_fields) == (3, True)
    assert f"[risk] {variable}" in called.error["hint"]


def test_read_only_says_once_that_nothing_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("V6_RISK__READ_ONLY", "true")
    assert one_sentence(v6("place", "GOOG", "buy", "1")) == "READ_ONLY: [risk] read_only is on; nothing was sent"


def test_an_empty_text_is_told_by_its_name() -> None:
    assert one_sentence(v6("place", "GOOG", "buy", "1", "--strategy", "")) == "strategy_id must not be empty"


def test_a_halt_file_that_is_off_halts_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("V6_RISK__HALT_FILE", "")
    assert v6_json("place", "GOOG", "buy", "1")["status"] == "FILLED"


@pytest.mark.parametrize(
    "command",
    ["chain SPY --expiration 2026-06-18", "chain SPY --expiration 2026-06-17", "orders --config long.toml"],
)
def test_long_lists_are_broken_into_lines(command: str) -> None:
    Path("v6.toml").write_text(NEVER + 'speed = "max"\n')
    Path("long.toml").write_text("[risk]\nzzz = 1\n")
    called = v6(*command.split())
    lines = (called.out + called.err).splitlines()
    assert len(lines) > 1
    assert max(map(len, lines)) <= 80


def test_a_path_that_is_too_long_for_a_line_stays_whole() -> None:
    name = "x" * 100
    assert v6("orders", "--config", name).err.splitlines()[:2] == [
        "v6: there is no configuration file",
        f"    {name}",
    ]


def test_the_demo_names_the_symbols_that_a_file_has() -> None:
    quotes = shared_quotes("goog-2015-12-24.csv.gz")
    called = v6("demo", "--quotes", quotes, "--symbol", "ZZZ", "--json")
    assert (called.status, called.error["sent"]) == (1, False)
    assert "has quotes of GOOG" in called.error["hint"]
