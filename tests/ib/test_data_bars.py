"""Historical bars: asked for in TWS's words, paced, and refused in ours."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from ib.data_tws import GOOG, NOW, Floor, on_floor
from v6_ib_plugin.data.bars import Bar, HistoryPace, WhatToShow
from v6core.errors import Unavailable

MINUTE = (int(NOW.timestamp()), "100", "101.5", "99", "101", "1200", "100.25", 17)
DAY = ("20260105", "100", "101.5", "99", "101", "1200", "100.25", 17)


def answering(at: Floor, *bars: tuple[object, ...]) -> None:
    fields = [field for bar in bars for field in bar]
    at.tws.answers[20] = lambda asked: [(17, asked[1], "", "", len(bars), *fields)]


def asked(*bars: tuple[object, ...], **question: Any) -> tuple[tuple[Bar, ...], list[str]]:
    async def work(at: Floor) -> tuple[tuple[Bar, ...], list[str]]:
        answering(at, *bars)
        return await at.desk.bars.bars(GOOG, **question), at.tws.sent(20)[0]

    return on_floor(work)


def test_a_bar_is_told_with_its_time_in_utc() -> None:
    (bar,), _ = asked(MINUTE)
    assert bar == Bar(
        time=NOW,
        open=Decimal(100),
        high=Decimal("101.5"),
        low=Decimal(99),
        close=Decimal(101),
        volume=Decimal(1200),
        wap=Decimal("100.25"),
        count=17,
    )


def test_a_bar_of_a_day_begins_at_its_midnight_at_the_exchange() -> None:
    (bar,), _ = asked(DAY, size="1 day", duration="1 M")
    assert bar.time == datetime(2026, 1, 5, 5, tzinfo=UTC)


def test_what_has_no_meaning_is_none() -> None:
    (bar,), _ = asked((*MINUTE[:5], -1, -1, -1), what="MIDPOINT")
    assert (bar.volume, bar.wap, bar.count) == (None, None, None)


def test_a_question_is_put_in_the_words_of_tws() -> None:
    _, sent = asked(MINUTE, end=NOW, duration=timedelta(hours=2), size="5 mins", what="bid_ask", regular_hours=False)
    assert sent[15:20] == ["20260105-15:00:00", "5 mins", "7200 S", "0", "BID_ASK"]


@pytest.mark.parametrize(
    ("duration", "text"), [(timedelta(days=2, hours=1), "3 D"), ("6 M", "6 M"), (timedelta(1), "86400 S")]
)
def test_a_duration_is_written_as_tws_takes_it(duration: Any, text: str) -> None:
    assert asked(MINUTE, duration=duration)[1][17] == text


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ({"size": "7 mins"}, "size must be one of 1 secs, .*, not '7 mins'"),
        ({"duration": "1 fortnight"}, "duration must be like 3600 S"),
        ({"duration": timedelta(0)}, "duration must be positive"),
        ({"end": datetime(2026, 1, 5)}, "end must be an aware time"),  # noqa: DTZ001 -- naive on purpose
        ({"what": "GOSSIP"}, "GOSSIP"),
        ({"what": "ADJUSTED_LAST", "end": NOW}, "leave end out"),
    ],
)
def test_what_tws_has_not_is_refused_before_it_is_asked(question: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        asked(MINUTE, **question)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("Historical Market Data Service error message:HMDS query returned no data", "nothing was traded"),
        ("No market data permissions for NYSE STK", "subscription"),
        ("Historical data request pacing violation", "ask less often"),
    ],
)
def test_a_refusal_is_told_with_the_way_out(text: str, hint: str) -> None:
    async def work(at: Floor) -> None:
        at.tws.answers[20] = lambda asked: [(4, 2, asked[1], 162, text, "")]
        with pytest.raises(Unavailable, match=r"^no bars of GOOG: TWS answered 162, ") as caught:
            await at.desk.bars.bars(GOOG)
        assert caught.value.hint is not None
        assert hint in caught.value.hint

    on_floor(work)


def test_the_same_question_soon_after_has_the_same_answer() -> None:
    async def work(at: Floor) -> int:
        answering(at, MINUTE)
        for _ in range(3):
            await at.desk.bars.bars(GOOG)
        return at.asked(20)

    assert on_floor(work) == 1


def test_another_question_is_another_question() -> None:
    async def work(at: Floor) -> int:
        answering(at, MINUTE)
        for what in WhatToShow:
            await at.desk.bars.bars(GOOG, what=what)
        return at.asked(20)

    assert on_floor(work) == len(WhatToShow)


def test_a_seventh_question_of_a_contract_waits_until_two_seconds_are_over() -> None:
    async def waits() -> list[float]:
        pace = HistoryPace()
        for _ in range(6):
            await pace.turn(11)
        now = asyncio.get_running_loop().time()
        return [pace.wait(11, now), pace.wait(12, now)]

    same, other = asyncio.run(waits())
    assert 1.5 < same <= 2
    assert other == 0


def test_more_than_sixty_in_ten_minutes_are_refused_with_the_time_to_wait() -> None:
    async def work() -> None:
        pace = HistoryPace()
        for con_id in range(60):
            await pace.turn(con_id)
        with pytest.raises(Unavailable, match=r"the next one in (599|600) s$"):
            await pace.turn(60)

    asyncio.run(work())


def test_a_question_for_both_sides_counts_twice() -> None:
    async def work() -> float:
        pace = HistoryPace()
        for _ in range(3):
            await pace.turn(11, weight=2)
        return pace.wait(11, asyncio.get_running_loop().time())

    assert asyncio.run(work()) > 0
