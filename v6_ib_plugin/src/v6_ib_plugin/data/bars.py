"""Historical bars.

Of bars below a minute TWS takes 60 questions in ten minutes, six in two seconds for one contract, and none twice within
15 seconds; of all bars it takes 50 questions at a time (TWS API, "Historical data limitations"). What can be waited out
in a few seconds is waited out, an answer just given is given again, and the rest is refused here.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import auto

from pydantic import AwareDatetime, BaseModel, ConfigDict

from v6_ib_plugin.data.asking import Remembered, SharedQuestions
from v6_ib_plugin.data.instruments import Instrument, Instruments
from v6_ib_plugin.data.refused import refused
from v6_ib_plugin.numbers import bounded
from v6_ib_plugin.terms import IbBar, IbContract
from v6_ib_plugin.times import moment_of, utc_text, zone_named
from v6_ib_plugin.transport import Answered, Transport
from v6_ib_plugin.untranslatable import Untranslatable, translating
from v6core.contracts import Contract
from v6core.errors import Unavailable
from v6core.money import NotNegative, Number
from v6core.words import Word

BAR_SIZES = (
    *("1 secs", "5 secs", "10 secs", "15 secs", "30 secs", "1 min", "2 mins", "3 mins", "5 mins", "10 mins"),
    *("15 mins", "20 mins", "30 mins", "1 hour", "2 hours", "3 hours", "4 hours", "8 hours"),
    *("1 day", "1 week", "1 month"),
)
"""The sizes of bars that TWS has, as it writes them."""
_DURATION = re.compile(r"[1-9][0-9]{0,5} [SDWMY]")
_DAY_SECONDS = 86_400
_AT_A_TIME = 50
_HINTS = (
    ("no data", "nothing was traded in that time, or the contract is younger: choose another end or what=MIDPOINT"),
    ("permission", "historical data need the same subscription as live data"),
    ("pacing", "ask less often: TWS takes 60 questions in ten minutes"),
)


class WhatToShow(Word):
    """What bars are made of."""

    TRADES = auto()
    MIDPOINT = auto()
    BID = auto()
    ASK = auto()
    BID_ASK = auto()
    """Open and close are the means of bid and ask, low and high the lowest bid and the highest ask."""
    ADJUSTED_LAST = auto()
    """Trades adjusted for splits and dividends; TWS gives them up to the present only."""
    HISTORICAL_VOLATILITY = auto()
    OPTION_IMPLIED_VOLATILITY = auto()


class Bar(BaseModel):
    """One bar: what happened from ``time`` on, for as long as its size says; of a day and longer, from its midnight.

    ``volume``, ``wap`` (the mean price, weighted by volume) and ``count`` (of trades) are None where they have no
    meaning, as for bars of bid and ask.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    time: AwareDatetime
    open: Number
    high: Number
    low: Number
    close: Number
    volume: NotNegative | None = None
    wap: Number | None = None
    count: int | None = None


@dataclass(frozen=True, slots=True)
class _Question:
    contract: IbContract
    until: str
    reach: str
    size: str
    what: WhatToShow
    regular_hours: bool

    @property
    def weight(self) -> int:
        """For how many questions TWS counts it."""
        return 2 if self.what is WhatToShow.BID_ASK else 1


class Bars:
    """Historical bars at TWS."""

    def __init__(self, transport: Transport, instruments: Instruments) -> None:
        self._transport = transport
        self._instruments = instruments
        self._pace = HistoryPace()
        self._at_a_time = asyncio.Semaphore(_AT_A_TIME)
        self._asked: SharedQuestions[_Question, tuple[Bar, ...]] = SharedQuestions()
        self._lately: Remembered[_Question, tuple[float, tuple[Bar, ...]]] = Remembered(32)

    async def bars(
        self,
        contract: Contract,
        *,
        end: datetime | None = None,
        duration: str | timedelta = "1 D",
        size: str = "1 min",
        what: WhatToShow | str = WhatToShow.TRADES,
        regular_hours: bool = True,
    ) -> tuple[Bar, ...]:
        """Return the bars of a contract that end by ``end`` (None: the present), the earliest first.

        ``duration`` is how far back they reach, a timedelta or as TWS writes it: seconds, days, weeks, months and years
        as ``3600 S``, ``5 D``, ``2 W``, ``6 M``, ``1 Y``. ValueError names what of it TWS has not; Unavailable says why
        there are no bars.
        """
        if size not in BAR_SIZES:
            raise ValueError(f"size must be one of {', '.join(BAR_SIZES)}, not {size!r}")
        shown = WhatToShow(what)
        until, reach = _until(end, shown), _duration(duration)
        instrument = await self._instruments.qualify(contract)
        question = _Question(instrument.contract, until, reach, size, shown, regular_hours)
        known = self._lately.get(question)
        if known is not None and asyncio.get_running_loop().time() - known[0] < HistoryPace.SAME:
            return known[1]
        return await self._asked.ask(question, lambda: self._ask(question, instrument))

    async def _ask(self, question: _Question, instrument: Instrument) -> tuple[Bar, ...]:
        if question.size.endswith("secs"):
            await self._pace.turn(question.contract.con_id, weight=question.weight)
        try:
            async with self._at_a_time:
                rows = await self._transport.historical_bars(
                    question.contract,
                    end=question.until,
                    duration=question.reach,
                    bar_size=question.size,
                    what=question.what.value,
                    use_rth=question.regular_hours,
                )
        except Answered as error:
            raise _refusal(instrument, error) from error
        zone = _zone(instrument)
        bars = tuple(bar_of(row, zone) for row in rows)
        self._lately.put(question, (asyncio.get_running_loop().time(), bars))
        return bars


class HistoryPace:
    """When the next question for historical data may be put."""

    SAME = 15.0
    _WINDOWS = ((2.0, 6), (600.0, 60))
    _PATIENCE = 10.0

    def __init__(self) -> None:
        self._asked: deque[tuple[float, int]] = deque(maxlen=120)

    async def turn(self, con_id: int, *, weight: int = 1) -> None:
        """Wait for a turn; Unavailable where it would be too long, with the seconds that it takes."""
        loop = asyncio.get_running_loop()
        while (wait := self.wait(con_id, loop.time())) > 0:
            if wait > self._PATIENCE:
                raise Unavailable(
                    f"TWS takes {self._WINDOWS[1][1]} questions for bars below a minute in ten minutes; "
                    f"the next one in {wait:.0f} s",
                    code="HISTORY_PACE",
                    hint="ask for more at a time: longer durations, larger bars",
                )
            await asyncio.sleep(wait)
        self._asked.extend([(loop.time(), con_id)] * weight)

    def wait(self, con_id: int, now: float) -> float:
        """Return for how many seconds a question for a contract has to wait."""
        (short, few), (long, many) = self._WINDOWS
        same = [asked for asked, of in self._asked if of == con_id]
        every = [asked for asked, _ in self._asked]
        return max(_wait(same, few, short, now), _wait(every, many, long, now))


def _wait(asked: list[float], most: int, window: float, now: float) -> float:
    return 0.0 if len(asked) < most else max(asked[-most] + window - now, 0.0)


def bar_of(row: IbBar, zone: tzinfo) -> Bar:
    """Return a bar in v6's words; ``zone`` is that of the exchange, for days and for times that name none."""
    with translating("a bar"):
        return Bar(
            time=moment_of(row.date, zone, field="date"),
            open=bounded(row.open, "open"),
            high=bounded(row.high, "high"),
            low=bounded(row.low, "low"),
            close=bounded(row.close, "close"),
            volume=bounded(row.volume, "volume") if row.volume >= 0 else None,
            wap=bounded(row.wap, "wap") if row.wap > 0 else None,
            count=row.count if row.count >= 0 else None,
        )


def _until(end: datetime | None, what: WhatToShow) -> str:
    if end is None:
        return ""
    if end.tzinfo is None:
        raise ValueError(f"end must be an aware time, not {end.isoformat()}")
    if what is WhatToShow.ADJUSTED_LAST:
        raise ValueError("ADJUSTED_LAST bars end at the present: leave end out")
    return utc_text(end)


def _duration(duration: str | timedelta) -> str:
    if isinstance(duration, timedelta):
        seconds = int(duration.total_seconds())
        if seconds <= 0:
            raise ValueError(f"duration must be positive, not {duration}")
        return f"{seconds} S" if seconds <= _DAY_SECONDS else f"{-(-seconds // _DAY_SECONDS)} D"
    if not _DURATION.fullmatch(duration):
        raise ValueError(f"duration must be like 3600 S, 5 D, 2 W, 6 M or 1 Y, not {duration!r}")
    return duration


def _zone(instrument: Instrument) -> tzinfo:
    try:
        return zone_named(instrument.hours.zone) if instrument.hours.zone else UTC
    except Untranslatable:
        return UTC


def _refusal(instrument: Instrument, error: Answered) -> Unavailable:
    told = error.answer.text.lower()
    hint = next((hint for word, hint in _HINTS if word in told), None)
    return refused(f"no bars of {instrument.details.contract.key}", error.answer, hint)
