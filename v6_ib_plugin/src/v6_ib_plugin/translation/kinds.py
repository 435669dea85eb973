"""The words of an order: its type, its time in force and its group's type, in v6 and at IB."""

from __future__ import annotations

from v6_ib_plugin.untranslatable import Untranslatable
from v6core.orders import ON_OPEN, OcaType, OrderType, TimeInForce

_TYPES = {
    OrderType.MARKET: "MKT",
    OrderType.LIMIT: "LMT",
    OrderType.STOP: "STP",
    OrderType.STOP_LIMIT: "STP LMT",
    OrderType.TRAIL: "TRAIL",
    OrderType.TRAIL_LIMIT: "TRAIL LIMIT",
    OrderType.MARKET_IF_TOUCHED: "MIT",
    OrderType.LIMIT_IF_TOUCHED: "LIT",
    OrderType.MARKET_ON_CLOSE: "MOC",
    OrderType.LIMIT_ON_CLOSE: "LOC",
    OrderType.MARKET_ON_OPEN: "MKT",
    OrderType.LIMIT_ON_OPEN: "LMT",
    OrderType.MARKET_TO_LIMIT: "MTL",
}
# An order at the open is a market or limit order whose time in force is the open.
_ON_OPEN = {OrderType.MARKET: OrderType.MARKET_ON_OPEN, OrderType.LIMIT: OrderType.LIMIT_ON_OPEN}
_SPELLINGS = {
    **{word: kind for kind, word in _TYPES.items() if kind not in ON_OPEN},
    "STPLMT": OrderType.STOP_LIMIT,
    "TRAILLMT": OrderType.TRAIL_LIMIT,
    "TRAIL LMT": OrderType.TRAIL_LIMIT,
    "MARKET": OrderType.MARKET,
    "LIMIT": OrderType.LIMIT,
}
_OCA_NUMBERS = {OcaType.CANCEL_WITH_BLOCK: 1, OcaType.REDUCE_WITH_BLOCK: 2, OcaType.REDUCE: 3}
_OCA_TYPES = {number: kind for kind, number in _OCA_NUMBERS.items()}


def ib_order_type(order_type: OrderType) -> str:
    """Return IB's word for an order type."""
    return _TYPES[order_type]


def ib_tif(order_type: OrderType, tif: TimeInForce) -> str:
    """Return IB's word for a time in force; an order at the open has but one."""
    return TimeInForce.OPG.value if order_type in ON_OPEN else tif.value


def order_type_of(order_type: str, tif: str = "") -> OrderType:
    """Return v6's word for an order type and time in force of IB's. Raises Untranslatable."""
    kind = _SPELLINGS.get(order_type.strip().upper())
    if kind is None:
        known = ", ".join(dict.fromkeys(_TYPES.values()))
        raise Untranslatable("order_type", order_type, f"v6 has {known} and no other order type")
    return _ON_OPEN.get(kind, kind) if tif.strip().upper() == "OPG" else kind


def tif_of(tif: str) -> TimeInForce:
    """Return v6's word for a time in force of IB's, whose silence means DAY. Raises Untranslatable."""
    try:
        return TimeInForce(tif.strip().upper() or "DAY")
    except ValueError:
        raise Untranslatable("tif", tif, f"v6 has {', '.join(TimeInForce)} and no other time in force") from None


def oca_number(oca_group: str | None, oca_type: OcaType | None) -> int:
    """Return the number of a group's type: 1 cancels with block, as v6 does where none was said; 0 without a group."""
    return 0 if oca_group is None else _OCA_NUMBERS[oca_type or OcaType.CANCEL_WITH_BLOCK]


def oca_type_of(number: int) -> OcaType | None:
    """Return a group's type, or None where none is said. Raises Untranslatable."""
    if number and number not in _OCA_TYPES:
        raise Untranslatable("oca_type", number, "a group's type is 1, 2 or 3")
    return _OCA_TYPES.get(number)
