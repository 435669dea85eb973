"""The time at the broker is Alpaca's, where Alpaca's clock is another than this machine's."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from alpaca_floor import context_for, settings_for
from fake_alpaca.testing import running_alpaca
from v6_alpaca_plugin.broker import AlpacaBroker
from v6core.clock import Clock, SteppingClock
from v6core.reports import Report

LONG_AGO = datetime(2015, 12, 24, 15, tzinfo=UTC)


def apart(clock: Clock) -> timedelta:
    """Return by how much a connected broker's time is another than its machine's."""

    async def look() -> timedelta:
        reports: list[Report] = []
        async with running_alpaca(clock=clock) as alpaca:
            context = context_for(reports.append)
            async with AlpacaBroker(settings_for(alpaca), context) as broker:
                return context.clock.now() - broker.now()

    return asyncio.run(look())


def test_a_market_of_another_day_gives_the_time() -> None:
    assert apart(SteppingClock(LONG_AGO)) == pytest.approx(datetime.now(UTC) - LONG_AGO, abs=timedelta(minutes=1))


def test_a_second_of_difference_is_taken_for_the_way_of_an_answer() -> None:
    nearly = SteppingClock(datetime.now(UTC) + timedelta(seconds=1))
    assert abs(apart(nearly)) < timedelta(seconds=0.5)
