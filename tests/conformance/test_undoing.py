"""What a case leaves at an account that outlives it is undone: its orders and positions, and nobody else's."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal

import pytest

from conformance.saboteur import Meddler, SabotagedDriver
from conformance.saboteurs_identity import Doubling
from v6_paper_plugin.conformance import PaperDriver
from v6core.broker import Receipt
from v6core.contracts import Contract, ContractDetails
from v6core.orders import Order, OrderStatus
from v6core.reports import Snapshot
from v6core.testing.conformance import Driver, Trial
from v6core.testing.conformance.runner import in_world
from v6core.testing.conformance.undoing import LeftBehind, undo

Play = Callable[[Trial], Awaitable[object]]


def left_by(play: Play, driver: Driver | None = None) -> Snapshot:
    """Return what the broker holds once a case has been undone."""

    async def played(trial: Trial) -> Snapshot:
        await play(trial)
        trial.is_disturbed = True  # no end is judged: it is not ours alone
        await trial.clean_up()
        return await trial.broker.snapshot()

    return in_world(driver or PaperDriver(), played)


def held(snapshot: Snapshot) -> dict[str, Decimal]:
    return {one.contract.key: one.quantity for one in snapshot.positions if one.quantity}


def test_an_order_that_waits_is_cancelled() -> None:
    assert left_by(lambda trial: trial.resting()).open_orders == ()


def test_what_was_bought_is_sold() -> None:
    assert held(left_by(lambda trial: trial.holding(3))) == {}


def test_what_was_sold_short_is_bought_back() -> None:
    assert held(left_by(lambda trial: trial.place(Order.market("SELL", 3)))) == {}


def test_an_order_whose_answer_nobody_waited_for_is_undone() -> None:
    async def stopped_meanwhile(trial: Trial) -> None:
        trial.hearing.hold()  # the broker has it, and the engine has heard of nothing
        placing = asyncio.create_task(trial.place(Order.market("BUY", 3)))
        await asyncio.sleep(0.01)
        trial.hearing.release(lambda _: ())
        placing.cancel()

    assert held(left_by(stopped_meanwhile)) == {}


class Slow(Meddler):
    """A broker that takes its time with every request."""

    async def qualify(self, contract: Contract) -> ContractDetails:
        await asyncio.sleep(0.1)
        return await super().qualify(contract)

    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        await asyncio.sleep(0.1)
        return await super().place(orders)


@pytest.mark.parametrize("seconds", [0.05, 0.15, 0.25])
def test_a_case_that_is_stopped_while_it_places_is_undone(seconds: float) -> None:
    async def stopped_meanwhile(trial: Trial) -> None:
        placing = asyncio.create_task(trial.place(Order.market("BUY", 3)))
        await asyncio.sleep(seconds)
        placing.cancel()

    assert held(left_by(stopped_meanwhile, SabotagedDriver(Slow))) == {}


def test_a_case_that_ends_between_two_engines_is_undone() -> None:
    async def between(trial: Trial) -> None:
        await trial.holding(3)
        await trial.resting()
        await trial.stop()

    left = left_by(between)
    assert (left.open_orders, held(left)) == ((), {})


def test_a_twin_that_no_cancel_reaches_is_named() -> None:
    with pytest.raises(LeftBehind, match="the account of paper still has orders of the case: v6-"):
        left_by(lambda trial: trial.resting(), SabotagedDriver(Doubling))


def test_orders_and_positions_of_others_are_not_touched() -> None:
    async def beside(trial: Trial) -> None:
        await trial.driver.place_other(trial.stock, Order.market("BUY", 5))
        await trial.driver.place_other(trial.stock, Order.limit("BUY", 1, trial.below(9)))
        await trial.holding(3)

    left = left_by(beside)
    assert (len(left.open_orders), list(held(left).values())) == (1, [Decimal(5)])


def test_what_cannot_be_undone_is_named() -> None:
    async def without_a_buyer(trial: Trial) -> None:
        await trial.holding(3)
        await trial.quote(None, 101)

    with pytest.raises(LeftBehind, match="the account of paper still holds what the case made: 3 "):
        left_by(without_a_buyer)


def test_an_interrupt_stays_one_where_something_cannot_be_undone() -> None:
    async def interrupted(trial: Trial) -> None:
        await trial.holding(3)
        await trial.quote(None, 101)
        interrupt()
        with contextlib.suppress(asyncio.CancelledError):  # what is asked for in the end is not to be interrupted again
            await asyncio.sleep(0)

    with pytest.raises(asyncio.CancelledError) as caught:
        left_by(interrupted)
    assert isinstance(caught.value.__cause__, LeftBehind)


def test_an_interrupt_stays_one_where_somebody_swallows_it() -> None:
    async def swallowing(_: Trial) -> None:
        interrupt()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(0)

    with pytest.raises(asyncio.CancelledError):
        in_world(PaperDriver(), swallowing)


def interrupt() -> None:
    """Do what Ctrl-C does."""
    task = asyncio.current_task()
    assert task is not None
    task.cancel()


def test_an_order_that_filled_and_was_closed_leaves_nothing_to_do() -> None:
    async def closed(trial: Trial) -> int:
        await trial.holding(3)
        sold = await trial.place(Order.market("SELL", 3))
        await trial.becomes(sold, OrderStatus.FILLED)
        await undo(trial)
        return len(await trial.engine.orders())

    assert in_world(PaperDriver(), closed) == 2
