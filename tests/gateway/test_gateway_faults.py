"""Faults on demand: links that are cut, silence, refusals, and which request or message is struck."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gateway.fault_ends import on, open_ids, resting, sent, told
from gateway.raw_tws import GOOG, bracket, connected, greeted, kinds, place, started
from v6_ib_plugin.gateway.faults import (
    Cut,
    Duplicate,
    Moment,
    Refuse,
    Rewrite,
    Silence,
    When,
    presets,
)
from v6_ib_plugin.gateway.gateway import Gateway
from v6_ib_plugin.gateway.wire import messages, requests

# The link is cut


def test_a_link_cut_before_an_order_is_taken_leaves_no_order() -> None:
    async def work(gateway: Gateway) -> Any:
        gateway.faults.arm(When.order(), Cut())
        return await sent(gateway, place(1)), await open_ids(gateway)

    assert resting(work) == ([], [])


def test_a_link_cut_unanswered_leaves_an_order_of_which_nothing_was_told() -> None:
    async def work(gateway: Gateway) -> Any:
        gateway.faults.arm(When.order(), Cut(moment=Moment.UNANSWERED))
        return await sent(gateway, place(1)), await open_ids(gateway)

    assert resting(work) == ([], [1])


def test_a_link_cut_after_the_answer_leaves_an_order_of_which_one_message_was_told() -> None:
    async def work(gateway: Gateway) -> Any:
        gateway.faults.arm(When.order(), Cut(moment=Moment.AFTER))
        return kinds(await sent(gateway, place(1))), await open_ids(gateway)

    assert resting(work) == (["OpenOrder"], [1])


@pytest.mark.parametrize(
    ("leg", "moment", "left"),
    [
        (1, Moment.BEFORE, []),
        (1, Moment.UNANSWERED, []),
        (2, Moment.BEFORE, []),
        (2, Moment.AFTER, []),
        (3, Moment.BEFORE, []),
        (3, Moment.UNANSWERED, [1, 2, 3]),
        (3, Moment.AFTER, [1, 2, 3]),
    ],
)
def test_a_bracket_cut_between_its_legs_works_only_if_its_last_leg_was_taken(
    leg: int, moment: Moment, left: list[int]
) -> None:
    async def work(gateway: Gateway) -> Any:
        gateway.faults.arm(When.order(leg=leg), Cut(moment=moment))
        await sent(gateway, *bracket(1))
        return {order.order_ref for order in (await gateway.broker.snapshot()).open_orders}

    assert bool(resting(work)) == bool(left)


def test_a_cancel_can_be_taken_and_the_link_cut() -> None:
    async def work(gateway: Gateway) -> Any:
        gateway.faults.arm(When.request("CancelOrder"), Cut(moment=Moment.UNANSWERED))
        found = await sent(gateway, place(1), requests.CancelOrder(1))
        return [m.status.status for m in found if isinstance(m, messages.OrderStatus)], await open_ids(gateway)

    statuses, left = resting(work)
    assert "Cancelled" not in statuses
    assert left == []


def test_a_reset_ends_the_link_as_well() -> None:
    async def work(gateway: Gateway) -> Any:
        gateway.faults.arm(When.order(), Cut(reset=True))
        return await sent(gateway, place(1))

    assert resting(work) == []


@pytest.mark.parametrize(("moment", "count"), [(Moment.BEFORE, 0), (Moment.AFTER, 1)])
def test_a_link_is_cut_before_or_after_a_message(moment: Moment, count: int) -> None:
    async def work(gateway: Gateway) -> Any:
        gateway.faults.arm(When.message("ExecDetails"), Cut(moment=moment))
        return kinds(await sent(gateway, place(1)))

    found = on(work)
    assert found.count("ExecDetails") == count
    assert "CommissionReport" not in found


def test_a_cut_of_now_strikes_the_client_that_it_names() -> None:
    async def work(gateway: Gateway) -> Any:
        async with connected(gateway, 1) as first, connected(gateway, 2) as second:
            gateway.faults.arm(When.now(client_id=1), Cut())
            return await first.to_the_end(), await second.until_time()

    assert on(work) == ([], [])


def test_a_connection_can_be_cut_at_the_greeting_and_at_the_start() -> None:
    async def work(gateway: Gateway) -> Any:
        gateway.faults.arm(When.connection(), Cut())
        gateway.faults.arm(When.start(), Cut())
        async with greeted(gateway) as client:
            at_greeting = await client.fields()
        async with started(gateway) as client:
            return at_greeting, await client.next()

    assert on(work) == (None, None)


# Nothing is answered


def test_an_order_that_was_taken_in_silence_is_told_to_who_asks() -> None:
    async def work(gateway: Gateway) -> Any:
        gateway.faults.arm(When.order(), Silence(accept=True))
        async with connected(gateway) as client:
            client.send(place(1))
            before = await client.until_time()
            client.send(requests.ReqOpenOrders(), requests.ReqExecutions(7))
            return before, kinds(await client.until_time())

    before, after = on(work)
    assert before == []
    assert "ExecDetails" in after


def test_what_becomes_of_a_silent_order_later_is_not_told_either() -> None:
    async def work(gateway: Gateway) -> Any:
        gateway.faults.arm(When.order(), Silence(accept=True))
        async with connected(gateway) as client:
            client.send(place(1))
            await client.until_time()
            await asyncio.sleep(0.03)
            fills = (await gateway.broker.snapshot()).fills
            return len(fills), await client.until_time()

    assert on(work, settings={"fills": "delayed", "delay": 0.01}) == (1, [])


def test_an_order_that_is_lost_in_silence_was_not_taken() -> None:
    async def work(gateway: Gateway) -> Any:
        gateway.faults.arm(When.order(), Silence())
        return await told(gateway, place(1)), await open_ids(gateway)

    assert resting(work) == ([], [])


def test_a_cancel_that_is_asked_for_again_is_answered_where_the_first_was_lost_in_silence() -> None:
    async def work(gateway: Gateway) -> Any:
        gateway.faults.arm(When.request("CancelOrder"), Silence())
        async with connected(gateway) as client:
            client.send(place(1), requests.CancelOrder(1))
            await client.until_time()
            client.send(requests.CancelOrder(1))
            return kinds(await client.until_time())

    assert "OrderStatus" in resting(work)


@pytest.mark.parametrize("kind", ["ReqOpenOrders", "ReqPositions", "ReqCompletedOrders"])
def test_a_request_of_one_kind_can_go_unanswered(kind: str) -> None:
    async def work(gateway: Gateway) -> Any:
        gateway.faults.arm(When.request(kind), Silence(), times=None)
        return await told(gateway, getattr(requests, kind)(*([False] if kind == "ReqCompletedOrders" else [])))

    assert on(work) == []


def test_a_connection_can_stay_unanswered() -> None:
    async def work(gateway: Gateway) -> Any:
        gateway.faults.arm(When.connection(), Silence())
        async with greeted(gateway) as client:
            return await client.is_silent()

    assert on(work)


def test_a_start_can_stay_unanswered() -> None:
    async def work(gateway: Gateway) -> Any:
        gateway.faults.arm(When.start(), Silence())
        async with started(gateway) as client:
            return await client.is_silent()

    assert on(work)


def test_a_message_can_be_swallowed() -> None:
    async def work(gateway: Gateway) -> Any:
        gateway.faults.arm(When.message("OrderStatus"), Silence(), times=None)
        return kinds(await told(gateway, place(1)))

    found = on(work)
    assert "OrderStatus" not in found
    assert "OpenOrder" in found


# Refused


@pytest.mark.parametrize(
    ("request_", "about"), [(place(4), 4), (requests.ReqMktData(9, GOOG), 9), (requests.ReqPositions(), -1)]
)
def test_a_request_is_refused_with_a_code_of_choice(request_: requests.Request, about: int) -> None:
    async def work(gateway: Gateway) -> Any:
        gateway.faults.arm(When.request(type(request_).__name__), Refuse(code=201, text="no"))
        return await told(gateway, request_)

    (found,) = on(work)
    assert (found.answer.req_id, found.answer.code, found.answer.text) == (about, 201, "no")


def test_an_api_turned_read_only_refuses_orders() -> None:
    async def work(gateway: Gateway) -> Any:
        for fault in presets.read_only():
            gateway.faults.add(fault)
        return await told(gateway, place(1), requests.ReqOpenOrders())

    assert [message.answer.code for message in on(work)] == [321, 321]


# Which one, and how often


@pytest.mark.parametrize(
    "facts",
    [{"order_id": 2}, {"order_ref": "mine"}, {"action": "sell"}, {"nth": 2}, {"client_id": 1, "nth": 2}],
)
def test_an_order_is_known_by_its_id_its_reference_its_side_or_its_place(facts: dict[str, Any]) -> None:
    async def work(gateway: Gateway) -> Any:
        gateway.faults.arm(When.order(**facts), Refuse(code=201))
        found = await told(gateway, place(1), place(2, "SELL", order_ref="mine"), place(3))
        return [m.answer.req_id for m in found if isinstance(m, messages.ErrMsg) and m.answer.code == 201]

    assert on(work) == [2]


def test_an_order_of_another_symbol_is_left_alone() -> None:
    async def work(gateway: Gateway) -> Any:
        armed = gateway.faults.arm(When.order(symbol="AAPL"), Refuse(code=201))
        await told(gateway, place(1))
        return armed.seen

    assert on(work) == 0


def test_a_what_if_and_a_change_are_no_new_orders() -> None:
    async def work(gateway: Gateway) -> Any:
        armed = gateway.faults.arm(When.order(2), Refuse(code=201))
        await told(gateway, place(1, price="50"), place(1, price="51"), place(7, price="50", what_if=True))
        return armed.seen

    assert resting(work) == 1


def test_a_change_can_be_struck() -> None:
    async def work(gateway: Gateway) -> Any:
        gateway.faults.arm(When.order(is_new=False), Cut(moment=Moment.UNANSWERED))
        await sent(gateway, place(1, price="50"), place(1, price="51"))
        return [report.terms.limit_price for report in (await gateway.broker.snapshot()).open_orders if report.terms]

    assert resting(work) == [51]


def test_a_status_and_a_commission_are_known_by_the_reference_of_their_order() -> None:
    async def work(gateway: Gateway) -> Any:
        for kind in ("OrderStatus", "CommissionReport"):
            gateway.faults.arm(When.message(kind, order_ref="mine"), Silence(), times=None)
        return kinds(await told(gateway, place(1, order_ref="mine"))), kinds(await told(gateway, place(2)))

    first, second = on(work)
    assert not {"OrderStatus", "CommissionReport"} & set(first)
    assert {"OrderStatus", "CommissionReport"} <= set(second)


def test_a_fault_strikes_as_often_as_it_is_told_to_and_counts() -> None:
    async def work(gateway: Gateway) -> Any:
        twice = gateway.faults.arm(When.order(), Refuse(code=201), times=2)
        found = await told(gateway, *(place(number) for number in range(1, 5)))
        codes = [m.answer.code for m in found if isinstance(m, messages.ErrMsg)]
        return codes.count(201), twice.struck, twice.is_spent, gateway.faults.armed

    assert on(work) == (2, 2, True, ())


def test_a_fault_that_is_disarmed_strikes_no_more() -> None:
    async def work(gateway: Gateway) -> Any:
        one = gateway.faults.arm(When.order(), Refuse(code=201), times=None)
        one.disarm()
        gateway.faults.arm(When.order(), Refuse(code=202), times=None)
        gateway.faults.disarm()
        return [m for m in await told(gateway, place(1)) if isinstance(m, messages.ErrMsg)]

    assert on(work) == []


def test_several_faults_strike_one_message_in_the_order_in_which_they_were_armed() -> None:
    async def work(gateway: Gateway) -> Any:
        gateway.faults.arm(When.message("OrderStatus"), Rewrite(fields={"status": {"status": "Odd"}}))
        gateway.faults.arm(When.message("OrderStatus"), Duplicate())
        return [m.status.status for m in await told(gateway, place(1)) if isinstance(m, messages.OrderStatus)][:2]

    assert on(work) == ["Odd", "Odd"]


def test_faults_can_be_armed_before_the_gateway_opens() -> None:
    async def work(gateway: Gateway) -> Any:
        async with started(gateway) as client:
            return kinds(await client.until_time())

    assert "NextValidId" not in on(work, faults=[presets.login_unfinished()])
