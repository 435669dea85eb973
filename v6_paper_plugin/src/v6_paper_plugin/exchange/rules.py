"""What an exchange takes and how it treats it, as data."""

from __future__ import annotations

from dataclasses import dataclass

from v6core.orders import OcaType, OrderType, TimeInForce

ORDER_TYPES = frozenset(
    {
        OrderType.MARKET,
        OrderType.LIMIT,
        OrderType.STOP,
        OrderType.STOP_LIMIT,
        OrderType.TRAIL,
        OrderType.TRAIL_LIMIT,
        OrderType.MARKET_IF_TOUCHED,
        OrderType.LIMIT_IF_TOUCHED,
    }
)
"""The order types that are taken."""
TIMES_IN_FORCE = frozenset({TimeInForce.DAY, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK, TimeInForce.GTD})
"""The times in force that are taken."""
KINDS = frozenset({"STOCK", "OPTION", "FUTURE", "FUTURE_OPTION", "FOREX", "CRYPTO", "COMBO"})
"""The kinds of contract that are traded."""
OCA_TYPES = frozenset(OcaType)
"""The kinds of one-cancels-all group that are kept."""
MOST_LEGS = 8
"""The most legs that a combo may have."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How orders are treated.

    ``latency`` is how many seconds an order, a cancel or a change is on its way. ``margin`` refuses orders beyond the
    buying power. ``refuses_all`` refuses every order. ``takes_expired`` trades options whose day is over, for dry runs
    with contracts of the past.
    """

    currency: str = "USD"
    latency: float = 0.0
    margin: bool = True
    refuses_all: bool = False
    takes_expired: bool = False
