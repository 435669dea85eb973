"""Cancelling everything at the paper broker, whoever's the orders are."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from paper.paper_bench import Desk, simulated
from v6core.contracts import Stock
from v6core.orders import BracketOrder, Order
from v6core.reports import ReportedStatus

SPY = Stock("SPY")


@pytest.mark.parametrize("fills", ["never", "realistic"])
def test_all_that_is_open_is_cancelled(tmp_path: Path, fills: str) -> None:
    async def main() -> None:
        async with Desk(tmp_path, fills=fills, speed="max") as desk:
            orders = [await desk.place(Order.limit("BUY", 1, price, tif="GTC"), SPY) for price in ("1", "2")]
            await asyncio.sleep(1)
            await desk.broker.cancel_everything()
            await asyncio.sleep(1)
            assert [desk.told(order)[-1] for order in orders] == ["CANCELLED"] * 2
            assert (await desk.broker.snapshot()).open_orders == ()

    simulated(main())


def test_an_entry_takes_its_exits_with_it_and_nothing_is_refused(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, fills="never") as desk:
            bracket = BracketOrder(
                Order.limit("BUY", 1, "100"), Order.limit("SELL", 1, "110"), Order.stop("SELL", 1, "90")
            )
            await desk.broker.place(desk.bracket(bracket))
            await desk.broker.cancel_everything()
            ended = (await desk.broker.snapshot()).completed_orders
            assert [report.status for report in ended] == [ReportedStatus.CANCELLED] * 3
            assert not any(report.report == "CANCEL_REFUSED" for report in desk.reports)

    simulated(main())
