"""Times and days as TWS writes them, read to aware moments in UTC and written back.

TWS writes ``20260102 10:30:00 US/Eastern``, ``20260102-15:30:00`` (UTC, whatever the zone of the host),
``20260102 10:30:00`` in the zone of its own settings, which the text does not tell, ``20260102`` for a day, and seconds
since 1970. A time that two moments have, as when clocks are set back, is the first of them.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from v6_ib_plugin.untranslatable import Untranslatable

# The names of months and zones in a text are ASCII, and so are its digits.
_TIME = re.compile(r"(\d{8})(?:(-)| +)(\d{1,2}):(\d{2})(?::(\d{2}))?(?: +(\S.*))?", re.ASCII)
_DAY = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_EPOCH = re.compile(r"\d{9,11}", re.ASCII)
# Abbreviations that no zone database has; each is one offset, summer or winter being said by the abbreviation itself.
_ABBREVIATIONS = {"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}


class ThisMachine(tzinfo):
    """The time zone of this machine, summer and winter."""

    def utcoffset(self, dt: datetime | None) -> timedelta | None:
        """Return how far it is ahead of UTC at a local time."""
        return None if dt is None else dt.replace(tzinfo=None).astimezone().utcoffset()

    def dst(self, dt: datetime | None) -> timedelta | None:  # noqa: ARG002
        """Return None: how much of it is summer time is not known."""
        return None

    def tzname(self, dt: datetime | None) -> str | None:
        """Return its abbreviation at a local time."""
        return None if dt is None else dt.replace(tzinfo=None).astimezone().tzname()

    def fromutc(self, dt: datetime) -> datetime:
        """Return the local time of a moment."""
        return dt.replace(tzinfo=UTC).astimezone().replace(tzinfo=self)


def zone_named(name: str, field: str = "zone") -> tzinfo:
    """Return the time zone of a name as TWS writes it: ``US/Eastern``, ``America/Los_Angeles``, ``EDT``, ``UTC``."""
    text = name.strip()
    if text in _ABBREVIATIONS:
        return timezone(timedelta(hours=_ABBREVIATIONS[text]), text)
    if text in {"UTC", "GMT", "Z"}:
        return UTC
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        raise Untranslatable(field, name, "no such time zone is known here") from None


@lru_cache(256)
def moment_of(text: str, zone: str | tzinfo | None = None, *, field: str = "time") -> datetime:
    """Return the moment that a text says, in UTC; ``zone`` is that of TWS, for texts that name none.

    A day alone is its midnight in ``zone``. Raises Untranslatable. What comes together bears the same texts.
    """
    told = text.strip()
    if _EPOCH.fullmatch(told):
        return datetime.fromtimestamp(int(told), UTC)
    if found := _TIME.fullmatch(told):
        return _moment(found, zone, field, text)
    if _DAY.fullmatch(told):
        day = day_of(told, field=field)
        return _in_utc(datetime(day.year, day.month, day.day, tzinfo=_zone(zone, field, text)), field, text)
    raise Untranslatable(field, text, "it is no time like 20260102-15:30:00 or 20260102 10:30:00 US/Eastern")


def _moment(found: re.Match[str], zone: str | tzinfo | None, field: str, text: str) -> datetime:
    day, dash, hour, minute, second, name = found.groups()
    if dash and name and name.strip() != "UTC":
        raise Untranslatable(field, text, "a time with a dash is in UTC and names no other zone")
    told = UTC if dash else zone_named(name, field) if name else _zone(zone, field, text)
    on = day_of(day, field=field)
    try:
        local = datetime(on.year, on.month, on.day, int(hour), int(minute), int(second or 0), tzinfo=told)
    except ValueError as error:
        raise Untranslatable(field, text, str(error)) from None
    return _in_utc(local, field, text)


def _zone(zone: str | tzinfo | None, field: str, text: str) -> tzinfo:
    if zone is None:
        raise Untranslatable(field, text, "it names no time zone, and that of TWS is not known")
    return zone_named(zone, field) if isinstance(zone, str) else zone


def _in_utc(moment: datetime, field: str, text: str) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise Untranslatable(field, text, "it has no year in UTC") from None


def day_of(text: str, *, field: str = "day") -> date:
    """Return the day of ``20261218``, or of a text that goes on with a time. Raises Untranslatable."""
    told = text.strip().split(" ", 1)[0].split("-", 1)[0]
    found = _DAY.fullmatch(told)
    if found is None:
        raise Untranslatable(field, text, "it is no day like 20261218")
    try:
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        raise Untranslatable(field, text, "there is no such day") from None


def day_text(day: date) -> str:
    """Return a day as TWS takes it, as in ``20261218``."""
    return f"{day.year:04d}{day.month:02d}{day.day:02d}"


def utc_text(moment: datetime) -> str:
    """Return a moment as TWS takes it in UTC, as in ``20260102-15:30:00``; what is below a second is dropped."""
    told = moment.astimezone(UTC)
    return f"{day_text(told)}-{told:%H:%M:%S}"


def zoned_text(moment: datetime, zone: str) -> str:
    """Return a moment as TWS tells it with its zone, as in ``20260102 10:30:00 US/Eastern``."""
    told = moment.astimezone(zone_named(zone))
    return f"{day_text(told)} {told:%H:%M:%S} {zone}"
