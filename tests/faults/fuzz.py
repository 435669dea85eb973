"""Spoilt inputs by the million: configuration, journal rows, broker reports, references, contracts.

    python tests/faults/fuzz.py --cases 1000000

A case ends as what was meant, or in the exception that its entry documents; anything else is a crash. What is made of a
spoilt input is checked: it must be valid, and the same after a journey through text. A batch that takes too long ends
the program with the place where it hangs. It prints how many cases each target ended in which way, and the slowest.
"""

from __future__ import annotations

import argparse
import faulthandler
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from faults.fuzz_mutations import Mutator
from faults.fuzz_targets import TARGETS, Target

BATCH = 100
MOST_SECONDS_PER_BATCH = 120


@dataclass(slots=True)
class Tally:
    """What the cases of one target came to."""

    outcomes: Counter[str] = field(default_factory=Counter[str])
    crashes: list[str] = field(default_factory=list[str])
    seconds: float = 0.0
    slowest: float = 0.0
    slowest_case: str = ""

    @property
    def cases(self) -> int:
        """How many there were."""
        return self.outcomes.total()


def fuzz(target: Target, cases: int, seed: int) -> Tally:
    """Run so many cases of a target."""
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder:
        run = target.prepare(Mutator(seed), Path(folder))
        for start in range(0, cases, BATCH):
            with _guarded():
                for _ in range(min(BATCH, cases - start)):
                    _one(target, run, tally)
    return tally


def _one(target: Target, run: Callable[[], Iterator[Any]], tally: Tally) -> None:
    began = time.perf_counter()
    case: Any = None
    steps = run()
    try:
        case = next(steps)
        tally.outcomes[str(next(steps, "taken"))] += 1
    except target.refusals:
        tally.outcomes["refused"] += 1
    except Exception as error:  # noqa: BLE001 -- whatever it is, it is the find
        tally.outcomes["crashed"] += 1
        tally.crashes.append(f"{type(error).__name__}: {error}\n    case: {case!r}"[:3000])
    took = time.perf_counter() - began
    tally.seconds += took
    if took > tally.slowest:
        tally.slowest, tally.slowest_case = took, repr(case)[:200]


@contextmanager
def _guarded() -> Generator[None]:
    """End the program, with every thread's stack, where a batch hangs."""
    faulthandler.dump_traceback_later(MOST_SECONDS_PER_BATCH, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


def main() -> int:
    """Run all targets, or one, and print what they came to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=20_000, help="how many cases in all (default 20000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--target", choices=[target.name for target in TARGETS], help="this target alone")
    options = parser.parse_args()
    chosen = [target for target in TARGETS if options.target in {None, target.name}]
    whole = sum(target.share for target in chosen)
    failed = 0
    total: Counter[str] = Counter()
    for target in chosen:
        tally = fuzz(target, options.cases * target.share // whole, options.seed)
        total.update(tally.outcomes)
        ways = ", ".join(f"{number:,} {way}" for way, number in sorted(tally.outcomes.items()))
        pace = tally.cases / tally.seconds if tally.seconds else 0
        slowest = f"slowest {tally.slowest * 1000:5.1f} ms"
        print(f"{target.name:16} {tally.cases:>9,} cases  {pace:>7,.0f}/s  {slowest}  {ways}", flush=True)
        for crash in dict.fromkeys(tally.crashes[:5]):
            print(f"  {crash}")
        failed += len(tally.crashes)
    print(f"{'in all':16} {total.total():>9,} cases, seed {options.seed}, {failed} crashes")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
