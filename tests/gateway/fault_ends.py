"""A gateway of one's own to be struck by faults, and what clients on bare sockets hear of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from gateway.raw_tws import connected, eventually
from v6_ib_plugin.gateway.gateway import Gateway
from v6_ib_plugin.gateway.testing import running_gateway
from v6_ib_plugin.gateway.wire import messages, requests
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
