"""Every write, sync and send of a verb, or of a start, killed or failed at exactly the n-th, until none is left.

``python tests/faults/syscall_faults.py [--verbs place,cancel|all] [--actions KILL,EIO,ENOSPC] [--first N]`` prints the
points of each verb and action, and every mismatch: after each fault the engine starts again on the same journal, and
what it then says is compared with what reached the broker. It needs strace and the right to trace a process.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from time import perf_counter
from typing import Self

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # as pytest has it: helpers are found by their folder

from faults import verb_program
from v6core.clock import SystemClock
from v6core.contracts import Option
from v6core.engine import OrderExecutionEngine
from v6core.errors import V6Error
from v6core.events import CancelRequested, ModifyRequested, OrderEvent, OrderIntended, event_from_json
from v6core.journal import verify
from v6core.orders import Order, OrderStatus
from v6core.reports import ReportedStatus
from v6core.testing.remote import Behaviour, BrokerServer, Desk, Incarnation, Verb

SYSCALLS = ("write", "pwrite64", "fsync", "fdatasync", "ftruncate", "rename", "unlink", "sendto", "sendmsg")
_VERBS = (*verb_program.VERBS, *verb_program.STARTS)
_PROGRAM = Path(verb_program.__file__)
_FILLS = Behaviour(fills=1, fills_within=0)
_DEADLINE = 20.0
_RESOLVED_WITHIN = 5.0


class Action(StrEnum):
    """What happens at a system call."""

    KILL = "KILL"
    EIO = "EIO"
    ENOSPC = "ENOSPC"

    @property
    def injection(self) -> str:
        """How strace is told."""
        return "signal=KILL" if self is Action.KILL else f"error={self}"


@dataclass(frozen=True, slots=True)
class Point:
    """One fault: which verb, which call of which kind, and what happens there."""

    verb: str
    syscall: str
    number: int
    action: Action


@dataclass(slots=True)
class Trial:
    """What came of a fault: whether it struck, what was said of it, how much reached the broker, what does not fit.

    ``statuses`` are those of the orders after the next start, oldest first.
    """

    struck: bool
    said: str
    arrivals: int = 0
    statuses: tuple[OrderStatus, ...] = ()
    mismatches: list[str] = field(default_factory=list[str])


def why_not() -> str | None:
    """Return why no fault can be injected here, None where it can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    with subprocess.Popen(["sleep", "0.2"]) as other:
        command = ["strace", "-q", "-p", str(other.pid), "-e", "trace=none"]
        tried = subprocess.run(command, capture_output=True, text=True, check=False)
    return None if tried.returncode == 0 else f"no process can be traced here: {tried.stderr.strip()[:100]}"


class Laboratory:
    """Does trials one after the other: an async context manager. The broker lives here, the engine in a child."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._program: asyncio.subprocess.Process | None = None
        self._trials = 0

    async def __aenter__(self) -> Self:
        self._program = await asyncio.create_subprocess_exec(
            sys.executable, str(_PROGRAM), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._program is not None
        assert self._program.stdin is not None
        self._program.stdin.close()
        await self._program.wait()

    async def trial(self, point: Point) -> Trial:
        """Let a verb run into a fault, start again, and compare."""
        self._trials += 1
        folder = self._folder / str(self._trials)
        folder.mkdir(mode=0o700)
        desk = Desk(SystemClock())
        server = BrokerServer(desk)
        port = await server.start()
        try:
            struck = await self._act(point, folder, port, desk)
            said = (folder / "said").read_text() if (folder / "said").exists() else "nothing"
            trial = Trial(struck, said, len(desk.arrivals))
            await compare(trial, point, folder, port, desk)
        finally:
            await server.stop()
        shutil.rmtree(folder)
        return trial

    async def _act(self, point: Point, folder: Path, port: int, desk: Desk) -> bool:
        """Run the child to the end that the fault gives it; return whether it struck."""
        desk.behaviour = _FILLS if point.verb in verb_program.FILLS_BEFORE else Behaviour()
        pid = await self._ask({"folder": str(folder), "port": port, "verb": point.verb})
        try:
            async with asyncio.timeout(_DEADLINE):
                await _until(folder / "ready")
                desk.behaviour = _FILLS if point.verb in verb_program.FILLS_THEN else Behaviour()
                async with _tracing(pid, point, folder / "trace"):
                    (folder / "go").touch()
                    await self._answer()
        except BaseException:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            raise
        trace = (folder / "trace").read_text()
        return "(INJECTED)" in trace or "killed by SIGKILL" in trace

    async def _ask(self, work: dict[str, object]) -> int:
        assert self._program is not None
        assert self._program.stdin is not None
        self._program.stdin.write(json.dumps(work).encode() + b"\n")
        return await self._answer()

    async def _answer(self) -> int:
        assert self._program is not None
        assert self._program.stdout is not None
        return int(await self._program.stdout.readline())


async def _until(path: Path) -> None:
    while not path.exists():  # noqa: ASYNC110, ASYNC240 -- another process makes it
        await asyncio.sleep(0.001)


@asynccontextmanager
async def _tracing(pid: int, point: Point, trace: Path) -> AsyncGenerator[None]:
    """Attach strace to a process, with the fault, and let go of it at the end."""
    injection = f"inject={point.syscall}:{point.action.injection}:when={point.number}"
    command = ["strace", "-q", "-f", "-p", str(pid), "-e", f"trace={point.syscall}", "-e", injection, "-o", str(trace)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as strace:  # noqa: ASYNC220 -- it ends with the child
        while not _is_traced(pid):  # noqa: ASYNC110 -- the kernel tells
            await asyncio.sleep(0.001)
        try:
            yield
        except BaseException:
            strace.kill()
            raise


def _is_traced(pid: int) -> bool:
    try:
        return "TracerPid:\t0" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:  # traced, and killed by now
        return True


async def compare(trial: Trial, point: Point, folder: Path, port: int, desk: Desk) -> None:
    """Start again on the journal, and note what does not fit what reached the broker."""
    try:
        async with verb_program.engine_at(folder, port, point.verb) as engine:
            await _resolve(engine)
            orders = await engine.orders()
            events = [event_from_json(row.payload) for row in engine.journal.rows()]
    except V6Error as error:
        trial.mismatches.append(f"it does not start again: {error}")
        return
    trial.statuses = tuple(order.status for order in orders)
    trial.mismatches += _of_arrivals([event for event in events if isinstance(event, OrderEvent)], orders, point, desk)
    for order in orders:
        trial.mismatches += _of_an_order(order, desk.book.under(str(order.order_ref)))
    trial.mismatches += _of_positions(desk)
    if not verify(folder / "journal.db").ok:
        trial.mismatches.append("the journal does not hold together")


async def _resolve(engine: OrderExecutionEngine) -> None:
    """Wait until nothing is in doubt, for as long as that may take."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_RESOLVED_WITHIN):
            for order in await engine.orders(open_only=True):
                if order.status is OrderStatus.IN_DOUBT:
                    await engine.wait_for(order.order_id, *_PROVED)


def _of_arrivals(events: Sequence[OrderEvent], orders: Sequence[Order], point: Point, desk: Desk) -> Iterator[str]:
    """Yield what reached the broker and should not have: twice, or without being journaled first."""
    refs = {order.order_id: order.order_ref for order in orders}
    arrived = Counter((arrival.verb, arrival.order_ref) for arrival in desk.arrivals)
    kinds = {Verb.PLACE: OrderIntended, Verb.CANCEL: CancelRequested, Verb.MODIFY: ModifyRequested}
    for (verb, ref), times in arrived.items():
        written = sum(isinstance(event, kinds[verb]) and refs.get(event.order_id) == ref for event in events)
        if times > 1:
            yield f"{verb} of {ref} arrived {times} times"
        # A cancel only takes risk away: it goes out also where the journal has failed.
        if not written and not (verb is Verb.CANCEL and point.action is not Action.KILL):
            yield f"{verb} of {ref} arrived and is not in the journal"


_PROVED = tuple(OrderStatus(s) for s in OrderStatus if s not in {OrderStatus.IN_DOUBT, OrderStatus.PENDING_SUBMIT})
_LIVE = frozenset({OrderStatus.SUBMITTED, OrderStatus.PARTIALLY_FILLED, OrderStatus.INACTIVE, OrderStatus.IN_DOUBT})
_ENDS = {
    ReportedStatus.FILLED: OrderStatus.FILLED,
    ReportedStatus.CANCELLED: OrderStatus.CANCELLED,
    ReportedStatus.EXPIRED: OrderStatus.EXPIRED,
}


def _of_an_order(order: Order, held: Sequence[Incarnation]) -> Iterator[str]:
    """Yield how an order differs from what the broker has of it."""
    where = f"order {order.order_ref} is {order.status}"
    if not held:
        if order.status not in {OrderStatus.LOST, OrderStatus.DENIED, OrderStatus.IN_DOUBT}:
            yield f"{where} and never arrived"
        return
    (one,) = held
    fits = _LIVE if one.is_live else {_ENDS[one.held.status], OrderStatus.IN_DOUBT}
    if order.status not in fits:
        yield f"{where}, the broker has it as {one.held.status}"
    if order.filled_quantity != one.held.filled:
        yield f"{where} with {order.filled_quantity} filled, the broker has {one.held.filled}"
    if one.is_live and _terms(order) != _terms(one.held.order):
        yield f"{where} for {_terms(order)}, the broker's is for {_terms(one.held.order)}"


def _of_positions(desk: Desk) -> Iterator[str]:
    """Yield what is held and should not be: more than the one vertical of 2, or the other way round."""
    for row in desk.book.positions():
        if isinstance(row.contract, Option):
            most = 2 if row.contract.strike == verb_program.LONG else -2
            if not min(0, most) <= row.quantity <= max(0, most):
                yield f"{row.quantity} of {row.contract.key} are held, and at most {most} should be"


def _terms(order: Order) -> str:
    return f"{order.action} {order.quantity:f} at {order.limit_price} {order.stop_price}"


async def exhaust(laboratory: Laboratory, verb: str, action: Action, first: int) -> AsyncGenerator[tuple[Point, Trial]]:
    """Yield what comes of each point, until none is left, or of the first so many of each system call."""
    for syscall in SYSCALLS:
        for number in range(1, first + 1):
            point = Point(verb, syscall, number, action)
            trial = await laboratory.trial(point)
            if not trial.struck:
                if trial.mismatches:
                    yield point, trial
                break
            yield point, trial


async def run(verbs: Sequence[str], actions: Sequence[Action], first: int, folder: Path) -> int:
    """Print what comes of all points, and return how many do not fit."""
    logging.disable()  # what the engines say about their troubles is expected
    bad = points = 0
    async with Laboratory(folder) as laboratory:
        for verb in verbs:
            for action in actions:
                trials = [each async for each in exhaust(laboratory, verb, action, first)]
                _show(verb, action, trials)
                points += len(trials)
                bad += sum(bool(trial.mismatches) for _, trial in trials)
    print(f"{points} points, {bad} with mismatches")
    return bad


def _show(verb: str, action: Action, trials: Sequence[tuple[Point, Trial]]) -> None:
    said = Counter(trial.said for _, trial in trials)
    doubtful = sum(OrderStatus.IN_DOUBT in trial.statuses for _, trial in trials)
    told = ", ".join(f"{what} {times}" for what, times in said.most_common())
    print(
        f"{verb:8} {action:7} {len(trials):4} points, {doubtful} still in doubt; the caller was told: {told}",
        flush=True,
    )
    for point, trial in trials:
        for mismatch in trial.mismatches:
            print(f"    {point.syscall} {point.number}, told {trial.said}: {mismatch}", flush=True)


def main() -> int:
    """Do what the arguments say."""
    parser = argparse.ArgumentParser(description="fail exactly one system call of one verb")
    parser.add_argument("--verbs", default="all", help=f"some of {', '.join(_VERBS)}")
    parser.add_argument("--actions", default=",".join(Action), help="some of KILL, EIO, ENOSPC")
    parser.add_argument("--first", type=int, default=1000, help="no more than so many of each system call")
    parser.add_argument("--folder", type=Path, help="where the journals are made; default: the temporary folder")
    arguments = parser.parse_args()
    missing = why_not()
    if missing is not None:
        print(f"skipped: {missing}")
        return 0
    verbs = list(_VERBS) if arguments.verbs == "all" else arguments.verbs.split(",")
    actions = [Action(action) for action in arguments.actions.split(",")]
    began = perf_counter()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        bad = asyncio.run(run(verbs, actions, arguments.first, Path(folder)))
    print(f"{perf_counter() - began:.0f} s")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
