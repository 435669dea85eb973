"""A check: orders go out within hours of the day alone, unless they only reduce a position."""

from __future__ import annotations

import os
from datetime import datetime, time
from typing import Self
from zoneinfo import ZoneInfo

from v6core import hookimpl
from v6core.risk import CheckContext, Denial

NEW_YORK = ZoneInfo("America/New_York")
USUAL = "09:45-15:45"


class TradingHours:
    """Hours of the day in New York: from the minute of ``opens`` on, until the minute of ``closes``."""

    def __init__(self, opens: time, closes: time) -> None:
        if opens >= closes:
            raise ValueError(f"trading hours must open before they close, not {opens:%H:%M}-{closes:%H:%M}")
        self.opens = opens
        self.closes = closes

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the hours that a text like ``09:45-15:45`` names; ValueError for any other."""
        try:
            opens, closes = (datetime.strptime(part.strip(), "%H:%M").time() for part in text.split("-"))  # noqa: DTZ007 -- a time of day
        except ValueError:
            raise ValueError(f"TRADING_HOURS must be like {USUAL}, not {text!r}") from None
        return cls(opens, closes)

    @hookimpl
    def v6_check_order(self, context: CheckContext) -> Denial | None:
        """Deny what would enlarge a position outside the hours. A hook takes those arguments that it needs."""
        now = context.now.astimezone(NEW_YORK).time()
        if context.reducing or self.opens <= now < self.closes:
            return None
        hours = f"{self.opens:%H:%M} to {self.closes:%H:%M}"
        return Denial("OUTSIDE_TRADING_HOURS", f"it is {now:%H:%M} in New York, and orders go out from {hours}")


extension = TradingHours.parse(os.environ.get("TRADING_HOURS", USUAL))
