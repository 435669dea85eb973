"""The trading sessions of US stocks and their options: 09:30 to 16:00 in New York, to 13:00 on half days.

The table below holds the days on which the New York Stock Exchange did not open and those on which it closed early.
``scripts/make_sessions.py`` writes it from the calendar XNYS of exchange_calendars, and checks it. Years to come are
the exchange's rules and what it has announced; a day of mourning is known only afterwards. A day outside the table
raises ValueError: a guessed session would fill orders on a holiday or expire them a day early.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
_OPEN, _CLOSE, _EARLY_CLOSE = time(9, 30), time(16), time(13)

# The weekdays of each year without a session, then those with half a one, as mmdd.
_TABLE = """
2010: 0101 0118 0215 0402 0531 0705 0906 1125 1224 : 1126
2011: 0117 0221 0422 0530 0704 0905 1124 1226 : 1125
2012: 0102 0116 0220 0406 0528 0704 0903 1029 1030 1122 1225 : 0703 1123 1224
2013: 0101 0121 0218 0329 0527 0704 0902 1128 1225 : 0703 1129 1224
2014: 0101 0120 0217 0418 0526 0704 0901 1127 1225 : 0703 1128 1224
2015: 0101 0119 0216 0403 0525 0703 0907 1126 1225 : 1127 1224
2016: 0101 0118 0215 0325 0530 0704 0905 1124 1226 : 1125
2017: 0102 0116 0220 0414 0529 0704 0904 1123 1225 : 0703 1124
2018: 0101 0115 0219 0330 0528 0704 0903 1122 1205 1225 : 0703 1123 1224
2019: 0101 0121 0218 0419 0527 0704 0902 1128 1225 : 0703 1129 1224
2020: 0101 0120 0217 0410 0525 0703 0907 1126 1225 : 1127 1224
2021: 0101 0118 0215 0402 0531 0705 0906 1125 1224 : 1126
2022: 0117 0221 0415 0530 0620 0704 0905 1124 1226 : 1125
2023: 0102 0116 0220 0407 0529 0619 0704 0904 1123 1225 : 0703 1124
2024: 0101 0115 0219 0329 0527 0619 0704 0902 1128 1225 : 0703 1129 1224
2025: 0101 0109 0120 0217 0418 0526 0619 0704 0901 1127 1225 : 0703 1128 1224
2026: 0101 0119 0216 0403 0525 0619 0703 0907 1126 1225 : 1127 1224
2027: 0101 0118 0215 0326 0531 0618 0705 0906 1125 1224 : 1126
2028: 0117 0221 0414 0529 0619 0704 0904 1123 1225 : 0703 1124
2029: 0101 0115 0219 0330 0528 0619 0704 0903 1122 1225 : 0703 1123 1224
2030: 0101 0121 0218 0419 0527 0619 0704 0902 1128 1225 : 0703 1129 1224
2031: 0101 0120 0217 0411 0526 0619 0704 0901 1127 1225 : 0703 1128 1224
2032: 0101 0119 0216 0326 0531 0618 0705 0906 1125 1224 : 1126
"""


def _days(column: int) -> frozenset[date]:
    rows = [line.split(":") for line in _TABLE.strip().splitlines()]
    return frozenset(date(int(row[0]), int(day[:2]), int(day[2:])) for row in rows for day in row[column].split())


HOLIDAYS = _days(1)
"""The weekdays without a session."""
HALF_DAYS = _days(2)
"""The days that close at 13:00 in New York."""
FIRST_DAY = date(min(HOLIDAYS).year, 1, 1)
"""The first day that the table knows."""
LAST_DAY = date(max(HOLIDAYS).year, 12, 31)
"""The last day that the table knows."""


@dataclass(frozen=True, slots=True)
class Session:
    """One day's trading: the day in New York, its open and its close in UTC."""

    day: date
    open: datetime
    close: datetime

    def __contains__(self, moment: datetime) -> bool:
        """Tell whether trading goes on at a moment; at the close it does not."""
        return self.open <= moment < self.close


def trading_day(moment: datetime) -> date:
    """Return the date in New York, whether or not there is a session; ValueError for a time without a zone."""
    if moment.tzinfo is None:
        raise ValueError(f"a moment must be an aware time, not {moment.isoformat()}")
    return moment.astimezone(NEW_YORK).date()


@lru_cache(maxsize=4096)
def session_on(day: date) -> Session | None:
    """Return the session of a day, or None where there is none; ValueError outside the table.

    >>> session_on(date(2015, 12, 24)).close.isoformat()
    '2015-12-24T18:00:00+00:00'
    """
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"trading sessions are known from {FIRST_DAY} to {LAST_DAY}, not for {day}")
    if day.weekday() >= 5 or day in HOLIDAYS:
        return None
    close = _EARLY_CLOSE if day in HALF_DAYS else _CLOSE
    return Session(day, _in_utc(day, _OPEN), _in_utc(day, close))


def _in_utc(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, NEW_YORK).astimezone(UTC)


def session_at(moment: datetime) -> Session | None:
    """Return the session that is open at a moment, or None while the market is closed."""
    session = session_on(trading_day(moment))
    return session if session is not None and moment in session else None


def is_open(moment: datetime) -> bool:
    """Tell whether the regular session is open; at the open it is, at the close it is not."""
    return session_at(moment) is not None


def sessions(first: date, last: date | None = None) -> Iterator[Session]:
    """Yield the sessions from a day to a day, both included; ValueError once the table ends, unless ``last`` is met."""
    day = first
    while last is None or day <= last:
        if (session := session_on(day)) is not None:
            yield session
        day += timedelta(days=1)


def next_session(after: datetime) -> Session:
    """Return the first session that opens later than a moment."""
    return next(session for session in sessions(trading_day(after)) if session.open > after)


def last_session(on_or_before: date) -> Session:
    """Return the session of a day, else the nearest one before it: where a Friday's options expire in Easter week."""
    day = on_or_before
    while (session := session_on(day)) is None:
        day -= timedelta(days=1)
    return session
