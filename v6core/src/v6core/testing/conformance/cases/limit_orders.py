"""Limit orders: they wait at their price, and never fill through it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from v6core.errors import OrderDenied
from v6core.orders import Order, OrderStatus
from v6core.risk import RiskLimits
from v6core.testing.conformance.case import case
from v6core.testing.conformance.driver import Drive
from v6core.testing.conformance.expecting import expect, expect_equal
from v6core.testing.conformance.needs import FOK, GTC, GTD, IOC, LIMITS
from v6core.testing.conformance.trial import Trial

_HOUR = 3600
_DAY = 24 * _HOUR
_DAYS_CLOSED_AT_MOST = 4


@case(
    "LMT-01",
    why="an order that rests at another price is another order",
    pitfall="prices pass through floats or a tick table and come back changed",
    needs=[LIMITS],
    rests=True,
    tier=2,
)
async def rests_as_it_was_given(trial: Trial) -> None:
    """A passive limit order rests with exactly its contract, type, price, quantity, side and time in force."""
    odd = 37 * trial.samples.tick  # a round price survives any rounding
    lasting = "GTC" if GTC.declared(trial.capabilities) else "DAY"
    await _rests_as(trial, Order.limit("BUY", 3, trial.below(5) + odd))
    await _rests_as(trial, Order.limit("SELL", 3, trial.above(5) - odd, tif=lasting))


async def _rests_as(trial: Trial, asked: Order) -> None:
    order = await trial.place(asked)
    await trial.stays(order, OrderStatus.SUBMITTED)
    reports = await trial.listed(order)
    expect_equal(len(reports), 1, "the number of open orders under the reference")
    terms = reports[0].terms
    expect(terms is not None and terms.contract is not None, "the broker lists the order without its terms")
    assert terms is not None
    assert terms.contract is not None
    expect_equal(terms.contract.key, trial.stock.key, "the contract of the resting order")
    for term in ("order_type", "action", "quantity", "limit_price", "tif"):
        expect_equal(getattr(terms, term), getattr(asked, term), f"the {term} of the resting order")
    await trial.engine.cancel_order(order.order_id)


@case(
    "LMT-02",
    why="the limit is the one thing about the price that the user decided",
    pitfall="a resting order fills at the first quote that comes near, or a sale is judged as if it were a purchase",
    needs=[LIMITS],
    drives=[Drive.QUOTES],
    rests=True,
)
async def never_through_its_price(trial: Trial) -> None:
    """A limit order does not fill while the market is a tick short of its price, and never at a worse one."""
    tick, low, high = trial.samples.tick, trial.below(1), trial.above(1)
    buy = await trial.resting(10, percent=1)
    sell = await trial.place(Order.limit("SELL", 10, high), trial.other)
    await trial.quote(low, low + tick)
    await trial.quote(high - tick, high, trial.other)
    for order in (buy, sell):
        expect_equal((await trial.stays(order, OrderStatus.SUBMITTED)).filled_quantity, 0, "what filled a tick short")
    await trial.quote(low - 4 * tick, low - 2 * tick)
    await trial.quote(high + 2 * tick, high + 4 * tick, trial.other)
    for order in (buy, sell):
        filled = await trial.becomes(order, OrderStatus.FILLED)
        assert filled.avg_fill_price is not None
        worse = order.action.sign * (filled.avg_fill_price - (low if order is buy else high))
        expect(worse <= 0, f"the {order.action} order filled at {filled.avg_fill_price}, through its limit")


@case(
    "LMT-03",
    why="whoever pays the far side wants to be done",
    pitfall="the order rests although the market is there, or fills at its limit though the offer is lower",
    needs=[LIMITS],
    drives=[Drive.QUOTES],
    rests=True,
)
async def marketable_fills(trial: Trial) -> None:
    """A marketable limit order fills at once, at its price or better, on either side."""
    await trial.quote(trial.below(0.1), trial.above(0.1))
    for action, limit, market in (
        ("BUY", trial.above(1), trial.above(0.1)),
        ("SELL", trial.below(1), trial.below(0.1)),
    ):
        order = await trial.place(Order.limit(action, 10, limit))
        filled = await trial.becomes(order, OrderStatus.FILLED)
        expect_equal(filled.avg_fill_price, market, f"the price of the order to {action}")


@case(
    "LMT-05",
    why="a price between two ticks cannot be traded, and whoever rounds it must not round it against the user",
    pitfall="prices are rounded to the nearest tick, or the plugin names finer ticks than the market has",
    needs=[LIMITS],
    rests=True,
    starts=False,
)
async def off_tick(trial: Trial) -> None:
    """An off-tick price is refused, or rests rounded to the user's side: a purchase down."""
    await trial.start(limits=RiskLimits(round_to_tick=True).for_simulated())
    asked = trial.below(5) + trial.samples.tick * Decimal("0.7")
    try:
        order = await trial.place(Order.limit("BUY", 10, asked))
    except OrderDenied:
        return
    if order.status is OrderStatus.REJECTED:
        return
    for report in await trial.listed(order):
        price = None if report.terms is None else report.terms.limit_price
        expect(price is not None and price <= asked, f"{asked} to buy was rounded to {price}")
        expect(price is not None and price % trial.samples.tick == 0, f"the order rests off its tick, at {price}")


@case(
    "LMT-06",
    why="what is to be done at once must not linger as an order that fills at any later price",
    pitfall="the time in force is dropped on the way, and the order rests",
    needs=[IOC],
    drives=[Drive.QUOTES],
    rests=True,
)
async def immediate_or_cancel_passive(trial: Trial) -> None:
    """An IOC order that finds nothing at its price is cancelled without a fill, whatever the market does later."""
    for action, passive, beyond in (("BUY", trial.below(2), trial.below(4)), ("SELL", trial.above(2), trial.above(4))):
        await trial.quote_around(trial.price)
        order = await trial.place(Order.limit(action, 10, passive, tif="IOC"))
        ended = await trial.becomes(order, OrderStatus.CANCELLED)
        expect_equal(ended.filled_quantity, 0, f"what the order to {action} filled")
        await trial.quote_around(beyond)
        expect_equal(await trial.held(), 0, "the position after the market went through its price")


@case(
    "LMT-07",
    why="an IOC order is taken for as much as there is, and its caller goes on by what it got",
    pitfall="the partial fill is lost with the cancel that follows it at once",
    needs=[IOC],
    drives=[Drive.QUOTES],
    rests=True,
)
async def immediate_or_cancel_in_part(trial: Trial) -> None:
    """An IOC order fills what is there at its price, keeps that, and the rest of it is cancelled."""
    await trial.quote(trial.below(0.1), trial.above(0.1), ask_size=4)
    order = await trial.place(Order.limit("BUY", 10, trial.above(1), tif="IOC"))
    ended = await trial.becomes(order, OrderStatus.CANCELLED)
    expect_equal(ended.filled_quantity, 4, "what it filled")
    expect_equal(await trial.held(), 4, "the position")


@case(
    "LMT-08",
    why="whoever says all or nothing cannot use a part",
    pitfall="fill-or-kill is sent as immediate-or-cancel, which fills a part",
    needs=[FOK],
    drives=[Drive.QUOTES],
    rests=True,
)
async def fill_or_kill(trial: Trial) -> None:
    """A FOK order is cancelled untouched where too little is there at its price, and filled whole where enough is."""
    await trial.quote(trial.below(0.1), trial.above(0.1), ask_size=4)
    for price in (trial.above(1), trial.below(2)):
        killed = await trial.place(Order.limit("BUY", 10, price, tif="FOK"))
        ended = await trial.becomes(killed, OrderStatus.CANCELLED)
        expect_equal(ended.filled_quantity, 0, "what an order for 10 filled where 4 were offered")
    await trial.quote(trial.below(0.1), trial.above(0.1), ask_size=10)
    filled = await trial.place(Order.limit("BUY", 10, trial.above(1), tif="FOK"))
    await trial.becomes(filled, OrderStatus.FILLED)


@case(
    "LMT-09",
    why="an order outliving its time trades on an idea that is over",
    pitfall="the time is sent in another zone, or the end of the order is never told",
    needs=[GTD],
    drives=[Drive.QUOTES, Drive.TIME],
    rests=True,
)
async def good_till(trial: Trial) -> None:
    """A GTD order waits until its time, is expired after it and never fills again; a time that is past is refused."""
    hour = timedelta(hours=1)
    now = trial.engine.now().replace(microsecond=0)
    order = await trial.resting(10, tif="GTD", good_till=now + hour)
    await trial.driver.pass_time(hour.total_seconds() / 2)
    await trial.stays(order, OrderStatus.SUBMITTED)
    await trial.driver.pass_time(hour.total_seconds())
    await trial.becomes(order, OrderStatus.EXPIRED)
    await trial.quote_around(trial.below(6))
    expect_equal(await trial.held(), 0, "the position after the market fell through its price")
    try:
        late = await trial.resting(10, tif="GTD", good_till=now)
    except (ValueError, OrderDenied):
        return
    expect_equal(late.status, OrderStatus.REJECTED, "an order whose time is past")


@case(
    "LMT-10",
    why="an order for the day that works on the next one is a position that nobody wants any more",
    pitfall="DAY and GTC are mixed up, or the end of a session is never told",
    needs=[LIMITS, GTC],
    drives=[Drive.QUOTES, Drive.TIME],
    rests=True,
)
async def for_the_day(trial: Trial) -> None:
    """A DAY order is gone after its session, and a GTC order is there in the next one and fills."""
    day = await trial.resting(10)
    lasting = await trial.resting(7, tif="GTC")
    await trial.driver.pass_time(_DAY)
    await trial.becomes(day, OrderStatus.EXPIRED, OrderStatus.CANCELLED)
    await trial.stays(lasting, OrderStatus.SUBMITTED)
    await trial.quote_around(trial.below(6))
    await trial.becomes(lasting, OrderStatus.FILLED)
    expect_equal(await trial.held(), 7, "the position")


@case(
    "LMT-11",
    why="an order of the evening is meant for the next morning, not for whatever trades at night",
    pitfall="the last quote of the day fills it, or it is taken for an order of the day that is over",
    needs=[LIMITS],
    drives=[Drive.QUOTES, Drive.TIME],
    rests=True,
)
async def waits_for_the_session(trial: Trial) -> None:
    """An order that comes after the close waits for the next session and fills there, or is refused."""
    await trial.driver.pass_time(8 * _HOUR)  # no session of stocks has so many hours, so this one is over
    order = await trial.place(Order.limit("BUY", 10, trial.above(1)))
    seen = await trial.stays(order, OrderStatus.SUBMITTED, OrderStatus.INACTIVE, OrderStatus.REJECTED)
    expect_equal(seen.filled_quantity, 0, "what it filled after the close")
    await trial.driver.pass_time(16 * _HOUR)
    for _ in range(_DAYS_CLOSED_AT_MOST):
        await trial.quote_around(trial.price)
        if (await trial.now(order)).status.is_terminal:
            break
        await trial.driver.pass_time(_DAY)
    await trial.becomes(order, OrderStatus.REJECTED if seen.status is OrderStatus.REJECTED else OrderStatus.FILLED)


@case(
    "LMT-14",
    why="a market that opens far below the limit sells at what it opens at, and so the buyer pays that",
    pitfall="a resting order is filled at its own price, whatever the market does",
    needs=[LIMITS],
    drives=[Drive.QUOTES],
    rests=True,
)
async def through_a_gap(trial: Trial) -> None:
    """A limit order that the market gaps through fills at the market's price, and not at its own, on either side."""
    buy = await trial.resting(10, percent=2)
    sell = await trial.place(Order.limit("SELL", 10, trial.above(2)), trial.other)
    await trial.quote(trial.below(5), trial.below(4))
    await trial.quote(trial.above(4), trial.above(5), trial.other)
    for order, market in ((buy, trial.below(4)), (sell, trial.above(4))):
        filled = await trial.becomes(order, OrderStatus.FILLED)
        expect_equal(filled.avg_fill_price, market, f"the price of the order to {order.action}")
