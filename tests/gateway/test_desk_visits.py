"""What lasts at the gateway's desk: over a client's visits and between clients; and orders of others."""

from __future__ import annotations

from uuid import uuid4

import pytest

from gateway.desk_wire import GOODS, Floor, bracket, d, executions, floor, limit, placed, run
from v6_ib_plugin.gateway.wire import messages, requests
from v6core.orders import Order

# Visits


def test_orders_are_found_after_their_client_went_away() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, limit(3, 90, order_ref="kept"))
            await client.close()
            [told] = await (await opened.client()).open_orders()
            assert (told.order.order_id, told.order.order_ref, told.state.status) == (3, "kept", "Submitted")

    run(main())


def test_a_fill_while_its_client_is_away_is_told_when_asked_and_not_before() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, limit(3, 90))
            await client.close()
            opened.price(89)
            again = await opened.client()
            assert again.all(messages.ExecDetails) == []
            [told] = await executions(again)
            assert (told.req_id, told.execution.order_id) == (5, 3)

    run(main())


def test_the_next_order_id_goes_on_where_the_client_left_it() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, limit(7, 90))
            await client.close()
            assert (await opened.client()).all(messages.NextValidId) == [messages.NextValidId(8)]

    run(main())


def test_the_next_order_id_is_told_when_asked() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, limit(7, 90))
            assert await client.ask(requests.ReqIds(1), messages.NextValidId) == []
            assert client.all(messages.NextValidId)[-1].order_id == 8

    run(main())


def test_parked_orders_stay_while_tws_runs() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, limit(1, 90, transmit=False))
            await client.close()
            again = await opened.client()
            again.place(limit(1, 90))
            await again.status(1, "Submitted")

    run(main())


def test_parked_orders_are_gone_after_a_restart_and_their_ids_are_used() -> None:
    async def main() -> None:
        async with floor() as opened:
            await placed(opened, *bracket(1)[:2])
            opened.gateway.restart(0)
            again = await opened.returned()
            again.send(requests.CancelOrder(1))
            await again.answer(10147)
            again.place(bracket(1)[1])
            await again.answer(103)

    run(main())


def test_ids_that_were_reset_begin_again() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, limit(7, 101))
            opened.gateway.roll_back_ids(1)
            client.place(limit(7, 101))
            await client.sync()
            assert client.about(7).count("exec 10") == 2

    run(main())


# Other clients


def test_a_client_hears_of_its_own_orders_alone() -> None:
    async def main() -> None:
        async with floor() as opened:
            other = await opened.client(2)
            await placed(opened, limit(1, 101))
            await other.sync()
            assert not other.all(messages.OpenOrder)
            assert not other.all(messages.ExecDetails)

    run(main())


def test_two_clients_use_the_same_ids() -> None:
    async def main() -> None:
        async with floor() as opened:
            client, other = await placed(opened, limit(1, 90)), await placed(opened, limit(1, 91), client_id=2)
            told = await client.open_orders(everybody=True)
            assert [(each.order.client_id, each.order.order_id) for each in told] == [(1, 1), (2, 1)]
            assert [each.order.client_id for each in await other.open_orders()] == [2]

    run(main())


def test_lasting_ids_are_of_the_account() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, limit(1, 90), limit(2, 90))
            await placed(opened, limit(1, 91), client_id=2)
            told = await client.open_orders(everybody=True)
            assert len({each.order.perm_id for each in told}) == 3

    run(main())


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, 2),
        ({"client_id": 2}, 1),
        ({"symbol": "ACME"}, 2),
        ({"symbol": "OTHER"}, 0),
        ({"side": "BUY"}, 1),
        ({"side": "SLD"}, 1),
        ({"acct_code": "DU1"}, 0),
        ({"time": "20200101-00:00:00"}, 2),
        ({"time": "20990101 00:00:00 US/Eastern"}, 0),
    ],
)
def test_a_filter_chooses_executions(wanted: dict[str, str | int], found: int) -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, limit(1, 101))
            await placed(opened, limit(1, 99, action="SELL"), client_id=2)
            assert len(await executions(client, **wanted)) == found

    run(main())


def test_commissions_follow_executions_that_were_asked_for() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, limit(1, 101))
            client.heard.clear()
            await executions(client)
            await client.sync()
            assert len(client.all(messages.CommissionReport)) == 1

    run(main())


# What has ended


def test_completed_orders_name_no_order_id() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, limit(1, 101, order_ref="mine"), limit(2, 90))
            client.send(requests.CancelOrder(2))
            told = await client.completed()
            assert [each.completion.completed_status for each in told] == ["Filled Size: 10", "Cancelled by Trader"]
            assert [(each.order.order_id, each.order.order_ref) for each in told] == [(0, "mine"), (0, "")]

    run(main())


def test_a_refused_order_is_completed_with_its_reason() -> None:
    async def main() -> None:
        async with floor(fills="reject") as opened:
            [told] = await (await placed(opened, limit(1))).completed()
            assert told.completion.status == "Inactive"
            assert "every order is refused" in told.completion.completed_status

    run(main())


def test_a_completed_child_names_its_parent() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, *bracket(1))
            client.send(requests.CancelOrder(1))
            told = await client.completed()
            [parent] = [each.order.perm_id for each in told if each.completion.parent_perm_id is None]
            assert [each.completion.parent_perm_id for each in told] == [None, parent, parent]

    run(main())


# Orders that others placed at the broker


async def by_hand(opened: Floor) -> None:
    opened.price(100)
    order = Order.limit("BUY", 5, 90, order_id=uuid4(), order_ref="somebody", contract=GOODS)
    await opened.gateway.broker.place([order])


def test_an_order_made_by_hand_is_listed_without_an_id() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await opened.client(1)
            await by_hand(opened)
            [told] = await client.open_orders(everybody=True)
            assert (told.order.order_id, told.order.client_id, told.order.total_quantity) == (0, 0, d(5))
            assert await client.open_orders() == []

    run(main())


def test_client_zero_is_bound_to_orders_made_by_hand() -> None:
    async def main() -> None:
        async with floor() as opened:
            await by_hand(opened)
            client = await opened.client(0)
            client.send(requests.ReqAutoOpenOrders(bind=True))
            bound = await client.until(messages.OrderBound)
            client.send(requests.CancelOrder(bound.api_order_id))
            assert (await client.status(-1, "Cancelled")).perm_id == bound.perm_id

    run(main())


def test_a_global_cancel_reaches_orders_made_by_hand() -> None:
    async def main() -> None:
        async with floor() as opened:
            await by_hand(opened)
            client = await opened.client(1)
            client.send(requests.ReqGlobalCancel())
            await client.sync()
            assert opened.exchange.orders.open() == []

    run(main())
