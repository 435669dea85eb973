"""What the authors of plugins and programs test with. It needs ``v6core[testing]``, and nothing else imports it.

``order_strategies`` are hypothesis strategies for whatever travels between v6 and a broker, ``ScriptedBroker`` is a
broker that does what a test tells it, ``SimulatedClock`` is a clock that goes as far as it is told.
"""

from __future__ import annotations

from v6core.clock import SimulatedClock
from v6core.testing import strategies as order_strategies
from v6core.testing.scripted import ScriptedBroker, ScriptedSettings, scripted_capabilities, scripted_spec

__all__ = [
    "ScriptedBroker",
    "ScriptedSettings",
    "SimulatedClock",
    "order_strategies",
    "scripted_capabilities",
    "scripted_spec",
]
