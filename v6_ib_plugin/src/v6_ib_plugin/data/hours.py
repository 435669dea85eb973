"""When a contract trades, from the hours that TWS tells with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from v6_ib_plugin.terms import IbContractDetails
from v6_ib_plugin.times import zone_named
from v6_ib_plugin.untranslatable import Untranslatable

_SESSION = re.compile(r"(\d{8}):(\d{4})-(\d{8}):(\d{4})")


@dataclass(frozen=True, slots=True)
class Session:
    """From when to when a contract trades, in UTC."""

    opens: datetime
    closes: datetime


@dataclass(frozen=True, slots=True)
class TradingHours:
    """The sessions that TWS tells of in advance, mostly a week's.

    ``regular`` are those without what comes before and after them; ``zone`` is the exchange's own time. Both are empty
    where TWS does not tell, or names a time zone that this machine does not know.
    """

    zone: str = ""
    sessions: tuple[Session, ...] = ()
    regular: tuple[Session, ...] = ()

    @classmethod
    def of(cls, details: IbContractDetails) -> TradingHours:
        """Return the hours in a contract's details; days marked CLOSED and text that is no session are left out."""
        try:
            zone = zone_named(details.time_zone_id)
        except Untranslatable:
            return cls(details.time_zone_id)
        sessions, regular = (tuple(_sessions(text, zone)) for text in (details.trading_hours, details.liquid_hours))
        return cls(details.time_zone_id, sessions, regular)

    def is_open(self, moment: datetime, *, regular: bool = False) -> bool | None:
        """Tell whether the contract trades at a moment; None where the hours told do not reach it."""
        known = self.regular if regular else self.sessions
        if not known or not known[0].opens.date() <= moment.astimezone(UTC).date() <= known[-1].closes.date():
            return None
        return any(session.opens <= moment < session.closes for session in known)


def _sessions(text: str, zone: tzinfo) -> Iterator[Session]:
    for match in map(_SESSION.fullmatch, text.split(";")):
        if match is not None:
            opens, closes = _moment(match[1] + match[2], zone), _moment(match[3] + match[4], zone)
            if opens is not None and closes is not None:
                yield Session(opens, closes)


def _moment(text: str, zone: tzinfo) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y%m%d%H%M").replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
