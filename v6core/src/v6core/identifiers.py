"""Identifiers and where they come from: order ids, engine ids, and the reference that travels to the broker.

An order reference is ``v6-<engine id>-<order id in base32>``: 26 characters of lower-case base32 (RFC 4648, no
padding) carry the 128 bits of the UUID, so a reference is 38 characters of ``[a-z2-7-]`` and survives every wire.
"""

from __future__ import annotations

import random
import re
import uuid
from functools import lru_cache
from typing import Protocol
from uuid import UUID

from v6core.redaction import redacted

ENGINE_ID_LENGTH = 8
ENGINE_ID = re.compile(rf"[a-z2-7]{{{ENGINE_ID_LENGTH}}}")
_REFERENCE = re.compile(rf"v6-([a-z2-7]{{{ENGINE_ID_LENGTH}}})-([a-z2-7]{{26}})")
_DIGITS = str.maketrans("abcdefghijklmnopqrstuvwxyz234567", "0123456789abcdefghijklmnopqrstuv")
_PRINTABLE = re.compile(r"[\x20-\x7e]+")


class IdSource(Protocol):
    """Where identifiers come from; a seeded source makes a run repeatable."""

    def order_id(self) -> UUID:
        """Return an id that was never returned before."""
        ...

    def engine_id(self) -> str:
        """Return the id of one journal's engine."""
        ...


class RandomIds:
    """Identifiers from the operating system's randomness."""

    def order_id(self) -> UUID:
        """Return a random UUID (version 4)."""
        return uuid.uuid4()

    def engine_id(self) -> str:
        """Return eight random base32 characters."""
        return _base32(uuid.uuid4().bytes)[:ENGINE_ID_LENGTH]


class SeededIds:
    """Identifiers that repeat with their seed, for tests and simulations."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 -- repeatability is the point

    def order_id(self) -> UUID:
        """Return the next UUID of the seeded sequence."""
        return UUID(int=self._random.getrandbits(128), version=4)

    def engine_id(self) -> str:
        """Return the next engine id of the seeded sequence."""
        return _base32(self._random.randbytes(16))[:ENGINE_ID_LENGTH]


def following(order_id: UUID, number: int) -> UUID:
    """Return the id of the n-th order that stands for a planned one; the first is the planned order's own.

    It follows from the plan alone, so that a restart knows each by its id.
    """
    return order_id if number == 1 else uuid.uuid5(order_id, str(number))


def make_order_ref(engine_id: str, order_id: UUID) -> str:
    """Return the reference under which an order travels to the broker and back."""
    return f"v6-{engine_id}-{_base32(order_id.bytes)}"


@lru_cache(maxsize=4096)
def parse_order_ref(text: str) -> tuple[str, UUID] | None:
    """Return the engine id and order id of a reference made by v6, or None for anybody else's text."""
    match = _REFERENCE.fullmatch(text)
    if match is None:
        return None
    # The last character carries two spare bits: a text that differs only there is not one that v6 made.
    number, spare = divmod(int(match[2].translate(_DIGITS), 32), 4)
    return None if spare else (match[1], UUID(int=number))


def printable(text: object, what: str, most: int = 128) -> str:
    """Return the text if it is printable ASCII of at most ``most`` characters: a control character forges fields."""
    if not isinstance(text, str):
        raise ValueError(f"{what} must be text, not {type(text).__name__}")
    if not text.strip():
        raise ValueError(f"{what} must not be empty")
    if len(text) > most:
        raise ValueError(f"{what} must be at most {most} characters, not {len(text)}")
    if not _PRINTABLE.fullmatch(text):
        raise ValueError(f"{what} must be printable ASCII, not {text!r}")
    return text


def plainly(text: str, most: int = 1000) -> str:
    """Return a stranger's text as it may be shown and logged: no secrets, unprintables escaped, cut to a length."""
    text = redacted(text)
    cut = text if len(text) <= most else f"{text[:most]}…"
    return cut if cut.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in cut)


_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = tuple(first + second for first in _ALPHABET for second in _ALPHABET)
_PLACES = tuple(range(120, -1, -10))


def _base32(raw: bytes) -> str:
    """Return 16 bytes as base32, two characters at a time: an order's reference is made for each one placed."""
    number = int.from_bytes(raw) << 2
    return "".join([_PAIRS[number >> place & 1023] for place in _PLACES])
