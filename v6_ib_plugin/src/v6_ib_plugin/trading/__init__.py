"""Orders at Interactive Brokers: sent, followed and looked up, from what TWS says and nothing else.

Theory of operation. Every message of TWS about an order goes through the ``book``, which knows what was sent and what
was asked of it last, and turns the message into reports. ``executions`` sees to it that each counts once. The reports
go out at once; ``v6core.lifecycle`` makes statuses of them. What leaves is made in ``drafts``, numbered and written in
``outbox``, and what goes together is put together in ``placing`` and ``brackets``.

* ``names``       what an order is called
* ``known``       the orders that were sent or seen, found by any of their names
* ``showing``     the terms that TWS shows, in the words in which they were sent
* ``executions``  every execution once, corrections, commissions
* ``book``        what TWS says, turned into reports
* ``repeats``     what it says again
* ``lifetimes``   until when an order works
* ``amounts``     quantities as it tells them
* ``hearing``     the ear: reports out, and whoever waits woken
* ``drafts``      orders as they will be sent, and what is refused before that
* ``outbox``      numbers taken and orders written, without anybody in between
* ``changing``    changes and cancels
* ``brackets``    an entry and its exits: staged, verified, taken back or repaired, looked after
* ``leftovers``   entries that a program left unreleased
* ``placing``     one order, or several as a unit
* ``legs``        the legs of combos, looked up
* ``looking``     whole lists, and what they show of single orders
* ``chores``      work that goes on beside
* ``trading``     all of it as one object
"""

from v6_ib_plugin.trading.brackets import Patience
from v6_ib_plugin.trading.trading import Trading

__all__ = ["Patience", "Trading"]
