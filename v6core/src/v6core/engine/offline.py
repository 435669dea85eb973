"""A journal with what it adds up to, written where no engine runs: an operator's decision, a kill."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from v6core import __version__
from v6core.engine.record import Record
from v6core.engine.scribe import entry_of
from v6core.events import EngineStarted, Event, TradingStateChanged, event_from_row
from v6core.identifiers import RandomIds
from v6core.journal import Journal, SqliteJournal


class OfflineJournal:
    """One broker's part of a journal that no engine holds; ``record`` is what it adds up to. Close it."""

    def __init__(self, journal: Journal, broker: str) -> None:
        self._journal = journal
        self._broker = broker
        self._serving: str | None = None
        self._started: EngineStarted | None = None
        self.record = Record(journal.engine_id, broker)
        self.record.replay([event_from_row(row.payload) for row in journal.rows()])
        self._find_starts()

    @classmethod
    def open(cls, path: Path, broker: str) -> Self:
        """Open a journal and its lock.

        JournalLocked while an engine holds it, JournalError where it cannot be used, JournalCorrupt where it does not
        hold together.
        """
        journal = SqliteJournal.open(path, ids=RandomIds())
        try:
            return cls(journal, broker)
        except BaseException:
            journal.close()
            raise

    def _find_starts(self) -> None:
        for row in self._journal.rows(kinds={"STARTED"}):
            started = event_from_row(row.payload)
            assert isinstance(started, EngineStarted)
            self._serving = started.broker
            if started.broker == self._broker:
                self._started = started

    def write(self, *events: Event) -> None:
        """Make events durable and take them in; JournalError where they are not, and then nothing changed."""
        changes = self.record.work_out(self._under_our_name(events), {})
        self._journal.append([entry_of(change.event) for change in changes])
        for change in changes:
            self.record.absorb(change)
            if isinstance(change.event, EngineStarted):
                self._serving = change.event.broker

    def _under_our_name(self, events: Sequence[Event]) -> Sequence[Event]:
        """Return the events, after a start of our broker where the journal served another one last.

        A replay gives each event to the broker that was served then. The start is the last one over again: nothing of
        the broker's settings or code is known to have changed.
        """
        if self._serving == self._broker or all(isinstance(event, TradingStateChanged) for event in events):
            return events  # trading states hold for all brokers
        now = events[0].time
        if self._started is None:
            return (EngineStarted(time=now, broker=self._broker, version=__version__), *events)
        return (self._started.model_copy(update={"time": now}), *events)

    def close(self) -> None:
        """Let go of the journal and its lock; a second call does nothing."""
        self._journal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
