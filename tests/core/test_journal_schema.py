from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from v6core.errors import JournalCorrupt, JournalError
from v6core.identifiers import SeededIds
from v6core.journal import Entry, SqliteJournal, open_for_reading, schema, verify
from v6core.journal.connection import Connection

NOTE = Entry("NOTE", datetime(2026, 1, 2, tzinfo=UTC), "{}")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with SqliteJournal.open(tmp_path / "journal.db", ids=SeededIds(1)) as journal:
        journal.append([NOTE])
        return journal.path


@pytest.fixture
def raw(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path, isolation_level=None)
    yield connection
    connection.close()


def set_version(raw: sqlite3.Connection, text: str) -> None:
    raw.execute("UPDATE meta SET value = ? WHERE key = 'schema'", (text,))


def opened(path: Path) -> SqliteJournal:
    return SqliteJournal.open(path, ids=SeededIds(1))


def plant_version_0(raw: sqlite3.Connection) -> None:
    """A version that knew no trigger against gaps."""
    raw.execute("DROP TRIGGER rows_leave_no_gap")
    set_version(raw, "0")


def add_trigger(connection: Connection) -> None:
    connection.execute(
        """CREATE TRIGGER rows_leave_no_gap BEFORE INSERT ON rows
WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM rows)
BEGIN SELECT RAISE(ABORT, 'a row must follow the last one'); END"""
    )


@pytest.mark.parametrize("attempt", [opened, open_for_reading])
def test_a_newer_version_is_refused_by_its_number(path: Path, raw: sqlite3.Connection, attempt: object) -> None:
    set_version(raw, "7")
    with pytest.raises(JournalError, match="schema version 7, this v6 knows versions up to 1") as refused:
        (opened if attempt is opened else open_for_reading)(path)
    assert not isinstance(refused.value, JournalCorrupt)


def test_a_version_that_is_no_number_is_corrupt(path: Path, raw: sqlite3.Connection) -> None:
    set_version(raw, "one")
    with pytest.raises(JournalCorrupt, match="'one'"):
        opened(path)


def test_an_older_version_is_migrated(path: Path, raw: sqlite3.Connection) -> None:
    plant_version_0(raw)
    schema.migrate(raw, {0: add_trigger})
    assert verify(path).ok
    opened(path).close()


def test_a_migration_that_fails_leaves_no_trace(path: Path, raw: sqlite3.Connection) -> None:
    def half(connection: Connection) -> None:
        connection.execute("CREATE TABLE half (x)")
        raise RuntimeError("power")

    plant_version_0(raw)
    with pytest.raises(RuntimeError):
        schema.migrate(raw, {0: half})
    assert schema.read_version(raw) == 0
    assert raw.execute("SELECT count(*) FROM sqlite_master WHERE name = 'half'").fetchone() == (0,)


def test_an_older_version_without_a_migration_is_refused(path: Path, raw: sqlite3.Connection) -> None:
    plant_version_0(raw)
    with pytest.raises(JournalError, match="schema version 0"):
        opened(path)


def test_a_reader_leaves_the_migration_to_an_engine(path: Path, raw: sqlite3.Connection) -> None:
    plant_version_0(raw)
    with pytest.raises(JournalError, match="older"):
        open_for_reading(path)


@pytest.mark.parametrize("part", ["TRIGGER rows_never_change", "TRIGGER rows_leave_no_gap"])
def test_a_part_that_is_missing_is_named(path: Path, raw: sqlite3.Connection, part: str) -> None:
    raw.execute(f"DROP {part}")
    with pytest.raises(JournalCorrupt, match=part.split()[1]):
        opened(path)
    assert part.split()[1] in (verify(path).problem or "")


def test_another_programs_database_is_no_journal(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE t (x)")
    other.close()
    with pytest.raises(JournalCorrupt, match=r"other\.db"):
        opened(tmp_path / "other.db")
