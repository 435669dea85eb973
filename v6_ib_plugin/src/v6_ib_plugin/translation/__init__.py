"""Between v6's words and Interactive Brokers': pure, and total both ways.

Whatever capabilities declare has terms, and whatever TWS can send becomes v6's words or an ``Untranslatable`` that
names the field and the value. The plugin reads with it what the gateway writes with it.

* ``contracts``   contracts and combos
* ``kinds``       order types, times in force, group types
* ``orders``      orders and their terms
* ``works``       orders of types and times in force that options alone have a word for
* ``wordless``    fields of an order that v6 has no word for
* ``statuses``    how an order stands, and how it ended
* ``executions``  fills, revisions, commissions
* ``accounts``    account values and positions
* ``previews``    what-if
* ``ticks``       market data
* ``details``     contract details and market rules
* ``chains``      option chains
* ``numbers``     what TWS means by a number

Times are in ``v6_ib_plugin.times``.
"""
