"""The machine over an engine and a scripted broker, at length: random steps, and what must hold after each.

``python tests/faults/machine_runs.py [--examples N] [--steps N] [--processes N] [--seed N]``. The examples run in
batches, each with a seed of its own, so many processes at a time. A failing batch is told with its seed and the steps
that lead there; it ends with status 1 then.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import traceback
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from time import perf_counter

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # as pytest has it: helpers are found by their folder

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import INVARIANT_MARKER, invariant, run_state_machine_as_test
from pydantic import BaseModel, ConfigDict, Field

from core.engine_machine import EngineMachine

_BATCH = 250
_SHARE = 5 * _BATCH
"""How many one process runs: hypothesis keeps something of every machine, which slows those after it."""


class Figures(BaseModel):
    """What was run: each step executes a rule; ``events`` counts what stands in the journals at the end, by kind."""

    model_config = ConfigDict(extra="forbid")

    examples: int = 0
    steps: int = 0
    events: Counter[str] = Field(default_factory=Counter[str])
    failures: list[str] = []

    def add(self, other: Figures) -> None:
        """Add another process's."""
        self.examples += other.examples
        self.steps += other.steps
        self.events += other.events
        self.failures += other.failures


def run(examples: int, steps: int, start: int) -> Figures:
    """Run examples in this process, a batch after the other; a batch that fails ends there."""
    figures = Figures()

    class Counted(EngineMachine):
        @invariant()
        def count(self) -> None:
            figures.steps += 1

        def teardown(self) -> None:
            figures.examples += 1
            if hasattr(self, "engine"):
                figures.events.update(row.kind for row in self.journal.rows())
            super().teardown()
            vars(self).clear()  # hypothesis keeps machines, and each would keep its engine

    for number in range(0, examples, _BATCH):
        options = _options(min(_BATCH, examples - number), steps)
        luck = start + number
        try:
            run_state_machine_as_test(seed(luck)(Counted), settings=options)
        except Exception as error:  # noqa: BLE001 -- whatever a law or the engine raises is what was looked for
            figures.failures.append(f"seed {luck}, {options.max_examples} examples: {_told(error)}")
            print(figures.failures[-1], file=sys.stderr, flush=True)
    return figures


def _options(examples: int, steps: int) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        derandomize=False,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
        phases=[Phase.generate],  # a run of the machine costs too much to shrink one
        report_multiple_bugs=False,
        print_blob=False,
    )


def _told(error: BaseException) -> str:
    """Say what failed and where, and the steps that lead there, without the laws that are asked after each."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    laws = {name for name in dir(EngineMachine) if hasattr(getattr(EngineMachine, name, None), INVARIANT_MARKER)}
    notes: list[str] = getattr(error, "__notes__", [])
    lines = (line for note in notes for line in note.splitlines())
    steps = (line for line in lines if line.removeprefix("state.").removesuffix("()") not in {*laws, "count"})
    return "\n".join((f"{type(error).__name__}: {error}", f"{where.filename}:{where.lineno}: {where.line}", *steps))


def main() -> int:
    """Run the processes and tell what they found."""
    arguments = _arguments()
    if arguments.share:
        print(run(arguments.examples, arguments.steps, arguments.seed).model_dump_json())
        return 0
    began, figures = perf_counter(), Figures()
    with ThreadPoolExecutor(arguments.processes) as lanes:
        for share in lanes.map(partial(_share, arguments), range(0, arguments.examples, _SHARE)):
            figures.add(share)
            print(f"{figures.examples} run, {len(figures.failures)} failures", file=sys.stderr, flush=True)
    _tell(figures, perf_counter() - began)
    return 1 if figures.failures else 0


def _share(arguments: argparse.Namespace, first: int) -> Figures:
    """Run the examples from one on in a process of their own."""
    examples, start = min(_SHARE, arguments.examples - first), arguments.seed + first
    options = ("--share", "--examples", str(examples), "--steps", str(arguments.steps), "--seed", str(start))
    done = subprocess.run([sys.executable, __file__, *options], stdout=subprocess.PIPE, text=True, check=False)
    failed = Figures(failures=[f"a process ended with status {done.returncode}"])
    return Figures.model_validate_json(done.stdout) if done.stdout else failed


def _tell(figures: Figures, seconds: float) -> None:
    rate = figures.examples / seconds
    print(f"{figures.examples} examples, {figures.steps} steps, {seconds:.0f} s, {rate:.1f} examples/s")
    print("  " + ", ".join(f"{times} {kind}" for kind, times in sorted(figures.events.items())))
    print(f"  {len(figures.failures)} failures")
    for failure in figures.failures:
        print(failure)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=500, help="50000 or more for the thorough profile")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--share", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
