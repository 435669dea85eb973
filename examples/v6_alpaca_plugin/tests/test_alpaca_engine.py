"""An engine in front of the plugin: what its users see."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from alpaca_floor import AAPL, CALL, CONDOR, EXPIRATION, VERTICAL, settings_for
from fake_alpaca.alpaca import FakeAlpaca
from fake_alpaca.desk.tickets import OrderQuery
from fake_alpaca.testing import running_alpaca
from v6_alpaca_plugin import v6_brokers
from v6core import BracketOrder, Order, OrderExecutionEngine, iron_condor
from v6core.config import EngineSection
from v6core.contracts import Combo, ComboLeg
from v6core.errors import ModifyRejected, NotSupported, OrderDenied
from v6core.orders import OrderStatus

Story = Callable[[OrderExecutionEngine, FakeAlpaca], Awaitable[None]]


def engine_test(story: Story) -> Callable[[], None]:
    """Run a story with an engine in front of an Alpaca of its own."""

    async def told() -> None:
        (spec,) = v6_brokers()
        async with running_alpaca(prices={"AAPL": 100}) as alpaca:
            engine = OrderExecutionEngine.from_spec(
                spec, settings_for(alpaca), deadlines=EngineSection(settle=0.05, grace=0.1)
            )
            async with engine:
                await story(engine, alpaca)

    def test() -> None:
        asyncio.run(told())

    test.__name__, test.__doc__ = story.__name__, story.__doc__
    return test


@engine_test
async def test_an_order_fills(engine: OrderExecutionEngine, alpaca: FakeAlpaca) -> None:  # noqa: ARG001
    order = await engine.place_order(AAPL, Order.market("BUY", 10))
    order = await engine.wait_for(order.order_id, "FILLED", timeout=4)
    assert order.avg_fill_price == 100
    assert [row.quantity for row in await engine.positions()] == [10]


@engine_test
async def test_a_lost_answer_is_settled_without_a_second_order(
    engine: OrderExecutionEngine, alpaca: FakeAlpaca
) -> None:
    alpaca.faults.lose_answer("POST")
    order = await engine.place_order(AAPL, Order.limit("BUY", 10, "90"))
    order = await engine.wait_for(order.order_id, "SUBMITTED", timeout=4)
    assert order.anomalies == ()
    assert _open(alpaca) == 1


@engine_test
async def test_an_order_that_never_arrived_is_sent_again_under_its_own_name(
    engine: OrderExecutionEngine, alpaca: FakeAlpaca
) -> None:
    alpaca.faults.lose_answer("POST", processed=False)
    order = await engine.place_order(AAPL, Order.limit("BUY", 10, "90"))
    await engine.wait_for(order.order_id, "SUBMITTED", timeout=8)
    assert _open(alpaca) == 1


@engine_test
async def test_a_modify_is_confirmed_with_its_new_terms(engine: OrderExecutionEngine, alpaca: FakeAlpaca) -> None:
    order = await _working(engine)
    changed = await engine.modify_order(order.order_id, limit_price=Decimal(91))
    assert changed.limit_price == 91
    assert changed.anomalies == ()
    assert _open(alpaca) == 1


@engine_test
async def test_a_refused_modify_leaves_the_order(engine: OrderExecutionEngine, alpaca: FakeAlpaca) -> None:
    order = await _working(engine)
    alpaca.faults.answer(429, "PATCH")
    with pytest.raises(ModifyRejected, match="not changed"):
        await engine.modify_order(order.order_id, limit_price=Decimal(91))
    assert (await engine.order(order.order_id)).limit_price == 90


@engine_test
async def test_a_cancel_is_true_once_it_is_cancelled(engine: OrderExecutionEngine, alpaca: FakeAlpaca) -> None:  # noqa: ARG001
    order = await _working(engine)
    assert await engine.cancel_order(order.order_id)
    assert (await engine.order(order.order_id)).status is OrderStatus.CANCELLED


@engine_test
async def test_a_bracket_of_one_time_in_force_is_kept_by_alpaca(
    engine: OrderExecutionEngine, alpaca: FakeAlpaca
) -> None:
    result = await engine.place_bracket_order(_bracket("GTC"), AAPL)
    assert result.success, result
    entry, take_profit, stop_loss = result.order_ids
    await engine.wait_for(entry, "FILLED", timeout=4)
    await alpaca.set_price("AAPL", 111)
    await engine.wait_for(take_profit, "FILLED", timeout=4)
    await engine.wait_for(stop_loss, "CANCELLED", timeout=4)
    assert await engine.positions() == ()


@engine_test
async def test_a_bracket_that_alpaca_cannot_keep_is_denied(engine: OrderExecutionEngine, alpaca: FakeAlpaca) -> None:
    with pytest.raises(NotSupported, match="no bracket of these orders"):
        await engine.place_bracket_order(_bracket("DAY"), AAPL)
    assert _open(alpaca) == 0


def test_one_exit_that_alpaca_cannot_keep_v6_keeps_where_it_may() -> None:
    async def story() -> None:
        (spec,) = v6_brokers()
        async with running_alpaca(prices={"AAPL": 100}) as alpaca:
            deadlines = EngineSection(settle=0.05, grace=0.1, allow_emulated=True)
            async with OrderExecutionEngine.from_spec(spec, settings_for(alpaca), deadlines=deadlines) as engine:
                protected = BracketOrder(Order.limit("BUY", 10, "100"), stop_loss=Order.stop("SELL", 10, "95"))
                result = await engine.place_bracket_order(protected, AAPL)
                assert result.success, result
                async with asyncio.timeout(4):
                    while not any(one.side == "sell" for one in alpaca.desk.find(OrderQuery())):  # noqa: ASYNC110
                        await asyncio.sleep(0.01)

    asyncio.run(story())


@engine_test
async def test_a_combo_with_shares_is_denied(engine: OrderExecutionEngine, alpaca: FakeAlpaca) -> None:  # noqa: ARG001
    covered = Combo("AAPL", [ComboLeg(AAPL, "BUY", 100), ComboLeg(CALL, "SELL")])
    with pytest.raises(OrderDenied, match="no STOCK as a leg"):
        await engine.place_order(covered, Order.market("BUY", 1))


@engine_test
async def test_a_strategy_is_opened_and_closed_as_one_order_each(
    engine: OrderExecutionEngine, alpaca: FakeAlpaca
) -> None:
    condor = iron_condor("AAPL", EXPIRATION, 90, 95, 100, 110, quantity=2)
    opened = await engine.open_position(condor, at_market=True, timeout=4)
    assert opened.action_taken == "OPENED", opened
    assert len(await engine.positions()) == len(CONDOR.legs)
    assert opened.strategy is not None
    closed = await engine.close_position(opened.strategy, at_market=True, timeout=4)
    assert closed.action_taken == "CLOSED", closed
    assert await engine.positions() == ()
    assert len([one for one in alpaca.arrivals if (one.method, one.path) == ("POST", "/v2/orders")]) == 2


@engine_test
async def test_a_broken_stream_is_mended_and_the_engine_is_ready_again(
    engine: OrderExecutionEngine, alpaca: FakeAlpaca
) -> None:
    order = await engine.place_order(VERTICAL, Order.limit("BUY", 1, "-50"))
    alpaca.faults.silence()
    await alpaca.set_price(VERTICAL.legs[0].contract, 1)
    await alpaca.set_price(VERTICAL.legs[1].contract, 60)
    alpaca.faults.silence(on=False)
    alpaca.faults.drop_streams()
    order = await engine.wait_for(order.order_id, "FILLED", timeout=4)
    await engine.ready(timeout=4)
    assert len(await engine.fills(order_id=order.order_id)) == 2


def _open(alpaca: FakeAlpaca) -> int:
    """Return how many orders Alpaca has that may still fill."""
    return len([order for order in alpaca.desk.find(OrderQuery()) if order.is_open])


async def _working(engine: OrderExecutionEngine) -> Order:
    return await engine.place_order(AAPL, Order.limit("BUY", 10, "90"))


def _bracket(tif: Any) -> BracketOrder:
    return BracketOrder(
        Order.limit("BUY", 10, "100", tif=tif), Order.limit("SELL", 10, "110"), Order.stop("SELL", 10, "95")
    )
