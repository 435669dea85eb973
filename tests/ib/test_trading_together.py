"""What comes in together is told together: a fill with what it cost, and nothing that the fill has said."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ib.ib_desk import D, bound, ib, on_loop, tws
from v6_ib_plugin.gateway.faults import Cut, Delay, Moment, Segments, When
from v6core.orders import Order
from v6core.reports import CommissionReport, FillReport, LinkReport, OrderReport


@on_loop
async def test_an_order_that_fills_at_once_takes_two_reports(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        gateway.price(100)
        order = bound(Order.limit("BUY", 10, 100))
        await desk.place(order)
        await desk.heard(lambda: desk.of(FillReport, order))
        await desk.broker.snapshot()
        assert [row.status for row in desk.of(OrderReport, order)] == ["SUBMITTED"]
        assert [row.fill.commission for row in desk.of(FillReport, order)] == [D(1)]
        assert desk.of(CommissionReport) == []


@on_loop
async def test_a_fill_does_not_wait_for_a_commission_that_comes_later(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        gateway.price(100)
        gateway.arm(When.message("CommissionReport"), Delay(seconds=0.1))
        order = bound(Order.limit("BUY", 10, 100))
        await desk.place(order)
        await desk.heard(lambda: desk.of(FillReport, order))
        assert desk.of(CommissionReport) == []
        await desk.heard(lambda: desk.of(CommissionReport))
        assert [row.fill.commission for row in desk.of(FillReport, order)] == [None]


@on_loop
async def test_a_fill_behind_which_the_link_breaks_is_told_before_the_link(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        gateway.price(100)
        gateway.arm(When.message("ExecDetails"), Cut(moment=Moment.AFTER))
        order = bound(Order.limit("BUY", 10, 100))
        before = len(desk.told)
        await desk.place(order)
        await desk.heard(lambda: [row for row in desk.told[before:] if isinstance(row, LinkReport)])
        told = [type(row) for row in desk.told[before:]]
        assert told.index(FillReport) < told.index(LinkReport)


@given(size=st.integers(1, 400))
@settings(max_examples=10, deadline=None)
def test_however_the_bytes_are_cut_what_is_told_comes_to_the_same(
    tmp_path_factory: pytest.TempPathFactory, size: int
) -> None:
    @on_loop
    async def trade() -> None:
        async with tws() as gateway:
            gateway.arm(When.connection(), Segments(size=size, pause=0.0))
            async with ib(gateway, tmp_path_factory.mktemp("ib")) as desk:
                gateway.price(100)
                order = bound(Order.limit("BUY", 10, 100))
                await desk.place(order)
                await desk.heard(lambda: desk.of(FillReport, order))
                shown = await desk.broker.snapshot()
                assert [row.fill.commission for row in shown.fills] == [D(1)]
                assert sum(row.fill.quantity for row in desk.of(FillReport, order)) == 10

    trade()
