"""What a plugin raised in the course of a case, and where in its own files.

An order path that fails leaves a doubt, and a task that dies leaves silence: by the case's own words nobody would find
the line at fault. So whatever comes out of the broker's methods, its tasks and its callbacks, and whatever it logs with
an exception, is kept beside the result.
"""

from __future__ import annotations

import sysconfig
import traceback
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import v6core
from v6core.errors import V6Error
from v6core.plugins.attaching import told
from v6core.plugins.places import package_of
from v6core.testing.conformance.driver import Driver

_OURS = str(Path(v6core.__file__).parent)
_STANDARD = tuple(sysconfig.get_path(name) for name in ("stdlib", "platstdlib"))
_INSTALLED = frozenset({"site-packages", "dist-packages"})


@dataclass(frozen=True, slots=True)
class Mishap:
    """One of them, in a sentence without its place; ``at`` is the innermost line of the plugin's own that led to it."""

    what: str
    at: str = ""

    def __str__(self) -> str:
        return f"{self.what} at {self.at}" if self.at else self.what


class Mishaps:
    """Those of one case, each once, at the plugin of a driver."""

    def __init__(self, driver: Driver | None) -> None:
        of_plugin = () if driver is None else (type(driver), driver.spec.create, driver.spec.settings)
        self._packages = frozenset(map(package_of, of_plugin))
        self._told: dict[Mishap, None] = {}
        # The exceptions are kept, so that no other can have the identity of one.
        self._seen: dict[int, BaseException] = {}

    @property
    def told(self) -> tuple[Mishap, ...]:
        """What has been noted, in the order in which it was."""
        return tuple(self._told)

    def forget(self) -> None:
        """Begin anew, as for another world."""
        self._told, self._seen = {}, {}

    def recall(self, mishaps: tuple[Mishap, ...]) -> None:
        """Tell these alone."""
        self._told = dict.fromkeys(mishaps)

    def add(self, mishap: Mishap) -> None:
        """Note what needs no exception."""
        self._told[mishap] = None

    def note(self, error: BaseException, how: str, *, method: str = "") -> None:
        """Note what was raised, unless it is v6's own or the end of a call that was given up.

        ``how`` is the beginning of the sentence. What is raised outside of a ``method`` counts where the plugin's own
        files had a part in it.
        """
        raised = next((one for one in _chain(error) if not isinstance(one, V6Error)), None)
        if not isinstance(raised, Exception) or id(raised) in self._seen:
            return
        if raised is not error and (not method or isinstance(raised, OSError)):
            return  # what the plugin has told by its right name: a lost connection, or a refusal to a task of its own
        at = self.place_of(error)
        if not (at or method):
            return
        self._seen[id(raised)] = raised
        in_words = "" if raised is error else f", and told it as {type(error).__name__}"
        self.add(Mishap(f"{how} {told(raised)}{'' if at else f' in {method}'}{in_words}", at))

    def place_of(self, error: BaseException) -> str:
        """Return the innermost line of the plugin's own files that an exception, or what led to it, came through."""
        places = (self._place(one) for one in _chain(error))
        return next((place for place in places if place), "")

    def _place(self, error: BaseException) -> str:
        own = [(frame, line) for frame, line in traceback.walk_tb(error.__traceback__) if self._is_own(frame)]
        if not own:
            return ""
        frame, line = own[-1]
        return f"{frame.f_code.co_filename}:{line} in {frame.f_code.co_name}"

    def _is_own(self, frame: FrameType) -> bool:
        file = frame.f_code.co_filename
        if file.startswith(("<", _OURS)):
            return False
        if not _INSTALLED.isdisjoint(Path(file).parts):
            return str(frame.f_globals.get("__name__", "")).partition(".")[0] in self._packages
        return not file.startswith(_STANDARD)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception, and those that led to it."""
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)


_CURRENT: ContextVar[Mishaps] = ContextVar("_CURRENT")


@contextmanager
def noting(driver: Driver) -> Generator[Mishaps]:
    """Note what happens in all worlds that are opened meanwhile, however many a search opens."""
    mishaps = Mishaps(driver)
    token = _CURRENT.set(mishaps)
    try:
        yield mishaps
    finally:
        _CURRENT.reset(token)


def of_this_case() -> Mishaps:
    """Return where to note what happens; somewhere for nobody, where no case is run."""
    return _CURRENT.get(None) or Mishaps(None)
