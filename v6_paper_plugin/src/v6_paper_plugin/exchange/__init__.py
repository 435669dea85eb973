"""An exchange in a box: orders in, fills out, deterministic, without a clock and without I/O.

It knows nothing of who stands in front of it: v6's paper broker, or a gateway that speaks another protocol.

* ``orders``, ``listener``: what it keeps and what it tells
* ``exchange``: the exchange itself; ``rules``, ``admission``: what it takes
* ``agenda``, ``register``, ``watches``: what is due, what is kept, whose quotes are wanted
* ``groups``, ``combos``: brackets and one-cancels-all groups, net prices and legs
* ``venue``: where orders fill; ``instant``: by rule; ``quoted`` with ``matching``: against quotes
* ``ledger``, ``commissions``, ``margin``, ``prices``: money
* ``state``: all of it as JSON and back
* ``pump``: time, from an event loop
"""
