"""Faults on demand: what goes wrong between a client and TWS, described by models, armed, and counted.

A ``Fault`` is a trigger and an effect::

    gateway.faults.arm(When.order(2, action="BUY"), Cut(moment=Moment.UNANSWERED))
    gateway.faults.arm(When.message("OrderStatus"), Duplicate(), times=None)
    gateway.faults.arm(When.now(), Connectivity(code=1100))

or a table of a control file, which is read again whenever it changes::

    [[fault]]
    when = { at = "REQUEST", kind = "PlaceOrder", is_new = true, nth = 2, action = "BUY" }
    what = { effect = "CUT", moment = "UNANSWERED" }

* ``when`` -- the points, and the triggers
* ``effects`` -- what can happen there
* ``fault`` ``armed`` ``faults`` -- one of them, one that is armed, and all that are
* ``presets`` -- faults that a TWS is known for, by their names
* ``threshold`` ``inlet`` ``outlet`` -- where they strike
* ``sightings`` ``rewriting`` ``corrections`` ``last_words`` ``connectivity`` -- what they need to know and to keep
* ``control_file`` -- faults from a file
"""

from __future__ import annotations

from v6_ib_plugin.gateway.faults import presets
from v6_ib_plugin.gateway.faults.armed import Armed
from v6_ib_plugin.gateway.faults.effects import (
    Announce,
    Connectivity,
    Correct,
    Cut,
    Delay,
    Duplicate,
    Effect,
    Garbage,
    Moment,
    Refuse,
    Reorder,
    Repeat,
    Restart,
    Rewrite,
    RollBackIds,
    Segments,
    ServerVersion,
    Silence,
    TooLong,
    Undecodable,
)
from v6_ib_plugin.gateway.faults.fault import Fault
from v6_ib_plugin.gateway.faults.faults import Faults
from v6_ib_plugin.gateway.faults.when import At, When

__all__ = [
    "Announce",
    "Armed",
    "At",
    "Connectivity",
    "Correct",
    "Cut",
    "Delay",
    "Duplicate",
    "Effect",
    "Fault",
    "Faults",
    "Garbage",
    "Moment",
    "Refuse",
    "Reorder",
    "Repeat",
    "Restart",
    "Rewrite",
    "RollBackIds",
    "Segments",
    "ServerVersion",
    "Silence",
    "TooLong",
    "Undecodable",
    "When",
    "presets",
]
