"""The journal under attack, counted by outcome: a disk that fails at each point, cuts, and flipped bits.

``python tests/faults/journal_faults.py [--every N] [--cuts N] [--flips N] [--seed N] [--folder FOLDER]``. It ends with
status 1 where anything was lost, invented, or refused without damage.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import TypeVar

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # as pytest has it: helpers are found by their folder

from faults import journal_damage, vfs_faults
from faults.faulty_disk import FaultMode

Where = TypeVar("Where", bound=str)
What = TypeVar("What", bound=str)


def main() -> int:
    arguments = _arguments()
    began = perf_counter()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        folder = Path(name)
        bad = disk(folder / "disk", arguments.every)
        bad += damage(folder, arguments.cuts, arguments.flips, arguments.seed)
    print(f"{bad} bad outcomes, {perf_counter() - began:.0f} s")
    return 1 if bad else 0


def disk(folder: Path, every: int) -> int:
    """Print how the faults of a disk end, and return how many end badly."""
    points = vfs_faults.points(folder)
    counts, bad = vfs_faults.table(folder, every=every)
    print(f"a disk that fails: {points} writes, syncs and truncations, each {every}. of them in {len(FaultMode)} ways")
    show(counts)
    for fault, outcome in bad:
        print(f"    {fault.mode} at point {fault.point}: {outcome}")
    return len(bad)


def damage(folder: Path, cuts: int, flips: int, seed: int) -> int:
    """Print what comes of cuts, flipped bits and files that do not belong together; return how often it was bad."""
    bad = 0
    for what, number, work in (("cuts", cuts, journal_damage.cut), ("flipped bits", flips, journal_damage.flipped)):
        print(f"{number} {what}, seed {seed}")
        counts = journal_damage.count(folder / what.replace(" ", "-"), number, work, seed)
        show(counts)
        bad += sum(times for (_, found), times in counts.items() if found in journal_damage.BAD)
    print("a journal of one moment, its log of another, its head of the last")
    jumbled = Counter(
        journal_damage.look_at(one, folder / "trial") for one in journal_damage.jumbled(folder / "jumbled")
    )
    show({("all three", found): times for found, times in jumbled.items()})
    return bad + sum(jumbled[found] for found in journal_damage.BAD)


def show(counts: Mapping[tuple[Where, What], int]) -> None:
    """Print a table: where, what came of it, how often."""
    for (where, outcome), times in sorted(Counter(counts).items()):
        print(f"  {where:16} {outcome:60} {times:6}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="attack the journal")
    parser.add_argument("--every", type=int, default=1, help="fail at one of so many points of the disk")
    parser.add_argument("--cuts", type=int, default=1000)
    parser.add_argument("--flips", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where the journals are made; default: the temporary folder")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
