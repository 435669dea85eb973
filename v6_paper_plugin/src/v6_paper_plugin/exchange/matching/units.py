"""Prices and percentages as the matching counts them: whole units of 1/10,000, converted exactly or refused."""

from __future__ import annotations

from decimal import Decimal

from v6core.money import to_decimal

PRICE_SCALE = 10_000
"""Price units in one unit of the currency."""
PERCENT_SCALE = 10_000
"""Percent units in one percent."""
WHOLE = 100 * PERCENT_SCALE
"""Percent units in the whole, 100 %."""

_PLACES = Decimal(1).scaleb(-4)


def to_price_units(price: Decimal) -> int:
    """Return a price in units of 1/10,000 of the currency; ValueError for one that is no whole number of units."""
    return _whole(price, PRICE_SCALE, "price")


def from_price_units(units: int) -> Decimal:
    """Return the price that a number of units stands for, with at least two decimal places.

    >>> from_price_units(1_015_000), from_price_units(25)
    (Decimal('101.50'), Decimal('0.0025'))
    """
    price = units * _PLACES
    return price if units % 100 else price.quantize(Decimal("0.01"))


def to_percent_units(percent: Decimal) -> int:
    """Return a percentage in units of 1/10,000 of one percent; ValueError for one that is no whole number of them."""
    return _whole(percent, PERCENT_SCALE, "percentage")


def to_lots(quantity: Decimal) -> int:
    """Return a quantity as an int; ValueError for a fraction."""
    return _whole(quantity, 1, "quantity")


def _whole(number: Decimal, scale: int, what: str) -> int:
    scaled = to_decimal(number, what) * scale
    units = int(scaled)
    if units != scaled:
        step = "whole" if scale == 1 else f"a multiple of {Decimal(1) / scale:f}"
        raise ValueError(f"{what} must be {step} here, not {number:f}")
    return units
