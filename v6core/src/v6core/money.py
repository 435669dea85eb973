"""Decimal prices, quantities and money. No float enters: one given as an argument is taken by its shortest text."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, ValidationInfo

ZERO = Decimal(0)
ONE = Decimal(1)
# Beyond these no broker trades; within them plain decimal text stays short and every sum is exact in 28 digits.
LARGEST = Decimal(10) ** 13
MOST_PLACES = 10
# The product of two such numbers, and a sum of many of those, is exact in it; whatever the caller's own context is.
EXACT = Context(prec=80)


def is_plain(number: Decimal) -> bool:
    """Tell whether a number is not negative, and so short in plain text that it lies within all bounds; most are."""
    text = str(number)
    return len(text) <= _PLAIN and text.replace(".", "", 1).isdigit()


# A digit and a point in front of as many places as there may be; also no more digits than the largest has.
_PLAIN = MOST_PLACES + 2


def to_decimal(value: object, what: str = "number") -> Decimal:
    """Return the value as a finite Decimal; a float by its shortest text, so that 0.1 is 0.1.

    Raises ValueError for NaN, infinities, booleans, text that is no number, and magnitudes that no broker trades.
    """
    number = value if type(value) is Decimal else _read(value, what)
    if is_plain(number):
        return number
    if not number.is_finite():
        raise ValueError(f"{what} must be finite, not {number}")
    if number.adjusted() >= LARGEST.adjusted() and number:
        raise ValueError(f"{what} must be below {LARGEST:f}, not about 1E{number.adjusted():+d}")
    if not 0 <= _places(number) <= MOST_PLACES or number.is_signed():
        number = _canonical(number)
    if _places(number) > MOST_PLACES:
        raise ValueError(f"{what} must have at most {MOST_PLACES} decimal places, not {_places(number)}")
    return number


def _canonical(number: Decimal) -> Decimal:
    """Return the number as its plain text reads back: zeros beyond the last place dropped, no exponent, no minus zero.

    It must be the same number after a journey through text, for sums and averages take their places from it.
    """
    if not number:
        return ZERO if _places(number) < 0 or _places(number) > MOST_PLACES else number.copy_abs()
    sign, digits, exponent = number.as_tuple()
    places = -int(exponent)
    if places < 0:
        return Decimal((sign, (*digits, *(0,) * -places), 0))
    spare = len(digits) - len("".join(map(str, digits)).rstrip("0"))
    dropped = max(0, min(spare, places - MOST_PLACES))
    digits, places = digits[: len(digits) - dropped], places - dropped
    return Decimal((sign, digits, -places))


def _read(value: object, what: str) -> Decimal:
    match value:
        case Decimal():
            return value
        case bool():
            raise ValueError(f"{what} must be a number, not {value!r}")
        case int():
            return Decimal(value)
        case float():
            return Decimal(repr(value))
        case str():
            try:
                return Decimal(value.strip())
            except InvalidOperation:
                raise ValueError(f"{what} must be a number, not {value[:40]!r}") from None
        case _:
            raise ValueError(f"{what} must be a number, not {type(value).__name__}")


def _places(number: Decimal) -> int:
    return -int(number.as_tuple().exponent)


def plain(number: Decimal) -> str:
    """Return the number in plain decimal text, without an exponent."""
    text = str(number)
    return f"{number:f}" if "E" in text else text


def _field(value: Any, info: ValidationInfo) -> Decimal:
    return to_decimal(value, info.field_name or "number")


def _positive(value: Any, info: ValidationInfo) -> Decimal:
    name = info.field_name or "number"
    number = to_decimal(value, name)
    if number <= 0:
        raise ValueError(f"{name} must be positive, not {number:f}")
    return number


def _not_negative(value: Any, info: ValidationInfo) -> Decimal:
    name = info.field_name or "number"
    number = to_decimal(value, name)
    if number < 0:
        raise ValueError(f"{name} must not be negative, not {number:f}")
    return number


_AS_TEXT = PlainSerializer(plain, return_type=str, when_used="json")

Number = Annotated[Decimal, BeforeValidator(_field), _AS_TEXT]
"""A finite Decimal of either sign: a price of a combo, an amount of money."""
Positive = Annotated[Decimal, BeforeValidator(_positive), _AS_TEXT]
"""A finite Decimal above zero: a quantity, a multiplier, a strike."""
NotNegative = Annotated[Decimal, BeforeValidator(_not_negative), _AS_TEXT]
"""A finite Decimal of zero or more: a displayed size, a filled quantity."""
# A computed figure (an average, a commission) is trusted to be finite, with as many places as division gives it.
Computed = Annotated[Decimal, _AS_TEXT]
"""A Decimal that v6 computed itself."""


def is_on_tick(price: Decimal, tick: Decimal) -> bool:
    """Tell whether the price is a whole number of ticks."""
    return price % tick == 0


def round_to_tick(price: Decimal, tick: Decimal, *, up: bool) -> Decimal:
    """Return the nearest whole tick above (``up``) or below the price; a price on its tick stays.

    >>> round_to_tick(Decimal("10.07"), Decimal("0.05"), up=False)
    Decimal('10.05')
    """
    steps = (price / tick).to_integral_value(ROUND_CEILING if up else ROUND_FLOOR)
    return steps * tick
