"""What holds orders back: limits, halts, and the end of all trading."""

from __future__ import annotations

import asyncio
from decimal import Decimal

from v6core.errors import OrderDenied
from v6core.events import TradingState
from v6core.orders import Order, OrderStatus
from v6core.risk import RiskLimits
from v6core.testing.conformance.case import case
from v6core.testing.conformance.driver import Drive
from v6core.testing.conformance.expecting import Broken, expect, expect_equal
from v6core.testing.conformance.needs import LIMITS, MARKETS
from v6core.testing.conformance.trial import Trial

_OPERATOR = "conformance"


def _limits(**limits: int) -> RiskLimits:
    return RiskLimits.model_validate(limits).for_simulated()


async def _denied(trial: Trial, order: Order) -> OrderDenied:
    """Place an order that is to be denied, and return why it was."""
    try:
        placed = await trial.place(order)
    except OrderDenied as denied:
        return denied
    raise Broken(f"an order to {order.action} {order.quantity} was let out, and is {placed.status}")


@case(
    "RSK-01",
    why="a limit that is checked after sending is none",
    pitfall="the plugin sends by another way than through the engine, or a denial is told without its reason",
    needs=[LIMITS],
    starts=False,
)
async def denied_is_not_sent(trial: Trial) -> None:
    """An order that is denied never reaches the broker, has a coded reason, and is recorded."""
    await trial.start(limits=_limits(max_order_quantity=5))
    order = Order.limit("BUY", 10, trial.below(5))
    denied = await _denied(trial, order)
    expect(denied.code and denied.code not in {"V6", "DENIED"}, f"the denial's code is {denied.code}")
    seen = await trial.engine.order(order.order_id)
    expect_equal(
        (seen.status, await trial.sent(seen)), (OrderStatus.DENIED, 0), "the order, and how often it was sent,"
    )


@case(
    "RSK-02",
    why="a halt that a restart lifts is lifted by every crash",
    pitfall="the halt is a flag in memory, or stops the cancels with the orders",
    needs=[LIMITS],
    rests=True,
)
async def halts_hold(trial: Trial) -> None:
    """While trading is halted nothing opens and cancels pass, over a restart too, until somebody resumes."""
    trial.watch.may_halt = True
    kept, cancelled = await trial.resting(), await trial.resting(2)
    await trial.engine.halt("a case halts", operator=_OPERATOR)
    await _denied(trial, Order.limit("BUY", 1, trial.below(6)))
    expect(await trial.engine.cancel_order(cancelled.order_id), "a cancel did not pass a halt")
    await trial.restart()
    expect_equal(trial.engine.trading_state, TradingState.HALTED, "the trading state after a restart")
    await _denied(trial, Order.limit("BUY", 1, trial.below(6)))
    expect_equal((await trial.now(kept)).status, OrderStatus.SUBMITTED, "an order that worked before the halt")
    await trial.engine.resume("the case goes on", operator=_OPERATOR)
    await trial.resting(3)
    await trial.engine.cancel_all()


@case(
    "RSK-03",
    why="whoever must get smaller must still be able to",
    pitfall="what closes is judged by its side alone, and turns the position",
    needs=[LIMITS, MARKETS],
    drives=[Drive.QUOTES],
)
async def reducing_only_reduces(trial: Trial) -> None:
    """While only reducing is let out, what reduces what is held passes, and what enlarges or turns it does not."""
    trial.watch.may_halt = True
    await trial.holding(10)
    await trial.engine.halt("a case reduces", reducing=True, operator=_OPERATOR)
    await _denied(trial, Order.market("BUY", 1))
    await _denied(trial, Order.market("SELL", 11))
    sold = await trial.place(Order.market("SELL", 4))
    await trial.becomes(sold, OrderStatus.FILLED)
    expect_equal(await trial.held(), 6, "what is held")


@case(
    "RSK-04",
    why="ten programs that each stay below a limit are ten limits",
    pitfall="each order is judged by what has filled, and not by what is on its way",
    needs=[MARKETS],
    drives=[Drive.QUOTES],
    starts=False,
)
async def limits_count_what_is_on_its_way(trial: Trial) -> None:
    """Orders that are placed at the same moment cannot break a limit together."""
    await trial.start(limits=_limits(max_position=20))
    orders = [Order.market("BUY", 8) for _ in range(5)]
    answers = await asyncio.gather(*(trial.place(order) for order in orders), return_exceptions=True)
    let_out = [answer for answer in answers if isinstance(answer, Order)]
    expect_equal(len(let_out), 2, "how many orders for 8 were let out below a limit of 20")
    for answer in answers:
        expect(isinstance(answer, Order | OrderDenied), f"an order was neither let out nor denied: {answer}")
    for order in let_out:
        await trial.becomes(order, OrderStatus.FILLED)
    expect_equal(await trial.held(), Decimal(16), "what is held")


@case(
    "RSK-05",
    why="when somebody pulls the plug, nothing may slip through behind",
    pitfall="what another task was about to place is placed after everything was cancelled",
    needs=[LIMITS],
    rests=True,
)
async def nothing_follows_the_end(trial: Trial) -> None:
    """Once trading is halted and all is cancelled no order of ours is left, and none comes from any task."""
    trial.watch.may_halt = True
    await trial.resting()
    placing = [asyncio.ensure_future(trial.place(Order.limit("BUY", 1, trial.below(6)))) for _ in range(5)]
    await asyncio.sleep(0)
    await trial.engine.halt("a case ends all trading", operator=_OPERATOR)
    await trial.engine.cancel_all()
    await asyncio.gather(*placing, return_exceptions=True)
    await _denied(trial, Order.limit("BUY", 1, trial.below(6)))
    await trial.settle()
    left = [row for row in (await trial.broker.snapshot()).open_orders if row.order_ref is not None]
    expect_equal(len(left), 0, "how many orders are left at the broker")
    for order in await trial.engine.orders():
        expect(order.status.is_terminal, f"an order is {order.status}")


@case(
    "RSK-06",
    why="what somebody else works at the same account is his",
    pitfall="a cancel of everything is one message to the broker, and hits everybody",
    needs=[LIMITS],
    drives=[Drive.OTHERS],
    rests=True,
)
async def others_are_left_alone(trial: Trial) -> None:
    """Halting and cancelling all of ours leaves the orders of others as they are."""
    trial.watch.may_halt = True
    await trial.resting()
    theirs = await trial.driver.place_other(trial.stock, Order.limit("BUY", 2, trial.below(8)))
    await trial.engine.halt("a case ends all trading", operator=_OPERATOR)
    await trial.engine.cancel_all()
    await trial.settle()
    left = [row.broker_order_id for row in (await trial.broker.snapshot()).open_orders]
    expect_equal(left, [theirs], "the orders that are left")
