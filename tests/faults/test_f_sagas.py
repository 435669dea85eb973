"""Rows F20 to F22 of the fault matrix: work of several orders, killed at each of its commits, and what it guards."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from core.engine_desk import engine_for, engine_on, settle, simulated, told
from core.planning_market import FAR, NEAR, call, condor, put
from core.test_engine_strategies import VERTICAL, account_of, market, opened
from faults.saga_desk import DEADLINES, LONG_ENOUGH, idle, live, positions
from faults.saga_kills import (
    CLOSE_BY_LEGS,
    CONDOR,
    ROLL_AS_ONE,
    ROLL_IN_TWO,
    Story,
    killed_everywhere,
    prepared,
)
from v6core.contracts import Combo, Contract, ContractDetails
from v6core.engine import OrderExecutionEngine
from v6core.errors import OrderDenied, Unavailable
from v6core.events import AlarmRaised
from v6core.fills import ActionTaken, ExecutionResult
from v6core.orders import Order
from v6core.strategies import vertical_spread
from v6core.testing import ScriptedBroker, scripted_capabilities
from v6core.testing.scripted import accepts, fills, later, raises, rejects

BY_LEGS = CLOSE_BY_LEGS.capabilities
AS_ONE = ROLL_AS_ONE.capabilities


async def check_killed_everywhere(story: Story, least: int) -> None:
    outcomes = [found async for found in killed_everywhere(story)]
    assert [found for found in outcomes if found is not None] == []
    assert len(outcomes) >= least


@simulated
async def test_F20_a_close_by_legs_killed_at_any_commit_is_seen_through_once() -> None:
    await check_killed_everywhere(CLOSE_BY_LEGS, 12)


@simulated
async def test_F22_a_split_roll_killed_at_any_commit_is_seen_through_once() -> None:
    await check_killed_everywhere(ROLL_IN_TWO, 10)


@simulated
async def test_F21_a_roll_as_one_order_killed_at_any_commit_is_before_or_after() -> None:
    await check_killed_everywhere(ROLL_AS_ONE, 6)


@simulated
async def test_F20_a_close_joins_the_one_that_an_earlier_run_began() -> None:
    broker = await prepared(CLOSE_BY_LEGS)
    await live(broker, CLOSE_BY_LEGS.work, dies_at=broker.journal.commits + 5)
    journal = broker.journal.reopened()
    broker.on("place", accepts, later(5, fills()), always=True)
    async with engine_for(broker, lambda: journal, deadlines=DEADLINES) as engine:
        result = await engine.close_position(CONDOR, at_market=True)
        assert result.action_taken is ActionTaken.CLOSED, result.error_message
        assert "was under way already" in str(result.note)
    assert positions(broker) == {}
    assert len(broker.arrivals) == 4


@simulated
async def test_F20_what_is_left_of_a_close_is_priced_by_the_quotes_of_its_time() -> None:
    broker = await prepared(CLOSE_BY_LEGS)
    await live(broker, CLOSE_BY_LEGS.work, dies_at=broker.journal.commits + 4)
    for quote in tuple(broker.quotes_of.values()):
        broker.set_quote(quote.contract, "2.00", "2.50")
    await live(broker, idle)
    sent = [broker.book.find(ref).order for ref in broker.arrivals]
    sales = [order.limit_price for order in sent if order.action == "SELL"]
    assert sales == [Decimal("2.00")] * 2


class Interrupted(ScriptedBroker):
    """A broker at which somebody else buys a short back while ours is on its way."""

    is_open = False

    async def qualify(self, contract: Contract) -> ContractDetails:
        """Tell, and let it happen."""
        if self.is_open:
            self.is_open = False
            self.adjust(put(580), 1)
        return await super().qualify(contract)


@simulated
async def test_F20_a_position_that_changes_while_an_order_is_on_its_way_never_flips() -> None:
    broker = Interrupted(scripted_capabilities())
    broker.quotes_of = market().quotes_of
    broker.on("place", fills(), always=True)
    async with engine_on(broker) as engine:
        strategy = await opened(engine, VERTICAL)
        broker.is_open = True
        with pytest.raises(OrderDenied, match=r"POSITION_CHANGED: 2 of SPY.* were to be closed, and 1 are left"):
            await engine.close_position(strategy)
        assert (await engine.close_position(strategy)).action_taken is ActionTaken.CLOSED
    assert account_of(broker) == {}


@pytest.mark.parametrize("changes", [BY_LEGS, AS_ONE])
@simulated
async def test_F20_closes_of_two_strategies_together_close_no_more_than_there_is(changes: dict[str, object]) -> None:
    broker = market(max_combo_legs=changes["max_combo_legs"])
    pair = [vertical_spread("SPY", NEAR, "PUT", 570, 580, 2, strategy_id=name) for name in ("a", "b")]
    for contract, quantity in VERTICAL.signed_legs:
        broker.adjust(contract, quantity)
    broker.on("place", accepts, later(10, fills()), always=True)
    async with engine_on(broker) as engine:
        await asyncio.gather(*map(engine.close_position, pair), return_exceptions=True)
        await settle(60)
    assert account_of(broker) == {}


@simulated
async def test_F20_what_another_order_may_close_already_is_not_closed_beside_it() -> None:
    broker = market()
    async with engine_on(broker) as engine:
        strategy = await opened(engine, VERTICAL)
        broker.on("place", accepts)
        await engine.place_order(put(580), Order.limit("BUY", 1, "0.50"))
        broker.on("place", fills())
        result = await engine.close_position(strategy, at_market=True)
        combo = result.orders[0].contract
        assert isinstance(combo, Combo)
        assert [leg.ratio for leg in combo.legs] == [2, 1]
        broker.fill(broker.arrivals[1])
    assert account_of(broker) == {}


@simulated
async def test_F20_a_step_in_doubt_is_waited_for_and_never_repeated() -> None:
    broker = market(max_combo_legs=0)
    for contract, quantity in VERTICAL.signed_legs:
        broker.adjust(contract, quantity)
    async with engine_on(broker) as engine:
        broker.on("place", later(20, fills()))
        first = await engine.close_position(VERTICAL)
        second = await engine.close_position(VERTICAL, timeout=1)
        assert (first.action_taken, second.action_taken) == (ActionTaken.UNKNOWN, ActionTaken.UNKNOWN)
        assert len(broker.arrivals) == 1
        await settle(60)
    assert account_of(broker) == {}
    assert len(broker.arrivals) == 2


# The split roll, where it cannot go on.


def alarms(engine: OrderExecutionEngine, code: str) -> list[AlarmRaised]:
    return [event for event in told(engine) if isinstance(event, AlarmRaised) and event.code == code]


async def rolled_in_two(engine: OrderExecutionEngine) -> ExecutionResult:
    strategy = await opened(engine, condor())
    return await engine.roll_position(strategy, 45, sequential=True)


@simulated
async def test_F22_a_split_roll_whose_second_order_is_rejected_is_told_loudly() -> None:
    broker = market()
    async with engine_on(broker) as engine:
        for steps in (fills(), fills(), rejects("no margin")):
            broker.on("place", steps)
        assert (await rolled_in_two(engine)).action_taken is ActionTaken.PARTIAL
        (alarm,) = alarms(engine, "NAKED_LEG")
        assert "stopped half way; held of it by its fills:" in alarm.message


@simulated
async def test_F22_a_split_roll_waits_a_little_for_the_link_before_it_is_told_loudly() -> None:
    broker = market()
    async with engine_on(broker) as engine:
        broker.on("place", fills())
        broker.on("place", fills(), lambda b, _: b.drop_link(), later(3, lambda b, _: b.restore_link()))
        assert (await rolled_in_two(engine)).action_taken is ActionTaken.ROLLED
        broker.on("place", fills(), lambda b, _: b.drop_link())
        again = await engine.roll_position((await engine.strategies())[0], 17, sequential=True)
        assert again.action_taken is ActionTaken.PARTIAL
        assert len(alarms(engine, "NAKED_LEG")) == 1


@simulated
async def test_F22_nobody_knowing_of_the_second_order_is_told_loudly_and_waited_for() -> None:
    broker = market()
    async with engine_on(broker) as engine:
        for steps in (fills(), fills(), later(20, fills())):
            broker.on("place", steps)
        assert (await rolled_in_two(engine)).action_taken is ActionTaken.UNKNOWN
        assert "in doubt half way" in alarms(engine, "NAKED_LEG")[0].message
        await settle(60)
        assert {leg.expiration for row in await engine.strategies() for leg in row.legs} == {FAR}
    assert len(broker.arrivals) == 3


@simulated
async def test_F22_a_broker_that_tells_nothing_half_way_is_told_loudly() -> None:
    broker = market()
    async with engine_on(broker) as engine:
        broker.on("place", fills())
        broker.on("place", fills(), lambda b, _: b.on("snapshot", raises(Unavailable("no answer")), always=True))
        result = await rolled_in_two(engine)
        assert (result.action_taken, len(alarms(engine, "NAKED_LEG"))) == (ActionTaken.PARTIAL, 1)
        assert "no answer" in str(result.error_message)


@simulated
async def test_F20_a_close_waits_for_a_broker_that_tells_nothing_and_says_so_meanwhile() -> None:
    broker = market(max_combo_legs=0)
    for contract, quantity in VERTICAL.signed_legs:
        broker.adjust(contract, quantity)
    async with engine_on(broker) as engine:
        broker.on("place", fills(), lambda b, _: b.on("snapshot", raises(Unavailable("no answer"))))
        result = await engine.close_position(VERTICAL)
        assert result.action_taken is ActionTaken.WORKING
        await settle(60)
    assert account_of(broker) == {}


@simulated
async def test_F22_a_halt_stops_a_roll_half_way_and_lets_a_close_go_on() -> None:
    broker = await prepared(ROLL_IN_TWO)
    await live(broker, ROLL_IN_TWO.work, dies_at=broker.journal.commits + 4)
    journal = broker.journal.reopened()
    async with engine_for(broker, lambda: journal, deadlines=DEADLINES) as engine:
        await engine.halt("the desk is closed")
        await settle(LONG_ENOUGH)
        assert len(alarms(engine, "NAKED_LEG")) == 1
        result = await engine.close_position((await engine.strategies())[0])
        assert result.action_taken is ActionTaken.CLOSED, result.error_message
    assert positions(broker) == {}


@simulated
async def test_F22_what_a_later_order_would_close_and_is_gone_stops_the_roll() -> None:
    broker = market()
    async with engine_on(broker) as engine:
        broker.on("place", fills())
        broker.on("place", fills(), lambda b, _: b.adjust(call(620), 1), lambda b, _: b.adjust(call(630), -1))
        result = await rolled_in_two(engine)
        assert result.action_taken is ActionTaken.PARTIAL
        assert "POSITION_CHANGED" in str(result.error_message)


@simulated
async def test_F22_a_roll_whose_caller_gave_up_is_carried_on() -> None:
    broker = market()
    async with engine_on(broker) as engine:
        strategy = await opened(engine, condor())
        broker.on("place", accepts, later(30, fills()))
        result = await engine.roll_position(strategy, 45, timeout=1, sequential=True)
        assert result.action_taken is ActionTaken.WORKING
        await settle(60)
        assert {leg.expiration for row in await engine.strategies() for leg in row.legs} == {FAR}
