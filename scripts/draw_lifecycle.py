"""Write docs/lifecycle.md: what the statuses mean, their diagram, and the whole transition table.

Run it after a change of the table: ``uv run python scripts/draw_lifecycle.py``. A test compares the page with it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from v6core.lifecycle import TRANSITIONS, EvidenceKind, Transition
from v6core.orders import OrderStatus

TARGET = Path(__file__).resolve().parent.parent / "docs" / "lifecycle.md"

S = OrderStatus

MEANINGS = {
    S.CREATED: "made, and sent nowhere",
    S.DENIED: "v6 refused it; nothing was sent",
    S.PENDING_SUBMIT: "durable in the journal and being sent",
    S.IN_DOUBT: "it may have reached the broker, or may still stand there; nothing proves either",
    S.SUBMITTED: "the broker has it; `working` tells whether it is at the market or held back",
    S.PARTIALLY_FILLED: "the broker has it, and a part of it is filled",
    S.INACTIVE: "the broker holds it and may revive it",
    S.FILLED: "the fills come to its quantity",
    S.CANCELLED: "ended at somebody's request",
    S.EXPIRED: "ended because its time was over",
    S.REJECTED: "the broker refused it",
    S.LOST: "proved never to have arrived",
}
BOXES = {
    "Unproved": ("not proved to be there", (S.PENDING_SUBMIT, S.IN_DOUBT, S.LOST)),
    "AtBroker": ("at the broker", (S.SUBMITTED, S.PARTIALLY_FILLED, S.INACTIVE)),
    "Ended": ("ended without being filled", (S.CANCELLED, S.EXPIRED, S.REJECTED)),
}
Moves = dict[tuple[str, str], list[EvidenceKind]]

INTRODUCTION = """\
# The life of an order

Written by `scripts/draw_lifecycle.py` from `v6core.lifecycle.TRANSITIONS`; change the table, not this page.

Whatever happens to an order arrives as evidence: a word of the broker about its standing, a fill, a correction, a
refusal, a doubt, a proof. The table says what each kind of evidence makes of each status. Three rules hold throughout:

* Fills alone fill an order. A broker that says FILLED proves only that it has the order; v6 waits for the fills.
* Standing and fills may arrive in any order, and end the same.
* An order that has ended stays ended, whatever stale word comes after. Fills, corrections, and evidence of an order
  that was LOST may still change it, and then an anomaly says so.

A cancel or a modify under way is no status: `pending_cancel` and `pending_modify` lie over it, and go with the answer
or with the order's end.

In the diagram, an arrow from a box leaves every status in it; what changes no status is not drawn.
"""


def render() -> str:
    """Return the whole page."""
    parts = [INTRODUCTION, "## Statuses\n", _statuses(), "## Moves\n", _diagram(), "## Every cell\n", _table()]
    return "\n".join(parts)


def _statuses() -> str:
    rows = [f"| `{status}` | {'yes' if status.is_terminal else ''} | {MEANINGS[status]} |" for status in OrderStatus]
    return "\n".join(["| status | ended | meaning |", "| --- | --- | --- |", *rows, ""])


def _moves() -> Moves:
    """Return the kinds of evidence that lead from one status to another, moves that change nothing left out."""
    moves: Moves = defaultdict(list)
    for (status, kind), row in TRANSITIONS.items():
        if row.status is not status:
            moves[status, row.status].append(kind)
    order = list(EvidenceKind)
    return {move: sorted(kinds, key=order.index) for move, kinds in moves.items()}


def _boxed(moves: Moves) -> Moves:
    """Return the moves with what leaves every status of a box drawn once, from the box."""
    found: Moves = {}
    rest = {move: list(kinds) for move, kinds in moves.items()}
    for box, (_, members) in BOXES.items():
        for target in OrderStatus:
            ways = [rest.get((member, target), []) for member in members]
            shared = [kind for kind in ways[0] if all(kind in way for way in ways)]
            if shared and target not in members:
                found[box, target] = shared
                for way in ways:
                    way[:] = [kind for kind in way if kind not in shared]
    return {**found, **{move: kinds for move, kinds in rest.items() if kinds}}


def _diagram() -> str:
    lines = ["```mermaid", "stateDiagram-v2", "    direction LR", "    [*] --> CREATED"]
    moves = _boxed(_moves())
    for box, (title, members) in BOXES.items():
        inside = {move: moves.pop(move) for move in list(moves) if set(move) <= set(members)}
        lines += [f'    state "{title}" as {box} {{', *(f"        {member}" for member in members)]
        lines += [*(f"        {_arrow(*move, kinds)}" for move, kinds in inside.items()), "    }"]
    lines += [f"    {_arrow(*move, kinds)}" for move, kinds in moves.items()]
    return "\n".join([*lines, "    DENIED --> [*]", "    FILLED --> [*]", "    Ended --> [*]", "```", ""])


def _arrow(source: str, target: str, kinds: Iterable[EvidenceKind]) -> str:
    return f"{source} --> {target}: {', '.join(kinds)}"


def _table() -> str:
    """Write every cell: rows of one status that come to the same stand together."""
    lines = ["| status | evidence | becomes | flagged | why |", "| --- | --- | --- | --- | --- |"]
    for status in OrderStatus:
        grouped: dict[Transition, list[EvidenceKind]] = defaultdict(list)
        for kind in EvidenceKind:
            grouped[TRANSITIONS[status, kind]].append(kind)
        lines += [_row(status, kinds, row) for row, kinds in grouped.items()]
    return "\n".join([*lines, ""])


def _row(status: OrderStatus, kinds: list[EvidenceKind], row: Transition) -> str:
    becomes = "" if row.status is status else f"`{row.status}`"
    return f"| `{status}` | {', '.join(kinds)} | {becomes} | {', '.join(sorted(row.anomalies))} | {row.why} |"


def main() -> None:
    """Write the page."""
    TARGET.write_text(render(), encoding="utf-8")
    print(f"wrote {TARGET}")


if __name__ == "__main__":
    main()
