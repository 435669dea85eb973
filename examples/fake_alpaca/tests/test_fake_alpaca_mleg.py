"""Multi-leg orders, through the official client."""

from __future__ import annotations

import pytest
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import OrderClass, OrderSide, OrderStatus, TimeInForce
from alpaca.trading.models import Order, Position
from alpaca.trading.requests import (
    LimitOrderRequest,
    MarketOrderRequest,
    OptionLegRequest,
    ReplaceOrderRequest,
)

from alpaca_story import CALL, HIGHER_CALL, LOWER_PUT, PUT, Ask, Updates
from fake_alpaca.testing import AlpacaThread

BUY, SELL = OrderSide.BUY, OrderSide.SELL
SPREAD = [(CALL, BUY, 1), (HIGHER_CALL, SELL, 1)]
CONDOR = [(LOWER_PUT, BUY, 1), (PUT, SELL, 1), (CALL, SELL, 1), (HIGHER_CALL, BUY, 1)]
CREDIT = [(CALL, SELL, 1), (HIGHER_CALL, BUY, 1)]


def traded(client: TradingClient, legs: list[tuple[str, OrderSide, int]], price: float | None, qty: int = 1) -> Order:
    rows = [OptionLegRequest(symbol=symbol, side=side, ratio_qty=ratio) for symbol, side, ratio in legs]
    terms = {"qty": qty, "order_class": OrderClass.MLEG, "time_in_force": TimeInForce.DAY, "legs": rows}
    request = MarketOrderRequest(**terms) if price is None else LimitOrderRequest(limit_price=price, **terms)
    order = client.submit_order(request)
    assert isinstance(order, Order)
    found = client.get_order_by_id(order.id)
    assert isinstance(found, Order)
    return found


@pytest.mark.parametrize(
    ("legs", "price", "net"),
    [(SPREAD, 3.05, "3"), (SPREAD, None, "3"), (CREDIT, -2.9, "-3"), (CONDOR, -5.9, "-6")],
    ids=["debit", "at the market", "credit", "condor"],
)
def test_it_fills_at_its_net_price_positive_to_pay(
    client: TradingClient, legs: list[tuple[str, OrderSide, int]], price: float | None, net: str
) -> None:
    order = traded(client, legs, price, qty=2)
    assert (order.status, order.filled_qty, order.filled_avg_price) == (OrderStatus.FILLED, "2", net)


@pytest.mark.parametrize(("legs", "price"), [(SPREAD, 2.95), (CREDIT, -3.05)], ids=["pays less", "gets more"])
def test_it_rests_where_its_limit_is_better_than_the_market(
    client: TradingClient, legs: list[tuple[str, OrderSide, int]], price: float
) -> None:
    assert traded(client, legs, price).status is OrderStatus.NEW


def test_its_legs_fill_by_their_ratios(client: TradingClient) -> None:
    order = traded(client, [(CALL, BUY, 1), (HIGHER_CALL, BUY, 2)], None, qty=3)
    assert order.legs is not None
    assert [(leg.qty, leg.filled_qty, leg.filled_avg_price) for leg in order.legs] == [("3", "3", "5"), ("6", "6", "2")]


def test_its_legs_are_shown_under_it_alone(ask: Ask, client: TradingClient) -> None:
    order = traded(client, SPREAD, None)
    rows = ask("GET", "/v2/orders", params={"status": "all"}).json()
    assert [row["id"] for row in rows] == [str(order.id)]
    assert len(rows[0]["legs"]) == 2


def test_a_leg_is_found_by_its_own_id(client: TradingClient) -> None:
    order = traded(client, SPREAD, None)
    assert order.legs is not None
    leg = client.get_order_by_id(order.legs[0].id)
    assert isinstance(leg, Order)
    assert (leg.symbol, leg.ratio_qty, leg.position_intent) == (CALL, "1", "buy_to_open")


def test_its_price_can_be_replaced(client: TradingClient) -> None:
    order = traded(client, SPREAD, 2)
    new = client.replace_order_by_id(order.id, ReplaceOrderRequest(limit_price=3))
    assert isinstance(new, Order)
    found = client.get_order_by_id(new.id)
    assert isinstance(found, Order)
    assert (found.status, found.replaces) == (OrderStatus.FILLED, order.id)


def test_a_leg_cannot_be_cancelled_alone(ask: Ask, client: TradingClient) -> None:
    order = traded(client, SPREAD, 2)
    assert order.legs is not None
    assert ask("DELETE", f"/v2/orders/{order.legs[0].id}").status_code == 422


def test_cancelled_it_takes_its_legs_with_it(client: TradingClient) -> None:
    order = traded(client, SPREAD, 2)
    client.cancel_order_by_id(order.id)
    found = client.get_order_by_id(order.id)
    assert isinstance(found, Order)
    assert {one.status for one in (found, *(found.legs or []))} == {OrderStatus.CANCELED}


def test_a_roll_closes_and_opens_in_one_order(client: TradingClient) -> None:
    traded(client, SPREAD, None)
    roll = [(CALL, SELL, 1), (HIGHER_CALL, BUY, 1), ("AAPL261218C00105000", BUY, 1), ("AAPL261218C00115000", SELL, 1)]
    order = traded(client, roll, None)
    assert order.legs is not None
    assert [str(leg.position_intent and leg.position_intent.value) for leg in order.legs] == [
        "sell_to_close", "buy_to_close", "buy_to_open", "sell_to_open",
    ]  # fmt: skip
    held = [position for position in client.get_all_positions() if isinstance(position, Position)]
    assert {position.symbol for position in held} == {"AAPL261218C00105000", "AAPL261218C00115000"}


def test_each_leg_is_told_of_and_then_the_whole(client: TradingClient, updates: Updates) -> None:
    traded(client, SPREAD, None)
    updates.wait(4)
    assert updates.events == [("new", ""), ("fill", CALL), ("fill", HIGHER_CALL), ("fill", "")]
    told = [(one["data"].get("price"), one["data"].get("position_qty")) for one in updates.messages]
    assert told == [(None, None), ("5", "1"), ("2", "-1"), ("3", None)]


def test_a_part_fills_all_legs_in_ratio(alpaca: AlpacaThread, client: TradingClient, updates: Updates) -> None:
    order = traded(client, SPREAD, 2.5, qty=5)
    alpaca.set_quote(CALL, 4, 4.5, ask_size=2)
    updates.wait(4)
    assert [event for event, _ in updates.events] == ["new", "partial_fill", "partial_fill", "partial_fill"]
    assert updates.messages[-1]["data"]["order"]["filled_qty"] == "2"
    assert updates.of(order.id) == ["new", "partial_fill"]
