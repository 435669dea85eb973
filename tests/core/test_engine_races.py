"""Halting and cancelling while orders are on their way: nothing slips through between two turns of the loop."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from core.engine_desk import GOOG, buy, engine_on, kinds, simulated
from v6core.errors import OrderDenied
from v6core.orders import OrderStatus
from v6core.risk import RiskLimits
from v6core.testing import ScriptedBroker
from v6core.testing.scripted import accepts, takes

TURNS = range(8)
WITH_QUOTE = RiskLimits(price_collar=Decimal("0.05"))


async def turns(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


@pytest.mark.parametrize("number", TURNS)
@simulated
async def test_no_intent_becomes_durable_after_a_halt(number: int) -> None:
    async with engine_on(ScriptedBroker()) as engine:
        placing = asyncio.ensure_future(engine.place_order(GOOG, buy()))
        await turns(number)
        halting = asyncio.ensure_future(engine.halt("stop"))
        await asyncio.wait([placing, halting])
        heard = kinds(engine)
        if "INTENDED" in heard:
            assert heard.index("INTENDED") < heard.index("TRADING_STATE")
        else:
            assert isinstance(error := placing.exception(), OrderDenied)
            assert error.code == "TRADING_HALTED"


@simulated
async def test_a_halt_asked_for_in_the_same_turn_denies_the_order() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        placed, _ = await asyncio.gather(engine.place_order(GOOG, buy()), engine.halt("stop"), return_exceptions=True)
        assert isinstance(placed, OrderDenied)
        assert (placed.code, "stop" in placed.message) == ("TRADING_HALTED", True)
    assert broker.arrivals == []


@pytest.mark.parametrize("number", TURNS)
@simulated
async def test_halt_returns_after_what_was_being_sent(number: int) -> None:
    broker = ScriptedBroker()
    broker.on("place", takes(2), accepts)
    async with engine_on(broker) as engine:
        placing = asyncio.ensure_future(engine.place_order(GOOG, buy()))
        await turns(number)
        await engine.halt("stop")
        received = len(broker.calls)
        assert await engine.orders(statuses=["PENDING_SUBMIT"]) == ()
        await asyncio.wait([placing])
        assert len(broker.calls) == received
    assert len(broker.arrivals) <= 1


@simulated
async def test_halt_does_not_wait_for_answers() -> None:
    broker = ScriptedBroker()
    broker.on("place")
    async with engine_on(broker) as engine:
        placing = asyncio.ensure_future(engine.place_order(GOOG, buy()))
        await turns(4)
        before = engine.now()
        await engine.halt("stop")
        assert engine.now() - before < timedelta(seconds=0.1)
        assert (await placing).status is OrderStatus.IN_DOUBT


@simulated
async def test_giving_up_on_a_halt_cuts_no_send_in_two() -> None:
    broker = ScriptedBroker()
    broker.on("place", takes(2), accepts)
    async with engine_on(broker) as engine:
        placing = asyncio.ensure_future(engine.place_order(GOOG, buy()))
        await turns(4)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(engine.halt("stop"), 1)
        assert (await placing).status is OrderStatus.SUBMITTED


@simulated
async def test_a_change_that_has_passed_does_not_leave_after_a_halt() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        modifying = engine.modify_order(order.order_id, quantity=20)
        changed, _ = await asyncio.gather(modifying, engine.halt("stop"), return_exceptions=True)
        assert isinstance(changed, OrderDenied)
        assert changed.code == "TRADING_HALTED"
        assert (await engine.order(order.order_id)).quantity == 10
    assert broker.received("modify") == ()


@pytest.mark.parametrize("number", TURNS)
@simulated
async def test_cancelling_all_cancels_what_is_being_placed(number: int) -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        placing = asyncio.ensure_future(engine.place_order(GOOG, buy()))
        await turns(number + 1)
        (cancelled,) = await engine.cancel_all()
        await placing
        assert cancelled.status is OrderStatus.CANCELLED
        assert await engine.orders(open_only=True) == ()


@simulated
async def test_cancelling_all_waits_for_an_order_that_is_still_judged_and_sent() -> None:
    broker = ScriptedBroker()
    broker.on("quote", takes(1))
    broker.on("place", takes(1), accepts)
    async with engine_on(broker, limits=WITH_QUOTE) as engine:
        placing = asyncio.ensure_future(engine.place_order(GOOG, buy()))
        await turns(1)
        assert [order.status for order in await engine.cancel_all()] == [OrderStatus.CANCELLED]
        await placing
    assert [call.call for call in broker.calls][-3:-1] == ["PLACE", "CANCEL"]


@simulated
async def test_cancelling_a_strategy_leaves_anothers_order_that_is_being_placed() -> None:
    async with engine_on(ScriptedBroker()) as engine:
        placing = asyncio.ensure_future(engine.place_order(GOOG, buy(strategy_id="a")))
        await turns(1)
        assert await engine.cancel_all("b") == ()
        assert (await placing).status is OrderStatus.SUBMITTED


@simulated
async def test_cancelling_all_does_not_tell_of_an_order_that_was_denied() -> None:
    async with engine_on(ScriptedBroker()) as engine:
        placing = asyncio.ensure_future(engine.place_order(GOOG, buy(501)))
        await turns(1)
        assert await engine.cancel_all() == ()
        assert isinstance((await asyncio.gather(placing, return_exceptions=True))[0], OrderDenied)


@simulated
async def test_a_cancelled_call_leaves_nothing_that_a_cancel_would_wait_for() -> None:
    broker = ScriptedBroker()
    broker.on("qualify", takes(5))
    async with engine_on(broker) as engine:
        placing = asyncio.ensure_future(engine.place_order(GOOG, buy()))
        await turns(1)
        placing.cancel()
        assert await engine.cancel_all() == ()


@simulated
async def test_a_second_change_held_back_leaves_the_first_ones_reservation() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker, limits=RiskLimits(max_position=Decimal(30))) as engine:
        order = await engine.place_order(GOOG, buy())
        answers = await asyncio.gather(
            engine.modify_order(order.order_id, quantity=25),
            engine.modify_order(order.order_id, quantity=11),
            engine.place_order(GOOG, buy(10)),
            return_exceptions=True,
        )
        codes = [answer.code if isinstance(answer, OrderDenied) else "sent" for answer in answers]
        assert codes == ["sent", "CHANGE_PENDING", "MAX_POSITION"]
