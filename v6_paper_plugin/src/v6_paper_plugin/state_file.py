"""The file that keeps an account over restarts: rows of text in SQLite, of which each write changes those that changed.

Whatever was written is in this one file: its rollback journal beside it is empty between two writes, so that a copy of
the file is a copy of the account, and a cut or garbled one is known for what it is.
"""

from __future__ import annotations

import os
import sqlite3
import weakref
from collections.abc import Generator, Iterable
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from zlib import crc32

from v6_paper_plugin.exchange.state import Key, Rows
from v6core.errors import BrokerError

FORMAT = 0x76367061
"""The ``application_id`` of the file: "v6pa"."""
VERSION = 2
"""Its ``user_version``; version 1 was JSON."""
_WAY_OUT = "restore it from a copy, or move it away to begin anew with the configured cash"
_CREATE = (
    "CREATE TABLE state (part TEXT NOT NULL, key NOT NULL, text TEXT NOT NULL, checksum INTEGER NOT NULL,"
    " PRIMARY KEY (part, key)) WITHOUT ROWID"
)
_PUT = "INSERT OR REPLACE INTO state VALUES (?, ?, ?, ?)"
_BROKEN = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT, sqlite3.SQLITE_ERROR})
# Only somebody who looks at the file can be in the way; the event loop must not stand still for long.
_BUSY_SECONDS = 1.0


class StateFile:
    """One state file; only its owner may read it, because it holds what an account holds.

    ``read`` opens it, ``close`` lets it go. Two brokers must not share one: the second to write is refused.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._connection: sqlite3.Connection | None = None
        self._seen = 0
        self._pending: dict[Key, str] = {}

    def read(self) -> dict[Key, str] | None:
        """Return what was written, or None where there is no file; BrokerError for one that cannot be trusted."""
        self.close()
        self._pending.clear()
        with self._failures("read", "STATE_NOT_READ"):
            try:
                size = self.path.stat().st_size
            except FileNotFoundError:
                return None
            if not size:
                raise self._broken("is empty")
            return self._open()

    def write(self, rows: Rows) -> None:
        """Make rows durable, all or none; BrokerError where that cannot be, and the next write makes up for it."""
        self._pending.update(rows)
        with self._failures("written", "STATE_NOT_WRITTEN"):
            if self._connection is None:
                self._make()
            else:
                self._commit(self._connection)
        self._pending.clear()

    def close(self) -> None:
        """Let the file go; a second call does nothing."""
        if self._connection is None:
            return
        with closing(self._connection) as connection, suppress(sqlite3.Error):
            self._connection = None
            connection.execute("PRAGMA journal_mode = DELETE")  # leaves nothing beside the file

    def broken(self, error: Exception) -> BrokerError:
        """Return the error for a state that was read and makes no sense."""
        return self._broken(f"does not fit together: {error!r}")

    def _broken(self, what: str) -> BrokerError:
        return BrokerError(f"state file {self.path} {what}", code="STATE_BROKEN", hint=_WAY_OUT)

    def _open(self) -> dict[Key, str]:
        with ExitStack() as undo:
            connection = undo.enter_context(closing(_connect(self.path)))
            self._check_format(connection)
            connection.execute("PRAGMA journal_mode = PERSIST")
            connection.execute("BEGIN")
            with connection:
                rows = self._checked(connection)
                self._seen = _pragma(connection, "data_version")
            undo.pop_all()
        weakref.finalize(self, connection.close)  # a broker that is dropped without a disconnect lets it go as well
        self._connection = connection
        return rows

    def _check_format(self, connection: sqlite3.Connection) -> None:
        if _pragma(connection, "application_id") != FORMAT:
            raise self._broken("was not written by the paper broker")
        version = _pragma(connection, "user_version")
        if version != VERSION:
            raise BrokerError(
                f"state file {self.path} has version {version}, this v6-paper-plugin reads {VERSION}",
                code="STATE_VERSION",
                hint="use the version that wrote it, or name another file with state = ...",
            )

    def _checked(self, connection: sqlite3.Connection) -> dict[Key, str]:
        problem = _pragma(connection, "quick_check(1)")
        if problem != "ok":
            raise self._broken(f"is damaged: {problem}")
        whole = _pragma(connection, "page_count") * _pragma(connection, "page_size")
        if (size := self.path.stat().st_size) < whole:
            raise self._broken(f"is cut short: it has {size} bytes of {whole}")
        rows: dict[Key, str] = {}
        for part, key, text, checksum in connection.execute("SELECT part, key, text, checksum FROM state"):
            if checksum != _checksum((part, key), text):
                raise self._broken(f"is damaged: {part} {key} is not what was written")
            rows[part, key] = text
        return rows

    def _make(self) -> None:
        """Make the file with what is to be written: beside its place first, so that a crash leaves no half of it."""
        if self.path.exists():
            raise self._taken()
        beside = self.path.with_name(f".{self.path.name}.new")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        for left in (beside, _journal_of(beside), _journal_of(self.path)):
            left.unlink(missing_ok=True)
        os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(_connect(beside)) as connection:
            connection.execute("BEGIN")
            with connection:
                connection.execute(f"PRAGMA application_id = {FORMAT}")
                connection.execute(f"PRAGMA user_version = {VERSION}")
                connection.execute(_CREATE)
                connection.executemany(_PUT, _sealed(self._pending))
        beside.replace(self.path)
        _sync_folder(self.path.parent)
        self._open()

    def _commit(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")
        with connection:
            if _pragma(connection, "data_version") != self._seen:
                raise self._taken()
            connection.executemany(_PUT, _sealed(self._pending))

    def _taken(self) -> BrokerError:
        return BrokerError(
            f"state file {self.path} was written by another broker meanwhile",
            code="STATE_TAKEN",
            hint="give each broker a file of its own with state = ..., and start again",
        )

    @contextmanager
    def _failures(self, what: str, code: str) -> Generator[None]:
        """Say what the system and SQLite raise as BrokerError."""
        try:
            yield
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF in _BROKEN:  # the primary code
                raise self._broken(f"is damaged: {error}") from error
            raise self._unusable(what, code, str(error)) from error
        except OSError as error:
            raise self._unusable(what, code, error.strerror or str(error)) from error

    def _unusable(self, what: str, code: str, why: str) -> BrokerError:
        able = {"read": "it readable", "written": "its folder writable"}[what]
        return BrokerError(
            f"state file {self.path} cannot be {what}: {why}",
            code=code,
            hint=f'make {able}, name another file with state = ..., or keep none with state = "off"',
        )


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=_BUSY_SECONDS, check_same_thread=False
    )
    with ExitStack() as undo:
        undo.callback(connection.close)
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA fullfsync = ON")  # without it macOS leaves a commit in the drive's cache
        undo.pop_all()
    return connection


def _pragma(connection: sqlite3.Connection, name: str) -> Any:
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


def _sealed(rows: Rows) -> Iterable[tuple[str, str | int, str, int]]:
    return [(*key, text, _checksum(key, text)) for key, text in rows.items()]


def _checksum(key: Key, text: str) -> int:
    return crc32(f"{key!r}{text}".encode())


def _journal_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-journal")


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return  # elsewhere a folder cannot be opened, and renaming is durable enough
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
