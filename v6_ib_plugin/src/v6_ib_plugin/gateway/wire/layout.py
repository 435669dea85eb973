"""What a message looks like on the wire, said once: the items of which a layout is made.

A path names where a value is in the record: ``"order.lmt_price"`` is the field ``lmt_price`` of its part ``order``.
The same items are compiled into a reader and a writer by ``compiling``, and into examples by the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from v6_ib_plugin.gateway.wire.kinds import Kind


@dataclass(frozen=True, slots=True)
class Field:
    """One value in one field."""

    path: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Fixed:
    """A field that always says the same, such as the version of a message; what a peer says there is not heeded."""

    text: str


@dataclass(frozen=True, slots=True)
class Stated:
    """A field that is made of others when written; what a peer says there is not heeded."""

    name: str
    write: Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Texts:
    """A tuple of texts in as many fields as there are names; an empty tuple is written as empty fields."""

    path: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TextsBy:
    """A tuple of texts whose length depends on a value that was read before."""

    path: str
    by: str
    widths: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Picked:
    """Those of a tuple of ``width`` texts that a message tells; the others are empty when read."""

    path: str
    width: int
    picks: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Present:
    """A flag, and where it is set a tuple of texts; None where it is not."""

    path: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class When:
    """Items that are there where the value of ``path``, which stands before them, is so."""

    path: str
    holds: Callable[[Any], bool]
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Several:
    """A count, and so many records of ``make``."""

    path: str
    make: type
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Values:
    """A count, and so many single values."""

    path: str
    kind: Kind


Item = Field | Fixed | Stated | Texts | TextsBy | Picked | Present | When | Several | Values


@dataclass(frozen=True, slots=True)
class Layout:
    """One message: its id and name on the wire, the record that holds it, and the records inside that, by path."""

    message_id: int
    name: str
    make: type
    items: tuple[Item, ...]
    parts: Mapping[str, type] = field(default_factory=dict[str, type])


def fields(part: str, kind: Kind, *names: str) -> tuple[Field, ...]:
    """Fields of one kind, one after the other."""
    return tuple(Field(f"{part}.{name}" if part else name, kind) for name in names)


def label(path: str) -> str:
    """Return what the API calls a field: ``order.lmt_price`` is lmtPrice."""
    first, *others = path.rpartition(".")[2].rstrip("_").split("_")
    return first + "".join(word.capitalize() for word in others)
