"""Log lines that repeat: the first few are let through, and then one that says how many were left out.

A broker, a check or an observer that fails a thousand times a second must not fill the disk with the same sentence.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

MOST: Final = 10
SECONDS: Final = 60.0
_MOST_SENTENCES: Final = 1000


@dataclass(slots=True)
class _Count:
    since: float
    let_through: int = 0
    left_out: int = 0


class Repeats(logging.Filter):
    """Lets ``most`` lines of one sentence through in so many seconds; a sentence is a message before its arguments."""

    def __init__(self, most: int = MOST, seconds: float = SECONDS) -> None:
        super().__init__()
        self._most = most
        self._seconds = seconds
        self._counts: OrderedDict[tuple[str, int, str], _Count] = OrderedDict()

    def forget(self) -> None:
        """Begin anew: what fails in another run is another matter."""
        self._counts.clear()

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a line is let through; the first after others were left out says how many."""
        count = self._count_of((record.name, record.levelno, str(record.msg)), record.created)
        if count.let_through >= self._most:
            count.left_out += 1
            return False
        count.let_through += 1
        if count.left_out:
            record.msg = f"{record.msg} ({count.left_out} lines like this one were left out)"
            count.left_out = 0
        return True

    def _count_of(self, key: tuple[str, int, str], now: float) -> _Count:
        count = self._counts.get(key)
        if count is None:
            if len(self._counts) >= _MOST_SENTENCES:
                self._counts.popitem(last=False)
            count = self._counts[key] = _Count(now)
        elif not 0 <= now - count.since < self._seconds:
            count.since, count.let_through = now, 0
        return count
