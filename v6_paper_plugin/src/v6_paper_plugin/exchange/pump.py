"""Time for an exchange, from an event loop: it sleeps until the next thing is due and has the exchange do it.

On a loop whose time jumps (``v6core.clock.SimulatedLoop``) a whole day passes as fast as it can be worked through;
between two moments the loop runs whatever is ready, so that a program can act on each quote at its time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from v6_paper_plugin.exchange.exchange import Exchange

# Beyond this a timer is set again when it is over: event loops take no timers of decades.
_LONGEST = 86_400.0


class MarketTime:
    """The time of a market: ``speed`` market seconds pass in a second of the loop, from an ``anchor`` on.

    With a ``clock`` it is never behind that clock.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, anchor: datetime, speed: float, clock: Callable[[], datetime] | None
    ) -> None:
        self._loop = loop
        self._anchor = anchor.astimezone(UTC)
        self._began = loop.time()
        self._speed = speed
        self._clock = clock

    def now(self) -> datetime:
        """Return the time at the market."""
        gone = (self._loop.time() - self._began) * self._speed
        moment = self._anchor + timedelta(microseconds=round(gone * 1e6))
        return moment if self._clock is None else max(moment, self._clock())

    def skip(self, seconds: float) -> None:
        """Let market seconds pass at once."""
        self._anchor += timedelta(seconds=seconds)

    def seconds_until(self, moment: datetime) -> float:
        """Return how many seconds of the loop are left until a moment at the market."""
        return max((moment - self.now()).total_seconds() / self._speed, 0.0)


class Pump:
    """Drives one exchange; ``done`` is called after each time it has done something."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, exchange: Exchange, time: MarketTime, done: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._exchange = exchange
        self._time = time
        self._done = done
        self._timer: asyncio.TimerHandle | None = None

    def now(self) -> datetime:
        """Return the time at the exchange."""
        return max(self._time.now(), self._exchange.now)

    def skip(self, seconds: float) -> None:
        """Let market seconds pass at once; what is due by then is done when the exchange catches up."""
        self._time.skip(seconds)

    def catch_up(self) -> None:
        """Have the exchange do what is due by now."""
        self._exchange.advance(self.now())

    def arm(self) -> None:
        """Sleep until the next thing is due; to be called whenever that may have changed."""
        self.stop()
        due = self._exchange.next_time()
        if due is not None:
            seconds = self._time.seconds_until(due)
            self._timer = self._loop.call_later(min(seconds, _LONGEST), self._wake, due if seconds < _LONGEST else None)

    def stop(self) -> None:
        """Sleep for good."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wake(self, due: datetime | None) -> None:
        self._timer = None
        try:
            # Having slept until a moment, it is that moment, whatever a float makes of it.
            self._exchange.advance(max(self.now(), due or self._exchange.now))
            self._done()
        finally:
            self.arm()
