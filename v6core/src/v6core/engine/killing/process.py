"""Ending the process of the engine that holds a journal, and no other process."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable
from enum import auto
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from v6core.journal import lock_holder
from v6core.journal.lock import lock_path
from v6core.words import Word

_COURTESY: Final = 2.0
_PATIENCE: Final = 5.0
_STEP: Final = 0.02
# A supervisor may start the engine again: it is ended again, but not for ever.
_ROUNDS: Final = 3


class Ending(Word):
    """What became of the engine's process."""

    NONE = auto()
    """No engine held the journal."""
    TERMINATED = auto()
    """It ended when it was asked to."""
    KILLED = auto()
    """It did not, and was ended."""
    UNKNOWN = auto()
    """Something holds the journal, and it is not known which process."""
    STILL_THERE = auto()
    """It could not be ended."""


class EngineProcess(BaseModel):
    """The process that held the journal, by its id where that is known, and what became of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pid: int | None = None
    ending: Ending = Ending.NONE
    problem: str | None = None

    @property
    def is_gone(self) -> bool:
        """Whether no engine holds the journal any more."""
        return self.ending in {Ending.NONE, Ending.TERMINATED, Ending.KILLED}


def end_process(journal: Path) -> EngineProcess:
    """End the process that holds a journal and return once its lock is free, or what stands in the way.

    It is asked first and ended after 2 s. Only a process that has the lock open is touched: an id in the lock may be
    older than its holder. It blocks for at most some seconds.
    """
    ended = EngineProcess()
    for _ in range(_ROUNDS):
        pid = _named_holder(journal)
        if pid is None:
            return ended
        ended = _end(pid, journal)
        if not ended.is_gone:
            return ended
    pid = _named_holder(journal)
    if pid is None:
        return ended
    return EngineProcess(pid=pid, ending=Ending.STILL_THERE, problem=f"something starts it again: process {pid} by now")


def _named_holder(journal: Path) -> int | None:
    """Return the id of the process that holds the journal, 0 where it does not tell, None where nobody does."""
    try:
        _wait(lambda: lock_holder(journal) != 0, 0.2)  # one that has just taken the lock writes its id a moment later
        return lock_holder(journal)
    except OSError:
        return 0


def _end(pid: int, journal: Path) -> EngineProcess:
    if not pid:
        return _unknown(None, "something holds the journal and does not tell its process id")
    if pid == os.getpid():
        return _unknown(pid, "the engine runs in this very process: stop it, or kill from another process")
    if not _has_open(pid, lock_path(journal)):
        return _unknown(pid, f"the lock names process {pid}, which is not seen to hold it")

    def gone() -> bool:
        return lock_holder(journal) != pid

    try:
        for number, ending, seconds in _signals():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
            if _wait(gone, seconds):
                return EngineProcess(pid=pid, ending=ending)
    except OSError as error:
        return EngineProcess(pid=pid, ending=Ending.STILL_THERE, problem=f"process {pid}: {error.strerror}")
    return EngineProcess(pid=pid, ending=Ending.STILL_THERE, problem=f"process {pid} does not end")


def _signals() -> tuple[tuple[int, Ending, float], ...]:
    """Return what to send in turn, what a process is that ends by it, and for how many seconds to wait."""
    if sys.platform == "win32":
        return ((signal.SIGTERM, Ending.KILLED, _PATIENCE),)  # which Windows makes TerminateProcess of
    return ((signal.SIGTERM, Ending.TERMINATED, _COURTESY), (signal.SIGKILL, Ending.KILLED, _PATIENCE))


def _unknown(pid: int | None, problem: str) -> EngineProcess:
    return EngineProcess(pid=pid, ending=Ending.UNKNOWN, problem=problem)


def _has_open(pid: int, lock: Path) -> bool:
    """Tell whether a process has the lock file open; where the system does not tell, the lock's word is taken."""
    if not Path("/proc/self/fd").is_dir():
        return True
    try:
        return any(_is_same(fd, lock) for fd in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False


def _is_same(fd: Path, lock: Path) -> bool:
    try:
        return fd.samefile(lock)
    except OSError:
        return False


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= end:
            return False
        time.sleep(_STEP)
    return True
