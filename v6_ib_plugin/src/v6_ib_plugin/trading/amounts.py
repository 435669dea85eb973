"""Amounts as TWS tells them, of orders that are not ours among them."""

from __future__ import annotations

from decimal import Decimal

from v6core.money import LARGEST, MOST_PLACES, is_plain


def counted(filled: Decimal) -> Decimal | None:
    """Return how much is filled, or None for what no quantity can be: others' orders are told whatever they say."""
    if is_plain(filled):
        return filled
    return filled if filled.is_finite() and 0 <= filled < LARGEST and _places(filled) <= MOST_PLACES else None


def _places(number: Decimal) -> int:
    return -int(number.as_tuple().exponent)
