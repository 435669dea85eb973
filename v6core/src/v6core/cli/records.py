"""The journal, read without a lock and without a broker, also while an engine writes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

import click

from v6core.engine.record import Record
from v6core.errors import JournalCorrupt, UnknownOrder
from v6core.events import EngineEvent, EngineStarted, Event, OrderEvent, TradingStateChanged, event_from_row
from v6core.journal import Row, journal_exists, open_for_reading

_SHORTEST = 4


def rows_of(path: Path) -> tuple[Row, ...]:
    """Return the rows of a journal; none where there is no journal yet."""
    if not journal_exists(path):
        return ()
    with closing(open_for_reading(path)) as reader:
        return tuple(reader.rows())


def record_of(path: Path, broker: str | None = None) -> Record:
    """Return what a journal adds up to, for one broker where it is named; an empty record where there is none yet."""
    return told_of(path, broker).record


@dataclass(frozen=True, slots=True)
class Told:
    """What a journal adds up to, and the time of the last row that a connected engine wrote."""

    record: Record
    as_of: datetime | None = None


def told_of(path: Path, broker: str | None = None) -> Told:
    """Return what a journal adds up to, and as of when; with ``broker`` named, of that one's orders alone."""
    if not journal_exists(path):
        return Told(Record("", broker))
    with closing(open_for_reading(path)) as reader:
        record, heard = Record(reader.engine_id, broker), _Heard(broker)
        record.replay(heard.following(map(event_of, reader.rows())))
    return Told(record, heard.as_of)


class _Heard:
    """When a broker, or any, was last heard; v6 halt writes beside it, by the wall clock."""

    def __init__(self, broker: str | None) -> None:
        self._broker = broker
        self.as_of: datetime | None = None

    def following(self, events: Iterable[Event]) -> Iterator[Event]:
        """Yield the events, and note their times."""
        serving = self._broker
        for event in events:
            if isinstance(event, EngineStarted):
                serving = event.broker
            if self._broker in {None, serving} and not isinstance(event, TradingStateChanged):
                self.as_of = event.time
            yield event


def event_of(row: Row) -> OrderEvent | EngineEvent:
    """Return the event of a row; JournalCorrupt where this v6 cannot read it."""
    try:
        return event_from_row(row.payload)
    except ValueError as error:
        raise JournalCorrupt(
            f"row {row.seq} holds no event that this v6 knows: {row.kind}", hint="v6 journal verify checks the rest"
        ) from error


def order_id_in(text: str, known: tuple[UUID, ...]) -> UUID:
    """Return the order id that a text names, whole or by its first characters.

    UnknownOrder where the journal knows none; a usage error where several fit, or where it is no id.
    """
    wanted = text.strip().lower().replace("-", "")
    if not wanted or set(wanted) - set("0123456789abcdef") or not _SHORTEST <= len(wanted) <= 32:
        raise click.UsageError(f"an order id is a UUID, or its first characters, at least {_SHORTEST}, not {text!r}")
    found = [order_id for order_id in known if order_id.hex.startswith(wanted)]
    if not found:
        raise UnknownOrder(f"the journal knows no order {text}", hint="v6 orders lists them")
    if len(found) > 1:
        raise click.UsageError(f"{text} begins {len(found)} order ids; give more of it")
    return found[0]
