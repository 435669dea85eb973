"""The suite on the paper broker, as its plugin announces the worlds to be proved in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from v6_paper_plugin.conformance import ImmediateDriver, PaperDriver
from v6core.clock import run_simulated
from v6core.testing.conformance import BrokerConformance, Drive, Driver, driver_named
from v6core.testing.conformance.trial import trial_of


class TestPaper(BrokerConformance):
    @pytest.fixture
    def driver(self) -> Driver:
        return PaperDriver()


class TestPaperImmediate(BrokerConformance):
    @pytest.fixture
    def driver(self) -> Driver:
        return ImmediateDriver()


def test_quotes_that_come_while_the_link_is_cut_are_lost(tmp_path: Path) -> None:
    async def main() -> None:
        async with trial_of(PaperDriver(), tmp_path) as trial:
            stream = trial.broker.quotes([trial.stock])
            first = await anext(stream)
            await trial.driver.cut()
            await trial.driver.set_quote(trial.stock, first.bid, trial.above(1))
            later = asyncio.ensure_future(anext(stream))
            await asyncio.sleep(1)
            assert not later.done()
            await trial.driver.mend()
            await trial.driver.set_quote(trial.stock, first.bid, trial.above(2))
            assert (await later).ask == trial.above(2)
            assert isinstance(stream, AsyncGenerator)
            await stream.aclose()

    run_simulated(main())


def test_the_realistic_driver_can_do_whatever_the_suite_asks_for() -> None:
    assert PaperDriver.can == frozenset(Drive)


@pytest.mark.parametrize(("name", "driver"), [("paper", PaperDriver), ("paper-immediate", ImmediateDriver)])
def test_the_plugin_announces_its_drivers_by_their_names(name: str, driver: type[Driver]) -> None:
    assert driver_named(name) is driver
    assert driver.name == name
