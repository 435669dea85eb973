"""Every message of a verb at Interactive Brokers' wire: the link cut around it, or the program killed, one at a time.

``python tests/faults/tws_points.py [--verbs place,roll|all] [--how cut,kill|CUT_BEFORE,...] [--every N] [--alike N]
[--first N] [--last N] [--again N] [--point VERB:MESSAGE:NUMBER:HOW[:BUG] ...] [--lanes N] [--bug NAME]
[--folder FOLDER] [--json]``. At each point a ``v6 gateway`` of its own runs in one process and an engine on the plugin
``ib`` in another; between them is a proxy that breaks the link, or kills the program, at exactly one message of either
direction. Then the program settles what it can, in the same process or in another one on the same journal, and what the
journal says is compared with what another client of the gateway is told. It goes on until a verb has no further
message, and ends with status 1 where anything was wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import logging
import os
import selectors
import shutil
import signal
import socket
import sys
import tempfile
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from itertools import count, groupby
from pathlib import Path
from time import perf_counter
from typing import Self

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # as pytest has it: helpers are found by their folder

from pydantic import BaseModel, ConfigDict

from faults.kill_runs import Speaking, speaking
from faults.tws_program import BUGS, PRICES, STRIKES, VERBS, Life, live
from faults.tws_proxy import How, Proxy
from faults.tws_verdicts import GatewaysWord, JournalsWord, compare, wrong_answer, wrong_strategy
from v6_ib_plugin.gateway import command, configured
from v6_paper_plugin import broker
from v6_paper_plugin.market import given
from v6core.cli import main as v6
from v6core.cli import running
from v6core.quotes import ChainExpiration

FORKED = (command, configured, running, broker)
"""What a gateway imports when it needs it; loaded here once, so that those that are forked begin at once and alike."""
_HOST = "127.0.0.1"
_KINDS = ("duplicates", "orphans", "lost", "wrong", "doubts", "fallen")
_DONE = b"done"
_STRIDE = 37
"""How far the second faults of two points that follow each other are apart: all messages of a settling are met."""
_DEADLINE = 60.0
_STARTING = 30.0
_CONFIGURATION = """
broker = "still"

[brokers.still]
plugin = "paper"
fills = "realistic"
quotes = "given"
latency = 0
margin = false
state = "off"

[brokers.still.prices]
{prices}
"""


@dataclass(frozen=True, slots=True)
class Point:
    """One fault: in which verb, at which of its messages, and what happens there; number 0 is none.

    With a ``name`` only the messages of that name count. So many messages later the link is cut ``again``, 0 for never.
    """

    verb: str
    number: int
    how: How = How.CUT_BEFORE
    bug: str | None = None
    name: str = ""
    again: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the point that a text on the command line names; ValueError where it names none."""
        verb, name, number, how, *bug = text.split(":")
        return cls(_verbs(verb)[0], int(number), How(how), bug[0] if bug else None, name)

    def __str__(self) -> str:
        words = [self.verb, self.name, str(self.number), self.how, *([self.bug] if self.bug else [])]
        return ":".join(words) + (f" and {self.again} later" if self.again else "")


class Trial(BaseModel):
    """What came of a point.

    ``message`` is the one that it struck at, None where there were not so many; ``messages`` are all that went by, the
    settling included, and ``said`` is what the caller of the verb was told.
    """

    model_config = ConfigDict(extra="forbid")

    point: str
    verb: str
    how: How
    message: str | None = None
    messages: list[str] = []
    said: str = "nothing"
    statuses: dict[str, int] = {}
    doubts: int = 0
    bad: list[str] = []

    def __str__(self) -> str:
        return f"{self.point} at {self.message}, told {self.said}"


# Processes.


def _serve(folder: Path, said: int) -> None:
    """Run ``v6 gateway`` as a user does, in front of a market that stands still and lists two strikes."""
    os.chdir(folder)
    prices = "\n".join(f'"{text}" = "{price}"' for text, price in PRICES.items())
    Path("v6.toml").write_text(_CONFIGURATION.format(prices=prices), encoding="utf-8")
    os.dup2(said, 1)
    os.dup2(os.open("stderr", os.O_CREAT | os.O_WRONLY, 0o600), 2)
    # The chain of a market of given prices has thousands of strikes, which take seconds to tell.
    given._grid = lambda: ChainExpiration(expiration=date.max, strikes=STRIKES)  # type: ignore[assignment] # pyright: ignore[reportPrivateUsage]
    sys.argv = ["v6", "gateway", "--port", "0", "--broker", "still", "--json"]
    v6()


def _port_of(gateway: Speaking) -> int:
    text = ""
    while not text.endswith("}\n"):
        if not gateway.speaks(within=_STARTING) or not (more := os.read(gateway.heard, 4096).decode()):
            raise TimeoutError(f"the gateway did not start: {text}")
        text += more
    return int(json.loads(text)["port"])


class Program:
    """A program, and the line on which it is told what to do."""

    def __init__(self, process: Speaking, line: socket.socket) -> None:
        self.process = process
        self._line = line
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    @classmethod
    @contextmanager
    def of(cls, life: Life) -> Generator[Self]:
        """Run a program that waits for its first word."""
        ours, theirs = socket.socketpair()
        with ours, speaking(lambda _said: live(life, theirs)) as process:
            theirs.close()
            yield cls(process, ours)

    async def do(self, *words: str) -> str | None:
        """Say words, one after the other as they are answered; return the last answer, None where it has died."""
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(sock=self._line)
        answer = ""
        for word in words:
            self._writer.write(f"{word}\n".encode())
            try:
                answer = (await self._reader.readline()).decode().strip()
            except OSError:
                return None
            if not answer:
                return None
        return answer


# One point.


def trial(point: Point, folder: Path) -> Trial:
    """Let a verb run into a fault, settle, and compare."""
    folder.mkdir()
    listener = socket.create_server((_HOST, 0))
    life = Life(folder, listener.getsockname()[1], point.verb, point.bug)
    came = Trial(point=str(point), verb=point.verb, how=point.how)
    with ExitStack() as processes:
        gateway = processes.enter_context(speaking(partial(_serve, folder)))
        programs = [processes.enter_context(Program.of(life)) for _ in range(1 + point.how.kills)]
        proxy = Proxy(listener, 0, point.number, point.name, point.how, programs[0].process.kill, point.again)
        proxy.gateway_port = _port_of(gateway)
        try:
            asyncio.run(_run(came, proxy, programs, life))
        except (TimeoutError, ConnectionError, AssertionError) as error:
            came.bad.append(f"fallen: {type(error).__name__} {error}")
    listener.close()
    if not came.bad:
        shutil.rmtree(folder)
    return came


async def _run(came: Trial, proxy: Proxy, programs: Sequence[Program], life: Life) -> None:
    async with asyncio.timeout(_DEADLINE), proxy:
        first, last = programs[0], programs[-1]
        if await first.do("begin", "prepare") is None:
            raise ConnectionError("the program did not get ready")
        proxy.arm()
        came.said = await first.do("go") or "nothing"
        settled = await first.do("settle")
        came.messages = [str(passed) for passed in proxy.seen]
        came.message = None if proxy.struck_at is None else str(proxy.struck_at)
        if settled is not None:
            last = first
        elif last is first or proxy.struck_at is None or await last.do("begin", "settle") is None:
            raise ConnectionError("the program ended by itself")
        proxy.disarm()
        await last.do("stop")
        await _judge(came, proxy, life)


async def _judge(came: Trial, proxy: Proxy, life: Life) -> None:
    word = await GatewaysWord.ask(_HOST, proxy.gateway_port, proxy.placed)
    journal = JournalsWord.read(life.journal)
    verdict = compare(journal, word)
    came.statuses, came.doubts = dict(verdict.statuses), len(verdict.doubts)
    wrong = (*wrong_strategy(journal), *wrong_answer(came.verb, came.said, word))
    came.bad += [*verdict.bad, *(f"wrong: {line}" for line in wrong)]


# All points.


def lane(points: Sequence[tuple[Point, bool]], folder: Path, said: int) -> None:
    """Do points one after the other; behind the last of its kind go on until a verb has no further message."""
    logging.disable(logging.CRITICAL)
    with os.fdopen(said, "w", encoding="utf-8") as out:
        for place, (point, is_last) in enumerate(points):
            while True:
                came = trial(point, folder / f"{place}-{point.number}-{point.verb}-{point.how}")
                print(came.model_dump_json(), file=out, flush=True)
                if came.message is None or not is_last:
                    break
                point = replace(point, number=point.number + 1)  # noqa: PLW2901 -- one further
        print(_DONE.decode(), file=out, flush=True)


def points_of(known: Sequence[Trial], arguments: argparse.Namespace) -> Iterator[tuple[Point, bool]]:
    """Yield each point, and whether it is the last that is known of its kind."""
    luck = count(step=_STRIDE)
    for came in known:
        places = range(len(came.messages) - arguments.last + 1, arguments.first + 1)
        numbers = [number for number in numbers_of(came.messages, arguments.alike) if number in places]
        for place, how in enumerate(arguments.how):
            for number in numbers[place % arguments.every :: arguments.every]:
                is_last = arguments.every == 1 and number == len(came.messages)
                again = arguments.again and 1 + next(luck) % arguments.again
                yield Point(came.verb, number, how, arguments.bug, again=again), is_last


def numbers_of(messages: Sequence[str], alike: int) -> list[int]:
    """Return the numbers of messages, of each row of equal ones no more than the first and the last so many."""
    numbers: list[int] = []
    for _, row in groupby(enumerate(messages, 1), key=lambda pair: pair[1]):
        places = [number for number, _ in row]
        numbers += [number for number in places if min(number - places[0], places[-1] - number) < alike]
    return numbers


def run(arguments: argparse.Namespace, folder: Path) -> list[Trial]:
    """Do all points in some lanes side by side, and return what came of them."""
    if arguments.point:
        return _lanes([(point, False) for point in arguments.point], arguments.lanes, folder)
    known: list[Trial] = []
    for verb in arguments.verbs:
        known.append(trial(Point(verb, 0), folder / verb))
        print(f"{verb}: {len(known[-1].messages)} messages, told {known[-1].said}", file=sys.stderr, flush=True)
    trials = [came for came in known if came.bad]
    return trials + _lanes(list(points_of(known, arguments)), arguments.lanes, folder)


def _lanes(points: Sequence[tuple[Point, bool]], lanes: int, folder: Path) -> list[Trial]:
    with ExitStack() as begun, selectors.DefaultSelector() as selector:
        for number in range(lanes):
            path = folder / f"lane-{number}"
            path.mkdir()
            process = begun.enter_context(speaking(partial(lane, points[number::lanes], path)))
            selector.register(process.heard, selectors.EVENT_READ, bytearray())
        return list(_heard(selector))


def _heard(selector: selectors.BaseSelector) -> Iterator[Trial]:
    """Yield what the lanes tell, until each has said that it is done; what is wrong is told at once."""
    while selector.get_map():
        for key, _ in selector.select():
            data = os.read(key.fd, 2**16)
            if not data:
                raise ChildProcessError("a lane ended by itself: not all points were tried")
            key.data.extend(data)
            *lines, rest = bytes(key.data).split(b"\n")
            key.data[:] = rest
            for line in lines:
                if line == _DONE:
                    selector.unregister(key.fd)
                    continue
                came = Trial.model_validate_json(line)
                for why in came.bad:
                    print(f"    {came}: {why}", file=sys.stderr, flush=True)
                yield came


# What is told.


def _tell(trials: Sequence[Trial], seconds: float) -> None:
    for verb in dict.fromkeys(came.verb for came in trials):
        _tell_of(verb, [came for came in trials if came.verb == verb])
    struck = [came for came in trials if came.message is not None]
    kills = sum(came.how.kills for came in struck)
    kinds = Counter(line.partition(":")[0] for came in trials for line in came.bad)
    figures = ", ".join(
        f"{kinds[name]} {name}" for name in ("duplicates", "orphans", "lost", "wrong", "doubts", "fallen")
    )
    print(f"{len(struck)} points, {kills} kills, {len(struck) - kills} cuts; {figures}; {seconds:.0f} s")


def _tell_of(verb: str, trials: Sequence[Trial]) -> None:
    struck = [came for came in trials if came.message is not None]
    said = Counter(came.said for came in struck)
    kills, bad = sum(came.how.kills for came in struck), sum(bool(came.bad) for came in trials)
    told = ", ".join(f"{what} {times}" for what, times in said.most_common())
    doubts = sum(came.doubts for came in struck)
    print(
        f"{verb:15}{len(struck):4} points, {kills:4} kills, {len(struck) - kills:4} cuts, {bad} wrong, "
        f"{doubts} doubts left; the caller was told: {told}"
    )
    for came in trials:
        for why in came.bad:
            print(f"    {came}: {why}")


def _verbs(text: str) -> list[str]:
    chosen = list(VERBS) if text == "all" else text.split(",")
    if unknown := set(chosen) - set(VERBS):
        raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))} is none of {', '.join(VERBS)}")
    return chosen


def _hows(text: str) -> list[How]:
    words = text.upper().split(",")
    chosen = [how for how in How if how in words or how.partition("_")[0] in words]
    if not chosen:
        raise argparse.ArgumentTypeError(f"say cut, kill, or some of {', '.join(How)}")
    return chosen


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--verbs", type=_verbs, default="all", help=f"all, or some of {', '.join(VERBS)}")
    parser.add_argument("--how", type=_hows, default="cut,kill", help=f"cut, kill, or some of {', '.join(How)}")
    parser.add_argument("--every", type=int, default=1, help="one of every so many messages")
    parser.add_argument("--alike", type=int, default=1000, help="of equal messages in a row the first and last so many")
    parser.add_argument("--first", type=int, default=1000, help="no more than the first so many messages of a verb")
    parser.add_argument("--last", type=int, default=1000, help="no more than the last so many messages of a verb")
    parser.add_argument("--again", type=int, default=0, help="cut the link again, up to so many messages later")
    parser.add_argument(
        "--point", type=Point.parse, action="append", help="VERB:MESSAGE:NUMBER:HOW[:BUG]; no others then"
    )
    parser.add_argument("--lanes", type=int, default=2, help="points side by side")
    parser.add_argument("--bug", choices=sorted(BUGS))
    parser.add_argument("--folder", type=Path, help="where the journals of what is wrong are kept")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


@contextmanager
def _folder(kept: Path | None) -> Generator[Path]:
    if kept is not None:
        yield Path(tempfile.mkdtemp(dir=kept))
        return
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def _leave(_number: int, _frame: object) -> None:
    sys.exit(1)


def main() -> int:
    """Do what the options say, and tell what came of it."""
    arguments, began = _arguments(), perf_counter()
    signal.signal(signal.SIGTERM, _leave)
    logging.disable(logging.CRITICAL)
    gc.freeze()  # what is here by now is the same in every process
    with _folder(arguments.folder) as folder:
        trials = run(arguments, folder)
    if arguments.json:
        print(json.dumps([came.model_dump(mode="json") for came in trials]))
    else:
        _tell(trials, perf_counter() - began)
    return 1 if any(came.bad for came in trials) else 0


if __name__ == "__main__":
    sys.exit(main())
