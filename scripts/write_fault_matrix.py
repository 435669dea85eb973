"""Write docs/fault-matrix.md: what can go wrong, what v6 promises then, and the tests that hold it to that.

A test that proves a row is named after it (``test_F07_...``); the page links the files and says each test's name in
words. Run it after adding one: ``uv run python scripts/write_fault_matrix.py``. A test compares the page with it, and
another that no row is without a test.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "fault-matrix.md"
NAMED = re.compile(r"test_(F\d\d)_(\w+)")

ROWS = {
    "F01": ("the process dies before the intent is durable", "nothing was sent, nothing is remembered"),
    "F02": (
        "the intent cannot be made durable: disk full, I/O error",
        "DENIED with JOURNAL_FAILED, nothing sent, trading halted; its id is spent, because the row may be there",
    ),
    "F03": (
        "dies after the intent, before the sending",
        "IN_DOUBT at the next start, LOST once its absence is proved, never sent again by itself",
    ),
    "F04": ("dies, or the link breaks, after the sending", "adopted by its reference; one order, never two"),
    "F05": ("dies after the acknowledgement, before it is recorded", "read again from the broker"),
    "F06": ("sending raises", "IN_DOUBT, unless the plugin proves that no byte left"),
    "F07": (
        "the broker never answers",
        "IN_DOUBT after `ack_deadline`; sent again only to a broker that enforces ids, LOST only by proof",
    ),
    "F08": ("dies while a cancel is under way", "the cancel is asked for again while the order stands"),
    "F09": ("cancel and fill cross", "both count, in whichever order they come; the fills stand"),
    "F10": ("cancelled after a part was filled", "CANCELLED, what was filled is kept and held"),
    "F11": ("a fill after the order's end", "it counts, the order is flagged; a LOST order comes back"),
    "F12": ("a cancel is answered with 'not found'", "no verdict from that; the broker is asked about the order"),
    "F13": (
        "a modify is refused, or nobody answers it",
        "the order stands at its old terms until the broker shows the new ones",
    ),
    "F14": ("a modify while the link is degraded", "denied with LINK_DEGRADED before anything is sent"),
    "F15": (
        "the broker has two orders under one reference",
        "alarm, trading halted; the fills of both count, a cancel goes to both",
    ),
    "F16": ("dies between the legs of a bracket", "what is left of it is found by reference; an entry alone is told"),
    "F17": (
        "the broker keeps no brackets or one-cancels-all groups",
        "NOT_SUPPORTED, or with `allow_emulated` kept by v6: journaled first, armed again after a restart",
    ),
    "F18": ("an entry is cancelled after a part was filled", "its exits cover that part, no more and no less"),
    "F19": ("both exits of a group fill", "flagged and told; the position has both"),
    "F20": ("dies while closing, or the position changes meanwhile", "closes what is held by then, never past zero"),
    "F21": ("dies while rolling by one order", "an order like any other: all of it or nothing"),
    "F22": ("dies while rolling leg by leg", "goes on at the first step that is not proved, repeats none that is"),
    "F23": ("lists that do not all come, a link that breaks meanwhile", "no verdict; the next look decides"),
    "F24": ("a fill while nobody is connected", "learnt at the reconnect, told once"),
    "F25": ("a fill before any status, or without one", "a fill alone moves the order"),
    "F26": ("the same report twice, or all of them again", "heard once"),
    "F27": ("a stale status after a later one", "changes nothing"),
    "F28": (
        "an execution is corrected or taken back",
        "replaced, not added; a FILLED order that loses some is in doubt",
    ),
    "F29": (
        "the day changes while nobody is connected",
        "an order of the day that the broker had is EXPIRED, its fills unproven while the position disagrees",
    ),
    "F30": ("the clock jumps", "deadlines hold; a jump is recorded, and everything compared again"),
    "F31": ("the broker gives an id again", "the reference tells whose report it is"),
    "F32": ("a second engine", "refused on the same journal; on another, its orders are seen and never touched"),
    "F33": ("the disk is full", "nothing opens, cancels still go out; a new start works once there is space"),
    "F34": ("a write is torn", "the journal is what was durable before it, never garbage"),
    "F35": (
        "the journal's end is lost, or an old copy was put back",
        "noticed by the file beside it, and by the broker, who knows orders that it does not: nothing opens",
    ),
    "F36": ("the journal is damaged in its middle", "refused, with the row; never started empty"),
    "F37": ("an observer or handler raises", "the others hear; after many failures it is left out, and that is told"),
    "F38": ("an observer or plugin blocks the event loop", "noticed and named; blocked for long, trading halts"),
    "F39": ("a plugin hangs", "each call has a deadline; the outcome is unknown or unavailable"),
    "F40": ("a plugin reports nonsense", "nothing is made of it, it is recorded, and trading halts"),
    "F41": ("a message that cannot be read, or has no end", "the link is given up and everything compared again"),
    "F42": ("a slow reader of events", "reads on from the journal; none is left out"),
    "F43": ("the link degrades, is lost, or hears nothing", "nothing new is sent; compared again when it is back"),
    "F44": (
        "SIGTERM, Ctrl-C",
        "as a crash, once what is being sent is seen through; `on_exit` says what is cancelled",
    ),
    "F45": ("kill while orders are in flight", "what is acknowledged afterwards is cancelled too, until none is left"),
    "F46": ("other code or settings with orders open", "refused, naming what changed, unless `accept_change`"),
}
"""What can go wrong, and what is promised then."""

INTRODUCTION = """\
# What can go wrong

Written by `scripts/write_fault_matrix.py`; change the tests, not this page.

Each row is a moment or a fault, what v6 promises then, and the tests that are named after it. They run against a broker
whose every move is scripted, real processes and real files. [guarantees.md](guarantees.md) says what the promises come
to, and how the rest of the proof is done.
"""


def tests() -> dict[str, dict[Path, list[str]]]:
    """Return the tests that are named after a row, by row and file, in the order in which they stand."""
    found: dict[str, dict[Path, list[str]]] = defaultdict(dict)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (named := NAMED.fullmatch(node.name)):
                found[named[1]].setdefault(path.relative_to(ROOT), []).append(named[2].replace("_", " "))
    return found


def render() -> str:
    """Return the page."""
    found = tests()
    lines = [INTRODUCTION, "| | what happens | what v6 promises | proved by |", "| --- | --- | --- | --- |"]
    for row, (fault, promise) in ROWS.items():
        cells = (f"[`{path.name}`](../{path.as_posix()}) ({len(names)})" for path, names in found[row].items())
        lines.append(f"| {row} | {fault} | {promise} | {', '.join(cells)} |")
    lines.append("\n## The tests in words")
    for row in ROWS:
        lines.append(f"\n**{row}**\n")
        lines += [f"* {name}" for names in found[row].values() for name in names]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the page."""
    TARGET.write_text(render(), encoding="utf-8")
    print(f"wrote {TARGET}")


if __name__ == "__main__":
    main()
