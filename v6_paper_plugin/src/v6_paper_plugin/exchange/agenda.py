"""What is due at which moment beside the quotes: arrivals, requests on their way, expiries, sessions.

Of one moment: a session opens before the quotes of that moment, everything else follows them, and a session closes
last. What was put down first comes first otherwise.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import auto
from typing import Any

from v6core.words import Word


class Due(Word):
    """What is to be done."""

    OPEN = auto()
    """A session opens."""
    FILL = auto()
    """An order that fills by the clock alone fills."""
    ARRIVE = auto()
    """An order reaches the market."""
    CHANGE = auto()
    """A change reaches the market."""
    CANCEL = auto()
    """A cancel reaches the market."""
    EXPIRE = auto()
    """An order's time is over."""
    CLOSE = auto()
    """A session closes."""

    @property
    def phase(self) -> int:
        """Return where it stands within a moment; the quotes stand between 0 and 1."""
        return {Due.OPEN: 0, Due.CLOSE: 2}.get(self, 1)


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """One thing to do, by moment, phase and number."""

    time: datetime
    phase: int
    number: int
    due: Due = field(compare=False)
    ref: str = field(compare=False, default="")
    changes: Mapping[str, Any] | None = field(compare=False, default=None)


class Agenda:
    """Things to do, the soonest first."""

    def __init__(self) -> None:
        self._heap: list[Entry] = []
        self.count = 0

    def put(self, time: datetime, due: Due, ref: str = "", changes: Mapping[str, Any] | None = None) -> None:
        """Put something down for a moment."""
        self.count += 1
        heapq.heappush(self._heap, Entry(time, due.phase, self.count, due, ref, changes))

    def next(self) -> Entry | None:
        """Return the soonest, and leave it there."""
        return self._heap[0] if self._heap else None

    def take(self) -> Entry:
        """Take the soonest off."""
        return heapq.heappop(self._heap)

    def forget(self, ref: str) -> None:
        """Take off what an order that has ended would have done by itself; requests stay, for they are answered."""
        if any(entry.ref == ref for entry in self._heap):
            self._heap = [entry for entry in self._heap if entry.ref != ref or entry.due in {Due.CANCEL, Due.CHANGE}]
            heapq.heapify(self._heap)

    def restore(self, entries: Iterable[Entry], count: int) -> None:
        """Put down what was on an agenda before, and go on counting from there."""
        self._heap = sorted(entries)
        self.count = count

    def __iter__(self) -> Iterator[Entry]:
        return iter(sorted(self._heap))
