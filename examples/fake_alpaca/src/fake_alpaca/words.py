"""Alpaca's own words, as its API spells them."""

from __future__ import annotations

from enum import StrEnum, auto


class Side(StrEnum):
    """Which way an order goes."""

    BUY = auto()
    SELL = auto()

    @property
    def sign(self) -> int:
        """1 to buy, -1 to sell."""
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> Side:
        """The other side."""
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(StrEnum):
    """How an order's price is made."""

    MARKET = auto()
    LIMIT = auto()
    STOP = auto()
    STOP_LIMIT = auto()
    TRAILING_STOP = auto()


class TimeInForce(StrEnum):
    """How long an order lives."""

    DAY = auto()
    GTC = auto()
    OPG = auto()
    CLS = auto()
    IOC = auto()
    FOK = auto()


class OrderClass(StrEnum):
    """How many orders one request makes, and how they hang together."""

    SIMPLE = auto()
    BRACKET = auto()
    OCO = auto()
    OTO = auto()
    MLEG = auto()


class GroupRole(StrEnum):
    """What an order is within its bracket, OTO or OCO."""

    ENTRY = auto()
    TAKE_PROFIT = auto()
    STOP_LOSS = auto()


class PositionIntent(StrEnum):
    """Whether an order opens or closes a position."""

    BUY_TO_OPEN = auto()
    BUY_TO_CLOSE = auto()
    SELL_TO_OPEN = auto()
    SELL_TO_CLOSE = auto()

    @property
    def side(self) -> Side:
        """Which way it goes."""
        return Side.BUY if self.value.startswith("buy") else Side.SELL


class AssetClass(StrEnum):
    """The kinds of asset that are traded here."""

    US_EQUITY = auto()
    US_OPTION = auto()


class Status(StrEnum):
    """Where an order stands."""

    NEW = auto()
    PARTIALLY_FILLED = auto()
    FILLED = auto()
    DONE_FOR_DAY = auto()
    CANCELED = auto()
    EXPIRED = auto()
    REPLACED = auto()
    PENDING_CANCEL = auto()
    PENDING_REPLACE = auto()
    ACCEPTED = auto()
    PENDING_NEW = auto()
    SUSPENDED = auto()
    REJECTED = auto()
    HELD = auto()

    @property
    def is_open(self) -> bool:
        """Whether something may still become of the order."""
        return self not in _CLOSED


_CLOSED = frozenset({Status.FILLED, Status.CANCELED, Status.EXPIRED, Status.REPLACED, Status.REJECTED})


class Event(StrEnum):
    """What a trade update tells."""

    NEW = auto()
    FILL = auto()
    PARTIAL_FILL = auto()
    CANCELED = auto()
    EXPIRED = auto()
    DONE_FOR_DAY = auto()
    REPLACED = auto()
    ACCEPTED = auto()
    REJECTED = auto()
    HELD = auto()
    PENDING_NEW = auto()
    PENDING_CANCEL = auto()
    PENDING_REPLACE = auto()
    RESTATED = auto()
    SUSPENDED = auto()
    ORDER_REPLACE_REJECTED = auto()
    ORDER_CANCEL_REJECTED = auto()
