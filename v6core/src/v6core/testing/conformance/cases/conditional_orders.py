"""Conditional orders: stops, if-touched orders and trails. They are silent until the market comes, and then they act.

Both sides of each quote are beyond a trigger or short of it, so that no case depends on what a broker triggers by.
"""

from __future__ import annotations

from decimal import Decimal

from v6core.contracts import Contract, OrderAction
from v6core.orders import Order, OrderStatus, OrderType
from v6core.testing.conformance.case import case
from v6core.testing.conformance.driver import Drive
from v6core.testing.conformance.expecting import expect, expect_equal
from v6core.testing.conformance.needs import STOP_LIMITS, STOPS, TRAILS, takes
from v6core.testing.conformance.trial import Trial


async def _fills_no_better_than(trial: Trial, order: Order, price: Decimal) -> Order:
    """Return an order once it is filled, at a price or a worse one."""
    filled = await trial.becomes(order, OrderStatus.FILLED)
    assert filled.avg_fill_price is not None
    better = order.action.sign * (price - filled.avg_fill_price)
    expect(better <= 0, f"the {order.order_type} order filled at {filled.avg_fill_price}, better than {price}")
    return filled


async def _is_silent(trial: Trial, order: Order) -> None:
    seen = await trial.stays(order, OrderStatus.SUBMITTED)
    expect_equal(seen.filled_quantity, 0, f"what the {order.order_type} {order.action} order filled")


@case(
    "STP-01",
    why="a stop is a user's last line: one that fires early sells the low, one that does not fire loses all",
    pitfall="the trigger is compared the wrong way round for one of the sides, or the stop price is taken for a limit",
    needs=[STOPS],
    drives=[Drive.QUOTES],
    rests=True,
)
async def stop_fires_when_crossed(trial: Trial) -> None:
    """A stop is silent on its safe side, fires once the market crosses it, and fills at the market, worse or not."""
    sell = await trial.place(Order.stop("SELL", 10, trial.below(2)))
    buy = await trial.place(Order.stop("BUY", 10, trial.above(2)), trial.other)
    await trial.quote_around(trial.above(4))
    await trial.quote_around(trial.below(4), trial.other)
    await _is_silent(trial, sell)
    await _is_silent(trial, buy)
    await trial.quote(trial.below(4), trial.below(3.9))
    await trial.quote(trial.above(3.9), trial.above(4), trial.other)
    await _fills_no_better_than(trial, sell, trial.below(4))
    await _fills_no_better_than(trial, buy, trial.above(4))


@case(
    "STP-02",
    why="a stop that is sent too late must not lie there as if the position were protected",
    pitfall="only a crossing is looked for, so a stop that is through when it comes waits for the market to come back",
    needs=[STOPS],
    drives=[Drive.QUOTES],
    rests=True,
)
async def stop_already_through(trial: Trial) -> None:
    """A stop that the market is through already fires at once, or is refused, on either side."""
    for action, trigger, contract in (("SELL", trial.above(2), trial.stock), ("BUY", trial.below(2), trial.other)):
        order = await trial.place(Order.stop(action, 10, trigger), contract)
        ended = await trial.becomes(order, OrderStatus.FILLED, OrderStatus.REJECTED)
        wanted = order.action.sign * 10 if ended.status is OrderStatus.FILLED else 0
        expect_equal(await trial.held(contract), wanted, "the position")


async def _gapped_through(trial: Trial) -> tuple[Order, Order]:
    """Return stop-limit orders to sell the stock and to buy the other, fired by markets beyond their limits."""
    sell = await trial.place(Order.stop_limit("SELL", 10, trial.below(2), trial.below(3)))
    buy = await trial.place(Order.stop_limit("BUY", 10, trial.above(2), trial.above(3)), trial.other)
    for order in (sell, buy):
        await _is_silent(trial, order)
    await trial.quote_around(trial.below(6))
    await trial.quote_around(trial.above(6), trial.other)
    for order in (sell, buy):
        await _is_silent(trial, order)
    return sell, buy


@case(
    "STP-03",
    why="whoever gives a stop a limit would rather keep the position than sell it below that",
    pitfall="the limit is dropped when the stop fires, and the order goes to the market",
    needs=[STOP_LIMITS],
    drives=[Drive.QUOTES],
    rests=True,
)
async def stop_limit_obeys_its_limit(trial: Trial) -> None:
    """A stop-limit order that fires beyond its limit waits there, and fills at its limit or better."""
    sell, buy = await _gapped_through(trial)
    await trial.quote(trial.below(2.5), trial.below(2.4))
    await trial.quote(trial.above(2.4), trial.above(2.5), trial.other)
    for order, limit in ((sell, trial.below(3)), (buy, trial.above(3))):
        filled = await trial.becomes(order, OrderStatus.FILLED)
        assert filled.avg_fill_price is not None
        worse = order.action.sign * (filled.avg_fill_price - limit)
        expect(worse <= 0, f"the {order.action} order filled at {filled.avg_fill_price}, beyond its limit {limit}")


@case(
    "STP-04",
    why="an order that forgets that it was triggered protects nothing once the market has turned",
    pitfall="the trigger is asked anew at each quote",
    needs=[STOP_LIMITS],
    drives=[Drive.QUOTES],
    rests=True,
)
async def fired_is_fired(trial: Trial) -> None:
    """A stop-limit order that has fired is a limit order, also where the market comes back beyond its trigger."""
    orders = await _gapped_through(trial)
    await trial.quote_around(trial.price)
    await trial.quote_around(trial.price, trial.other)
    for order in orders:
        await trial.becomes(order, OrderStatus.FILLED)


@case(
    "STP-05",
    why="an if-touched order buys the dip; fired as a stop it buys the top",
    pitfall="if-touched orders are sent as stops, whose trigger lies on the other side",
    needs=[takes(OrderType.MARKET_IF_TOUCHED), takes(OrderType.LIMIT_IF_TOUCHED)],
    drives=[Drive.QUOTES],
    rests=True,
)
async def if_touched(trial: Trial) -> None:
    """If-touched orders are silent until the market comes to their favourable side, and then fill."""
    low = trial.below(2)
    market = await trial.place(_touched(OrderType.MARKET_IF_TOUCHED, low))
    limit = await trial.place(_touched(OrderType.LIMIT_IF_TOUCHED, low, low), trial.other)
    for contract in (trial.stock, trial.other):
        await trial.quote_around(trial.above(4), contract)
    await _is_silent(trial, market)
    await _is_silent(trial, limit)
    for contract in (trial.stock, trial.other):
        await trial.quote(trial.below(4.1), trial.below(4), contract)
    await _fills_no_better_than(trial, market, trial.below(4))
    await _fills_no_better_than(trial, limit, trial.below(4))


def _touched(order_type: OrderType, price: Decimal, limit: Decimal | None = None) -> Order:
    return Order(
        action=OrderAction.BUY, quantity=Decimal(10), order_type=order_type, stop_price=price, limit_price=limit
    )


async def _up_and_back(trial: Trial, order: Order, contract: Contract) -> None:
    """Let a market rise by 4 %, where a trail of 2 % stops at 2 % above the start, and come back halfway to that."""
    await trial.quote_around(trial.above(4), contract)
    await trial.quote_around(trial.above(3), contract)
    await _is_silent(trial, order)


@case(
    "STP-06",
    why="a trail that gives ground back is no protection of what was won",
    pitfall="the stop follows the market both ways, or stays where it was when the order came",
    needs=[TRAILS],
    drives=[Drive.QUOTES],
    rests=True,
)
async def trail_moves_in_favour_only(trial: Trial) -> None:
    """A trailing stop, by amount and by percent, follows the market one way only, and fires where it then stands."""
    two = trial.above(2) - trial.price
    await trial.quote_around(2 * trial.price, trial.other)  # where the amount is one percent, and not two
    amount = await trial.place(Order.trailing_stop("SELL", 10, two), trial.other)
    percent = await trial.place(Order.trailing_stop("SELL", 10, trail_percent=2), trial.other)
    buy = await trial.place(Order.trailing_stop("BUY", 10, two))
    for favour in (4, 3.5):
        await trial.quote_around(2 * trial.above(favour), trial.other)
        await trial.quote_around(trial.below(favour))
    for order in (amount, percent, buy):
        await _is_silent(trial, order)
    await trial.quote_around(2 * trial.above(2.5), trial.other)
    await _fills_no_better_than(trial, amount, 2 * trial.above(2.5))
    await _is_silent(trial, percent)
    await trial.quote_around(2 * trial.above(1), trial.other)
    await _fills_no_better_than(trial, percent, 2 * trial.above(1))
    await trial.quote(trial.below(1.1), trial.below(1))
    await _fills_no_better_than(trial, buy, trial.below(1))


@case(
    "STP-07",
    why="a limit that stays behind while its stop moves up sells for less than was asked for",
    pitfall="the limit is computed once, when the order is placed",
    needs=[takes(OrderType.TRAIL_LIMIT)],
    drives=[Drive.QUOTES],
    rests=True,
)
async def trail_limit_keeps_its_offset(trial: Trial) -> None:
    """The limit of a trailing stop-limit order moves with its stop: after a gap through both it waits for its price."""
    two, half = trial.above(2) - trial.price, trial.above(0.5) - trial.price
    order = await trial.place(
        Order(
            action=OrderAction.SELL,
            quantity=Decimal(10),
            order_type=OrderType.TRAIL_LIMIT,
            trail_amount=two,
            limit_offset=half,
        )
    )
    await _up_and_back(trial, order, trial.stock)
    await trial.quote_around(trial.price)
    await _is_silent(trial, order)
    await trial.quote_around(trial.above(2))
    filled = await trial.becomes(order, OrderStatus.FILLED)
    expect((filled.avg_fill_price or 0) >= trial.above(1.4), f"it sold at {filled.avg_fill_price}, below its limit")


@case(
    "STP-09",
    why="a protection that a restart does not find is placed twice, or not at all",
    pitfall="triggered orders are kept in another list than working ones, and only one of them is asked for",
    needs=[STOPS],
    rests=True,
    tier=2,
)
async def listed_after_a_restart(trial: Trial) -> None:
    """After a restart conditional orders are there, once, with their trigger and their limit."""
    odd = 37 * trial.samples.tick  # a round price survives any rounding
    orders = [await trial.place(Order.stop("BUY", 1, trial.above(5) + odd))]
    if STOP_LIMITS.declared(trial.capabilities):
        orders.append(await trial.place(Order.stop_limit("BUY", 1, trial.above(5) + odd, trial.above(6) + odd)))
    await trial.restart()
    for order in orders:
        terms = [report.terms for report in await trial.listed(order)]
        shown = [(one.stop_price, one.limit_price) for one in terms if one is not None]
        expect_equal(shown, [(order.stop_price, order.limit_price)], "what is listed of the conditional order")
        await trial.stays(order, OrderStatus.SUBMITTED)
        expect(await trial.engine.cancel_order(order.order_id), "it could not be cancelled")
