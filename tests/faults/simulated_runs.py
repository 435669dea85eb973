"""Run simulated worlds, one a seed, and print what they came to.

    python tests/faults/simulated_runs.py --seeds 100000 --processes 2     the thorough profile
    python tests/faults/simulated_runs.py --seed 4711 --story              one world, and what happened in it

A seed that breaks a promise is printed with the command that runs it alone. The exit status is 1 if any did.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from v6core.testing.world import SimulatedWorld, WorldResult, run_world, silence

_CHUNK = 50
_CHUNKS_A_PROCESS = 20  # what a spared collector leaves behind goes with its process
_MOST_TOLD = 20
_PROGRESS = 5000


@dataclass(slots=True)
class Tally:
    """What many worlds came to."""

    worlds: int = 0
    orders: int = 0
    virtual_seconds: float = 0
    faults: Counter[str] = field(default_factory=Counter[str])
    statuses: Counter[str] = field(default_factory=Counter[str])
    broken: list[tuple[int, tuple[str, ...]]] = field(default_factory=list[tuple[int, tuple[str, ...]]])

    def add(self, result: WorldResult) -> None:
        """Count one world."""
        self.worlds += 1
        self.orders += result.orders
        self.virtual_seconds += result.virtual_seconds
        self.faults += result.faults
        self.statuses += result.statuses
        if result.violations:
            self.broken.append((result.seed, result.violations))


def run_of(seed: int) -> WorldResult:
    """Return what a world came to; one that did not come to an end has broken a promise, too."""
    try:
        return run_world(seed)
    except Exception as error:  # noqa: BLE001 -- whatever it is, its seed must be told
        told = f"the world broke down: {type(error).__name__}: {error}"
        return WorldResult(seed, "", 0, Counter(), Counter(), (told,), 0.0)


def results(seeds: Iterable[int], processes: int) -> Iterator[WorldResult]:
    """Yield what the worlds of seeds came to, in no certain order."""
    if processes == 1:
        spare_collector()
        yield from map(run_of, seeds)
        return
    spawn = multiprocessing.get_context("spawn")
    with spawn.Pool(processes, initializer=spare_collector, maxtasksperchild=_CHUNKS_A_PROCESS) as pool:
        yield from pool.imap_unordered(run_of, seeds, chunksize=_CHUNK)


def spare_collector() -> None:
    """Look for garbage less often: a world leaves little behind, and what was imported stays."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)


def tell(tally: Tally, seconds: float) -> None:
    """Print the figures."""
    print(f"seeds        {tally.worlds}")
    print(f"orders       {tally.orders}")
    print(f"virtual      {tally.virtual_seconds / 3600:.0f} h")
    print(f"faults       {tally.faults.total()} ({tally.faults.total() / max(tally.worlds, 1):.2f} a run)")
    for name, count in sorted(tally.faults.items()):
        print(f"  {name:<18}{count}")
    print(f"verdicts     {tally.statuses.total()}")
    for name, count in sorted(tally.statuses.items()):
        print(f"  {name:<18}{count}")
    print(f"violations   {len(tally.broken)} seeds")
    for seed, violations in tally.broken[:_MOST_TOLD]:
        print(f"  seed {seed}: {violations[0]}")
        print(f"    python {sys.argv[0]} --seed {seed} --story")
    print(f"took         {seconds:.1f} s, {tally.worlds / seconds:.1f} seeds/s")


def story(seed: int) -> WorldResult:
    """Run one world and print its plan, its journal, what arrived at the server, and what was wrong."""
    world = SimulatedWorld(seed)
    with silence():
        result = world.run()
    print(f"seed {seed}, {world.plan.identity}, {world.plan.behaviour.model_dump(exclude_defaults=True)}")
    for mishap in world.plan.mishaps:
        print(f"  {mishap.at:7.3f}  {mishap.fault} for {mishap.seconds:.3f} s ({mishap.share:.3f}, {mishap.count})")
    print("journal")
    for row in world.journal.rows():
        print(f"  {row.seq:4} {row.payload}")
    print("arrivals")
    for arrival in world.desk.arrivals:
        print(f"  {arrival.at.isoformat()} {arrival.verb} {arrival.order_ref} treated {arrival.treated_at}")
    print("orders at the broker")
    for one in world.desk.book.orders:
        print(f"  {one.held.ref} {one.held.broker_order_id} {one.held.status} {one.held.filled:f}")
    print(f"trace {result.trace_hash}")
    for violation in result.violations:
        print(f"VIOLATION {violation}")
    return result


def main() -> int:
    """Run what was asked for and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=1000, help="how many (1000)")
    parser.add_argument("--first", type=int, default=0, help="the first of them (0)")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--seed", type=int, help="this one alone")
    parser.add_argument("--story", action="store_true", help="with --seed: tell all that happened")
    options = parser.parse_args()
    if options.seed is not None and options.story:
        return bool(story(options.seed).violations)
    seeds = [options.seed] if options.seed is not None else range(options.first, options.first + options.seeds)
    tally, began = Tally(), time.perf_counter()
    for result in results(seeds, options.processes):
        tally.add(result)
        if result.violations or tally.worlds % _PROGRESS == 0:
            print(f"{tally.worlds} of {len(seeds)}", *result.violations, sep="\n  ", file=sys.stderr, flush=True)
    tally.broken.sort()
    tell(tally, time.perf_counter() - began)
    return bool(tally.broken)


if __name__ == "__main__":
    raise SystemExit(main())
