"""How a journal on disk reaches SQLite, and how what SQLite and the system raise is told."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Literal, Protocol

from v6core.errors import JournalCorrupt, JournalError
from v6core.journal import files

# Only a stranger's sqlite3 can be in the way; the event loop must not stand still for long.
_BUSY_SECONDS: Final = 1.0
# A checkpoint holds the event loop for as long as it copies. And once the log has come round it is written over, which
# a disk syncs in two thirds of the time that a file takes which grows.
_CHECKPOINT_PAGES: Final = 250
_BROKEN: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_FORMAT})

Mode = Literal["ro", "rw"]


class Cursor(Protocol):
    """What a statement found: rows as tuples, text as bytes."""

    def fetchone(self) -> Any:
        """Return the next row, None where there is none."""
        ...

    def fetchall(self) -> list[Any]:
        """Return the rows that are left."""
        ...

    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """The little of ``sqlite3.Connection`` that a journal needs; no transaction is begun unless it is asked for."""

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> Cursor:
        """Run one statement; raises sqlite3.Error."""
        ...

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> Cursor:
        """Run one statement once for each of the rows; raises sqlite3.Error."""
        ...

    def rollback(self) -> None:
        """End a transaction that is open without a trace."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


class Connect(Protocol):
    """What opens a file that exists already, ``ro`` to read or ``rw`` to write."""

    def __call__(self, path: Path, mode: Mode, /) -> Connection:
        """Return the connection; raises sqlite3.Error."""
        ...


def connect(path: Path, mode: Mode, /) -> Connection:
    """Open a database file through the standard library's SQLite."""
    connection = sqlite3.connect(f"{path.as_uri()}?mode={mode}", uri=True, isolation_level=None, timeout=_BUSY_SECONDS)
    # Damage may have reached any text: decoded one by one, so that the row can be named.
    connection.text_factory = bytes
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    return connection


@contextlib.contextmanager
def failures_of(path: Path, connection: Connection | None = None) -> Generator[None]:
    """Say what SQLite and the system raise as JournalError, and roll the connection's transaction back."""
    try:
        yield
    except (sqlite3.Error, UnicodeError, OverflowError, OSError) as error:
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.rollback()
        raise _journal_error(path, error) from error


def _journal_error(path: Path, error: Exception) -> JournalError:
    code = getattr(error, "sqlite_errorcode", None)
    broken = code is not None and code & 0xFF in _BROKEN  # the low byte is the primary code
    if broken or isinstance(error, UnicodeError):  # raised for a message that quotes damaged text
        return JournalCorrupt(f"{path} is not a whole v6 journal: {error}", hint=files.RESTORE)
    return JournalError(
        f"the journal {path} cannot be used: {error}", hint="see that its disk has space and its folder can be written"
    )
