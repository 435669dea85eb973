"""What an order may carry for Interactive Brokers alone, in ``Order.options``: algos, conditions, sizes shown, hedges.

* ``order``       all of it, and how it becomes fields of an IB order and is read back
* ``work``        order types that v6 has no word for: how IB works an order that is something at most
* ``lifetimes``   times in force that v6 has no word for
* ``algos``       the algos of IB, typed where their parameters are documented
* ``conditions``  what has to hold before an order works, or cancels it
* ``attached``    what changes with the market or comes with the order: adjusted stops, scales, hedges
"""

from __future__ import annotations

from v6_ib_plugin.options.order import IbOrderOptions

__all__ = ["IbOrderOptions"]
