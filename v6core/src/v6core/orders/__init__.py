"""Orders: what the caller asks for and what has become of it, with every rule that needs no market to be checked.

An Order is frozen and always valid. ``Order.replace`` gives a changed copy, checked like the first; only
``v6core.lifecycle`` changes a status. A bracket is an entry with one or two exits.

* ``kinds``    the words of an order: types, times in force, statuses, anomalies
* ``order``    one order
* ``bracket``  an entry with its exits
"""

from __future__ import annotations

from v6core.contracts import OrderAction
from v6core.orders.bracket import BracketOrder
from v6core.orders.kinds import (
    MODIFIABLE,
    NEEDS_LIMIT,
    NEEDS_STOP,
    ON_CLOSE,
    ON_OPEN,
    TRAILING,
    Anomaly,
    OcaType,
    OrderStatus,
    OrderType,
    Pending,
    TimeInForce,
)
from v6core.orders.order import Amount, Options, Order

__all__ = [
    "MODIFIABLE",
    "NEEDS_LIMIT",
    "NEEDS_STOP",
    "ON_CLOSE",
    "ON_OPEN",
    "TRAILING",
    "Amount",
    "Anomaly",
    "BracketOrder",
    "OcaType",
    "Options",
    "Order",
    "OrderAction",
    "OrderStatus",
    "OrderType",
    "Pending",
    "TimeInForce",
]
