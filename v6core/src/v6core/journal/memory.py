"""A journal that ends with its process: for previews and tests."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Self
from uuid import UUID

from v6core.errors import JournalError
from v6core.identifiers import IdSource, RandomIds
from v6core.journal.chain import genesis, rows_of, sealed
from v6core.journal.entries import Entry, Row


class MemoryJournal:
    """Rows in a list, with the same sequence and chain as on disk."""

    location = "in memory"
    failed = False

    def __init__(self, *, ids: IdSource | None = None) -> None:
        self.engine_id = (ids or RandomIds()).engine_id()
        self._genesis = genesis(self.engine_id)
        self._rows: list[Row] = []
        self._closed = False

    @property
    def last_seq(self) -> int:
        """The number of the last row; 0 while there is none."""
        return len(self._rows)

    def append(self, entries: Sequence[Entry]) -> tuple[Row, ...]:
        """Remember the entries, all or none; raises JournalError once closed."""
        if self._closed:
            raise JournalError("the journal in memory is closed")
        chain = self._rows[-1].chain if self._rows else self._genesis
        rows = rows_of(entries, sealed(entries, len(self._rows), chain))
        self._rows.extend(rows)
        return rows

    def rows(
        self, after: int = 0, *, order_id: UUID | None = None, kinds: Collection[str] | None = None
    ) -> Iterator[Row]:
        """Yield the rows after ``after``, those that come while it is read among them."""
        at = max(after, 0)
        while at < len(self._rows):
            row = self._rows[at]
            at += 1
            if (order_id is None or row.order_id == order_id) and (kinds is None or row.kind in kinds):
                yield row

    def close(self) -> None:
        """Take no further entries; the rows stay readable."""
        self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
