"""The head beside a journal: what it proves, what it does not, and what it leaves alone."""

from __future__ import annotations

import os
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from v6core.errors import JournalCorrupt, JournalError
from v6core.identifiers import SeededIds
from v6core.journal import Damage, Entry, SqliteJournal, open_for_reading, verify
from v6core.journal.chain import genesis
from v6core.journal.head import Head, head_path, read_head

NOTE = Entry("NOTE", datetime(2026, 1, 2, tzinfo=UTC), "{}")


def opened(path: Path, seed: int = 1) -> SqliteJournal:
    return SqliteJournal.open(path, ids=SeededIds(seed))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal of three rows whose file was put back from a copy of two."""
    place = tmp_path / "journal.db"
    with opened(place) as journal:
        journal.append([NOTE, NOTE])
    shutil.copy2(place, tmp_path / "old")
    with opened(place) as journal:
        journal.append([NOTE])
    (tmp_path / "old").replace(place)
    return place


def test_the_head_tells_of_the_last_row(tmp_path: Path) -> None:
    with opened(tmp_path / "journal.db") as journal:
        assert read_head(journal.path) == Head(0, genesis(journal.engine_id))
        rows = journal.append([NOTE, NOTE])
        assert journal.head() == Head(2, rows[-1].chain)
    assert read_head(journal.path) == Head(2, rows[-1].chain)


def test_a_head_ahead_of_its_journal_refuses_naming_both_and_the_way_out(path: Path) -> None:
    with pytest.raises(JournalCorrupt, match=r"row 3: .* ends at row 2, its head tells of row 3") as refused:
        opened(path)
    hint = refused.value.hint or ""
    assert "restore the newest copy" in hint
    assert "remove journal.db.head" in hint


def test_verify_tells_what_was_lost(path: Path) -> None:
    found = verify(path)
    assert (found.ok, found.rows, found.first_bad, found.damage) == (False, 2, 3, Damage.LOST)


def test_a_reader_still_reads_what_is_left(path: Path) -> None:
    with open_for_reading(path) as reader:
        assert [row.seq for row in reader.rows()] == [1, 2]


def test_without_its_head_the_journal_goes_on_with_what_is_left(path: Path) -> None:
    head_path(path).unlink()
    with opened(path) as journal:
        assert journal.append([NOTE])[0].seq == 3
    assert verify(path).ok


def test_a_head_behind_its_journal_is_what_a_power_cut_leaves(path: Path) -> None:
    head_path(path).unlink()
    with opened(path) as journal:
        early = head_path(path).read_bytes()
        rows = journal.append([NOTE, NOTE])
    head_path(path).write_bytes(early)
    assert verify(path).ok
    with opened(path):
        assert read_head(path) == Head(4, rows[-1].chain)


@pytest.mark.parametrize("content", [b"", b"v6 journal head", b"\xff" * 119, b"v6 journal head 1\n" * 7])
def test_an_unreadable_head_proves_nothing_and_is_written_anew(path: Path, content: bytes) -> None:
    head_path(path).write_bytes(content)
    assert read_head(path) is None
    with opened(path) as journal:
        assert journal.head() == Head(*journal.tail())


def test_a_head_whose_seal_does_not_fit_proves_nothing(path: Path) -> None:
    content = bytearray(head_path(path).read_bytes())
    for at in range(len(content)):
        changed = content.copy()
        changed[at] ^= 1
        head_path(path).write_bytes(changed)
        assert read_head(path) is None, at


def test_a_head_of_another_journal_refuses(path: Path, tmp_path: Path) -> None:
    with opened(tmp_path / "other.db", seed=2) as other:
        other.append([NOTE])
    head_path(tmp_path / "other.db").replace(head_path(path))
    with pytest.raises(JournalCorrupt, match=r"row 1: it is not the row that the head .* tells of"):
        opened(path)
    assert verify(path).damage is Damage.LOST


def test_a_head_without_its_journal_is_no_fresh_start(path: Path) -> None:
    path.unlink()
    for attempt in (opened, open_for_reading):
        with pytest.raises(JournalCorrupt, match=r"is gone but journal\.db\.head is there") as refused:
            attempt(path)
        assert "move its files away" in (refused.value.hint or "")


def test_a_journal_that_is_refused_keeps_its_log(tmp_path: Path) -> None:
    with opened(tmp_path / "journal.db") as journal:
        journal.append([NOTE])
        shutil.copytree(tmp_path, tmp_path / "crashed")
    log = tmp_path / "crashed" / "journal.db-wal"
    content = bytearray(log.read_bytes())
    content[-1] ^= 1
    log.write_bytes(content)
    with pytest.raises(JournalCorrupt, match="is gone"):
        opened(tmp_path / "crashed" / "journal.db")
    assert log.read_bytes() == content
    content[-1] ^= 1
    log.write_bytes(content)
    with opened(tmp_path / "crashed" / "journal.db") as mended:
        assert mended.last_seq == 1


@pytest.mark.skipif(sys.platform == "win32", reason="no other descriptor can be put in its place there")
def test_a_head_that_cannot_be_written_latches_the_journal(tmp_path: Path) -> None:
    with opened(tmp_path / "journal.db") as journal:
        journal.append([NOTE])
        unwritable = os.open(head_path(journal.path), os.O_RDONLY)
        os.dup2(unwritable, journal._head._fd)  # pyright: ignore[reportPrivateUsage] -- a fault of this file alone
        os.close(unwritable)
        with pytest.raises(JournalError):
            journal.append([NOTE])
        assert journal.failed
    with opened(tmp_path / "journal.db") as again:
        assert again.last_seq == 2
