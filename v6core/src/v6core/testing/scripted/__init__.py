"""A broker that does what a test tells it: acknowledge, fill, refuse, delay, lose, repeat, reorder, hang.

* ``broker``     the broker itself, behind the same abstract class as every other
* ``abilities``  what it declares
* ``book``       what it holds: orders, executions, positions
* ``steps``      what a script is made of

>>> broker = ScriptedBroker()
>>> broker.on("place", accepts, fills(4, "101.50"))       # the next order, and those after it as by default
>>> broker.on("cancel", refuses("too late"))
>>> engine = OrderExecutionEngine.from_spec(broker.spec, ScriptedSettings())
"""

from __future__ import annotations

from v6core.testing.scripted.abilities import EVERYTHING, scripted_capabilities
from v6core.testing.scripted.book import Book, HeldOrder
from v6core.testing.scripted.broker import (
    Call,
    Received,
    ScriptedBroker,
    ScriptedSettings,
    scripted_spec,
)
from v6core.testing.scripted.steps import (
    Step,
    accepts,
    clears,
    confirms,
    fills,
    hangs,
    later,
    raises,
    refuses,
    rejects,
    takes,
)

__all__ = [
    "EVERYTHING",
    "Book",
    "Call",
    "HeldOrder",
    "Received",
    "ScriptedBroker",
    "ScriptedSettings",
    "Step",
    "accepts",
    "clears",
    "confirms",
    "fills",
    "hangs",
    "later",
    "raises",
    "refuses",
    "rejects",
    "scripted_capabilities",
    "scripted_spec",
    "takes",
]
