"""One world: a server, an engine that crashes and comes back, a program that trades, and what goes wrong between them.

Everything runs on one loop in virtual time. What the seed drew happens in the first part; then all is quiet, the engine
is started once more, and the checker compares what the engine and its journal say with what the server saw.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import re
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from v6core.clock import SimulatedClock
from v6core.engine import OrderExecutionEngine
from v6core.errors import BrokerError, ModifyRejected, OrderDenied, OutcomeUnknown, UnknownOrder
from v6core.events import TradingState
from v6core.identifiers import SeededIds
from v6core.journal import MemoryJournal
from v6core.plugins import Extensions, load_extensions
from v6core.testing.network import SimulatedNetwork, SimulatedNetworkLoop, SimulatedProcess, SimulatedTransport
from v6core.testing.remote.broker import remote_spec
from v6core.testing.remote.desk import Desk
from v6core.testing.remote.server import BrokerServer
from v6core.testing.remote.settings import RemoteSettings
from v6core.testing.remote.state import OrderRow
from v6core.testing.remote.terms import DeskTerms
from v6core.testing.world.journal import ProcessJournal
from v6core.testing.world.misfortune import Misfortune
from v6core.testing.world.plan import ACTIVE_SECONDS, Plan, draw_plan
from v6core.testing.world.program import Program
from v6core.testing.world.verdict import Findings, Seen, Told, judge
from v6core.testing.world.witness import Witness

START = datetime(2026, 12, 1, 15, tzinfo=UTC)
_DAY = timedelta(days=1).total_seconds()
_QUIET_SECONDS = 35.0
_LAST_SECONDS = 60.0
_IDENTITY_WINDOW = 120.0
_FRAME_CAP = 64 * 1024
_PLACED = re.compile(rb'"order_ref":"(v6-[a-z2-7]+-[a-z2-7]+)"')
_ANSWERS = (OrderDenied, OutcomeUnknown, ModifyRejected, UnknownOrder, BrokerError)
Patch = Callable[[], AbstractContextManager[object]]


@dataclass(frozen=True, slots=True)
class WorldResult:
    """What a world came to: a hash over every byte that arrived and every row that was written, and what was wrong."""

    seed: int
    trace_hash: str
    orders: int
    faults: Counter[str]
    statuses: Counter[str]
    violations: tuple[str, ...]
    virtual_seconds: float

    @property
    def is_sound(self) -> bool:
        """Whether every promise was kept."""
        return not self.violations


class _NotStanding(Exception):
    """There is no engine, though nothing goes wrong any more."""


class WorldClock(SimulatedClock):
    """A wall clock that can be set, while durations go on as they are."""

    _ahead = timedelta()

    def step(self, seconds: float) -> None:
        """Set the wall clock forward, or with a negative number back."""
        self._ahead += timedelta(seconds=seconds)

    def now(self) -> datetime:
        """Return the wall time in UTC, as it was set."""
        return super().now() + self._ahead


class SimulatedWorld:
    """The world of one seed. ``run`` it once."""

    def __init__(self, seed: int, plan: Plan | None = None) -> None:
        self.plan = plan or draw_plan(seed)
        # So little is held that whoever drains waits, and meets the end of a link with what was written under way.
        self.network = SimulatedNetwork(seed, holds=256)
        self.loop = SimulatedNetworkLoop(self.network)
        self.clock = WorldClock(START, self.loop)
        self.journal = MemoryJournal(ids=SeededIds(seed))
        terms = DeskTerms(submit_identity=self.plan.identity, identity_window=_IDENTITY_WINDOW)
        self.desk = Desk(self.clock, terms, seed=seed)
        self.server = BrokerServer(self.desk, frame_cap=_FRAME_CAP)
        self.witness = Witness(self.journal)
        self.program = Program(self, seed + 1)
        self.misfortune = Misfortune(self)
        self.engine: OrderExecutionEngine | None = None
        self.process = SimulatedProcess("engine 0")
        self._context = contextvars.copy_context()
        self._port = 0
        self._incarnations = 0

    def run(self) -> WorldResult:
        """Let it all happen, and return what it came to."""
        self.network.on_write = self._on_write
        self.network.on_arrival = self._on_arrival
        self.loop.set_exception_handler(self._on_loose_end)
        with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
            findings = runner.run(self._run())
            lasted = self.loop.time()
        return WorldResult(
            seed=self.plan.seed,
            trace_hash=self.witness.trace_hash(),
            orders=len(self.program.orders),
            faults=self.misfortune.faults,
            statuses=findings.statuses,
            violations=(*self.program.surprises, *self.witness.violations(), *findings.violations),
            virtual_seconds=lasted,
        )

    async def _run(self) -> Findings:
        server = SimulatedProcess("server")
        self._port = await server.run(self.server.start())
        self.desk.behaviour = self.plan.behaviour
        self._boot()
        for deed in self.plan.deeds:
            self._at(deed.at, self.program.begin, deed)
        for mishap in self.plan.mishaps:
            self._at(mishap.at, self.misfortune.befall, mishap)
        if self.plan.foreign_at is not None:
            self._at(self.plan.foreign_at, self.misfortune.trade_for_others)
        try:
            return await self._pass()
        except _NotStanding as error:
            return Findings([str(error)])
        finally:
            await self._end()

    async def _pass(self) -> Findings:
        """Let the time pass, and judge twice: before the last start, and after it."""
        await asyncio.sleep(ACTIVE_SECONDS)
        self.misfortune.fall_quiet()
        await asyncio.sleep(_QUIET_SECONDS)
        before = await self._judged(is_over=False)
        await self._restart()
        await asyncio.sleep(_LAST_SECONDS)
        self.misfortune.count_tempers()
        findings = await self._judged(is_over=True)
        findings.violations[:0] = before.violations
        return findings

    async def _judged(self, *, is_over: bool) -> Findings:
        while True:
            engine = await self._running()
            try:
                told = await self.process.run(self._told(engine))
            except BrokerError:
                await asyncio.sleep(5)  # of a link that has just died, quiet or not, the next is asked
            else:
                return judge(self._seen(), told, is_over=is_over)

    async def _end(self) -> None:
        if self.engine is not None:
            await self.process.run(self.engine.stop())
        self.process.kill()
        await self.server.stop()
        await asyncio.sleep(1)

    def _at(self, when: float, happen: Callable[..., None], *args: Any) -> None:
        self.loop.call_at(when, happen, *args, context=self._context)

    def after(self, seconds: float, happen: Callable[..., None], *args: Any) -> None:
        """Let something happen after some time, whoever asked for it may be dead by then."""
        self._at(self.loop.time() + seconds, happen, *args)

    # The engine's lives.

    def _boot(self) -> None:
        """Start the engine in a process of its own, again and again until it stands."""
        self._incarnations += 1
        self.process = SimulatedProcess(f"engine {self._incarnations}")
        self.process.run(self._start(self.process))

    async def _start(self, process: SimulatedProcess) -> None:
        while True:
            engine = OrderExecutionEngine.from_spec(
                remote_spec(submit_identity=self.plan.identity, **self._window()),
                RemoteSettings(port=self._port, heartbeat=10, frame_cap=_FRAME_CAP),
                open_journal=lambda: ProcessJournal(self.journal, process, self.misfortune.on_append),
                clock=self.clock,
                extensions=_extensions(),
            )
            try:
                await engine.start()
            except BrokerError:
                await asyncio.sleep(1)
            else:
                self.engine = engine
                return

    def _window(self) -> dict[str, float]:
        return {"identity_window": _IDENTITY_WINDOW} if self.plan.identity == "WINDOW" else {}

    def die(self, seconds: float) -> None:
        """End the engine's process at this instant, and start it again after some time."""
        if self.process.is_alive:
            self.process.kill()
            self.come_back(seconds)

    def come_back(self, seconds: float) -> None:
        """Start an engine after some time; until then there is none."""
        self.engine = None
        self.after(seconds, self._boot)

    async def _running(self) -> OrderExecutionEngine:
        """Return the engine once it stands; after some quiet minutes that it does not is a promise broken."""
        for _ in range(240):
            if self.engine is not None:
                return self.engine
            await asyncio.sleep(1)
        raise _NotStanding("the engine did not start within four quiet minutes")

    async def _restart(self) -> None:
        """Start the engine once more: every second world by a crash."""
        engine = await self._running()
        if self.plan.seed % 2:
            self.die(1)
        else:
            self.stop(engine, 1)
        await asyncio.sleep(2)

    def stop(self, engine: OrderExecutionEngine, seconds: float) -> None:
        """Stop the engine in an orderly way, and start it again after some time."""
        self.engine = None
        process = self.process

        async def stop() -> None:
            await engine.stop()
            process.kill()  # whatever it left running ends with it
            self.after(seconds, self._boot)

        process.run(stop())

    # What is seen.

    def _seen(self) -> Seen:
        book = self.desk.book
        return Seen(
            identity=self.plan.identity,
            arrivals=self.desk.arrivals,
            orders=[OrderRow.of(one) for one in book.orders],
            executions=tuple(book.executions.values()),
            corrections=book.corrections,
            snapshot=self.desk.snapshot(),
        )

    async def _told(self, engine: OrderExecutionEngine) -> Told:
        return Told(
            orders=await engine.orders(),
            fills=await engine.fills(),
            positions=await engine.positions(),
            halted=self._why_halted(engine),
            rows=tuple(self.journal.rows()),
        )

    def _why_halted(self, engine: OrderExecutionEngine) -> str | None:
        if engine.trading_state is TradingState.ACTIVE:
            return None
        rows = list(self.journal.rows(kinds={"TRADING_STATE"}))
        return rows[-1].payload if rows else engine.trading_state

    def _on_write(self, transport: SimulatedTransport, data: bytes) -> bytes:
        if transport.process is not self.process:
            return data
        self.witness.see_write(data)
        return self.misfortune.on_write(transport, data)

    def _on_arrival(self, transport: SimulatedTransport, data: bytes) -> None:
        self.witness.see_arrival(self.loop.time(), transport, data)

    def _on_loose_end(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Note what asyncio would only log: an error that nobody took care of, in a process that lives."""
        error = context.get("exception")
        if isinstance(error, Exception) and self.process.is_alive and self.engine is not None:
            self.program.surprises.append(f"nobody took care of {type(error).__name__}: {error}")


@cache
def _extensions() -> Extensions:
    """Return v6's own checks alone, put together once for all worlds."""
    return load_extensions(())


@contextlib.contextmanager
def silence() -> Generator[None]:
    """Log nothing meanwhile: things going wrong is what these worlds are for."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def run_world(seed: int, *, plan: Plan | None = None, engine_patch: Patch = contextlib.nullcontext) -> WorldResult:
    """Run the world of a seed, or of a plan, within a context that may plant a bug into the engine."""
    with silence(), engine_patch():
        return SimulatedWorld(seed, plan).run()
