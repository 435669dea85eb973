"""Bars made of quotes.

A simulated market shows bids and offers, and trades only where a client's own order fills. So a bar of TRADES is made
of last prices where the quotes have any, and of midpoints with no volume where they have none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import auto

from v6_ib_plugin.gateway.market.hours import told
from v6_ib_plugin.gateway.market.refusals import invalid
from v6_ib_plugin.gateway.wire.messages import Bar
from v6core.money import ZERO
from v6core.quotes import Quote
from v6core.sessions import NEW_YORK, Session, last_session, session_on, trading_day
from v6core.words import Word

NO_TRADES = Decimal(-1)
"""What TWS says of volumes where a bar is not one of trades."""
_PLACES = Decimal("0.00000001")
_SECONDS = {"sec": 1, "min": 60, "hour": 3600}
_SIZE = re.compile(r"(\d+) ?(sec|min|hour|day|week|month|W|M)s?")
_DURATION = re.compile(r"(\d+) ?([SDWMY])")
_SIZES = {
    "sec": {1, 5, 10, 15, 30},
    "min": {1, 2, 3, 5, 10, 15, 20, 30},
    "hour": {1, 2, 3, 4, 8},
    "day": {1},
    "week": {1},
    "month": {1},
}


class Show(Word):
    """What bars are made of."""

    TRADES = auto()
    MIDPOINT = auto()
    BID = auto()
    ASK = auto()
    BID_ASK = auto()


def shown(text: str) -> Show:
    """Return what a client wants to see; Refused with 321 for what no quote can show, as volatilities."""
    try:
        return Show("TRADES" if text.upper() == "AGGTRADES" else text)
    except ValueError:
        raise invalid(f"what-to-show {text!r} is not kept; there are {', '.join(Show)}") from None


@dataclass(frozen=True, slots=True)
class BarSize:
    """How long a bar is: so many seconds, or a day, a week or a month."""

    seconds: int
    unit: str

    def start(self, moment: datetime) -> datetime:
        """Return when the bar began that a moment belongs to: by the clock of New York, not before the opening."""
        local = moment.astimezone(NEW_YORK)
        midnight = datetime.combine(local.date(), time(), NEW_YORK)
        match self.unit:
            case "day":
                return midnight
            case "week":
                return datetime.combine(local.date() - timedelta(days=local.weekday()), time(), NEW_YORK)
            case "month":
                return datetime.combine(local.date().replace(day=1), time(), NEW_YORK)
            case _:
                passed = int((moment - midnight.astimezone(UTC)).total_seconds())
                start = midnight.astimezone(UTC) + timedelta(seconds=passed - passed % self.seconds)
                session = _session(local.date())
                return max(start, session.open) if session is not None and moment in session else start

    def tell(self, start: datetime, format_date: int) -> str:
        """Return a bar's date as it was asked for: text (1) or epoch seconds (2); of days and longer, the day."""
        if self.unit in {"day", "week", "month"}:
            return f"{start.astimezone(NEW_YORK):%Y%m%d}"
        return told(start) if format_date == 1 else str(int(start.timestamp()))


def bar_size(text: str) -> BarSize:
    """Return a bar's size from ``5 mins``; Refused with 321 for one that TWS does not make."""
    found = _SIZE.fullmatch(text.strip())
    unit = "" if found is None else {"W": "week", "M": "month"}.get(found[2], found[2])
    if found is None or int(found[1]) not in _SIZES[unit]:
        raise invalid(f"Historical data bar size setting is invalid: {text!r}. Legal ones are 1 secs to 1 month")
    return BarSize(int(found[1]) * _SECONDS.get(unit, 0), unit)


def began(end: datetime, duration: str) -> datetime:
    """Return when a duration began that ends at a moment; a day is a trading day. Refused with 321 for none."""
    found = _DURATION.fullmatch(duration.strip().upper())
    if found is None or not 0 < int(found[1]) <= 100_000:
        raise invalid(f"Historical data query duration is invalid: {duration!r}. It is like 1 D, 3600 S, 2 W")
    count = int(found[1])
    try:
        match found[2]:
            case "S":
                return end - timedelta(seconds=count)
            case "D":
                return _sessions_back(end, count)
            case unit:
                return end - timedelta(days=count * {"W": 7, "M": 31, "Y": 366}[unit])
    except (ValueError, OverflowError):
        return datetime(1970, 1, 1, tzinfo=UTC)


def _sessions_back(end: datetime, count: int) -> datetime:
    day = trading_day(end)
    for _ in range(count - 1):
        day = last_session(day).day - timedelta(days=1)
    return datetime.combine(last_session(day).day, time(), NEW_YORK).astimezone(UTC)


def _session(day: date) -> Session | None:
    try:
        return session_on(day)
    except ValueError:
        return None


def is_regular(moment: datetime) -> bool:
    """Tell whether a moment lies in the regular session of its day, the close included."""
    session = _session(trading_day(moment))
    return session is not None and session.open <= moment <= session.close


_Prices = Callable[[Quote], tuple[Decimal, Decimal] | None]


def _trade(quote: Quote) -> tuple[Decimal, Decimal] | None:
    price = quote.mid if quote.last is None else quote.last
    return None if price is None else (price, price)


def _mid(quote: Quote) -> tuple[Decimal, Decimal] | None:
    return None if quote.mid is None else (quote.mid, quote.mid)


def _bid(quote: Quote) -> tuple[Decimal, Decimal] | None:
    return None if quote.bid is None else (quote.bid, quote.bid)


def _ask(quote: Quote) -> tuple[Decimal, Decimal] | None:
    return None if quote.ask is None else (quote.ask, quote.ask)


def _both(quote: Quote) -> tuple[Decimal, Decimal] | None:
    return None if quote.bid is None or quote.ask is None else (quote.bid, quote.ask)


_PRICES: dict[Show, _Prices] = {
    Show.TRADES: _trade,
    Show.MIDPOINT: _mid,
    Show.BID: _bid,
    Show.ASK: _ask,
    Show.BID_ASK: _both,
}
"""The lower and the higher price that a quote shows; they differ for BID_ASK alone."""


@dataclass(slots=True)
class Candle:
    """A bar that began at ``start``, as it grows; of BID_ASK, open and close are the mean bid and the mean ask."""

    start: datetime
    show: Show
    open: Decimal = ZERO
    high: Decimal = ZERO
    low: Decimal = ZERO
    close: Decimal = ZERO
    sums: tuple[Decimal, Decimal] = (ZERO, ZERO)
    samples: int = 0

    def add(self, quote: Quote) -> bool:
        """Take a quote in, and tell whether it showed what the bar is made of."""
        prices = _PRICES[self.show](quote)
        if prices is None:
            return False
        low, high = prices
        self.low, self.high = (min(self.low, low), max(self.high, high)) if self.samples else (low, high)
        self.samples += 1
        self.sums = self.sums[0] + low, self.sums[1] + high
        if self.show is Show.BID_ASK:
            self.open, self.close = (_rounded(total / self.samples) for total in self.sums)
        else:
            self.open, self.close = (self.open if self.samples > 1 else low), low
        return True

    @property
    def mean(self) -> Decimal:
        """The mean price."""
        return _rounded(sum(self.sums, ZERO) / 2 / self.samples) if self.samples else self.close

    def bar(self, date_text: str) -> Bar:
        """Return the bar as TWS tells it; without trades of its own there is no volume."""
        trades = self.show is Show.TRADES
        return Bar(
            date=date_text,
            open=self.open,
            high=self.high,
            low=self.low,
            close=self.close,
            volume=ZERO if trades else NO_TRADES,
            wap=self.mean if trades else NO_TRADES,
            count=0 if trades else -1,
        )

    def following(self, start: datetime) -> Candle:
        """Return the bar after this one: flat at its close, until a quote comes."""
        last = self.close
        return Candle(start, self.show, last, last, last, last)


def candles(quotes: Iterable[Quote], size: BarSize, show: Show) -> Iterator[Candle]:
    """Yield the bars of quotes that are in order of time; where there was no quote there is no bar."""
    candle: Candle | None = None
    for quote in quotes:
        start = size.start(quote.time)
        if candle is None or candle.start != start:
            if candle is not None and candle.samples:
                yield candle
            candle = Candle(start, show)
        candle.add(quote)
    if candle is not None and candle.samples:
        yield candle


def _rounded(number: Decimal) -> Decimal:
    return number.quantize(_PLACES).normalize() + ZERO
