"""What came of cases: one result each, and all of a broker's together."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import auto

from v6core.testing.conformance.case import CASES, Case
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
    detail: str = ""
    """Where it happened, for people to look up."""
    script: str = ""
    """The history that failed, to be replayed, where one was searched for."""

    def __str__(self) -> str:
        return f"{self.about or self.case.id} {self.outcome}{f': {self.reason}' if self.reason else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conformance:
    """All results of one broker."""

    name: str
    results: tuple[Result, ...]

    @property
    def is_proved(self) -> bool:
        """Whether nothing failed and something passed."""
        return all(result.outcome.is_good for result in self.results) and self.count(Outcome.PASSED) > 0

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
        """The result in a few words."""
        proved, failed = f"{self.count(Outcome.PASSED)} of {len(CASES)} proved", self.count(Outcome.FAILED)
        if not self.is_proved:
            return f"v6 does not conform: {f'{failed} failed, ' if failed else ''}{proved}"
        return f"v6 {'conforms' if self.is_whole else 'in part'}: {proved}"
