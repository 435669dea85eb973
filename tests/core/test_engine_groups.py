"""Brackets and one-cancels-all groups: one unit, entry first."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from core.engine_desk import GOOG, MSFT, buy, engine_on, kinds, sell, settle, simulated, told
from v6core.errors import NotSupported, OrderDenied
from v6core.events import OrderIntended
from v6core.fills import ActionTaken
from v6core.orders import BracketOrder, OcaType, Order, OrderStatus, TimeInForce
from v6core.testing import ScriptedBroker, scripted_capabilities
from v6core.testing.scripted import accepts, raises, rejects


def bracket(quantity: int = 10) -> BracketOrder:
    entry = buy(quantity, "100", strategy_id="swing", account="SCRIPTED")
    return BracketOrder(entry, sell(quantity, "110"), Order.stop("SELL", quantity, "95"))


@simulated
async def test_bracket_placement() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        result = await engine.place_bracket_order(bracket(), GOOG)
        assert (result.action_taken, result.success) == (ActionTaken.BRACKET_PLACED, True)
        entry, take, stop = result.orders
        assert broker.received("place") == tuple(order.order_ref for order in result.orders)
        assert take.parent_order_id == stop.parent_order_id == entry.order_id
        assert (take.oca_group, entry.oca_group) == (stop.oca_group, None)
        assert (take.oca_type, take.tif, stop.tif) == (
            OcaType.REDUCE_WITH_BLOCK,
            TimeInForce.GTC,
            TimeInForce.GTC,
        )
        assert {order.strategy_id for order in result.orders} == {"swing"}
        assert {order.account for order in result.orders} == {"SCRIPTED"}
        assert [order.working for order in result.orders] == [True, False, False]


@simulated
async def test_the_intents_of_a_unit_are_durable_together_before_it_is_sent() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        seen: list[str] = []
        broker.on("place", lambda _, refs: seen.extend(kinds(engine)), accepts)
        result = await engine.place_bracket_order(bracket(), GOOG)
        assert seen == ["STARTED", "INTENDED", "INTENDED", "INTENDED"]
        intents = [event for event in told(engine) if isinstance(event, OrderIntended)]
        assert all(intent.unit == result.order_ids for intent in intents)


@pytest.mark.parametrize("kept", ["take_profit", "stop_loss"])
@simulated
async def test_bracket_with_one_exit(kept: str) -> None:
    whole = bracket()
    one = BracketOrder(whole.parent_order, **{kept: getattr(whole, kept)})
    async with engine_on(ScriptedBroker()) as engine:
        result = await engine.place_bracket_order(one, GOOG)
        assert len(result.orders) == 2
        assert result.orders[1].oca_group is None


def test_bracket_without_take_profit_or_stop_loss_is_refused() -> None:
    with pytest.raises(ValidationError, match="a bracket needs a take_profit, a stop_loss or both"):
        BracketOrder(buy())


@simulated
async def test_a_broker_without_brackets_is_sent_none_and_the_denial_is_journaled() -> None:
    broker = ScriptedBroker(scripted_capabilities(bracket=False))
    async with engine_on(broker) as engine:
        with pytest.raises(NotSupported, match="takes no brackets") as denied:
            await engine.place_bracket_order(bracket(), GOOG)
        assert denied.value.order is not None
        assert denied.value.order.status is OrderStatus.DENIED
        assert kinds(engine)[1:] == ["DENIED"] * 3
    assert broker.arrivals == []


@simulated
async def test_a_unit_is_refused_as_a_whole() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        with pytest.raises(OrderDenied, match="MAX_ORDER_QUANTITY"):
            await engine.place_bracket_order(bracket(501), GOOG)
        assert [order.status for order in await engine.orders()] == [OrderStatus.DENIED] * 3
    assert broker.arrivals == []


@simulated
async def test_a_unit_rejected_as_a_whole_has_failed() -> None:
    broker = ScriptedBroker()
    broker.on("place", rejects("no margin"))
    async with engine_on(broker) as engine:
        result = await engine.place_bracket_order(bracket(), GOOG)
        assert (result.action_taken, result.success) == (ActionTaken.FAILED, False)
        assert "no margin" in str(result.error_message)


@simulated
async def test_a_unit_rejected_in_part_is_partial() -> None:
    broker = ScriptedBroker()
    broker.on("place", accepts, lambda b, refs: b.reject(refs[2], "the stop is through the market"))
    async with engine_on(broker) as engine:
        result = await engine.place_bracket_order(bracket(), GOOG)
        broker.repeat()
        await settle()
        assert result.action_taken is ActionTaken.PARTIAL
        assert (await engine.order(result.order_ids[2])).status is OrderStatus.REJECTED


@simulated
async def test_a_unit_of_which_nothing_is_known_is_in_doubt() -> None:
    broker = ScriptedBroker()
    broker.on("place", raises(OSError("reset")))
    async with engine_on(broker) as engine:
        result = await engine.place_bracket_order(bracket(), GOOG)
        assert (result.action_taken, result.success) == (ActionTaken.UNKNOWN, False)


@simulated
async def test_oca_group_placement() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        result = await engine.place_oca_group([buy(10, "99"), buy(10, "98")], GOOG)
        assert result.action_taken is ActionTaken.OCA_PLACED
        assert len({order.oca_group for order in result.orders}) == 1
        assert {order.oca_type for order in result.orders} == {OcaType.CANCEL_WITH_BLOCK}
        assert len(broker.calls[-1].refs) == 2


@simulated
async def test_an_oca_group_takes_a_contract_for_each_order() -> None:
    async with engine_on(ScriptedBroker()) as engine:
        result = await engine.place_oca_group([buy(), buy(9)], [GOOG, MSFT])
        assert [order.contract for order in result.orders] == [GOOG, MSFT]
        with pytest.raises(ValueError, match="2 orders need one contract"):
            await engine.place_oca_group([buy(), buy(9)], [GOOG])


@simulated
async def test_an_oca_group_of_one_is_refused() -> None:
    async with engine_on(ScriptedBroker()) as engine:
        with pytest.raises(ValueError, match="at least two orders"):
            await engine.place_oca_group([buy()], GOOG)


@simulated
async def test_one_order_twice_in_a_group_is_refused() -> None:
    broker, order = ScriptedBroker(), buy()
    async with engine_on(broker) as engine:
        with pytest.raises(ValueError, match="two of the orders share one"):
            await engine.place_oca_group([order, order], GOOG)
        assert (await engine.place_order(GOOG, order)).status is OrderStatus.SUBMITTED


@simulated
async def test_an_oca_type_that_the_broker_does_not_keep_is_denied() -> None:
    broker = ScriptedBroker(scripted_capabilities(oca_types=frozenset({OcaType.REDUCE})))
    async with engine_on(broker) as engine:
        with pytest.raises(NotSupported, match="no one-cancels-all groups of type CANCEL_WITH_BLOCK"):
            await engine.place_oca_group([buy(), buy(9)], GOOG)


@pytest.mark.parametrize("oca_type", [OcaType.REDUCE, "reduce"])
@simulated
async def test_the_kind_of_a_group_needs_no_group_on_its_orders(oca_type: OcaType | str) -> None:
    async with engine_on(ScriptedBroker()) as engine:
        result = await engine.place_oca_group([buy(10, "90"), buy(10, "80")], GOOG, oca_type=oca_type)
        assert {order.oca_type for order in result.orders} == {OcaType.REDUCE}
        assert len({order.oca_group for order in result.orders}) == 1


@simulated
async def test_a_group_has_one_kind() -> None:
    async with engine_on(ScriptedBroker()) as engine:
        first = buy(10, "90", oca_group="g", oca_type=OcaType.REDUCE)
        with pytest.raises(ValueError, match="share one oca_type"):
            await engine.place_oca_group([first, buy(10, "80")], GOOG, oca_type=OcaType.CANCEL_WITH_BLOCK)
