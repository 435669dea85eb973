"""The journal on disk: SQLite with a write-ahead log, synced at each commit; one writer, readers at any time.

Everything is synchronous and belongs to the thread that opened it. Rows are read in pages, so that a slow reader
never holds the log back.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Self
from uuid import UUID

from v6core.clock import Clock, SystemClock
from v6core.errors import JournalCorrupt, JournalError
from v6core.identifiers import IdSource
from v6core.journal import files, schema
from v6core.journal.chain import (
    Damage,
    DamagedRow,
    SealedRow,
    StoredRow,
    follow,
    genesis,
    read_row,
    rows_of,
    sealed,
)
from v6core.journal.connection import Connect, Connection, connect, failures_of
from v6core.journal.entries import Entry, Row
from v6core.journal.head import Head, HeadFile, lost_rows, other_history, read_head
from v6core.journal.lock import JournalLock

_PAGE: Final = 512
_TAIL: Final = 1000

_INSERT = "INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?)"
_ALL = "SELECT seq, kind, time, order_id, payload, chain FROM rows WHERE seq > ? ORDER BY seq LIMIT ?"
_OF_AN_ORDER = (
    "SELECT r.seq, r.kind, r.time, r.order_id, r.payload, r.chain, p.chain"
    " FROM rows r LEFT JOIN rows p ON p.seq = r.seq - 1"
    " WHERE r.order_id = ? AND r.seq > ? ORDER BY r.seq LIMIT ?"
)


class SqliteReader:
    """A journal on disk, read while an engine may be writing it; see ``open_for_reading``."""

    def __init__(self, path: Path, connection: Connection) -> None:
        self.path = path
        self._connection = connection
        with failures_of(path):
            self.engine_id = schema.read_meta(connection, "engine_id")
        self._genesis = genesis(self.engine_id)

    @property
    def location(self) -> str:
        """The path of the journal."""
        return str(self.path)

    @property
    def last_seq(self) -> int:
        """The number of the last row; 0 while there is none."""
        return self._stored_last()

    def _stored_last(self) -> int:
        with failures_of(self.path):
            return int(self._connection.execute("SELECT coalesce(max(seq), 0) FROM rows").fetchone()[0])

    def rows(
        self, after: int = 0, *, order_id: UUID | None = None, kinds: Collection[str] | None = None
    ) -> Iterator[Row]:
        """Yield the rows after ``after``, each checked against its predecessor; JournalCorrupt at the first bad one."""
        found = self._every(after) if order_id is None else self._of_an_order(after, order_id)
        return found if kinds is None else (row for row in found if row.kind in kinds)

    def file_damage(self) -> list[str]:
        """Say what SQLite's own integrity check finds, and which tables or triggers were tampered with."""
        with failures_of(self.path):
            found = [bytes(line).decode("utf-8", "replace") for (line,) in self._connection.execute(_CHECK)]
            parts = [f"{part} is missing or changed" for part in schema.missing_parts(self._connection)]
        return [line for line in found if line != "ok"] + parts

    def head(self) -> Head | None:
        """Return how far the file beside the journal says that it had come; None where that tells nothing.

        Taken before the rows are read, so that a row which is written meanwhile is none that was lost.
        """
        with failures_of(self.path):
            return read_head(self.path)

    def check_head(self, head: Head | None) -> None:
        """Raise DamagedRow where the rows are fewer than the head proves, or others."""
        if head is None:
            return
        last = self._stored_last()
        if head.seq > last:
            raise lost_rows(self.path, head, last)
        if head.chain != self._chain_of(head.seq):
            raise other_history(self.path, head)

    def tail(self) -> tuple[int, str]:
        """Return the number and the chain of the last row, once the last rows are checked; JournalCorrupt if bad."""
        last = self._stored_last()
        after = max(0, last - _TAIL)
        chain = self._chain_of(after)
        for row in self.rows(after):
            chain = row.chain
        return last, chain

    def close(self) -> None:
        """Let go of the journal; a second call does nothing."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _every(self, after: int) -> Iterator[Row]:
        seq = max(after, 0)
        chain = self._chain_of(seq)
        page: list[StoredRow]
        while page := self._page(_ALL, seq, _PAGE):
            for stored in page:
                follow(stored[0], seq + 1)
                row = read_row(stored, chain)
                seq, chain = row.seq, row.chain
                yield row

    def _of_an_order(self, after: int, order_id: UUID) -> Iterator[Row]:
        seq = max(after, 0)
        while page := self._page(_OF_AN_ORDER, str(order_id), seq, _PAGE):
            for seq, kind, time, order, payload, chain, previous in page:
                before = self._genesis if seq == 1 else _text(previous)
                yield read_row((seq, kind, time, order, payload, chain), before)

    def _page(self, query: str, *parameters: object) -> list[Any]:
        with failures_of(self.path):
            return self._connection.execute(query, parameters).fetchall()

    def _chain_of(self, seq: int) -> str:
        if seq == 0:
            return self._genesis
        with failures_of(self.path):
            found = self._connection.execute("SELECT chain FROM rows WHERE seq = ?", (seq,)).fetchone()
        if found is None and seq < self._stored_last():
            raise DamagedRow(seq, Damage.GAP, "it is missing")
        return "" if found is None else _text(found[0])


def _text(value: object) -> str:
    """Return a chain as it is stored; what damage made of it fits no row."""
    return value.decode("ascii", "replace") if isinstance(value, bytes) else ""


class SqliteJournal(SqliteReader):
    """The journal of one engine: made by ``open``, used from the thread that opened it."""

    def __init__(
        self, path: Path, connection: Connection, lock: JournalLock, head: HeadFile, tail: tuple[int, str]
    ) -> None:
        super().__init__(path, connection)
        self._lock = lock
        self._head = head
        self._owner = (os.getpid(), threading.get_ident())
        self._closed = False
        self._failed = False
        self._last_seq, self._chain = tail

    @classmethod
    def open(cls, path: str | Path, *, ids: IdSource, clock: Clock | None = None, connect: Connect = connect) -> Self:
        """Open the journal for writing, or make it where there is none.

        Raises JournalLocked while another engine holds it, JournalCorrupt where what is there is not a whole journal
        (it never starts empty instead) and then leaves it as it is, JournalError for a folder or file that cannot be
        used or is open to others.
        """
        where = Path(path).expanduser().absolute()
        with contextlib.ExitStack() as undo, failures_of(where):
            files.prepare_folder(where.parent)
            files.journal_exists(where)
            files.refuse_foreign(where)
            lock = JournalLock.take(where)
            undo.callback(lock.release)
            if not files.journal_exists(where):
                _make(where, ids, clock or SystemClock(), connect)
            tail = _examine(where, connect)
            connection = connect(where, "rw")
            undo.callback(connection.close)
            _prepare(connection)
            head = HeadFile(where)
            undo.callback(head.close)
            head.write(*tail)
            journal = cls(where, connection, lock, head, tail)
            undo.pop_all()
        return journal

    @property
    def last_seq(self) -> int:
        """The number of the last row; 0 while there is none."""
        return self._last_seq

    @property
    def failed(self) -> bool:
        """Whether an append failed; from then on every append is refused."""
        return self._failed

    def append(self, entries: Sequence[Entry]) -> tuple[Row, ...]:
        """Make the entries durable in one transaction, all or none, and return their rows.

        Raises JournalError. Where the commit itself failed, ``failed`` is True for good: the rows may or may not be
        there, and only opening the journal again tells.
        """
        self._check_usable()
        rows = sealed(entries, self._last_seq, self._chain)
        if rows:
            self._commit(rows)
            self._last_seq, *_, self._chain = rows[-1]
        return rows_of(entries, rows)

    def close(self) -> None:
        """Let go of the journal and its lock; a second call does nothing."""
        self._closed = True
        try:
            super().close()
        finally:
            self._head.close()
            self._lock.release()

    def _check_usable(self) -> None:
        if self._failed:
            raise JournalError(
                f"the journal {self.path} failed before and takes no more entries", hint="start the engine again"
            )
        if self._closed:
            raise JournalError(f"the journal {self.path} is closed")
        if self._owner != (os.getpid(), threading.get_ident()):
            raise JournalError(f"the journal {self.path} belongs to the process and thread that opened it")

    def _commit(self, rows: Sequence[SealedRow]) -> None:
        execute = self._connection.execute
        seq, *_, chain = rows[-1]
        # Until the commit has returned the outcome is open, also for a KeyboardInterrupt in between.
        self._failed = True
        with failures_of(self.path, self._connection):
            execute("BEGIN IMMEDIATE")
            self._connection.executemany(_INSERT, rows)
            execute("COMMIT")
            self._head.write(seq, chain)
        self._failed = False


def open_for_reading(path: str | Path) -> SqliteReader:
    """Open a journal to read it, also while an engine writes it; takes no lock and changes nothing.

    Raises JournalError where there is none or it is newer than this v6, JournalCorrupt where it is not a journal.
    """
    where = Path(path).expanduser().absolute()
    if not files.journal_exists(where):
        raise JournalError(f"there is no journal at {where}", hint="an engine makes it when it first starts")
    with contextlib.ExitStack() as undo, failures_of(where):
        connection = connect(where, "ro")
        undo.callback(connection.close)
        if schema.read_version(connection) < schema.VERSION:
            raise JournalError(f"the journal {where} is of an older v6", hint="start an engine on it once; it migrates")
        reader = SqliteReader(where, connection)
        undo.pop_all()
    return reader


_CHECK = "PRAGMA integrity_check(20)"


def _make(path: Path, ids: IdSource, clock: Clock, connect: Connect) -> None:
    draft = files.make_draft(path)
    with contextlib.closing(connect(draft, "rw")) as connection:
        _make_durable(connection)
        schema.create(connection, ids.engine_id(), clock.now())
        _empty_log(connection)  # what is left in the log would stay behind: the draft alone takes the name
    files.publish(draft, path)


def _examine(path: Path, connect: Connect) -> tuple[int, str]:
    """Refuse what is not a whole journal while it is open to be read alone, and return its tail.

    The last writer that lets go of a journal clears its log away, and what is damaged in it could never be mended.
    """
    with contextlib.closing(connect(path, "ro")) as connection:
        if schema.read_version(connection) == schema.VERSION:
            _refuse_changed(connection)
        _refuse_damaged(connection)
        reader = SqliteReader(path, connection)
        reader.check_head(reader.head())
        return reader.tail()


def _refuse_damaged(connection: Connection) -> None:
    # 1 ms per MB, a tenth of a replay; what it leaves out are indexes, and there are none.
    problem = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if problem != b"ok":
        raise JournalCorrupt(
            f"the file of the journal {schema.place(connection)} is damaged: {problem.decode('utf-8', 'replace')}",
            hint=files.RESTORE,
        )


def _refuse_changed(connection: Connection) -> None:
    missing = schema.missing_parts(connection)
    if missing:
        raise JournalCorrupt(
            f"{missing[0]} is missing or changed in the journal {schema.place(connection)}", hint=files.RESTORE
        )


def _empty_log(connection: Connection) -> None:
    """Bring all that is in the log into the file; raises JournalError where somebody is in the way."""
    if connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
        raise JournalError("the new journal cannot be finished: another program has its file open", hint="try again")


def _make_durable(connection: Connection) -> None:
    if connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] != b"wal":
        raise JournalError("this file system cannot hold a write-ahead log", hint="give [journal] path a local disk")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA fullfsync = ON")  # without it macOS leaves a commit in the drive's cache
    connection.execute("PRAGMA checkpoint_fullfsync = ON")


def _refuse_read_only(connection: Connection) -> None:
    # SQLite opens a file that it may not write for reading alone, where even BEGIN IMMEDIATE succeeds.
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE meta SET value = value WHERE key = 'schema'")
    connection.execute("ROLLBACK")


def _prepare(connection: Connection) -> None:
    _make_durable(connection)
    _refuse_read_only(connection)
    schema.migrate(connection)
    _refuse_changed(connection)
    # What a sync that failed left in memory alone would be read as durable; the file takes it in, synced.
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
