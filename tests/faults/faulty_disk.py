"""A disk that fails at exactly the n-th write, sync or truncation that SQLite asks of it.

It is a VFS of apsw's own SQLite over the real one. What was written and not synced is remembered by file, so that a
crash can lose any part of it. ``FaultyDisk.connect`` is what ``SqliteJournal.open`` takes as its ``connect``.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, Self

import apsw

from v6core.journal.connection import Mode

_NUMBERS = count(1)
# Small enough that a short piece of work has checkpoints in its middle.
_CHECKPOINT_PAGES = 8


class FaultMode(StrEnum):
    """How a point fails."""

    IO_ERROR = "EIO"
    """It is refused with an input/output error, once."""
    NO_SPACE = "ENOSPC"
    """It is refused for want of space, once; a write leaves half of what it was to write."""
    TORN = "torn"
    """A part of the write arrives, and the machine stops; what was written before is there."""
    LOST = "lost"
    """The machine stops; of what was not synced some arrived, some did not, some in part."""
    FORGETS = "forgets"
    """The process ends; what a sync was to bring never arrives, though it can be read until the power fails."""


_ENDS_THE_PROCESS = frozenset({FaultMode.TORN, FaultMode.LOST, FaultMode.FORGETS})


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong, and at which point, counted from 1."""

    mode: FaultMode
    point: int


@dataclass(frozen=True, slots=True)
class Change:
    """A write at an offset or, without data, a truncation to it."""

    offset: int
    data: bytes | None

    def apply(self, content: bytearray) -> None:
        """Do it to a file's content."""
        if self.data is None:
            del content[self.offset :]
            return
        content.extend(bytes(max(0, self.offset - len(content))))
        content[self.offset : self.offset + len(self.data)] = self.data

    def torn(self, dice: Random) -> Change:
        """Return what arrives of it in part."""
        return self if self.data is None else Change(self.offset, self.data[: dice.randrange(len(self.data))])


@dataclass(slots=True)
class _File:
    """What is on the platter, and what is on its way there."""

    durable: bytearray
    pending: list[Change] = field(default_factory=list[Change])

    def sync(self) -> None:
        for change in self.pending:
            change.apply(self.durable)
        self.pending.clear()

    def after_a_crash(self, dice: Random) -> bytes:
        for change in self.pending:
            fate = dice.randrange(3)
            if fate:
                (change if fate == 1 else change.torn(dice)).apply(self.durable)
        return bytes(self.durable)


class FaultyDisk:
    """Counts the points of what is done on it; with a fault, fails at one. Use it as a context, once."""

    def __init__(self, fault: Fault | None = None) -> None:
        self.fault = fault
        self.points = 0
        self.stopped = False
        self._files: dict[int, _File] = {}
        self._dice = Random(f"{fault}")
        self._name = f"faulty-{next(_NUMBERS)}"
        self._vfs: _Vfs | None = None

    def __enter__(self) -> Self:
        self._vfs = _Vfs(self._name, self)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._vfs is not None
        self._vfs.unregister()
        self._vfs = None

    def connect(self, path: Path, mode: Mode, /) -> FaultyConnection:
        """Open a database that is on this disk."""
        flags = apsw.SQLITE_OPEN_READONLY if mode == "ro" else apsw.SQLITE_OPEN_READWRITE
        with _as_sqlite3():
            return FaultyConnection(apsw.Connection(str(path), flags=flags, vfs=self._name))

    def begin_another_process(self) -> None:
        """Go on after the end of the process that the fault ended."""
        self.stopped = False

    def cut_the_power(self) -> None:
        """Stop the machine."""
        self.stopped = True

    def start_again(self, folder: Path) -> None:
        """Bring the files of a machine that stopped to what was on its disk then."""
        if not self.stopped or self.fault is None or self.fault.mode is FaultMode.TORN:
            return
        for path in folder.iterdir():
            file = self._files.get(path.stat().st_ino)
            if file is not None:
                path.write_bytes(file.after_a_crash(self._dice))

    def opened(self, path: Path) -> _File:
        """Return what is remembered of a file, by its inode: a draft keeps it when it takes its name."""
        return self._files.setdefault(path.stat().st_ino, _File(bytearray(path.read_bytes())))

    def deleted(self, path: Path) -> None:
        """Forget a file."""
        if path.exists():
            self._files.pop(path.stat().st_ino, None)

    def check_running(self, code: int) -> None:
        """Raise where the process has ended: nothing that it asks for happens any more."""
        if self.stopped:
            raise apsw.exception_for(code)

    def fails_here(self, code: int) -> FaultMode | None:
        """Count a point; return how it fails where it is the one. Raises where the process has ended."""
        self.check_running(code)
        self.points += 1
        if self.fault is None or self.points != self.fault.point:
            return None
        self.stopped = self.fault.mode in _ENDS_THE_PROCESS
        return self.fault.mode

    @property
    def dice(self) -> Random:
        """Chance, the same for the same fault."""
        return self._dice


class _Vfs(apsw.VFS):
    def __init__(self, name: str, disk: FaultyDisk) -> None:
        super().__init__(name, "")
        self._disk = disk

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        return _VfsFile(name, flags, self._disk)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        self._disk.check_running(apsw.SQLITE_IOERR_DELETE)
        self._disk.deleted(Path(filename))
        super().xDelete(filename, syncdir)


class _VfsFile(apsw.VFSFile):
    def __init__(self, name: str | apsw.URIFilename | None, flags: list[int], disk: FaultyDisk) -> None:
        super().__init__("", name, flags)
        self._disk = disk
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._file = _File(bytearray()) if path is None else disk.opened(Path(path))

    def xWrite(self, data: bytes, offset: int) -> None:
        mode = self._disk.fails_here(apsw.SQLITE_IOERR_WRITE)
        change = Change(offset, bytes(data))
        if mode is FaultMode.TORN:
            self._carry_out(change.torn(self._disk.dice))
        elif mode is FaultMode.NO_SPACE:
            self._carry_out(Change(offset, bytes(data)[: len(data) // 2]))
            raise apsw.exception_for(apsw.SQLITE_FULL)
        elif mode is None:
            self._carry_out(change)
        if mode is FaultMode.LOST:
            self._file.pending.append(change)
        if mode is not None:
            raise apsw.exception_for(apsw.SQLITE_IOERR_WRITE)

    def xTruncate(self, newsize: int) -> None:
        if self._disk.fails_here(apsw.SQLITE_IOERR_TRUNCATE) is not None:
            raise apsw.exception_for(apsw.SQLITE_IOERR_TRUNCATE)
        super().xTruncate(newsize)
        self._file.pending.append(Change(newsize, None))

    def xSync(self, flags: int) -> None:
        mode = self._disk.fails_here(apsw.SQLITE_IOERR_FSYNC)
        if mode is FaultMode.FORGETS:
            self._file.pending.clear()
        if mode is not None:
            raise apsw.exception_for(apsw.SQLITE_IOERR_FSYNC)
        super().xSync(flags)
        self._file.sync()

    def _carry_out(self, change: Change) -> None:
        if change.data:
            super().xWrite(change.data, change.offset)  # pyright: ignore[reportUnknownMemberType]  # a buffer's type
            self._file.pending.append(change)


class FoundRows:
    """What a statement found, fetched at once, so that a failure shows where the statement is."""

    def __init__(self, rows: Iterable[tuple[Any, ...]]) -> None:
        self._rows = iter(list(rows))

    def fetchone(self) -> Any:
        """Return the next row, None where there is none."""
        return next(self._rows, None)

    def fetchall(self) -> list[Any]:
        """Return the rows that are left."""
        return list(self._rows)

    def __iter__(self) -> Iterator[Any]:
        return self._rows


class FaultyConnection:
    """An apsw connection that looks like the standard library's, as far as a journal uses it."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection: Any = connection  # its stubs leave out what a buffer is before Python 3.12
        self._connection.set_row_trace(_texts_as_bytes)
        self.execute("PRAGMA trusted_schema = OFF")
        self.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> FoundRows:
        """Run one statement."""
        with _as_sqlite3():
            return FoundRows(self._connection.execute(sql, tuple(parameters)).fetchall())

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> FoundRows:
        """Run one statement once for each of the rows."""
        with _as_sqlite3():
            return FoundRows(self._connection.executemany(sql, [tuple(row) for row in parameters]).fetchall())

    def rollback(self) -> None:
        """End a transaction that is open without a trace."""
        if self._connection.in_transaction:
            self.execute("ROLLBACK")

    def close(self) -> None:
        """Let go of the file; what fails then SQLite keeps to itself."""
        with contextlib.suppress(apsw.Error):
            self._connection.close()


def _texts_as_bytes(_: object, row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(value.encode() if isinstance(value, str) else value for value in row)


@contextlib.contextmanager
def _as_sqlite3() -> Generator[None]:
    try:
        yield
    except apsw.Error as error:
        told = sqlite3.OperationalError(str(error))
        told.sqlite_errorcode = getattr(error, "result", apsw.SQLITE_ERROR)
        raise told from error
