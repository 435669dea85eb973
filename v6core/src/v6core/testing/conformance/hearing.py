"""What the broker says on its way to the engine: held back, said in another order, said twice.

It stands at the sink that every broker is given, so each case about late, repeated and reordered words runs against
any broker, with that broker's own words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from v6core.broker import ReportSink
from v6core.reports import Report

Arrange = Callable[[list[Report]], Iterable[Report]]
Which = Callable[[Report], bool]


def in_order(reports: list[Report]) -> Iterable[Report]:
    """Return reports as they were said."""
    return reports


def last_first_and_twice(reports: list[Report]) -> Iterable[Report]:
    """Return reports the last first, each of them twice."""
    return [report for report in reversed(reports) for _ in range(2)]


class Hearing:
    """The sink between a broker and its engine; by itself it passes on what is said."""

    def __init__(self, sink: ReportSink) -> None:
        self._sink = sink
        self._holds: Which | None = None
        self._held: list[Report] = []
        self.heard = 0
        """How often the broker has said something."""

    def report(self, report: Report) -> None:
        """Take what the broker says."""
        self.heard += 1
        if self._holds is not None and self._holds(report):
            self._held.append(report)
        else:
            self._sink(report)

    def hold(self, which: Which = lambda _: True) -> None:
        """Hold back, from here on, all reports of which something is true."""
        self._holds = which

    def release(self, arrange: Arrange = in_order) -> None:
        """Say what was held back, and hold nothing back any more."""
        held, self._held, self._holds = self._held, [], None
        for report in arrange(held):
            self._sink(report)
