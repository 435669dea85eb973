"""Simulated brokers: what makes a dry run worth anything is that it is no kinder than the market."""

from __future__ import annotations

import json
import logging
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from v6core.broker import Broker, BrokerContext
from v6core.errors import Unavailable
from v6core.fills import Fill
from v6core.orders import Order, OrderStatus
from v6core.plugins import broker_of
from v6core.reports import FillReport, Report, Snapshot
from v6core.testing.conformance.case import case
from v6core.testing.conformance.driver import Drive
from v6core.testing.conformance.expecting import expect, expect_equal
from v6core.testing.conformance.needs import LIMITS, MARKETS
from v6core.testing.conformance.trial import Trial

_HOUR = 3600


class _Log:
    """A broker's reports as text; without their times, which are the world's own only where its loop is."""

    def __init__(self, trial: Trial) -> None:
        self.lines: list[str] = []
        self.has_fills = False
        self._keeps_times = trial.driver.loop_factory is not None

    def take(self, report: Report) -> None:
        """Write one report."""
        self.has_fills = self.has_fills or isinstance(report, FillReport)
        told = report.model_dump(mode="json")
        if not self._keeps_times:
            for part in (told, told.get("fill") or {}):
                del part["time"]
        self.lines.append(json.dumps(told))


async def _nobody(name: str) -> Broker:
    raise Unavailable(f"there is no broker {name} in this world")


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


async def _told(trial: Trial, folder: Path) -> list[str]:
    """Return what a broker of the present world tells of a fixed script."""
    log, driver = _Log(trial), trial.driver
    context = BrokerContext(
        name="simulated",
        clock=driver.clock,
        report=log.take,
        folder=folder,
        logger=logging.getLogger("v6.conformance"),
        open_broker=_nobody,
    )
    async with broker_of(driver.spec, driver.settings, context) as broker:
        await _script(trial, broker)
    expect(log.has_fills, "nothing filled")
    return log.lines


async def _script(trial: Trial, broker: Broker) -> None:
    """Do a bit of everything, under ids that are the same each time."""
    await trial.driver.set_quote(trial.stock, trial.below(0.1), trial.above(0.1), ask_size=Decimal(7))
    plans = (
        Order.market("BUY", 10),
        Order.limit("BUY", 5, trial.below(2)),
        Order.limit("BUY", 5, trial.below(3), tif="GTC"),
        Order.stop("SELL", 10, trial.below(4)),
    )
    orders = [
        plan.replace(order_id=UUID(int=number), order_ref=f"same-{number}", contract=trial.stock)
        for number, plan in enumerate(plans, 1)
    ]
    for order in orders:
        await broker.place([order])
        await trial.driver.pass_time(_HOUR / 4)
    await broker.cancel(orders[2])
    for percent in (1, 2.5, 5, 1):
        await trial.driver.set_quote(trial.stock, trial.below(percent + 0.2), trial.below(percent), ask_size=Decimal(4))
        await trial.driver.pass_time(_HOUR)


@case(
    "PAP-01",
    why="a fault that cannot be played again cannot be found",
    pitfall="execution ids, latencies or slippage are drawn from what is different in each run",
    drives=[Drive.QUOTES, Drive.TIME],
    simulated=True,
    starts=False,
)
async def repeats_itself(trial: Trial) -> None:
    """The same steps in two worlds of the same settings are told in the same words, to the byte."""
    first = await _told(trial, _made(trial.folder / "first"))
    await trial.driver.stop()
    await trial.driver.start(_made(trial.folder / "world"))
    second = await _told(trial, _made(trial.folder / "second"))
    for one, two in zip(first, second, strict=False):
        expect_equal(two, one, "what is told in the second world")
    expect_equal(len(second), len(first), "the number of reports")


@case(
    "PAP-03",
    why="two orders that take the same shares make a size that nobody offered",
    pitfall="each order is compared with the quote by itself",
    needs=[LIMITS],
    drives=[Drive.QUOTES],
    simulated=True,
    rests=True,
)
async def takes_each_lot_once(trial: Trial) -> None:
    """Of what a quote shows each lot goes to one order; the rest waits for the next quote."""
    await trial.quote(trial.below(0.1), trial.above(0.1), ask_size=10)
    orders = [await trial.place(Order.limit("BUY", 8, trial.above(1))) for _ in range(2)]
    filled = [(await trial.now(order)).filled_quantity for order in orders]
    expect_equal(sum(filled), 10, f"what filled in all, {filled[0]} and {filled[1]}, of 10 that were offered")
    await trial.quote(trial.below(0.1), trial.above(0.1), ask_size=10)
    for order in orders:
        await trial.becomes(order, OrderStatus.FILLED)


@case(
    "PAP-04",
    why="an order that fills by looking at the same quote again fills by nothing",
    pitfall="the present quote is matched again at each step of time",
    needs=[LIMITS],
    drives=[Drive.QUOTES, Drive.TIME],
    simulated=True,
    rests=True,
)
async def fills_once_by_a_quote(trial: Trial) -> None:
    """However long a quote stands, it fills an order once; the same quote given again fills it once more."""
    await trial.quote(trial.below(0.1), trial.above(0.1), ask_size=4)
    order = await trial.place(Order.limit("BUY", 10, trial.above(1)))
    await trial.driver.pass_time(_HOUR)
    expect_equal((await trial.now(order)).filled_quantity, 4, "what filled by one quote for 4")
    await trial.quote(trial.below(0.1), trial.above(0.1), ask_size=4)
    expect_equal((await trial.now(order)).filled_quantity, 8, "what filled by two quotes for 4")


def _cash_of(fills: tuple[Fill, ...]) -> Decimal:
    return sum((fill.cash_flow - (fill.commission or 0) for fill in fills), Decimal(0))


@case(
    "PAP-05",
    why="costs are what most strategies fail by",
    pitfall="slippage or a commission has the wrong sign for one of the sides",
    needs=[MARKETS],
    drives=[Drive.QUOTES],
    simulated=True,
)
async def costs_never_help(trial: Trial) -> None:
    """Fills are at the quote's far side or worse, commissions not below zero, and the cash is what both come to."""
    before = (await trial.broker.snapshot()).account.cash
    bid, ask = trial.below(0.1), trial.above(0.1)
    await trial.quote(bid, ask)
    for action, price in (("BUY", ask), ("SELL", bid)):
        order = await trial.becomes(await trial.place(Order.market(action, 10)), OrderStatus.FILLED)
        assert order.avg_fill_price is not None
        better = order.action.sign * (price - order.avg_fill_price)
        expect(better <= 0, f"the {action} order filled at {order.avg_fill_price}, better than {price}")
    await trial.settle()
    fills = await trial.engine.fills()
    expect(all((fill.commission or 0) >= 0 for fill in fills), "a commission is below zero")
    after = (await trial.broker.snapshot()).account.cash
    expect_equal(after - before, _cash_of(fills), "what the cash changed by")


def _kept(snapshot: Snapshot) -> dict[str, object]:
    """Return of a snapshot what time does not change."""
    return {
        "the open orders": {(one.order_ref, one.broker_order_id, one.terms) for one in snapshot.open_orders},
        "the completed orders": {(one.order_ref, one.broker_order_id) for one in snapshot.completed_orders},
        "the executions": {one.fill.execution_id for one in snapshot.fills},
        "the positions": {(one.contract.key, one.quantity, one.avg_cost) for one in snapshot.positions},
        "the cash": snapshot.account.cash,
    }


@case(
    "PAP-06",
    why="a dry run takes weeks, and programs are restarted",
    pitfall="ids begin again at one, so that the journal takes two executions for the same",
    needs=[MARKETS, LIMITS],
    drives=[Drive.QUOTES],
    simulated=True,
    rests=True,
)
async def continues(trial: Trial) -> None:
    """After a restart orders, executions, positions and cash are as they were, and no id is given a second time."""
    await trial.holding(10)
    order = await trial.resting(5)
    before = await trial.broker.snapshot()
    await trial.restart()
    after = _kept(await trial.broker.snapshot())
    for what, was in _kept(before).items():
        expect_equal(after[what], was, what)
    await trial.quote_around(trial.below(6))
    await trial.becomes(order, OrderStatus.FILLED)
    await trial.holding(3)
    snapshot = await trial.broker.snapshot()
    ids = [one.fill.execution_id for one in snapshot.fills]
    numbers = [one.broker_order_id for one in snapshot.completed_orders]
    expect_equal((len(set(ids)), len(set(numbers))), (3, 3), "the number of ids of executions and of orders")
