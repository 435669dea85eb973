"""Identity: one order placed is one order at the broker, known by the reference that it was sent under."""

from __future__ import annotations

import asyncio
import contextlib
from uuid import UUID

from v6core.capabilities import HistoryReach
from v6core.errors import V6Error
from v6core.orders import Order, OrderStatus
from v6core.reports import OrderReport
from v6core.testing.conformance.case import case
from v6core.testing.conformance.declared import refuses_a_second, repeats_references
from v6core.testing.conformance.driver import Drive
from v6core.testing.conformance.expecting import expect, expect_equal
from v6core.testing.conformance.needs import LIMITS, MARKETS, MODIFIES
from v6core.testing.conformance.trial import Trial


async def _listed(trial: Trial, order: Order) -> tuple[OrderReport, ...]:
    """Return the open orders that the broker lists under an order's reference."""
    await trial.settle()
    snapshot = await trial.broker.snapshot()
    return tuple(report for report in snapshot.open_orders if report.order_ref == order.order_ref)


@case(
    "ID-01",
    why="two orders where one was meant are twice the position",
    pitfall="a client that sends again after a timeout, or a broker that is trusted to refuse a second and does not",
    needs=[LIMITS],
    rests=True,
    tier=2,
)
async def one_order_is_one(trial: Trial) -> None:
    """One order placed is one at the broker, and where references are enforced the same one again stays one."""
    order = await trial.resting()
    expect_equal(len(await _listed(trial, order)), 1, "the number of orders at the broker")
    if refuses_a_second(trial.capabilities):
        with contextlib.suppress(V6Error):  # refused by an exception is refused as well
            await trial.broker.place([order])
        expect_equal(len(await _listed(trial, order)), 1, "the number of orders after the same was sent again")
    await trial.stays(order, OrderStatus.SUBMITTED)
    await trial.engine.cancel_order(order.order_id)


@case(
    "ID-02",
    why="a reference that comes twice finds the wrong order",
    pitfall="a counter that begins anew with the process, or a reference cut to what two orders share",
    needs=[LIMITS],
    rests=True,
)
async def references_are_unique(trial: Trial) -> None:
    """References differ, also over a restart, and each finds its own order at the broker."""
    first = await trial.resting(1)
    await trial.restart()
    second = await trial.resting(2)
    expect(first.order_ref != second.order_ref, f"two orders have the reference {first.order_ref}")
    if repeats_references(trial.capabilities):
        for order in (first, second):
            found = await trial.broker.find(order.order_ref or "")
            quantities = [report.terms.quantity for report in found.orders if report.terms is not None]
            expect_equal(quantities, [order.quantity], "the quantity of what is found under the reference")
    await trial.engine.cancel_all()


@case(
    "ID-03",
    why="brokers give a changed order another id, and both its fills and its cancel must still find it",
    pitfall="the old id's end is taken for the order's end, or the cancel goes to the old id",
    needs=[LIMITS, MODIFIES],
    rests=True,
)
async def is_found_under_another_id(trial: Trial) -> None:
    """An order that was changed is found by its reference, whatever the broker calls it by then, and alone."""
    order, later = await trial.resting(1, percent=6), await trial.resting(2, percent=6)
    changed = await trial.engine.modify_order(order.order_id, limit_price=trial.below(5))
    (report,) = await _listed(trial, order) or (None,)
    expect(report is not None, "the changed order is not listed under its reference")
    assert report is not None
    expect_equal(changed.broker_order_id, report.broker_order_id, "the broker's id of the changed order")
    expect(await trial.engine.cancel_order(order.order_id), "the changed order cannot be cancelled")
    expect(not await _listed(trial, order), "the changed order is still listed after its cancel")
    expect(await _listed(trial, later), "the cancel of the changed order took another one")
    await trial.engine.cancel_order(later.order_id)


@case(
    "ID-04",
    why="after a crash the reference is all that tells an order from a stranger's",
    pitfall="the reference comes back with open orders, and not with executions or with what has ended",
    needs=[LIMITS, MARKETS],
    rests=True,
    tier=2,
)
async def references_come_back(trial: Trial) -> None:
    """Open orders, executions and what has ended come back under the reference that they were sent with."""
    filled, resting, cancelled = await trial.holding(1), await trial.resting(), await trial.resting(2)
    await trial.engine.cancel_order(cancelled.order_id)
    await trial.settle()
    snapshot = await trial.broker.snapshot()
    if repeats_references(trial.capabilities):
        expect(resting.order_ref in {row.order_ref for row in snapshot.open_orders}, "an open order lost its reference")
        expect(filled.order_ref in {row.order_ref for row in snapshot.fills}, "an execution lost its reference")
        found = await trial.broker.find(filled.order_ref or "")
        expect(found.fills, "the broker finds no execution of a filled order by its reference")
        if trial.capabilities.completed_reach is not HistoryReach.NONE:
            ended = {row.order_ref for row in snapshot.completed_orders}
            expect(
                {filled.order_ref, cancelled.order_ref} <= ended, "an order that has ended is not listed as completed"
            )
            found = await trial.broker.find(cancelled.order_ref or "")
            expect(found.orders, "the broker does not find a cancelled order by its reference")
    else:
        expect(resting.broker_order_id, "the broker repeats no references, and gave the order no id either")
    await trial.engine.cancel_order(resting.order_id)


@case(
    "ID-05",
    why="people trade the same account by hand",
    pitfall="orders without a reference share an empty one, and become one order, or ours",
    needs=[LIMITS],
    drives=[Drive.OTHERS],
    rests=True,
)
async def strangers_stay_strangers(trial: Trial) -> None:
    """Orders of others are listed each by itself, and are never taken for ours."""
    ours = await trial.resting()
    theirs = {
        await trial.driver.place_other(trial.stock, Order.limit("BUY", quantity, trial.below(8))) for quantity in (2, 3)
    }
    await trial.settle()
    snapshot = await trial.broker.snapshot()
    rows = [row for row in snapshot.open_orders if row.broker_order_id in theirs]
    expect_equal(len(rows), 2, "the number of orders of others that are listed")
    expect(all(row.order_ref != ours.order_ref for row in rows), "an order of somebody else bears our reference")
    await trial.reconnect()
    known = [order.order_id for order in await trial.engine.orders()]
    expect_equal(known, [ours.order_id], "the orders that the engine calls its own")
    left = {row.broker_order_id for row in (await trial.broker.snapshot()).open_orders}
    expect(theirs <= left, "an order of somebody else is gone with another connection")
    await trial.engine.cancel_order(ours.order_id)


@case(
    "ID-06",
    why="programs place several orders at once",
    pitfall="the next number is read by two before either has taken it",
    needs=[LIMITS],
    rests=True,
)
async def orders_at_once_differ(trial: Trial) -> None:
    """Orders that are placed at the same moment are as many at the broker, each under its own id."""
    orders = await asyncio.gather(*(trial.resting(quantity) for quantity in range(1, 6)))
    listed = [row for order in orders for row in await _listed(trial, order)]
    if repeats_references(trial.capabilities):
        expect_equal(len(listed), 5, "the number of orders that are listed")
        quantities = [row.terms.quantity for row in listed if row.terms is not None]
        expect_equal(quantities, [order.quantity for order in orders], "the quantities in the order of the references")
    ids = {order.broker_order_id for order in [await trial.engine.order(order.order_id) for order in orders]}
    expect_equal(len(ids - {None}), 5, "how many ids the broker gave")
    await trial.engine.cancel_all()


@case(
    "ID-07",
    why="a reference that comes back changed is a stranger's",
    pitfall="it is cut to the field's length, made upper case, or stripped of what the wire does not take",
    needs=[LIMITS],
    rests=True,
    tier=2,
)
async def references_survive_the_wire(trial: Trial) -> None:
    """The first, the last and the most ordinary of all references come back as they were sent, each with its order."""
    ids = [UUID(int=0), UUID(int=1), UUID(int=2**128 - 1), UUID("0123456789abcdeffedcba9876543210")]
    orders = [await trial.resting(number, order_id=order_id) for number, order_id in enumerate(ids, 1)]
    for order in orders if repeats_references(trial.capabilities) else ():
        for what, rows in (
            ("listed", await _listed(trial, order)),
            ("found", (await trial.broker.find(order.order_ref or "")).orders),
        ):
            quantities = {row.terms.quantity for row in rows if row.terms is not None}
            expect_equal(quantities, {order.quantity}, f"the quantities of what is {what} under {order.order_ref}")
    await trial.engine.cancel_all()
