"""Failure and recovery: links that break, answers that are lost, and others at the same account."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from v6core.errors import ModifyRejected, OrderDenied, OutcomeUnknown, V6Error
from v6core.events import ForeignReported, PositionsTaken
from v6core.money import ZERO
from v6core.orders import Order, OrderStatus
from v6core.testing.conformance.case import case
from v6core.testing.conformance.cases.lifecycle import partly_filled
from v6core.testing.conformance.declared import proves_absence, refuses_a_second, repeats_references
from v6core.testing.conformance.driver import Arrival, Drive, Verb
from v6core.testing.conformance.expecting import Broken, expect, expect_equal
from v6core.testing.conformance.needs import LIMITS, MARKETS, MODIFIES, QUOTED
from v6core.testing.conformance.trial import Trial


async def _at_the_broker(trial: Trial, order: Order) -> int:
    """Return how many open orders the broker lists with these terms, whatever it calls them."""
    rows = (await trial.broker.snapshot()).open_orders
    terms = [(row.terms.quantity, row.terms.limit_price) for row in rows if row.terms is not None]
    return terms.count((order.quantity, order.limit_price))


@case(
    "REC-01",
    why="an order placed by what was known before the link broke doubles what filled meanwhile",
    pitfall="the program goes on as soon as the socket is open, before anything was asked",
    needs=[LIMITS],
    drives=[Drive.QUOTES, Drive.LINK],
    rests=True,
)
async def looks_before_it_trades(trial: Trial) -> None:
    """While the link is down nothing is let out, and once orders are let out again all that filled is known."""
    order = await trial.resting(10, percent=1)
    await trial.cut()
    if not await trial.is_ready():
        try:
            placed = await trial.place(Order.limit("BUY", 1, trial.below(6)))
        except OrderDenied:
            pass
        else:
            raise Broken(f"an order was let out while the link was down, and is {placed.status}")
    await trial.quote(trial.below(2), trial.below(1))
    await trial.mend()
    seen = await trial.engine.order(order.order_id)
    expect_equal(seen.status, OrderStatus.FILLED, "what filled meanwhile, at the moment at which orders are let out,")
    later = await trial.place(Order.limit("BUY", 1, trial.below(6)))
    expect_equal(later.status, OrderStatus.SUBMITTED, "an order after the link is mended")
    await trial.engine.cancel_order(later.order_id)


@case(
    "REC-02",
    why="what filled while nobody listened is held all the same",
    pitfall="executions are pushed and never asked for, or asked for and counted beside those that were pushed",
    needs=[LIMITS],
    drives=[Drive.QUOTES, Drive.LINK],
    rests=True,
)
async def offline_fills_count_once(trial: Trial) -> None:
    """What fills while the link is cut counts once when it is mended, beside what had filled before."""
    order = await partly_filled(trial, 4)
    await trial.cut()
    await trial.quote(trial.below(2), trial.below(1), ask_size=6)
    await trial.mend()
    filled = await trial.becomes(order, OrderStatus.FILLED)
    expect_equal(filled.filled_quantity, 10, "what has filled")
    await trial.reconnect()
    fills = await trial.engine.fills(order_id=order.order_id)
    expect_equal(
        sum((fill.quantity for fill in fills), ZERO), 10, "what the executions come to after another connection"
    )
    expect_equal(await trial.held(), 10, "what is held")


@case(
    "REC-03",
    why="an answer that is lost is no refusal, and whoever sends again has two orders",
    pitfall="a timeout is told as a failure, and the order placed anew",
    needs=[LIMITS],
    drives=[Drive.ANSWERS],
    rests=True,
)
async def lost_answers_are_found(trial: Trial) -> None:
    """An order that arrived and whose answer is lost is found by its reference, and is not sent again."""
    await trial.driver.lose_answer(Verb.PLACE, arrives=True)
    order = await trial.place(Order.limit("BUY", 3, trial.below(5)))
    expect(
        order.status in {OrderStatus.IN_DOUBT, OrderStatus.SUBMITTED},
        f"an order whose answer is lost is {order.status}: {order.reason}",
    )
    if not repeats_references(trial.capabilities):
        trial.may_doubt()
        return  # nobody can be asked for it, and it stays in doubt
    await trial.settles(order, OrderStatus.SUBMITTED)
    expect_equal(await _at_the_broker(trial, order), 1, "the number of orders at the broker")
    expect_equal(await trial.sent(order), 1, "how often the order reached the broker")
    expect(await trial.engine.cancel_order(order.order_id), "the order that was found cannot be cancelled")


@case(
    "REC-04",
    why="an order that is given up too early still arrives, beside the one that took its place",
    pitfall="not found is taken for never arrived, at the first look",
    needs=[LIMITS],
    drives=[Drive.ANSWERS],
    rests=True,
)
async def absence_is_proved(trial: Trial) -> None:
    """An order that never arrived stays in doubt until its absence is proved, or goes out again where that is safe."""
    await trial.driver.lose_answer(Verb.PLACE, arrives=False)
    order = await trial.place(Order.limit("BUY", 3, trial.below(5)))
    if refuses_a_second(trial.capabilities):
        await trial.settles(order, OrderStatus.SUBMITTED)
        expect_equal(await _at_the_broker(trial, order), 1, "the number of orders at the broker")
        await trial.engine.cancel_order(order.order_id)
        return
    await trial.stays(order, OrderStatus.IN_DOUBT)
    await trial.reconnect()
    if proves_absence(trial.capabilities):
        await trial.settles(order, OrderStatus.LOST)
    else:
        trial.may_doubt()
        await trial.stays(order, OrderStatus.IN_DOUBT)
    expect_equal(await _at_the_broker(trial, order), 0, "the number of orders at the broker")


async def _unless_unknown(asked: Awaitable[object]) -> None:
    """Wait for an answer that may not come."""
    try:
        await asked
    except (OutcomeUnknown, ModifyRejected):
        return


@case(
    "REC-05",
    why="an order that was cancelled and is thought to work is waited for; the other way round it fills unseen",
    pitfall="the cancel's timeout is told as done, or as refused",
    needs=[LIMITS],
    drives=[Drive.ANSWERS],
    rests=True,
)
async def lost_cancels_are_settled(trial: Trial) -> None:
    """A cancel whose answer, or which itself, is lost ends as the broker has it: cancelled, and known to be."""
    for arrives in (True, False):
        order = await trial.resting(2)
        await trial.driver.lose_answer(Verb.CANCEL, arrives=arrives)
        await _unless_unknown(trial.engine.cancel_order(order.order_id))
        seen = await trial.settles(order, OrderStatus.CANCELLED)
        expect_equal(
            seen.status, OrderStatus.CANCELLED, f"an order whose cancel {'did' if arrives else 'did not'} arrive"
        )
        expect_equal(await _at_the_broker(trial, order), 0, "the number of orders at the broker")


@case(
    "REC-08",
    why="somebody who sells beside us has not filled our order",
    pitfall="executions are matched by contract and side where they have no reference",
    needs=[LIMITS],
    drives=[Drive.QUOTES, Drive.OTHERS],
    rests=True,
)
async def foreign_fills_are_foreign(trial: Trial) -> None:
    """An execution of somebody else never counts for an order of ours."""
    order = await trial.resting(10)
    await trial.driver.place_other(trial.stock, Order.market("BUY", 10))
    seen = await trial.stays(order, OrderStatus.SUBMITTED)
    expect_equal((seen.filled_quantity, len(await trial.engine.fills())), (ZERO, 0), "what of ours has filled")
    await trial.reconnect()
    seen = await trial.stays(order, OrderStatus.SUBMITTED)
    expect_equal((seen.filled_quantity, len(await trial.engine.fills())), (ZERO, 0), "what of ours has filled since")
    expect_equal(await trial.held(), 10, "what the account holds")
    trial.is_disturbed = True


@case(
    "REC-09",
    why="a broker that liquidates does not ask, and whoever closes afterwards opens the opposite",
    pitfall="positions are kept from our own fills alone",
    needs=[MARKETS],
    drives=[Drive.QUOTES, Drive.OTHERS],
)
async def liquidations_are_seen(trial: Trial) -> None:
    """A position that somebody else closes is no longer held, and the journal tells of it."""
    await trial.holding(10)
    expect_equal(await trial.held(), 10, "what is held before")
    await trial.driver.place_other(trial.stock, Order.market("SELL", 10))
    await trial.settle()
    await trial.reconnect()
    expect_equal(await trial.held(), 0, "what the broker says is held")
    expect_equal([row for row in await trial.engine.positions() if row.quantity], [], "what the engine says is held")
    told = [event for event in trial.watch.events if isinstance(event, ForeignReported | PositionsTaken)]
    expect(told, "the journal tells of no execution and of no position that is not ours")
    trial.is_disturbed = True


@case(
    "REC-12",
    why="a program that hangs in a question sees no fill and sends no cancel",
    pitfall="a read without a deadline on a link that is cut without a word",
    needs=[LIMITS],
    drives=[Drive.LINK],
    rests=True,
)
async def nothing_hangs(trial: Trial) -> None:
    """Over a link that is cut every question fails in time, and so does another connection."""
    order = await trial.resting()
    await trial.cut()
    asked: tuple[tuple[str, Callable[[], Awaitable[object]]], ...] = (
        ("positions", trial.engine.positions),
        ("account", trial.engine.account),
        ("a cancel", lambda: trial.engine.cancel_order(order.order_id)),
        ("another connection", trial.engine.reconnect),
    )
    for what, ask in asked:
        deadlines = trial.driver.deadlines
        longest = deadlines.question_deadline + deadlines.cancel_deadline + deadlines.connect_deadline
        try:
            async with asyncio.timeout(longest + trial.driver.patience):
                answer = await ask()
        except V6Error:
            continue
        except TimeoutError:
            raise Broken(f"asking for {what} over a link that is cut took more than {longest:g} s") from None
        # False is what a cancel comes to that is proved not to have left.
        expect(answer is False, f"{what} was answered over a link that is cut")
    await trial.mend(given_up=True)
    await trial.settles(order, OrderStatus.CANCELLED, OrderStatus.SUBMITTED)
    await trial.engine.cancel_all()


@case(
    "REC-13",
    why="on a busy day the rate is exceeded, and an order that is dropped is missing unseen",
    pitfall="what is refused for the rate is retried without end, or swallowed",
    needs=[LIMITS],
    rests=True,
)
async def a_rush_loses_nothing(trial: Trial) -> None:
    """Of many orders at once each is answered, and the broker has those that it accepted."""
    orders = await asyncio.gather(*(trial.place(Order.limit("BUY", n, trial.below(5))) for n in range(1, 21)))
    answered = {OrderStatus.SUBMITTED, OrderStatus.REJECTED}
    for order in orders:
        seen = await trial.settles(order, *answered)
        expect(seen.status in answered, f"of twenty orders at once one is {seen.status}: {seen.reason}")
    await trial.settle()
    accepted = [order for order in await trial.engine.orders() if order.status is OrderStatus.SUBMITTED]
    listed = [row for row in (await trial.broker.snapshot()).open_orders if row.terms is not None]
    expect_equal(len(listed), len(accepted), "how many orders the broker lists of those that it accepted")
    await trial.engine.cancel_all()


@case(
    "REC-14",
    why="a price from before the feed stopped is no price",
    pitfall="the last quote is kept, and told again as if it were of this moment",
    needs=[QUOTED],
    drives=[Drive.QUOTES, Drive.LINK],
)
async def old_quotes_are_not_told(trial: Trial) -> None:
    """While the link is cut the last quote that came is not told as the present one."""
    await trial.quote_around(trial.price)
    await trial.engine.quote(trial.stock)
    await trial.cut()
    await trial.quote_around(trial.above(10))
    try:
        quote = await trial.engine.quote(trial.stock)
    except V6Error:
        pass
    else:
        is_old = quote.bid is None or quote.bid < trial.above(5)
        expect(quote.delayed or not is_old, f"over a link that is cut {quote.bid} is told as the bid of this moment")
    await trial.mend()
    present = await trial.engine.quote(trial.stock)
    expect(present.bid is not None and present.bid > trial.above(5), f"once it is mended the bid is {present.bid}")


@case(
    "REC-15",
    why="an order at another price than its owner thinks is another order",
    pitfall="the change's timeout is told as done, or the change is sent again and overtakes a later one",
    needs=[LIMITS, MODIFIES],
    drives=[Drive.ANSWERS],
    rests=True,
)
async def lost_changes_are_settled(trial: Trial) -> None:
    """A change whose answer is lost is known once the broker was asked; one that never arrived is known not to hold."""
    for arrives, percent in ((True, 5), (False, 6)):
        order = await trial.resting(2, percent=6)
        await trial.driver.lose_answer(Verb.MODIFY, arrives=arrives)
        await _unless_unknown(trial.engine.modify_order(order.order_id, limit_price=trial.below(5)))
        await trial.reconnect()
        await _undoubted(trial, order)
        seen = await trial.engine.order(order.order_id)
        expect_equal(
            seen.limit_price,
            trial.below(percent),
            f"the limit, where the change {'did' if arrives else 'did not'} arrive,",
        )
        asked = (
            (await trial.driver.arrivals()).count(Arrival(Verb.MODIFY, order.order_ref))
            if Drive.ARRIVALS in trial.driver.can
            else 0
        )
        expect(asked <= 1, f"a change was sent {asked} times")
        await trial.engine.cancel_order(order.order_id)


async def _undoubted(trial: Trial, order: Order) -> None:
    """Wait until nobody doubts a change of an order any more."""
    deadlines = trial.driver.deadlines
    async with asyncio.timeout(deadlines.grace + 4 * deadlines.settle + trial.driver.patience):
        while (await trial.engine.order(order.order_id)).pending_modify is not None:  # noqa: ASYNC110 -- looks come and go
            await asyncio.sleep(deadlines.settle / 4)
