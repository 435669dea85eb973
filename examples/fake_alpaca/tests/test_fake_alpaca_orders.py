"""Simple orders, through the official client."""

from __future__ import annotations

from typing import Any

import pytest
from alpaca.common.exceptions import APIError
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import OrderSide, OrderStatus, TimeInForce
from alpaca.trading.models import Order
from alpaca.trading.requests import (
    LimitOrderRequest,
    MarketOrderRequest,
    ReplaceOrderRequest,
    StopLimitOrderRequest,
    StopOrderRequest,
    TrailingStopOrderRequest,
)

from alpaca_story import CALL, Ask
from fake_alpaca.testing import AlpacaThread


def placed(client: TradingClient, request: object) -> Order:
    order = client.submit_order(request)  # type: ignore[arg-type]
    assert isinstance(order, Order)
    return order


def shown(client: TradingClient, order: Order) -> Order:
    found = client.get_order_by_id(order.id)
    assert isinstance(found, Order)
    return found


def market(**terms: object) -> MarketOrderRequest:
    given = {"symbol": "AAPL", "qty": 10, "side": OrderSide.BUY, "time_in_force": TimeInForce.DAY, **terms}
    return MarketOrderRequest(**given)


def limit(price: float, **terms: object) -> LimitOrderRequest:
    given = {"symbol": "AAPL", "qty": 10, "side": OrderSide.BUY, "time_in_force": TimeInForce.DAY, **terms}
    return LimitOrderRequest(limit_price=price, **given)


def refusal(error: pytest.ExceptionInfo[APIError]) -> tuple[int, int, str]:
    told: Any = error.value
    return told.status_code, told.code, told.message


def test_an_order_is_answered_before_it_fills(client: TradingClient) -> None:
    assert placed(client, market()).status is OrderStatus.PENDING_NEW


def test_a_market_order_fills_at_the_quote(client: TradingClient) -> None:
    order = shown(client, placed(client, market()))
    assert (order.status, order.filled_qty, order.filled_avg_price) == (OrderStatus.FILLED, "10", "100")


def test_a_limit_order_rests_until_its_price_comes(alpaca: AlpacaThread, client: TradingClient) -> None:
    order = placed(client, limit(95))
    assert shown(client, order).status is OrderStatus.NEW
    alpaca.set_price("AAPL", 94)
    assert shown(client, order).status is OrderStatus.FILLED


@pytest.mark.parametrize(
    "request_",
    [
        StopOrderRequest(symbol="AAPL", qty=1, side=OrderSide.SELL, time_in_force=TimeInForce.GTC, stop_price=90),
        StopLimitOrderRequest(
            symbol="AAPL", qty=1, side=OrderSide.SELL, time_in_force=TimeInForce.GTC, stop_price=90, limit_price=80
        ),
        TrailingStopOrderRequest(
            symbol="AAPL", qty=1, side=OrderSide.SELL, time_in_force=TimeInForce.GTC, trail_price=9
        ),
        TrailingStopOrderRequest(
            symbol="AAPL", qty=1, side=OrderSide.SELL, time_in_force=TimeInForce.GTC, trail_percent=9
        ),
    ],
    ids=["stop", "stop limit", "trailing by price", "trailing by percent"],
)
def test_a_stop_fills_when_it_is_reached(alpaca: AlpacaThread, client: TradingClient, request_: object) -> None:
    order = placed(client, request_)
    assert shown(client, order).status is OrderStatus.NEW
    alpaca.set_price("AAPL", 85)
    assert shown(client, order).status is OrderStatus.FILLED


def test_what_an_ioc_order_does_not_get_is_canceled(client: TradingClient) -> None:
    order = placed(client, limit(95, time_in_force=TimeInForce.IOC))
    assert shown(client, order).status is OrderStatus.CANCELED


def test_an_option_trades_by_its_occ_symbol(client: TradingClient) -> None:
    order = shown(client, placed(client, market(symbol=CALL, qty=1)))
    assert (order.filled_avg_price, order.position_intent) == ("5", "buy_to_open")


# Clients' ids


def test_an_order_is_found_by_its_clients_id(client: TradingClient) -> None:
    order = placed(client, market(client_order_id="mine"))
    found = client.get_order_by_client_id("mine")
    assert isinstance(found, Order)
    assert found.id == order.id


def test_a_clients_id_is_taken_once(client: TradingClient) -> None:
    placed(client, market(client_order_id="mine"))
    with pytest.raises(APIError) as error:
        placed(client, market(client_order_id="mine"))
    assert refusal(error) == (422, 40010001, "client_order_id must be unique")


def test_a_clients_id_stays_taken_after_its_order_has_ended(client: TradingClient) -> None:
    client.cancel_order_by_id(placed(client, limit(90, client_order_id="mine")).id)
    with pytest.raises(APIError) as error:
        placed(client, market(client_order_id="mine"))
    assert refusal(error)[0] == 422


def test_a_clients_id_has_128_characters_at_most(client: TradingClient) -> None:
    placed(client, market(client_order_id="x" * 128))
    with pytest.raises(APIError) as error:
        placed(client, market(client_order_id="x" * 129))
    assert refusal(error) == (422, 40010001, "client_order_id must be no more than 128 characters")


def test_a_refused_order_leaves_its_clients_id_free(client: TradingClient) -> None:
    with pytest.raises(APIError):
        placed(client, market(qty=1_000_000, client_order_id="mine"))
    assert placed(client, market(client_order_id="mine")).client_order_id == "mine"


@pytest.mark.parametrize(
    "path", ["/v2/orders/2200f003-2dfd-4a20-9ffa-d39f7ae4849e", "/v2/orders:by_client_order_id?client_order_id=none"]
)
def test_an_order_that_is_not_there_is_not_found(ask: Ask, path: str) -> None:
    answer = ask("GET", path)
    assert (answer.status_code, answer.json()["code"]) == (404, 40410000)


# Replacing


def test_a_replacement_is_another_order(client: TradingClient) -> None:
    old = placed(client, limit(90))
    new = client.replace_order_by_id(old.id, ReplaceOrderRequest(limit_price=91))
    assert isinstance(new, Order)
    assert new.id != old.id
    assert (new.replaces, shown(client, old).replaced_by) == (old.id, new.id)


def test_a_replaced_order_has_ended_and_its_successor_works(client: TradingClient) -> None:
    old = placed(client, limit(90))
    new = client.replace_order_by_id(old.id, ReplaceOrderRequest(limit_price=91, qty=5))
    assert isinstance(new, Order)
    now = shown(client, new)
    assert shown(client, old).status is OrderStatus.REPLACED
    assert (now.status, now.limit_price, now.qty) == (OrderStatus.NEW, "91", "5")


def test_a_replacement_has_a_clients_id_of_its_own(client: TradingClient) -> None:
    old = placed(client, limit(90, client_order_id="first"))
    new = client.replace_order_by_id(old.id, ReplaceOrderRequest(limit_price=91, client_order_id="second"))
    assert isinstance(new, Order)
    assert new.client_order_id == "second"
    with pytest.raises(APIError) as error:
        client.replace_order_by_id(new.id, ReplaceOrderRequest(limit_price=92, client_order_id="first"))
    assert refusal(error) == (422, 40010001, "client_order_id must be unique")


def test_a_replacement_starts_afresh_with_nothing_filled(alpaca: AlpacaThread, client: TradingClient) -> None:
    old = placed(client, limit(95))
    alpaca.set_quote("AAPL", 94, 95, ask_size=4)
    new = client.replace_order_by_id(old.id, ReplaceOrderRequest(limit_price=96, qty=3))
    assert isinstance(new, Order)
    assert (shown(client, old).filled_qty, new.filled_qty, new.qty) == ("4", "0", "3")
    alpaca.set_quote("AAPL", 94, 95, ask_size=100)
    assert (shown(client, new).filled_qty, shown(client, old).filled_qty) == ("3", "4")


def test_a_replacement_keeps_its_quantity_while_parts_of_it_fill(alpaca: AlpacaThread, client: TradingClient) -> None:
    old = placed(client, limit(95))
    alpaca.set_quote("AAPL", 94, 95, ask_size=4)
    new = client.replace_order_by_id(old.id, ReplaceOrderRequest(limit_price=96, qty=8))
    assert isinstance(new, Order)
    alpaca.set_quote("AAPL", 94, 96, ask_size=2)
    now = shown(client, new)
    assert (now.status, now.qty, now.filled_qty) == (OrderStatus.PARTIALLY_FILLED, "8", "2")


def test_a_replaced_order_cannot_be_replaced(client: TradingClient) -> None:
    old = placed(client, limit(90))
    client.replace_order_by_id(old.id, ReplaceOrderRequest(limit_price=91))
    with pytest.raises(APIError) as error:
        client.replace_order_by_id(old.id, ReplaceOrderRequest(limit_price=92))
    assert refusal(error) == (422, 42210000, "cannot replace order in replaced status")


def test_a_replacement_that_changes_nothing_is_refused(client: TradingClient) -> None:
    old = placed(client, limit(90))
    with pytest.raises(APIError) as error:
        client.replace_order_by_id(old.id, ReplaceOrderRequest(limit_price=90))
    assert refusal(error) == (403, 40310000, "order parameters are not changed")


def test_a_replacement_beyond_the_account_leaves_the_order_as_it_was(client: TradingClient) -> None:
    old = placed(client, limit(90))
    with pytest.raises(APIError) as error:
        client.replace_order_by_id(old.id, ReplaceOrderRequest(qty=1_000_000))
    assert refusal(error) == (403, 40310000, "insufficient buying power")
    assert (shown(client, old).status, shown(client, old).qty) == (OrderStatus.NEW, "10")


def test_a_trailing_stops_trail_can_be_replaced(client: TradingClient) -> None:
    terms = {"symbol": "AAPL", "qty": 1, "side": OrderSide.SELL, "time_in_force": TimeInForce.GTC}
    old = placed(client, TrailingStopOrderRequest(**terms, trail_percent=9))
    new = client.replace_order_by_id(old.id, ReplaceOrderRequest(trail=8))
    assert isinstance(new, Order)
    assert new.trail_percent == "8"


# Cancelling


def test_a_cancelled_order_is_canceled(client: TradingClient) -> None:
    order = placed(client, limit(90))
    client.cancel_order_by_id(order.id)
    assert shown(client, order).status is OrderStatus.CANCELED


def test_a_filled_order_cannot_be_cancelled(client: TradingClient) -> None:
    order = placed(client, market())
    with pytest.raises(APIError) as error:
        client.cancel_order_by_id(order.id)
    assert refusal(error) == (422, 42210000, 'order is already in "filled" state')


def test_everything_is_cancelled_at_once(client: TradingClient) -> None:
    orders = [placed(client, limit(90)), placed(client, limit(91))]
    answers = client.cancel_orders()
    assert {(answer.id, answer.status) for answer in answers if not isinstance(answer, str)} == {
        (order.id, 200) for order in orders
    }
    assert client.get_orders() == []
