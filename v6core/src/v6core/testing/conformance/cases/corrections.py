"""Corrections: an exchange takes back what it told, and nothing of that is counted beside what it told instead."""

from __future__ import annotations

from decimal import Decimal

from v6core.money import ZERO
from v6core.orders import Anomaly, OrderStatus
from v6core.testing.conformance.case import case
from v6core.testing.conformance.cases.lifecycle import fills_of
from v6core.testing.conformance.driver import Drive
from v6core.testing.conformance.expecting import expect, expect_equal
from v6core.testing.conformance.needs import MARKETS
from v6core.testing.conformance.trial import Trial


@case(
    "SM-15",
    why="exchanges correct executions, and what was paid is then another sum",
    pitfall="the correction is counted beside the execution that it replaces",
    needs=[MARKETS],
    drives=[Drive.CORRECTIONS],
)
async def corrections_replace(trial: Trial) -> None:
    """A corrected execution takes the place of the first, and the order's average follows."""
    order = await trial.holding(10)
    (fill,) = await fills_of(trial, order)
    await trial.driver.correct(fill.execution_id, Decimal(10), fill.price + 1)
    await trial.settle()
    corrected = await trial.engine.order(order.order_id)
    expect_equal(corrected.avg_fill_price, fill.price + 1, "the average price after the correction")
    expect_equal(corrected.filled_quantity, 10, "what has filled after the correction")
    expect_equal(len(await fills_of(trial, order)), 1, "the number of executions that count")


@case(
    "SM-16",
    why="a trade that is busted never was, and whoever sells it is short",
    pitfall="a correction to nothing is dropped, or the order stays filled without executions",
    needs=[MARKETS],
    drives=[Drive.CORRECTIONS],
)
async def busts_take_back(trial: Trial) -> None:
    """An execution that is taken back counts no more: nothing is filled, nothing is held, and the order says so."""
    trial.allow(Anomaly.FILL_BUSTED, Anomaly.LATE_FILL)
    trial.may_doubt()
    order = await trial.holding(10)
    (fill,) = await fills_of(trial, order)
    await trial.driver.correct(fill.execution_id, ZERO, fill.price)
    seen = await trial.now(order)
    expect_equal(seen.filled_quantity, 0, "what has filled, once it was taken back,")
    expect(seen.status is not OrderStatus.FILLED, "an order without executions is still FILLED")
    expect_equal(await trial.held(), 0, "what is held")
