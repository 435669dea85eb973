"""Histories: what programs, markets and misfortunes do to a broker, drawn at random and judged after every step.

* ``steps``      what can happen, one record each
* ``requests``   what a step asks for in the world as it is
* ``laws``       what must hold of orders that belong together
* ``player``     plays a history in a world of its own
* ``proofs``     what a history proves of a broker
* ``drawing``    draws histories that a driver can play
* ``searching``  looks for one that breaks something, and shortens it
* ``script``     a history as text
* ``replaying``  plays one from a file
"""

from __future__ import annotations

from v6core.testing.conformance.histories.drawing import histories
from v6core.testing.conformance.histories.player import Ending, play
from v6core.testing.conformance.histories.replaying import replay
from v6core.testing.conformance.histories.script import history_of, script_of
from v6core.testing.conformance.histories.searching import BrokenHistory, examples_of, look_for
from v6core.testing.conformance.histories.steps import History, Step

__all__ = [
    "BrokenHistory",
    "Ending",
    "History",
    "Step",
    "examples_of",
    "histories",
    "history_of",
    "look_for",
    "play",
    "replay",
    "script_of",
]
