"""Parents and children, and one-cancels-all groups, at the gateway's desk."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway.desk_wire import Floor, WireClient, bracket, d, floor, limit, of, placed, run, stop
from v6_ib_plugin.gateway.wire import messages, requests
from v6_ib_plugin.terms import IbOrder


def states(told: list[messages.OpenOrder]) -> dict[int, str]:
    return {each.order.order_id: each.state.status for each in told}


def at_broker(opened: Floor) -> int:
    return len(opened.exchange.orders.open())


# Transmitting


def test_an_order_that_is_not_transmitted_is_told_and_listed_to_nobody() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, limit(1, 90, transmit=False))
            assert client.about(1) == []
            assert await client.open_orders(everybody=True) == []
            assert at_broker(opened) == 0

    run(main())


def test_an_order_is_transmitted_by_being_sent_again() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, limit(1, 90, transmit=False), limit(1, 90))
            await client.status(1, "Submitted")

    run(main())


def test_an_order_that_is_not_transmitted_can_be_cancelled() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, limit(1, 90, transmit=False))
            client.send(requests.CancelOrder(1))
            await client.answer(202)
            assert client.about(1) == ["Cancelled", "202"]

    run(main())


def test_the_last_child_transmits_the_whole_family() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, *bracket(1))
            assert states(await client.open_orders()) == {1: "Submitted", 2: "PreSubmitted", 3: "PreSubmitted"}

    run(main())


def test_a_parent_is_told_before_its_children() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, *bracket(1))
            assert [told.order.order_id for told in client.all(messages.OpenOrder)] == [1, 2, 3, 1]

    run(main())


# Children


def test_children_are_not_at_the_broker_before_their_parent_is_full() -> None:
    async def main() -> None:
        async with floor(fills="partial", delay=0.03) as opened:
            client = await placed(opened, *bracket(1))
            await client.until(messages.ExecDetails)
            assert at_broker(opened) == 1

    run(main())


def test_children_say_what_they_wait_for() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, *bracket(1))
            told = {each.status.order_id: each.status.why_held for each in client.all(messages.OrderStatus)}
            assert (told[2], told[3]) == ("child", "child,trigger")

    run(main())


def test_children_come_to_the_market_when_their_parent_is_full() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, *bracket(1, entry=101))
            await client.status(2, "Submitted")
            assert at_broker(opened) == 2

    run(main())


def test_a_filled_exit_cancels_the_other() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, *bracket(1, entry=101))
            opened.price(111)
            await client.sync()
            assert client.about(2)[-4:] == ["open Filled", "Filled", "Filled", "commission"]
            assert client.about(3)[-2:] == ["Cancelled", "202"]

    run(main())


def test_a_cancelled_exit_takes_the_other_with_it() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, *bracket(1, entry=101))
            client.send(requests.CancelOrder(2))
            await client.status(3, "Cancelled")
            assert at_broker(opened) == 0

    run(main())


def test_a_cancelled_parent_takes_its_children_with_it() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, *bracket(1))
            client.send(requests.CancelOrder(1))
            await client.sync()
            assert [client.about(number)[-2:] for number in (1, 2, 3)] == [["Cancelled", "202"]] * 3

    run(main())


def test_a_parent_that_dies_partly_filled_takes_its_children_with_it() -> None:
    async def main() -> None:
        async with floor(fills="partial", delay=60) as opened:
            client = await placed(opened, *bracket(1))
            client.send(requests.CancelOrder(1))
            await client.sync()
            assert (await client.status(1, "Cancelled")).filled == 5
            assert client.about(3)[-2:] == ["Cancelled", "202"]

    run(main())


def test_a_rejected_parent_takes_its_children_with_it() -> None:
    async def main() -> None:
        async with floor(fills="reject") as opened:
            client = await placed(opened, *bracket(1))
            assert client.about(1) == ["201", "Inactive"]
            assert client.about(2) == client.about(3) == ["Cancelled", "202"]

    run(main())


def test_a_parent_that_has_filled_takes_no_children_any_more() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, limit(1, 101), stop(2, 90, parent_id=1))
            assert (await client.answer(135)).req_id == 2

    run(main())


def test_a_child_can_join_a_parent_that_works() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, limit(1, 90), stop(2, 80, parent_id=1))
            assert states(await client.open_orders())[2] == "PreSubmitted"

    run(main())


def test_a_held_child_can_be_changed() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, *bracket(1), stop(3, 85, parent_id=1))
            [*_, told] = await client.open_orders()
            assert told.order.aux_price == 85

    run(main())


def test_a_child_names_its_parent_only_while_there_is_one() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, *bracket(1, entry=99))
            before = [told.order.parent_id for told in await client.open_orders()]
            opened.price(98)
            after = [told.order.parent_id for told in await client.open_orders()]
            assert (before, after) == ([0, 1, 1], [0, 0])

    run(main())


# How TWS groups children


async def seen_again(opened: Floor, client: WireClient) -> tuple[WireClient, list[IbOrder]]:
    """Return the next visit of a client, and the open orders as it sees them."""
    await client.close()
    again = await opened.client()
    return again, [told.order for told in await again.open_orders()]


def test_the_next_visit_sees_children_in_a_group_of_their_parent() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, *bracket(1, oca_group="mine", oca_type=1))
            assert [told.order.oca_group for told in await client.open_orders()] == ["", "mine", "mine"]
            _, orders = await seen_again(opened, client)
            parent = str(orders[0].perm_id)
            assert [(order.oca_group, order.oca_type) for order in orders] == [("", 3), (parent, 3), (parent, 3)]

    run(main())


@pytest.mark.parametrize(
    ("group", "kind", "code"), [("mine", 1, 10326), ("{parent}", 0, 10327), ("{parent}", 3, 0), ("", 0, 0)]
)
def test_a_change_of_a_child_names_its_group_as_it_stands_or_not_at_all(group: str, kind: int, code: int) -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, *bracket(1, entry=101, oca_group="mine", oca_type=1))
            name = group.format(parent=client.all(messages.OpenOrder)[0].order.perm_id)
            client.place(stop(3, 85, oca_group=name, oca_type=kind))
            await client.sync()
            stopped = (await client.open_orders())[-1].order.aux_price
            assert (client.codes(), stopped) == (([code], d(90)) if code else ([], d(85)))

    run(main())


def test_a_change_as_read_back_is_taken() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, *bracket(1, entry=101, oca_group="mine", oca_type=1))
            again, orders = await seen_again(opened, client)
            again.place(replace(orders[-1], aux_price=orders[-1].aux_price and orders[-1].aux_price - 5))
            told = await again.until(messages.OpenOrder, lambda told: told.order.aux_price == 85)
            assert (told.order.order_id, again.codes()) == (3, [])

    run(main())


@pytest.mark.parametrize("is_full", [False, True])
@pytest.mark.parametrize("left_out", [{}, {"oca_group": "", "oca_type": 0}, {"oca_group": "", "parent_id": 0}])
def test_each_leg_of_a_bracket_can_be_changed_from_what_was_read_back(left_out: dict[str, Any], is_full: bool) -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, *bracket(1))
            await client.close()
            client = await opened.client()
            if is_full:
                opened.price(98)
            for told in await client.open_orders():
                price = "aux_price" if told.order.order_type == "STP" else "lmt_price"
                moved = {price: getattr(told.order, price) - 1, "transmit": True}
                client.place(replace(told.order, **left_out, **moved), contract=told.contract)
            after = {told.order.order_id: told.order for told in await client.open_orders()}
            assert client.codes() == []
            assert (after[2].lmt_price, after[3].aux_price) == (d(109), d(89))
            assert (1 in after) is not is_full
            assert {after[2].oca_group, after[3].oca_group} == {str(after[2].perm_id - 1)}

    run(main())


def test_a_change_that_names_a_parent_that_has_filled_is_refused() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, *bracket(1, entry=101), stop(3, 85, parent_id=1))
            assert (await client.answer(135)).req_id == 3

    run(main())


# Groups that clients make


def grouped(order: IbOrder, kind: int = 1) -> IbOrder:
    return replace(order, oca_group="one", oca_type=kind)


def test_a_fill_cancels_the_others_of_its_group() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, grouped(limit(1, 90)), grouped(limit(2, 80)))
            opened.price(89)
            await client.status(2, "Cancelled")

    run(main())


def test_a_cancel_cancels_the_others_of_its_group() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, grouped(limit(1, 90)), grouped(limit(2, 80)))
            client.send(requests.CancelOrder(1))
            await client.status(2, "Cancelled")

    run(main())


@pytest.mark.parametrize("kind", [2, 3])
def test_a_fill_is_taken_off_the_others_of_a_reducing_group(kind: int) -> None:
    async def main() -> None:
        async with floor() as opened:
            small, large = grouped(limit(1, 90, 4), kind), grouped(limit(2, 80, 10), kind)
            client = await placed(opened, small, large)
            opened.price(89)
            told = await client.until(messages.OpenOrder, lambda told: told.order.total_quantity == 6)
            assert told.order.order_id == 2

    run(main())


def test_who_comes_too_late_for_a_group_is_refused() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, grouped(limit(1, 101)), grouped(limit(2, 80)))
            assert client.about(2) == ["201", "Inactive"]
            assert "OCA group is already filled" in (await client.answer(201)).text

    run(main())


def test_the_members_of_a_group_have_one_type() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, grouped(limit(1, 90), 1), grouped(limit(2, 80), 3))
            assert client.about(2) == ["201", "Inactive"]

    run(main())


def test_the_entry_of_one_bracket_cancels_a_rival_with_its_children() -> None:
    async def main() -> None:
        async with floor() as opened:
            first, second = bracket(1, entry=95), bracket(4, entry=90)
            orders = [grouped(first[0]), *first[1:], grouped(second[0]), *second[1:]]
            client = await placed(opened, *orders)
            opened.price(94)
            await client.status(6, "Cancelled")
            assert states(await client.open_orders()).keys() == {2, 3}

    run(main())


def test_answers_are_of_the_order_that_they_name() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, *bracket(1))
            client.send(requests.CancelOrder(1))
            await client.sync()
            assert [each.answer.req_id for each in of(messages.ErrMsg, client.heard)[3:]] == [1, 2, 3]

    run(main())
