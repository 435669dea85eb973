# /// script
# requires-python = ">=3.11"
# dependencies = ["exchange_calendars"]
# ///
"""Write the table of holidays and half days into v6core.sessions from exchange_calendars' XNYS.

Run it outside the project's environment, for the calendar brings pandas with it:
``uv run --no-project scripts/make_sessions.py``, and with ``--check`` to compare only. To reach further, raise
LAST_YEAR. It refuses a calendar whose hours are not those that v6core.sessions takes as given.
"""

from __future__ import annotations

import importlib
import re
import sys
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

FIRST_YEAR, LAST_YEAR = 2010, 2032
MODULE = Path(__file__).resolve().parent.parent / "v6core" / "src" / "v6core" / "sessions.py"
TABLE = re.compile(r'(?<=_TABLE = """\n).*?(?=""")', re.DOTALL)


def calendar() -> Any:
    """Return the calendar of the New York Stock Exchange over all the years of the table."""
    exchange_calendars = importlib.import_module("exchange_calendars")
    return exchange_calendars.get_calendar("XNYS", start=f"{FIRST_YEAR}-01-01", end=f"{LAST_YEAR}-12-31")


def check_hours(calendar: Any) -> None:
    """Refuse a session that does not run from 09:30 to 16:00, or on a half day to 13:00."""
    half_days = set(calendar.early_closes)
    for session in calendar.sessions:
        hours = tuple(
            moment.tz_convert("America/New_York").time()
            for moment in (calendar.session_open(session), calendar.session_close(session))
        )
        if hours != (time(9, 30), time(13) if session in half_days else time(16)):
            raise SystemExit(f"{session:%Y-%m-%d} trades at {hours}: v6core.sessions has no word for that")


def row(year: int, open_days: set[date], half_days: set[date]) -> str:
    """Return one year's line: its weekdays without a session, then its half days."""
    days = [date(year, 1, 1) + timedelta(days=n) for n in range((date(year + 1, 1, 1) - date(year, 1, 1)).days)]
    closed = " ".join(f"{day:%m%d}" for day in days if day.weekday() < 5 and day not in open_days)
    half = " ".join(f"{day:%m%d}" for day in days if day in half_days)
    return f"{year}: {closed} : {half}\n"


def table(calendar: Any) -> str:
    """Return the table's text."""
    open_days = {session.date() for session in calendar.sessions}
    half_days = {session.date() for session in calendar.early_closes}
    return "".join(row(year, open_days, half_days) for year in range(FIRST_YEAR, LAST_YEAR + 1))


def main() -> None:
    """Write the table, or with ``--check`` tell whether it is what the calendar says."""
    xnys = calendar()
    check_hours(xnys)
    text = MODULE.read_text(encoding="utf-8")
    renewed = TABLE.sub(lambda _: table(xnys), text, count=1)
    if "--check" not in sys.argv[1:]:
        MODULE.write_text(renewed, encoding="utf-8")
    elif renewed != text:
        raise SystemExit(f"{MODULE.name} differs from the calendar: run this script without --check")
    print(f"{len(xnys.sessions)} sessions, {len(xnys.early_closes)} of them half days")


if __name__ == "__main__":
    main()
