"""The two sides of a trade, and the two rights of an option."""

from __future__ import annotations

from enum import auto
from typing import Self

from v6core.words import Word


class OrderAction(Word):
    """The side of an order or of a leg."""

    BUY = auto()
    SELL = auto()

    @property
    def sign(self) -> int:
        """Return 1 for BUY and -1 for SELL."""
        return 1 if self is OrderAction.BUY else -1

    @property
    def opposite(self) -> OrderAction:
        """Return the other side."""
        return OrderAction.SELL if self is OrderAction.BUY else OrderAction.BUY


class OptionRight(Word):
    """The right that an option gives: to buy (CALL) or to sell (PUT)."""

    CALL = auto()
    PUT = auto()

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if isinstance(value, str) and value.strip().upper() in {"C", "P"}:
            return cls("CALL" if value.strip().upper() == "C" else "PUT")
        return super()._missing_(value)
