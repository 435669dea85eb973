"""The hash chain: each row seals itself and everything before it.

``chain(n) = hex(sha256(chain(n-1) LF seq LF kind LF time LF order_id LF payload))`` over ASCII bytes, where LF is one
line feed, ``seq`` is in decimal, ``time`` is ISO 8601 in UTC with microseconds (``2026-01-02T14:30:00.000000+00:00``),
and ``order_id`` is the UUID with hyphens, or nothing. No field before the payload can hold a line feed and the payload
comes last, so two different rows never hash the same text. ``chain(0) = hex(sha256("v6 journal" LF engine_id))``, so
that rows cannot move between journals.

The chain detects accidents and edits; it is no signature. A lost tail leaves a shorter chain that holds: the head is
the witness against that, and the broker where the head is lost with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from uuid import UUID

from v6core.errors import JournalCorrupt
from v6core.journal.entries import Entry, Row
from v6core.words import Word

StoredRow = tuple[int, bytes, bytes, bytes | None, bytes, bytes]
"""A row as SQLite keeps it: seq, kind, time, order_id, payload, chain; text as bytes, which damage may have reached."""
SealedRow = tuple[int, str, str, str | None, str, str]
"""The same on its way to SQLite."""

_WAY_OUT = "v6 does not trade on it; see `v6 journal verify`, and restore a copy of the journal"


class Damage(Word):
    """What can be wrong with a journal."""

    GAP = "GAP"
    """A sequence number is missing."""
    CHAIN = "CHAIN"
    """A row is not what was appended, or does not follow its predecessor."""
    UNREADABLE = "UNREADABLE"
    """A field of a row cannot be decoded."""
    LOST = "LOST"
    """Rows that were durable are gone, or are others: the file beside the journal tells of them."""
    FILE = "FILE"
    """The file is not a whole SQLite database with a journal's tables."""


class DamagedRow(JournalCorrupt):
    """A row does not hold together; ``seq`` says which, ``damage`` what is wrong."""

    def __init__(self, seq: int, damage: Damage, why: str, *, hint: str = _WAY_OUT) -> None:
        super().__init__(f"journal row {seq}: {why}", hint=hint)
        self.seq = seq
        self.damage = damage


def genesis(engine_id: str) -> str:
    """Return the chain before the first row."""
    return sha256(b"v6 journal\n" + engine_id.encode("ascii")).hexdigest()


def time_text(time: datetime) -> str:
    """Return a time as journals keep it."""
    return time.isoformat("T", "microseconds")


def order_text(order_id: UUID | None) -> str | None:
    """Return an order id as journals keep it."""
    return None if order_id is None else str(order_id)


def link(previous: str, seq: int, *texts: str) -> str:
    """Return the chain up to and with a row, whose texts are kind, time, order id and payload."""
    return sha256("\n".join((previous, str(seq), *texts)).encode("ascii")).hexdigest()


def sealed(entries: Sequence[Entry], after: int, chain: str) -> list[SealedRow]:
    """Return what is stored of these entries after row ``after``."""
    rows: list[SealedRow] = []
    for seq, entry in enumerate(entries, after + 1):
        kind, time, order_id = str(entry.kind), time_text(entry.time), order_text(entry.order_id)
        chain = link(chain, seq, kind, time, order_id or "", entry.payload)
        rows.append((seq, kind, time, order_id, entry.payload, chain))
    return rows


def rows_of(entries: Sequence[Entry], stored: Sequence[SealedRow]) -> tuple[Row, ...]:
    """Return the rows that entries have become."""
    return tuple(
        Row(seq, kind, entry.time, entry.order_id, payload, chain)
        for entry, (seq, kind, _, _, payload, chain) in zip(entries, stored, strict=True)
    )


def read_row(stored: StoredRow, previous: str) -> Row:
    """Return a stored row that follows ``previous``; raises DamagedRow for any other."""
    seq, kind, time, order_id, payload, chain = stored
    try:
        # What was hashed as text is hashed as the bytes that SQLite gives: they are the same where the row is.
        texts = (previous.encode(), str(seq).encode(), kind, time, order_id or b"", payload)
        sealed = sha256(b"\n".join(texts)).hexdigest()
        row = Row(
            seq,
            str(kind, "ascii"),
            datetime.fromisoformat(str(time, "ascii")),
            _order_id(order_id) if order_id else None,
            str(payload, "ascii"),
            str(chain, "ascii"),
        )
    except (ValueError, TypeError) as error:  # a field that damage made a number is no bytes
        raise DamagedRow(seq, Damage.UNREADABLE, f"a field cannot be read ({error})") from error
    if "\n" in row.kind or sealed != row.chain:
        raise DamagedRow(seq, Damage.CHAIN, "the chain is broken: the row or its predecessor is not what was appended")
    return row


@lru_cache(4096)
def _order_id(text: bytes) -> UUID:
    """Return the same object for the same text; an order has several rows, not far from each other."""
    return UUID(str(text, "ascii"))


def follow(seq: int, expected: int) -> None:
    """Raise DamagedRow unless the sequence goes on without a gap."""
    if seq != expected:
        raise DamagedRow(expected, Damage.GAP, f"it is missing, row {seq} comes instead")
