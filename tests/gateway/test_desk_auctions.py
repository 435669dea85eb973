"""Orders at the open and the close, and market-to-limit ones, at the gateway's desk, on the wire and with ib_async."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from ib_async import IB, Stock
from ib_async import Order as PlainOrder
from ib_async.ib import StartupFetch

from gateway.desk_wire import GOODS, Floor, WireClient, d, floor, limit, of, run
from v6_ib_plugin.gateway.wire import messages, requests
from v6_ib_plugin.terms import IbOrder
from v6core.orders import Order

HOUR = 3600.0
DAY: dict[str, Any] = {"quotes": "synthetic", "start": "2026-06-01", "step": 60}
"""A trading day that begins at the open, and passes as fast as a test lets it."""
FAR_BELOW, FAR_ABOVE = 1, 100_000
PLAIN = Stock("ACME", "SMART", "USD")


def pass_time(opened: Floor, hours: float) -> None:
    opened.gateway.broker.native.pass_time(hours * HOUR)


def at_close(order_id: int, **fields: Any) -> IbOrder:
    return limit(order_id, 0, order_type="MOC", **fields)


def limit_at_close(order_id: int, price: object) -> IbOrder:
    return limit(order_id, price, order_type="LOC")


def at_open(order_id: int) -> IbOrder:
    return limit(order_id, 0, order_type="MKT", tif="OPG")


async def opened_with(opened: Floor, *orders: IbOrder) -> WireClient:
    client = await opened.client()
    client.place(*orders)
    await client.sync()
    return client


def test_an_order_at_the_close_is_held_and_fills_then() -> None:
    async def main() -> None:
        async with floor(**DAY) as opened:
            client = await opened_with(opened, at_close(1))
            assert client.about(1) == ["open PreSubmitted", "PreSubmitted"]
            pass_time(opened, 6)
            await client.sync()
            assert client.about(1)[2:] == []
            pass_time(opened, 1)
            assert (await client.status(1, "Filled")).filled == 10

    run(main())


@pytest.mark.parametrize(("price", "told"), [(FAR_ABOVE, "Filled"), (FAR_BELOW, "Cancelled")])
def test_a_limit_at_the_close_fills_where_the_close_is_as_good(price: int, told: str) -> None:
    async def main() -> None:
        async with floor(**DAY) as opened:
            client = await opened_with(opened, limit_at_close(1, price))
            pass_time(opened, 7)
            await client.status(1, told)

    run(main())


def test_a_limit_that_the_close_is_beyond_is_told_as_expired() -> None:
    async def main() -> None:
        async with floor(**DAY) as opened:
            client = await opened_with(opened, limit_at_close(1, FAR_BELOW))
            pass_time(opened, 7)
            await client.answer(202)
            [told] = await client.completed()
            assert told.completion.completed_status.startswith("Expired: the close was at ")

    run(main())


def test_an_order_at_the_close_that_comes_too_late_is_refused() -> None:
    async def main() -> None:
        async with floor(**DAY) as opened:
            pass_time(opened, 6.4)
            client = await opened_with(opened, at_close(1))
            assert "MARKET_ON_CLOSE orders are taken, changed and cancelled until " in (await client.answer(201)).text

    run(main())


def test_an_order_at_the_close_that_is_cancelled_too_late_stands() -> None:
    async def main() -> None:
        async with floor(**DAY) as opened:
            client = await opened_with(opened, at_close(1))
            pass_time(opened, 6.4)
            client.send(requests.CancelOrder(1))
            await client.answer(161)
            pass_time(opened, 1)
            await client.status(1, "Filled")

    run(main())


def test_an_order_at_the_open_comes_back_as_it_was_sent_and_waits_for_the_next_one() -> None:
    async def main() -> None:
        async with floor(**DAY) as opened:
            client = await opened_with(opened, at_open(1))
            [told] = await client.open_orders()
            assert (told.order.order_type, told.order.tif, told.state.status) == ("MKT", "OPG", "PreSubmitted")
            pass_time(opened, 23.9)
            await client.sync()
            assert client.about(1).count("Filled") == 0
            pass_time(opened, 0.2)
            await client.status(1, "Filled")

    run(main())


@pytest.mark.parametrize(("price", "told"), [(FAR_ABOVE, "Filled"), (FAR_BELOW, "Cancelled")])
def test_a_limit_at_the_open_fills_there_or_ends(price: int, told: str) -> None:
    async def main() -> None:
        async with floor(**DAY) as opened:
            client = await opened_with(opened, limit(1, price, tif="OPG"))
            pass_time(opened, 24.1)
            await client.status(1, told)

    run(main())


# Market-to-limit


def quoted(opened: Floor, ask: str, size: int) -> None:
    opened.gateway.broker.native.set_quote(GOODS, "99.90", ask, ask_size=size)


def test_a_market_to_limit_order_is_told_with_the_limit_that_it_has_become() -> None:
    async def main() -> None:
        async with floor() as opened:
            quoted(opened, "100.10", 4)
            client = await opened_with(opened, limit(1, 0, order_type="MTL"))
            first, *_, last = client.all(messages.OpenOrder)
            assert [told.order.lmt_price for told in (first, last)] == [0, d("100.10")]
            assert (last.order.order_type, last.state.status) == ("MTL", "Submitted")

    run(main())


def test_the_rest_of_a_market_to_limit_order_waits_for_its_limit() -> None:
    async def main() -> None:
        async with floor() as opened:
            quoted(opened, "100.10", 4)
            client = await opened_with(opened, limit(1, 0, order_type="MTL"))
            quoted(opened, "100.20", 10)
            await client.sync()
            assert client.about(1).count("exec 6") == 0
            quoted(opened, "100.10", 10)
            await client.status(1, "Filled")
            executed = of(messages.ExecDetails, client.heard)
            assert [told.execution.price for told in executed] == [d("100.10"), d("100.10")]

    run(main())


def test_a_market_to_limit_order_of_others_is_told_with_its_limit() -> None:
    async def main() -> None:
        async with floor() as opened:
            quoted(opened, "100.10", 4)
            theirs = Order.model_validate({"action": "BUY", "quantity": 10, "order_type": "MARKET_TO_LIMIT"})
            opened.gateway.broker.native.place_foreign(GOODS, theirs)
            client = await opened.client()
            [told] = await client.open_orders(everybody=True)
            assert (told.order.order_type, told.order.lmt_price) == ("MTL", d("100.10"))

    run(main())


# With ib_async


@asynccontextmanager
async def trader(opened: Floor) -> AsyncGenerator[IB]:
    """Connect ib_async itself."""
    ib = IB()
    await ib.connectAsync(opened.gateway.host, opened.gateway.port, clientId=5, fetchFields=StartupFetch(0))
    try:
        yield ib
    finally:
        ib.disconnect()


async def soon(happened: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not happened():  # noqa: ASYNC110 -- ib_async's events may be over before anybody can wait for them
            await asyncio.sleep(0.002)


@pytest.mark.parametrize(("order_type", "tif"), [("MOC", "DAY"), ("MKT", "OPG")])
def test_ib_async_places_orders_at_the_auctions(order_type: str, tif: str) -> None:
    async def main() -> None:
        async with floor(**DAY) as opened, trader(opened) as ib:
            trade = ib.placeOrder(PLAIN, PlainOrder(action="BUY", totalQuantity=10, orderType=order_type, tif=tif))
            await soon(lambda: trade.orderStatus.status == "PreSubmitted")
            pass_time(opened, 24.1)
            await soon(lambda: trade.orderStatus.status == "Filled")

    run(main())


def test_ib_async_sees_the_limit_of_a_market_to_limit_order() -> None:
    async def main() -> None:
        async with floor() as opened, trader(opened) as ib:
            quoted(opened, "100.10", 4)
            trade = ib.placeOrder(PLAIN, PlainOrder(action="BUY", totalQuantity=10, orderType="MTL", tif="DAY"))
            await soon(lambda: trade.order.lmtPrice == 100.10)
            await soon(lambda: trade.orderStatus.remaining == 6)
            assert trade.order.orderType == "MTL"

    run(main())
