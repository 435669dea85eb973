"""What an exchange takes and how it treats it, as data."""

from __future__ import annotations

from dataclasses import dataclass

from v6core.capabilities import OrderSupport
from v6core.orders import ON_CLOSE, ON_OPEN, OcaType, OrderType, TimeInForce

KINDS = frozenset({"STOCK", "OPTION", "FUTURE", "FUTURE_OPTION", "FOREX", "CRYPTO", "COMBO"})
"""The kinds of contract that are traded."""
_SINGLE = KINDS - {"COMBO"}
_CONTINUOUS = frozenset(
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
_LASTING = frozenset({TimeInForce.DAY, TimeInForce.GTC, TimeInForce.GTD})
_AT_ONCE = frozenset({TimeInForce.IOC, TimeInForce.FOK})


def _row(kinds: frozenset[str], types: frozenset[OrderType], tifs: frozenset[TimeInForce]) -> OrderSupport:
    return OrderSupport(kinds=kinds, order_types=types, tifs=tifs)


ORDERS = (
    _row(_SINGLE, _CONTINUOUS, _LASTING | _AT_ONCE),
    _row(frozenset({"COMBO"}), _CONTINUOUS - {OrderType.TRAIL_LIMIT}, _LASTING | _AT_ONCE),
    _row(_SINGLE, frozenset({OrderType.MARKET_TO_LIMIT}), _LASTING),
    _row(frozenset({"STOCK", "FUTURE"}), ON_CLOSE, frozenset({TimeInForce.DAY})),
    _row(frozenset({"STOCK", "OPTION"}), ON_OPEN, frozenset({TimeInForce.DAY, TimeInForce.OPG})),
)
"""The order types that are taken, with their times in force and kinds of contract; the auctions are IB's."""
OCA_TYPES = frozenset(OcaType)
"""The kinds of one-cancels-all group that are kept."""
MOST_LEGS = 8
"""The most legs that a combo may have."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How orders are treated.

    ``latency`` is how many seconds an order, a cancel or a change is on its way. ``margin`` refuses orders beyond the
    buying power. ``refuses_all`` refuses every order. ``takes_expired`` trades options whose day is over, for dry runs
    with contracts of the past. Without ``auctions``, orders at the open and the close trade like any other.
    """

    currency: str = "USD"
    latency: float = 0.0
    margin: bool = True
    refuses_all: bool = False
    takes_expired: bool = False
    auctions: bool = True
