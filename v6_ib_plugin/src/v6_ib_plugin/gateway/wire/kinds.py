"""How one field is spelt: the kinds of fields, each reading what clients write and writing what TWS writes.

A number that is not set is None here. On the wire that is an empty field, or the largest double, int or long there is:
TWS writes one of the two, always the same in the same field, and clients write either.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

LARGEST_DOUBLE = "1.7976931348623157E308"
LARGEST_INT = 2**31 - 1
LARGEST_LONG = 2**63 - 1

_LONGEST_NUMBER = 64
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)
_UNSET_FROM, _UNSET_TO = Decimal("1.79769313486231E308"), Decimal("1.79769313486232E308")
_UNSET_DECIMAL = Decimal(2**127 - 1)
"""What the official client holds for a Decimal that is not set."""
_INFINITE = frozenset({"Infinity", "Infinite"})
"""The official spelling, and that of ib_async 2.1."""
_FLAGS = {"0": False, "1": True, "": False, "false": False, "true": True, "False": False, "True": True}
_KEPT = 4096


@dataclass(frozen=True, slots=True)
class Kind:
    """One spelling: ``read`` raises ValueError for a text that is none, ``write`` for a value that has none."""

    name: str
    read: Callable[[str], Any]
    write: Callable[[Any], str]


def _as_it_is(text: str) -> str:
    return text


def _number(text: str) -> Decimal:
    if len(text) > _LONGEST_NUMBER or _NUMBER.fullmatch(text) is None:
        raise ValueError("no number")
    return Decimal(text)


@lru_cache(_KEPT)
def _read_unset_double(text: str) -> Decimal | None:
    """Read a number that may be unset."""
    if not text:
        return None
    number = _number(text)
    if number == _UNSET_DECIMAL or _UNSET_FROM <= number <= _UNSET_TO:
        return None
    if not -_LONGEST_NUMBER < number.adjusted() < _LONGEST_NUMBER:
        raise ValueError("a number out of all bounds")
    return number or abs(number)


@lru_cache(_KEPT)
def _read_endless_double(text: str) -> Decimal | None:
    return Decimal("Infinity") if text in _INFINITE else _read_unset_double(text)


@lru_cache(_KEPT)
def _read_double(text: str) -> Decimal:
    number = _read_unset_double(text)
    return Decimal(0) if number is None else number


def _plain(number: Decimal) -> str:
    if not number.is_finite() or not -_LONGEST_NUMBER < number.adjusted() < _LONGEST_NUMBER:
        raise ValueError("no number that a double can be")
    text = str(number)
    if "E" in text:
        text = format(number, "f")
    if len(text) > _LONGEST_NUMBER:
        raise ValueError(f"a number of more than {_LONGEST_NUMBER} digits")
    return text


def _write_unset_double(number: Decimal | None) -> str:
    return "" if number is None else _plain(number)


def _write_largest_double(number: Decimal | None) -> str:
    return LARGEST_DOUBLE if number is None else _plain(number)


def _write_endless_double(number: Decimal | None) -> str:
    if number is None:
        return ""
    return "Infinity" if number == Decimal("Infinity") else _plain(number)


@lru_cache(_KEPT)
def _whole(text: str) -> int:
    number = _number(text)
    whole = int(number) if number.adjusted() < _LONGEST_NUMBER else -1
    if whole != number or not -LARGEST_LONG <= whole <= LARGEST_LONG:
        raise ValueError("no whole number of 64 bits")
    return whole


@lru_cache(_KEPT)
def _read_int(text: str) -> int:
    return _whole(text) if text else 0


@lru_cache(_KEPT)
def _read_unset_int(text: str) -> int | None:
    number = _whole(text) if text else None
    return None if number in {LARGEST_INT, LARGEST_LONG} else number


_write_int = int.__repr__
"""A flag that stands for a number is written as one, and what is no int is refused."""


def _write_unset_int(number: int | None) -> str:
    return "" if number is None else _write_int(number)


def _write_largest_int(number: int | None) -> str:
    return _write_int(LARGEST_INT if number is None else number)


def _write_largest_long(number: int | None) -> str:
    return _write_int(LARGEST_LONG if number is None else number)


def _read_flag(text: str) -> bool:
    try:
        return _FLAGS[text]
    except KeyError:
        raise ValueError("neither 0 nor 1") from None


def _write_flag(flag: bool) -> str:
    return "1" if flag else "0"


def _read_escaped(text: str) -> str:
    if "\\" not in text:
        return text
    try:
        told = text.encode("raw_unicode_escape").decode("unicode_escape")
        told.encode()
    except UnicodeError:
        return text
    return told


def _write_escaped(text: str) -> str:
    if text.isascii() and "\\" not in text:
        return text
    return "".join(sign if sign.isascii() and sign != "\\" else _escape(sign) for sign in text)


def _escape(sign: str) -> str:
    return sign.encode("unicode_escape").decode("ascii")


def _or_below(name: str, none: int) -> Kind:
    """Make a double for which TWS writes a number that it cannot have where it has none."""

    def read(text: str) -> Decimal | None:
        number = _read_unset_double(text)
        return None if number == none else number

    def write(number: Decimal | None) -> str:
        return str(none) if number is None else _plain(number)

    return Kind(name, read, write)


TEXT = Kind("text", _as_it_is, _as_it_is)
ESCAPED = Kind("text", _read_escaped, _write_escaped)
r"""A text in which a backslash, and what is not ASCII, is written ``\uXXXX``: clients undo that in some fields."""
FLAG = Kind("flag", _read_flag, _write_flag)
INT = Kind("int", _read_int, _write_int)
ID = Kind("int", _whole, _write_int)
"""An int that must be there."""
INT_OR_EMPTY = Kind("int or unset", _read_unset_int, _write_unset_int)
INT_OR_LARGEST = Kind("int or unset", _read_unset_int, _write_largest_int)
LONG_OR_LARGEST = Kind("int or unset", _read_unset_int, _write_largest_long)
DOUBLE = Kind("double", _read_double, _plain)
DOUBLE_OR_EMPTY = Kind("double or unset", _read_unset_double, _write_unset_double)
DOUBLE_OR_LARGEST = Kind("double or unset", _read_unset_double, _write_largest_double)
DOUBLE_OR_INFINITY = Kind("double, unset or infinite", _read_endless_double, _write_endless_double)
DOUBLE_OR_MINUS_ONE = _or_below("double or -1", -1)
DOUBLE_OR_MINUS_TWO = _or_below("double or -2", -2)
