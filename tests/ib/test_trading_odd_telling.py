"""What TWS says twice, in pieces, or otherwise than it was asked: orders stand as they do, and fills count once."""

from __future__ import annotations

from pathlib import Path

import pytest

from ib.ib_desk import ACME, D, bound, engine_on, ib, on_loop, tws, until
from v6_ib_plugin.gateway.faults import Repeat, Rewrite, Segments, When
from v6core.orders import Order
from v6core.reports import FillReport, OrderReport


@on_loop
async def test_what_is_said_once_more_changes_nothing(tmp_path: Path) -> None:
    async with tws() as gateway, engine_on(gateway, tmp_path) as engine:
        gateway.price(100)
        filled = await engine.place_order(ACME, Order.market("BUY", 10))
        await engine.wait_for(filled.order_id, "FILLED", timeout=5)
        await engine.place_order(ACME, Order.limit("BUY", 10, 90))
        cancelled = await engine.place_order(ACME, Order.limit("BUY", 10, 91))
        await engine.cancel_order(cancelled.order_id)
        await engine.wait_for(cancelled.order_id, "CANCELLED", timeout=5)
        before = await engine.orders()
        gateway.arm(When.now(6), Repeat())
        later = await engine.place_order(ACME, Order.limit("BUY", 10, 89))  # what was said before its answer is heard
        assert [row for row in await engine.orders() if row.order_id != later.order_id] == list(before)
        assert [row.status for row in before] == ["FILLED", "SUBMITTED", "CANCELLED"]
        assert [fill.quantity for fill in await engine.fills()] == [10]


@pytest.mark.parametrize(
    "segments", [Segments(size=3, pause=0.0), Segments(size=200, pause=0.0), Segments(pause=0.005)]
)
@on_loop
async def test_however_the_bytes_are_cut_an_order_fills_once(tmp_path: Path, segments: Segments) -> None:
    async with tws() as gateway:
        gateway.arm(When.connection(), segments)
        async with ib(gateway, tmp_path) as desk:
            gateway.price(100)
            order = bound(Order.limit("BUY", 10, 100))
            await desk.place(order)
            await desk.standing(order, "FILLED")
            await until(lambda: desk.of(FillReport, order))
            assert [row.fill.quantity for row in desk.of(FillReport, order)] == [D(10)]


@on_loop
async def test_an_order_that_tws_shows_otherwise_than_it_was_sent_is_told_as_it_is_shown(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        gateway.price(100)
        gateway.arm(When.message("OpenOrder"), Rewrite(fields={"order": {"lmt_price": 89, "tif": "GTC"}}))
        order = bound(Order.limit("BUY", 10, 90))
        await desk.place(order)
        await desk.standing(order, "SUBMITTED")
        terms = [row.terms for row in desk.of(OrderReport, order) if row.terms is not None]
        assert (D(89), "GTC") in [(one.limit_price, one.tif) for one in terms]


@on_loop
async def test_a_word_of_tws_that_nobody_knows_ends_no_order(tmp_path: Path) -> None:
    async with tws() as gateway, engine_on(gateway, tmp_path) as engine:
        gateway.price(100)
        gateway.arm(When.message("OrderStatus"), Rewrite(fields={"status": {"status": "Odd"}}))
        order = await engine.place_order(ACME, Order.limit("BUY", 10, 90))
        await engine.place_order(ACME, Order.limit("BUY", 10, 89))  # what was said before its answer is heard
        assert (await engine.order(order.order_id)).status == "SUBMITTED"
