"""Orders as they were written, so that one much like another need not be encoded again.

The orders of one program differ from each other in number, quantity, limit and reference; of the more than a hundred
fields that an order has on the wire, all else is the same text. So an order with marks in the place of these four is
encoded once, and what it comes to is kept, with the places of the marks, for all that are like it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from v6_ib_plugin.terms import IbContract, IbOrder
from v6_ib_plugin.transport.writing import field_text, is_plain

_MOST = 64
# Texts that no other field has. The encoder asks nothing of these fields but how they are written.
_MARKS: Mapping[str, Any] = {
    "order_id": 1_987_654_321,
    "total_quantity": Decimal("987654322.125"),
    "lmt_price": Decimal("987654323.125"),
    "order_ref": "v6-a-mark",
}
_UNPRICED = {name: mark for name, mark in _MARKS.items() if name != "lmt_price"}
Encode = Callable[[IbContract, IbOrder], bytes]


@dataclass(frozen=True, slots=True)
class _Template:
    """The fields of a frame, and at which places the marks stand in it."""

    fields: tuple[str, ...]
    places: tuple[tuple[str, int], ...]

    def filled(self, order: IbOrder) -> bytes | None:
        """Return the frame of an order; None where one of its texts is none that may be written."""
        fields = list(self.fields)
        texts = [field_text(getattr(order, name)) for name, _ in self.places]
        if "Infinity" in texts or not is_plain("".join(texts)):
            return None
        for (_, at), text in zip(self.places, texts, strict=True):
            fields[at] = text
        payload = "\0".join(fields).encode("ascii")
        return struct.pack(">I", len(payload)) + payload


class Templates:
    """The templates of the latest kinds of orders, for one version of the wire."""

    def __init__(self) -> None:
        self._kept: dict[object, _Template | None] = {}

    def written(self, contract: IbContract, order: IbOrder, encode: Encode) -> bytes:
        """Return the frame of a sound order, as ``encode`` would make it."""
        marks = _UNPRICED if order.lmt_price is None else _MARKS
        marked = {**vars(order), **marks}
        like = contract, *marked, *marked.values()
        template = self._kept.get(like)
        if template is None and like not in self._kept:
            if len(self._kept) >= _MOST:
                del self._kept[next(iter(self._kept))]
            template = self._kept[like] = _template(encode(contract, order.replace(**marks)), marks)
        frame = None if template is None else template.filled(order)
        return encode(contract, order) if frame is None else frame


def _template(frame: bytes, marks: Mapping[str, Any]) -> _Template | None:
    """Return the template that a frame with marks is; None where a mark does not stand in it just once."""
    fields = frame[4:].decode("ascii").split("\0")
    texts = {name: field_text(mark) for name, mark in marks.items()}
    if any(fields.count(text) != 1 for text in texts.values()):
        return None
    return _Template(tuple(fields), tuple((name, fields.index(text)) for name, text in texts.items()))
