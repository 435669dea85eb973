"""``kill -9`` at random instants: a program is killed and started again on its journal, then the broker's book decides.

``python tests/faults/kill_runs.py [--kills N] [--lanes N] [--round N] [--seed N] [--bug NAME] [--folder FOLDER]
[--json]``. A round is a broker in a process of its own and an empty journal in front of it; a few dozen kills later an
engine without faults settles what it can, and journal and book are compared. Programs are forked from one that has
imported everything, so that what is killed is at work and not starting. Where a bug is planted, a lane ends with the
first finding. It ends with status 1 where anything was found.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ctypes
import gc
import logging
import os
import runpy
import select
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from time import perf_counter, sleep

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # as pytest has it: helpers are found by their folder

from faults.kill_program import BEHAVIOUR, BUGS, DEADLINES, Life, live
from faults.kill_verdicts import BrokersWord, Findings, JournalsWord, compare
from v6core.engine import OrderExecutionEngine
from v6core.orders import Anomaly, Order
from v6core.testing.remote import Behaviour, RemoteControl

_HOST = "127.0.0.1"
_STARTING = 10.0
_CALM = max(BEHAVIOUR.fills_within, BEHAVIOUR.corrects_within) * 2 + 0.2
_SETTLING = 12.0
_PR_SET_PDEATHSIG = 1


# Processes.


def fork(work: Callable[[], None]) -> int:
    """Run something in a process of its own, which ends with this one whatever becomes of it, and return its id."""
    parent = os.getpid()
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        _end_with(parent)
        work()
        status = 0
    except BaseException:  # noqa: BLE001 -- nothing of the parent's may run in its child
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def _end_with(parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with contextlib.suppress(OSError, AttributeError):  # where the system is not Linux, the parent's own end must do
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


@dataclass(slots=True)
class Speaking:
    """A process that was given a descriptor to write to; ``heard`` is where that is read."""

    pid: int
    heard: int
    _status: int | None = None

    def kill(self) -> int:
        """Kill it, unless it has ended, and return how it did: minus the signal, or its status."""
        if self._status is None:
            os.kill(self.pid, signal.SIGKILL)  # what ended by itself keeps its id until it is waited for
            self._status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self._status

    def speaks(self, within: float) -> bool:
        """Wait until it says something, or ends, or the seconds are over; return whether it did either."""
        return bool(select.select([self.heard], [], [], within)[0])


@contextlib.contextmanager
def speaking(work: Callable[[int], None]) -> Generator[Speaking]:
    """Run something in a process that is given a descriptor to write to, and kill it at the end."""
    heard, said = os.pipe()
    process = Speaking(fork(lambda: work(said)), heard)
    os.close(said)
    try:
        yield process
    finally:
        process.kill()
        os.close(heard)


# One round: a broker, a journal, and kills.


@dataclass(frozen=True, slots=True)
class Round:
    """One broker and one journal, with so many kills; ``kill`` gives the instants."""

    folder: Path
    kills: int
    seed: int
    bug: str | None = None

    def run(self) -> Findings:
        """Kill, settle, compare."""
        self.folder.mkdir()
        with speaking(self._serve) as broker:
            port = int(_line(broker))
            findings = Findings()
            random = Random(self.seed)
            for number in range(self.kills):
                life = Life(folder=self.folder, port=port, seed=random.getrandbits(32), bug=self.bug)
                fallen = kill(life, random)
                findings.kills += fallen is None
                findings.fallen += [f"{self.folder.name}, life {number}: {fallen}"] if fallen is not None else []
            findings.add(audit(Life(folder=self.folder, port=port)))
        return findings

    def _serve(self, said: int) -> None:
        os.dup2(said, 1)
        sys.argv = ["broker", "--seed", str(self.seed), "--behaviour", BEHAVIOUR.model_dump_json(exclude_defaults=True)]
        runpy.run_module("v6core.testing.remote", run_name="__main__", alter_sys=True)


def _line(process: Speaking) -> str:
    """Return the line that a process says first."""
    if not process.speaks(within=_STARTING):
        raise TimeoutError(f"nothing was said within {_STARTING:g} s")
    return os.read(process.heard, 100).decode().strip()


def kill(life: Life, random: Random) -> str | None:
    """Let a program live for a moment, mostly one in which its orders leave; return how it fell, if by itself."""
    recovering = random.random() < 0.15
    moment = random.uniform(0, 0.06) if recovering else random.expovariate(1 / 0.1)
    with speaking(lambda begun: live(life, begun)) as program:
        if not recovering:
            program.speaks(within=_STARTING)
        sleep(moment)
        status = program.kill()
    return None if status == -signal.SIGKILL else f"ended by itself with status {status}"


# The audit: an engine that nobody kills, and the comparison.


def audit(life: Life) -> Findings:
    """Let an engine settle what evidence can settle, and compare its journal with the broker's book."""
    word = asyncio.run(_settled(life))
    return compare(JournalsWord.read(life.journal), word)


async def _settled(life: Life) -> BrokersWord:
    async with RemoteControl(_HOST, life.port) as control:
        await control.ask("settle")
        await control.behave(Behaviour())
        async with life.engine() as engine:
            await asyncio.sleep(_CALM)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_SETTLING):
                    await _without_doubt(engine)
        return await BrokersWord.ask(control)


async def _without_doubt(engine: OrderExecutionEngine) -> None:
    while any(map(_may_be_settled, await engine.orders(in_doubt=True))):  # noqa: ASYNC110 -- asked from outside
        await asyncio.sleep(DEADLINES.settle / 4)


def _may_be_settled(order: Order) -> bool:
    """Tell whether it is worth waiting: how an order stands of which a fill was taken back, no list says."""
    return Anomaly.FILL_BUSTED not in order.anomalies


# Lanes of rounds, side by side.


def lane(folder: Path, kills: int, most: int, seed: int, bug: str | None) -> Findings:
    """Run rounds of at most so many kills, one after the other."""
    random, findings = Random(seed), Findings()
    while findings.kills < kills:
        number = min(most, kills - findings.kills)
        findings.add(Round(folder / f"seed-{seed}-{findings.kills}", number, random.getrandbits(32), bug).run())
        if findings.fallen or (bug is not None and findings.bad):
            break
    return findings


def main() -> int:
    """Run the lanes and tell what they found."""
    arguments, began = _arguments(), perf_counter()
    signal.signal(signal.SIGTERM, _leave)
    logging.disable(logging.CRITICAL)  # of broken links, doubts and a machine under load the comparison tells
    gc.freeze()  # what is here by now is the same in every process
    with _folder(arguments.folder) as folder:
        findings = _lanes(folder, arguments)
    seconds = perf_counter() - began
    if arguments.json:
        print(findings.model_dump_json())
    else:
        _tell(findings, seconds)
    return 1 if findings.bad else 0


def _leave(_number: int, _frame: object) -> None:
    sys.exit(1)


@contextlib.contextmanager
def _folder(kept: Path | None) -> Generator[Path]:
    """Yield a folder for the journals: one that is kept, where that was asked for."""
    if kept is not None:
        yield Path(tempfile.mkdtemp(dir=kept))
        return
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def _lanes(folder: Path, arguments: argparse.Namespace) -> Findings:
    findings, each = Findings(), -(-arguments.kills // arguments.lanes)

    def work(number: int, said: int) -> None:
        path = folder / f"lane-{number}"
        path.mkdir()
        found = lane(path, each, arguments.round, arguments.seed + number, arguments.bug)
        with os.fdopen(said, "w", encoding="utf-8") as file:
            file.write(found.model_dump_json())

    with contextlib.ExitStack() as lanes:
        begun = [lanes.enter_context(speaking(partial(work, number))) for number in range(arguments.lanes)]
        for number, process in enumerate(begun):
            text = _all_of(process.heard)
            found = Findings.model_validate_json(text) if text else Findings(fallen=[f"lane {number}"])
            findings.add(found)
    return findings


def _all_of(descriptor: int) -> str:
    with os.fdopen(os.dup(descriptor), encoding="utf-8") as file:
        return file.read()


def _tell(findings: Findings, seconds: float) -> None:
    rate = findings.kills / seconds
    print(f"{findings.kills} kills, {findings.orders} orders, {findings.executions} executions, {rate:.1f} kills/s")
    print("  " + ", ".join(f"{times} {status}" for status, times in sorted(findings.statuses.items())))
    for name in ("duplicates", "orphans", "lost", "wrong", "doubts", "fallen"):
        print(f"  {name:<11}{len(getattr(findings, name))}")
    for line in findings.bad[:20]:
        print(f"    {line}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100, help="2000 or more for the thorough profile")
    parser.add_argument("--lanes", type=int, default=2, help="programs that are killed side by side")
    parser.add_argument("--round", type=int, default=25, help="kills on one journal")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--bug", choices=sorted(BUGS))
    parser.add_argument("--folder", type=Path, help="where the journals are kept")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
