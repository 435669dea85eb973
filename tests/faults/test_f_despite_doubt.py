"""Doubt never traps anybody: what only reduces goes out beside an order of which nobody knows whether it works."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from decimal import Decimal
from uuid import UUID

import pytest

from core.engine_desk import GOOG, buy, engine_on, sell, simulated, told
from core.planning_market import NEAR, condor, put
from core.test_engine_strategies import account_of, market, opened
from v6core.engine import OrderExecutionEngine
from v6core.errors import OrderDenied, OutcomeUnknown, Unavailable
from v6core.events import OrderIntended
from v6core.fills import ActionTaken
from v6core.orders import Order, OrderStatus
from v6core.risk import RiskLimits
from v6core.strategies import vertical_spread
from v6core.testing import ScriptedBroker
from v6core.testing.scripted import fills, raises

D = Decimal
VERTICAL = vertical_spread("SPY", NEAR, "PUT", 570, 580, 2, strategy_id="vertical")


def stays_in_doubt(broker: ScriptedBroker, questions: Iterable[str] = ("find", "snapshot")) -> None:
    """Let the broker tell nothing that would settle a doubt."""
    for question in questions:
        broker.on(question, raises(Unavailable("busy")), always=True)


async def closing_in_doubt(engine: OrderExecutionEngine, broker: ScriptedBroker) -> Order:
    """Hold 10 and leave the order that closes them in doubt, for as long as the broker cannot be asked."""
    stays_in_doubt(broker)
    broker.on("place", arrives=False)
    order = await engine.place_order(GOOG, sell(10))
    assert order.status is OrderStatus.IN_DOUBT
    return order


def intent(engine: OrderExecutionEngine, order_id: UUID) -> OrderIntended:
    event = told(engine, order_id)[0]
    assert isinstance(event, OrderIntended)
    return event


@simulated
async def test_despite_doubt_a_reducing_order_goes_out_beside_its_equal_and_tells_the_worst_case() -> None:
    broker = ScriptedBroker()
    broker.adjust(GOOG, 10)
    async with engine_on(broker, limits=RiskLimits(duplicate_window=D(2), max_position=D(10))) as engine:
        await closing_in_doubt(engine, broker)
        with pytest.raises(OrderDenied, match="DUPLICATE") as denied:
            await engine.place_order(GOOG, sell(10))
        assert "despite_doubt=True" in str(denied.value.hint)
        broker.on("place", fills())
        second = await engine.place_order(GOOG, sell(10), despite_doubt=True)
        assert second.status is OrderStatus.FILLED
        assert intent(engine, second.order_id).worst_case == {GOOG.key: D(-10)}


@simulated
async def test_despite_doubt_what_does_not_reduce_is_denied_as_always() -> None:
    broker = ScriptedBroker()
    broker.adjust(GOOG, 10)
    async with engine_on(broker) as engine:
        await closing_in_doubt(engine, broker)
        await engine.halt("only what reduces")
        for order in (sell(11), buy(1)):
            with pytest.raises(OrderDenied, match="TRADING_HALTED"):
                await engine.place_order(GOOG, order, despite_doubt=True)


@simulated
async def test_despite_doubt_changes_nothing_where_nothing_is_in_doubt() -> None:
    broker = ScriptedBroker()
    broker.adjust(GOOG, 10)
    async with engine_on(broker) as engine:
        await engine.halt("only what reduces")
        first = await engine.place_order(GOOG, sell(6), despite_doubt=True)
        assert intent(engine, first.order_id).worst_case is None
        with pytest.raises(OrderDenied, match="TRADING_HALTED"):
            await engine.place_order(GOOG, sell(6), despite_doubt=True)


@simulated
async def test_despite_doubt_two_at_the_same_moment_do_not_both_pass() -> None:
    broker = ScriptedBroker()
    broker.adjust(GOOG, 10)
    async with engine_on(broker) as engine:
        await closing_in_doubt(engine, broker)
        await engine.halt("only what reduces")
        calls = (engine.place_order(GOOG, sell(10, "101"), despite_doubt=True) for _ in range(3))
        answers = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(answer).__name__ for answer in answers] == ["Order", "OrderDenied", "OrderDenied"]


@simulated
async def test_a_working_order_whose_cancel_is_in_doubt_traps_nobody_either() -> None:
    broker = ScriptedBroker()
    broker.adjust(GOOG, 10)
    async with engine_on(broker) as engine:
        first = await engine.place_order(GOOG, sell(10, "120"))
        broker.on("cancel", arrives=False, always=True)
        with pytest.raises(OutcomeUnknown):
            await engine.cancel_order(first.order_id)
        await engine.halt("only what reduces")
        with pytest.raises(OrderDenied, match="TRADING_HALTED"):
            await engine.place_order(GOOG, sell(10))
        second = await engine.place_order(GOOG, sell(10), despite_doubt=True)
        assert intent(engine, second.order_id).worst_case == {GOOG.key: D(-10)}


@simulated
async def test_despite_doubt_a_strategy_is_closed_beside_the_close_that_is_in_doubt() -> None:
    broker = market()
    async with engine_on(broker) as engine:
        strategy = await opened(engine, VERTICAL)
        stays_in_doubt(broker, ["find"])
        broker.on("place", arrives=False)
        first = await engine.close_position(strategy)
        assert first.action_taken is ActionTaken.UNKNOWN
        joined = await engine.close_position(strategy)
        assert joined.order_ids == first.order_ids
        second = await engine.close_position(strategy, despite_doubt=True)
        assert second.action_taken is ActionTaken.CLOSED
        assert second.order_ids != first.order_ids
        assert intent(engine, second.order_ids[0]).worst_case == {put(570).key: D(-2), put(580).key: D(2)}
        assert account_of(broker) == {}


@simulated
async def test_despite_doubt_legs_are_closed_one_after_the_other() -> None:
    broker = market()
    async with engine_on(broker) as engine:
        strategy = await opened(engine, condor(1))
    split = market(max_combo_legs=0)
    for contract, quantity in strategy.signed_legs:
        split.adjust(contract, quantity)
    async with engine_on(split) as engine:
        stays_in_doubt(split, ["find"])
        split.on("place", arrives=False)
        first = await engine.close_position(strategy, timeout=20)
        assert first.action_taken is not ActionTaken.CLOSED
        second = await engine.close_position(strategy, despite_doubt=True)
        assert second.action_taken is ActionTaken.CLOSED, second.error_message
        assert account_of(split) == {}
        assert intent(engine, second.order_ids[0]).worst_case is not None


@simulated
async def test_despite_doubt_a_close_that_works_is_joined_as_always() -> None:
    broker = market()
    async with engine_on(broker) as engine:
        strategy = await opened(engine, VERTICAL)
        broker.on("place", lambda b, refs: b.accept(refs[0]))
        first = await engine.close_position(strategy, timeout=1)
        assert first.action_taken is ActionTaken.WORKING
        second = await engine.close_position(strategy, timeout=1, despite_doubt=True)
        assert second.order_ids == first.order_ids


@simulated
async def test_despite_doubt_an_exit_whose_cancel_is_in_doubt_traps_nobody() -> None:
    broker = market()
    async with engine_on(broker) as engine:
        strategy = await opened(engine, VERTICAL)
        broker.on("place", lambda b, refs: b.accept(refs[0]))
        exit_order = await engine.place_order(put(580), Order.stop("BUY", 2, "5", strategy_id=strategy.strategy_id))
        broker.on("cancel", arrives=False, always=True)
        stuck = await engine.close_position(strategy)
        assert stuck.action_taken is ActionTaken.UNKNOWN
        closed = await engine.close_position(strategy, despite_doubt=True)
        assert closed.action_taken is ActionTaken.CLOSED, closed.error_message
        assert exit_order.order_id not in closed.order_ids
        assert account_of(broker) == {}
