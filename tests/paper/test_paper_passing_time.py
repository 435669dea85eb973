"""Time that passes at once at the market of a paper broker."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from paper.paper_bench import GOOG, Desk, simulated
from v6core.orders import BracketOrder, Order

SYNTHETIC: dict[str, Any] = {"fills": "realistic", "speed": "max"}
HOUR = 3600


async def an_hour_with_a_bracket(folder: Path, wait: Callable[[Desk], Awaitable[None]]) -> list[str]:
    async with Desk(folder, **SYNTHETIC) as desk:
        ask = (await desk.broker.quote(GOOG)).ask
        assert ask is not None
        exits = Order.limit("SELL", 300, ask + 1), Order.stop("SELL", 300, ask - 1)
        await desk.broker.place(desk.bracket(BracketOrder(Order.limit("BUY", 300, ask), *exits)))
        await wait(desk)
        return [report.model_dump_json() for report in desk.reports]


async def sleep_through(_: Desk) -> None:
    await asyncio.sleep(HOUR)


async def pass_at_once(desk: Desk) -> None:
    desk.broker.native.pass_time(HOUR)


def test_what_happens_in_an_hour_happens_in_one_that_passes_at_once(tmp_path: Path) -> None:
    slept = simulated(an_hour_with_a_bracket(tmp_path / "slept", sleep_through))
    assert len(slept) > 4
    assert simulated(an_hour_with_a_bracket(tmp_path / "passed", pass_at_once)) == slept


def test_afterwards_the_market_goes_on_at_its_own_speed(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, fills="realistic", speed=60) as desk:
            desk.broker.native.pass_time(HOUR)
            await asyncio.sleep(60)
            assert desk.broker.now().isoformat()[:19] == "2026-06-01T15:30:00"

    simulated(main())


def test_it_does_not_go_back(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path) as desk:
            with pytest.raises(ValueError, match="does not go back: -1"):
                desk.broker.native.pass_time(-1)

    simulated(main())
