"""What becomes of working orders at a regular stop, as ``[engine] on_exit`` says."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest

from core.engine_desk import GOOG, MSFT, buy, engine_for, sell, simulated
from v6core.config import EngineSection, OnExit
from v6core.engine import OrderExecutionEngine
from v6core.engine.leaving import to_cancel
from v6core.errors import Unavailable
from v6core.orders import BracketOrder, Order
from v6core.testing import ScriptedBroker
from v6core.testing.scripted import accepts, fills, hangs, raises, refuses

LEFT = {OnExit.KEEP: 3, OnExit.CANCEL_ENTRIES: 1, OnExit.CANCEL_ALL: 0}


@asynccontextmanager
async def leaving(broker: ScriptedBroker, on_exit: OnExit | str) -> AsyncGenerator[OrderExecutionEngine]:
    """Start an engine that leaves in one of the ways."""
    async with engine_for(broker, deadlines=EngineSection(on_exit=OnExit(on_exit))) as engine:
        yield engine


def open_at(broker: ScriptedBroker) -> list[Order]:
    return [held.order for held in broker.book.orders.values() if held.is_open]


@pytest.mark.parametrize(("on_exit", "left"), LEFT.items())
@simulated
async def test_a_stop_cancels_what_it_is_told_to(on_exit: OnExit, left: int) -> None:
    broker = ScriptedBroker()
    async with leaving(broker, on_exit) as engine:
        broker.on("place", accepts, fills())
        await engine.place_order(GOOG, buy(10))
        await engine.place_order(GOOG, buy(5, "90"))
        await engine.place_order(MSFT, sell(5, "110"))
        await engine.place_order(GOOG, sell(10, "110"))
    assert len(open_at(broker)) == left
    assert all(order.action == "SELL" for order in open_at(broker)) or on_exit is OnExit.KEEP


@simulated
async def test_a_failed_start_cancels_nothing() -> None:
    broker = ScriptedBroker()
    async with leaving(broker, "cancel_all") as engine:
        await engine.place_order(GOOG, buy())
        broker.on("cancel", refuses("not yet"))
    broker.on("snapshot", raises(Unavailable("busy")), always=True)
    with pytest.raises(Unavailable):
        await engine.start()
    assert len(broker.received("cancel")) == 1


@simulated
async def test_the_exits_of_a_bracket_are_no_entries() -> None:
    broker = ScriptedBroker()
    async with leaving(broker, "cancel_entries") as engine:
        bracket = BracketOrder(buy(), Order.limit("SELL", 10, "110"), Order.stop("SELL", 10, "90"))
        await engine.place_bracket_order(bracket, GOOG)
    assert broker.received("cancel") == (next(iter(broker.book.orders)),)


def test_two_exits_of_which_one_fills_are_each_looked_at_alone() -> None:
    exits = tuple(sell(10, price, contract=GOOG, oca_group="exits") for price in ("110", "120"))
    assert to_cancel(OnExit.CANCEL_ENTRIES, exits, {"GOOG": Decimal(10)}) == ()


def test_what_would_turn_a_position_round_is_an_entry() -> None:
    order = sell(11, contract=GOOG)
    assert to_cancel(OnExit.CANCEL_ENTRIES, (order,), {"GOOG": Decimal(10)}) == (order,)


@pytest.mark.parametrize("step", [hangs, None])
@simulated
async def test_a_cancel_that_nobody_answers_is_told_and_does_not_hold_the_stop_up(
    step: object, caplog: pytest.LogCaptureFixture
) -> None:
    broker = ScriptedBroker()
    broker.on("cancel", *(() if step is None else (hangs,)), always=True)
    loop = asyncio.get_running_loop()
    with caplog.at_level(logging.WARNING):
        async with leaving(broker, "cancel_all") as engine:
            order = await engine.place_order(GOOG, buy())
            began = loop.time()
    assert loop.time() - began <= 2 * EngineSection().cancel_deadline
    assert f"order {order.order_id} at the stop: nobody answered" in caplog.text


@simulated
async def test_a_cancel_that_is_refused_leaves_the_order() -> None:
    broker = ScriptedBroker()
    broker.on("cancel", refuses("no"), always=True)
    async with leaving(broker, "cancel_all") as engine:
        await engine.place_order(GOOG, buy())
    assert len(open_at(broker)) == 1
