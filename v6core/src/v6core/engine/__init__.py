"""The engine: check, journal, send, apply, notify; and one way to start.

* ``record``      what is known: the fold of the journal
* ``scribe``      journal, then apply, then tell
* ``inbox``       where the broker's reports arrive
* ``holdings``    what the account holds, between snapshots
* ``gate``        before sending: bind, tick, checks
* ``dispatch``    place, cancel, modify
* ``calls``       a broker asked within a deadline
* ``market``      quotes and chains, within a deadline
* ``groups``      brackets and one-cancels-all groups
* ``emulation``   those that v6 keeps itself
* ``protection``  those that the broker keeps: what is left over or missing
* ``execution``   a strategy's orders seen through, and what they came to
* ``room``        what can be closed, and whether it still can when an order leaves
* ``sagas``       work of several orders, also that of an earlier run
* ``opening``     open a strategy
* ``closing``     close one, as a whole or leg by leg
* ``rolling``     roll one
* ``operations``  one of these at a time on a strategy
* ``recovery``    replay, connect, reconcile, ready
* ``resolving``   what an operator may decide about an order in doubt
* ``leaving``     what a stop cancels
* ``killing``     the kill, which needs no engine that answers
* ``offline``     a journal written where no engine runs
* ``lending``     other brokers, opened for their quotes
* ``assembly``    how these parts are put together
* ``arguments``   what a caller may hand in
* ``engine``      what a program holds in its hand
"""

from __future__ import annotations

from v6core.engine.engine import OrderExecutionEngine

__all__ = ["OrderExecutionEngine"]
