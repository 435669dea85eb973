"""Market orders: they fill at what the market shows, and are worth nothing where it shows nothing."""

from __future__ import annotations

from decimal import Decimal

from v6core.orders import Order, OrderStatus, OrderType, TimeInForce
from v6core.testing.conformance.case import case
from v6core.testing.conformance.driver import Drive
from v6core.testing.conformance.expecting import expect, expect_equal
from v6core.testing.conformance.needs import FRACTIONS, MARKETS, takes
from v6core.testing.conformance.trial import Trial


@case(
    "MKT-01",
    why="whoever buys at the market wants all of it, at a price that the market shows",
    pitfall="an order counts as filled by its status while a part of its executions never comes",
    needs=[MARKETS],
    tier=2,
)
async def buys_whole(trial: Trial) -> None:
    """A market order to buy fills whole, at the bid or above, and the position grows by what it bought."""
    before = await trial.held()
    # A real market moves while the order is on its way; a driven one stands still.
    bid = trial.below(1 if trial.driver.tier > 1 else 0.05)
    filled = await trial.holding(10)
    expect(filled.avg_fill_price is not None and filled.avg_fill_price >= bid, f"it filled at {filled.avg_fill_price}")
    expect_equal(await trial.held(), before + 10, "the position")


@case(
    "MKT-02",
    why="half of all strategies begin with a sale",
    pitfall="the sign of a sale is lost, so that a short position is told as a long one or as none",
    needs=[MARKETS],
    tier=2,
)
async def sells_short(trial: Trial) -> None:
    """A market order to sell what is not held opens a short position of exactly its quantity."""
    before = await trial.held()
    order = await trial.place(Order.market("SELL", 10))
    await trial.becomes(order, OrderStatus.FILLED)
    expect_equal(await trial.held(), before - 10, "the position")


@case(
    "MKT-03",
    why="a position that is closed must be gone, with nothing left that could open it again",
    pitfall="a remainder of the order, or of one that the plugin made beside it, works on",
    needs=[MARKETS],
    tier=2,
)
async def closes(trial: Trial) -> None:
    """Selling what was bought brings the position back to what it was, and no order is left."""
    before = await trial.held()
    bought = await trial.holding(10)
    sold = await trial.becomes(await trial.place(Order.market("SELL", 10)), OrderStatus.FILLED)
    expect_equal(await trial.held(), before, "the position")
    rows = (await trial.broker.snapshot()).positions
    expect(all(row.quantity for row in rows), "a position that is gone is listed, of 0")
    for order in (bought, sold):
        expect(not await trial.listed(order), f"the broker still lists the order to {order.action} as open")


@case(
    "MKT-04",
    why="a reversal that a broker splits in silence may be done by half",
    pitfall="the plugin sends two orders, one to close and one to open, and tells only of one of them",
    needs=[MARKETS],
)
async def reverses(trial: Trial) -> None:
    """Selling twice what is held is one order that turns the position, or is refused whole."""
    await trial.holding(10)
    order = await trial.place(Order.market("SELL", 20))
    ended = await trial.becomes(order, OrderStatus.FILLED, OrderStatus.REJECTED)
    expect_equal(await trial.held(), -10 if ended.status is OrderStatus.FILLED else 10, "the position")
    expect_equal(await trial.sent(order), 1, "the number of orders that reached the broker")


@case(
    "MKT-05",
    why="a fill at no price books a profit that nobody made",
    pitfall="a missing offer arrives as 0, -1 or NaN, and is taken for a price",
    needs=[MARKETS],
    drives=[Drive.QUOTES],
)
async def waits_for_the_other_side(trial: Trial) -> None:
    """With nobody on the other side a market order waits or is refused; it fills at what is offered afterwards."""
    await trial.quote(trial.below(0.1), None)
    order = await trial.place(Order.market("BUY", 10))
    seen = await trial.stays(
        order, OrderStatus.SUBMITTED, OrderStatus.INACTIVE, OrderStatus.REJECTED, OrderStatus.CANCELLED
    )
    expect_equal(seen.filled_quantity, 0, "what it filled where nobody offers")
    if seen.status.is_terminal:
        return
    await trial.quote(trial.above(1), trial.above(2))
    filled = await trial.becomes(order, OrderStatus.FILLED)
    expect(filled.avg_fill_price is not None and filled.avg_fill_price >= trial.above(2), "it filled below the offer")


@case(
    "MKT-06",
    why="a dry run that fills more than the market shows finds strategies that do not exist",
    pitfall="the first price is taken for all of the order, however little was offered at it",
    needs=[MARKETS],
    drives=[Drive.QUOTES],
    rests=True,
)
async def takes_what_is_shown(trial: Trial) -> None:
    """An order for more than is offered fills by what each quote offers, at no better than its price."""
    await trial.quote(trial.below(0.1), trial.above(0.1), ask_size=4)
    order = await trial.place(Order.market("BUY", 10))
    part = await trial.now(order)
    expect(part.filled_quantity <= 4, f"{part.filled_quantity} filled where 4 were offered")
    await trial.quote(trial.above(0.9), trial.above(1))
    whole = await trial.becomes(order, OrderStatus.FILLED)
    mean = (part.filled_quantity * trial.above(0.1) + (10 - part.filled_quantity) * trial.above(1)) / 10
    expect(whole.avg_fill_price is not None and whole.avg_fill_price >= mean, f"it filled at {whole.avg_fill_price}")


@case(
    "MKT-07",
    why="what is to be done at once must not linger as an order that fills at any later price",
    pitfall="the time in force is dropped on the way, and the rest waits for the next quote",
    needs=[takes(OrderType.MARKET, TimeInForce.IOC)],
    drives=[Drive.QUOTES],
    rests=True,
)
async def immediate_or_cancel(trial: Trial) -> None:
    """A market order that is IOC fills what is offered, and the rest of it is cancelled."""
    await trial.quote(trial.below(0.1), trial.above(0.1), ask_size=4)
    order = await trial.place(Order.market("BUY", 10, tif="IOC"))
    ended = await trial.becomes(order, OrderStatus.CANCELLED)
    expect_equal(ended.filled_quantity, 4, "what it filled")
    await trial.quote_around(trial.price)
    expect_equal(await trial.held(), 4, "the position after the next quote")


@case(
    "MKT-09",
    why="whoever says all or nothing cannot use a part",
    pitfall="fill-or-kill is sent as immediate-or-cancel, which fills a part",
    needs=[takes(OrderType.MARKET, TimeInForce.FOK)],
    drives=[Drive.QUOTES],
    rests=True,
)
async def fill_or_kill(trial: Trial) -> None:
    """A market order that is FOK fills nothing where less is offered, and all of it where enough is."""
    await trial.quote(trial.below(0.1), trial.above(0.1), ask_size=4)
    killed = await trial.place(Order.market("BUY", 10, tif="FOK"))
    ended = await trial.becomes(killed, OrderStatus.CANCELLED)
    expect_equal(ended.filled_quantity, 0, "what it filled where 4 of 10 were offered")
    await trial.quote(trial.below(0.1), trial.above(0.1), ask_size=10)
    filled = await trial.place(Order.market("BUY", 10, tif="FOK"))
    await trial.becomes(filled, OrderStatus.FILLED)


@case(
    "MKT-10",
    why="half a share that is sent as none or as a whole one is another order",
    pitfall="the quantity passes through an integer on its way",
    needs=[MARKETS, FRACTIONS],
    drives=[Drive.QUOTES],
)
async def parts_of_a_share(trial: Trial) -> None:
    """A part of a share that is declared is bought as it is, told as it is, and held as it is."""
    part = Decimal("1.5")
    filled = await trial.holding(part)
    expect_equal(filled.filled_quantity, part, "what it filled")
    expect_equal(await trial.held(), part, "the position")
