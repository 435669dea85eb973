"""A journal that outlives the process that writes it, and a process's own hand on it, which dies with it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from uuid import UUID

from v6core.errors import JournalError
from v6core.journal import Entry, MemoryJournal, Row
from v6core.testing.network import SimulatedProcess

OnAppend = Callable[[], bool | None]


class ProcessJournal:
    """A journal in memory as one process has it open: from the instant of its death nothing more is written.

    ``on_append`` is asked before each write: None lets it pass, and with True the process dies once the rows are
    durable, with False before.
    """

    failed = False

    def __init__(self, kept: MemoryJournal, process: SimulatedProcess, on_append: OnAppend) -> None:
        self._kept = kept
        self._process = process
        self._on_append = on_append

    @property
    def engine_id(self) -> str:
        """The id that this journal's order references carry."""
        return self._kept.engine_id

    @property
    def location(self) -> str:
        """Where it is, in words for people."""
        return self._kept.location

    @property
    def last_seq(self) -> int:
        """The number of the last row."""
        return self._kept.last_seq

    def append(self, entries: Sequence[Entry]) -> tuple[Row, ...]:
        """Make entries durable, unless the process is dead or dies before."""
        fatal = self._on_append() if self._process.is_alive else False
        if fatal is False:
            self._process.kill()
            raise JournalError("the process was killed")
        rows = self._kept.append(entries)
        if fatal:
            self._process.kill()
        return rows

    def rows(
        self, after: int = 0, *, order_id: UUID | None = None, kinds: Collection[str] | None = None
    ) -> Iterator[Row]:
        """Yield the rows after ``after``."""
        return self._kept.rows(after, order_id=order_id, kinds=kinds)

    def close(self) -> None:
        """Let go of it; another process may open it."""
