"""Where the CPU time of this process goes: the running frames, looked at after every so many µs of CPU."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

EVERY = 0.001


class Samples:
    """How often each part was found at work; ``part_of`` says whose a stack is, its innermost frame first."""

    def __init__(self, part_of: Callable[[Sequence[FrameType]], str]) -> None:
        self._part_of = part_of
        self.parts: Counter[str] = Counter()

    @property
    def total(self) -> int:
        """How often was looked."""
        return self.parts.total()

    def take(self, _: int, frame: FrameType | None) -> None:
        """Look once."""
        stack: list[FrameType] = []
        while frame is not None:
            stack.append(frame)
            frame = frame.f_back
        self.parts[self._part_of(stack)] += 1

    def shares(self) -> list[tuple[str, float]]:
        """Return the parts with their shares, the largest first."""
        return [(part, found / self.total) for part, found in self.parts.most_common()]


@contextmanager
def sampled(part_of: Callable[[Sequence[FrameType]], str]) -> Generator[Samples]:
    """Sample what runs within."""
    samples = Samples(part_of)
    before: Any = signal.signal(signal.SIGPROF, samples.take)
    signal.setitimer(signal.ITIMER_PROF, EVERY, EVERY)
    try:
        yield samples
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
