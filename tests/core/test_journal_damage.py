from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from v6core.errors import JournalCorrupt, JournalError
from v6core.identifiers import SeededIds
from v6core.journal import Damage, Entry, MemoryJournal, Row, SqliteJournal, canonical_json, open_for_reading, verify

ROWS = 60


def entries(count: int = ROWS) -> list[Entry]:
    ids = SeededIds(3)
    time = datetime(2026, 1, 2, tzinfo=UTC)
    return [Entry("NOTE", time, canonical_json({"n": n, "text": "x" * 200}), ids.order_id()) for n in range(count)]


def opened(path: Path) -> SqliteJournal:
    return SqliteJournal.open(path, ids=SeededIds(1))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with SqliteJournal.open(tmp_path / "journal.db", ids=SeededIds(1)) as journal:
        journal.append(entries())
        return journal.path


def tamper(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    for trigger in ("rows_never_change", "rows_never_go", "rows_leave_no_gap"):
        connection.execute(f"DROP TRIGGER IF EXISTS {trigger}")
    for statement in statements:
        connection.execute(statement)
    connection.close()


def test_a_whole_journal_is_whole(path: Path) -> None:
    found = verify(path)
    assert found.ok
    assert found.rows == ROWS


def test_an_open_journal_can_be_verified(path: Path) -> None:
    with SqliteJournal.open(path, ids=SeededIds(1)) as journal:
        assert verify(journal).rows == ROWS


def test_a_journal_in_memory_can_be_verified() -> None:
    journal = MemoryJournal(ids=SeededIds(1))
    journal.append(entries())
    assert verify(journal).rows == ROWS


@pytest.mark.parametrize(
    ("statement", "bad", "damage"),
    [
        ("UPDATE rows SET payload = '{}' WHERE seq = 17", 17, Damage.CHAIN),
        ("UPDATE rows SET kind = 'FILL' WHERE seq = 1", 1, Damage.CHAIN),
        ("UPDATE rows SET time = '2026-01-02T00:00:00.000001+00:00' WHERE seq = 60", 60, Damage.CHAIN),
        ("UPDATE rows SET order_id = NULL WHERE seq = 5", 5, Damage.CHAIN),
        ("UPDATE rows SET chain = (SELECT chain FROM rows WHERE seq = 3) WHERE seq = 4", 4, Damage.CHAIN),
        ("UPDATE rows SET payload = CAST(x'ff' AS TEXT) WHERE seq = 8", 8, Damage.UNREADABLE),
        ("UPDATE rows SET time = 'noon' WHERE seq = 9", 9, Damage.UNREADABLE),
        ("UPDATE rows SET order_id = 'me' WHERE seq = 10", 10, Damage.UNREADABLE),
        ("UPDATE rows SET seq = 1000 WHERE seq = 60", 60, Damage.GAP),
        ("DELETE FROM rows WHERE seq = 30", 30, Damage.GAP),
        ("DELETE FROM rows WHERE seq = 1", 1, Damage.GAP),
        ("UPDATE meta SET value = 'aaaaaaaa' WHERE key = 'engine_id'", 1, Damage.CHAIN),
    ],
)
def test_an_edit_is_named_by_its_row(path: Path, statement: str, bad: int, damage: Damage) -> None:
    tamper(path, statement)
    found = verify(path)
    assert (found.first_bad, found.damage, found.rows) == (bad, damage, bad - 1)
    assert f"row {bad}" in (found.problem or "")


def test_a_payload_that_is_no_json_is_named_though_its_chain_holds(tmp_path: Path) -> None:
    with SqliteJournal.open(tmp_path / "journal.db", ids=SeededIds(1)) as journal:
        journal.append([Entry("NOTE", datetime(2026, 1, 2, tzinfo=UTC), "{half")])
        found = verify(journal)
    assert (found.first_bad, found.damage) == (1, Damage.UNREADABLE)


def test_a_damaged_row_is_never_handed_out(path: Path) -> None:
    with open_for_reading(path) as reader:
        order_id = list(reader.rows())[16].order_id
    tamper(path, "UPDATE rows SET payload = '{}' WHERE seq = 17")
    with open_for_reading(path) as reader:
        for reading in (reader.rows(), reader.rows(10), reader.rows(order_id=order_id), reader.rows(kinds={"HALT"})):
            with pytest.raises(JournalCorrupt, match="row 17"):
                list(reading)


def test_an_engine_refuses_a_journal_with_a_damaged_tail(path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    triggers = [sql for (sql,) in connection.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger'")]
    connection.close()
    tamper(path, "UPDATE rows SET payload = '{}' WHERE seq = 59", *triggers)
    with pytest.raises(JournalCorrupt, match="row 59"):
        SqliteJournal.open(path, ids=SeededIds(1))


def test_an_engine_refuses_a_file_damaged_far_from_its_tail(path: Path) -> None:
    with SqliteJournal.open(path, ids=SeededIds(1)) as journal:
        journal.append(entries(3000))
    with path.open("r+b") as file:
        file.seek(20 * 4096)
        file.write(bytes(4096))
    with pytest.raises(JournalCorrupt, match="damaged"):
        SqliteJournal.open(path, ids=SeededIds(1))


@pytest.mark.parametrize("attempt", [opened, open_for_reading])
def test_damage_that_makes_sqlite_speak_gibberish_is_damage(path: Path, attempt: Callable[[Path], object]) -> None:
    path.write_bytes(path.read_bytes().replace(b"tablemetameta", b"tablem\xcetameta"))
    with pytest.raises(JournalCorrupt, match="not a whole v6 journal"):
        attempt(path)


@pytest.mark.parametrize("order_id", [None, UUID(int=3)])
def test_a_chain_that_damage_made_a_number_is_damage(tmp_path: Path, order_id: UUID | None) -> None:
    note = Entry("NOTE", datetime(2026, 1, 2, tzinfo=UTC), "{}", UUID(int=3))
    with opened(tmp_path / "journal.db") as journal:
        journal.append([note, note, note])
    untyped = "CREATE TABLE rows (seq INTEGER PRIMARY KEY, kind, time, order_id, payload, chain)"
    moved = "INSERT INTO rows SELECT seq, kind, time, order_id, payload, iif(seq = 2, 5, chain) FROM typed"
    tamper(tmp_path / "journal.db", "ALTER TABLE rows RENAME TO typed", untyped, moved)
    with open_for_reading(tmp_path / "journal.db") as reader, pytest.raises(JournalCorrupt, match="journal row 3"):
        list(reader.rows(2, order_id=order_id))


def survivors(path: Path) -> list[Row] | None:
    """What an engine would replay; None where it refuses."""
    try:
        with SqliteJournal.open(path, ids=SeededIds(1)) as journal:
            return list(journal.rows())
    except JournalError:
        return None


def copy_to(path: Path, folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    for name in (path.name, path.name + "-wal"):
        if path.with_name(name).exists():
            shutil.copy2(path.with_name(name), folder / name)
    return folder / path.name


def test_a_journal_cut_anywhere_is_refused(path: Path, tmp_path: Path) -> None:
    size = path.stat().st_size
    for cut in [*range(0, size, 997), size - 1]:
        copy = copy_to(path, tmp_path / "copy")
        with copy.open("r+b") as file:
            file.truncate(cut)
        assert survivors(copy) is None, cut


def test_a_log_cut_anywhere_leaves_a_prefix(tmp_path: Path) -> None:
    with SqliteJournal.open(tmp_path / "journal.db", ids=SeededIds(1)) as journal:
        rows = [row for entry in entries(12) for row in journal.append([entry])]
        whole = copy_to(journal.path, tmp_path / "whole")
    lengths: set[int] = set()
    size = whole.with_name("journal.db-wal").stat().st_size
    for cut in range(0, size + 1, max(1, size // 60)):
        copy = copy_to(whole, tmp_path / "copy")
        with copy.with_name("journal.db-wal").open("r+b") as file:
            file.truncate(cut)
        found = survivors(copy)
        assert found == rows[: len(found or [])], cut
        lengths.add(len(found or []))
    assert len(lengths) > 6  # the cuts did bite


def test_a_flipped_bit_is_harmless_or_refused(path: Path, tmp_path: Path) -> None:
    with open_for_reading(path) as reader:
        rows = list(reader.rows())
    copies = random.Random(5)
    refused = 0
    for _ in range(120):
        copy = copy_to(path, tmp_path / "copy")
        content = bytearray(copy.read_bytes())
        content[copies.randrange(len(content))] ^= 1 << copies.randrange(8)
        copy.write_bytes(content)
        found = survivors(copy)
        assert found is None or found == rows
        refused += found is None
    assert refused > 30


def test_a_row_moved_from_another_journal_breaks_the_chain(path: Path, tmp_path: Path) -> None:
    with SqliteJournal.open(tmp_path / "other.db", ids=SeededIds(2)) as other:
        (row,) = other.append([Entry("NOTE", datetime(2026, 1, 2, tzinfo=UTC), "{}", UUID(int=1))])
    tamper(path, f"UPDATE rows SET payload = '{{}}', order_id = '{row.order_id}', chain = '{row.chain}' WHERE seq = 1")
    assert verify(path).first_bad == 1
