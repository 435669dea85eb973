"""Who may touch the journal's folder and files, and how they come into being.

Nothing here opens the journal file itself: closing any descriptor of a file drops the POSIX locks that SQLite holds
on it in the same process.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from v6core.errors import JournalCorrupt, JournalError

_ELSEWHERE = "give [journal] path a folder that you own"
_NETWORK = frozenset({"afs", "cifs", "fuse.sshfs", "nfs", "nfs4", "smb3", "smbfs"})
_SMALLEST = 512  # one page; a file of one byte SQLite takes for a new one, and removes the log beside it
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def prepare_folder(folder: Path) -> None:
    """Make the folder, for its owner alone, or refuse one in which somebody else could replace the journal."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
    except OSError as error:
        raise JournalError(f"cannot make the journal's folder {folder}: {error.strerror}", hint=_ELSEWHERE) from error
    if os.name == "posix":
        _refuse_shared(folder, status.st_mode, status.st_uid)
        _refuse_network(folder)


def _refuse_shared(folder: Path, mode: int, owner: int) -> None:
    if mode & stat.S_ISVTX and owner in {0, os.geteuid()}:
        return  # as /tmp is: others may add files there but not replace ours
    if mode & stat.S_IWOTH:
        raise JournalError(f"anybody can write in the journal's folder {folder}", hint=f"chmod o-w, or {_ELSEWHERE}")
    if owner not in {0, os.geteuid()}:
        raise JournalError(
            f"the journal's folder {folder} belongs to user {owner}, who can replace the journal", hint=_ELSEWHERE
        )


def _refuse_network(folder: Path) -> None:
    try:
        mounts = Path("/proc/self/mounts").read_text("utf-8", "replace")
    except OSError:
        return
    kind = filesystem(folder.resolve(), mounts)
    if kind in _NETWORK:
        raise JournalError(
            f"the journal's folder {folder} is on a network file system ({kind}), where SQLite's log is not safe",
            hint="give [journal] path a folder on a local disk",
        )


def filesystem(folder: Path, mounts: str) -> str:
    """Return the type of the file system that holds the folder, by the text of ``/proc/self/mounts``."""
    best, kind = -1, ""
    for line in mounts.splitlines():
        _, point, kind_here, *_ = line.split(" ")
        where = Path(point.replace("\\040", " "))
        if len(where.parts) >= best and folder.is_relative_to(where):  # a later mount covers an earlier one
            best, kind = len(where.parts), kind_here
    return kind


def journal_exists(journal: Path) -> bool:
    """Return whether there is a journal; raises JournalError for files that are not to be trusted.

    Raises JournalCorrupt for an empty file, and for a log or a head whose journal is gone: none is a fresh start.
    """
    for path in _companions(journal):
        _look_at(path)
    status = _look_at(journal)
    if status is None:
        return _refuse_orphan(journal)
    if status.st_size < _SMALLEST:
        what = f"it has {status.st_size} bytes" if status.st_size else "it is empty"
        raise JournalCorrupt(f"{journal} is not a whole v6 journal: {what}", hint=RESTORE)
    return True


RESTORE = "restore a copy of the journal; or, where nothing was ever traded with it, move its files away"


def _companions(journal: Path) -> tuple[Path, ...]:
    return tuple(journal.with_name(journal.name + suffix) for suffix in ("-wal", "-shm", ".head", ".lock"))


def _look_at(path: Path) -> os.stat_result | None:
    """Return a file's status, None where there is none; raises JournalError for one that is not to be trusted."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise JournalError(f"cannot look at {path}: {error.strerror}", hint=_ELSEWHERE) from error
    if stat.S_ISLNK(status.st_mode):
        raise JournalError(f"{path} is a symbolic link", hint="give [journal] path the place itself")
    if not stat.S_ISREG(status.st_mode):
        raise JournalError(f"{path} is not a regular file", hint=_ELSEWHERE)
    if os.name == "posix" and status.st_mode & _WRITABLE_BY_OTHERS:
        raise JournalError(f"others than its owner can write {path}", hint=f"chmod 600 {path}")
    return status


def refuse_foreign(journal: Path) -> None:
    """Raise JournalError where another user owns one of the files: an engine writes only what nobody else can."""
    if os.name != "posix":
        return
    for path in (journal, *_companions(journal)):
        status = _look_at(path)
        if status is not None and status.st_uid not in {0, os.geteuid()}:
            raise JournalError(f"{path} belongs to user {status.st_uid}, who can change it", hint=_ELSEWHERE)


def _refuse_orphan(journal: Path) -> bool:
    log, _, head, _ = _companions(journal)
    if log.exists() and log.stat().st_size:
        raise JournalCorrupt(f"the journal {journal} is gone but its log {log.name} is there", hint=RESTORE)
    if head.exists():
        raise JournalCorrupt(f"the journal {journal} is gone but {head.name} is there", hint=RESTORE)
    return False


def make_draft(journal: Path) -> Path:
    """Make an empty file, for its owner alone, in which a journal is built before it takes its name."""
    draft = journal.with_name(journal.name + ".new")
    for suffix in ("", "-journal", "-wal", "-shm"):  # of a process that died while it built one
        draft.with_name(draft.name + suffix).unlink(missing_ok=True)
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    return draft


def publish(draft: Path, journal: Path) -> None:
    """Give the finished draft its name, durably: a journal is there whole or not at all."""
    draft.rename(journal)
    if os.name == "posix":
        fd = os.open(journal.parent, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
