"""Numbers as TWS writes them: what it means by none, and texts that hold one."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from v6_ib_plugin.untranslatable import Untranslatable
from v6core.money import EXACT, LARGEST, MOST_PLACES, is_plain, to_decimal

# TWS writes the largest double, 1.797…E308, for a number that it does not have; no price comes near it.
_UNSET = Decimal("1E300")
_PLACE = Decimal(1).scaleb(-MOST_PLACES)


def told(value: Decimal | None) -> Decimal | None:
    """Return the number, or None where TWS says none: not set, the largest double, not finite."""
    if value is None or not value.is_finite() or abs(value) >= _UNSET:
        return None
    return value


def number_of(text: str, field: str) -> Decimal | None:
    """Return the number in a text, or None where it says none. Raises Untranslatable for what is no number."""
    if not text.strip():
        return None
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        raise Untranslatable(field, text, "it is no number") from None
    return told(number)


def bounded(value: Decimal, field: str) -> Decimal:
    """Return a number within what v6 counts with, rounded to its places. Raises Untranslatable beyond."""
    if is_plain(value):
        return value
    if not value.is_finite() or abs(value) >= LARGEST:
        raise Untranslatable(field, value, f"it is no number below {LARGEST:f}")
    exponent = value.as_tuple().exponent
    fits = isinstance(exponent, int) and exponent >= -MOST_PLACES
    return to_decimal(value if fits else value.quantize(_PLACE, context=EXACT), field)
