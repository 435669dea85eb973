from __future__ import annotations

import os
import stat
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from v6core.errors import JournalCorrupt, JournalError
from v6core.identifiers import SeededIds
from v6core.journal import Entry, SqliteJournal, open_for_reading
from v6core.journal.files import filesystem, prepare_folder

NOTE = Entry("NOTE", datetime(2026, 1, 2, tzinfo=UTC), "{}")
NAMES = ["journal.db", "journal.db-wal", "journal.db-shm", "journal.db.head", "journal.db.lock"]
posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
as_root = pytest.mark.skipif(sys.platform != "win32" and os.geteuid() != 0, reason="only root can give a file away")


def opened(path: Path) -> SqliteJournal:
    return SqliteJournal.open(path, ids=SeededIds(1))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@posix
def test_the_files_are_their_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with opened(tmp_path / "v6" / "journal.db") as journal:
            journal.append([NOTE])
            files = {path.name: mode(path) for path in (tmp_path / "v6").iterdir()}
    finally:
        os.umask(before)
    assert mode(tmp_path / "v6") == 0o700
    assert files == dict.fromkeys(
        ["journal.db", "journal.db-wal", "journal.db-shm", "journal.db.head", "journal.db.lock"], 0o600
    )


def test_a_path_with_odd_characters_is_a_path(tmp_path: Path) -> None:
    path = tmp_path / "50% of #1?mode=ro&x é" / "journal.db"
    opened(path).close()
    assert path.is_file()
    open_for_reading(path).close()


@pytest.mark.parametrize("content", [b"", b"hello", b"SQLite format 3\0", b"\0" * 8192])
def test_what_is_no_journal_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(content)
    path.chmod(0o600)
    for attempt in (opened, open_for_reading):
        with pytest.raises(JournalCorrupt, match=r"journal\.db"):
            attempt(path)
    assert path.read_bytes() == content


def test_a_log_is_kept_beside_a_journal_of_one_byte(tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_bytes(b"S")
    (tmp_path / "journal.db-wal").write_bytes(b"rows")
    for attempt in (opened, open_for_reading):
        with pytest.raises(JournalCorrupt, match="not a whole v6 journal: it has 1 bytes"):
            attempt(tmp_path / "journal.db")
    assert (tmp_path / "journal.db-wal").read_bytes() == b"rows"


def test_an_empty_file_is_called_empty(tmp_path: Path) -> None:
    (tmp_path / "journal.db").touch(0o600)
    with pytest.raises(JournalCorrupt, match="is empty"):
        opened(tmp_path / "journal.db")


def test_a_log_without_its_journal_is_no_fresh_start(tmp_path: Path) -> None:
    (tmp_path / "journal.db-wal").write_bytes(b"rows")
    with pytest.raises(JournalCorrupt, match="is gone"):
        opened(tmp_path / "journal.db")


def test_a_draft_that_was_never_finished_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "journal.db.new").write_bytes(b"half")
    with opened(tmp_path / "journal.db") as journal:
        assert journal.last_seq == 0
    assert not (tmp_path / "journal.db.new").exists()


def test_a_reader_makes_no_journal(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="no journal at"):
        open_for_reading(tmp_path / "journal.db")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_below_a_file_cannot_hold_a_journal(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="folder") as refused:
        opened(tmp_path / "file" / "v6" / "journal.db")
    assert refused.value.hint


@posix
@pytest.mark.skipif(sys.platform != "win32" and os.geteuid() == 0, reason="root may write in a read-only folder")
def test_a_read_only_folder_cannot_hold_a_journal(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(JournalError, match="Permission denied"):
            opened(tmp_path / "journal.db")
    finally:
        tmp_path.chmod(0o700)


@posix
@pytest.mark.skipif(sys.platform != "win32" and os.geteuid() == 0, reason="root may write a read-only file")
def test_a_read_only_journal_is_refused_before_the_first_order(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    opened(path).close()
    path.chmod(0o400)
    with pytest.raises(JournalError, match="readonly"):
        opened(path)


@posix
@pytest.mark.parametrize("name", NAMES)
def test_a_symbolic_link_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(JournalError, match="symbolic link"):
        opened(tmp_path / "journal.db")


@posix
@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_others_can_write_is_refused(tmp_path: Path, name: str) -> None:
    opened(tmp_path / "journal.db").close()
    (tmp_path / name).touch(0o600)
    (tmp_path / name).chmod(0o660)
    with pytest.raises(JournalError, match="others"):
        opened(tmp_path / "journal.db")


@posix
@pytest.mark.parametrize("name", NAMES)
def test_a_folder_in_place_of_a_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(JournalError, match="not a regular file"):
        opened(tmp_path / "journal.db")


@posix
@as_root
@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_another_user_is_refused_by_an_engine(tmp_path: Path, name: str) -> None:
    opened(tmp_path / "journal.db").close()
    (tmp_path / name).touch(0o600)
    os.chown(tmp_path / name, 12345, 12345)
    with pytest.raises(JournalError, match="belongs to user 12345"):
        opened(tmp_path / "journal.db")


@posix
@as_root
def test_a_file_of_another_user_can_be_read_by_who_may(tmp_path: Path) -> None:
    opened(tmp_path / "journal.db").close()
    os.chown(tmp_path / "journal.db", 12345, 12345)
    open_for_reading(tmp_path / "journal.db").close()


@posix
def test_a_folder_that_anybody_can_write_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(JournalError, match="anybody"):
        opened(tmp_path / "journal.db")


@posix
@as_root
def test_a_sticky_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    os.chown(tmp_path, 12345, 12345)
    with pytest.raises(JournalError, match="anybody can write"):
        prepare_folder(tmp_path)


@posix
def test_a_sticky_folder_is_taken(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    opened(tmp_path / "journal.db").close()


@posix
def test_a_folder_that_the_owners_group_can_write_is_taken(tmp_path: Path) -> None:
    tmp_path.chmod(0o770)
    prepare_folder(tmp_path)


@posix
@as_root
def test_a_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    os.chown(tmp_path, 12345, 12345)
    with pytest.raises(JournalError, match="belongs to user 12345"):
        prepare_folder(tmp_path)


def test_the_file_system_of_a_folder_is_that_of_the_nearest_mount() -> None:
    mounts = "/dev/a / ext4 rw 0 0\nserver:/x /home nfs4 rw 0 0\n/dev/b /home/me\\040too ext4 rw 0 0\n"
    folders = ["/var/v6", "/home/v6", "/home/me too/v6", "/homely"]
    assert [filesystem(Path(folder), mounts) for folder in folders] == ["ext4", "nfs4", "ext4", "ext4"]
