"""Many clients and many orders at once at the gateway's desk."""

from __future__ import annotations

import asyncio

from gateway.desk_wire import d, floor, limit, run
from v6_ib_plugin.gateway.wire import messages, requests


def test_fifty_clients_are_each_told_of_their_own_orders() -> None:
    async def main() -> None:
        async with floor() as opened:
            opened.price(100)
            clients = [await opened.client(number) for number in range(50)]
            for client in clients:
                client.place(limit(1, 90), limit(2, 101))
            for number, client in enumerate(clients):
                await client.status(2, "Filled")
                assert {told.status.client_id for told in client.all(messages.OrderStatus)} == {number}
            assert len(await clients[7].open_orders(everybody=True)) == 50

    run(main())


def test_of_many_orders_in_one_segment_none_is_lost() -> None:
    async def main() -> None:
        async with floor() as opened:
            opened.price(100)
            client = await opened.client()
            client.place(*(limit(number, 90) for number in range(1, 401)))
            await client.status(400, "Submitted")
            assert [told.order.order_id for told in await client.open_orders()] == list(range(1, 401))
            client.send(requests.ReqGlobalCancel())
            await client.status(400, "Cancelled")
            assert await client.open_orders() == []

    run(main())


def test_changes_and_fills_of_two_clients_at_once_are_all_told() -> None:
    async def main() -> None:
        async with floor(latency=0.001) as opened:
            opened.price(100)
            buyer, seller = await opened.client(1), await opened.client(2)
            numbers = range(1, 21)
            buyer.place(*(limit(number, 90) for number in numbers))
            seller.place(*(limit(number, 110, action="SELL") for number in numbers))
            await buyer.status(20, "Submitted")
            await seller.status(20, "Submitted")
            buyer.place(*(limit(number, 95) for number in numbers))
            seller.place(*(limit(number, 105, action="SELL") for number in numbers))
            for price in (106, 94, 106, 94):
                opened.price(price)
                await asyncio.sleep(0.002)
            await buyer.status(20, "Filled")
            opened.price(106)
            await seller.status(20, "Filled")
            for client in (buyer, seller):
                assert len({told.execution.exec_id for told in client.all(messages.ExecDetails)}) == 20
                assert await client.open_orders() == []
                assert len(await client.completed()) == 40

    run(main())


def test_a_child_of_another_clients_order_has_no_parent() -> None:
    async def main() -> None:
        async with floor() as opened:
            opened.price(100)
            client, other = await opened.client(1), await opened.client(2)
            client.place(limit(5, 90))
            await client.status(5, "Submitted")
            other.place(limit(6, 110, action="SELL", parent_id=5))
            await other.answer(10006)

    run(main())


def test_a_group_reaches_over_clients() -> None:
    async def main() -> None:
        async with floor() as opened:
            opened.price(100)
            client, other = await opened.client(1), await opened.client(2)
            client.place(limit(1, 90, oca_group="g", oca_type=1))
            await client.status(1, "Submitted")
            other.place(limit(1, 101, oca_group="g", oca_type=1))
            assert (await other.status(1, "Filled")).filled == d(10)
            await client.status(1, "Cancelled")

    run(main())
