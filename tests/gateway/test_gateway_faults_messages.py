"""Faults on demand: messages that come late, twice, otherwise or as garbage, and executions that are corrected."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.fault_ends import REPORTS, on, told
from gateway.raw_tws import connected, eventually, greeted, kinds, place, started
from v6_ib_plugin.gateway.faults import (
    Announce,
    Correct,
    Delay,
    Duplicate,
    Effect,
    Fault,
    Garbage,
    Reorder,
    Repeat,
    Rewrite,
    Segments,
    TooLong,
    Undecodable,
    When,
    presets,
)
from v6_ib_plugin.gateway.gateway import Gateway
from v6_ib_plugin.gateway.wire import WireError, messages, requests

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


def test_the_last_words_of_an_order_are_said_again_the_last_first() -> None:
    async def work(gateway: Gateway) -> Any:
        async with connected(gateway) as client:
            client.send(place(1))
            before = await client.until_time()
            gateway.faults.arm(When.now(), Repeat())
            return before, await client.until_time()

    before, again = on(work)
    last = {type(message).__name__: message for message in before}
    assert again == sorted(last.values(), key=before.index, reverse=True)
    assert last.keys() == REPORTS


def test_what_was_asked_for_is_said_again_as_if_nobody_had_asked() -> None:
    async def work(gateway: Gateway) -> Any:
        await told(gateway, place(1))
        async with connected(gateway, 2) as client:
            client.send(requests.ReqExecutions(7))
            await client.until_time()
            gateway.faults.arm(When.now(client_id=2), Repeat())
            return [one.req_id for one in await client.until_time() if isinstance(one, messages.ExecDetails)]

    assert on(work) == [-1]


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


@pytest.mark.parametrize(
    ("when", "codes"),
    [(When.order(2), [399, None]), (When.message("OrderStatus", order_id=12), [None, 399])],
    ids=["before the answer", "after it"],
)
def test_an_announcement_names_the_order_that_triggers_it(when: When, codes: list[int | None]) -> None:
    async def work(gateway: Gateway) -> list[messages.Message]:
        gateway.faults.arm(when, Announce(code=399, text="held", of_order=True))
        async with connected(gateway) as client:
            client.send(place(11))
            await client.find(messages.OrderStatus)
            client.send(place(12))
            return await client.until_time()

    told = [message for message in on(work) if isinstance(message, messages.ErrMsg | messages.OrderStatus)]
    about = [each for each in told if not isinstance(each, messages.OrderStatus) or each.status.order_id == 12]
    assert [each.answer.code if isinstance(each, messages.ErrMsg) else None for each in about][:2] == codes
    assert [each.answer.req_id for each in about if isinstance(each, messages.ErrMsg)] == [12]


def test_no_order_triggers_what_is_announced_now() -> None:
    with pytest.raises(ValidationError, match="there is no order NOW"):
        Fault(when=When.now(), what=Announce(code=399, text="held", of_order=True))


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
