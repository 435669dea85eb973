"""The price of an underlying through its sessions: geometric Brownian motion with busy mornings and evenings.

Each session has two normal draws of its own, the gap since the last close and the return from open to close, so the
price of any day costs a draw or two for each session before it. Within the day the logarithm of the price is a
Brownian bridge between open and close, which makes the whole path a geometric Brownian motion (P. Glasserman, "Monte
Carlo Methods in Financial Engineering", section 3.1). Its variance runs through the day as a U, as R. Wood, T. McInish
and J. Ord found it (Journal of Finance 40, 1985): at the time u from 0 to 1 with the density 0.6 + 1.2·(2u - 1)².

Every draw comes from a generator seeded with the text of seed, name and day, so it is the same whenever it is made.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise
from math import exp, sqrt
from random import Random

from v6core.sessions import Session, next_session, sessions

_SESSIONS_A_YEAR = 252
_OVERNIGHT = 0.2  # the share of a day's variance that falls between close and open
_KEPT_DAYS = 3


def _elapsed_variance(u: float) -> float:
    """Return the share of the session's variance that has passed at the time u from 0 to 1."""
    return 0.6 * u + 0.2 * ((2 * u - 1) ** 3 + 1)


class Sessions:
    """The sessions from a first day on, found by number or by time, and the grid of moments within each."""

    def __init__(self, first: date, step: int) -> None:
        self.step = timedelta(seconds=step)
        self._known: list[Session] = [next(sessions(first))]
        self._opens: list[datetime] = [self._known[0].open]

    def __getitem__(self, number: int) -> Session:
        """Return a session by its number; ValueError past the last that the calendar knows."""
        while len(self._known) <= number:
            self._learn_next()
        return self._known[number]

    def number_at(self, moment: datetime) -> int:
        """Return the number of the last session that opened at or before a moment, or -1 before the first."""
        while self._opens[-1] <= moment:
            self._learn_next()
        return bisect_right(self._opens, moment) - 1

    def _learn_next(self) -> None:
        session = next_session(self._opens[-1])
        self._known.append(session)
        self._opens.append(session.open)

    def steps(self, session: Session) -> int:
        """Return how many steps there are from a session's open to its close."""
        return (session.close - session.open) // self.step


class Path:
    """One underlying's price at each step of each session."""

    def __init__(self, name: str, seed: str, calendar: Sessions, *, base_price: float, volatility: float) -> None:
        self._name, self._seed, self._calendar = name, seed, calendar
        self._base_price = base_price
        self._deviation = volatility / sqrt(_SESSIONS_A_YEAR)
        self._ends: list[tuple[float, float]] = []
        self._days: dict[int, list[float]] = {}

    def open_price(self, number: int) -> float:
        """Return the price at which a session opens."""
        return self._base_price * exp(self._ends_of(number)[0])

    def prices(self, number: int) -> list[float]:
        """Return a session's prices, from its open to its close, a step apart."""
        if number not in self._days:
            if len(self._days) >= _KEPT_DAYS:
                del self._days[next(iter(self._days))]
            self._days[number] = list(self._bridge(number))
        return self._days[number]

    def _random(self, number: int, what: str) -> Random:
        # A text seeds the generator by its SHA-512, alike in every process and version of Python.
        return Random(f"{self._seed}|{self._name}|{self._calendar[number].day}|{what}")  # noqa: S311 -- no secret

    def _ends_of(self, number: int) -> tuple[float, float]:
        """Return the logarithms of a session's first and last price over the base price."""
        while len(self._ends) <= number:
            before = self._ends[-1][1] if self._ends else 0.0
            draw = self._random(len(self._ends), "day")
            gap = self._move(_OVERNIGHT, draw) if self._ends else 0.0
            self._ends.append((before + gap, before + gap + self._move(1 - _OVERNIGHT, draw)))
        return self._ends[number]

    def _move(self, share: float, draw: Random) -> float:
        """Draw a return that leaves the expected price where it is."""
        deviation = self._deviation * sqrt(share)
        return draw.gauss(0, deviation) - deviation**2 / 2

    def _bridge(self, number: int) -> Iterator[float]:
        first, last = self._ends_of(number)
        steps = self._calendar.steps(self._calendar[number])
        clock = [_elapsed_variance(k / steps) for k in range(steps + 1)]
        draw = self._random(number, "steps")
        walk = [0.0]
        for earlier, later in pairwise(clock):
            walk.append(walk[-1] + draw.gauss(0, sqrt(later - earlier)))
        deviation = self._deviation * sqrt(1 - _OVERNIGHT)
        for share, at in zip(clock, walk, strict=True):
            yield self._base_price * exp(first + share * (last - first) + deviation * (at - share * walk[-1]))
