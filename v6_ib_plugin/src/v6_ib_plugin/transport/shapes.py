"""How the plain fields of a record are read, whose texts stand in an object of ib_async or at places of their own."""

# The objects of ib_async are of no type that is known here.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, get_type_hints

from v6_ib_plugin.transport import numbers
from v6_ib_plugin.transport.names import plain_names

READERS: Mapping[Any, Callable[[str], Any]] = {
    str: str,
    bool: numbers.flag,
    int: numbers.whole_or_zero,
    int | None: numbers.whole,
    Decimal: numbers.given_quantity,
    Decimal | None: numbers.number,
}


class Shape:
    """How the plain fields of one record are read off an object of ib_async whose fields are still text."""

    def __init__(self, record: type[Any]) -> None:
        kinds = get_type_hints(record)
        self._fields = tuple((name, theirs, READERS[kinds[name]]) for name, theirs in plain_names(record))

    def of(self, source: Any) -> dict[str, Any]:
        """Return the values by name; numbers that the message left empty, or did not carry, keep their defaults."""
        # What the message did not carry has ib_async's default there, which is no text unless it is an empty one.
        texts = vars(source)
        return {
            name: read(text)
            for name, theirs, read in self._fields
            if (text := texts.get(theirs)).__class__ is str and (text or read is str)
        }
