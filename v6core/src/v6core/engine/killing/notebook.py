"""What a kill knows of our orders and writes down, as far as the journal lets it.

A journal that cannot be written is read, one that cannot be read still tells its engine id perhaps, and without any
the id is what somebody gave: it alone says which of the broker's orders are ours.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from v6core.engine.offline import OfflineJournal
from v6core.engine.record import Record
from v6core.engine.soundness import check_of_order, sound_report
from v6core.errors import JournalError, JournalLocked, V6Error
from v6core.events import Event, ReportReceived, event_from_row
from v6core.identifiers import parse_order_ref
from v6core.journal import journal_exists, open_for_reading
from v6core.lifecycle import OrderState
from v6core.orders import OrderStatus
from v6core.reports import Report

_UNSETTLED = frozenset({OrderStatus.PENDING_SUBMIT, OrderStatus.IN_DOUBT})
_PATIENCE: Final = 1.0
_STEP: Final = 0.05


class Notebook:
    """Our orders of one broker; ``engine_id`` is None where nobody knows it, ``problems`` are what cannot be done.

    ``was_read`` tells whether the journal was, wholly or in part.
    """

    def __init__(self, path: Path, broker: str, engine_id: str | None = None) -> None:
        self.problems: list[str] = []
        self._journal: OfflineJournal | None = None
        self._complete = False
        self.record = Record(engine_id or "", broker)
        self.engine_id = engine_id
        self._was_changing = False
        found = self._open(path, broker)
        self.was_read = found is not None
        if found is None:
            return
        if engine_id not in {None, found.engine_id}:
            self.problems.append(
                f"the journal {path} is engine {found.engine_id}'s: it does not know {engine_id}'s orders"
            )
            self._complete = False
        else:
            self.record, self.engine_id = found, found.engine_id
            self._was_changing = any(state.pending_modify is not None for state in found.open.values())

    def _open(self, path: Path, broker: str) -> Record | None:
        try:
            is_there = journal_exists(path)
        except (JournalError, OSError, ValueError) as error:
            self.problems.append(f"the journal cannot be used: {error}")
            return None
        if not is_there:
            self.problems.append(f"there is no journal at {path}")
            return None
        try:
            self._journal = _opened(path, broker)
        except (V6Error, ValueError) as error:
            self.problems.append(f"the journal cannot be written: {error}")
            return self._read(path, broker)
        self._complete = True
        return self._journal.record

    def _read(self, path: Path, broker: str) -> Record | None:
        """Return what can be read of a journal, up to its first bad row."""
        try:
            with closing(open_for_reading(path)) as reader:
                record = Record(reader.engine_id, broker)
                try:
                    record.replay(event_from_row(row.payload) for row in reader.rows())
                except (V6Error, ValueError) as error:
                    self.problems.append(f"the journal cannot be read whole: {error}")
                return record
        except V6Error as error:
            self.problems.append(f"the journal cannot be read: {error}")
            return None

    def write(self, *events: Event) -> bool:
        """Write events down, or only remember them where no journal takes them; tell whether they are durable."""
        if self._journal is not None:
            try:
                self._journal.write(*events)
            except JournalError as error:
                self.problems.append(f"the journal takes nothing any more: {error}")
                self._journal.close()
                self._journal = None
            else:
                return True
        for change in self.record.work_out(events, {}):
            self.record.absorb(change)
        return False

    def hear(self, report: Report, now: datetime) -> None:
        """Take in what the broker says of an order that the journal knows; what cannot be is told and left out."""
        try:
            sound = sound_report(report, now)
            order_id = self.record.named_by(sound)
            if order_id is None:
                return
            check_of_order(sound, self.record.states[order_id])
            self.record.know_names(sound, order_id)
            self.write(ReportReceived(time=sound.time, order_id=order_id, report=sound))
        except ValueError as nonsense:
            self._tell_once(f"the broker said what cannot be: {nonsense}")

    def _tell_once(self, problem: str) -> None:
        if problem not in self.problems:
            self.problems.append(problem)

    def is_ours(self, order_ref: str | None) -> bool:
        """Tell whether a reference was made by our engine."""
        parsed = None if order_ref is None else parse_order_ref(order_ref)
        return parsed is not None and parsed[0] == self.engine_id

    def state_of(self, order_ref: str | None) -> OrderState | None:
        """Return what the journal knows of the order under a reference of ours."""
        parsed = None if order_ref is None else parse_order_ref(order_ref)
        return None if parsed is None or parsed[0] != self.engine_id else self.record.states.get(parsed[1])

    @property
    def may_be_under_way(self) -> bool:
        """Whether an order of ours, or the order that a change makes of one, may yet come to light at the broker."""
        unsettled = any(state.status in _UNSETTLED for state in self.record.open.values())
        return unsettled or self._was_changing or not self._complete

    @property
    def elsewhere(self) -> frozenset[UUID]:
        """The journal's orders at other brokers."""
        return frozenset(self.record.elsewhere)

    def close(self) -> None:
        """Let go of the journal."""
        if self._journal is not None:
            self._journal.close()
            self._journal = None


def _opened(path: Path, broker: str) -> OfflineJournal:
    """Open the journal; who looks at its lock holds it for a moment."""
    return _again(lambda: OfflineJournal.open(path, broker), time.monotonic() + _PATIENCE)


def _again(attempt: Callable[[], OfflineJournal], until: float) -> OfflineJournal:
    while True:
        try:
            return attempt()
        except JournalLocked:
            if time.monotonic() >= until:
                raise
            time.sleep(_STEP)
