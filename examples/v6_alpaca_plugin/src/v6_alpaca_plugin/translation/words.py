"""The words of an order: its type, its time in force, its side, and where it stands."""

from __future__ import annotations

from v6core.contracts import OrderAction
from v6core.orders import OrderType, TimeInForce
from v6core.reports import ReportedStatus

TYPES = {
    OrderType.MARKET: "market",
    OrderType.LIMIT: "limit",
    OrderType.STOP: "stop",
    OrderType.STOP_LIMIT: "stop_limit",
    OrderType.TRAIL: "trailing_stop",
}
TIMES_IN_FORCE = {
    TimeInForce.DAY: "day",
    TimeInForce.GTC: "gtc",
    TimeInForce.IOC: "ioc",
    TimeInForce.FOK: "fok",
}
SIDES = {OrderAction.BUY: "buy", OrderAction.SELL: "sell"}

_TYPES_BACK = {word: kind for kind, word in TYPES.items()}
_TIMES_BACK = {word: tif for tif, word in TIMES_IN_FORCE.items()}

_AT_MARKET = frozenset({"new", "partially_filled", "pending_cancel", "pending_replace", "stopped"})
_NOT_AT_MARKET = frozenset(
    {"accepted", "pending_new", "accepted_for_bidding", "held", "done_for_day", "calculated", "pending_review"}
)
_STANDINGS = {
    **dict.fromkeys(_AT_MARKET | _NOT_AT_MARKET, ReportedStatus.SUBMITTED),
    "partially_filled": ReportedStatus.PARTIALLY_FILLED,
    "filled": ReportedStatus.FILLED,
    "canceled": ReportedStatus.CANCELLED,
    "expired": ReportedStatus.EXPIRED,
    "suspended": ReportedStatus.INACTIVE,
}
ENDED = frozenset({"filled", "canceled", "expired", "rejected", "replaced"})
"""Standings after which nothing more becomes of an order of Alpaca's."""
REPLACED = "replaced"
REJECTED = "rejected"
UNPROVED = frozenset({"accepted", "pending_new"})
"""Standings in which a replacement is asked for and not yet made."""


def order_type(word: str) -> OrderType | None:
    """Return the type, or None for one that v6 has no word for."""
    return _TYPES_BACK.get(word)


def time_in_force(word: str) -> TimeInForce | None:
    """Return the time in force, or None for one that v6 has no word for."""
    return _TIMES_BACK.get(word)


def action(word: str) -> OrderAction | None:
    """Return the side, ``sell_short`` among them; None where there is none."""
    if word.startswith("sell"):
        return OrderAction.SELL
    return OrderAction.BUY if word == "buy" else None


def standing(word: str) -> ReportedStatus:
    """Return where an order stands; UNKNOWN for a word that this plugin does not know."""
    return _STANDINGS.get(word, ReportedStatus.UNKNOWN)


def is_at_market(word: str) -> bool:
    """Tell whether an order of this standing can fill."""
    return word in _AT_MARKET
