"""The hash chain: each row seals itself and everything before it.

``chain(n) = hex(sha256(chain(n-1) LF seq LF kind LF time LF order_id LF payload))`` over ASCII bytes, where LF is one
line feed, ``seq`` is in decimal, ``time`` is ISO 8601 in UTC with microseconds (``2026-01-02T14:30:00.000000+00:00``),
and ``order_id`` is the UUID with hyphens, or nothing. No field before the payload can hold a line feed and the payload
comes last, so two different rows never hash the same text. ``chain(0) = hex(sha256("v6 journal" LF engine_id))``, so
that rows cannot move between journals.

The chain detects accidents and edits; it is no signature. A lost tail leaves a shorter chain that holds: the broker
is the witness against that.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from v6core.errors import JournalCorrupt
from v6core.journal.entries import Entry, Row
from v6core.words import Word

StoredRow = tuple[int, bytes, bytes, bytes | None, bytes, bytes]
"""A row as SQLite keeps it: seq, kind, time, order_id, payload, chain; text as bytes, which damage may have reached."""


class Damage(Word):
    """What can be wrong with a journal."""

    GAP = "GAP"
    """A sequence number is missing."""
    CHAIN = "CHAIN"
    """A row is not what was appended, or does not follow its predecessor."""
    UNREADABLE = "UNREADABLE"
    """A field of a row cannot be decoded."""
    FILE = "FILE"
    """The file is not a whole SQLite database with a journal's tables."""


class DamagedRow(JournalCorrupt):
    """A row does not hold together; ``seq`` says which, ``damage`` what is wrong."""

    def __init__(self, seq: int, damage: Damage, why: str) -> None:
        super().__init__(
            f"journal row {seq}: {why}",
            hint="v6 does not trade on it; see `v6 journal verify`, and restore a copy of the journal",
        )
        self.seq = seq
        self.damage = damage


def genesis(engine_id: str) -> str:
    """Return the chain before the first row."""
    return sha256(b"v6 journal\n" + engine_id.encode("ascii")).hexdigest()


def time_text(time: datetime) -> str:
    """Return a time as journals keep it."""
    return time.isoformat(timespec="microseconds")


def order_text(order_id: UUID | None) -> str | None:
    """Return an order id as journals keep it."""
    return None if order_id is None else str(order_id)


def link(previous: str, seq: int, *texts: str) -> str:
    """Return the chain up to and with a row, whose texts are kind, time, order id and payload."""
    return sha256("\n".join((previous, str(seq), *texts)).encode("ascii")).hexdigest()


def chained(entries: Sequence[Entry], after: int, chain: str) -> tuple[Row, ...]:
    """Return the rows that these entries become after row ``after``."""
    rows: list[Row] = []
    for seq, entry in enumerate(entries, after + 1):
        kind = str(entry.kind)
        chain = link(chain, seq, kind, time_text(entry.time), order_text(entry.order_id) or "", entry.payload)
        rows.append(Row(seq, kind, entry.time, entry.order_id, entry.payload, chain))
    return tuple(rows)


def read_row(stored: StoredRow, previous: str) -> Row:
    """Return a stored row that follows ``previous``; raises DamagedRow for any other."""
    seq, kind_bytes, time_bytes, order_bytes, payload_bytes, chain_bytes = stored
    try:
        kind = kind_bytes.decode("ascii")
        time = time_bytes.decode("ascii")
        order_id = "" if order_bytes is None else order_bytes.decode("ascii")
        payload = payload_bytes.decode("ascii")
        chain = chain_bytes.decode("ascii")
        row = Row(seq, kind, datetime.fromisoformat(time), UUID(order_id) if order_id else None, payload, chain)
    except (ValueError, AttributeError) as error:  # a field that damage made a number has no decode
        raise DamagedRow(seq, Damage.UNREADABLE, f"a field cannot be read ({error})") from error
    if "\n" in kind or link(previous, seq, kind, time, order_id, payload) != chain:
        raise DamagedRow(seq, Damage.CHAIN, "the chain is broken: the row or its predecessor is not what was appended")
    return row


def follow(seq: int, expected: int) -> None:
    """Raise DamagedRow unless the sequence goes on without a gap."""
    if seq != expected:
        raise DamagedRow(expected, Damage.GAP, f"it is missing, row {seq} comes instead")
