"""Market data: what the numbers of ticks mean, live and delayed, and when a price is none.

Source: the tick types of the TWS API (``TickType``).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum, auto

from v6_ib_plugin.numbers import told
from v6core.words import Word


class Shown(Word):
    """What a tick shows."""

    BID = auto()
    ASK = auto()
    LAST = auto()
    BID_SIZE = auto()
    ASK_SIZE = auto()
    LAST_SIZE = auto()
    HIGH = auto()
    LOW = auto()
    OPEN = auto()
    CLOSE = auto()
    VOLUME = auto()
    MARK = auto()
    LAST_TIME = auto()
    HALTED = auto()
    BID_GREEKS = auto()
    ASK_GREEKS = auto()
    LAST_GREEKS = auto()
    MODEL_GREEKS = auto()
    HISTORICAL_VOLATILITY = auto()
    IMPLIED_VOLATILITY = auto()
    CALL_OPEN_INTEREST = auto()
    PUT_OPEN_INTEREST = auto()
    FUTURES_OPEN_INTEREST = auto()
    CALL_VOLUME = auto()
    PUT_VOLUME = auto()
    AVERAGE_VOLUME = auto()
    SHORTABLE = auto()


@dataclass(frozen=True, slots=True)
class TickMeaning:
    """What a tick shows, and whether it is delayed, which is 15 to 20 minutes."""

    shown: Shown
    delayed: bool = False


_LIVE = {
    0: Shown.BID_SIZE,
    1: Shown.BID,
    2: Shown.ASK,
    3: Shown.ASK_SIZE,
    4: Shown.LAST,
    5: Shown.LAST_SIZE,
    6: Shown.HIGH,
    7: Shown.LOW,
    8: Shown.VOLUME,
    9: Shown.CLOSE,
    10: Shown.BID_GREEKS,
    11: Shown.ASK_GREEKS,
    12: Shown.LAST_GREEKS,
    13: Shown.MODEL_GREEKS,
    14: Shown.OPEN,
    21: Shown.AVERAGE_VOLUME,
    23: Shown.HISTORICAL_VOLATILITY,
    24: Shown.IMPLIED_VOLATILITY,
    27: Shown.CALL_OPEN_INTEREST,
    28: Shown.PUT_OPEN_INTEREST,
    29: Shown.CALL_VOLUME,
    30: Shown.PUT_VOLUME,
    37: Shown.MARK,
    45: Shown.LAST_TIME,
    46: Shown.SHORTABLE,
    49: Shown.HALTED,
    86: Shown.FUTURES_OPEN_INTEREST,
}
_DELAYED = {
    66: Shown.BID,
    67: Shown.ASK,
    68: Shown.LAST,
    69: Shown.BID_SIZE,
    70: Shown.ASK_SIZE,
    71: Shown.LAST_SIZE,
    72: Shown.HIGH,
    73: Shown.LOW,
    74: Shown.VOLUME,
    75: Shown.CLOSE,
    76: Shown.OPEN,
    80: Shown.BID_GREEKS,
    81: Shown.ASK_GREEKS,
    82: Shown.LAST_GREEKS,
    83: Shown.MODEL_GREEKS,
    88: Shown.LAST_TIME,
    90: Shown.HALTED,
}
TICKS: dict[int, TickMeaning] = {
    **{number: TickMeaning(shown) for number, shown in _LIVE.items()},
    **{number: TickMeaning(shown, delayed=True) for number, shown in _DELAYED.items()},
}
"""What the numbers of ticks mean; a number that is not here shows nothing that v6 reads."""

_NUMBERS = {meaning: number for number, meaning in TICKS.items()}
SIZE_BESIDE = {Shown.BID: Shown.BID_SIZE, Shown.ASK: Shown.ASK_SIZE, Shown.LAST: Shown.LAST_SIZE}
"""The size that a tickPrice of a price carries along."""
GREEKS = frozenset({Shown.BID_GREEKS, Shown.ASK_GREEKS, Shown.LAST_GREEKS, Shown.MODEL_GREEKS})
"""Ticks that come as option computations."""


class DataType(IntEnum):
    """What kind of market data is asked for or sent."""

    LIVE = 1
    FROZEN = 2
    DELAYED = 3
    DELAYED_FROZEN = 4

    @property
    def is_delayed(self) -> bool:
        """Whether the data is 15 to 20 minutes old."""
        return self in {DataType.DELAYED, DataType.DELAYED_FROZEN}


def tick_number(shown: Shown, *, delayed: bool = False) -> int:
    """Return the number of the tick that shows something; KeyError where there is no delayed one."""
    return _NUMBERS[TickMeaning(shown, delayed=delayed)]


def shown_price(price: Decimal | None, size: Decimal | None = None, *, combo: bool = False) -> Decimal | None:
    """Return a tick's price, or None where it says that nobody bids or offers.

    TWS says so by -1 without a size; only a combo's price may be below zero, and then -1 with a size is a price.
    """
    shown = told(price)
    if shown is None or (shown == -1 and not (combo and size)):
        return None
    return None if shown < 0 and not combo else shown
