"""Trading hours as TWS tells them, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from v6_ib_plugin.data.hours import Session, TradingHours
from v6_ib_plugin.terms import IbContract, IbContractDetails

WEEK = "20260105:0930-20260105:1600;20260106:CLOSED;20260107:0930-20260107:1600"


def hours(trading: str = WEEK, zone: str = "US/Eastern") -> TradingHours:
    return TradingHours.of(
        IbContractDetails(contract=IbContract(), trading_hours=trading, liquid_hours=WEEK, time_zone_id=zone)
    )


def at(day: int, hour: int) -> datetime:
    return datetime(2026, 1, day, hour, tzinfo=UTC)


def test_a_session_is_told_in_utc() -> None:
    assert hours().sessions[0] == Session(datetime(2026, 1, 5, 14, 30, tzinfo=UTC), at(5, 21))


def test_a_session_may_end_on_the_next_day() -> None:
    assert hours("20260105:1800-20260106:1700").sessions[0].closes == at(6, 22)


@pytest.mark.parametrize(("moment", "is_open"), [(at(5, 15), True), (at(5, 21), False), (at(6, 15), False)])
def test_a_contract_is_open_within_a_session(moment: datetime, is_open: bool) -> None:
    assert hours().is_open(moment) is is_open


def test_beyond_the_hours_that_were_told_nothing_is_known() -> None:
    assert hours().is_open(at(9, 15)) is None
    assert hours("").is_open(at(5, 15)) is None


def test_regular_hours_are_kept_apart() -> None:
    told = hours("20260105:0400-20260105:2000")
    assert (told.is_open(at(5, 10)), told.is_open(at(5, 10), regular=True)) == (True, False)


@pytest.mark.parametrize("text", ["nonsense", "20261399:0930-20260105:1600", "20260105:0930", ";;"])
def test_what_is_no_session_is_left_out(text: str) -> None:
    assert hours(text).sessions == ()


def test_an_unknown_time_zone_leaves_the_hours_unknown() -> None:
    assert hours(zone="Mars/Olympus").sessions == ()
