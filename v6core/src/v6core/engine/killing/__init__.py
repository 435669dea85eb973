"""The kill: in a process of its own, with the engine dead, blocked or running.

* ``steps``      the whole of it, step by step
* ``holding``    what of it needs no broker, and is done also where the configuration cannot be used
* ``process``    the end of the engine's process
* ``notebook``   what is known of our orders, as far as the journal lets itself be read and written
* ``sweep``      cancelling at the broker until nothing is left
* ``flattening`` closing the positions, where that is asked for
* ``report``     what was done, what is proved, and what could not be done
"""

from __future__ import annotations

from v6core.engine.killing.holding import hold
from v6core.engine.killing.process import Ending, EngineProcess
from v6core.engine.killing.report import KillReport, StoppedOrder
from v6core.engine.killing.steps import kill

__all__ = ["Ending", "EngineProcess", "KillReport", "StoppedOrder", "hold", "kill"]
