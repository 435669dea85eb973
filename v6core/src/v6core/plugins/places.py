"""Where in a plugin's own files something went wrong: an author needs the line, not ours that called it."""

from __future__ import annotations

import traceback
from pathlib import Path
from types import FrameType, ModuleType

from v6core.plugins.attaching import told


def package_of(thing: object) -> str:
    """Return the package at the top that a module, a class, a function or an object comes from."""
    name: object = thing.__name__ if isinstance(thing, ModuleType) else getattr(thing, "__module__", "")
    return name.partition(".")[0] if isinstance(name, str) else ""


def told_at(error: BaseException, *packages: str) -> str:
    """Return what a plugin raised, with the place if it came through these packages' files: ``… at bad.py:7``."""
    place = _place(error, frozenset(packages) - {"", "v6core"})
    return f"{told(error)} at {place}" if place else told(error)


def _place(error: BaseException, packages: frozenset[str]) -> str:
    """Return the innermost line of these packages that an exception came through."""
    frames = list(traceback.walk_tb(error.__traceback__))
    return next((f"{_file(frame)}:{line}" for frame, line in reversed(frames) if _package(frame) in packages), "")


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def _file(frame: FrameType) -> str:
    """Return a file from its package on; a file that is a plugin by itself has none."""
    path, package = Path(frame.f_code.co_filename), _package(frame)
    if package not in path.parts:
        return path.name
    start = len(path.parts) - 1 - path.parts[::-1].index(package)
    return "/".join(path.parts[start:])
