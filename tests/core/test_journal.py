from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from uuid import UUID

import pytest

from v6core.clock import SimulatedClock
from v6core.errors import JournalError
from v6core.identifiers import SeededIds
from v6core.journal import Entry, Journal, MemoryJournal, SqliteJournal, SqliteReader, canonical_json, open_for_reading
from v6core.journal.connection import Connection

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
ORDER = UUID(int=7)


def entry(number: int, kind: str = "ORDER_EVENT", order_id: UUID | None = ORDER) -> Entry:
    return Entry(kind, NOON + timedelta(microseconds=number), canonical_json({"number": number}), order_id)


def opened(path: Path) -> SqliteJournal:
    return SqliteJournal.open(path, ids=SeededIds(1))


def connection_of(journal: SqliteJournal | SqliteReader) -> Connection:
    return journal._connection  # pyright: ignore[reportPrivateUsage] -- some faults are of one connection only


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "v6" / "journal.db"


@pytest.fixture(params=["sqlite", "memory"])
def journal(request: pytest.FixtureRequest, path: Path) -> Iterator[Journal]:
    made: Journal = opened(path) if request.param == "sqlite" else MemoryJournal(ids=SeededIds(1))
    yield made
    made.close()


def test_rows_come_back_as_they_were_appended(journal: Journal) -> None:
    appended = journal.append([entry(1), entry(2, order_id=None)]) + journal.append([entry(3)])
    assert tuple(journal.rows()) == appended
    assert [row.seq for row in appended] == [1, 2, 3]


def test_a_row_carries_what_its_entry_said(journal: Journal) -> None:
    (row,) = journal.append([entry(5)])
    assert Entry(row.kind, row.time, row.payload, row.order_id) == entry(5)


def test_no_entries_are_no_rows(journal: Journal) -> None:
    assert journal.append([]) == ()
    assert journal.last_seq == 0


def test_rows_after_a_row(journal: Journal) -> None:
    journal.append([entry(n) for n in range(1, 1500)])
    assert [row.seq for row in journal.rows(1497)] == [1498, 1499]
    assert list(journal.rows(5000)) == []


def test_rows_of_one_order(journal: Journal) -> None:
    journal.append([entry(n, order_id=UUID(int=n % 3)) for n in range(1, 1800)])
    assert [row.seq for row in journal.rows(6, order_id=UUID(int=1))] == list(range(7, 1800, 3))
    assert [row.seq for row in journal.rows(order_id=UUID(int=1))] == list(range(1, 1800, 3))


def test_rows_of_some_kinds(journal: Journal) -> None:
    journal.append([entry(1, "HALT"), entry(2, "FILL"), entry(3, "NOTE")])
    assert [row.kind for row in journal.rows(kinds={"HALT", "NOTE"})] == ["HALT", "NOTE"]


def test_a_reading_under_way_sees_what_is_appended_meanwhile(journal: Journal) -> None:
    journal.append([entry(n) for n in range(1, 513)])
    reading = journal.rows()
    next(reading)
    journal.append([entry(513)])
    assert sum(1 for _ in reading) == 512


def test_a_closed_journal_takes_nothing(journal: Journal) -> None:
    journal.close()
    journal.close()
    with pytest.raises(JournalError, match="closed"):
        journal.append([entry(1)])


def test_rows_outlive_their_engine(path: Path) -> None:
    with opened(path) as first:
        rows = first.append([entry(1), entry(2)])
        engine_id = first.engine_id
    with SqliteJournal.open(path, ids=SeededIds(2)) as second:
        assert second.engine_id == engine_id
        assert tuple(second.rows()) == rows
        assert second.append([entry(3)])[0].seq == 3


def test_equal_seeds_and_entries_make_equal_rows_and_meta(tmp_path: Path) -> None:
    def dump(path: Path) -> list[str]:
        with SqliteJournal.open(path, ids=SeededIds(4), clock=SimulatedClock(NOON)) as journal:
            journal.append([entry(1), entry(2)])
        connection = sqlite3.connect(path)
        try:
            return list(connection.iterdump())
        finally:
            connection.close()

    assert dump(tmp_path / "a.db") == dump(tmp_path / "b.db")


def test_every_commit_is_synced_to_the_write_ahead_log(path: Path) -> None:
    with opened(path) as journal:
        pragma = [connection_of(journal).execute(f"PRAGMA {p}").fetchone()[0] for p in ("journal_mode", "synchronous")]
    assert pragma == [b"wal", 2]


def test_a_reader_follows_a_writer(path: Path) -> None:
    with opened(path) as journal, open_for_reading(path) as reader:
        journal.append([entry(1)])
        assert reader.last_seq == 1
        reading = reader.rows()
        next(reading)
        journal.append([entry(n) for n in range(2, 700)])
        assert tuple(reader.rows()) == tuple(journal.rows())


def test_a_reader_opens_what_no_engine_holds(path: Path) -> None:
    with opened(path) as journal:
        rows = journal.append([entry(1)])
    with open_for_reading(path) as reader:
        assert tuple(reader.rows()) == rows
        assert reader.location == str(path)


def test_a_reader_cannot_write(path: Path) -> None:
    opened(path).close()
    with open_for_reading(path) as reader, pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection_of(reader).execute("DELETE FROM meta")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE rows SET payload = '{}' WHERE seq = 1",
        "DELETE FROM rows WHERE seq = 2",
        "INSERT INTO rows VALUES (9, 'K', 't', NULL, '{}', 'c')",
        "INSERT INTO rows (kind, time, payload, chain) VALUES ('K', 't', '{}', 'c')",
        "INSERT OR REPLACE INTO rows VALUES (1, 'K', 't', NULL, '{}', 'c')",
    ],
)
def test_rows_are_append_only_and_gap_free_whoever_writes(path: Path, statement: str) -> None:
    with opened(path) as journal:
        journal.append([entry(1), entry(2)])
        with pytest.raises(sqlite3.IntegrityError):
            connection_of(journal).execute(statement)


def test_a_commit_that_fails_latches_the_journal(path: Path) -> None:
    with opened(path) as journal:
        journal.append([entry(1)])
        connection_of(journal).execute("PRAGMA max_page_count = 1")
        big = Entry("NOTE", NOON, canonical_json("x" * 10_000))
        with pytest.raises(JournalError, match="full"):
            journal.append([entry(2), big])
        connection_of(journal).execute("PRAGMA max_page_count = 1000000")
        with pytest.raises(JournalError, match="failed before"):
            journal.append([entry(2)])
        assert journal.failed
        assert [row.seq for row in journal.rows()] == [1]


def test_a_journal_that_failed_opens_again_with_what_was_durable(path: Path) -> None:
    test_a_commit_that_fails_latches_the_journal(path)
    with opened(path) as journal:
        assert not journal.failed
        assert journal.append([entry(2)])[0].seq == 2


FILE_LIMIT = """
import resource, sys
from datetime import UTC, datetime
from v6core.errors import JournalError
from v6core.identifiers import SeededIds
from v6core.journal import Entry, SqliteJournal
with SqliteJournal.open(sys.argv[1], ids=SeededIds(1)) as journal:
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
    note = Entry("NOTE", datetime(2026, 1, 2, tzinfo=UTC), '"' + "x" * 500 + '"')
    try:
        while True:
            journal.append([note])
    except JournalError:
        print(journal.last_seq, journal.failed)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no file size limits")
def test_a_disk_that_refuses_to_grow_loses_nothing_that_was_acknowledged(path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FILE_LIMIT, path], capture_output=True, text=True, check=True)
    acknowledged, failed = done.stdout.split()
    assert failed == "True"
    with opened(path) as journal:
        assert journal.last_seq >= int(acknowledged) > 0


def test_a_writer_of_another_thread_is_refused_and_harms_nothing(path: Path) -> None:
    raised: list[JournalError] = []

    def intrude() -> None:
        try:
            own.append([entry(1)])
        except JournalError as error:
            raised.append(error)

    with opened(path) as own:
        thread = threading.Thread(target=intrude)
        thread.start()
        thread.join()
        assert "thread" in raised[0].message
        assert own.append([entry(1)])[0].seq == 1


@pytest.mark.parametrize(
    ("kind", "time", "payload", "words"),
    [
        ("", NOON, "{}", "kind must not be empty"),
        ("A\nB", NOON, "{}", "kind must be printable"),
        ("A", datetime(2026, 1, 2), "{}", "aware"),  # noqa: DTZ001 -- the naive time is the point
        ("A", NOON.astimezone(timezone(timedelta(hours=1))), "{}", "in UTC"),
        ("A", NOON, '"é"', "ASCII"),
    ],
)
def test_an_entry_that_could_not_be_read_back_is_refused(kind: str, time: datetime, payload: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Entry(kind, time, payload)


def test_canonical_json_is_one_text_for_equal_data() -> None:
    assert canonical_json({"b": 1, "a": ["é", None]}) == canonical_json({"a": ["é", None], "b": 1})
    assert canonical_json({"b": 1, "a": "é"}) == '{"a":"\\u00e9","b":1}'


def test_canonical_json_refuses_what_is_not_a_number() -> None:
    with pytest.raises(ValueError, match="Out of range"):
        canonical_json(float("nan"))
