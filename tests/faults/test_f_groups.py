"""Rows F16 to F19 of the fault matrix: what belongs together, where the process dies between its orders."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from core.engine_desk import GOOG, engine_for, engine_on, kinds, names, settle, simulated, told
from core.kept_desk import ALLOWED, alarms, at_work, bracket, plain, working
from faults.saga_desk import DEADLINES, MortalJournal, world
from faults.saga_kills import KEPT, KEPT_UNCHANGED, Story, killed_everywhere
from v6core.broker import Receipt
from v6core.capabilities import UnitKind
from v6core.errors import NotSupported
from v6core.events import TradingState
from v6core.orders import OcaType, Order
from v6core.testing import ScriptedBroker, scripted_capabilities
from v6core.testing.scripted import accepts, rejects

PLAIN: dict[str, object] = {"bracket": False, "oca_types": frozenset[OcaType]()}


@simulated
async def test_F17_a_broker_without_brackets_is_sent_none_unless_v6_may_keep_them() -> None:
    broker = plain()
    async with engine_on(broker) as engine:
        with pytest.raises(NotSupported):
            await engine.place_bracket_order(bracket(), GOOG)
    assert broker.arrivals == []


@pytest.mark.parametrize("story", [KEPT, KEPT_UNCHANGED], ids=lambda story: story.name)
@simulated
async def test_F17_a_kept_bracket_killed_at_any_commit_protects_what_is_held_after_the_restart(story: Story) -> None:
    outcomes = [found async for found in killed_everywhere(story)]
    assert [found for found in outcomes if found is not None] == []
    assert len(outcomes) >= 24


@simulated
async def test_F17_exits_that_are_missing_after_a_restart_are_sent_before_anything_else() -> None:
    broker, _ = world(**KEPT.capabilities)
    async with engine_for(broker, broker.journal.reopened, deadlines=DEADLINES) as engine:
        entry = (await engine.place_bracket_order(bracket(), GOOG)).orders[0]
    broker.fill(entry)
    async with engine_for(broker, broker.journal.reopened, deadlines=DEADLINES):
        assert at_work(broker) == (10, 10)


@simulated
async def test_F17_a_rejected_exit_is_sent_once_more_and_then_told_loudly() -> None:
    broker = plain()
    async with engine_for(broker, deadlines=ALLOWED) as engine:
        entry = (await engine.place_bracket_order(bracket(), GOOG)).orders[0]
        broker.on("place", lambda b, refs: b.accept(refs[0]))
        for _ in range(3):
            broker.on("place", rejects("the stop is through the market"))
        broker.fill(entry)
        await settle(60)
        assert len(broker.arrivals) == 4
        assert alarms(engine) == ["UNPROTECTED"]
        assert engine.trading_state is TradingState.REDUCING
        assert at_work(broker) == (10, 0)


@simulated
async def test_F18_an_entry_cancelled_unfilled_never_gets_exits() -> None:
    broker = plain()
    async with engine_for(broker, deadlines=ALLOWED) as engine:
        entry = (await engine.place_bracket_order(bracket(), GOOG)).orders[0]
        assert await engine.cancel_order(entry.order_id)
        await settle(60)
        assert names(told(engine))[-1] == "SAGA_ENDED"
    assert len(broker.arrivals) == 1


@simulated
async def test_F18_an_entry_cancelled_after_a_part_keeps_exits_for_that_part() -> None:
    broker = plain()
    async with engine_for(broker, deadlines=ALLOWED) as engine:
        entry = (await engine.place_bracket_order(bracket(), GOOG)).orders[0]
        broker.fill(entry, 4)
        assert await engine.cancel_order(entry.order_id)
        await settle(60)
        assert at_work(broker) == (4, 4)
        assert "SAGA_ENDED" not in kinds(engine)


@simulated
async def test_F19_both_exits_of_a_kept_bracket_that_fill_are_told() -> None:
    broker = plain()
    async with engine_for(broker, deadlines=ALLOWED) as engine:
        entry = (await engine.place_bracket_order(bracket(), GOOG)).orders[0]
        broker.fill(entry)
        await settle()
        for kind in ("LIMIT", "STOP"):
            broker.fill(working(broker, kind)[0].ref)
        await settle(1)
        assert alarms(engine) == ["OCA_OVERFILL"]


# Brackets that the broker keeps.

SEQUENTIAL = scripted_capabilities(unit=UnitKind.SEQUENTIAL)


class Stumbling(ScriptedBroker):
    """A broker that takes some orders of a unit, and at which the link is lost then."""

    takes: tuple[bool, ...] = (True, True, True)

    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        """Take what is taken."""
        taken = [order for order, takes in zip(orders, self.takes, strict=True) if takes]
        receipts = await super().place(taken)
        if len(taken) < len(orders):
            raise OSError("reset")
        return receipts


async def after_a_restart(takes: tuple[bool, ...]) -> tuple[ScriptedBroker, list[str], list[str], TradingState]:
    broker, journal = Stumbling(SEQUENTIAL), MortalJournal()
    broker.takes = takes
    async with engine_for(broker, journal.reopened, deadlines=DEADLINES) as engine:
        await engine.place_bracket_order(bracket(), GOOG)
    async with engine_for(broker, journal.reopened, deadlines=DEADLINES) as engine:
        await settle(120)
        statuses = [order.status.value for order in await engine.orders()]
        return broker, statuses, alarms(engine), engine.trading_state


@simulated
async def test_F16_exits_whose_entry_never_arrived_are_found_and_taken_back() -> None:
    _, statuses, told_of, state = await after_a_restart((False, True, True))
    assert statuses == ["LOST", "CANCELLED", "CANCELLED"]
    assert (told_of, state) == ([], TradingState.ACTIVE)


@simulated
async def test_F16_an_entry_whose_exit_never_arrived_is_told_and_nothing_is_sent_again() -> None:
    broker, statuses, told_of, state = await after_a_restart((True, True, False))
    assert statuses == ["SUBMITTED", "SUBMITTED", "LOST"]
    assert (told_of, state) == (["UNPROTECTED"], TradingState.REDUCING)
    assert len(broker.arrivals) == 2


@simulated
async def test_F16_a_bracket_that_arrived_whole_is_left_alone() -> None:
    _, statuses, told_of, _ = await after_a_restart((True, True, True))
    assert (statuses, told_of) == (["SUBMITTED"] * 3, [])


@simulated
async def test_F16_an_exit_that_is_rejected_beside_its_entry_is_told() -> None:
    broker = ScriptedBroker()
    broker.on("place", accepts, lambda b, refs: b.reject(refs[2], "the stop is through the market"))
    async with engine_on(broker) as engine:
        await engine.place_bracket_order(bracket(), GOOG)
        await settle(60)
        assert (alarms(engine), engine.trading_state) == (["UNPROTECTED"], TradingState.REDUCING)


@simulated
async def test_F19_both_exits_of_a_bracket_at_the_broker_that_fill_are_told() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        for order in (await engine.place_bracket_order(bracket(), GOOG)).orders:
            broker.fill(order)
        await settle(60)
        assert alarms(engine) == ["OCA_OVERFILL"]


@simulated
async def test_F19_one_exit_that_fills_is_as_it_should_be() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        entry, take, stop = (await engine.place_bracket_order(bracket(), GOOG)).orders
        broker.fill(entry)
        broker.fill(take)
        broker.end(stop)
        await settle(60)
        assert (alarms(engine), engine.trading_state) == ([], TradingState.ACTIVE)


@simulated
async def test_F19_two_of_a_group_at_the_broker_that_fill_are_told() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        orders = [Order.limit("BUY", 10, price) for price in ("99", "98")]
        for order in (await engine.place_oca_group(orders, GOOG)).orders:
            broker.fill(order)
        await settle(60)
        assert alarms(engine) == ["OCA_OVERFILL"]
