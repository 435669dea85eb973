"""The native object: ib_async as its users know it, over the same connection, without harm to our own questions."""

from __future__ import annotations

import asyncio
import logging

import pytest
from ib_async import LimitOrder, Stock

from ib.link_desk import until
from ib.scripted_tws import ScriptedTws, execution, open_order, order_status
from ib.transport_desk import ours, tells_the_time
from v6_ib_plugin.pacing import Pacer
from v6core.errors import NotConnected, NotSent


def test_ib_async_keeps_no_books_before_the_native_object_is_asked_for() -> None:
    async def run() -> None:
        async with ScriptedTws.running() as server, ours(server) as (transport, ear):
            tells_the_time(server)
            server.say(open_order(1), order_status(1, "Submitted"))
            await transport.current_time()
            assert len(ear.orders) == 1
            native = transport.native
            assert native.trades() == []
            server.say(open_order(2), order_status(2, "Submitted"))
            await transport.current_time()
            assert [trade.order.orderId for trade in native.trades()] == [2]
            assert len(ear.orders) == 2

    asyncio.run(run())


def test_the_native_object_is_connected_and_knows_the_accounts() -> None:
    async def run() -> None:
        async with ScriptedTws.running(accounts="DU1,DU2") as server, ours(server) as (transport, _):
            assert transport.native.isConnected()
            assert transport.native.managedAccounts() == ["DU1", "DU2"]
            assert transport.native.client.getReqId() == transport.next_id() - 1

    asyncio.run(run())


def test_the_native_object_asks_and_is_answered() -> None:
    async def run() -> None:
        async with ScriptedTws.running() as server, ours(server) as (transport, _):
            tells_the_time(server)
            server.answers[7] = lambda fields: [execution(int(fields[2]), "e1"), (55, 1, fields[2])]
            assert len(await transport.native.reqExecutionsAsync()) == 1
            assert (await transport.native.reqCurrentTimeAsync()).year == 2026

    asyncio.run(run())


def test_what_answers_the_native_object_is_not_taken_for_our_answer() -> None:
    async def run() -> None:
        async with ScriptedTws.running() as server, ours(server) as (transport, _):
            theirs = transport.native.reqOpenOrdersAsync()
            mine = asyncio.create_task(transport.all_open_orders())
            await server.until_sent(16)
            server.say((53, 1))
            server.say(open_order(1, client_id=8), (53, 1))
            assert len((await mine).orders) == 1
            await theirs

    asyncio.run(run())


def test_ib_async_does_not_complain_of_answers_to_our_questions(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        async with ScriptedTws.running() as server, ours(server) as (transport, _):
            tells_the_time(server)
            assert transport.native.trades() == []
            foreign = transport.next_id()
            server.say(
                (2, 6, foreign, 0, 100),
                (58, 1, foreign, 3),
                (76, foreign),
                (75, foreign, "SMART", 1, "GOOG", "100", 0, 0),
            )
            await transport.current_time()

    with caplog.at_level(logging.ERROR, "ib_async"):
        asyncio.run(run())
    assert [row.message for row in caplog.records if row.name != "ib_async.client"] == []  # which tells of the end


def test_the_native_object_sends_no_forged_fields_either() -> None:
    async def run() -> None:
        async with ScriptedTws.running() as server, ours(server) as (transport, _):
            tells_the_time(server)
            with pytest.raises(NotSent, match="control character"):
                transport.native.placeOrder(Stock("GO\0OG", "SMART", "USD"), LimitOrder("BUY", 1, 1))
            with pytest.raises(NotSent, match="not a finite number"):
                transport.native.placeOrder(Stock("GOOG", "SMART", "USD"), LimitOrder("BUY", 1, float("nan")))
            await transport.current_time()
            assert server.sent(3) == []

    asyncio.run(run())


def test_the_requests_of_the_native_object_are_paced_and_their_loss_is_told(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        async with ScriptedTws.running() as server, ours(server, Pacer(5)) as (transport, ear):
            native = transport.native
            for _ in range(9):
                native.placeOrder(Stock("GOOG", "SMART", "USD"), LimitOrder("BUY", 1, 1))
            await server.until_sent(3, 5)
            server.hang_up()
            await until(lambda: bool(ear.closed))
            await asyncio.sleep(0)
            assert len(server.sent(3)) == 5

    with caplog.at_level(logging.ERROR):
        asyncio.run(run())
    assert caplog.text.count("a request of the native object was not sent") == 4


def test_the_native_object_serves_the_next_connection_as_well() -> None:
    async def run() -> None:
        async with ScriptedTws.running() as server:
            tells_the_time(server)
            async with ours(server) as (transport, _):
                native = transport.native
                await transport.close()
                assert not native.isConnected()
                await transport.open("127.0.0.1", server.port, 7, 2)
                assert native.isConnected()
                assert (await native.reqCurrentTimeAsync()).year == 2026

    asyncio.run(run())


def test_leaving_by_the_native_object_is_heard() -> None:
    async def run() -> None:
        async with ScriptedTws.running() as server, ours(server) as (transport, ear):
            transport.native.disconnect()
            await until(lambda: bool(ear.closed))
            with pytest.raises(NotConnected):
                await transport.positions()

    asyncio.run(run())
