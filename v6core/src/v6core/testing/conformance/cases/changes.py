"""Changes of working orders: the same order on other terms, or nothing changed at all."""

from __future__ import annotations

import asyncio
import contextlib
from decimal import Decimal

from v6core.contracts import Contract
from v6core.errors import ModifyRejected, V6Error
from v6core.orders import Order, OrderStatus
from v6core.risk import RiskLimits
from v6core.testing.conformance.case import case
from v6core.testing.conformance.driver import Drive
from v6core.testing.conformance.expecting import Broken, expect, expect_equal
from v6core.testing.conformance.needs import MODIFIES, STOPS
from v6core.testing.conformance.trial import Trial

_BEYOND_ANY_ACCOUNT = 50_000_000
_NO_LIMITS = RiskLimits(max_order_quantity=None, max_order_value=None).for_simulated()


async def _expect_one_working(trial: Trial, order: Order, quantity: Decimal | int, limit: Decimal | None) -> None:
    reports = await trial.listed(order)
    shown = [(one.terms.quantity, one.terms.limit_price) for one in reports if one.terms is not None]
    expect_equal(shown, [(quantity, limit)], "what works under the reference, by quantity and limit,")


async def _partly_filled(trial: Trial, quantity: int = 10) -> Order:
    """Return an order of which four have filled, with nobody left at its price."""
    order = await trial.resting(quantity, percent=1)
    await trial.quote(trial.below(1.2), trial.below(1), ask_size=4)
    order = await trial.becomes(order, OrderStatus.PARTIALLY_FILLED)
    expect_equal(order.filled_quantity, 4, "what filled of the four that were offered")
    await trial.quote_around(trial.price)
    return order


@case(
    "MOD-01",
    why="a changed price that becomes a second order is twice the position",
    pitfall="a replacement comes under a new id, and the order that it replaced is taken to work on",
    needs=[MODIFIES],
    rests=True,
    tier=2,
)
async def changes_its_price(trial: Trial) -> None:
    """A changed price is one order under the same reference, at the new price, and no order more than before."""
    odd = 37 * trial.samples.tick  # a round price survives any rounding
    for first, second in (
        (Order.limit("BUY", 3, trial.below(5)), trial.below(6) + odd),
        (Order.limit("SELL", 3, trial.above(5)), trial.above(6) - odd),
    ):
        order = await trial.place(first)
        before = len((await trial.broker.snapshot()).open_orders)
        changed = await trial.engine.modify_order(order.order_id, limit_price=second)
        expect_equal(changed.order_ref, order.order_ref, "the reference")
        await trial.settle()
        await _expect_one_working(trial, order, 3, second)
        expect_equal(len((await trial.broker.snapshot()).open_orders), before, "the number of open orders")
        await trial.engine.cancel_order(order.order_id)


@case(
    "MOD-02",
    why="less than has filled cannot be asked for, and whatever else is asked for must be what works",
    pitfall="the quantity is sent as what is left where the broker wants the whole, or the other way round",
    needs=[MODIFIES],
    drives=[Drive.QUOTES],
    rests=True,
)
async def changes_its_quantity(trial: Trial) -> None:
    """The quantity goes up and down, and not below what has filled."""
    order = await trial.resting(10, percent=1)
    for quantity in (20, 7):
        await trial.engine.modify_order(order.order_id, quantity=quantity)
        await trial.settle()
        await _expect_one_working(trial, order, quantity, order.limit_price)
    await trial.quote(trial.below(1.2), trial.below(1), ask_size=4)
    await trial.becomes(order, OrderStatus.PARTIALLY_FILLED)
    try:
        await trial.engine.modify_order(order.order_id, quantity=2)
    except ModifyRejected:
        await trial.stays(order, OrderStatus.PARTIALLY_FILLED)
        return
    raise Broken("a quantity of 2 was not refused to an order of which 4 have filled")


@case(
    "MOD-03",
    why="fills that a change forgets are bought again",
    pitfall="the replacement starts from nothing, with the whole quantity to fill",
    needs=[MODIFIES],
    drives=[Drive.QUOTES],
    rests=True,
)
async def keeps_its_fills(trial: Trial) -> None:
    """A change after a partial fill keeps what has filled, and only the rest of the new quantity fills."""
    order = await _partly_filled(trial)
    changed = await trial.engine.modify_order(order.order_id, quantity=8, limit_price=trial.below(2))
    expect_equal((changed.filled_quantity, changed.remaining_quantity), (4, 4), "filled and remaining")
    await trial.quote(trial.below(3), trial.below(2.5))
    filled = await trial.becomes(order, OrderStatus.FILLED)
    expect_equal(filled.filled_quantity, 8, "what filled in all")
    expect_equal(await trial.held(), 8, "the position")


@case(
    "MOD-04",
    why="an order that has ended must stay ended, whoever asks for what",
    pitfall="a change of an order that the broker has forgotten places it anew",
    needs=[MODIFIES],
    rests=True,
    tier=2,
)
async def ended_takes_no_changes(trial: Trial) -> None:
    """A change of an order that has ended is refused, by the broker itself too, and nothing works afterwards."""
    order = await trial.resting(3)
    await trial.engine.cancel_order(order.order_id)
    try:
        await trial.engine.modify_order(order.order_id, limit_price=trial.below(6))
    except ModifyRejected:
        pass
    else:
        raise Broken("a change of a cancelled order was not refused")
    with contextlib.suppress(V6Error):  # a refusal by exception is one as well as a refusal by report
        await trial.broker.modify(order, {"limit_price": trial.below(6)})
    await trial.settle()
    expect_equal(len(await trial.listed(order)), 0, "the number of open orders under the reference")
    await trial.stays(order, OrderStatus.CANCELLED)


@case(
    "MOD-05",
    why="a change that fails must not take the order with it, or the user has none and believes in one",
    pitfall="the refusal of a change arrives as the rejection of the order, and is taken for that",
    needs=[MODIFIES],
    drives=[Drive.QUOTES],
    rests=True,
    starts=False,
)
async def refused_change(trial: Trial) -> None:
    """A change that the broker refuses, for more than the account carries, leaves the order working as it was."""
    await trial.start(limits=_NO_LIMITS)
    order = await trial.resting(10)
    try:
        await trial.engine.modify_order(order.order_id, quantity=_BEYOND_ANY_ACCOUNT)
    except ModifyRejected:
        pass
    else:
        raise Broken(f"a change to {_BEYOND_ANY_ACCOUNT} shares, beyond the account, was not refused")
    await trial.stays(order, OrderStatus.SUBMITTED)
    await _expect_one_working(trial, order, 10, order.limit_price)
    await trial.quote_around(trial.below(6))
    await trial.becomes(order, OrderStatus.FILLED)
    expect_equal(await trial.held(), 10, "the position")


@case(
    "MOD-06",
    why="the market does not wait for a change to be confirmed",
    pitfall="the fill belongs to the id that is being replaced, and is thrown away with it",
    needs=[MODIFIES],
    drives=[Drive.QUOTES],
    rests=True,
)
async def filled_meanwhile(trial: Trial) -> None:
    """A fill while a change is under way is counted once, whichever came first, and the rest fills once."""
    await _fill_meanwhile(trial, trial.stock, 0)
    await _fill_meanwhile(trial, trial.other, trial.driver.quiet)


async def _fill_meanwhile(trial: Trial, contract: Contract, lead: float) -> None:
    """Have four of ten fill when a change has been under way for so many seconds."""
    order = await trial.place(Order.limit("BUY", 10, trial.below(1)), contract)
    change = asyncio.create_task(trial.engine.modify_order(order.order_id, limit_price=trial.below(1.5)))
    await asyncio.sleep(lead)
    await trial.quote(trial.below(1.2), trial.below(1), contract, ask_size=4)
    with contextlib.suppress(ModifyRejected):
        await change
    seen = await trial.stays(order, OrderStatus.SUBMITTED, OrderStatus.PARTIALLY_FILLED)
    expect_equal(await trial.held(contract), seen.filled_quantity, "the position while it works")
    await trial.quote_around(trial.below(4), contract)
    await trial.becomes(order, OrderStatus.FILLED)
    await trial.settle()
    expect_equal(await trial.held(contract), 10, "the position")


async def _most_working(trial: Trial, change: asyncio.Task[Order]) -> Decimal:
    """Return the most that has been open at the broker at any look while a change was under way."""
    most = Decimal(0)
    while not change.done():
        snapshot = await trial.broker.snapshot()
        terms = [report.terms for report in snapshot.open_orders]
        most = max(most, sum((one.quantity or Decimal(0) for one in terms if one is not None), Decimal(0)))
        await asyncio.sleep(trial.driver.quiet)
    return most


@case(
    "MOD-07",
    why="two orders for one intention can both fill, if only for a moment",
    pitfall="the replacement is placed before the order that it replaces is known to be gone",
    needs=[MODIFIES],
    rests=True,
)
async def never_both(trial: Trial) -> None:
    """While an order is changed the broker never shows more open than the larger of both quantities."""
    order = await trial.resting(10)
    change = asyncio.create_task(trial.engine.modify_order(order.order_id, limit_price=trial.below(6), quantity=8))
    try:
        most = await _most_working(trial, change)
    finally:
        await change
    expect(most <= 10, f"{most} were open at once, for an order of 10 that became one of 8")
    await _expect_one_working(trial, order, 8, trial.below(6))


@case(
    "MOD-08",
    why="whoever draws a stop closer counts on the new one",
    pitfall="a change of a stop sends its price as a limit, or the old trigger stays in force",
    needs=[MODIFIES, STOPS],
    drives=[Drive.QUOTES],
    rests=True,
)
async def changes_its_trigger(trial: Trial) -> None:
    """A stop whose trigger was changed fires at the new one."""
    order = await trial.place(Order.stop("SELL", 10, trial.below(5)))
    changed = await trial.engine.modify_order(order.order_id, stop_price=trial.below(2))
    expect_equal(changed.stop_price, trial.below(2), "the trigger")
    await trial.quote_around(trial.below(1))
    await trial.stays(order, OrderStatus.SUBMITTED)
    await trial.quote_around(trial.below(3))
    await trial.becomes(order, OrderStatus.FILLED)
