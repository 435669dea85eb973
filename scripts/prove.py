"""Run the thorough profile of the fault harnesses, and keep what each prints in docs/proof, with the commit it is of.

``uv run python scripts/prove.py [NAME ...]``; without names, all of them, one after the other: hours on two
cores. Each page says the minutes that it took. A harness that finds something ends with a status other than zero, and
its page says so; a page of sources that were changed says so too, also where they changed while the harness ran.
"""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "docs" / "proof"
SOURCES = ("v6core", "v6_paper_plugin", "v6_ib_plugin", "tests")
"""Where what the harnesses run comes from."""
HARNESSES = {
    "simulated-runs": ("tests/faults/simulated_runs.py", "--seeds", "100000", "--processes", "2"),
    "kill-runs": ("tests/faults/kill_runs.py", "--kills", "2000"),
    "syscall-faults": ("tests/faults/syscall_faults.py", "--verbs", "all"),
    "journal-faults": ("tests/faults/journal_faults.py", "--cuts", "10000", "--flips", "10000"),
    "machine-runs": ("tests/faults/machine_runs.py", "--examples", "50000", "--steps", "50", "--processes", "2"),
    "fuzz": ("tests/faults/fuzz.py", "--cases", "1000000"),
    "saga-kills": ("tests/faults/saga_kills.py", "--twice"),
    "design-bugs": ("tests/faults/design_bugs.py",),
    "tws-points": ("tests/faults/tws_points.py", "--alike", "1", "--lanes", "5"),
    "tws-worlds": ("tests/faults/tws_worlds.py", "--seeds", "10000", "--processes", "2"),
    "tws-wire-fuzz": ("tests/gateway/fuzz_wire.py", "--cases", "1000000"),
    "tws-server-fuzz": ("tests/gateway/fuzz_wire.py", "--server", "--cases", "20000"),
}


def commit() -> str:
    """Return the commit that is checked out, and whether anything differs from it."""
    head = _git("rev-parse", "--short", "HEAD")
    return f"{head} with changes" if _git("status", "--porcelain", "--", *SOURCES) else head


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def prove(name: str) -> bool:
    """Run one harness and write its page; return whether it found nothing."""
    command = HARNESSES[name]
    began, of = time.monotonic(), commit()
    done = subprocess.run([sys.executable, *command], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    minutes = (time.monotonic() - began) / 60
    if commit() != of:
        of = f"{of}, changed while it ran"
    python = platform.python_version()
    head = f"commit {of}, Python {python}, {minutes:.1f} minutes, exit status {done.returncode}"
    PAGES.mkdir(exist_ok=True)
    page = f"$ python {' '.join(command)}\n{head}\n\n{done.stdout.strip()}\n"
    (PAGES / f"{name}.txt").write_text(page, encoding="utf-8")
    print(page, flush=True)
    return done.returncode == 0


def main() -> int:
    """Run what was named."""
    parser = argparse.ArgumentParser(description="run the thorough fault harnesses")
    parser.add_argument("names", nargs="*", choices=[[], *HARNESSES], help="which; all of them by default")
    names = parser.parse_args().names or list(HARNESSES)
    proved = {name: prove(name) for name in names}  # all of them, also after one that found something
    return 0 if all(proved.values()) else 1


if __name__ == "__main__":
    raise SystemExit(main())
