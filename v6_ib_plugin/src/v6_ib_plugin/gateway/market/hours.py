"""Trading hours as TWS writes them, and times on its wire.

Whatever the kind of contract, they are the regular sessions of US stocks (``v6core.sessions``): the hours in which the
simulated brokers trade.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache

from v6_ib_plugin.gateway.market.refusals import invalid
from v6_ib_plugin.times import moment_of, zoned_text
from v6_ib_plugin.untranslatable import Untranslatable
from v6core.sessions import NEW_YORK, session_on

TIME_ZONE = "US/Eastern"
"""The zone of every contract here, in the spelling of TWS."""
_DAYS_TOLD = 6


@lru_cache(maxsize=8)
def hours(first: date) -> str:
    """Return the sessions from a day on, as ``20260601:0930-20260601:1600;20260606:CLOSED``."""
    return ";".join(_hours_of(first + timedelta(days=n)) for n in range(_DAYS_TOLD))


def _hours_of(day: date) -> str:
    try:
        session = session_on(day)
    except ValueError:  # a day that nobody knows the sessions of
        session = None
    if session is None:
        return f"{day:%Y%m%d}:CLOSED"
    opens, closes = (moment.astimezone(NEW_YORK) for moment in (session.open, session.close))
    return f"{opens:%Y%m%d:%H%M}-{closes:%Y%m%d:%H%M}"


def told(moment: datetime) -> str:
    """Return a moment as TWS tells it: ``20260601 09:30:00 US/Eastern``."""
    return zoned_text(moment, TIME_ZONE)


def read(text: str) -> datetime:
    """Return the moment of a client's text, of New York unless it says otherwise; Refused with 321 where it is none."""
    try:
        return moment_of(text, TIME_ZONE)
    except Untranslatable:
        raise invalid(f"{text!r} is no time like 20260601 16:00:00 {TIME_ZONE}") from None
