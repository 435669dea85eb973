"""What every journal promises, wherever it keeps its rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Protocol
from uuid import UUID

from v6core.journal.entries import Entry, Row


class JournalReader(Protocol):
    """Rows in the order in which they became durable."""

    @property
    def engine_id(self) -> str:
        """The id that this journal's order references carry."""
        ...

    @property
    def location(self) -> str:
        """Where the journal is, in words for people."""
        ...

    @property
    def last_seq(self) -> int:
        """The number of the last row; 0 while there is none."""
        ...

    def rows(
        self, after: int = 0, *, order_id: UUID | None = None, kinds: Collection[str] | None = None
    ) -> Iterator[Row]:
        """Yield the rows after ``after``, each checked against its predecessor; JournalCorrupt at the first bad one."""
        ...

    def close(self) -> None:
        """Let go of the journal; a second call does nothing."""
        ...


class Journal(JournalReader, Protocol):
    """A journal that can be written, by one engine, from one thread."""

    @property
    def failed(self) -> bool:
        """Whether an append failed; from then on every append is refused."""
        ...

    def append(self, entries: Sequence[Entry]) -> tuple[Row, ...]:
        """Make the entries durable in one transaction, all or none, and return their rows.

        Raises JournalError. After it, ``failed`` is True for good: what was being written may or may not be there,
        and only opening the journal again tells.
        """
        ...
