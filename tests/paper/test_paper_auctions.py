"""Orders at the open and the close, and market-to-limit orders, at a paper broker: by each kind of fills, and kept."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from paper.paper_bench import GOOG, Desk, simulated
from v6core.orders import Order
from v6core.reports import OrderReport, OrderTerms

HOUR = 3600.0
SYNTHETIC: dict[str, Any] = {"fills": "realistic", "speed": "max", "latency": 0}
GIVEN: dict[str, Any] = {"fills": "realistic", "quotes": "given", "latency": 0}


def order_of(order_type: str, **terms: Any) -> Order:
    return Order.model_validate({"action": "BUY", "quantity": 10, "order_type": order_type, **terms})


def terms_told(desk: Desk, order: Order) -> OrderTerms:
    """Return the terms that were told last of an order."""
    reports = [one for one in desk.reports if isinstance(one, OrderReport) and one.order_ref == order.order_ref]
    assert reports[-1].terms is not None
    return reports[-1].terms


@pytest.mark.parametrize(
    ("order", "price"),
    [
        (order_of("MARKET_ON_CLOSE"), "740.00"),
        (order_of("LIMIT_ON_CLOSE", limit_price=735), "735"),
        (order_of("MARKET_ON_OPEN", tif="OPG"), "740.00"),
        (order_of("LIMIT_ON_OPEN", limit_price=735), "735"),
        (order_of("MARKET_TO_LIMIT"), "740.00"),
    ],
    ids=lambda value: value.order_type if isinstance(value, Order) else "",
)
def test_with_immediate_fills_nothing_waits_for_an_auction(tmp_path: Path, order: Order, price: str) -> None:
    async def main() -> None:
        async with Desk(tmp_path, prices={"GOOG": "740.00"}) as desk:
            placed = await desk.place(order)
            assert desk.told(placed)[-1] == "FILLED"
            assert [report.fill.price for report in desk.fills()] == [Decimal(price)]

    simulated(main())


def test_with_partial_fills_the_rest_of_a_market_to_limit_order_pays_its_first_price(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, fills="partial", delay=1) as desk:
            desk.broker.native.set_quote(GOOG, 99, 101)
            await desk.place(order_of("MARKET_TO_LIMIT"))
            desk.broker.native.set_quote(GOOG, 104, 105)
            desk.clock.advance(1)
            desk.broker.native.catch_up()
            assert [report.fill.price for report in desk.fills()] == [101, 101]

    simulated(main())


def test_the_limit_of_a_market_to_limit_order_is_told_once_it_has_one(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, **GIVEN) as desk:
            desk.broker.native.set_quote(GOOG, 99, None)
            placed = await desk.place(order_of("MARKET_TO_LIMIT"))
            assert terms_told(desk, placed).limit_price is None
            desk.broker.native.set_quote(GOOG, 99, 101, ask_size=4)
            assert terms_told(desk, placed).limit_price == 101
            assert terms_told(desk, placed).order_type == "MARKET_TO_LIMIT"

    simulated(main())


def test_an_order_at_the_close_fills_while_the_program_sleeps(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, **SYNTHETIC) as desk:
            await desk.place(order_of("MARKET_ON_CLOSE"))
            desk.broker.native.pass_time(7 * HOUR)
            (report,) = desk.fills()
            last = await desk.broker.quote(GOOG)
            assert report.fill.time == last.time
            assert last.bid is not None
            assert last.ask is not None
            assert last.bid <= report.fill.price <= last.ask

    simulated(main())


@pytest.mark.parametrize("order_type", ["MARKET_ON_CLOSE", "MARKET_ON_OPEN"])
def test_an_order_at_an_auction_is_kept_by_the_state_file(tmp_path: Path, order_type: str) -> None:
    async def main() -> None:
        async with Desk(tmp_path, **SYNTHETIC) as desk:
            placed = await desk.place(order_of(order_type))
            began = desk.broker.now()
        async with Desk(tmp_path, **SYNTHETIC) as again:
            again.broker.native.pass_time(25 * HOUR)
            (report,) = again.fills()
            assert report.order_ref == placed.order_ref
            assert report.fill.time > began + timedelta(hours=5)

    simulated(main())


def test_the_limit_of_a_market_to_limit_order_is_kept_by_the_state_file(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, **GIVEN) as desk:
            desk.broker.native.set_quote(GOOG, 99, 101, ask_size=4)
            await desk.place(order_of("MARKET_TO_LIMIT"))
        async with Desk(tmp_path, **GIVEN) as again:
            again.broker.native.set_quote(GOOG, 101, 102)
            assert again.fills() == []
            again.broker.native.set_quote(GOOG, 100, 101)
            assert [(report.fill.quantity, report.fill.price) for report in again.fills()] == [
                (Decimal(6), Decimal(101))
            ]

    simulated(main())
