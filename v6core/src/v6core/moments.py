"""Moments in time, kept in UTC."""

from __future__ import annotations

from datetime import UTC, datetime


def in_utc(moment: datetime) -> datetime:
    """Return an aware moment in UTC; ValueError at the ends of the calendar, where UTC has no year for it."""
    if moment.tzinfo is UTC:
        return moment
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{moment.isoformat()} is not a moment that can be told in UTC") from None
