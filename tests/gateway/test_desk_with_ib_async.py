"""The unmodified ib_async trades through the gateway's desk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from ib_async import IB, ComboLeg, Contract, ExecutionFilter, LimitOrder, MarketOrder, Order, Stock, Trade
from ib_async.ib import StartupFetch

from gateway.desk_wire import Floor, floor, run

ACME = Stock("ACME", "SMART", "USD")
NOTHING = StartupFetch(0)


def trading(play: Callable[[Floor, IB], Coroutine[Any, Any, None]], **settings: Any) -> None:
    """Run a play with a connected ib_async."""

    async def main() -> None:
        async with floor(**settings) as opened:
            opened.price(100)
            ib = IB()
            await ib.connectAsync(opened.gateway.host, opened.gateway.port, clientId=5, fetchFields=NOTHING)
            try:
                await play(opened, ib)
            finally:
                ib.disconnect()

    run(main())


async def soon(happened: Callable[[], object]) -> None:
    """Wait until something has happened; ib_async's events may be over before anybody can wait for them."""
    async with asyncio.timeout(10):
        while not happened():  # noqa: ASYNC110 -- see above
            await asyncio.sleep(0.002)


async def until(trade: Trade, *statuses: str) -> None:
    await soon(lambda: trade.orderStatus.status in statuses)


def test_an_order_is_placed_changed_and_cancelled() -> None:
    async def play(_: Floor, ib: IB) -> None:
        codes: list[int] = []

        def on_error(_: int, code: int, *_more: object) -> None:
            codes.append(code)

        ib.errorEvent += on_error
        trade = ib.placeOrder(ACME, LimitOrder("BUY", 10, 90, tif="DAY"))
        await until(trade, "Submitted")
        trade.order.lmtPrice = 91
        ib.placeOrder(ACME, trade.order)
        assert (await ib.reqOpenOrdersAsync())[-1].order.lmtPrice == 91
        ib.cancelOrder(trade.order)
        await until(trade, "Cancelled")
        await soon(lambda: 202 in codes)

    trading(play)


def test_a_fill_has_its_commission() -> None:
    async def play(_: Floor, ib: IB) -> None:
        trade = ib.placeOrder(ACME, MarketOrder("BUY", 10, tif="DAY"))
        await soon(lambda: trade.fills and trade.fills[0].commissionReport.execId)
        [fill] = trade.fills
        assert (fill.execution.shares, fill.commissionReport.commission) == (10, 1)

    trading(play, commission_minimum=1)


def test_its_bracket_waits_and_one_exit_cancels_the_other() -> None:
    async def play(opened: Floor, ib: IB) -> None:
        parent, take, stop = ib.bracketOrder(  # pyright: ignore[reportUnknownMemberType]
            "BUY", 10, 99, 110, 90, tif="GTC"
        )
        trades = [ib.placeOrder(ACME, order) for order in (parent, take, stop)]
        await until(trades[0], "Submitted")
        opened.price(98)
        await until(trades[1], "Submitted")
        opened.price(111)
        await until(trades[2], "Cancelled")
        assert [trade.orderStatus.status for trade in trades] == ["Filled", "Filled", "Cancelled"]

    trading(play)


def test_its_what_if_answers() -> None:
    async def play(_: Floor, ib: IB) -> None:
        state = await ib.whatIfOrderAsync(ACME, LimitOrder("BUY", 10, 100, tif="DAY"))
        assert float(state.initMarginChange) > 0

    trading(play)


def test_its_combo_fills_by_legs() -> None:
    async def play(opened: Floor, ib: IB) -> None:
        legs = [ComboLeg(leg.con_id, leg.ratio, leg.action, "SMART") for leg in opened.condor().combo_legs]
        condor = Contract(secType="BAG", symbol="ACME", exchange="SMART", currency="USD", comboLegs=legs)
        trade = ib.placeOrder(condor, LimitOrder("BUY", 2, -1, tif="DAY"))
        await until(trade, "Filled")
        assert [fill.contract.secType for fill in trade.fills] == ["BAG", "OPT", "OPT", "OPT", "OPT"]
        assert trade.filled() == 2

    trading(play)


def test_what_it_missed_is_read_back() -> None:
    async def play(opened: Floor, ib: IB) -> None:
        order = LimitOrder("BUY", 10, 90, tif="DAY", orderRef="v6-a")
        await until(ib.placeOrder(ACME, order), "Submitted")
        ib.disconnect()
        opened.price(89)
        await ib.connectAsync(opened.gateway.host, opened.gateway.port, clientId=5, fetchFields=NOTHING)
        [fill] = await ib.reqExecutionsAsync(ExecutionFilter())
        [trade] = await ib.reqCompletedOrdersAsync(apiOnly=False)
        assert (fill.execution.orderRef, fill.execution.price) == ("v6-a", 89)
        assert (trade.order.orderRef, trade.orderStatus.status) == ("v6-a", "Filled")

    trading(play)


def test_a_rejection_ends_its_order() -> None:
    async def play(_: Floor, ib: IB) -> None:
        trade = ib.placeOrder(ACME, Order(action="BUY", totalQuantity=1, orderType="LMT", lmtPrice=100, hidden=True))
        await until(trade, "Inactive", "Cancelled")
        assert trade.isDone()

    trading(play)
