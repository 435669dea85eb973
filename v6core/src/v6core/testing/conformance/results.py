"""What came of cases: one result each, and all of a broker's together."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from enum import auto

from v6core import __version__
from v6core.testing.conformance.case import CASES, Case
from v6core.testing.conformance.mishaps import Mishap
from v6core.words import Word

REFUSE = "/refuse"
"""What follows an id where the other side of its gate is meant."""


class Outcome(Word):
    """How a case ended."""

    PASSED = auto()
    """What it asks for is so."""
    REFUSED = auto()
    """The broker does not declare what it is about, and that is refused by type."""
    NOT_DRIVEN = auto()
    """The driver cannot bring about what it needs; nothing is known."""
    KNOWN = auto()
    """It failed, as its author says that it does, and why."""
    FAILED = auto()

    @property
    def is_good(self) -> bool:
        """Whether a broker conforms that has nothing worse."""
        return self is not Outcome.FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of one case: ``about`` is the id that failed, another law's or the refusal's where it was that."""

    case: Case
    outcome: Outcome
    reason: str = ""
    about: str = ""
    at: str = ""
    """The line of the plugin's own files that it came from, where there is one."""
    mishaps: tuple[Mishap, ...] = ()
    """What the plugin raised meanwhile, whatever became of that."""
    detail: str = ""
    """Where it happened, for people to look up."""
    script: str = ""
    """The history that failed, to be replayed, where one was searched for."""

    def __str__(self) -> str:
        return f"{self.about or self.case.id} {self.outcome}{f': {self.reason}' if self.reason else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """Under what results came about: when, with which versions, at whose account, and by which command."""

    time: datetime
    plugin: str
    """The name that the plugin announces, and the distribution that it comes from."""
    api: str
    """The plugin contract that the broker was written for."""
    account: str | None = None
    command: str = ""
    v6core: str = __version__


@dataclass(frozen=True, slots=True, kw_only=True)
class Conformance:
    """All results of one broker; ``asked`` is how many there were to be, where somebody did not wait for the end."""

    name: str
    results: tuple[Result, ...]
    asked: int | None = None
    under: Circumstances | None = None

    @property
    def is_proved(self) -> bool:
        """Whether nothing failed and something was shown: of the whole suite that something passed."""
        shown = (Outcome.PASSED,) if self.is_whole else (Outcome.PASSED, Outcome.REFUSED, Outcome.KNOWN)
        return all(result.outcome.is_good for result in self.results) and any(map(self.count, shown))

    @property
    def is_silent(self) -> bool:
        """Whether none of what was asked for can be brought about, so that nothing is known."""
        return bool(self.results) and self.count(Outcome.NOT_DRIVEN) == len(self.results)

    def count(self, outcome: Outcome) -> int:
        """Return how many cases ended so."""
        return Counter(result.outcome for result in self.results)[outcome]

    @property
    def failed(self) -> frozenset[str]:
        """The ids of what failed."""
        return frozenset(result.about for result in self.results if result.outcome is Outcome.FAILED)

    @property
    def is_whole(self) -> bool:
        """Whether no case was left out."""
        return CASES.keys() <= {result.case.id for result in self.results}

    @property
    def badge(self) -> str:
        """The result in a few words; what is counted is what was asked for."""
        if self.is_silent and not self.is_whole:
            return "v6 in part: nothing of this can be proved here"
        verdict = "does not conform" if not self.is_proved else "conforms" if self.is_whole else "in part"
        failed, refused = self.count(Outcome.FAILED), self.count(Outcome.REFUSED)
        return f"v6 {verdict}: " + ", ".join(
            [
                *([f"{failed} failed"] if failed else []),
                f"{self.count(Outcome.PASSED)} of {self.asked or len(self.results)} proved",
                *([f"{refused} refused as undeclared"] if refused and not self.is_whole else []),
            ]
        )
