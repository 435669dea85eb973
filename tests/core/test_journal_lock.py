from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from v6core.errors import JournalError, JournalLocked
from v6core.identifiers import SeededIds
from v6core.journal import Entry, SqliteJournal, lock_holder, verify

NOTE = Entry("NOTE", datetime(2026, 1, 2, tzinfo=UTC), "{}")

ENGINE = """
import sys
from datetime import UTC, datetime
from v6core.identifiers import SeededIds
from v6core.journal import Entry, SqliteJournal
journal = SqliteJournal.open(sys.argv[1], ids=SeededIds(1))
while True:
    rows = journal.append([Entry("NOTE", datetime(2026, 1, 2, tzinfo=UTC), "{}")])
    print(rows[-1].seq, flush=True)
"""

FORKING = """
import os, signal, sys
from datetime import UTC, datetime
from v6core.errors import JournalError
from v6core.identifiers import SeededIds
from v6core.journal import Entry, SqliteJournal
journal = SqliteJournal.open(sys.argv[1], ids=SeededIds(1))
if os.fork() == 0:
    try:
        journal.append([Entry("NOTE", datetime(2026, 1, 2, tzinfo=UTC), "{}")])
        said = "wrote"
    except JournalError:
        said = "refused"
    print(os.getpid(), said, flush=True)
signal.pause()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def opened(path: Path) -> SqliteJournal:
    return SqliteJournal.open(path, ids=SeededIds(1))


def test_a_second_engine_is_refused_by_the_path_and_the_process(path: Path) -> None:
    with opened(path), pytest.raises(JournalLocked) as locked:
        opened(path)
    assert str(path) in locked.value.message
    assert str(os.getpid()) in locked.value.message


def test_a_second_engine_of_the_same_process_is_told_to_close_the_first(path: Path) -> None:
    with opened(path), pytest.raises(JournalLocked, match="this very process") as locked:
        opened(path)
    assert "close the earlier engine" in str(locked.value.hint)


def test_the_lock_goes_with_the_journal(path: Path) -> None:
    opened(path).close()
    opened(path).close()


def test_an_open_that_fails_keeps_no_lock(path: Path) -> None:
    path.write_bytes(b"no journal at all")
    with pytest.raises(JournalError):
        opened(path)
    assert lock_holder(path) is None


def test_anybody_can_ask_who_holds_the_journal(path: Path) -> None:
    assert lock_holder(path) is None
    with opened(path):
        assert lock_holder(path) == os.getpid()
    assert lock_holder(path) is None


def test_a_killed_engine_keeps_no_lock_and_loses_no_acknowledged_row(path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ENGINE, path], stdout=subprocess.PIPE, text=True) as engine:
        assert engine.stdout is not None
        acknowledged = [int(engine.stdout.readline()) for _ in range(20)]
        assert lock_holder(path) == engine.pid
        with pytest.raises(JournalLocked, match=str(engine.pid)):
            opened(path)
        engine.kill()
        acknowledged += [int(line) for line in engine.stdout.read().splitlines()]
    with opened(path) as journal:
        assert journal.last_seq >= acknowledged[-1]
        assert verify(journal).ok


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_neither_writes_nor_keeps_the_lock_of_a_killed_engine(path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", FORKING, path], stdout=subprocess.PIPE, text=True) as engine:
        assert engine.stdout is not None
        child, said = engine.stdout.readline().split()
        try:
            engine.kill()
            engine.wait()
            assert said == "refused"
            opened(path).close()
        finally:
            os.kill(int(child), signal.SIGKILL)


@pytest.mark.skipif(sys.platform == "win32", reason="a locked file cannot be removed there")
def test_two_writers_past_a_removed_lock_never_share_a_sequence_number(path: Path) -> None:
    with opened(path) as first:
        path.with_name("journal.db.lock").unlink()
        with opened(path) as second:
            first.append([NOTE])
            with pytest.raises(JournalError):
                second.append([NOTE])
            assert second.failed
        assert verify(first).rows == 1
