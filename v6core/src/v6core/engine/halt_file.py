"""The file that halts while it exists, made so that it outlives a power cut."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def set_halt_file(path: Path, reason: str) -> None:
    """Make the halt file, durably, and add the reason to it; OSError where it cannot be made.

    That it exists is what halts: where a full disk takes no reason, the empty file does as well.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        with contextlib.suppress(OSError):
            os.write(fd, f"{reason}\n".encode())
        with contextlib.suppress(OSError):
            os.fsync(fd)
    finally:
        os.close(fd)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make the file's name durable; Windows keeps names in its own log."""
    if os.name != "posix":
        return
    with contextlib.suppress(OSError):
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
