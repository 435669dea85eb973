"""The test double of plugin authors does what it is told, and remembers it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.engine_desk import GOOG, buy, engine_on, simulated
from core.planning_market import NEAR, put
from v6core.orders import OrderStatus
from v6core.strategies import vertical_spread
from v6core.testing import ScriptedBroker
from v6core.testing.scripted import Call, fills, rejects, takes

D = Decimal


@simulated
async def test_scripts_are_used_one_call_after_the_other_and_then_the_usual_one() -> None:
    broker = ScriptedBroker()
    broker.on("place", rejects("first"))
    broker.on("place", fills())
    async with engine_on(broker) as engine:
        statuses = [(await engine.place_order(GOOG, buy(quantity))).status for quantity in (1, 2, 3)]
    assert statuses == [OrderStatus.REJECTED, OrderStatus.FILLED, OrderStatus.SUBMITTED]


@simulated
async def test_a_script_of_one_order_waits_for_that_order() -> None:
    broker, order = ScriptedBroker(), buy(2)
    broker.on("place", rejects("not this one"), order=order)
    async with engine_on(broker) as engine:
        assert (await engine.place_order(GOOG, buy(1))).status is OrderStatus.SUBMITTED
        assert (await engine.place_order(GOOG, order)).status is OrderStatus.REJECTED


@simulated
async def test_what_does_not_arrive_leaves_no_trace() -> None:
    broker = ScriptedBroker()
    broker.on("place", takes(1), arrives=False)
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        assert broker.received(Call.PLACE) == (order.order_ref,)
        assert broker.arrivals == []
        assert (await broker.snapshot()).open_orders == ()
        with pytest.raises(LookupError, match="no such order reached"):
            broker.fill(order)


@simulated
async def test_a_combo_fills_leg_by_leg_in_ratio_at_the_legs_quotes() -> None:
    broker = ScriptedBroker()
    broker.set_quote(put(570), "1.00", "1.20")
    broker.on("place", fills(1))
    async with engine_on(broker) as engine:
        result = await engine.open_position(vertical_spread("SPY", NEAR, "PUT", 570, 580, 2), "-0.50", timeout=1)
        assert [(f.action, f.quantity, f.price) for f in await engine.fills(order_id=result.order_ids[0])] == [
            ("BUY", D(1), D("1.10")),
            ("SELL", D(1), D(100)),
        ]


@simulated
async def test_what_is_kept_back_is_told_in_the_order_of_the_list() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        with broker.keeping_back() as reports:
            broker.fill(order, 4)
            assert (await engine.order(order.order_id)).filled_quantity == 0
            reports.reverse()
        assert (await engine.wait_for(order.order_id, "PARTIALLY_FILLED")).filled_quantity == 4


def test_an_unknown_call_cannot_be_scripted() -> None:
    with pytest.raises(ValueError, match="teleport"):
        ScriptedBroker().on("teleport")
