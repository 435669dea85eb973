"""Where an engine can die: before or after anything that it makes durable.

A process that is killed does nothing more. So does an engine whose journal fails: it sends nothing from then on, and
what it hears goes nowhere. What is under way to the broker by then arrives, as it does when a process dies.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from v6core.errors import JournalError
from v6core.journal import Entry, Journal, Row


@dataclass(frozen=True, slots=True)
class Death:
    """The moment at which an engine dies: at which commit from then on, and whether that is still made durable."""

    commit: int
    durable: bool

    def __str__(self) -> str:
        return f"{'after' if self.durable else 'before'} commit {self.commit}"


class MortalJournal:
    """A journal whose engine dies where ``die`` says; until then it is as the one behind it."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._death: Death | None = None
        self._commits = 0
        self.engine_id = journal.engine_id
        self.location = journal.location

    def die(self, death: Death) -> None:
        """Die at a moment, its commits counted from here on."""
        self._death, self._commits = death, 0

    @property
    def is_dead(self) -> bool:
        """Whether the moment has come."""
        return self._death is not None and self._commits >= self._death.commit

    @property
    def failed(self) -> bool:
        """Whether nothing more can be written."""
        return self.is_dead or self._journal.failed

    @property
    def last_seq(self) -> int:
        """The number of the last row."""
        return self._journal.last_seq

    def append(self, entries: Sequence[Entry]) -> tuple[Row, ...]:
        """Make entries durable, unless the engine is dead or dies before."""
        if self.is_dead:
            raise JournalError("the engine was killed")
        self._commits += 1
        if not self.is_dead:
            return self._journal.append(entries)
        if self._death is not None and self._death.durable:
            self._journal.append(entries)
        raise JournalError("the engine was killed")

    def rows(
        self, after: int = 0, *, order_id: UUID | None = None, kinds: Collection[str] | None = None
    ) -> Iterator[Row]:
        """Yield the rows after ``after``."""
        return self._journal.rows(after, order_id=order_id, kinds=kinds)

    def close(self) -> None:
        """Let go of the journal; another engine may open it."""
        self._journal.close()
