"""Cancels: what is cancelled is gone, what has ended stays as it ended, and nobody else's orders are touched."""

from __future__ import annotations

import asyncio
import contextlib
from uuid import uuid4

from v6core.contracts import Contract
from v6core.errors import OutcomeUnknown, UnknownOrder, V6Error
from v6core.orders import Order, OrderStatus
from v6core.testing.conformance.case import case
from v6core.testing.conformance.driver import Drive, Verb
from v6core.testing.conformance.expecting import Broken, expect, expect_equal
from v6core.testing.conformance.needs import GLOBAL_CANCEL
from v6core.testing.conformance.trial import Trial


@case(
    "CXL-01",
    why="a cancel is the one request that a user must be able to rely on",
    pitfall="the request's acknowledgement is taken for the end of the order, which goes on working",
    rests=True,
    tier=2,
)
async def is_gone(trial: Trial) -> None:
    """A cancelled order is told as cancelled, is open nowhere, and fills no more whatever the market does."""
    before = await trial.held()
    order = await trial.resting(3)
    expect(await trial.listed(order), "the broker does not list it as open")
    expect(await trial.engine.cancel_order(order.order_id), "the cancel was refused")
    await trial.stays(order, OrderStatus.CANCELLED)
    expect(not await trial.listed(order), "the broker still lists it as open")
    if Drive.QUOTES in trial.driver.can:
        await trial.quote_around(trial.below(6))
    expect_equal(await trial.held(), before, "the position")


@case(
    "CXL-02",
    why="programs cancel twice; the second time must do nothing at all",
    pitfall="the refusal of the second cancel is taken for the rejection of the order",
    rests=True,
    tier=2,
)
async def twice(trial: Trial) -> None:
    """A second cancel is refused, by the broker itself too, and changes nothing of what is known."""
    order = await trial.resting(3)
    await trial.engine.cancel_order(order.order_id)
    ended = await trial.stays(order, OrderStatus.CANCELLED)
    expect(not await trial.engine.cancel_order(order.order_id), "the second cancel was said to have cancelled it")
    with contextlib.suppress(V6Error):  # a refusal by exception is one as well as a refusal by report
        await trial.broker.cancel(order)
    after = await trial.now(order)
    expect(
        after == ended,
        f"it is {after.status} after the second cancel, flagged {', '.join(after.anomalies) or 'nothing'}",
    )


@case(
    "CXL-03",
    why="a cancel that goes astray must not hit another order",
    pitfall="an unknown reference is sent as an empty one, which means every order",
    rests=True,
    tier=2,
)
async def of_the_unknown(trial: Trial) -> None:
    """A cancel of an order that nobody knows is refused by type, and leaves every other order as it is."""
    order = await trial.resting(3)
    try:
        await trial.engine.cancel_order(uuid4())
    except UnknownOrder:
        pass
    else:
        raise Broken("a cancel of an unknown order was not refused by UnknownOrder")
    stranger = Order.limit("BUY", 3, trial.below(5), contract=trial.stock, order_ref=f"{order.order_ref}x")
    with contextlib.suppress(V6Error):
        await trial.broker.cancel(stranger)
    await trial.stays(order, OrderStatus.SUBMITTED)
    expect(await trial.listed(order), "the cancel of another order took this one")
    await trial.engine.cancel_order(order.order_id)


@case(
    "CXL-04",
    why="whoever is told that an order is cancelled sells nothing of it",
    pitfall="the cancel's answer and the fill cross, and the later word wins",
    drives=[Drive.QUOTES],
    rests=True,
)
async def too_late(trial: Trial) -> None:
    """A cancel that races with a fill is told as what came of it, and one that is too late changes nothing."""
    await _race(trial, trial.stock, 0)
    await _race(trial, trial.other, trial.driver.quiet)


async def _race(trial: Trial, contract: Contract, lead: float) -> None:
    """Have an order fill when its cancel has been under way for so many seconds."""
    order = await trial.place(Order.limit("BUY", 10, trial.below(1)), contract)
    expect(await trial.listed(order), "the broker does not list an order that rests")
    cancel = asyncio.create_task(trial.engine.cancel_order(order.order_id))
    await asyncio.sleep(lead)
    await trial.quote(trial.below(3), trial.below(2), contract)
    ended = await trial.becomes(order, OrderStatus.CANCELLED if await cancel else OrderStatus.FILLED)
    expect_equal(await trial.held(contract), ended.filled_quantity, "the position")
    with contextlib.suppress(V6Error):
        await trial.broker.cancel(order)
    await trial.stays(order, ended.status)
    expect_equal(await trial.held(contract), ended.filled_quantity, "the position after another cancel")


@case(
    "CXL-05",
    why="what has filled is held, whatever became of the rest",
    pitfall="CANCELLED is taken for nothing filled",
    drives=[Drive.QUOTES],
    rests=True,
)
async def in_part(trial: Trial) -> None:
    """An order that is cancelled after a partial fill keeps its fills, and the position is what filled."""
    order = await trial.resting(10, percent=1)
    await trial.quote(trial.below(1.2), trial.below(1), ask_size=4)
    await trial.becomes(order, OrderStatus.PARTIALLY_FILLED)
    expect(await trial.engine.cancel_order(order.order_id), "the cancel was refused")
    ended = await trial.stays(order, OrderStatus.CANCELLED)
    expect_equal((ended.filled_quantity, ended.remaining_quantity), (4, 0), "filled and remaining")
    await trial.quote_around(trial.below(4))
    expect_equal(await trial.held(), 4, "the position")


async def _others(trial: Trial) -> set[str | None]:
    snapshot = await trial.broker.snapshot()
    return {report.broker_order_id for report in snapshot.open_orders}


@case(
    "CXL-06",
    why="an account is often traded by more than one program, and by its owner",
    pitfall="cancelling all is sent as the broker's cancel of everything",
    drives=[Drive.OTHERS],
    rests=True,
)
async def all_of_ours(trial: Trial) -> None:
    """Cancelling all cancels every order of ours, and none of anybody else's."""
    theirs = await trial.driver.place_other(trial.stock, Order.limit("BUY", 1, trial.below(5)))
    await trial.settle()
    ours = [await trial.resting(1, percent) for percent in (5, 6)]
    await trial.engine.cancel_all()
    for order in ours:
        await trial.stays(order, OrderStatus.CANCELLED)
    expect(theirs in await _others(trial), "the order of somebody else was cancelled, too")


@case(
    "CXL-08",
    why="in an emergency an account is emptied, whoever filled it",
    pitfall="the request reaches only the orders that this connection placed",
    needs=[GLOBAL_CANCEL],
    drives=[Drive.OTHERS],
    rests=True,
)
async def all_of_everybody(trial: Trial) -> None:
    """Cancelling everything cancels the orders of others, too."""
    theirs = await trial.driver.place_other(trial.stock, Order.limit("BUY", 1, trial.below(5)))
    ours = await trial.resting(1)
    await trial.broker.cancel_everything()
    await trial.becomes(ours, OrderStatus.CANCELLED)
    await trial.settle()
    expect(theirs not in await _others(trial), "the order of somebody else is still open")


@case(
    "CXL-07",
    why="one cancel that nobody answers must not leave the others undone",
    pitfall="the first failure ends the loop, or all of a batch are told as failed for one of them",
    drives=[Drive.ANSWERS],
    rests=True,
)
async def one_unanswered(trial: Trial) -> None:
    """Where one cancel of several is not answered, the others are made, and that one is named or asked for again."""
    orders = [await trial.resting(1, percent) for percent in (4, 5, 6)]
    await trial.driver.lose_answer(Verb.CANCEL, arrives=False)
    try:
        await trial.engine.cancel_all()
    except OutcomeUnknown as unknown:
        named = [order for order in orders if str(order.order_id) in str(unknown)]
        expect_equal(len(named), 1, "the number of orders that are named")
    for order in orders:
        await trial.becomes(order, OrderStatus.CANCELLED)
