"""A restart: the journal is all that an engine needs to go on, and what happened meanwhile is adopted once."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from core.engine_desk import (
    GOOG,
    MSFT,
    buy,
    engine_for,
    engine_on,
    journal_in,
    kinds,
    photograph,
    sell,
    settle,
    simulated,
    told,
)
from v6core.engine import OrderExecutionEngine
from v6core.errors import JournalLocked, OutcomeUnknown
from v6core.events import DoubtRaised, EngineStarted
from v6core.orders import BracketOrder, Order, OrderStatus, Pending
from v6core.testing import ScriptedBroker
from v6core.testing.scripted import accepts, fills, hangs, rejects

D = Decimal


@simulated
async def test_replay_equals_live_state_byte_for_byte(tmp_path: Path) -> None:
    broker, journal = ScriptedBroker(), journal_in(tmp_path)
    async with engine_on(broker, journal) as engine:
        broker.on("place", fills(4, "99.50", "0.35"))
        part = await engine.place_order(GOOG, buy(strategy_id="a"))
        await engine.modify_order(part.order_id, limit_price="99.75", quantity=8)
        broker.correct(next(iter(broker.book.executions)), price="99.25")
        broker.on("place", rejects("no margin"))
        await engine.place_order(GOOG, buy(11))
        bracket = BracketOrder(buy(10, "100"), sell(10, "110"), Order.stop("SELL", 10, "95"))
        await engine.place_bracket_order(bracket, MSFT)
        broker.adjust(GOOG, -1)
        await engine.halt("a night's rest")
        await settle()
        live = await photograph(engine)
    async with engine_on(broker, journal) as engine:
        assert await photograph(engine) == live
    async with engine_on(broker, journal) as engine:
        assert await photograph(engine) == live


@simulated
async def test_a_restart_that_finds_nothing_new_adds_nothing_but_its_start(tmp_path: Path) -> None:
    broker, journal = ScriptedBroker(), journal_in(tmp_path)
    async with engine_on(broker, journal) as engine:
        order = await engine.place_order(GOOG, buy())
        broker.fill(order, 3)
        await settle()
        before = kinds(engine)
    async with engine_on(broker, journal) as engine:
        assert kinds(engine) == [*before, "STARTED"]
        assert isinstance(told(engine)[-1], EngineStarted)


@simulated
async def test_what_filled_while_the_engine_was_away_is_adopted_once(tmp_path: Path) -> None:
    broker, journal = ScriptedBroker(), journal_in(tmp_path)
    async with engine_on(broker, journal) as engine:
        whole, part, gone = [await engine.place_order(GOOG, buy(q, strategy_id="a")) for q in (10, 20, 30)]
    broker.fill(whole, commission="1.05")
    broker.fill(part, 5)
    broker.end(gone)
    for _ in range(2):
        async with engine_on(broker, journal) as engine:
            broker.repeat()
            await settle()
            statuses = [order.status for order in await engine.orders()]
            assert statuses == [OrderStatus.FILLED, OrderStatus.PARTIALLY_FILLED, OrderStatus.CANCELLED]
            (position,) = await engine.positions()
            assert (position.quantity, position.strategy_id) == (D(15), "a")
            assert len(await engine.fills()) == 2


@simulated
async def test_an_order_whose_answer_was_not_heard_is_in_doubt_until_the_broker_shows_it(tmp_path: Path) -> None:
    broker, journal = ScriptedBroker(), journal_in(tmp_path)
    engine = engine_for(broker, journal)
    await engine.start()
    broker.on("place", hangs)
    placing = asyncio.create_task(engine.place_order(GOOG, buy()))
    await settle()
    crash(engine)
    async with engine_on(broker, journal) as again:
        (order,) = await again.orders()
        assert order.status is OrderStatus.SUBMITTED
        assert [e.reason for e in told(again) if isinstance(e, DoubtRaised)] == [
            "the engine ended before an answer came"
        ]
    placing.cancel()
    await asyncio.gather(placing, return_exceptions=True)
    assert len(broker.arrivals) == 1


def crash(engine: OrderExecutionEngine) -> None:
    """End an engine as a kill does: nothing is finished, only the journal's lock is let go."""
    engine.journal.close()


@simulated
async def test_an_order_that_never_arrived_is_lost_after_a_while_and_not_sent_again(tmp_path: Path) -> None:
    broker, journal = ScriptedBroker(), journal_in(tmp_path)
    broker.on("place", arrives=False)
    async with engine_on(broker, journal) as engine:
        await engine.place_order(GOOG, buy())
    async with engine_on(broker, journal) as engine:
        await settle(25)
        assert [order.status for order in await engine.orders()] == [OrderStatus.IN_DOUBT]
        await settle(15)
        assert [order.status for order in await engine.orders()] == [OrderStatus.LOST]
    assert len(broker.received("place")) == 1


@simulated
async def test_an_unanswered_cancel_is_in_doubt_after_a_restart_and_may_be_asked_again(tmp_path: Path) -> None:
    broker, journal = ScriptedBroker(), journal_in(tmp_path)
    engine = engine_for(broker, journal)
    await engine.start()
    order = await engine.place_order(GOOG, buy())
    broker.on("cancel", hangs)
    cancelling = asyncio.create_task(engine.cancel_order(order.order_id))
    await settle()
    crash(engine)
    async with engine_on(broker, journal) as again:
        assert (await again.order(order.order_id)).pending_cancel is Pending.IN_DOUBT
        assert await again.cancel_order(order.order_id) is True
    cancelling.cancel()
    await asyncio.gather(cancelling, return_exceptions=True)


@simulated
async def test_a_modify_that_took_effect_unheard_is_adopted_at_the_restart(tmp_path: Path) -> None:
    broker, journal = ScriptedBroker(), journal_in(tmp_path)
    async with engine_on(broker, journal) as engine:
        order = await engine.place_order(GOOG, buy(10, "99"))
        broker.on("modify")
        with pytest.raises(OutcomeUnknown):
            await engine.modify_order(order.order_id, limit_price="99.50")
    broker.confirm(order)
    async with engine_on(broker, journal) as engine:
        after = await engine.order(order.order_id)
        assert (str(after.limit_price), after.pending_modify, after.anomalies) == ("99.50", None, ())


@simulated
async def test_a_second_engine_on_the_same_journal_is_refused(tmp_path: Path) -> None:
    broker, journal = ScriptedBroker(), journal_in(tmp_path)
    async with engine_on(broker, journal):
        with pytest.raises(JournalLocked):
            await engine_for(ScriptedBroker(), journal).start()


@simulated
async def test_orders_of_another_engine_are_seen_and_never_touched(tmp_path: Path) -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as other:
        theirs = await other.place_order(GOOG, buy())
    async with engine_on(broker, journal_in(tmp_path)) as engine:
        broker.fill(theirs)
        await settle()
        assert await engine.orders() == ()
        assert engine.trading_state == "ACTIVE"
        assert "FOREIGN" in kinds(engine)
        broker.on("place", accepts)
        await engine.cancel_all()
    assert broker.received("cancel") == ()
