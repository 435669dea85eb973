"""One engine per journal: a lock on the file beside it, which dies with its process and tells who holds it."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path
from typing import Final
from weakref import WeakSet

from v6core.errors import JournalError, JournalLocked

# lock_holder() takes a shared lock for an instant; an engine that starts in that instant must not be turned away.
_ATTEMPTS: Final = 3
_PAUSE: Final = 0.01

if sys.platform == "win32":
    import msvcrt

    # Locks are mandatory there, so the locked byte lies far behind the process id, which stays readable.
    _FAR = 1 << 30

    def _lock(fd: int, *, shared: bool) -> None:  # noqa: ARG001 -- there is only one kind
        os.lseek(fd, _FAR, os.SEEK_SET)
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)

    def _unlock(fd: int) -> None:
        os.lseek(fd, _FAR, os.SEEK_SET)
        msvcrt.locking(fd, msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _lock(fd: int, *, shared: bool) -> None:
        fcntl.flock(fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)

    def _unlock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_UN)


def lock_path(journal: Path) -> Path:
    """Return the lock file of a journal."""
    return journal.with_name(journal.name + ".lock")


def lock_holder(journal: str | Path) -> int | None:
    """Return the process id of the engine that holds the journal, 0 if it is unknown, None if nobody holds it."""
    try:
        fd = os.open(lock_path(Path(journal).absolute()), os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        _lock(fd, shared=True)
    except OSError:
        return _holder(fd)
    else:
        return None
    finally:
        os.close(fd)


class JournalLock:
    """The lock, held until it is released or the process ends, however it ends."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        _HELD.add(self)

    @classmethod
    def take(cls, journal: Path) -> JournalLock:
        """Take the lock; raises JournalLocked, naming the holder, JournalError where there can be no lock file."""
        path = lock_path(journal)
        try:
            fd = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
        except OSError as error:
            raise JournalError(
                f"cannot open the journal's lock {path}: {error.strerror}",
                hint="give [journal] path a folder that you can write",
            ) from error
        try:
            _lock_or_name(fd, journal)
            os.ftruncate(fd, 0)
            os.lseek(fd, 0, os.SEEK_SET)
            os.write(fd, str(os.getpid()).encode("ascii"))
        except BaseException:
            os.close(fd)
            raise
        return cls(fd)

    def release(self) -> None:
        """Let go; the file stays, because removing it could let two engines in."""
        fd, self._fd = self._fd, -1
        if fd < 0:
            return
        with contextlib.suppress(OSError):
            os.ftruncate(fd, 0)
            _unlock(fd)
        os.close(fd)

    def forget(self) -> None:
        """Close a forked child's copy, which would otherwise keep the lock beyond the engine's end."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


def _lock_or_name(fd: int, journal: Path) -> None:
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            _lock(fd, shared=False)
        except OSError as error:
            if attempt == _ATTEMPTS:
                raise _locked(_holder(fd), journal) from error
            time.sleep(_PAUSE)
        else:
            return


def _locked(holder: int, journal: Path) -> JournalLocked:
    if holder == os.getpid():
        return JournalLocked(
            f"an engine of this very process ({holder}) is still open and holds the journal {journal}",
            hint="close the earlier engine first, or give this one its own [journal] path",
        )
    return JournalLocked(
        f"another engine, process {holder or 'unknown'}, holds the journal {journal}",
        hint="stop that process, or give this engine its own [journal] path",
    )


def _holder(fd: int) -> int:
    os.lseek(fd, 0, os.SEEK_SET)
    text = os.read(fd, 20)
    return int(text) if text.isdigit() else 0


_HELD: WeakSet[JournalLock] = WeakSet()


def _forget_all() -> None:
    for lock in list(_HELD):
        lock.forget()


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_forget_all)
