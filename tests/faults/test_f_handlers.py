"""Handlers that raise, block or read slowly; clocks that jump; links that waver; code that changed between two runs."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import re
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.engine_desk import GOOG, START, buy, engine_for, engine_on, journal_in, kinds, sell, settle, simulated, told
from v6core import hookimpl
from v6core.clock import SimulatedClock, SimulatedLoop, SystemClock
from v6core.config import EngineSection
from v6core.contracts import Contract
from v6core.engine import OrderExecutionEngine
from v6core.engine.assembly import Parts
from v6core.engine.latch import Latch
from v6core.engine.watchdog import Watchdog
from v6core.errors import ConfigurationError, OrderDenied, Unavailable
from v6core.events import AlarmRaised, ClockJumped, EngineEvent, OrderEvent, TradingState, TradingStateChanged
from v6core.logs import Repeats
from v6core.orders import Order, OrderStatus
from v6core.plugins.extensions import MOST_FAILURES
from v6core.quotes import Quote
from v6core.reports import LinkState
from v6core.testing import ScriptedBroker, ScriptedSettings
from v6core.testing.scripted import Call, hangs


class Failing:
    """An observer that raises what it was given, each time."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error: BaseException | None = error or RuntimeError("boom\x1b[2J")
        self.called = 0

    @hookimpl
    def v6_order_event(self, event: OrderEvent | EngineEvent) -> None:
        """Fail."""
        self.called += 1
        if self.error is not None:
            raise self.error


class Watching:
    """An observer that keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[OrderEvent | EngineEvent] = []

    @hookimpl
    def v6_order_event(self, event: OrderEvent | EngineEvent) -> None:
        """Keep it."""
        self.heard.append(event)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Return the log, from warnings up."""
    caplog.set_level(logging.WARNING)
    return caplog


# Observers that fail.


@pytest.mark.parametrize("error", [RuntimeError("boom"), SystemExit(3), asyncio.CancelledError(), RecursionError()])
@simulated
async def test_F37_an_observer_that_raises_keeps_nothing_from_the_others(error: BaseException) -> None:
    watching = Watching()
    async with engine_on(ScriptedBroker(), extensions=[Failing(error), watching]) as engine:
        order = await engine.place_order(GOOG, buy())
        assert order.status is OrderStatus.SUBMITTED
        assert watching.heard == told(engine)


@simulated
async def test_F37_an_observer_that_fails_ten_times_in_a_row_is_disabled_with_an_alarm() -> None:
    broker, failing, watching = ScriptedBroker(), Failing(), Watching()
    async with engine_on(broker, extensions=[failing, watching]) as engine:
        for _ in range(20):
            broker.adjust(GOOG, 1)
        await settle()
        assert failing.called == MOST_FAILURES
        (alarm,) = (event for event in told(engine) if isinstance(event, AlarmRaised))
        assert alarm.code == "OBSERVER_DISABLED"
        assert "observer Failing failed 10 times in a row" in alarm.message
        assert alarm.message.isprintable()
        assert watching.heard == told(engine)


@simulated
async def test_F37_a_success_in_between_starts_the_count_anew() -> None:
    broker, failing = ScriptedBroker(), Failing()
    error = failing.error
    async with engine_on(broker, extensions=[failing]):
        for number in range(40):
            failing.error = None if number % MOST_FAILURES == 0 else error
            broker.adjust(GOOG, 1)
            await settle()
        assert failing.called > 40


@simulated
async def test_F37_a_disabled_observer_has_another_chance_at_the_next_start() -> None:
    broker, failing = ScriptedBroker(), Failing()
    engine = engine_for(broker, extensions=[failing])
    async with engine:
        for _ in range(20):
            broker.adjust(GOOG, 1)
    before = failing.called
    async with engine:
        assert failing.called > before


@simulated
async def test_F37_a_check_that_ends_the_program_denies() -> None:
    class Ending:
        @hookimpl
        def v6_check_order(self, order: Order) -> None:
            raise SystemExit(1)

    async with engine_on(ScriptedBroker(), extensions=[Ending()]) as engine:
        with pytest.raises(OrderDenied, match="CHECK_FAILED: check Ending failed: SystemExit"):
            await engine.place_order(GOOG, buy())


# Slow readers.


@simulated
async def test_F42_a_slow_reader_gets_every_event_in_order_and_holds_nobody_up() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        events, before = engine.events(), len(told(engine))
        for _ in range(50):
            order = await engine.place_order(GOOG, buy())
            broker.fill(order)
        await settle()
        wanted = told(engine)[before:]
        heard: list[OrderEvent | EngineEvent] = []
        async for event in events:
            heard.append(event)
            await asyncio.sleep(10)
            if len(heard) == len(wanted):
                break
        assert heard == wanted
        assert len(wanted) > 150


# Log lines.


def test_F42_a_line_that_repeats_is_left_out_and_counted(log: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("v6.test.repeats")
    repeats = Repeats(most=3, seconds=60)
    lines = [logging.LogRecord(logger.name, logging.WARNING, "f", 1, "again %d", (n,), None) for n in range(10)]
    for number, line in enumerate(lines):
        line.created = 1000.0 + number
    later = logging.LogRecord(logger.name, logging.WARNING, "f", 1, "again %d", (10,), None)
    later.created = 1100.0
    assert [repeats.filter(line) for line in lines].count(True) == 3
    assert repeats.filter(later)
    assert later.getMessage() == "again 10 (7 lines like this one were left out)"


@simulated
async def _a_check_fails_on_every_order() -> None:
    class Broken:
        @hookimpl
        def v6_check_order(self, order: Order) -> None:
            raise RuntimeError("boom")

    async with engine_on(ScriptedBroker(), extensions=[Broken()]) as engine:
        for _ in range(100):
            with pytest.raises(OrderDenied):
                await engine.place_order(GOOG, buy())


def test_F42_a_check_that_fails_on_every_order_does_not_fill_the_log(log: pytest.LogCaptureFixture) -> None:
    _a_check_fails_on_every_order()
    assert 0 < len([line for line in log.records if "check Broken failed" in line.getMessage()]) <= 10


# What blocks the loop.

NOTICING = EngineSection(watchdog=0.02, block_limit=60)
HALTING = EngineSection(watchdog=0.02, block_limit=0.03)


def block(done: Callable[[], bool]) -> None:
    """Keep the thread until something happened elsewhere, as a careless function does."""
    ends = time.monotonic() + 10
    while not done() and time.monotonic() < ends:
        time.sleep(0.002)


class Blocking:
    """An extension that blocks the loop once, until something happened elsewhere."""

    def __init__(self) -> None:
        self.until: Callable[[], bool] | None = None

    @hookimpl
    def v6_order_event(self, event: OrderEvent | EngineEvent) -> None:
        """Block, once."""
        if self.until is not None:
            until, self.until = self.until, None
            block(until)


def watched(
    folder: Path, broker: ScriptedBroker, *extensions: object, deadlines: EngineSection = NOTICING
) -> OrderExecutionEngine:
    """Return an engine to be run on a loop whose time is real."""
    return OrderExecutionEngine.from_spec(
        broker.spec,
        ScriptedSettings(),
        deadlines=deadlines,
        extensions=extensions,
        halt_file=folder / "HALT",
        folder=folder,
    )


def parts_of(engine: OrderExecutionEngine) -> Parts:
    """Return what an engine is made of."""
    inside: Any = engine
    return inside._run  # type: ignore[no-any-return]


def is_told(engine: OrderExecutionEngine) -> bool:
    """Tell whether the watchdog has noticed anything."""
    return parts_of(engine).watchdog.told > 0


def halts(engine: OrderExecutionEngine) -> list[str]:
    """Return why trading was halted, each time."""
    return [e.reason for e in told(engine) if isinstance(e, TradingStateChanged) and e.state is TradingState.HALTED]


def lines_of(log: pytest.LogCaptureFixture) -> list[str]:
    """Return what was logged of blockages."""
    return [record.getMessage() for record in log.records if "the event loop" in record.getMessage()]


async def until(done: Callable[[], bool]) -> None:
    """Return when something is so that another thread brings about."""
    async with asyncio.timeout(10):
        while not done():  # noqa: ASYNC110 -- it is no task that brings it about
            await asyncio.sleep(0.002)


def test_F38_who_blocks_the_loop_is_named_once_with_how_long_it_took(
    tmp_path: Path, log: pytest.LogCaptureFixture
) -> None:
    async def run() -> None:
        blocking = Blocking()
        async with watched(tmp_path, ScriptedBroker(), blocking) as engine:
            blocking.until = lambda: is_told(engine)
            await engine.place_order(GOOG, buy())
            await until(lambda: len(lines_of(log)) > 1)
            assert not halts(engine)

    asyncio.run(run())
    is_blocked, was_blocked = lines_of(log)
    assert "extension Blocking, in Blocking.v6_order_event at " in is_blocked
    assert "test_f_handlers.py" in is_blocked
    assert re.search(r"was blocked for \d+\.\d\d s", was_blocked)


def test_F38_a_broker_that_blocks_is_named(tmp_path: Path, log: pytest.LogCaptureFixture) -> None:
    class Careless(ScriptedBroker):
        async def quote(self, contract: Contract) -> Quote:
            block(lambda: is_told(engine))
            return await super().quote(contract)

    engine = watched(tmp_path, Careless(), deadlines=NOTICING)

    async def run() -> None:
        async with engine:
            with pytest.raises(Unavailable):
                await engine.quote(GOOG)

    asyncio.run(run())
    assert "broker scripted, in test_F38_a_broker_that_blocks_is_named.<locals>.Careless.quote at" in lines_of(log)[0]


def test_F38_a_program_that_blocks_is_named(tmp_path: Path, log: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        async with watched(tmp_path, ScriptedBroker()) as engine:
            block(lambda: is_told(engine))

    asyncio.run(run())
    assert "by in test_F38_a_program_that_blocks_is_named.<locals>.run at" in lines_of(log)[0]


def test_F38_a_loop_that_stays_blocked_halts_while_it_is_and_after(tmp_path: Path) -> None:
    halt_file, blocking = tmp_path / "HALT", Blocking()

    async def run() -> None:
        async with watched(tmp_path, ScriptedBroker(), blocking, deadlines=HALTING) as engine:
            blocking.until = lambda: halt_file.exists() and bool(halt_file.read_text())
            order = await engine.place_order(GOOG, buy())
            assert "LOOP_BLOCKED" in halt_file.read_text()
            assert engine.trading_state is TradingState.HALTED
            with pytest.raises(OrderDenied):
                await engine.place_order(GOOG, buy())
            await until(lambda: bool(halts(engine)))
            assert "extension Blocking" in halts(engine)[0]
            assert await engine.cancel_order(order.order_id)

    asyncio.run(run())


def test_F38_a_resume_opens_what_the_watchdog_latched(tmp_path: Path) -> None:
    blocking = Blocking()

    async def run() -> None:
        async with watched(tmp_path, ScriptedBroker(), blocking, deadlines=HALTING) as engine:
            blocking.until = lambda: parts_of(engine).latch.halted_by is not None
            await engine.place_order(GOOG, buy())
            await until(lambda: bool(halts(engine)))
            await engine.resume("the observer was mended")
            assert engine.trading_state is TradingState.ACTIVE
            assert not (tmp_path / "HALT").exists()

    asyncio.run(run())


def test_F38_the_watchdog_ends_with_the_engine(tmp_path: Path) -> None:
    async def run() -> None:
        async with watched(tmp_path, ScriptedBroker()):
            assert "v6-watchdog" in {thread.name for thread in threading.enumerate()}
        assert "v6-watchdog" not in {thread.name for thread in threading.enumerate()}

    asyncio.run(run())


def test_F38_the_watchdog_ends_at_whatever_moment_it_is_told_to() -> None:
    async def run() -> None:
        for number in range(300):
            watchdog = Watchdog(
                notice=0.0002,
                limit=60,
                latch=Latch(None),
                is_armed=lambda: True,
                on_latched=lambda _: None,
                beat=lambda: None,
            )
            watchdog.start()
            await asyncio.sleep(number * 0.000_003)
            watchdog.stop()

    asyncio.run(asyncio.wait_for(run(), 20))


@simulated
async def test_F38_simulated_time_is_not_watched() -> None:
    async with engine_on(ScriptedBroker()):
        assert "v6-watchdog" not in {thread.name for thread in threading.enumerate()}


def test_F38_a_loop_that_does_not_run_is_not_blocked(tmp_path: Path, log: pytest.LogCaptureFixture) -> None:
    engine = watched(tmp_path, ScriptedBroker(), deadlines=HALTING)
    with asyncio.Runner() as runner:
        runner.run(engine.start())
        time.sleep(0.15)
        assert not lines_of(log)
        runner.run(engine.stop())
    assert not (tmp_path / "HALT").exists()


# Clocks.


class Jumping(SimulatedClock):
    """A clock whose wall time can be set."""

    off = timedelta()

    def now(self) -> datetime:
        """Return the wall time, as it was set."""
        return super().now() + self.off


def jumping_engine(broker: ScriptedBroker) -> tuple[OrderExecutionEngine, Jumping]:
    """Return an engine with a clock that can jump."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimulatedLoop)
    clock = Jumping(START, loop)
    return OrderExecutionEngine.from_spec(broker.spec, ScriptedSettings(), clock=clock), clock


@pytest.mark.parametrize("seconds", [3600, -3600, 6])
@simulated
async def test_F30_a_clock_that_jumps_is_told_and_all_is_compared_again(seconds: float) -> None:
    broker = ScriptedBroker()
    engine, clock = jumping_engine(broker)
    async with engine:
        order = await engine.place_order(GOOG, buy())
        with broker.muted():
            broker.fill(order)
        clock.off = timedelta(seconds=seconds)
        broker.adjust(GOOG, 1)
        assert (await engine.wait_for(order.order_id, "FILLED", timeout=5)).status is OrderStatus.FILLED
        (jump,) = (event for event in told(engine) if isinstance(event, ClockJumped))
        assert jump.seconds == seconds


@simulated
async def test_F30_a_clock_that_is_slewed_or_simply_goes_on_is_no_jump() -> None:
    broker = ScriptedBroker()
    engine, clock = jumping_engine(broker)
    async with engine:
        for _ in range(5):
            await asyncio.sleep(3600)
            clock.off += timedelta(seconds=4)
            broker.adjust(GOOG, 1)
        await settle()
        assert "CLOCK_JUMPED" not in kinds(engine)


@simulated
async def test_F30_a_deadline_is_not_moved_by_the_wall_clock() -> None:
    broker = ScriptedBroker()
    broker.on("place")
    engine, clock = jumping_engine(broker)
    async with engine:
        started = asyncio.get_running_loop().time()
        asyncio.get_running_loop().call_later(1, lambda: setattr(clock, "off", timedelta(days=-1)))
        order = await engine.place_order(GOOG, buy())
        assert order.status is OrderStatus.IN_DOUBT
        assert asyncio.get_running_loop().time() - started == pytest.approx(5, abs=0.1)


@simulated
async def test_F30_a_comparison_that_fails_after_a_jump_is_made_again() -> None:
    broker = ScriptedBroker()
    engine, clock = jumping_engine(broker)
    async with engine:
        order = await engine.place_order(GOOG, buy())
        with broker.muted():
            broker.fill(order)
        broker.on("snapshot", hangs)
        clock.off = timedelta(hours=1)
        broker.adjust(GOOG, 1)
        await engine.wait_for(order.order_id, "FILLED", timeout=60)


def test_F30_the_watchdogs_beat_finds_a_jump_without_any_report(tmp_path: Path) -> None:
    class Wall(SystemClock):
        off = timedelta()

        def now(self) -> datetime:
            return super().now() + self.off

    async def run() -> None:
        clock = Wall()
        engine = OrderExecutionEngine.from_spec(
            ScriptedBroker().spec, ScriptedSettings(), deadlines=NOTICING, clock=clock, folder=tmp_path
        )
        async with engine:
            clock.off = timedelta(hours=1)
            async for event in engine.events():
                if isinstance(event, ClockJumped):
                    break

    asyncio.run(asyncio.wait_for(run(), 5))


# Links.


@pytest.mark.parametrize("state", [LinkState.DEGRADED, LinkState.DOWN])
@simulated
async def test_F43_a_link_that_wavers_lets_nothing_out_until_all_was_compared(state: LinkState) -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        broker.drop_link("1100", state)
        broker.fill(order)
        with pytest.raises(OrderDenied, match=r"LINK_|NOT_READY"):
            await engine.place_order(GOOG, sell(1))
        broker.restore_link()
        await engine.ready(5)
        assert (await engine.order(order.order_id)).status is OrderStatus.FILLED


@simulated
async def test_F43_a_link_lost_again_while_comparing_is_not_ready() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        broker.drop_link("1100")
        broker.on("snapshot", lambda one, _: one.drop_link("1100 again"))
        broker.restore_link()
        await asyncio.sleep(1)
        with pytest.raises(OrderDenied, match=r"LINK_|NOT_READY"):
            await engine.place_order(GOOG, buy())


# Code and settings that changed.


def _start(folder: Path, broker: ScriptedBroker, plugin: str, *, accept: bool = False) -> OrderExecutionEngine:
    engine = engine_for(broker, journal_in(folder), deadlines=EngineSection(accept_change=accept))
    inside: Any = engine
    return OrderExecutionEngine(dataclasses.replace(inside._plan, plugin=plugin))


@simulated
async def _with_an_order_open(folder: Path, broker: ScriptedBroker) -> None:
    async with _start(folder, broker, "v6-scripted 1.0") as engine:
        await engine.place_order(GOOG, buy())


@simulated
async def _with_nothing_open(folder: Path, broker: ScriptedBroker) -> None:
    async with _start(folder, broker, "v6-scripted 1.0") as engine:
        await engine.cancel_order((await engine.place_order(GOOG, buy())).order_id)


def _starts(folder: Path, broker: ScriptedBroker, plugin: str, *, accept: bool = False) -> None:
    @simulated
    async def run() -> None:
        async with _start(folder, broker, plugin, accept=accept):
            pass

    run()


def test_F46_a_plugin_that_changed_while_orders_are_open_is_refused_before_it_is_connected(tmp_path: Path) -> None:
    broker = ScriptedBroker()
    _with_an_order_open(tmp_path, broker)
    before = len(broker.calls)
    with pytest.raises(ConfigurationError, match=r"v6-scripted 1\.0 -> v6-scripted 2\.0") as refused:
        _starts(tmp_path, broker, "v6-scripted 2.0")
    assert "accept_change" in str(refused.value.hint)
    assert not {Call.CONNECT, Call.SNAPSHOT} & {call.call for call in broker.calls[before:]}


def test_F46_the_same_plugin_goes_on(tmp_path: Path) -> None:
    broker = ScriptedBroker()
    _with_an_order_open(tmp_path, broker)
    _starts(tmp_path, broker, "v6-scripted 1.0")


def test_F46_a_change_that_is_accepted_goes_on_and_is_the_measure_from_then(tmp_path: Path) -> None:
    broker = ScriptedBroker()
    _with_an_order_open(tmp_path, broker)
    _starts(tmp_path, broker, "v6-scripted 2.0", accept=True)
    _starts(tmp_path, broker, "v6-scripted 2.0")


def test_F46_a_change_with_nothing_open_needs_no_leave(tmp_path: Path) -> None:
    broker = ScriptedBroker()
    _with_nothing_open(tmp_path, broker)
    _starts(tmp_path, broker, "v6-scripted 2.0")
