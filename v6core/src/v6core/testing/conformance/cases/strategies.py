"""Strategies: closed as exactly what is held of them, rolled whole or not at all, and what expires of them is told."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

from v6core.contracts import Combo, Option, OptionRight
from v6core.errors import OrderDenied
from v6core.events import ForeignReported
from v6core.fills import ActionTaken, ExecutionResult
from v6core.money import ZERO
from v6core.orders import Order, OrderStatus, OrderType
from v6core.planning import PlanningCode
from v6core.reports import AdjustmentReason, AdjustmentReport
from v6core.sessions import trading_day
from v6core.strategies import LegSpec, Strategy, vertical_spread
from v6core.testing.conformance.case import case
from v6core.testing.conformance.driver import PLENTY, Drive
from v6core.testing.conformance.expecting import Broken, expect, expect_equal
from v6core.testing.conformance.needs import CHAINS, COMBOS, OPTIONS, combos, takes
from v6core.testing.conformance.trial import Trial

_NEAR, _LATER = (Decimal(4), Decimal(2)), (Decimal(5), Decimal("2.50"))
"""What the two calls are worth at the nearer and at the later expiration."""
TO_OPEN, TO_CLOSE, TO_ROLL = "2.30", "-1.70", "0.80"
"""Net prices at which a spread is opened, closed and rolled at once, by the quotes of ``market``."""
_AT_MARKET = (OrderStatus.SUBMITTED, OrderStatus.PARTIALLY_FILLED)
_DAY = timedelta(days=1)
ROLLED = 4
"""The legs of a vertical spread's roll."""


def calls(trial: Trial, *, later: bool = False) -> tuple[Option, Option]:
    """Return the calls of the spread: the one that is bought, and the one that is sold."""
    samples = trial.samples
    day = samples.later if later else samples.expiration
    at, above = samples.strikes[2:4]
    return samples.option(at, OptionRight.CALL, day), samples.option(above, OptionRight.CALL, day)


async def market(trial: Trial, *, bid_size: Decimal | int = PLENTY) -> None:
    """Quote the calls of both expirations; ``bid_size`` is what those who buy the nearer bought call want."""
    for later, worth in ((False, _NEAR), (True, _LATER)):
        for call, price in zip(calls(trial, later=later), worth, strict=True):
            await trial.quote_around(price, call)
    if bid_size != PLENTY:
        await trial.quote("3.96", "4.06", calls(trial)[0], bid_size=bid_size)


def spread(trial: Trial, quantity: int = 1) -> Strategy:
    """Return a vertical spread of the nearer calls."""
    long, short = calls(trial)
    return vertical_spread(
        trial.stock.symbol, long.expiration, "CALL", long.strike, short.strike, quantity, strategy_id="spread"
    )


async def opened(trial: Trial, quantity: int = 1) -> Strategy:
    """Open the spread, and return it as it is held."""
    await market(trial)
    result = await trial.engine.open_position(spread(trial, quantity), TO_OPEN, trial.driver.patience)
    expect_equal(result.action_taken, ActionTaken.OPENED, f"opening ({result.error_message})")
    assert result.strategy is not None
    return result.strategy


async def _held(trial: Trial, *, later: bool = False) -> tuple[Decimal, Decimal]:
    long, short = calls(trial, later=later)
    return await trial.held(long), await trial.held(short)


def _days(trial: Trial, day: date | None) -> int:
    """Return how far off a day is for the broker."""
    assert day is not None
    return (day - trading_day(trial.engine.now())).days


async def _roll(trial: Trial, strategy: Strategy, limit: str) -> ExecutionResult:
    days = _days(trial, trial.samples.later)
    return await trial.engine.roll_position(strategy, days, limit, trial.driver.patience)


async def _close(trial: Trial, strategy: Strategy) -> ExecutionResult:
    return await trial.engine.close_position(strategy, TO_CLOSE, trial.driver.patience)


async def _stopped(trial: Trial, calling: Coroutine[Any, Any, ExecutionResult]) -> Order:
    """Cancel what is left of the order of a close or a roll once nothing more of it fills, and return it."""
    known = {order.order_id for order in await trial.engine.orders()}
    call = asyncio.create_task(calling)
    working: list[Order] = []
    while not (working or call.done()):
        await trial.settle()
        working = [one for one in await trial.engine.orders(statuses=_AT_MARKET) if one.order_id not in known]
    if not working:
        done = await call
        raise Broken(f"it was to wait for the rest, and is {done.action_taken} ({done.error_message})")
    await trial.settle()
    await trial.engine.cancel_order(working[0].order_id)
    await call
    return await trial.now(working[0])


@case(
    "STR-01",
    why="a close that is not the exact opposite leaves a leg behind, or opens one",
    pitfall="the strategy's definition is closed, not what is held of it",
    needs=[COMBOS],
    drives=[Drive.QUOTES],
)
async def closing_is_the_exact_opposite(trial: Trial) -> None:
    """Closing a strategy sends the exact opposite of the legs held, as one order."""
    strategy = await opened(trial, 2)
    result = await _close(trial, strategy)
    expect_equal(result.action_taken, ActionTaken.CLOSED, f"the close ({result.error_message})")
    (order,) = result.orders
    assert isinstance(order.contract, Combo)
    signed = {leg.key: ratio * order.action.sign * order.quantity for leg, ratio in order.contract.signed_legs}
    long, short = calls(trial)
    expect_equal(signed, {long.key: Decimal(-2), short.key: Decimal(2)}, "what was sent")
    expect_equal(await _held(trial), (ZERO, ZERO), "what is held of the legs")


@case(
    "STR-02",
    why="whoever closes again after half a close wants the other half closed, not more",
    pitfall="the second close is sized by the strategy, and turns what was closed round",
    needs=[COMBOS],
    drives=[Drive.QUOTES],
    rests=True,
)
async def closing_again_closes_the_rest(trial: Trial) -> None:
    """After a close that filled in part, another one closes the rest and no more."""
    strategy = await opened(trial, 5)
    await market(trial, bid_size=2)
    first = await _stopped(trial, _close(trial, strategy))
    expect_equal(first.filled_quantity, Decimal(2), "what the first close closed")
    await market(trial)
    again = await _close(trial, strategy)
    expect_equal(again.action_taken, ActionTaken.CLOSED, f"the second close ({again.error_message})")
    expect_equal([order.quantity for order in again.orders], [Decimal(3)], "what the second close sent")
    expect_equal(await _held(trial), (ZERO, ZERO), "what is held of the legs")


@case(
    "ROL-01",
    why="between a close and an open the market moves, and one of them may not fill",
    pitfall="a roll is two orders, and the second waits for a person",
    needs=[combos(ROLLED), CHAINS],
    drives=[Drive.QUOTES],
)
async def a_roll_is_one_order(trial: Trial) -> None:
    """A roll is one order in which the old legs are closed and the others opened."""
    strategy = await opened(trial, 2)
    result = await _roll(trial, strategy, TO_ROLL)
    expect_equal(result.action_taken, ActionTaken.ROLLED, f"the roll ({result.error_message})")
    expect_equal(len(result.orders), 1, "the number of orders")
    expect_equal(await _held(trial), (ZERO, ZERO), "what is held of the old legs")
    expect_equal(await _held(trial, later=True), (Decimal(2), Decimal(-2)), "what is held of the other legs")


@case(
    "ROL-02",
    why="a roll that did not happen must not have closed anything",
    pitfall="the old legs go first, and the order for the others finds no price",
    needs=[combos(ROLLED), CHAINS],
    drives=[Drive.QUOTES],
    rests=True,
)
async def a_cancelled_roll_changes_nothing(trial: Trial) -> None:
    """A roll that is cancelled unfilled leaves the position exactly as it was."""
    strategy = await opened(trial, 2)
    order = await _stopped(trial, _roll(trial, strategy, "0.10"))
    expect_equal(order.status, OrderStatus.CANCELLED, "the roll")
    expect_equal(await _held(trial), (Decimal(2), Decimal(-2)), "what is held of the old legs")
    expect_equal(await _held(trial, later=True), (ZERO, ZERO), "what is held of the other legs")
    expect_equal(await trial.engine.strategies(), (strategy,), "the strategies")


@case(
    "ROL-03",
    why="a roll may stop half way, and somebody has to know how far it came",
    pitfall="the strategy is marked as rolled with the first lot, or never",
    needs=[combos(ROLLED), CHAINS],
    drives=[Drive.QUOTES],
    rests=True,
)
async def a_partial_roll_can_be_resumed(trial: Trial) -> None:
    """Of a roll that filled in part each lot is rolled or not; rolling again completes it."""
    strategy = await opened(trial, 3)
    await market(trial, bid_size=1)
    await _stopped(trial, _roll(trial, strategy, TO_ROLL))
    expect_equal(await _held(trial), (Decimal(2), Decimal(-2)), "what is held of the old legs")
    expect_equal(await _held(trial, later=True), (Decimal(1), Decimal(-1)), "what is held of the other legs")
    await market(trial)
    (halfway,) = await trial.engine.strategies()
    result = await _roll(trial, halfway, TO_ROLL)
    expect_equal(result.action_taken, ActionTaken.ROLLED, f"the second roll ({result.error_message})")
    expect_equal(await _held(trial, later=True), (Decimal(3), Decimal(-3)), "what is held of the other legs")


@case(
    "ROL-04",
    why="a roll to nowhere costs two spreads and a fee",
    pitfall="the target is looked up once the old legs are gone",
    needs=[combos(ROLLED), CHAINS],
    drives=[Drive.QUOTES],
)
async def a_roll_to_nowhere_is_refused(trial: Trial) -> None:
    """A roll to what is held already, or to what is not listed, is refused before anything is sent."""
    strategy = await opened(trial)
    nowhere = {
        PlanningCode.ROLL_IDENTICAL: _days(trial, trial.samples.expiration),
        PlanningCode.ROLL_UNKNOWN_EXPIRATION: 20_000,
    }
    for code, days in nowhere.items():
        try:
            await trial.engine.roll_position(strategy, days, TO_ROLL)
        except OrderDenied as denied:
            expect_equal(denied.code, code, f"the refusal of a roll by {days} days")
        else:
            raise Broken(f"a roll by {days} days was not refused with {code}")
    expect_equal(len(await trial.engine.orders()), 1, "the number of orders")
    expect_equal(await _held(trial), (Decimal(1), Decimal(-1)), "what is held of the legs")


@case(
    "ROL-05",
    why="several orders in place of one is a risk that somebody has to want",
    pitfall="a roll that does not fit is cut into orders without a word",
    needs=[takes(OrderType.MARKET, kind="OPTION"), CHAINS],
    drives=[Drive.QUOTES],
)
async def a_roll_is_split_only_by_name(trial: Trial) -> None:
    """A roll with more legs than the broker takes is refused, and split where that is asked for by name."""
    strategy = await _too_wide(trial)
    days, patience = _days(trial, trial.samples.later), trial.driver.patience
    try:
        await trial.engine.roll_position(strategy, days, timeout=patience, at_market=True)
    except OrderDenied as denied:
        expect_equal(denied.code, PlanningCode.ROLL_TOO_MANY_LEGS, "the refusal")
    else:
        raise Broken("a roll with too many legs was not refused")
    result = await trial.engine.roll_position(strategy, days, timeout=patience, sequential=True, at_market=True)
    expect_equal(result.action_taken, ActionTaken.ROLLED, f"the split roll ({result.error_message})")
    expect(len(result.orders) > 1, "it came to one order")
    snapshot = await trial.broker.snapshot()
    held = {position.contract.key: position.quantity for position in snapshot.positions}
    wanted = [leg.replace(expiration=trial.samples.later) for leg in strategy.legs]
    expect_equal(held, dict.fromkeys(_keys(strategy.replace_legs(wanted)), Decimal(1)), "what is held")


def _keys(strategy: Strategy) -> list[str]:
    return [contract.key for contract, _ in strategy.signed_legs]


async def _too_wide(trial: Trial) -> Strategy:
    """Buy so many options one by one that their roll has more legs than one order may have."""
    samples, most = trial.samples, trial.capabilities.max_combo_legs
    await trial.quote_options()
    chosen = list(product(samples.strikes, OptionRight))[: most // 2 + 1]
    for strike, right in chosen:
        bought = await trial.place(
            Order.market("BUY", 1, strategy_id="wide"), samples.option(strike, right, samples.expiration)
        )
        await trial.becomes(bought, OrderStatus.FILLED)
    legs = [
        LegSpec(action="BUY", right=right, strike=strike, expiration=samples.expiration) for strike, right in chosen
    ]
    return Strategy(strategy_id="wide", symbol=trial.stock.symbol, legs=legs)


@case(
    "OPT-01",
    why="options end by themselves, and positions change without an order",
    pitfall="the position stays in the books of the program for ever, or goes without a reason",
    needs=[OPTIONS],
    drives=[Drive.QUOTES, Drive.TIME],
    simulated=True,
)
async def expiry_is_told_with_its_reason(trial: Trial) -> None:
    """An option that expires leaves the account, and the event that tells it names the reason."""
    call = trial.samples.option(trial.samples.strikes[-1], OptionRight.CALL)
    await trial.quote_around(1, call)
    order = await trial.place(Order.limit("BUY", 1, "1.10"), call)
    await trial.becomes(order, OrderStatus.FILLED)
    day_after = datetime.combine(call.expiration, time(), UTC) + _DAY + _DAY / 2
    await trial.driver.pass_time((day_after - trial.engine.now()).total_seconds())
    expect_equal(await trial.held(call), ZERO, "what is held after the expiration")
    told = [event.report for event in trial.watch.events if isinstance(event, ForeignReported)]
    reasons = [report.reason for report in told if isinstance(report, AdjustmentReport)]
    expect_equal(reasons, [AdjustmentReason.EXPIRY], "the reasons that were told")
    trial.is_disturbed = True  # positions are not those of the executions any more
