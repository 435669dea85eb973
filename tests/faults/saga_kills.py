"""Work of several orders, killed at each of its commits and started again; with ``--twice``, killed again after that.

``python tests/faults/saga_kills.py [--twice]`` prints how many kills there were, and what came out wrong: nothing may.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.engine_desk import GOOG
from core.kept_desk import at_work, bracket, happen
from core.planning_market import condor
from faults.saga_desk import Market, Work, idle, kill_points, live, positions, world
from v6core.capabilities import ModifyKind
from v6core.clock import run_simulated
from v6core.engine import OrderExecutionEngine
from v6core.events import EngineEvent, OrderEvent, SagaEnded
from v6core.orders import OcaType
from v6core.testing.scripted import fills

CONDOR = condor(2)
Quantities = dict[str, Decimal]


@dataclass(frozen=True)
class Story:
    """Some work at a broker of some capabilities; ``meanwhile`` is what the market does once it has begun."""

    name: str
    capabilities: dict[str, Any]
    work: Work
    meanwhile: Callable[[Market], None] = lambda _: None
    keeps: bool = False


async def _close(engine: OrderExecutionEngine) -> None:
    await engine.close_position(CONDOR)


async def _roll(engine: OrderExecutionEngine) -> None:
    await engine.roll_position(CONDOR, 45, sequential=True)


async def _bracket(engine: OrderExecutionEngine) -> None:
    await engine.place_bracket_order(bracket(), GOOG)


def _in_parts(broker: Market) -> None:
    """Let the entry fill in two parts, and an exit in part, a second after the other."""
    loop = asyncio.get_running_loop()

    def move(what: str, quantity: int) -> None:
        if broker.arrivals:
            happen(broker, broker.book.find(broker.arrivals[0]).order, what, Decimal(quantity))

    for second, (what, quantity) in enumerate((("enter", 4), ("enter", 6), ("take", 3)), 1):
        loop.call_later(second, move, what, quantity)


def _kept(modify: ModifyKind) -> Story:
    capabilities = {"bracket": False, "oca_types": frozenset[OcaType](), "modify": modify}
    return Story(f"a kept bracket, {modify}", capabilities, _bracket, _in_parts, keeps=True)


CLOSE_BY_LEGS = Story("a close leg by leg", {"max_combo_legs": 0}, _close)
ROLL_IN_TWO = Story("a roll in two orders", {"max_combo_legs": 4}, _roll)
ROLL_AS_ONE = Story("a roll as one order", {"max_combo_legs": 8}, _roll)
KEPT = _kept(ModifyKind.IN_PLACE)
KEPT_UNCHANGED = _kept(ModifyKind.NONE)
STORIES = (CLOSE_BY_LEGS, ROLL_IN_TWO, ROLL_AS_ONE, KEPT, KEPT_UNCHANGED)


@dataclass(frozen=True)
class Course:
    """An uninterrupted run: what is held before and after, what went out in all (I39), and its commits."""

    before: Quantities
    after: Quantities
    sent: Quantities
    commits: tuple[int, int]


async def prepared(story: Story) -> Market:
    """Return a market where an engine has run before; for closes and rolls, with the condor in the account."""
    broker, _ = world(**story.capabilities)
    if not story.keeps:
        broker.on("place", fills(), always=True)
        for contract, quantity in CONDOR.signed_legs:
            broker.adjust(contract, quantity)
    await live(broker, idle)
    return broker


async def uninterrupted(story: Story) -> Course:
    """Run a story to its end."""
    broker = await prepared(story)
    before, first = positions(broker), broker.journal.commits
    story.meanwhile(broker)
    events = await live(broker, story.work)
    assert story.keeps or isinstance(events[-1], SagaEnded)
    return Course(before, positions(broker), sent_to(broker), (first, broker.journal.commits))


def sent_to(broker: Market) -> Quantities:
    """Return what the orders that arrived were for, by contract."""
    total: Quantities = {}
    for ref in broker.arrivals:
        order = broker.book.find(ref).order
        assert order.contract is not None
        total[order.contract.key] = total.get(order.contract.key, Decimal(0)) + order.quantity
    return total


def is_planned(events: Iterable[OrderEvent | EngineEvent]) -> bool:
    """Tell whether work of several orders was journaled."""
    return any(event.event == "SAGA_PLANNED" for event in events)


def wrong(story: Story, course: Course, broker: Market, *, planned: bool) -> str | None:
    """Return what is wrong after the last restart, or None.

    What was never planned was never begun, what was is seen through, and nothing is sent twice. A kept bracket's exits
    work for what is held.
    """
    if len(set(broker.arrivals)) < len(broker.arrivals):
        return "an order was sent twice"
    if story.keeps:
        held = int(positions(broker).get(GOOG.key, 0))
        return None if at_work(broker) == (held, held) and held >= 0 else f"{held} held, exits for {at_work(broker)}"
    held_and_sent = positions(broker), sent_to(broker)
    expected = (course.after, course.sent) if planned else (course.before, Quantities())
    return None if held_and_sent == expected else f"held and sent: {held_and_sent}, and not {expected}"


async def killed_everywhere(story: Story, *, twice: bool = False) -> AsyncIterator[str | None]:
    """Kill a story at each commit, and say of each kill what came out wrong; ``twice`` kills the next process, too."""
    course = await uninterrupted(story)
    for commit, kept in kill_points(*course.commits):
        second: int | None = None
        while True:
            broker = await prepared(story)
            story.meanwhile(broker)
            planned = is_planned(await live(broker, story.work, dies_at=commit, kept=kept))
            died = broker.journal.commits
            if second is not None:
                await live(broker, idle, dies_at=died + (second + 1) // 2, kept=second % 2 == 0)
            last = broker.journal.is_dead
            await live(broker, idle)
            found = wrong(story, course, broker, planned=planned)
            yield None if found is None else f"{story.name}, killed at {commit} ({kept=}), then at {second}: {found}"
            if not twice or (second is not None and not last):
                break
            second = 1 if second is None else second + 1


async def _all(*, twice: bool) -> int:
    failures = 0
    for story in STORIES:
        began, kills = time.monotonic(), 0
        async for found in killed_everywhere(story, twice=twice):
            kills += 1
            failures += found is not None
            if found is not None:
                print(found)
        print(f"{story.name}: {kills} kills in {time.monotonic() - began:.1f} s", flush=True)
    print(f"{failures} came out wrong")
    return failures


def main() -> int:
    """Kill and compare."""
    parser = argparse.ArgumentParser(description="kill work of several orders at each of its commits")
    parser.add_argument("--twice", action="store_true", help="kill the process that goes on with it, too")
    return 1 if run_simulated(_all(twice=parser.parse_args().twice)) else 0


if __name__ == "__main__":
    raise SystemExit(main())
