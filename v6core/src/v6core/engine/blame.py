"""Who is at work on a thread at this moment, read off its stack: a plugin's function, a program's, or v6's own.

Going out from the innermost frame, all up to the first of v6's own, or to the callback that the event loop runs, is
what v6 or the loop called; of that the outermost that is not the standard library is whose it is.
"""

from __future__ import annotations

import asyncio
import sys
import sysconfig
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path
from types import FrameType

import v6core
from v6core.engine.boundary import Boundary
from v6core.identifiers import plainly
from v6core.plugins.attaching import Hook

_OURS = str(Path(v6core.__file__).parent)
_STANDARD = tuple(sysconfig.get_path(name) for name in ("stdlib", "platstdlib"))
_SITE = tuple(sysconfig.get_path(name) for name in ("purelib", "platlib"))
_LOOP = str(Path(asyncio.__file__).parent)


def who_is_at_work(thread: int) -> str:
    """Return who a thread is busy with, in one line: ``observer slow (v6-slow 1.0) in watch at slow.py:12``."""
    # Python's own way to another thread's stack, which the library's faulthandler only prints.
    frame = sys._current_frames().get(thread)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    if frame is None:
        return "a thread that is gone"
    try:
        return plainly(_told(frame))
    finally:
        del frame


def _told(innermost: FrameType) -> str:
    called, caller = _called(innermost)
    whose = next((frame for frame in reversed(called) if not _is_standard(frame)), None)
    if whose is None:
        return f"v6core itself, {_place(caller or innermost)}"
    inner = "" if whose is called[0] else f", there {_place(called[0])}"
    return f"{_calling(caller)}{_owner(whose)}{_place(whose)}{inner}"


def _called(innermost: FrameType) -> tuple[list[FrameType], FrameType | None]:
    """Return the frames that v6 or the loop called, innermost first, and the frame of v6's that called them."""
    called: list[FrameType] = []
    for frame in _outwards(innermost):
        if _is_ours(frame):
            return called, frame
        if _runs_callbacks(frame):
            break
        called.append(frame)
    return called, None


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _is_ours(frame: FrameType) -> bool:
    return frame.f_code.co_filename.startswith(_OURS)


def _is_standard(frame: FrameType) -> bool:
    name = frame.f_code.co_filename
    return name.startswith("<") or (name.startswith(_STANDARD) and not name.startswith(_SITE))


def _runs_callbacks(frame: FrameType) -> bool:
    return frame.f_code.co_filename.startswith(_LOOP) and frame.f_code.co_name in {"_run", "_run_once"}


def _calling(caller: FrameType | None) -> str:
    """Return the name under which v6 knows what it called: an extension's, or the broker's."""
    match caller.f_locals.get("self") if caller is not None else None:
        case Hook(plugin=name):
            return f"extension {name}, "
        case Boundary(name=name):
            return f"broker {name}, "
        case _:
            return ""


def _owner(frame: FrameType) -> str:
    top = str(frame.f_globals.get("__name__", "")).partition(".")[0]
    names = _distributions().get(top, [])
    return f"{names[0]} {metadata.version(names[0])}, " if names else ""


@cache
def _distributions() -> dict[str, list[str]]:
    return {top: list(names) for top, names in metadata.packages_distributions().items()}


def _place(frame: FrameType) -> str:
    return f"in {frame.f_code.co_qualname} at {frame.f_code.co_filename}:{frame.f_lineno}"
