"""Looks for a history that breaks something, and makes it as short as it can.

Nothing is random: the same suite plays the same histories at the same broker, so that a failure comes back. More of
them are played with ``V6_EXAMPLES`` in the environment.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from v6core.errors import ConfigurationError
from v6core.testing.conformance.driver import Driver
from v6core.testing.conformance.expecting import Broken

EXAMPLES = "V6_EXAMPLES"
"""The variable that says how many histories are played."""
SHORTENING = 20.0
"""For how many seconds a failing history is made shorter."""
T = TypeVar("T")


class BrokenHistory(Broken):
    """A history broke something; ``script`` is the shortest that was found, as text to replay."""

    def __init__(self, message: str, script: str) -> None:
        super().__init__(message)
        self.script = script
        self.add_note(f"to replay it, keep these lines in a file and run v6 conform NAME --replay FILE:\n{script}")


def examples_of(driver: Driver) -> int:
    """Return how many histories are played at a driver's broker; ConfigurationError where that is no number."""
    asked = os.environ.get(EXAMPLES, "").strip()
    if asked and not (asked.isascii() and asked.isdigit() and int(asked) > 0):
        raise ConfigurationError(f"{EXAMPLES} must be a number above zero, not {asked!r}")
    return int(asked) if asked else driver.examples


def look_for(drawn: st.SearchStrategy[T], tried: Callable[[T], None], script_of: Callable[[T], str], most: int) -> None:
    """Try what is drawn, so many times; BrokenHistory tells the shortest that failed."""
    attempt = _Attempt(tried, script_of)

    @settings(
        max_examples=most,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
        report_multiple_bugs=False,
        print_blob=False,
    )
    @given(drawn)
    def every_one_holds(history: T) -> None:
        attempt(history)

    try:
        every_one_holds()
    except (Exception, _Enough):
        if attempt.shortest is None:
            raise
        script, error = attempt.shortest
        raise BrokenHistory(told_of(error), script) from error


def told_of(error: Exception) -> str:
    """Return a failure in a line; whatever a stranger's broker raises is one."""
    return str(error) if isinstance(error, Broken) else f"{type(error).__name__}: {' '.join(str(error).split())}"


class _Enough(BaseException):
    """The time for making a failing history shorter is over; as no Exception it ends the search at once."""


class _Attempt(Generic[T]):
    """Tries histories, and once one has failed only for so long; a failure that is known is not played again."""

    def __init__(self, tried: Callable[[T], None], script_of: Callable[[T], str]) -> None:
        self._tried = tried
        self._script_of = script_of
        self._failed: dict[T, Exception] = {}
        self._until: float | None = None
        self.shortest: tuple[str, Exception] | None = None

    def __call__(self, history: T) -> None:
        if history in self._failed:
            raise self._failed[history]
        if self._until is not None and time.monotonic() > self._until:
            raise _Enough
        try:
            self._tried(history)
        except Exception as error:
            self._note(history, error)
            raise

    def _note(self, history: T, error: Exception) -> None:
        self._failed[history] = error
        self._until = self._until or time.monotonic() + SHORTENING
        script = self._script_of(history)
        if self.shortest is None or len(script) < len(self.shortest[0]):
            self.shortest = script, error
