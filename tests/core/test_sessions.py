"""The table of sessions against the exchange's rules (NYSE Rule 7.2) and against days that people remember."""

from datetime import UTC, date, datetime, timedelta

import pytest

from v6core.sessions import (
    FIRST_DAY,
    HALF_DAYS,
    HOLIDAYS,
    LAST_DAY,
    Session,
    is_open,
    last_session,
    next_session,
    session_at,
    session_on,
    sessions,
    trading_day,
)

YEARS = range(FIRST_DAY.year, LAST_DAY.year + 1)
# Hurricane Sandy; the funerals of Presidents G. H. W. Bush and Carter.
UNPLANNED = {date(2012, 10, 29), date(2012, 10, 30), date(2018, 12, 5), date(2025, 1, 9)}


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def nth(year: int, month: int, weekday: int, n: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))


def last_monday_of_may(year: int) -> date:
    return date(year, 5, 31) - timedelta(days=date(year, 5, 31).weekday())


def easter(year: int) -> date:
    """Gregorian Easter: the anonymous algorithm as Meeus gives it, Astronomical Algorithms, chapter 8."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)


def observed(day: date) -> date:
    """A holiday on a Sunday is kept on Monday, one on a Saturday on Friday."""
    return day + timedelta(days={5: -1, 6: 1}.get(day.weekday(), 0))


def holidays_by_rule(year: int) -> set[date]:
    days = {
        nth(year, 1, 0, 3),
        nth(year, 2, 0, 3),
        easter(year) - timedelta(days=2),
        last_monday_of_may(year),
        observed(date(year, 7, 4)),
        nth(year, 9, 0, 1),
        nth(year, 11, 3, 4),
        observed(date(year, 12, 25)),
    }
    if date(year, 1, 1).weekday() != 5:  # New Year on a Saturday is not kept: Friday ends the year's accounts
        days.add(observed(date(year, 1, 1)))
    if year >= 2022:
        days.add(observed(date(year, 6, 19)))
    return days


def half_days_by_rule(year: int) -> set[date]:
    days = {nth(year, 11, 3, 4) + timedelta(days=1)}
    if date(year, 12, 24).weekday() < 4:
        days.add(date(year, 12, 24))
    if date(year, 7, 3).weekday() < 4:
        days.add(date(year, 7, 3))
    return days


@pytest.mark.parametrize("year", YEARS)
def test_each_year_has_the_holidays_of_the_rules_and_the_unplanned_ones(year: int) -> None:
    assert {day for day in HOLIDAYS if day.year == year} == holidays_by_rule(year) | {
        day for day in UNPLANNED if day.year == year
    }


@pytest.mark.parametrize("year", YEARS)
def test_each_year_has_the_half_days_of_the_rules(year: int) -> None:
    assert {day for day in HALF_DAYS if day.year == year} == half_days_by_rule(year)


@pytest.mark.parametrize(
    "day",
    ["2012-10-29", "2012-10-30", "2025-01-09", "2015-04-03", "2016-03-25", "2024-03-29", "2022-06-20", "2026-11-22"],
)
def test_a_day_that_did_not_trade_has_no_session(day: str) -> None:
    assert session_on(date.fromisoformat(day)) is None


def test_juneteenth_traded_before_2022() -> None:
    assert session_on(date(2020, 6, 19)) is not None


@pytest.mark.parametrize("day", [7, 8, 9, 10])
def test_four_days_of_october_2013_are_full(day: int) -> None:
    session = session_on(date(2013, 10, day))
    assert session == Session(date(2013, 10, day), moment(f"2013-10-{day:02}T13:30"), moment(f"2013-10-{day:02}T20:00"))


def test_christmas_eve_of_2015_closes_at_one() -> None:
    session = session_on(date(2015, 12, 24))
    assert session is not None
    assert (session.open, session.close) == (moment("2015-12-24T14:30"), moment("2015-12-24T18:00"))


def test_the_open_belongs_to_the_session_and_the_close_does_not() -> None:
    assert is_open(moment("2013-10-07T13:30"))
    assert not is_open(moment("2013-10-07T13:30") - timedelta(microseconds=1))
    assert not is_open(moment("2013-10-07T20:00"))


def test_a_moment_in_any_zone_finds_its_session() -> None:
    tokyo = datetime.fromisoformat("2013-10-08T04:59+09:00")
    assert session_at(tokyo) == session_on(date(2013, 10, 7))


def test_the_trading_day_is_the_date_in_new_york() -> None:
    assert trading_day(moment("2026-01-06T04:59")) == date(2026, 1, 5)
    assert trading_day(moment("2026-01-06T05:00")) == date(2026, 1, 6)


def test_the_next_session_skips_the_weekend_and_the_holiday() -> None:
    assert next_session(moment("2026-01-16T21:00")).day == date(2026, 1, 20)


def test_the_next_session_opens_later_than_the_moment() -> None:
    opening = moment("2026-01-20T14:30")
    assert next_session(opening - timedelta(microseconds=1)).day == date(2026, 1, 20)
    assert next_session(opening).day == date(2026, 1, 21)


def test_the_last_session_before_good_friday_is_thursday() -> None:
    assert last_session(date(2024, 3, 29)).day == date(2024, 3, 28)


def test_sessions_come_in_order_with_both_ends() -> None:
    week = [session.day.day for session in sessions(date(2026, 1, 16), date(2026, 1, 21))]
    assert week == [16, 20, 21]


@pytest.mark.parametrize("day", [FIRST_DAY - timedelta(days=1), LAST_DAY + timedelta(days=1)])
def test_a_day_outside_the_table_is_refused_with_its_range(day: date) -> None:
    with pytest.raises(ValueError, match=rf"known from 2010-01-01 to 2032-12-31, not for {day}"):
        session_on(day)


def test_sessions_run_out_loudly() -> None:
    with pytest.raises(ValueError, match="known from"):
        next_session(datetime(2032, 12, 31, 22, tzinfo=UTC))


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        session_at(datetime(2026, 1, 5, 15, 0))  # noqa: DTZ001 -- the point of the test
