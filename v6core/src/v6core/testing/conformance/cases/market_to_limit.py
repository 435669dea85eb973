"""Market-to-limit orders: what the market has for them at once they take, and no price that is worse."""

from __future__ import annotations

from decimal import Decimal

from v6core.contracts import Contract, OrderAction
from v6core.orders import Order, OrderStatus, OrderType
from v6core.testing.conformance.case import case
from v6core.testing.conformance.cases.lifecycle import fills_of
from v6core.testing.conformance.driver import Drive
from v6core.testing.conformance.expecting import expect, expect_equal
from v6core.testing.conformance.market import HALF_SPREAD
from v6core.testing.conformance.needs import takes
from v6core.testing.conformance.trial import Trial

MARKET_TO_LIMITS = takes(OrderType.MARKET_TO_LIMIT)
_SHOWN = Decimal(4)


def _order(action: OrderAction) -> Order:
    return Order(action=action, quantity=Decimal(10), order_type=OrderType.MARKET_TO_LIMIT)


async def _turned(trial: Trial, action: OrderAction, contract: Contract) -> Order:
    """Place an order for ten where four are shown, and return it once these have filled."""
    bid, ask = trial.price - HALF_SPREAD, trial.price + HALF_SPREAD
    await trial.quote(bid, ask, contract, bid_size=_SHOWN, ask_size=_SHOWN)
    order = await trial.place(_order(action), contract)
    seen = await trial.becomes(order, OrderStatus.PARTIALLY_FILLED, OrderStatus.FILLED)
    expect_equal(seen.filled_quantity, _SHOWN, f"what the order to {action} 10 filled of the {_SHOWN} shown")
    return seen


async def _waits(trial: Trial, order: Order) -> None:
    seen = await trial.stays(order, OrderStatus.PARTIALLY_FILLED)
    expect_equal(seen.filled_quantity, _SHOWN, f"what the order to {order.action} 10 filled at a worse price")


async def _move_away(trial: Trial) -> None:
    """Move the market of the stock up and that of the other one down, a percent each."""
    await trial.quote(trial.above(1), trial.above(1.1))
    await trial.quote(trial.below(1.1), trial.below(1), trial.other)


@case(
    "MTL-01",
    why="whoever takes what is there at once must not wait for a price that nobody named",
    pitfall="the type is not known, and is sent as a limit without its price",
    needs=[MARKET_TO_LIMITS],
    drives=[Drive.QUOTES],
)
async def fills_at_the_market(trial: Trial) -> None:
    """A market-to-limit order that finds enough fills whole at the market, on either side."""
    for action, contract in ((OrderAction.BUY, trial.stock), (OrderAction.SELL, trial.other)):
        await trial.quote_around(trial.price, contract)
        filled = await trial.becomes(await trial.place(_order(action), contract), OrderStatus.FILLED)
        price = filled.avg_fill_price or Decimal(0)
        shown = abs(price - trial.price) <= HALF_SPREAD
        expect(shown, f"the order to {action} filled at {price}, where nobody was")
        expect_equal(await trial.held(contract), action.sign * 10, "the position")


@case(
    "MTL-02",
    why="the limit is what it is chosen for: a market order that chases a thin market pays any price",
    pitfall="the rest is left at the market, or is given the limit of a later quote",
    needs=[MARKET_TO_LIMITS],
    drives=[Drive.QUOTES],
    rests=True,
)
async def rest_is_a_limit(trial: Trial) -> None:
    """What a market-to-limit order does not get at once waits at the price of its first fill, and pays no worse."""
    buy = await _turned(trial, OrderAction.BUY, trial.stock)
    sell = await _turned(trial, OrderAction.SELL, trial.other)
    await _move_away(trial)
    for order in (buy, sell):
        await _waits(trial, order)
    for contract in (trial.stock, trial.other):
        await trial.quote_around(trial.price, contract)
    for order in (buy, sell):
        await trial.becomes(order, OrderStatus.FILLED)
        first, *later = await fills_of(trial, order)
        for fill in later:
            worse = order.action.sign * (fill.price - first.price)
            expect(worse <= 0, f"the order to {order.action} filled at {first.price}, and later at {fill.price}")


@case(
    "MTL-03",
    why="after a restart the rest is found at its limit, or nobody knows what it may cost",
    pitfall="the order is shown as another type, with a limit that nobody asked for, and is taken for a stranger's",
    needs=[MARKET_TO_LIMITS],
    drives=[Drive.QUOTES],
    rests=True,
)
async def rest_is_found_again(trial: Trial) -> None:
    """The rest of a market-to-limit order is listed after a restart, still has its limit, and can be cancelled."""
    order = await _turned(trial, OrderAction.BUY, trial.stock)
    await trial.restart()
    expect_equal(len(await trial.listed(order)), 1, "the number of open orders under the reference")
    await _move_away(trial)
    await _waits(trial, order)
    expect(await trial.engine.cancel_order(order.order_id), "the rest could not be cancelled")
    ended = await trial.now(order)
    expect_equal((ended.status, ended.filled_quantity), (OrderStatus.CANCELLED, _SHOWN), "the order that was cancelled")
