"""Brackets and one-cancels-all groups that v6 keeps itself, at a broker that keeps neither."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.engine_desk import GOOG, buy, engine_for, engine_on, kinds, sell, settle, simulated
from core.kept_desk import ALLOWED, alarms, at_work, bracket, happen, is_over, keeping, plain, working
from core.planning_market import put
from core.test_engine_strategies import account_of, swing
from faults.saga_desk import MortalJournal
from v6core.capabilities import ModifyKind
from v6core.clock import run_simulated
from v6core.contracts import Combo, ComboLeg
from v6core.engine import OrderExecutionEngine
from v6core.errors import NotSupported, OrderDenied
from v6core.events import TradingState
from v6core.fills import ActionTaken
from v6core.orders import BracketOrder, OcaType, Order
from v6core.testing import ScriptedBroker, scripted_capabilities
from v6core.testing.scripted import accepts, fills, refuses, rejects

CHANGES = pytest.mark.parametrize("modify", [ModifyKind.IN_PLACE, ModifyKind.NONE])


@simulated
async def test_unless_it_is_allowed_a_bracket_is_denied_with_the_way_out() -> None:
    broker = plain()
    async with engine_on(broker) as engine:
        with pytest.raises(NotSupported, match="takes no brackets") as denied:
            await engine.place_bracket_order(bracket(), GOOG)
        assert "allow_emulated = true" in str(denied.value.hint)
        with pytest.raises(NotSupported, match="one-cancels-all"):
            await engine.place_oca_group([buy(10, "99"), buy(10, "98")], GOOG)
    assert broker.arrivals == []


@simulated
async def test_the_plan_is_durable_before_the_entry_is_sent_and_the_entry_goes_alone() -> None:
    broker = plain()
    async with keeping(broker) as engine:
        seen: list[str] = []
        broker.on("place", lambda _, refs: seen.extend(kinds(engine)), accepts)
        whole = bracket()
        result = await engine.place_bracket_order(whole, GOOG)
        assert result.action_taken is ActionTaken.BRACKET_PLACED
        assert result.order_ids == tuple(order.order_id for order in whole.orders)
        assert [order.status for order in result.orders] == ["SUBMITTED", "CREATED", "CREATED"]
        assert seen == ["STARTED", "SAGA_PLANNED", "INTENDED"]
    assert len(broker.arrivals) == 1


@simulated
async def test_what_the_broker_does_not_take_as_an_exit_is_denied_before_the_entry_is_sent() -> None:
    broker = plain()
    entry = buy(10, "100")
    async with keeping(broker) as engine:
        with pytest.raises(OrderDenied, match="OFF_TICK"):
            await engine.place_bracket_order(BracketOrder(entry, sell(10, "110.001")), GOOG)
        assert kinds(engine)[1:] == ["DENIED", "DENIED"]
    assert broker.arrivals == []


@simulated
async def test_exits_come_with_each_fill_of_the_entry_for_what_has_filled() -> None:
    broker = plain()
    async with keeping(broker) as engine:
        entry = (await engine.place_bracket_order(bracket(), GOOG)).orders[0]
        broker.fill(entry, 4)
        await settle()
        assert at_work(broker) == (4, 4)
        broker.fill(entry)
        await settle()
        assert at_work(broker) == (10, 10)
        exits = [await engine.order(held.order.order_id) for held in working(broker, "STOP")]
        assert {(order.strategy_id, order.tif) for order in exits} == {("swing", "GTC")}


@CHANGES
@simulated
async def test_an_exit_that_fills_takes_the_other_back_and_then_it_is_over(modify: ModifyKind) -> None:
    broker = plain(modify)
    async with keeping(broker) as engine:
        entry = (await engine.place_bracket_order(bracket(), GOOG)).orders[0]
        broker.fill(entry)
        await settle()
        broker.fill(working(broker, "STOP")[0].ref)
        await settle(1)
        assert at_work(broker) == (0, 0)
        assert (is_over(engine), alarms(engine)) == (True, [])
    assert account_of(broker) == {}


@CHANGES
@simulated
async def test_an_exit_that_fills_in_part_takes_so_much_off_the_other(modify: ModifyKind) -> None:
    broker = plain(modify)
    async with keeping(broker) as engine:
        entry = (await engine.place_bracket_order(bracket(), GOOG)).orders[0]
        broker.fill(entry)
        await settle()
        broker.fill(working(broker, "LIMIT")[0].ref, 3)
        await settle(1)
        assert at_work(broker) == (7, 7)
        broker.fill(working(broker, "STOP")[0].ref)
        await settle(1)
        assert (at_work(broker), is_over(engine), alarms(engine)) == ((0, 0), True, [])
    assert account_of(broker) == {}


@simulated
async def test_a_change_that_the_broker_refuses_is_made_by_taking_the_order_back() -> None:
    broker = plain()
    async with keeping(broker) as engine:
        entry = (await engine.place_bracket_order(bracket(), GOOG)).orders[0]
        broker.fill(entry)
        await settle()
        broker.on("modify", refuses("not this one"))
        broker.fill(working(broker, "LIMIT")[0].ref, 3)
        await settle(1)
        assert at_work(broker) == (7, 7)


@simulated
async def test_a_cancel_that_is_refused_is_asked_for_again_later_and_not_at_once() -> None:
    broker = plain(ModifyKind.NONE)
    async with keeping(broker) as engine:
        entry = (await engine.place_bracket_order(bracket(), GOOG)).orders[0]
        broker.fill(entry)
        await settle()
        broker.on("cancel", refuses("busy"))
        broker.fill(working(broker, "STOP")[0].ref)
        await settle(1)
        assert len(broker.received("cancel")) == 1
        await settle(10)
        assert at_work(broker) == (0, 0)


@simulated
async def test_an_exit_that_its_user_takes_back_stays_away_and_raises_no_alarm() -> None:
    broker = plain()
    async with keeping(broker) as engine:
        entry = (await engine.place_bracket_order(bracket(), GOOG)).orders[0]
        broker.fill(entry, 4)
        await settle()
        assert await engine.cancel_order(working(broker, "LIMIT")[0].order.order_id)
        broker.fill(entry)
        await settle(60)
        assert at_work(broker) == (0, 10)
        assert (alarms(engine), engine.trading_state) == ([], TradingState.ACTIVE)


@simulated
async def test_an_exit_that_the_broker_cancels_is_told_and_not_sent_again() -> None:
    broker = plain()
    async with keeping(broker) as engine:
        entry = (await engine.place_bracket_order(bracket(), GOOG)).orders[0]
        broker.fill(entry)
        await settle()
        broker.end(working(broker, "STOP")[0].ref)
        await settle(60)
        assert at_work(broker) == (10, 0)
        assert (alarms(engine), engine.trading_state) == (["UNPROTECTED"], TradingState.REDUCING)


@simulated
async def test_an_exit_that_the_broker_holds_back_is_told_after_a_while() -> None:
    broker = plain()
    async with keeping(broker) as engine:
        entry = (await engine.place_bracket_order(bracket(), GOOG)).orders[0]
        broker.fill(entry)
        await settle()
        broker.end(working(broker, "STOP")[0].ref, "INACTIVE")
        await settle(4)
        assert alarms(engine) == []
        await settle(4)
        assert alarms(engine) == ["UNPROTECTED"]


@simulated
async def test_closing_the_strategy_takes_its_exits_back_for_good() -> None:
    broker = plain()
    async with keeping(broker) as engine:
        entry = (await engine.place_bracket_order(bracket(), GOOG)).orders[0]
        broker.fill(entry, 6)
        await settle()
        broker.on("place", fills())
        result = await engine.close_position(swing(), at_market=True)
        assert (result.action_taken, result.orders[0].quantity) == (ActionTaken.CLOSED, Decimal(6))
        await settle(60)
        assert (at_work(broker), is_over(engine), alarms(engine)) == ((0, 0), True, [])
    assert account_of(broker) == {}


@simulated
async def test_what_fills_while_its_strategy_is_being_closed_is_closed_and_gets_no_exits() -> None:
    broker = plain()
    async with keeping(broker) as engine:
        entry = (await engine.place_bracket_order(bracket(), GOOG)).orders[0]
        broker.on("cancel", fills(4), lambda b, refs: b.end(refs[0]), order=entry)
        broker.on("place", fills(), always=True)
        result = await engine.close_position(swing(), at_market=True)
        assert (result.action_taken, result.orders[0].quantity) == (ActionTaken.CLOSED, Decimal(4))
        await settle(60)
    assert len(broker.arrivals) == 2
    assert account_of(broker) == {}


@simulated
async def test_the_exits_pass_a_halt_and_the_limit_on_value() -> None:
    broker = plain()
    async with keeping(broker) as engine:
        entry = (await engine.place_bracket_order(bracket(499), GOOG)).orders[0]
        await engine.halt("the desk is closed")
        broker.fill(entry)
        await settle()
        assert at_work(broker) == (499, 499)
        assert "DENIED" not in kinds(engine)


@simulated
async def test_the_exits_of_a_combo_are_for_the_units_that_have_filled() -> None:
    broker, spread = plain(), Combo("SPY", [ComboLeg(put(580), "BUY"), ComboLeg(put(570), "SELL")])
    async with keeping(broker) as engine:
        entry = Order.limit("BUY", 5, "1.00", strategy_id="swing")
        await engine.place_bracket_order(BracketOrder(entry, sell(5, "2.00")), spread)
        broker.fill(entry, 3)
        await settle()
        assert at_work(broker) == (3, 0)


@simulated
async def test_an_entry_that_the_broker_rejects_has_failed() -> None:
    broker = plain()
    broker.on("place", rejects("no margin"))
    async with keeping(broker) as engine:
        result = await engine.place_bracket_order(bracket(), GOOG)
        assert result.action_taken is ActionTaken.FAILED
        await settle()
        assert is_over(engine)
    assert len(broker.arrivals) == 1


@simulated
async def test_an_entry_that_is_denied_leaves_no_plan_behind() -> None:
    broker = plain()
    async with keeping(broker) as engine:
        with pytest.raises(OrderDenied, match="MAX_ORDER_QUANTITY"):
            await engine.place_bracket_order(bracket(501), GOOG)
        assert "SAGA_PLANNED" not in kinds(engine)


@simulated
async def test_an_entry_that_fills_after_it_was_over_is_protected_all_the_same() -> None:
    broker = plain()
    async with keeping(broker) as engine:
        entry = (await engine.place_bracket_order(bracket(), GOOG)).orders[0]
        assert await engine.cancel_order(entry.order_id)
        await settle()
        assert is_over(engine)
        broker.fill(entry, 3)
        await settle()
        assert at_work(broker) == (3, 3)


# One-cancels-all groups.


def group_at_work(broker: ScriptedBroker) -> list[int]:
    held = [broker.book.find(ref) for ref in broker.arrivals]
    return [int(one.rest) for one in held if one.is_open]


async def placed_group(engine: OrderExecutionEngine, oca_type: OcaType) -> tuple[Order, ...]:
    members = [buy(10, "99"), buy(10, "98"), buy(10, "97")]
    result = await engine.place_oca_group(members, GOOG, oca_type=oca_type)
    assert result.action_taken is ActionTaken.OCA_PLACED
    return result.orders


@simulated
async def test_a_fill_of_one_of_a_group_cancels_the_others() -> None:
    broker = plain()
    async with keeping(broker) as engine:
        first, *_ = await placed_group(engine, OcaType.CANCEL_WITH_BLOCK)
        broker.fill(first, 2)
        await settle(1)
        assert group_at_work(broker) == [8]
        broker.fill(first)
        await settle(1)
        assert (is_over(engine), alarms(engine)) == (True, [])


@CHANGES
@simulated
async def test_a_fill_of_one_of_a_group_reduces_the_others(modify: ModifyKind) -> None:
    broker = plain(modify)
    async with keeping(broker) as engine:
        first, second, *_ = await placed_group(engine, OcaType.REDUCE)
        broker.fill(second, 4)
        await settle(1)
        assert group_at_work(broker) == [6] * 3
        broker.fill(first)
        await settle(1)
        assert (group_at_work(broker), is_over(engine)) == ([], True)


@simulated
async def test_two_of_a_group_that_fill_at_the_same_moment_are_told() -> None:
    broker = plain()
    async with keeping(broker) as engine:
        first, second, *_ = await placed_group(engine, OcaType.CANCEL_WITH_BLOCK)
        broker.fill(first)
        broker.fill(second)
        await settle(1)
        assert alarms(engine) == ["OCA_OVERFILL"]
        assert group_at_work(broker) == []


@simulated
async def test_one_of_a_group_that_is_refused_leaves_the_others_and_is_not_sent_again() -> None:
    broker = plain()
    broker.on("place", lambda b, refs: b.reject(refs[2], "no"), lambda b, refs: accepts(b, refs[:2]))
    async with keeping(broker) as engine:
        members = [buy(10, "99"), buy(10, "98"), buy(10, "97")]
        result = await engine.place_oca_group(members, GOOG)
        assert result.action_taken is ActionTaken.PARTIAL
        await settle(60)
        assert group_at_work(broker) == [10, 10]
        assert alarms(engine) == []


@simulated
async def test_a_group_that_never_arrived_is_not_sent_again_after_a_restart() -> None:
    broker, journal = plain(), MortalJournal()
    broker.on("place", arrives=False)
    async with engine_for(broker, journal.reopened, deadlines=ALLOWED) as engine:
        await engine.place_oca_group([buy(10, "99"), buy(10, "98")], GOOG)
    async with engine_for(broker, journal.reopened, deadlines=ALLOWED) as engine:
        await settle(120)
        assert [order.status for order in await engine.orders()] == ["LOST", "LOST"]
        assert is_over(engine)
    assert broker.arrivals == []


# Whatever happens at the market.

MOVES = st.lists(st.tuples(st.sampled_from(["enter", "take", "stop", "cancel entry", "restart"]), st.integers(1, 5)))


@settings(max_examples=25, deadline=None)
@given(moves=MOVES, modify=st.sampled_from(list(ModifyKind)))
def test_whatever_fills_the_exits_work_for_what_is_held_and_for_no_more(
    moves: list[tuple[str, int]], modify: ModifyKind
) -> None:
    run_simulated(_hold_to_the_law(moves, modify))


async def _hold_to_the_law(moves: list[tuple[str, int]], modify: ModifyKind) -> None:
    broker, journal = plain(modify), MortalJournal()
    engine = engine_for(broker, journal.reopened, deadlines=ALLOWED)
    await engine.start()
    entry = (await engine.place_bracket_order(bracket(), GOOG)).orders[0]
    for move, quantity in moves:
        if move == "restart":
            await engine.stop()
            engine = engine_for(broker, journal.reopened, deadlines=ALLOWED)
            await engine.start()
        else:
            happen(broker, entry, move, Decimal(quantity))
        await settle(1)
        held = int(account_of(broker).get(GOOG.key, 0))
        assert at_work(broker) == (held, held)
    assert alarms(engine) == []
    await engine.stop()


@pytest.mark.parametrize("turns", range(6))
@simulated
async def test_what_fills_in_the_moment_in_which_its_bracket_is_over_gets_its_exits(turns: int) -> None:
    broker = plain()
    async with keeping(broker) as engine:
        entry = (await engine.place_bracket_order(bracket(), GOOG)).orders[0]
        broker.end(entry)
        for _ in range(turns):
            await asyncio.sleep(0)
        broker.fill(entry, 4)
        await settle(60)
        assert at_work(broker) == (4, 4)


# A broker that sets aside what an order is to close


def reserving() -> ScriptedBroker:
    """Return a broker that keeps no groups, and takes no second order to close what a first is to close."""
    return ScriptedBroker(scripted_capabilities(bracket=False, oca_types=frozenset(), reserves_holdings=True))


@simulated
async def test_two_exits_of_one_holding_are_not_kept_where_the_broker_sets_it_aside_for_the_first() -> None:
    broker = reserving()
    async with keeping(broker) as engine:
        with pytest.raises(NotSupported, match="no two can wait to close the same GOOG") as denied:
            await engine.place_bracket_order(bracket(), GOOG)
        assert "place one of them alone" in str(denied.value.hint)
        assert kinds(engine)[1:] == ["DENIED"] * 3
    assert broker.arrivals == []


@simulated
async def test_one_exit_is_kept_where_the_broker_sets_holdings_aside() -> None:
    broker = reserving()
    async with keeping(broker) as engine:
        whole = BracketOrder(buy(10, "100"), stop_loss=Order.stop("SELL", 10, "95"))
        entry = (await engine.place_bracket_order(whole, GOOG)).orders[0]
        broker.fill(entry)
        await settle()
        assert at_work(broker) == (0, 10)


@pytest.mark.parametrize(("quantity", "is_kept"), [(10, False), (5, True)])
@simulated
async def test_a_group_is_kept_where_there_is_enough_for_all_its_orders_to_close(quantity: int, is_kept: bool) -> None:
    broker = reserving()
    async with keeping(broker) as engine:
        broker.fill(await engine.place_order(GOOG, buy(10, "100")))
        await settle()
        group = [sell(quantity, "110"), Order.stop("SELL", quantity, "95")]
        if is_kept:
            await engine.place_oca_group(group, GOOG)
        else:
            with pytest.raises(NotSupported, match="no two can wait"):
                await engine.place_oca_group(group, GOOG)
    assert len(broker.arrivals) == (3 if is_kept else 1)


@simulated
async def test_a_group_that_closes_nothing_is_kept_where_the_broker_sets_holdings_aside() -> None:
    broker = reserving()
    async with keeping(broker) as engine:
        await engine.place_oca_group([buy(10, "99"), buy(10, "98")], GOOG)
    assert len(broker.arrivals) == 2
