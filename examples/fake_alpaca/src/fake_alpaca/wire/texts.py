"""Numbers and times as Alpaca writes them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from v6core.money import plain

_PLACES = Decimal("1e-9")


def number(value: Decimal | None) -> str | None:
    """Return a number as plain text with at most nine places; None stays null."""
    if value is None:
        return None
    rounded = value if value == value.quantize(_PLACES) else value.quantize(_PLACES)
    return plain(rounded.normalize() if rounded % 1 else rounded.quantize(Decimal(1)))


def money(value: Decimal | None) -> str:
    """Return an amount of money in cents; nothing is 0."""
    return "0" if value is None else plain(value.quantize(Decimal("0.01")))


def moment(value: datetime | None) -> str | None:
    """Return a time in UTC as RFC 3339; None stays null."""
    return None if value is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")
