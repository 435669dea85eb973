"""Which orders, contracts and executions a question brings, and in which order."""

from __future__ import annotations

from typing import Any

import pytest

from alpaca_story import CALL, HIGHER_CALL, PUT, Ask
from fake_alpaca.testing import AlpacaThread

LIMIT = {"symbol": "AAPL", "qty": "1", "side": "buy", "type": "limit", "limit_price": "90", "time_in_force": "day"}


def place(ask: Ask, name: str, **members: Any) -> dict[str, Any]:
    order: dict[str, Any] = ask("POST", "/v2/orders", json={**LIMIT, "client_order_id": name, **members}).json()
    return order


def names(ask: Ask, **query: Any) -> list[str]:
    return [order["client_order_id"] for order in ask("GET", "/v2/orders", params=query).json()]


@pytest.fixture
def three(ask: Ask) -> list[dict[str, Any]]:
    """One that has filled, one that works, and one of an option."""
    return [
        place(ask, "filled", limit_price="100"),
        place(ask, "works", side="sell", limit_price="120"),
        place(ask, "option", symbol=CALL, limit_price="1"),
    ]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["option", "works"]),
        ({"status": "closed"}, ["filled"]),
        ({"status": "all"}, ["option", "works", "filled"]),
        ({"status": "all", "direction": "asc"}, ["filled", "works", "option"]),
        ({"status": "all", "limit": "1"}, ["option"]),
        ({"status": "all", "side": "sell"}, ["works"]),
        ({"status": "all", "symbols": CALL}, ["option"]),
        ({"status": "all", "symbols": "AAPL", "asset_class": "us_option"}, ["option"]),
        ({"status": "all", "asset_class": "us_equity"}, ["works", "filled"]),
        ({"status": "all", "symbols": "MSFT"}, []),
    ],
    ids=str,
)
@pytest.mark.usefixtures("three")
def test_orders_are_listed_as_asked(ask: Ask, query: dict[str, str], expected: list[str]) -> None:
    assert names(ask, **query) == expected


def test_orders_are_listed_between_times(ask: Ask, three: list[dict[str, Any]]) -> None:
    at = three[1]["submitted_at"]
    assert names(ask, status="all", after=at) == ["option"]
    assert names(ask, status="all", until=at) == ["filled"]


def test_orders_are_listed_after_an_order_and_before_one(ask: Ask, three: list[dict[str, Any]]) -> None:
    assert names(ask, status="all", after_order_id=three[1]["id"]) == ["option"]
    assert names(ask, status="all", before_order_id=three[1]["id"]) == ["filled"]


def test_at_most_500_orders_are_listed(ask: Ask) -> None:
    assert ask("GET", "/v2/orders", params={"limit": "501"}).status_code == 422


def test_exits_are_rows_of_their_own_unless_they_are_nested(ask: Ask) -> None:
    exits = {"take_profit": {"limit_price": "110"}, "stop_loss": {"stop_price": "80"}}
    order = place(ask, "entry", order_class="bracket", **exits)
    assert len(ask("GET", "/v2/orders").json()) == 3
    (row,) = ask("GET", "/v2/orders", params={"nested": "true"}).json()
    assert [leg["id"] for leg in row["legs"]] == [leg["id"] for leg in order["legs"]]


def test_a_bracket_whose_exits_work_is_open_where_it_is_nested(ask: Ask) -> None:
    exits = {"take_profit": {"limit_price": "110"}, "stop_loss": {"stop_price": "80"}}
    place(ask, "entry", order_class="bracket", limit_price="100", **exits)
    (row,) = ask("GET", "/v2/orders", params={"nested": "true"}).json()
    assert (row["status"], {leg["status"] for leg in row["legs"]}) == ("filled", {"new"})


# Executions


def test_executions_are_listed_a_page_at_a_time(ask: Ask) -> None:
    for _ in range(3):
        place(ask, "", client_order_id=None, limit_price="100")
    path = "/v2/account/activities/FILL"
    first = ask("GET", path, params={"page_size": "2"}).json()
    second = ask("GET", path, params={"page_size": "2", "page_token": first[-1]["id"]}).json()
    assert (len(first), len(second), len({row["id"] for row in first + second})) == (2, 1, 3)


def test_a_multi_leg_order_has_an_execution_for_each_leg(ask: Ask) -> None:
    legs = [
        {"symbol": CALL, "side": "buy", "ratio_qty": "1"},
        {"symbol": HIGHER_CALL, "side": "sell", "ratio_qty": "1"},
    ]
    body = {"qty": "2", "type": "market", "time_in_force": "day", "order_class": "mleg", "legs": legs}
    order = ask("POST", "/v2/orders", json=body).json()
    rows = ask("GET", "/v2/account/activities/FILL", params={"direction": "asc"}).json()
    assert [(row["order_id"], row["qty"], row["price"]) for row in rows] == [
        (order["legs"][0]["id"], "2", "5"),
        (order["legs"][1]["id"], "2", "2"),
    ]


# Contracts


def contracts(ask: Ask, **query: Any) -> dict[str, Any]:
    found: dict[str, Any] = ask("GET", "/v2/options/contracts", params={"underlying_symbols": "AAPL", **query}).json()
    return found


def test_contracts_come_in_pages_that_join_without_a_gap(ask: Ask) -> None:
    bounds = {"expiration_date": "2026-12-18", "strike_price_gte": "75", "strike_price_lte": "125"}
    whole = [row["symbol"] for row in contracts(ask, **bounds, limit="1000")["option_contracts"]]
    pages, token = list[str](), None
    while True:
        page = contracts(ask, **bounds, limit="10", **({} if token is None else {"page_token": token}))
        pages += [row["symbol"] for row in page["option_contracts"]]
        token = page["next_page_token"]
        if token is None:
            break
    assert pages == whole
    assert len(whole) == 42


def test_contracts_of_one_right_alone(ask: Ask) -> None:
    rows = contracts(ask, expiration_date="2026-12-18", type="put", limit="50")["option_contracts"]
    assert {row["type"] for row in rows} == {"put"}


def test_a_contract_is_found_by_its_symbol_and_by_its_id(ask: Ask) -> None:
    by_symbol = ask("GET", f"/v2/options/contracts/{PUT}").json()
    assert ask("GET", f"/v2/options/contracts/{by_symbol['id']}").json() == by_symbol
    assert (by_symbol["strike_price"], by_symbol["type"], by_symbol["size"]) == ("90", "put", "100")


@pytest.mark.parametrize("path", ["/v2/assets/no%20such!", "/v2/options/contracts/AAPL", "/v2/positions/AAPL"])
def test_what_is_not_there_is_not_found(ask: Ask, path: str) -> None:
    assert ask("GET", path).status_code == 404


# Clock and calendar


def test_the_calendar_knows_half_days_and_holidays(ask: Ask) -> None:
    rows = ask("GET", "/v2/calendar", params={"start": "2026-11-25", "end": "2026-11-30"}).json()
    assert [(row["date"], row["close"]) for row in rows] == [
        ("2026-11-25", "16:00"),
        ("2026-11-27", "13:00"),
        ("2026-11-30", "16:00"),
    ]


def test_positions_are_valued_at_the_market(alpaca: AlpacaThread, ask: Ask) -> None:
    place(ask, "ten", qty="10", limit_price="100")
    alpaca.set_price("AAPL", 110)
    row = ask("GET", "/v2/positions/AAPL").json()
    assert (row["qty"], row["market_value"], row["unrealized_pl"], row["unrealized_plpc"]) == (
        "10",
        "1100",
        "100",
        "0.1",
    )
    assert ask("GET", "/v2/account").json()["equity"] == "100100.00"
