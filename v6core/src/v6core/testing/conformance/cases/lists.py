"""What the broker lists: all of it, as its events told it, as far back as it says, and never older than they are."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from decimal import Decimal

from v6core.capabilities import HistoryReach
from v6core.events import OrderEvent, PositionsTaken, event_from_row
from v6core.orders import Order, OrderStatus
from v6core.risk import RiskLimits
from v6core.testing.conformance.case import case
from v6core.testing.conformance.cases.lifecycle import fills_of, partly_filled
from v6core.testing.conformance.driver import Drive
from v6core.testing.conformance.expecting import expect, expect_equal
from v6core.testing.conformance.needs import LIMITS, MARKETS
from v6core.testing.conformance.trial import Trial

_MORE_THAN_A_PAGE = 101
_TWO_DAYS = 2 * 86_400


@case(
    "SM-14",
    why="after a restart the broker's lists are all there is",
    pitfall="the lists are filled from another cache than the events, and are behind or ahead of them",
    needs=[LIMITS, MARKETS],
    drives=[Drive.QUOTES],
    rests=True,
)
async def lists_say_what_events_said(trial: Trial) -> None:
    """What the broker lists and finds is what its events have told: standing, filled, executions."""
    filled, partly = await trial.holding(3), await partly_filled(trial)
    snapshot = await trial.broker.snapshot()
    (row,) = [report for report in snapshot.open_orders if report.order_ref == partly.order_ref] or (None,)
    expect(row is not None, "an order that has filled in part is not listed as open")
    assert row is not None
    expect_equal(row.filled_quantity, 4, "what the list says has filled")
    if trial.capabilities.fills_reach is not HistoryReach.NONE:
        listed = {report.fill.execution_id for report in snapshot.fills}
        told = {fill.execution_id for order in (filled, partly) for fill in await fills_of(trial, order)}
        expect_equal(told - listed, set(), "the executions that were told and are not listed")
    found = await trial.broker.find(partly.order_ref or "")
    for report in found.orders:
        expect_equal(report.filled_quantity, 4, "what is found to have filled")
    await trial.engine.cancel_order(partly.order_id)


@case(
    "REC-10",
    why="a list that is older than the last fill sells what is sold already",
    pitfall="a cache that is filled at connect, or a list that was on its way while the fill was told",
    needs=[LIMITS],
    drives=[Drive.QUOTES],
    rests=True,
)
async def old_lists_undo_nothing(trial: Trial) -> None:
    """A snapshot never takes back what filled before it, or while it was taken."""
    order = await trial.resting(10, percent=1)
    await trial.broker.snapshot()
    await trial.quote(trial.below(2), trial.below(1), ask_size=4)
    await asyncio.gather(trial.reconnect(), _filled(trial))
    seen = await trial.becomes(order, OrderStatus.FILLED)
    expect_equal(seen.filled_quantity, 10, "what has filled")
    expect_equal(await trial.held(), 10, "what is held")


async def _filled(trial: Trial) -> None:
    await trial.driver.set_quote(trial.stock, trial.below(2), trial.below(1), ask_size=Decimal(6))


@case(
    "REC-11",
    why="lists are compared at every connection, and each time must be as good as none",
    pitfall="what is listed is taken for news, and every reconnection adds to the positions",
    needs=[LIMITS, MARKETS],
    rests=True,
    tier=2,
)
async def comparing_changes_nothing(trial: Trial) -> None:
    """Comparing with the broker's lists again, with nothing happening in between, changes nothing."""
    await trial.holding(1)
    order = await trial.resting()
    await trial.reconnect()
    before, last = await _known(trial), trial.engine.journal.last_seq
    for _ in range(2):
        await trial.reconnect()
    expect_equal(await _known(trial), before, "what is known after the same lists")
    rows = trial.engine.journal.rows(after=last)
    doubts = [event for event in map(event_from_row, (row.payload for row in rows)) if _is_news(event)]
    expect_equal(doubts, [], "what the same lists brought")
    await trial.engine.cancel_order(order.order_id)


def _is_news(event: object) -> bool:
    return isinstance(event, PositionsTaken) or (isinstance(event, OrderEvent) and event.event != "REPORTED")


async def _known(trial: Trial) -> tuple[object, ...]:
    return await trial.engine.orders(), await trial.engine.fills(), await trial.engine.positions()


@case(
    "REC-19",
    why="what is not listed is taken for what never was",
    pitfall="the broker lists a page of fifty or a hundred, and the plugin takes that for everything",
    needs=[LIMITS, MARKETS],
    drives=[Drive.QUOTES],
    starts=False,
    rests=True,
)
async def lists_are_whole(trial: Trial) -> None:
    """However many orders there are and executions were, all of them are listed."""
    await trial.start(limits=RiskLimits(max_open_orders=None, max_order_value=None).for_simulated())
    for _ in range(_MORE_THAN_A_PAGE):
        await trial.holding(1)
    resting = [await trial.place(Order.limit("BUY", 1, trial.below(5))) for _ in range(_MORE_THAN_A_PAGE)]
    snapshot = await trial.broker.snapshot()
    expect_equal(len(snapshot.open_orders), len(resting), "how many orders are listed as open")
    if trial.capabilities.fills_reach is not HistoryReach.NONE:
        expect_equal(len(snapshot.fills), len(await trial.engine.fills()), "how many executions are listed")
    await trial.engine.cancel_all()


@case(
    "REC-20",
    why="after a weekend what happened before it is asked for",
    pitfall="the broker lists today alone, and the lists say that they reach for ever",
    needs=[LIMITS, MARKETS],
    drives=[Drive.TIME],
    rests=True,
)
async def lists_reach_as_far_as_they_say(trial: Trial) -> None:
    """What ended and what was executed two days ago is listed, or the lists say that they do not reach so far."""
    filled, cancelled = await trial.holding(1), await trial.resting()
    await trial.engine.cancel_order(cancelled.order_id)
    ended = trial.engine.now()
    await trial.driver.pass_time(_TWO_DAYS)
    await trial.reconnect()
    snapshot, declared = await trial.broker.snapshot(), trial.capabilities
    wanted = {filled.order_ref, cancelled.order_ref}
    if declared.completed_reach is not HistoryReach.NONE and _reaches(snapshot.completed_since, ended):
        listed = {row.order_ref for row in snapshot.completed_orders}
        expect(wanted <= listed, "what ended two days ago is not listed, and the list says that it reaches so far")
    if declared.fills_reach is not HistoryReach.NONE and _reaches(snapshot.fills_since, ended):
        listed = {row.order_ref for row in snapshot.fills}
        expect(
            filled.order_ref in listed,
            "what filled two days ago is not listed, and the list says that it reaches so far",
        )


def _reaches(since: datetime | None, day: datetime) -> bool:
    return since is None or since < day - timedelta(hours=1)
