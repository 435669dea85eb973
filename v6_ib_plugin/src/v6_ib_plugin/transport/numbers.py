"""Fields of a message, read from the wire's own text: a float would forget what was written."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

# What TWS writes where a number is not set: the largest double, int, long and 128 bits there are, the smallest long.
_UNSET_WHOLE = frozenset(
    {"", "2147483647", "9223372036854775807", "-9223372036854775808", "170141183460469231731687303715884105727"}
)
_LARGEST = Decimal("1E+300")
_INFINITE = frozenset({"Infinity", "Infinite"})


# The same few texts come in nearly every message: zeros, and what stands for a number that is not set.
@lru_cache(maxsize=4096)
def number(text: str) -> Decimal | None:
    """Return a number, or None where it is not set; ValueError where it is none."""
    if not text:
        return None
    if text in _INFINITE:
        return Decimal("Infinity")
    value = _decimal(text)
    return None if abs(value) > _LARGEST else value


def quantity(text: str) -> Decimal | None:
    """Return a size, which TWS can also leave unset as a whole number."""
    return None if text in _UNSET_WHOLE else number(text)


@lru_cache(maxsize=4096)
def given(text: str) -> Decimal:
    """Return a number that counts as zero where it is not set."""
    value = number(text)
    return Decimal(0) if value is None else value


@lru_cache(maxsize=4096)
def given_quantity(text: str) -> Decimal:
    """Return a size that counts as zero where it is not set."""
    value = quantity(text)
    return Decimal(0) if value is None else value


def whole(text: str) -> int | None:
    """Return a whole number, or None where it is not set."""
    return None if text in _UNSET_WHOLE else int(text)


@lru_cache(maxsize=4096)
def whole_or_zero(text: str) -> int:
    """Return a whole number that counts as zero where it is not set."""
    return 0 if text in _UNSET_WHOLE else int(text)


def flag(text: str) -> bool:
    """Return whether a field says 1; an empty one does not."""
    return bool(text) and int(text) != 0


def written(value: Decimal) -> str:
    """Return a number as TWS reads it: never with an exponent."""
    return format(value, "f") if value.is_finite() else "Infinity"


def _decimal(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except ArithmeticError:
        raise ValueError(f"{text!r} is not a number") from None
    if not value.is_finite():
        raise ValueError(f"{text!r} is not a finite number")
    return value
