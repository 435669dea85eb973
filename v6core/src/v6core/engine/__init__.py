"""The engine: check, journal, send, apply, notify; and one way to start.

* ``record``      what is known: the fold of the journal
* ``scribe``      journal, then apply, then tell
* ``inbox``       where the broker's reports arrive
* ``holdings``    what the account holds, between snapshots
* ``gate``        before sending: bind, tick, checks
* ``dispatch``    place, cancel, modify
* ``market``      quotes and chains, within a deadline
* ``groups``      brackets and one-cancels-all groups
* ``operations``  open, close and roll a strategy
* ``recovery``    replay, connect, reconcile, ready
* ``assembly``    how these parts are put together
* ``engine``      what a program holds in its hand
"""

from __future__ import annotations

from v6core.engine.engine import OrderExecutionEngine

__all__ = ["OrderExecutionEngine"]
