"""Whole worlds in virtual time: an engine, a broker on a wire, a program that trades, and all that can go wrong.

* ``plan``        what a seed decides beforehand: deeds, faults, the broker's temper
* ``world``       lets it happen
* ``program``     what trades
* ``misfortune``  what goes wrong, and how
* ``journal``     what survives a crash
* ``witness``     who watches the wire
* ``verdict``     the black-box checker; it serves any harness that has a server to ask

>>> result = run_world(7)
>>> result.violations
()
"""

from __future__ import annotations

from v6core.testing.world.journal import ProcessJournal
from v6core.testing.world.plan import Deed, Fault, Mishap, Plan, draw_plan
from v6core.testing.world.verdict import Findings, Seen, Told, judge
from v6core.testing.world.world import SimulatedWorld, WorldResult, run_world, silence

__all__ = [
    "Deed",
    "Fault",
    "Findings",
    "Mishap",
    "Plan",
    "ProcessJournal",
    "Seen",
    "SimulatedWorld",
    "Told",
    "WorldResult",
    "draw_plan",
    "judge",
    "run_world",
    "silence",
]
