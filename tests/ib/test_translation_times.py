"""Times as TWS writes them: every form, zones, and what is no time."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from v6_ib_plugin.times import ThisMachine, day_of, day_text, moment_of, utc_text, zone_named, zoned_text
from v6_ib_plugin.untranslatable import Untranslatable

NOON = datetime(2026, 1, 2, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "20260102 10:30:00 US/Eastern",
        "20260102 10:30:00 America/New_York",
        "20260102 10:30:00 EST",
        "20260102  10:30:00 EST",
        "20260102 07:30:00 America/Los_Angeles",
        "20260102 15:30:00 UTC",
        "20260102 15:30:00 GMT",
        "20260102-15:30:00",
        "20260102-15:30:00 UTC",
        "20260102 15:30 UTC",
        "1767367800",
        " 1767367800 ",
    ],
)
def test_a_moment_is_told_in_many_forms(text: str) -> None:
    assert moment_of(text) == NOON


def test_a_time_with_a_dash_is_in_utc_whatever_the_zone_of_tws() -> None:
    assert moment_of("20260102-15:30:00", "Asia/Tokyo") == NOON


@pytest.mark.parametrize("zone", ["US/Eastern", ZoneInfo("America/New_York")])
def test_a_time_without_a_zone_is_in_that_of_tws(zone: str | ZoneInfo) -> None:
    assert moment_of("20260102 10:30:00", zone) == NOON


def test_the_zone_of_this_machine_knows_summer_and_winter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        told = [moment_of(f"2026{month}02 10:30:00", ThisMachine()) for month in ("01", "07")]
        back = NOON.astimezone(ThisMachine())
    finally:
        monkeypatch.undo()
        time.tzset()
    assert [moment.hour for moment in told] == [15, 14]
    assert (back.hour, back.minute) == (10, 30)


def test_a_time_without_a_zone_is_not_guessed() -> None:
    with pytest.raises(Untranslatable, match=r"20260102 10:30:00.*names no time zone"):
        moment_of("20260102 10:30:00")


def test_a_summer_time_is_told_by_its_zone() -> None:
    assert moment_of("20250810 09:07:39 America/Los_Angeles") == datetime(2025, 8, 10, 16, 7, 39, tzinfo=UTC)


def test_an_hour_that_comes_twice_is_the_first() -> None:
    assert moment_of("20261101 01:30:00 US/Eastern") == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


def test_a_day_is_its_midnight_in_the_zone_of_tws() -> None:
    assert moment_of("20260102", "US/Eastern") == datetime(2026, 1, 2, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "20261318-10:00:00",
        "20260102-25:00:00",
        "20260102 10:30:00 Mars/Olympus",
        "20260102 10:30:00 ../../etc/passwd",
        "20260102-10:30:00 US/Eastern",
        "2026-01-02T10:30:00Z",
        "\u0662\u0660260102-10:00:00",
        "00010101 00:00:00 Asia/Tokyo",
    ],
)
def test_what_is_no_moment_is_named(text: str) -> None:
    with pytest.raises(Untranslatable) as refused:
        moment_of(text, "UTC", field="completed_time")
    assert refused.value.field == "completed_time"
    assert str(refused.value.value) in text


@pytest.mark.parametrize("name", ["", "America", "/", "\x00"])
def test_what_is_no_zone_is_named(name: str) -> None:
    with pytest.raises(Untranslatable, match="no such time zone"):
        zone_named(name)


@pytest.mark.parametrize("text", ["20261218", "20261218 08:30 US/Central", "20261218-08:30:00"])
def test_a_day_may_go_on_with_a_time(text: str) -> None:
    assert day_of(text) == date(2026, 12, 18)


@pytest.mark.parametrize("text", ["202612", "20261232", "", "2026-12-18"])
def test_what_is_no_day_is_named(text: str) -> None:
    with pytest.raises(Untranslatable, match="day"):
        day_of(text)


def test_moments_and_days_are_written_as_tws_takes_them() -> None:
    assert utc_text(NOON + timedelta(milliseconds=900)) == "20260102-15:30:00"
    assert zoned_text(NOON, "US/Eastern") == "20260102 10:30:00 US/Eastern"
    assert day_text(date(2026, 1, 2)) == "20260102"
