"""Orders at the open and at the close: held until then, filled there or over.

Where a price matters the market stands still around the auction, so that no case depends on how a broker makes it; and
the hours before and after are long enough for the rules of any exchange but those that a case is about.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from v6core.capabilities import Capabilities
from v6core.contracts import Contract
from v6core.orders import Order, OrderStatus, OrderType, TimeInForce
from v6core.sessions import Session, next_session, session_at
from v6core.testing.conformance.case import case
from v6core.testing.conformance.cases.lifecycle import fills_of
from v6core.testing.conformance.driver import Drive
from v6core.testing.conformance.expecting import Broken, expect, expect_equal
from v6core.testing.conformance.market import HALF_SPREAD
from v6core.testing.conformance.needs import Need, takes
from v6core.testing.conformance.trial import Trial

_HOUR, _MINUTE = timedelta(hours=1), timedelta(minutes=1)
_TOO_LATE = timedelta(seconds=30)
"""No exchange takes an order at the close so shortly before it."""
_HELD = (OrderStatus.SUBMITTED, OrderStatus.INACTIVE)
_OVER = (OrderStatus.EXPIRED, OrderStatus.CANCELLED)


def _lifetime(capabilities: Capabilities, order_type: OrderType) -> TimeInForce | None:
    """Return how long an order at the open lives in a broker's words, for they all mean the same; None for none."""
    rows = [row for row in capabilities.orders if "STOCK" in row.kinds and order_type in row.order_types]
    return min((tif for row in rows for tif in row.tifs), default=None)


def _at_open(order_type: OrderType) -> Need:
    """Return the need of an order type at the open, whatever its time in force is called."""

    async def attempt(trial: Trial) -> object:
        return await trial.place(trial.order_of(order_type))

    return Need(f"{order_type} on STOCK", lambda capabilities: _lifetime(capabilities, order_type) is not None, attempt)


MARKET_ON_CLOSE, LIMIT_ON_CLOSE = takes(OrderType.MARKET_ON_CLOSE), takes(OrderType.LIMIT_ON_CLOSE)
MARKET_ON_OPEN, LIMIT_ON_OPEN = _at_open(OrderType.MARKET_ON_OPEN), _at_open(OrderType.LIMIT_ON_OPEN)


def _session(trial: Trial) -> Session:
    now = trial.engine.now()
    session = session_at(now)
    if session is None:
        raise Broken(f"this case begins in a session of New York, and at {now.isoformat()} there is none")
    return session


async def _until(trial: Trial, moment: datetime) -> None:
    await trial.driver.pass_time((moment - trial.engine.now()).total_seconds())
    await trial.settle()


async def _night(trial: Trial) -> datetime:
    """Go to the evening, and return when the market opens again."""
    await _until(trial, _session(trial).close + _HOUR)
    return next_session(trial.engine.now()).open


def _order(trial: Trial, order_type: OrderType, action: str = "BUY", limit: Decimal | None = None) -> Order:
    lifetime = _lifetime(trial.capabilities, order_type)
    terms = {"action": action, "quantity": 10, "order_type": order_type, "tif": lifetime, "limit_price": limit}
    return Order.model_validate(terms)


async def _is_held(trial: Trial, order: Order) -> None:
    seen = await trial.stays(order, *_HELD)
    expect_equal(seen.filled_quantity, 0, f"what the {order.order_type} order filled before its time")


async def _fills_around(trial: Trial, order: Order, price: Decimal, after: datetime) -> None:
    """See an order filled within the quote around a price, and not before a moment."""
    filled = await trial.becomes(order, OrderStatus.FILLED)
    paid = filled.avg_fill_price or Decimal(0)
    expect(
        abs(paid - price) <= HALF_SPREAD, f"the {order.order_type} order filled at {paid}, the market was at {price}"
    )
    for fill in await fills_of(trial, order):
        early = fill.time < after - _MINUTE
        expect(not early, f"the {order.order_type} order filled at {fill.time.isoformat()}, before {after.isoformat()}")


async def _quote_both(trial: Trial, price: Decimal) -> None:
    for contract in (trial.stock, trial.other):
        await trial.quote_around(price, contract)


async def _reached(trial: Trial, order: Order, contract: Contract) -> None:
    """See an order with a limit filled at its limit or better."""
    filled = await trial.becomes(order, OrderStatus.FILLED)
    assert filled.avg_fill_price is not None
    assert order.limit_price is not None
    worse = order.action.sign * (filled.avg_fill_price - order.limit_price)
    expect(worse <= 0, f"the {order.order_type} order filled at {filled.avg_fill_price}, beyond {order.limit_price}")
    expect_equal(await trial.held(contract), order.signed_quantity, "the position")


async def _missed(trial: Trial, order: Order, contract: Contract) -> None:
    """See an order over without a fill, also where the market comes to its price later."""
    await trial.becomes(order, *_OVER)
    await trial.quote_around(trial.below(7), contract)
    seen = await trial.stays(order, *_OVER)
    expect_equal(seen.filled_quantity, 0, f"what the {order.order_type} order filled")
    expect_equal(await trial.held(contract), 0, "the position")


@case(
    "AUC-01",
    why="whoever wants the closing price wants no other, and whoever hedges by it is hedged by no other",
    pitfall="the order is sent as a market order and fills at once, or is forgotten by the close",
    needs=[MARKET_ON_CLOSE],
    drives=[Drive.QUOTES, Drive.TIME],
    rests=True,
)
async def at_the_close(trial: Trial) -> None:
    """A market order at the close is held until then, and fills there, on either side."""
    close = _session(trial).close
    buy = await trial.place(_order(trial, OrderType.MARKET_ON_CLOSE))
    sell = await trial.place(_order(trial, OrderType.MARKET_ON_CLOSE, "SELL"), trial.other)
    await _quote_both(trial, trial.below(2))
    await _until(trial, close - _HOUR)
    for order in (buy, sell):
        await _is_held(trial, order)
    await _quote_both(trial, trial.above(1))
    await _until(trial, close + _MINUTE)
    for order in (buy, sell):
        await _fills_around(trial, order, trial.above(1), close)


@case(
    "AUC-02",
    why="the limit is why it is not a market order, and what is not done at the close is not wanted later",
    pitfall="the limit is dropped on the way, or the order works on after the close",
    needs=[LIMIT_ON_CLOSE],
    drives=[Drive.QUOTES, Drive.TIME],
    rests=True,
)
async def limit_at_the_close(trial: Trial) -> None:
    """A limit order at the close fills there at its limit or better; where the close is beyond it, it is over."""
    close = _session(trial).close
    good = await trial.place(_order(trial, OrderType.LIMIT_ON_CLOSE, limit=trial.above(1)))
    beyond = await trial.place(_order(trial, OrderType.LIMIT_ON_CLOSE, limit=trial.below(5)), trial.other)
    for order in (good, beyond):
        await _is_held(trial, order)
    await _until(trial, close + _MINUTE)
    await _reached(trial, good, trial.stock)
    await _missed(trial, beyond, trial.other)


@case(
    "AUC-03",
    why="an order that came too late for the close must not trade at another one",
    pitfall="it is taken without a word, and kept for the next day",
    needs=[MARKET_ON_CLOSE],
    drives=[Drive.QUOTES, Drive.TIME],
    rests=True,
)
async def too_late_for_the_close(trial: Trial) -> None:
    """An order at the close that comes right before it is refused with a reason, or is over with that close."""
    close = _session(trial).close
    await _until(trial, close - _TOO_LATE)
    order = await trial.place(_order(trial, OrderType.MARKET_ON_CLOSE))
    seen = await trial.now(order)
    if seen.status is OrderStatus.REJECTED:
        expect(seen.reason, "an order that came too late was refused without a reason")
        return
    await _until(trial, close + _MINUTE)
    await trial.becomes(order, OrderStatus.FILLED, OrderStatus.REJECTED, *_OVER)


@case(
    "AUC-04",
    why="whoever wants the opening price must get it in, and out of the night's",
    pitfall="the last quote of the day before fills it, or it comes only after the open",
    needs=[MARKET_ON_OPEN],
    drives=[Drive.QUOTES, Drive.TIME],
    rests=True,
)
async def at_the_open(trial: Trial) -> None:
    """A market order at the open that comes in the night is held until then, and fills there, on either side."""
    opening = await _night(trial)
    buy = await trial.place(_order(trial, OrderType.MARKET_ON_OPEN))
    sell = await trial.place(_order(trial, OrderType.MARKET_ON_OPEN, "SELL"), trial.other)
    await _quote_both(trial, trial.below(2))
    await _until(trial, opening - _MINUTE)
    for order in (buy, sell):
        await _is_held(trial, order)
    await _until(trial, opening + _MINUTE)
    await _quote_both(trial, trial.below(2))
    for order in (buy, sell):
        await _fills_around(trial, order, trial.below(2), opening)


@case(
    "AUC-05",
    why="what is not done at the open is not wanted later in the day",
    pitfall="the order is sent as a limit order for the day",
    needs=[LIMIT_ON_OPEN],
    drives=[Drive.QUOTES, Drive.TIME],
    rests=True,
)
async def limit_at_the_open(trial: Trial) -> None:
    """A limit order at the open fills there at its limit or better; where the open is beyond it, it is over."""
    opening = await _night(trial)
    good = await trial.place(_order(trial, OrderType.LIMIT_ON_OPEN, limit=trial.above(1)))
    beyond = await trial.place(_order(trial, OrderType.LIMIT_ON_OPEN, limit=trial.below(5)), trial.other)
    for order in (good, beyond):
        await _is_held(trial, order)
    await _until(trial, opening + _MINUTE)
    await _quote_both(trial, trial.price)
    await _reached(trial, good, trial.stock)
    await _missed(trial, beyond, trial.other)


@case(
    "AUC-06",
    why="an order at the open that comes during the day is for tomorrow, and not for this minute's price",
    pitfall="the market is open, so it is sent as a market order",
    needs=[MARKET_ON_OPEN],
    drives=[Drive.QUOTES, Drive.TIME],
    rests=True,
)
async def too_late_for_the_open(trial: Trial) -> None:
    """An order at the open that comes after it waits for the next one and fills there, or is refused with a reason."""
    order = await trial.place(_order(trial, OrderType.MARKET_ON_OPEN))
    seen = await trial.stays(order, *_HELD, OrderStatus.REJECTED)
    expect_equal(seen.filled_quantity, 0, "what it filled after the open")
    if seen.status is OrderStatus.REJECTED:
        expect(seen.reason, "an order that came too late was refused without a reason")
        return
    opening = await _night(trial)
    await _is_held(trial, order)
    await trial.quote_around(trial.below(2))
    await _until(trial, opening + _MINUTE)
    await trial.quote_around(trial.below(2))
    await _fills_around(trial, order, trial.below(2), opening)


@case(
    "AUC-07",
    why="an order at the close that a restart does not find is placed twice, or cannot be taken back",
    pitfall="orders that wait for an auction are kept in another list than working ones",
    needs=[MARKET_ON_CLOSE],
    drives=[Drive.TIME],
    rests=True,
)
async def found_after_a_restart(trial: Trial) -> None:
    """Orders at the close are there after a restart, once; one is cancelled in time, and the other fills."""
    close = _session(trial).close
    filled, cancelled = [await trial.place(_order(trial, OrderType.MARKET_ON_CLOSE)) for _ in range(2)]
    await trial.restart()
    for order in (filled, cancelled):
        expect_equal(len(await trial.listed(order)), 1, "the number of open orders under the reference")
        await _is_held(trial, order)
    expect(await trial.engine.cancel_order(cancelled.order_id), "it could not be cancelled hours before the close")
    await _until(trial, close + _MINUTE)
    await trial.becomes(filled, OrderStatus.FILLED)
    await trial.stays(cancelled, OrderStatus.CANCELLED)
