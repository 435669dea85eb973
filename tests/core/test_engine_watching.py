"""What an engine tells: waiting for an order, the stream of events, positions by strategy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest

from core.engine_desk import GOOG, MSFT, buy, engine_on, journal_in, kinds, names, sell, settle, simulated
from v6core.errors import NotConnected, UnknownOrder
from v6core.events import EngineEvent, Event, OrderEvent
from v6core.journal import Entry, MemoryJournal, Row
from v6core.orders import OrderStatus
from v6core.testing import ScriptedBroker
from v6core.testing.scripted import accepts, fills, hangs, later, rejects

D = Decimal


@simulated
async def test_wait_for_a_status() -> None:
    broker = ScriptedBroker()
    broker.on("place", accepts, later(3, fills(4)), later(9, fills(6)))
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        assert (await engine.wait_for(order.order_id, "PARTIALLY_FILLED")).filled_quantity == 4
        assert (await engine.wait_for(order.order_id, timeout=10)).status is OrderStatus.FILLED


@simulated
async def test_wait_for_a_status_that_cannot_come_ends_with_the_order() -> None:
    broker = ScriptedBroker()
    broker.on("place", rejects("no"))
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        assert (await engine.wait_for(order.order_id, OrderStatus.FILLED)).status is OrderStatus.REJECTED


@simulated
async def test_wait_for_runs_out_of_time() -> None:
    async with engine_on(ScriptedBroker()) as engine:
        order = await engine.place_order(GOOG, buy())
        with pytest.raises(TimeoutError, match="is still SUBMITTED after 5 s"):
            await engine.wait_for(order.order_id, timeout=5)


@simulated
async def test_wait_for_an_unknown_order_or_status_says_so() -> None:
    async with engine_on(ScriptedBroker()) as engine:
        with pytest.raises(UnknownOrder):
            await engine.wait_for(uuid4())
        with pytest.raises(ValueError, match="NONSENSE"):
            await engine.wait_for(uuid4(), "NONSENSE")


@simulated
async def test_who_waits_is_told_that_the_engine_stopped() -> None:
    async with engine_on(ScriptedBroker()) as engine:
        order = await engine.place_order(GOOG, buy())
        waiting = asyncio.create_task(engine.wait_for(order.order_id))
        await settle()
    with pytest.raises(NotConnected, match="the engine was stopped"):
        await waiting


@simulated
async def test_events_come_all_and_in_order_from_the_call_on() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        await engine.place_order(GOOG, buy())
        stream = engine.events()
        order = await engine.place_order(GOOG, buy(11))
        await engine.cancel_order(order.order_id)
        heard: list[Event] = []
        reading = asyncio.create_task(read(stream, heard))
        await settle()
        assert names(heard) == kinds(engine)[3:] == ["INTENDED", "REPORTED", "CANCEL_REQUESTED", "REPORTED"]
        await engine.halt("enough")
        await settle()
        assert heard[-1].event == "TRADING_STATE"
    await reading


async def read(stream: AsyncIterator[OrderEvent | EngineEvent], heard: list[Event]) -> None:
    async for event in stream:
        heard.append(event)  # noqa: PERF401 -- each is to be seen while the stream goes on


@simulated
async def test_an_event_is_told_only_once_it_is_durable() -> None:
    durable: list[int] = []
    early: list[OrderEvent | EngineEvent] = []

    class Counting(MemoryJournal):
        def append(self, entries: Sequence[Entry]) -> tuple[Row, ...]:
            rows = super().append(entries)
            durable.append(rows[-1].seq)
            return rows

    broker = ScriptedBroker()
    async with engine_on(broker, Counting) as engine:

        async def watch() -> None:
            told = 1
            async for event in engine.events():
                told += 1
                if told > durable[-1]:
                    early.append(event)

        watching = asyncio.create_task(watch())
        await settle()
        for quantity in range(1, 5):
            order = await engine.place_order(GOOG, buy(quantity))
            broker.fill(order)
        await settle()
        watching.cancel()
    assert early == []


@simulated
async def test_a_slow_reader_misses_nothing() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        stream = engine.events()
        for quantity in range(1, 20):
            await engine.place_order(GOOG, buy(quantity))
        heard = [(await anext(stream)).event for _ in range(38)]
        assert heard == ["INTENDED", "REPORTED"] * 19


@simulated
async def test_positions_are_the_brokers_split_by_strategy() -> None:
    broker = ScriptedBroker()
    broker.on("place", fills(price="100"), always=True)
    broker.adjust(GOOG, 5, "90")
    async with engine_on(broker) as engine:
        await engine.place_order(GOOG, buy(10, strategy_id="a"))
        await engine.place_order(GOOG, buy(20, strategy_id="b"))
        await engine.place_order(GOOG, sell(4, strategy_id="a"))
        await engine.place_order(MSFT, sell(3))
        rows = {(row.contract.key, row.strategy_id): row.quantity for row in await engine.positions()}
        assert rows == {("GOOG", "a"): 6, ("GOOG", "b"): 20, ("GOOG", None): 5, ("MSFT", None): -3}


@simulated
async def test_orders_and_fills_are_filtered() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        mine = await engine.place_order(GOOG, buy(strategy_id="a"))
        other = await engine.place_order(MSFT, buy())
        broker.fill(mine)
        await settle()
        assert [order.order_id for order in await engine.orders(strategy_id="a")] == [mine.order_id]
        assert [order.order_id for order in await engine.orders(open_only=True)] == [other.order_id]
        assert [order.order_id for order in await engine.orders(statuses=["FILLED"])] == [mine.order_id]
        assert [fill.order_id for fill in await engine.fills(order_id=mine.order_id)] == [mine.order_id]
        assert await engine.fills(order_id=other.order_id) == ()


@simulated
async def test_market_data_and_account_come_from_the_broker() -> None:
    broker = ScriptedBroker()
    broker.set_quote(GOOG, 99, 101)
    async with engine_on(broker) as engine:
        assert (await engine.quote(GOOG)).mid == 100
        assert [quote.contract async for quote in engine.quotes([GOOG])] == [GOOG]
        assert (await engine.account()).cash == 100_000


@simulated
async def test_an_engine_starts_again_after_it_stopped(tmp_path: Path) -> None:
    broker, journal = ScriptedBroker(), journal_in(tmp_path)
    async with engine_on(broker, journal) as engine:
        await engine.place_order(GOOG, buy())
        await engine.stop()
        with pytest.raises(NotConnected):
            await engine.orders()
        await engine.start()
        assert len(await engine.orders()) == 1


@simulated
async def test_a_broker_that_hangs_while_disconnecting_does_not_keep_the_journal(tmp_path: Path) -> None:
    broker, journal = ScriptedBroker(), journal_in(tmp_path)
    broker.on("disconnect", hangs)
    async with engine_on(broker, journal):
        pass
    journal().close()
