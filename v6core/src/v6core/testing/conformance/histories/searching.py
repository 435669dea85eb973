"""Looks for a history that breaks something, and makes it as short as it can.

Nothing is random: the same suite plays the same histories at the same broker, so that a failure comes back. More of
them are played with ``V6_EXAMPLES`` in the environment.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.configuration import set_hypothesis_home_dir, storage_directory

from v6core.errors import ConfigurationError
from v6core.testing.conformance.driver import Driver
from v6core.testing.conformance.expecting import Broken
from v6core.testing.conformance.histories.player import BrokenStep, told_of
from v6core.testing.conformance.histories.steps import History
from v6core.testing.conformance.mishaps import Mishap, of_this_case

EXAMPLES = "V6_EXAMPLES"
"""The variable that says how many histories are played."""
SHORTENING = 20.0
"""For how many seconds a failing history is made shorter."""


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


@contextlib.contextmanager
def nothing_left_behind() -> Generator[None]:
    """Keep the files of the search out of the working folder."""
    before = storage_directory(intent_to_write=False).home_directory
    with tempfile.TemporaryDirectory(prefix="v6-conform-", ignore_cleanup_errors=True) as folder:
        set_hypothesis_home_dir(folder)
        try:
            yield
        finally:
            set_hypothesis_home_dir(before)


def look_for(
    drawn: st.SearchStrategy[History], tried: Callable[[History], None], script_of: Callable[[History], str], most: int
) -> None:
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
    def every_one_holds(history: History) -> None:
        attempt(history)

    try:
        every_one_holds()
    except (Exception, _Enough):
        if attempt.shortest is None:
            raise
        attempt.shorten()
        shortest = attempt.shortest
        of_this_case().recall(shortest.mishaps)
        raise BrokenHistory(told_of(shortest.error), script_of(shortest.history)) from shortest.error


class _Enough(BaseException):
    """The time for making a failing history shorter is over; as no Exception it ends the search at once."""


@dataclass(frozen=True, slots=True)
class _Failure:
    """A history that failed, of what, and what the plugin raised in it."""

    history: History
    error: Exception
    mishaps: tuple[Mishap, ...]


class _Attempt:
    """Tries histories, and once one has failed only for so long; a failure that is known is not played again."""

    def __init__(self, tried: Callable[[History], None], script_of: Callable[[History], str]) -> None:
        self._tried = tried
        self._script_of = script_of
        self._failed: dict[History, Exception] = {}
        self._until: float | None = None
        self.shortest: _Failure | None = None

    def __call__(self, history: History) -> None:
        if history in self._failed:
            raise self._failed[history]
        if self._is_over():
            raise _Enough
        try:
            self._try(history)
        except Exception as error:
            self._cut(history, error)
            raise

    def _try(self, history: History) -> None:
        of_this_case().forget()
        try:
            self._tried(history)
        except Exception as error:
            self._note(history, error)
            raise

    def _cut(self, history: History, error: Exception) -> None:
        """Try a history that has failed without what came after: it should fail just so, and be the shortest."""
        if not isinstance(error, BrokenStep) or error.number >= len(history):
            return
        cut = history[: error.number]
        if cut not in self._failed and self._is_shorter(cut):
            with contextlib.suppress(Exception):  # it is noted
                self._try(cut)

    def _is_shorter(self, history: History) -> bool:
        return self.shortest is None or len(self._script_of(history)) < len(self._script_of(self.shortest.history))

    def _is_over(self) -> bool:
        return self._until is not None and time.monotonic() > self._until

    def shorten(self) -> None:
        """Leave out each step without which the shortest fails as well, the last first.

        What is drawn hangs together, and is not taken apart by whoever drew it; a history without a step is one.
        """
        number = 0 if self.shortest is None else len(self.shortest.history)
        while number > 0 and self.shortest is not None and not self._is_over():
            number = min(number, len(self.shortest.history)) - 1
            rest = self.shortest.history[:number] + self.shortest.history[number + 1 :]
            if rest and rest not in self._failed:
                with contextlib.suppress(Exception, _Enough):  # it is noted
                    self(rest)

    def _note(self, history: History, error: Exception) -> None:
        self._failed[history] = error
        self._until = self._until or time.monotonic() + SHORTENING
        if self._is_shorter(history):
            self.shortest = _Failure(history, error, of_this_case().told)
