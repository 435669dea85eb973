"""Brackets, OTOs and OCOs: what waits for what, and what takes what with it."""

from __future__ import annotations

from typing import Any

import pytest
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import OrderClass, OrderSide, OrderStatus, TimeInForce
from alpaca.trading.models import Order
from alpaca.trading.requests import (
    GetOrderByIdRequest,
    LimitOrderRequest,
    ReplaceOrderRequest,
    StopLossRequest,
    TakeProfitRequest,
)

from alpaca_story import Ask, Updates
from fake_alpaca.testing import AlpacaThread

Legs = dict[str, Order]


def entered(client: TradingClient, price: float = 95, **terms: Any) -> Order:
    given = {
        "symbol": "AAPL", "qty": 10, "side": OrderSide.BUY, "time_in_force": TimeInForce.GTC,
        "order_class": OrderClass.BRACKET, "take_profit": TakeProfitRequest(limit_price=110),
        "stop_loss": StopLossRequest(stop_price=90), **terms,
    }  # fmt: skip
    order = client.submit_order(LimitOrderRequest(limit_price=price, **given))
    assert isinstance(order, Order)
    return order


def statuses(client: TradingClient, order: Order) -> list[str]:
    """The order's status and those of its legs."""
    found = client.get_order_by_id(order.id, GetOrderByIdRequest(nested=True))
    assert isinstance(found, Order)
    return [str(one.status.value) for one in (found, *(found.legs or []))]


def legs(order: Order) -> tuple[Order, Order]:
    assert order.legs is not None
    return order.legs[0], order.legs[1]


def test_exits_are_held_while_the_entry_works(client: TradingClient) -> None:
    assert statuses(client, entered(client)) == ["new", "held", "held"]


def test_exits_work_once_the_entry_is_filled(alpaca: AlpacaThread, client: TradingClient) -> None:
    order = entered(client)
    alpaca.set_price("AAPL", 95)
    assert statuses(client, order) == ["filled", "new", "new"]


def test_exits_stay_held_while_a_part_of_the_entry_has_filled(alpaca: AlpacaThread, client: TradingClient) -> None:
    order = entered(client)
    alpaca.set_quote("AAPL", 94, 95, ask_size=4)
    assert statuses(client, order) == ["partially_filled", "held", "held"]


@pytest.mark.parametrize(
    ("price", "expected"), [(111, ["filled", "filled", "canceled"]), (89, ["filled", "canceled", "filled"])]
)
def test_one_exit_filled_cancels_the_other(
    alpaca: AlpacaThread, client: TradingClient, price: int, expected: list[str]
) -> None:
    order = entered(client)
    alpaca.set_price("AAPL", 95)
    alpaca.set_price("AAPL", price)
    assert statuses(client, order) == expected


def test_a_part_of_one_exit_is_taken_off_the_other(alpaca: AlpacaThread, client: TradingClient) -> None:
    order = entered(client)
    alpaca.set_price("AAPL", 95)
    alpaca.set_quote("AAPL", 110, 111, bid_size=4)
    profit, loss = (client.get_order_by_id(leg.id) for leg in legs(order))
    assert isinstance(profit, Order)
    assert isinstance(loss, Order)
    assert (profit.status, profit.filled_qty, loss.qty) == (OrderStatus.PARTIALLY_FILLED, "4", "6")


def test_a_cancelled_entry_takes_its_exits_with_it(client: TradingClient) -> None:
    order = entered(client)
    client.cancel_order_by_id(order.id)
    assert statuses(client, order) == ["canceled", "canceled", "canceled"]


def test_an_entry_that_is_cancelled_with_a_part_filled_leaves_that_part_bare(
    alpaca: AlpacaThread, client: TradingClient
) -> None:
    order = entered(client)
    alpaca.set_quote("AAPL", 94, 95, ask_size=4)
    client.cancel_order_by_id(order.id)
    assert statuses(client, order) == ["canceled", "canceled", "canceled"]
    assert [position.qty for position in client.get_all_positions() if not isinstance(position, str)] == ["4"]


@pytest.mark.parametrize("filled", [False, True], ids=["held", "working"])
def test_one_exit_cancelled_takes_the_other_with_it(alpaca: AlpacaThread, client: TradingClient, filled: bool) -> None:
    order = entered(client)
    if filled:
        alpaca.set_price("AAPL", 95)
    client.cancel_order_by_id(legs(order)[0].id)
    assert statuses(client, order)[1:] == ["canceled", "canceled"]


@pytest.mark.parametrize("filled", [False, True], ids=["held", "working"])
def test_an_exit_can_be_replaced_before_it_works_and_after(
    alpaca: AlpacaThread, client: TradingClient, filled: bool
) -> None:
    order = entered(client)
    if filled:
        alpaca.set_price("AAPL", 95)
    client.replace_order_by_id(legs(order)[0].id, ReplaceOrderRequest(limit_price=104))
    alpaca.set_price("AAPL", 95)
    alpaca.set_price("AAPL", 105)
    assert statuses(client, order) == ["filled", "filled", "canceled"]


def test_exits_follow_the_entrys_successor(alpaca: AlpacaThread, client: TradingClient) -> None:
    order = entered(client)
    new = client.replace_order_by_id(order.id, ReplaceOrderRequest(limit_price=96))
    assert isinstance(new, Order)
    alpaca.set_price("AAPL", 96)
    assert statuses(client, new) == ["filled", "new", "new"]
    assert statuses(client, order) == ["replaced"]


def test_all_orders_of_a_bracket_bear_one_group(ask: Ask) -> None:
    body = {
        "symbol": "AAPL", "qty": "1", "side": "buy", "type": "market", "time_in_force": "day",
        "order_class": "bracket", "take_profit": {"limit_price": "110"}, "stop_loss": {"stop_price": "90"},
    }  # fmt: skip
    order = ask("POST", "/v2/orders", json=body).json()
    members = [order, *order["legs"]]
    assert len({member["group_id"] for member in members}) == 1
    assert [member["group_role"] for member in members] == ["entry", "take_profit", "stop_loss"]


def test_an_oto_has_one_exit(alpaca: AlpacaThread, client: TradingClient) -> None:
    order = entered(client, order_class=OrderClass.OTO, take_profit=None)
    assert statuses(client, order) == ["new", "held"]
    alpaca.set_price("AAPL", 95)
    alpaca.set_price("AAPL", 89)
    assert statuses(client, order) == ["filled", "filled"]


def held_and_protected(client: TradingClient) -> Order:
    """Ten shares, and an OCO that sells them."""
    client.submit_order(
        LimitOrderRequest(symbol="AAPL", qty=10, side=OrderSide.BUY, time_in_force=TimeInForce.DAY, limit_price=100)
    )
    order = client.submit_order(
        LimitOrderRequest(
            symbol="AAPL",
            qty=10,
            side=OrderSide.SELL,
            time_in_force=TimeInForce.GTC,
            order_class=OrderClass.OCO,
            take_profit=TakeProfitRequest(limit_price=110),
            stop_loss=StopLossRequest(stop_price=90, limit_price=80),
        )
    )
    assert isinstance(order, Order)
    return order


@pytest.mark.parametrize(("price", "expected"), [(111, ["filled", "canceled"]), (89, ["canceled", "filled"])])
def test_one_order_of_an_oco_filled_cancels_the_other(
    alpaca: AlpacaThread, client: TradingClient, price: int, expected: list[str]
) -> None:
    order = held_and_protected(client)
    assert statuses(client, order) == ["new", "new"]
    alpaca.set_price("AAPL", price)
    assert statuses(client, order) == expected


def test_a_part_of_one_order_of_an_oco_is_taken_off_the_other(alpaca: AlpacaThread, client: TradingClient) -> None:
    order = held_and_protected(client)
    alpaca.set_quote("AAPL", 110, 111, bid_size=4)
    assert statuses(client, order) == ["partially_filled", "new"]
    stop = client.get_order_by_id(order.legs[0].id if order.legs else order.id)
    assert isinstance(stop, Order)
    assert stop.qty == "6"


def test_both_orders_of_an_oco_want_what_is_held_once(ask: Ask, client: TradingClient) -> None:
    held_and_protected(client)
    assert ask("GET", "/v2/positions/AAPL").json()["qty_available"] == "0"


def test_each_order_of_a_bracket_is_told_of(alpaca: AlpacaThread, client: TradingClient, updates: Updates) -> None:
    order = entered(client)
    profit, loss = legs(order)
    alpaca.set_price("AAPL", 95)
    alpaca.set_price("AAPL", 111)
    updates.wait(6)
    assert updates.of(order.id) == ["new", "fill"]
    assert updates.of(profit.id) == ["new", "fill"]
    assert updates.of(loss.id) == ["new", "canceled"]
