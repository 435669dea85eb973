"""Orders in every kind of contract over the wire: placed, changed, cancelled, filled, held and read back."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from ib.ib_desk import D, engine_on, ib, on_loop, tws
from v6core.contracts import Contract, Crypto, Forex, Future, FutureOption, OptionRight, Stock
from v6core.orders import Order, OrderStatus

ES = Future("ES", "2027-03-19", multiplier=50, exchange="CME")
ES_CALL = FutureOption("ES", "2027-03-19", 6000, "CALL", multiplier=50, exchange="CME")
SAP = Stock("SAP", exchange="IBIS", currency="EUR")
DAX = Future("DAX", "2027-03-19", multiplier=25, exchange="EUREX", currency="EUR")


@dataclass(frozen=True)
class Trade:
    """What is bought in a test: how much, at what price, and at which one it rests."""

    contract: Contract
    quantity: Decimal
    price: Decimal
    below: Decimal
    currency: str = "USD"

    def __str__(self) -> str:
        return self.contract.key


TRADES = [
    Trade(ES, D(2), D(100), D(90)),
    Trade(ES_CALL, D(3), D(100), D(90)),
    Trade(Forex("EUR/USD"), D(20_000), D("1.1"), D("1.05")),
    Trade(Crypto("BTC"), D("0.01"), D(60_000), D(59_000)),
    Trade(SAP, D(10), D(150), D(140), "EUR"),
    Trade(DAX, D(1), D(100), D(90), "EUR"),
]


@pytest.mark.parametrize("trade", TRADES, ids=str)
@on_loop
async def test_an_order_rests_is_changed_and_cancelled(tmp_path: Path, trade: Trade) -> None:
    async with tws(currency=trade.currency) as gateway, engine_on(gateway, tmp_path) as engine:
        gateway.price(trade.price, trade.contract)
        order = await engine.place_order(trade.contract, Order.limit("BUY", trade.quantity, trade.below))
        assert (order.status, order.anomalies) == (OrderStatus.SUBMITTED, ())
        order = await engine.modify_order(order.order_id, quantity=trade.quantity * 2)
        assert (order.quantity, order.anomalies) == (trade.quantity * 2, ())
        assert await engine.cancel_order(order.order_id)
        order = await engine.wait_for(order.order_id, "CANCELLED", timeout=5)
        assert order.anomalies == ()


@pytest.mark.parametrize("trade", TRADES, ids=str)
@on_loop
async def test_an_order_fills_and_is_read_back_by_the_next_start(tmp_path: Path, trade: Trade) -> None:
    contract, quantity, price = trade.contract, trade.quantity, trade.price
    async with tws(currency=trade.currency) as gateway:
        gateway.price(price, contract)
        async with engine_on(gateway, tmp_path) as engine:
            order = await engine.place_order(contract, Order.limit("BUY", quantity, price))
            order = await engine.wait_for(order.order_id, "FILLED", timeout=5)
            assert (order.filled_quantity, order.avg_fill_price) == (quantity, price)
            resting = await engine.place_order(contract, Order.limit("BUY", quantity, trade.below, tif="GTC"))
        async with ib(gateway, tmp_path) as desk:
            seen = await desk.broker.snapshot()
    (position,), (found,), (report,) = seen.positions, seen.open_orders, seen.fills
    assert (position.contract.key, position.quantity, position.avg_cost) == (contract.key, quantity, price)
    assert (report.fill.contract.key, report.fill.quantity, report.fill.price) == (contract.key, quantity, price)
    assert found.order_ref == resting.order_ref
    assert found.terms is not None
    assert found.terms.contract is not None
    assert (found.terms.contract.key, found.terms.quantity) == (contract.key, quantity)


@on_loop
async def test_an_option_of_the_chain_of_a_future_is_traded(tmp_path: Path) -> None:
    async with tws() as gateway, engine_on(gateway, tmp_path) as engine:
        chain = await engine.option_chain(Future("ES", ES.expiration))
        option = chain.option(ES.expiration, D(6000), OptionRight.CALL)
        assert isinstance(option, FutureOption)
        gateway.price(100, option)
        order = await engine.place_order(option, Order.limit("BUY", 3, 100))
        order = await engine.wait_for(order.order_id, "FILLED", timeout=5)
        assert (order.contract and order.contract.key, order.avg_fill_price) == (ES_CALL.key, D(100))


@on_loop
async def test_a_future_takes_no_cash_and_what_it_makes_is_cash(tmp_path: Path) -> None:
    async with tws() as gateway, engine_on(gateway, tmp_path) as engine:
        gateway.price(100, ES)
        before = await engine.account()
        order = await engine.place_order(ES, Order.limit("BUY", 2, 100))
        order = await engine.wait_for(order.order_id, "FILLED", timeout=5)
        gateway.price(110, ES)
        wanted = before.cash + 1000 - order.commission
        after = before
        async with asyncio.timeout(5):
            while after.cash != wanted:
                await asyncio.sleep(0.01)
                after = await engine.account()
        assert after.equity == after.cash
