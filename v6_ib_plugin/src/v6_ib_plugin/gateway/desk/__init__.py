"""The orders desk: what TWS does with orders, in front of any broker.

Order ids per client, orders held until they are transmitted, children held until their parent is full, one-cancels-all
groups and how TWS renames them, combos, what-if, changes, cancels, and what clients ask of it all. The broker gets
plain orders under references of the desk's own.

* ``desk``        the edge: sessions and the broker
* ``drafting`` ``algos``          from a request to an order that the broker can take
* ``foreign``     orders that others placed at the broker
* ``asking``      calls of the broker, in order
* ``book``        the desk without its edge: requests and reports in, steps out
* ``intake``      new orders, changes, cancels
* ``hearing`` ``bags``            the broker's reports, and the fills of combos
* ``held``        children that wait, kept over restarts
* ``listing``     answers to questions
* ``blotter``     the state, and what can happen to an order
* ``register`` ``groups`` ``executions`` ``orders``     the state's parts
* ``telling`` ``refusals`` ``steps``      messages, answers, and what follows from what
"""

from __future__ import annotations

from v6_ib_plugin.gateway.desk.book import OrderBook
from v6_ib_plugin.gateway.desk.desk import Desk
from v6_ib_plugin.gateway.manners import Manners

__all__ = ["Desk", "Manners", "OrderBook"]
