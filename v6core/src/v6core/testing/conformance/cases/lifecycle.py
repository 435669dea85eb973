"""The life of an order: what it goes through, what fills of it come to, and that late words change nothing twice."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from v6core.contracts import Contract
from v6core.events import EngineEvent, OrderEvent, ReportReceived
from v6core.fills import Fill
from v6core.hookspecs import hookimpl
from v6core.money import ZERO
from v6core.orders import ON_CLOSE, ON_OPEN, Anomaly, Order, OrderStatus, OrderType, TimeInForce
from v6core.reports import FillReport, OrderReport, Report, ReportedStatus
from v6core.testing.conformance.case import case
from v6core.testing.conformance.cases.combos import LONG_WORTH, SHORT_WORTH, legs_of, spread
from v6core.testing.conformance.driver import Drive, Verb
from v6core.testing.conformance.expecting import expect, expect_equal
from v6core.testing.conformance.hearing import last_first_and_twice
from v6core.testing.conformance.needs import GTC, LIMITS, MARKETS
from v6core.testing.conformance.silence import silence
from v6core.testing.conformance.trial import Trial

_ENDED = (OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.EXPIRED, OrderStatus.REJECTED)
_BY_THE_VENUE = ON_OPEN | ON_CLOSE | {OrderType.MARKET_TO_LIMIT}
"""Whether these are taken is decided by the hour and by the venue."""
_CLOCKS_DIFFER = timedelta(minutes=1)
_TO_THE_NIGHT = timedelta(hours=14).total_seconds()
"""From a morning in New York to when all its markets are closed."""
_HOUR = 3600


async def partly_filled(trial: Trial, filled: int = 4) -> Order:
    """Place an order for ten where so many are offered, and return it once these have filled."""
    order = await trial.resting(10, percent=1)
    await trial.quote(trial.below(2), trial.below(1), ask_size=filled)
    seen = await trial.becomes(order, OrderStatus.PARTIALLY_FILLED, OrderStatus.FILLED)
    expect_equal((seen.status, seen.filled_quantity), (OrderStatus.PARTIALLY_FILLED, filled), "an order for 10")
    return seen


async def fills_of(trial: Trial, order: Order) -> tuple[Fill, ...]:
    """Return the executions of an order that count."""
    return await trial.engine.fills(order_id=order.order_id)


@case(
    "SM-01",
    why="a program acts on the end of an order, and an end that is taken back is too late",
    pitfall="a cancel is told before the fill that overtook it, or a stale word after the end revives the order",
    needs=[LIMITS, MARKETS],
    tier=2,
)
async def ends_once(trial: Trial) -> None:
    """An order goes from one status to the next as the table allows, and what has ended stays ended."""
    filled = await trial.holding(1)
    cancelled = await trial.place(Order.limit("BUY", 1, trial.below(5)))
    await trial.engine.cancel_order(cancelled.order_id)
    await trial.stays(filled, OrderStatus.FILLED)
    await trial.stays(cancelled, *_ENDED)
    await trial.reconnect()
    await trial.stays(filled, OrderStatus.FILLED)
    await trial.stays(cancelled, *_ENDED)


@case(
    "SM-02",
    why="an order that nobody answers for can be neither trusted nor placed anew",
    pitfall="a type or a time in force is declared, and what is sent with it vanishes",
    drives=[Drive.QUOTES],
)
async def everything_declared_is_answered(trial: Trial) -> None:
    """Every order type and time in force that is declared of a kind is taken, or refused by a venue with a reason."""
    samples = {"STOCK"} if trial.samples.expiration is None else {"STOCK", "OPTION", "COMBO"}
    for kind in sorted(samples & {kind for row in trial.capabilities.orders for kind in row.kinds}):
        contract, worth = await _quoted(trial, kind)
        for order in _one_of_each(trial, kind, worth):
            await _is_answered(trial, order, contract)
    await trial.engine.cancel_all()


async def _is_answered(trial: Trial, order: Order, contract: Contract) -> None:
    placed = await trial.place(order, contract)
    answered = placed.status not in {OrderStatus.PENDING_SUBMIT, OrderStatus.IN_DOUBT, OrderStatus.LOST}
    what = f"{order.order_type} {order.tif} on {contract.kind}"
    expect(answered, f"{what} is declared, and an order of it is {placed.status}: {placed.reason}")
    may_refuse = order.order_type in _BY_THE_VENUE or order.tif is TimeInForce.OPG
    refused = placed.status is OrderStatus.REJECTED
    expect(not refused or may_refuse, f"{what} is declared, and an order of it was refused: {placed.reason}")
    expect(not refused or placed.reason, f"{what} was refused without a reason")


async def _quoted(trial: Trial, kind: str) -> tuple[Contract, Decimal]:
    """Quote a sample of a kind, and return it and what it is worth."""
    if kind == "STOCK":
        return trial.stock, trial.price
    combo, (option, _) = await spread(trial), legs_of(trial)
    return (combo, LONG_WORTH - SHORT_WORTH) if kind == "COMBO" else (option, LONG_WORTH)


def _one_of_each(trial: Trial, kind: str, worth: Decimal) -> Iterator[Order]:
    """Yield an order of each type and of each time in force that is declared for a kind, not of all pairs."""
    types, tifs = set[OrderType](), set[TimeInForce]()
    for row in trial.capabilities.orders:
        for order_type in sorted(row.order_types) if kind in row.kinds else ():
            for tif in sorted(row.tifs):
                if order_type not in types or tif not in tifs:
                    types.add(order_type)
                    tifs.add(tif)
                    yield trial.order_of(order_type, tif, worth)


@case(
    "SM-03",
    why="whoever hedges what has filled hedges by this number",
    pitfall="the last fill's quantity is told as the sum, or a fill is counted by its report and by the status",
    needs=[LIMITS],
    drives=[Drive.QUOTES],
    rests=True,
)
async def filled_only_grows(trial: Trial) -> None:
    """What has filled never falls and never exceeds the order; the rest is what is left of it."""
    order = await partly_filled(trial, 4)
    expect_equal(order.remaining_quantity, 6, "what is left of 10 after 4")
    await trial.quote(trial.below(2), trial.below(1), ask_size=6)
    filled = await trial.becomes(order, OrderStatus.FILLED)
    expect_equal((filled.filled_quantity, filled.remaining_quantity), (Decimal(10), ZERO), "filled, and left,")


@case(
    "SM-04",
    why="an order that is called filled without executions is a position that is not there",
    pitfall="the status alone is believed, or executions are dropped when the status says that all is done",
    needs=[MARKETS],
    tier=2,
)
async def filled_is_the_sum_of_its_executions(trial: Trial) -> None:
    """An order is filled when its executions come to its quantity, and not before."""
    order = await trial.holding(2)
    executed = sum((fill.quantity for fill in await fills_of(trial, order)), ZERO)
    expect_equal(executed, order.quantity, "the sum of the executions of an order that is FILLED")


@case(
    "SM-05",
    why="what was paid is what profit is counted from",
    pitfall="the limit or the last price is told as the average, or the mean is taken without the quantities",
    needs=[LIMITS],
    drives=[Drive.QUOTES],
    rests=True,
)
async def average_is_weighted(trial: Trial) -> None:
    """The average price is the mean of the executions by their quantities, and each lies where the market was."""
    order = await trial.resting(10, percent=1)
    await trial.quote(trial.below(3), trial.below(2), ask_size=4)
    await trial.quote(trial.below(3), trial.below(1), ask_size=6)
    filled = await trial.becomes(order, OrderStatus.FILLED)
    fills = await fills_of(trial, order)
    for fill in fills:
        expect(trial.below(3) <= fill.price <= trial.below(1), f"it filled at {fill.price}, where nobody was")
    mean = sum((fill.price * fill.quantity for fill in fills), ZERO) / 10
    assert filled.avg_fill_price is not None
    told = filled.avg_fill_price
    expect(abs(told - mean) < trial.samples.tick / 10, f"the average {mean} is told as {told}")


@case(
    "SM-06",
    why="links repeat themselves after each mending",
    pitfall="a repeated execution is counted again because its report differs in a field",
    needs=[LIMITS, MARKETS],
    drives=[Drive.QUOTES, Drive.REPEATS],
    rests=True,
)
async def repeats_change_nothing(trial: Trial) -> None:
    """An execution that is said again, and whatever else is, changes nothing."""
    filled, partly = await trial.holding(5), await partly_filled(trial)
    before = [await trial.engine.order(order.order_id) for order in (filled, partly)]
    for _ in range(2):
        await trial.driver.repeat()
        await trial.settle()
    after = [await trial.engine.order(order.order_id) for order in (filled, partly)]
    expect_equal(after, before, "what the orders are after everything was said again")
    expect_equal(len(await trial.engine.fills()), 2, "the number of executions")
    await trial.engine.cancel_order(partly.order_id)


@case(
    "SM-07",
    why="on a fast market the fill is there before the acceptance",
    pitfall="an execution of an order that is not known as accepted yet is dropped as a stranger's",
    needs=[LIMITS],
    drives=[Drive.QUOTES, Drive.ANSWERS],
    rests=True,
)
async def fills_before_the_answer_count(trial: Trial) -> None:
    """Executions that come before the order was ever answered for are kept and applied."""
    await trial.driver.lose_answer(Verb.PLACE, arrives=True)
    order = Order.limit("BUY", 10, trial.below(1))
    placing = asyncio.ensure_future(trial.place(order))
    await trial.settle()
    await trial.quote(trial.below(2), trial.below(1.5))
    await placing
    filled = await trial.settles(order, OrderStatus.FILLED)
    expect_equal(filled.filled_quantity, 10, "what has filled")
    expect_equal(await trial.held(), 10, "what is held")


@case(
    "SM-08",
    why="a cancel and a fill cross, and what filled is held all the same",
    pitfall="an order that has ended takes no more reports, so its last fill is never counted",
    needs=[LIMITS],
    drives=[Drive.QUOTES],
    rests=True,
)
async def late_fills_count(trial: Trial) -> None:
    """An execution that comes after the order was cancelled is applied, and told as what should not have happened."""
    trial.allow(Anomaly.LATE_FILL)
    order = await trial.resting(10, percent=1)
    trial.hearing.hold(lambda report: isinstance(report, FillReport))
    await trial.quote(trial.below(2), trial.below(1), ask_size=4)
    await trial.engine.cancel_order(order.order_id)
    trial.hearing.release()
    seen = await trial.now(order)
    expect_equal((seen.status, seen.filled_quantity), (OrderStatus.CANCELLED, Decimal(4)), "the order")
    expect_equal(await trial.held(), 4, "what is held")


@case(
    "SM-09",
    why="statuses and executions come over different ways, and each of them may be late",
    pitfall="the last word counts, whatever it is about; a word said twice counts twice",
    needs=[LIMITS],
    drives=[Drive.QUOTES],
    rests=True,
)
async def order_of_words_is_nothing(trial: Trial) -> None:
    """All that is said of an order, heard backwards and twice, leads to where it leads in order."""
    trial.hearing.hold(_is_about_an_order)
    order = Order.limit("BUY", 10, trial.below(1))
    placing = asyncio.ensure_future(trial.place(order))
    await trial.settle()
    await trial.quote(trial.below(2), trial.below(1), ask_size=4)
    await trial.quote(trial.below(2), trial.below(1), ask_size=6)
    trial.hearing.release(last_first_and_twice)
    await placing
    filled = await trial.settles(order, OrderStatus.FILLED)
    expect_equal((filled.status, filled.filled_quantity), (OrderStatus.FILLED, Decimal(10)), "the order")


def _is_about_an_order(report: Report) -> bool:
    return isinstance(report, OrderReport | FillReport)


@case(
    "SM-10",
    why="brokers invent new words, and a program that dies of one watches nothing any more",
    pitfall="an exception in a callback, or a word that nobody knows taken for the nearest",
    needs=[LIMITS],
    rests=True,
)
async def unknown_words_are_flagged(trial: Trial) -> None:
    """A status word that nobody knows is flagged, changes nothing, and the order can still be cancelled."""
    trial.allow(Anomaly.UNKNOWN_STATUS)
    order = await trial.resting()
    word = OrderReport(
        time=trial.engine.now(), order_ref=order.order_ref, status=ReportedStatus.UNKNOWN, word="Bewildered"
    )
    trial.hearing.report(word)
    seen = await trial.stays(order, OrderStatus.SUBMITTED)
    expect(Anomaly.UNKNOWN_STATUS in seen.anomalies, "a word that nobody knows was not flagged")
    expect(await trial.engine.cancel_order(order.order_id), "the order cannot be cancelled after a strange word")


@case(
    "SM-11",
    why="what came first is told by its time",
    pitfall="local time without its zone, or the time of the message in the place of the execution's",
    needs=[LIMITS],
    drives=[Drive.QUOTES],
    rests=True,
)
async def times_go_forward(trial: Trial) -> None:
    """The times of an order go forward: sent, executed, filled, and none lies ahead of the clock."""
    order = await partly_filled(trial, 4)
    await trial.quote(trial.below(2), trial.below(1), ask_size=6)
    filled = await trial.becomes(order, OrderStatus.FILLED)
    first, last = (fill.time for fill in await fills_of(trial, order))
    times = [filled.created_at, filled.submitted_at, first, last, filled.filled_at]
    known = [time for time in times if time is not None]
    expect_equal(len(known), 5, "how many of the order's five times are known")
    for earlier, later in itertools.pairwise(known):
        expect(later >= earlier - _CLOCKS_DIFFER, f"{later} follows {earlier}")
    expect(known[-1] <= trial.engine.now() + _CLOCKS_DIFFER, f"{known[-1]} lies ahead of {trial.engine.now()}")


@case(
    "SM-12",
    why="most of what brokers say in a tone of alarm is a remark",
    pitfall="every message with a number in the error stream is taken for the order's end",
    needs=[GTC],
    drives=[Drive.TIME],
    rests=True,
)
async def warnings_end_nothing(trial: Trial) -> None:
    """An order that is placed while the market is closed waits for it, whatever the broker remarks on that."""
    await trial.driver.pass_time(_TO_THE_NIGHT)
    order = await trial.place(Order.limit("BUY", 1, trial.below(5), tif="GTC"))
    seen = await trial.now(order)
    expect(seen.status.is_open, f"an order for tomorrow is {seen.status}: {seen.reason}")
    expect(await trial.engine.cancel_order(order.order_id), "an order for tomorrow cannot be cancelled")


class _Careless:
    """An observer that fails at the first execution that it is told of."""

    @hookimpl
    def v6_order_event(self, event: OrderEvent | EngineEvent) -> None:
        if isinstance(event, ReportReceived) and isinstance(event.report, FillReport):
            raise RuntimeError("a careless observer")


@case(
    "SM-13",
    why="one faulty listener must not blind the others",
    pitfall="callbacks run one after the other in the reader, and the first exception ends it",
    needs=[MARKETS],
    starts=False,
)
async def listeners_fail_alone(trial: Trial) -> None:
    """A listener that raises loses no event for the others."""
    await trial.start(extensions=[_Careless()])
    with silence():
        order = await trial.holding(1)
        await trial.settle()
    heard = [event for event in trial.watch.events if isinstance(event, ReportReceived)]
    executed = [event for event in heard if isinstance(event.report, FillReport)]
    expect_equal(len(executed), len(await fills_of(trial, order)), "the executions that the next listener heard")


@case(
    "SM-17",
    why="when it was bought decides what it is taxed and judged by",
    pitfall="an execution that is asked for later is told with the time at which it was asked for",
    needs=[LIMITS],
    drives=[Drive.QUOTES, Drive.TIME],
    rests=True,
)
async def executions_keep_their_time(trial: Trial) -> None:
    """What filled while no engine ran is told, an hour later, with the time at which it filled."""
    order = await trial.resting(1, percent=1)
    await trial.stop()
    await trial.driver.set_quote(trial.stock, trial.below(2), trial.below(1))
    await trial.driver.settle()
    await trial.driver.pass_time(_HOUR)
    await trial.start()
    await trial.becomes(order, OrderStatus.FILLED)
    (fill,) = await fills_of(trial, order)
    age = (trial.engine.now() - fill.time).total_seconds()
    expect(age > _HOUR / 2, f"what filled an hour ago is told as of {age:g} seconds ago")
