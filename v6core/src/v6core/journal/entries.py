"""What is appended to a journal, and what is read back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from v6core.identifiers import printable

_MOST_KIND = 64
_UTC_OFFSET = timedelta(0)
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def canonical_json(obj: object) -> str:
    r"""Return the one JSON text of plain data: sorted keys, no spaces, ASCII.

    Raises ValueError for NaN and infinities, TypeError for what JSON has no form for; a Decimal goes in as text.

    >>> canonical_json({"b": "€", "a": [1, None]})
    '{"a":[1,null],"b":"\\u20ac"}'
    """
    return _ENCODER.encode(obj)


@lru_cache(maxsize=256)
def _check_kind(kind: str) -> None:
    printable(kind, "kind", _MOST_KIND)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to remember: its kind, when it happened (aware, UTC), canonical JSON, and whose order it concerns."""

    kind: str
    time: datetime
    payload: str
    order_id: UUID | None = None

    def __post_init__(self) -> None:
        _check_kind(self.kind)
        if self.time.utcoffset() != _UTC_OFFSET:
            raise ValueError(f"time must be aware and in UTC, not {self.time.isoformat()}")
        if not self.payload.isascii():
            raise ValueError(f"payload of {self.kind} must be canonical JSON, which is ASCII")


class Row(NamedTuple):
    """An entry with its place in the journal: ``seq`` counts from 1 without gaps, ``chain`` seals all up to here."""

    seq: int
    kind: str
    time: datetime
    order_id: UUID | None
    payload: str
    chain: str
