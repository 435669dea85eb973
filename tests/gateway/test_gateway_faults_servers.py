"""Faults on demand: TWS without its servers, its restarts, and its order ids."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gateway.fault_ends import REPORTS, STOCK, on, resting, told
from gateway.raw_tws import GOOG, connected, eventually, kinds, place, started, tcp
from v6_ib_plugin.gateway.faults import (
    Connectivity,
    Restart,
    RollBackIds,
    When,
)
from v6_ib_plugin.gateway.gateway import Gateway
from v6_ib_plugin.gateway.wire import messages, requests

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
