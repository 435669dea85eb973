"""Time: the clock protocol, the system's clock, clocks and an event loop whose time can jump.

Wall time is for people and for sessions; every duration is a loop's own monotonic time. ``SimulatedLoop`` is an
asyncio event loop that jumps to its next timer instead of waiting for it, so a trading day runs in a second and
runs the same way each time. It uses public parts of asyncio alone: a selector of our own and ``time()``.
"""

from __future__ import annotations

import asyncio
import math
import selectors
import time
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
# asyncio runs a timer once time has passed it; after months of seconds a float's own step is larger than a nanosecond.
_NUDGE = 1e-9


class Clock(Protocol):
    """What time it is."""

    def now(self) -> datetime:
        """Return the wall time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back; only differences mean anything."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the wall time in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return the machine's monotonic seconds."""
        return time.monotonic()


class SimulatedClock:
    """A clock that goes only as far as it is told, or as far as a simulated loop has run.

    >>> clock = SimulatedClock(datetime(2026, 1, 2, 14, 30, tzinfo=UTC))
    >>> clock.advance(60)
    >>> clock.now().minute
    31
    """

    def __init__(self, start: datetime, loop: SimulatedLoop | None = None) -> None:
        if start.tzinfo is None:
            raise ValueError(f"start must be an aware time, not {start.isoformat()}")
        self._start = start.astimezone(UTC)
        self._loop = loop
        self._offset = loop.time() if loop is not None else 0.0
        self._seconds = 0.0

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        if seconds < 0:
            raise ValueError(f"a clock does not go back: {seconds}")
        self._seconds += seconds

    def now(self) -> datetime:
        """Return the simulated wall time in UTC."""
        return self._start + timedelta(microseconds=round(self.monotonic() * 1e6))

    def monotonic(self) -> float:
        """Return the simulated seconds since the start."""
        ran = self._loop.time() - self._offset if self._loop is not None else 0.0
        return ran + self._seconds


class SteppingClock:
    """A clock that goes at the machine's pace from a moment on, and jumps when it is told to.

    >>> clock = SteppingClock(datetime(2026, 12, 1, 15, tzinfo=UTC))
    >>> clock.advance(3600)
    >>> clock.now().hour
    16
    """

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError(f"start must be an aware time, not {start.isoformat()}")
        self._start = start.astimezone(UTC)
        self._began = time.monotonic()
        self._seconds = 0.0

    def advance(self, seconds: float) -> None:
        """Jump forward."""
        if seconds < 0:
            raise ValueError(f"a clock does not go back: {seconds}")
        self._seconds += seconds

    def now(self) -> datetime:
        """Return the wall time in UTC, as it is by this clock."""
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        """Return the seconds since the start, those that were jumped over included."""
        return time.monotonic() - self._began + self._seconds


class _JumpingSelector(selectors.BaseSelector):
    """A selector that, asked to wait, asks its owner to let the time pass instead."""

    def __init__(self, speed: float) -> None:
        self._real = selectors.DefaultSelector()
        self._speed = speed
        self.pass_time: Callable[[float], bool] = lambda _: False

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            return self._real.select(None)
        ready = self._real.select(max(timeout, 0) / self._speed)
        if ready or timeout <= 0:
            return ready
        return [] if self.pass_time(timeout) else self._real.select(None)

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.modify(fileobj, events, data)

    def close(self) -> None:
        self._real.close()

    def get_key(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.get_key(fileobj)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()


class SimulatedLoop(asyncio.SelectorEventLoop):
    """An event loop that never waits for a timer: when nothing is ready, its time jumps to the next one.

    With a ``speed`` it waits for that part of the time: an hour at a speed of 3600 is a second in which something may
    come over a socket. What other programs and the kernel are slow at then takes no time from any deadline.

    While ``frozen``, time stands still until something outside wakes the loop. The blocking engine freezes it
    between calls, so that no simulated hour passes while the caller thinks.
    """

    def __init__(self, speed: float = math.inf) -> None:
        selector = _JumpingSelector(speed)
        self._elapsed = 0.0
        self.frozen = False
        selector.pass_time = self._pass_time
        super().__init__(selector)

    def time(self) -> float:
        """Return the simulated seconds since the loop was made."""
        return self._elapsed

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ARG002 -- asyncio's signature
        """Wait for the executor's threads however long they take: simulated time would be over before they are."""
        await super().shutdown_default_executor()

    def _pass_time(self, seconds: float) -> bool:
        if self.frozen:
            return False
        self._elapsed += seconds + max(_NUDGE, 2 * math.ulp(self._elapsed + seconds))
        return True


def run_simulated(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end on a SimulatedLoop, as ``asyncio.run`` would on a real one."""
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        return runner.run(main)
