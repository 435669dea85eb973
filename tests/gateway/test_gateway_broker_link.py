"""What clients hear when the broker behind the gateway is lost, and when it is back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from gateway.raw_tws import GOOG, RawTws, connected, started
from v6_ib_plugin.gateway.gateway import Gateway
from v6_ib_plugin.gateway.testing import running_gateway
from v6_ib_plugin.gateway.wire import messages, requests
from v6core.contracts import Stock
from v6core.reports import LinkReport, LinkState


def on(work: Callable[[Gateway], Awaitable[Any]]) -> Any:
    """Run something on a gateway of its own."""

    async def within() -> Any:
        async with running_gateway() as gateway:
            return await work(gateway)

    return asyncio.run(within())


def report(gateway: Gateway, *states: LinkState) -> None:
    """Have the broker say how its link is."""
    broker: Any = gateway.broker
    for state in states:
        broker._context.report(LinkReport(time=gateway.broker.now(), state=state))


async def codes(client: RawTws) -> list[int]:
    """Return the codes that came so far."""
    return [m.answer.code for m in await client.until_time() if isinstance(m, messages.ErrMsg)]


def test_a_broker_that_is_lost_is_told_once_and_that_it_is_back() -> None:
    async def work(gateway: Gateway) -> Any:
        async with connected(gateway) as client:
            report(gateway, LinkState.DEGRADED, LinkState.DOWN, LinkState.UP, LinkState.UP)
            return await codes(client)

    assert on(work) == [1100, 1101]


def test_a_client_that_comes_while_the_broker_is_lost_is_told_so() -> None:
    async def work(gateway: Gateway) -> Any:
        report(gateway, LinkState.DOWN)
        async with started(gateway) as client:
            return await codes(client)

    assert on(work) == [1100]


def test_data_must_be_asked_for_again_when_the_broker_is_back() -> None:
    async def work(gateway: Gateway) -> Any:
        async with connected(gateway) as client:
            client.send(requests.ReqMktData(9, GOOG))
            await client.find(messages.TickPrice)
            report(gateway, LinkState.DOWN, LinkState.UP)
            gateway.broker.native.set_price(Stock("GOOG"), 111)
            await asyncio.sleep(0.005)
            before = [m for m in await client.until_time() if isinstance(m, messages.TickPrice) and m.price == 111]
            client.send(requests.ReqMktData(9, GOOG))
            return before, (await client.find(messages.TickPrice)).price

    assert on(work) == ([], 111)
