"""The journal on a disk that fails: every write, sync and truncation of a piece of work, in five ways."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from faults.faulty_disk import Fault, FaultMode, FaultyDisk
from v6core.clock import SimulatedClock
from v6core.errors import JournalError
from v6core.identifiers import SeededIds
from v6core.journal import Entry, Row, SqliteJournal, canonical_json, verify
from v6core.journal.connection import Connect

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
_IDS = SeededIds(3)
# How many entries are appended at once: alone, in groups, and one that is larger than the log may grow.
_BATCHES = ((1, 1, 3, 1, 60, 1), (1, 2, 40, 1))


class Outcome(StrEnum):
    """What is found when the journal is opened again after a fault."""

    ACKNOWLEDGED = "what was acknowledged, and no more"
    AND_THE_OPEN_ONE = "what was acknowledged, and what failed"
    NOTHING = "no journal yet, and nothing acknowledged"
    LOST = "LOST: something acknowledged is missing"
    GARBAGE = "GARBAGE: something that nobody appended, or that does not hold together"
    REFUSED = "REFUSED: a journal that nobody damaged, or its next entry"


BAD = frozenset({Outcome.LOST, Outcome.GARBAGE, Outcome.REFUSED})


@dataclass(slots=True)
class Work:
    """What was acknowledged, and what was being appended when something failed."""

    engine_id: str | None = None
    acknowledged: list[Row] = field(default_factory=list[Row])
    open_batch: tuple[Entry, ...] = ()
    failure: JournalError | None = None


def entries(count: int) -> tuple[Entry, ...]:
    """Return entries that never repeat."""
    text = "x" * 300
    made = (_IDS.order_id() for _ in range(count))
    return tuple(
        Entry(
            "NOTE", NOON + timedelta(seconds=n), canonical_json({"n": n, "of": str(order_id), "text": text}), order_id
        )
        for n, order_id in enumerate(made)
    )


def work_on(path: Path, connect: Connect) -> Work:
    """Make a journal, append, let go, open it again and append, up to the first failure."""
    done = Work()
    try:
        for batches in _BATCHES:
            with SqliteJournal.open(path, ids=SeededIds(1), clock=SimulatedClock(NOON), connect=connect) as journal:
                done.engine_id = journal.engine_id
                _append(journal, batches, done)
    except JournalError as error:
        done.failure = error
    return done


def _append(journal: SqliteJournal, batches: Sequence[int], done: Work) -> None:
    for size in batches:
        done.open_batch = entries(size)
        done.acknowledged += journal.append(done.open_batch)
        done.open_batch = ()


def go_on(path: Path, disk: FaultyDisk, done: Work) -> None:
    """Open the journal again, trust what it tells, append, and cut the power."""
    disk.begin_another_process()
    with SqliteJournal.open(path, ids=SeededIds(2), clock=SimulatedClock(NOON), connect=disk.connect) as journal:
        done.engine_id, done.acknowledged = journal.engine_id, list(journal.rows())
        _append(journal, (1, 2), done)
        disk.cut_the_power()


def points(folder: Path) -> int:
    """Return how many points the work has where nothing fails."""
    with FaultyDisk() as disk:
        done = work_on(_fresh(folder), disk.connect)
    assert done.failure is None, done.failure
    return disk.points


def suffer(fault: Fault, folder: Path) -> Outcome:
    """Do the work with a fault in it, start again, and say what is there."""
    path = _fresh(folder)
    with FaultyDisk(fault) as disk:
        done = work_on(path, disk.connect)
        if fault.mode is FaultMode.FORGETS:
            go_on(path, disk, done)
        disk.start_again(folder)
    return judge(path, done)


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    return folder / "journal.db"


def judge(path: Path, done: Work) -> Outcome:
    """Open the journal as the next engine does, and compare it with what was acknowledged."""
    was_there = path.exists()
    try:
        with SqliteJournal.open(path, ids=SeededIds(2)) as journal:
            found = list(journal.rows())
            outcome = _compare(found, done, same_engine=journal.engine_id == done.engine_id)
            journal.append(entries(1))
    except JournalError:
        return Outcome.REFUSED
    if not verify(path).ok:
        return Outcome.GARBAGE
    return Outcome.NOTHING if outcome is Outcome.ACKNOWLEDGED and not was_there else outcome


def _compare(found: Sequence[Row], done: Work, *, same_engine: bool) -> Outcome:
    known = len(done.acknowledged)
    if found[:known] != done.acknowledged or (done.engine_id is not None and not same_engine):
        return Outcome.LOST
    rest = tuple(Entry(row.kind, row.time, row.payload, row.order_id) for row in found[known:])
    if rest and rest != done.open_batch:
        return Outcome.GARBAGE
    return Outcome.AND_THE_OPEN_ONE if rest else Outcome.ACKNOWLEDGED


def exhaust(folder: Path, *, every: int = 1) -> Iterator[tuple[FaultMode, Outcome, Fault]]:
    """Fail at each point, or at one of so many, in each way."""
    last = points(folder)
    for mode in FaultMode:
        for point in range(1, last + 1, every):
            fault = Fault(mode, point)
            yield mode, suffer(fault, folder), fault


def table(folder: Path, *, every: int = 1) -> tuple[Counter[tuple[FaultMode, Outcome]], list[tuple[Fault, Outcome]]]:
    """Return how often each mode ended how, and the faults that ended badly."""
    counts: Counter[tuple[FaultMode, Outcome]] = Counter()
    bad: list[tuple[Fault, Outcome]] = []
    for mode, outcome, fault in exhaust(folder, every=every):
        counts[mode, outcome] += 1
        if outcome in BAD:
            bad.append((fault, outcome))
    return counts, bad
