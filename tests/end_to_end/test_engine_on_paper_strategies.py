"""What the machines found out about strategies on the paper broker, fact by fact."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import cast

import pytest

from end_to_end.engine_on_paper import FAR, GOOG, Desk, in_memory_folder
from v6core.clock import SimulatedLoop, run_simulated
from v6core.errors import OrderDenied
from v6core.fills import ActionTaken
from v6core.orders import BracketOrder, OcaType, Order
from v6core.strategies import vertical_spread

SPREAD = vertical_spread("GOOG", FAR, "CALL", 105, 110, strategy_id="spread")


@asynccontextmanager
async def _desk(fills: str) -> AsyncGenerator[Desk]:
    desk = Desk.on_given_prices(in_memory_folder(), cast("SimulatedLoop", asyncio.get_running_loop()), fills)
    await desk.start()
    try:
        yield desk
    finally:
        await desk.stop()
        desk.remove()


@pytest.mark.parametrize("cancelled", [True, False])
def test_closing_what_was_never_filled_leaves_what_no_strategy_claims_alone(cancelled: bool) -> None:
    async def main() -> None:
        async with _desk("realistic") as desk:
            engine = desk.engine
            for contract, quantity in SPREAD.signed_legs:
                await engine.place_order(contract, Order.market("BUY" if quantity > 0 else "SELL", 1))
            await asyncio.sleep(1)
            before = await engine.positions()
            opened = await engine.open_position(SPREAD, limit_price="-1.00", timeout=1)
            assert (opened.action_taken, len(before)) == (ActionTaken.WORKING, 2)
            if cancelled:
                await engine.cancel_all("spread")
            closed = await engine.close_position(SPREAD, timeout=5, at_market=True)
            assert closed.action_taken is ActionTaken.FAILED
            with pytest.raises(OrderDenied):
                await engine.roll_position(SPREAD, 30, timeout=5, at_market=True)
            assert await engine.positions() == before

    run_simulated(main())


def test_what_a_group_takes_off_its_members_is_no_anomaly() -> None:
    async def main() -> None:
        async with _desk("realistic") as desk:
            engine = desk.engine
            members = [Order.limit("BUY", 10, price, oca_type=OcaType.REDUCE, oca_group="g") for price in (98, 97)]
            await engine.place_oca_group(members, GOOG)
            await asyncio.sleep(1)
            await engine.modify_order(members[0].order_id, quantity=4)
            desk.broker.set_price(GOOG, 98)
            await asyncio.sleep(1)
            filled, other = await engine.orders()
            assert filled.filled_quantity == 4
            assert other.quantity == 6
            assert not other.anomalies

    run_simulated(main())


def test_exits_that_shrink_to_what_the_entry_filled_are_no_anomaly() -> None:
    async def main() -> None:
        async with _desk("partial") as desk:
            engine = desk.engine
            bracket = BracketOrder(parent_order=Order.limit("BUY", 10, 100), take_profit=Order.limit("SELL", 10, 101))
            await engine.place_bracket_order(bracket, GOOG)
            assert await engine.cancel_order(bracket.parent_order.order_id)
            entry, take = await engine.orders()
            assert entry.filled_quantity == take.quantity == 5
            assert not take.anomalies

    run_simulated(main())
