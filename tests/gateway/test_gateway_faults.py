from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from gateway.raw_tws import GOOG, bracket, connected, eventually, greeted, kinds, place, started, tcp
from v6_ib_plugin.gateway.faults import (
    Announce,
    Connectivity,
    Correct,
    Cut,
    Delay,
    Duplicate,
    Effect,
    Garbage,
    Moment,
    Refuse,
    Reorder,
    Restart,
    Rewrite,
    RollBackIds,
    Segments,
    Silence,
    TooLong,
    Undecodable,
    When,
    presets,
)
from v6_ib_plugin.gateway.gateway import Gateway
from v6_ib_plugin.gateway.testing import running_gateway
from v6_ib_plugin.gateway.wire import WireError, messages, requests
from v6core.contracts import Stock

STOCK = Stock(symbol="GOOG")
REPORTS = {"OpenOrder", "OrderStatus", "ExecDetails", "CommissionReport"}


def on(work: Callable[[Gateway], Awaitable[Any]], **options: Any) -> Any:
    """Run something on a gateway of its own, whose orders fill at once."""

    async def within() -> Any:
        async with running_gateway(prices={"GOOG": 100}, **options) as gateway:
            return await work(gateway)

    return asyncio.run(within())


def resting(work: Callable[[Gateway], Awaitable[Any]], **options: Any) -> Any:
    """Run something on a gateway whose orders rest."""
    return on(work, settings={"fills": "never"}, **options)


async def sent(gateway: Gateway, *asked: requests.Request) -> list[messages.Message]:
    """Send requests on a connection of its own, and return what comes until it is cut."""
    async with connected(gateway) as client:
        client.send(*asked)
        return await client.to_the_end()


async def told(gateway: Gateway, *asked: requests.Request, client_id: int = 1) -> list[messages.Message]:
    """Send requests on a connection of its own, and return what comes of them; it is not cut."""
    async with connected(gateway, client_id) as client:
        client.send(*asked)
        found = await client.until_time()
    await eventually(lambda: client_id not in gateway.clients)
    return found


async def open_ids(gateway: Gateway) -> list[int]:
    """Return the order ids that a client finds open when it connects anew."""
    await eventually(lambda: not gateway.clients)
    found = await told(gateway, requests.ReqOpenOrders())
    return sorted({message.order.order_id for message in found if isinstance(message, messages.OpenOrder)})


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


# Late, twice, in another order


def test_a_message_that_is_late_is_overtaken() -> None:
    async def work(gateway: Gateway) -> Any:
        gateway.faults.add(presets.late_commissions(0.01))
        async with connected(gateway) as client:
            client.send(place(1))
            before = kinds(await client.until_time())
            return before, await client.find(messages.CommissionReport)

    before, _ = on(work)
    assert "CommissionReport" not in before


def test_others_wait_behind_a_late_message_if_they_are_to() -> None:
    async def work(gateway: Gateway) -> Any:
        gateway.faults.arm(When.message("OpenOrder"), Delay(seconds=0.01, others_wait=True))
        return kinds(await told(gateway, place(1)))

    assert on(work)[0] == "OpenOrder"


def test_a_request_is_taken_late_and_holds_up_those_behind_it() -> None:
    async def work(gateway: Gateway) -> Any:
        gateway.faults.arm(When.request("ReqIds"), Delay(seconds=0.08))
        async with connected(gateway) as client:
            client.send(requests.ReqIds(), requests.ReqManagedAccts())
            return await client.is_silent(), await client.until_time()

    silent, found = on(work)
    assert silent
    assert found == [messages.NextValidId(1), messages.ManagedAccounts("DUSIM0001")]


def test_a_start_is_answered_late() -> None:
    async def work(gateway: Gateway) -> Any:
        armed = gateway.faults.arm(When.start(), Delay(seconds=0.01))
        async with started(gateway) as client:
            await armed.has_struck()
            assert not gateway.clients
            return await client.find(messages.NextValidId)

    assert on(work) == messages.NextValidId(1)


def test_a_message_goes_out_several_times() -> None:
    async def work(gateway: Gateway) -> Any:
        gateway.faults.arm(When.message("ExecDetails"), Duplicate(more=2))
        return kinds(await told(gateway, place(1)))

    assert on(work).count("ExecDetails") == 3


def test_every_status_comes_twice() -> None:
    async def work(gateway: Gateway) -> Any:
        gateway.faults.add(presets.doubled_statuses())
        return [message for message in await told(gateway, place(1)) if isinstance(message, messages.OrderStatus)]

    found = on(work)
    assert found[0::2] == found[1::2]


def test_a_message_goes_out_behind_those_that_follow_it() -> None:
    async def work(gateway: Gateway) -> Any:
        gateway.faults.arm(When.message("ManagedAccounts"), Reorder(behind=2))
        async with started(gateway) as client:
            return kinds(await client.until_time())

    assert on(work).index("ManagedAccounts") == 2


def test_a_message_that_nothing_follows_goes_out_in_the_end() -> None:
    async def work(gateway: Gateway) -> Any:
        gateway.faults.arm(When.message("NextValidId"), Reorder(behind=9, within=0.01))
        async with connected(gateway) as client:
            return await client.find(messages.NextValidId)

    assert on(work) == messages.NextValidId(1)


# Other words


def test_a_login_that_is_not_finished_tells_no_order_id() -> None:
    async def work(gateway: Gateway) -> Any:
        gateway.faults.add(presets.login_unfinished())
        async with started(gateway) as client:
            return kinds(await client.until_time())

    found = on(work)
    assert "NextValidId" not in found
    assert "ManagedAccounts" in found


@pytest.mark.parametrize("names", ["", "U1234567", "DU1,DU2"])
def test_accounts_have_other_names_or_there_are_none(names: str) -> None:
    async def work(gateway: Gateway) -> Any:
        gateway.faults.add(presets.accounts(names))
        async with started(gateway) as client:
            return await client.find(messages.ManagedAccounts)

    assert on(work) == messages.ManagedAccounts(names)


def test_a_record_within_a_message_is_rewritten_by_its_fields() -> None:
    async def work(gateway: Gateway) -> Any:
        gateway.faults.arm(When.message("OrderStatus"), Rewrite(fields={"status": {"status": "Odd", "filled": 0.5}}))
        async with connected(gateway) as client:
            client.send(place(1))
            return (await client.find(messages.OrderStatus)).status

    status = on(work)
    assert (status.status, status.filled, status.order_id) == ("Odd", Decimal("0.5"), 1)


def test_a_server_is_older_than_it_is() -> None:
    async def work(gateway: Gateway) -> Any:
        gateway.faults.add(presets.old_server(100))
        async with greeted(gateway) as client:
            return await client.fields()

    assert on(work)[0] == "100"


def test_an_error_is_announced_to_all() -> None:
    async def work(gateway: Gateway) -> Any:
        async with connected(gateway, 1) as first, connected(gateway, 2) as second:
            gateway.faults.arm(When.now(), Announce(code=2103, text="broken"))
            return await first.until_time() + await second.until_time()

    assert [message.answer.code for message in on(work)] == [2103, 2103]


# Bytes


@pytest.mark.parametrize("effect", [Garbage(), Garbage(hex="ffffffffff", framed=False), TooLong()])
def test_bytes_go_out_that_are_no_message(effect: Effect) -> None:
    async def work(gateway: Gateway) -> Any:
        async with connected(gateway) as client:
            gateway.faults.arm(When.now(), effect)
            with pytest.raises(WireError):
                await client.next()

    on(work)


@pytest.mark.parametrize("when", [When.connection(), When.start(), When.request("ReqCurrentTime")])
def test_garbage_can_come_at_any_point(when: When) -> None:
    async def work(gateway: Gateway) -> Any:
        gateway.faults.arm(when, Garbage(hex="ffffffff", framed=False))
        with pytest.raises(WireError):
            async with started(gateway) as client:
                await client.until_time()

    on(work)


def test_a_message_that_stops_too_early_cannot_be_decoded_and_the_next_one_can() -> None:
    async def work(gateway: Gateway) -> Any:
        gateway.faults.arm(When.message("OrderStatus"), Undecodable())
        async with connected(gateway) as client:
            client.send(place(1))
            await client.find(messages.OpenOrder)
            with pytest.raises(WireError, match="orderStatus"):
                await client.next()
            return kinds(await client.until_time())

    assert "OrderStatus" in on(work)


@pytest.mark.parametrize("when", [When.connection(), When.start()])
def test_bytes_come_one_at_a_time(when: When) -> None:
    async def work(gateway: Gateway) -> Any:
        gateway.faults.arm(when, Segments(size=1, pause=0.0002))
        async with started(gateway) as client:
            client.chunks.clear()
            return await client.next(), len(client.chunks)

    message, chunks = on(work)
    assert message == messages.ManagedAccounts("DUSIM0001")
    assert chunks > 2


def test_messages_come_all_at_once() -> None:
    async def work(gateway: Gateway) -> Any:
        gateway.faults.arm(When.start(), Segments(pause=0.01))
        async with started(gateway) as client:
            client.chunks.clear()
            await client.find(messages.ErrMsg)
            return len(client.chunks)

    assert on(work) == 1


def test_what_waits_in_segments_still_goes_out_when_the_link_is_closed() -> None:
    async def work(gateway: Gateway) -> Any:
        gateway.faults.arm(When.start(), Segments(size=40, pause=0.0005))
        async with started(gateway) as client:
            await eventually(lambda: gateway.clients)
            gateway.clients[1].close("the end")
            return kinds(await client.to_the_end())

    assert on(work) == ["ManagedAccounts", "NextValidId", "ErrMsg", "ErrMsg", "ErrMsg"]


# Executions


def executions(found: list[messages.Message]) -> Any:
    return [
        (message.execution.exec_id[-3:], message.execution.shares, message.execution.price)
        for message in found
        if isinstance(message, messages.ExecDetails)
    ]


def test_an_execution_is_corrected_under_its_next_revision() -> None:
    async def work(gateway: Gateway) -> Any:
        gateway.faults.arm(When.message("ExecDetails"), Correct(price=Decimal(99)))
        return await told(gateway, place(1))

    found = on(work)
    assert executions(found) == [(".01", 1, 100), (".02", 1, 99)]
    costs = [m.commission.exec_id[-3:] for m in found if isinstance(m, messages.CommissionReport)]
    assert costs == [".01", ".02"]


def test_who_asks_for_executions_after_a_correction_is_told_the_revision_alone() -> None:
    async def work(gateway: Gateway) -> Any:
        gateway.faults.arm(When.message("ExecDetails"), Correct(price=Decimal(99)))
        await told(gateway, place(1))
        return executions(await told(gateway, requests.ReqExecutions(3)))

    assert on(work) == [(".02", 1, 99)]


def test_an_execution_is_busted_while_nobody_is_connected() -> None:
    async def work(gateway: Gateway) -> Any:
        await told(gateway, place(1))
        gateway.faults.arm(When.now(), Correct(shares=Decimal(0)))
        return executions(await told(gateway, requests.ReqExecutions(3)))

    assert on(work) == [(".02", 0, 100)]


def test_a_correction_can_be_corrected() -> None:
    async def work(gateway: Gateway) -> Any:
        async with connected(gateway) as client:
            client.send(place(1))
            await client.until_time()
            gateway.faults.arm(When.now(), Correct(price=Decimal(99)))
            gateway.faults.arm(When.now(), Correct(price=Decimal(98)))
            live = executions(await client.until_time())
        return live, executions(await told(gateway, requests.ReqExecutions(3), client_id=1))

    assert on(work) == ([(".02", 1, 99), (".03", 1, 98)], [(".03", 1, 98)])


# TWS and its servers


@pytest.mark.parametrize(("lost", "back"), [(1100, 1101), (1100, 1102), (2110, 1102)])
def test_reports_wait_until_tws_has_its_servers_again(lost: Any, back: Any) -> None:
    async def work(gateway: Gateway) -> Any:
        async with connected(gateway) as client:
            gateway.faults.arm(When.now(), Connectivity(code=lost))
            client.send(place(1))
            before = await client.until_time()
            gateway.faults.arm(When.now(), Connectivity(code=back))
            return before, await client.until_time()

    before, after = on(work)
    assert [message.answer.code for message in before] == [lost]
    assert after[0].answer.code == back
    assert set(kinds(after[1:])) == REPORTS


def test_who_asks_while_the_servers_are_lost_is_told_what_tws_knows() -> None:
    async def work(gateway: Gateway) -> Any:
        async with connected(gateway) as client:
            gateway.faults.arm(When.now(), Connectivity(code=1100))
            client.send(place(1), requests.ReqOpenOrders())
            return kinds(await client.until_time())

    assert resting(work)[-1] == "OpenOrderEnd"


def test_a_client_that_comes_while_the_servers_are_lost_is_told_so() -> None:
    async def work(gateway: Gateway) -> Any:
        gateway.faults.arm(When.now(), Connectivity(code=1100))
        async with started(gateway) as client:
            return [m.answer.code for m in await client.until_time() if isinstance(m, messages.ErrMsg)]

    assert on(work) == [1100]


@pytest.mark.parametrize(("back", "comes"), [(1101, False), (1102, True)])
def test_data_goes_on_after_1102_and_must_be_asked_for_again_after_1101(back: Any, comes: bool) -> None:
    async def work(gateway: Gateway) -> Any:
        async with connected(gateway) as client:
            client.send(requests.ReqMktData(9, GOOG))
            await client.find(messages.TickPrice)
            gateway.faults.arm(When.now(), Connectivity(code=1100))
            gateway.faults.arm(When.now(), Connectivity(code=back))
            await client.errors_to(back)
            gateway.broker.native.set_price(STOCK, 111)
            await asyncio.sleep(0.02)
            return any(isinstance(m, messages.TickPrice) and m.price == 111 for m in await client.until_time())

    assert on(work) is comes


def test_no_data_comes_while_the_servers_are_lost() -> None:
    async def work(gateway: Gateway) -> Any:
        async with connected(gateway) as client:
            client.send(requests.ReqMktData(9, GOOG))
            await client.find(messages.TickPrice)
            await client.until_time()
            gateway.faults.arm(When.now(), Connectivity(code=1100))
            gateway.broker.native.set_price(STOCK, 111)
            await asyncio.sleep(0.02)
            return kinds(await client.until_time())

    assert on(work) == ["ErrMsg"]


def test_a_restart_cuts_all_clients_and_the_port_stays() -> None:
    async def work(gateway: Gateway) -> Any:
        port = gateway.port
        async with connected(gateway, 1) as first, connected(gateway, 2) as second:
            gateway.faults.arm(When.now(), Restart())
            ended = await first.to_the_end() + await second.to_the_end()
        await eventually(lambda: gateway.is_listening)
        async with connected(gateway, 1) as again:
            return ended, await again.until_time(), gateway.port == port

    assert on(work) == ([], [], True)


@pytest.mark.parametrize(("transmitted", "codes"), [(True, []), (False, [10006])])
def test_a_restart_forgets_an_order_that_was_not_transmitted_and_keeps_others(
    transmitted: bool, codes: list[int]
) -> None:
    async def work(gateway: Gateway) -> Any:
        await told(gateway, place(1, price="50", transmit=transmitted))
        gateway.faults.arm(When.now(), Restart())
        await eventually(lambda: gateway.is_listening)
        found = await told(gateway, place(2, "SELL", "60", parent_id=1))
        return [m.answer.code for m in found if isinstance(m, messages.ErrMsg) and m.answer.code != 399]

    assert resting(work) == codes


def test_order_ids_can_begin_again_with_a_restart() -> None:
    async def work(gateway: Gateway) -> Any:
        await told(gateway, place(9))
        gateway.faults.arm(When.now(), Restart(next_id=4))
        await eventually(lambda: gateway.is_listening)
        async with started(gateway) as client:
            return await client.find(messages.NextValidId)

    assert on(work) == messages.NextValidId(4)


def test_nothing_listens_while_a_restart_lasts() -> None:
    async def work(gateway: Gateway) -> Any:
        gateway.faults.arm(When.now(), Restart(seconds=0.1))
        await asyncio.sleep(0.01)
        with pytest.raises(ConnectionRefusedError):
            async with tcp(gateway):
                pass
        await eventually(lambda: gateway.is_listening)
        async with tcp(gateway):
            pass

    on(work)


def test_a_gateway_can_end_while_it_restarts() -> None:
    async def work(gateway: Gateway) -> Any:
        gateway.faults.arm(When.now(), Restart(seconds=60))
        await asyncio.sleep(0)

    on(work)


def test_order_ids_go_back_and_are_taken_a_second_time() -> None:
    async def work(gateway: Gateway) -> Any:
        async with connected(gateway) as client:
            client.send(place(5))
            await client.until_time()
            gateway.faults.arm(When.now(), RollBackIds(next_id=2))
            client.send(requests.ReqIds(), place(2))
            return await client.until_time()

    next_id, *reports = on(work)
    assert next_id == messages.NextValidId(2)
    assert "ExecDetails" in kinds(reports)


def test_without_that_an_order_id_below_one_that_was_used_is_refused() -> None:
    async def work(gateway: Gateway) -> Any:
        return await told(gateway, place(5), place(2))

    assert on(work)[-1].answer.code == 103


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
