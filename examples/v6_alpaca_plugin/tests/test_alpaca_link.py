"""Connecting with a named cause, and a stream that breaks: nothing is missed, and nothing told twice."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from alpaca_floor import AAPL, VERTICAL, Floor, connected, context_for, floor_test, settings_for
from fake_alpaca.testing import running_alpaca
from v6_alpaca_plugin.broker import AlpacaBroker
from v6core.errors import BrokerError, NotConnected
from v6core.orders import Order
from v6core.reports import FillReport, LinkState, OrderReport


async def _refused(**changes: Any) -> BrokerError:
    async with running_alpaca() as alpaca:
        broker = AlpacaBroker(settings_for(alpaca, **changes), context_for(lambda _: None))
        with pytest.raises(BrokerError) as caught:
            await broker.connect()
        return caught.value


def test_nothing_listening_is_named() -> None:
    error = asyncio.run(_refused(trading_url="http://127.0.0.1:9"))
    assert error.code == "NO_CONNECTION"
    assert "127.0.0.1:9" in str(error)


def test_wrong_keys_are_named_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WRONG_ALPACA_KEY", "PKWRONG")
    error = asyncio.run(_refused(key="env:WRONG_ALPACA_KEY"))
    assert error.code == "WRONG_KEYS"
    assert "paper trading" in str(error.hint)
    assert "PKWRONG" not in str(error)


def test_the_wrong_account_is_named() -> None:
    error = asyncio.run(_refused(account="PA999"))
    assert error.code == "WRONG_ACCOUNT"
    assert "PA999" in str(error)


def test_a_paper_account_is_not_traded_as_real_money() -> None:
    error = asyncio.run(_refused(account="123456789", live=True))
    assert error.code == "WRONG_ACCOUNT"


def test_a_stream_that_is_silent_does_not_keep_connect_waiting() -> None:
    async def story() -> BrokerError:
        async def nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        silent = await asyncio.start_server(nothing, "127.0.0.1", 0)
        port = silent.sockets[0].getsockname()[1]
        async with silent:
            return await _refused(stream_url=f"ws://127.0.0.1:{port}/stream", request_timeout=0.2)

    error = asyncio.run(story())
    assert isinstance(error, NotConnected)
    assert "silent" in str(error)


def test_no_stream_is_named() -> None:
    assert "ws://127.0.0.1:9/stream" in str(asyncio.run(_refused(stream_url="ws://127.0.0.1:9/stream")))


def test_connecting_and_disconnecting_twice_changes_nothing() -> None:
    async def story() -> None:
        async with running_alpaca() as alpaca, connected(alpaca) as floor:
            await floor.broker.connect()
            assert floor.links() == [LinkState.UP]
            await floor.broker.disconnect()
            await floor.broker.disconnect()

    asyncio.run(story())


@floor_test
async def test_a_fill_that_nobody_told_is_reported_once_before_the_link_is_up(floor: Floor) -> None:
    order = await floor.place(AAPL, Order.limit("BUY", 10, "90"))
    await floor.until(lambda: floor.last(order).working)
    await floor.lose_stream(lambda: floor.alpaca.set_price("AAPL", 89))
    assert len(floor.fills(order)) == 1
    assert floor.last(order).status == "FILLED"
    assert floor.reports.index(floor.fills(order)[0]) < len(floor.reports) - 1
    assert floor.reports[-1].report == "LINK"


@floor_test
async def test_a_fill_that_was_told_is_not_told_again_after_a_break(floor: Floor) -> None:
    order = await floor.place(AAPL, Order.market("BUY", 10))
    await floor.stands(order, "FILLED")

    async def nothing() -> None:
        return

    before = len(floor.of(OrderReport))
    await floor.lose_stream(nothing)
    assert len(floor.of(FillReport)) == 1
    assert len(floor.of(OrderReport)) == before


@floor_test
async def test_the_rest_of_an_order_that_filled_in_part_unheard_is_not_counted_twice(floor: Floor) -> None:
    await floor.alpaca.set_quote("AAPL", 99, 101)
    order = await floor.place(AAPL, Order.limit("BUY", 10, "100"))
    await floor.until(lambda: floor.last(order).working)
    await floor.lose_stream(lambda: floor.alpaca.set_quote("AAPL", 98, 99, ask_size=4))
    await floor.alpaca.set_quote("AAPL", 98, 99, ask_size=20)
    await floor.stands(order, "FILLED")
    assert sum(report.fill.quantity for report in floor.fills(order)) == 10


@floor_test
async def test_what_is_told_again_the_last_first_is_not_asked_about(floor: Floor) -> None:
    order = await floor.place(AAPL, Order.limit("BUY", 10, "100"))
    await floor.stands(order, "FILLED")
    before = len(floor.reports)
    floor.alpaca.arrivals.clear()
    floor.alpaca.faults.repeat()
    after = await floor.place(AAPL, Order.limit("BUY", 1, "90"))
    await floor.stands(after, "SUBMITTED")
    assert [report for report in floor.reports[before:] if getattr(report, "order_ref", None) == order.order_ref] == []
    assert floor.alpaca.arrivals.of("GET") == []


@floor_test
async def test_updates_that_come_twice_are_told_once(floor: Floor) -> None:
    floor.alpaca.faults.duplicate()
    order = await floor.place(AAPL, Order.market("BUY", 10))
    await floor.stands(order, "FILLED")
    await floor.place(AAPL, Order.market("BUY", 1))
    await floor.until(lambda: len(floor.of(FillReport)) == 2)
    assert len(floor.fills(order)) == 1


@floor_test
async def test_the_legs_of_a_combo_that_filled_unheard_are_each_told_once(floor: Floor) -> None:
    order = await floor.place(VERTICAL, Order.limit("BUY", 2, "-50"))
    await floor.until(lambda: floor.last(order).working)

    async def fall() -> None:
        await floor.alpaca.set_price(VERTICAL.legs[0].contract, 1)
        await floor.alpaca.set_price(VERTICAL.legs[1].contract, 60)

    await floor.lose_stream(fall)
    assert len(floor.fills(order)) == 2
    assert floor.last(order).status == "FILLED"


@floor_test
async def test_an_unheard_replacement_is_learnt_by_looking(floor: Floor) -> None:
    order = await floor.place(AAPL, Order.limit("BUY", 10, "90"))
    await floor.until(lambda: floor.last(order).working)
    await floor.lose_stream(lambda: floor.broker.modify(order, {"limit_price": 91}))
    assert floor.last(order).replaces
