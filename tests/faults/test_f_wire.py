"""A wire that lies, falls silent or wavers: all is asked for again before anything leaves."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from core.engine_desk import GOOG, START, buy, told
from v6core.clock import SimulatedClock
from v6core.engine import OrderExecutionEngine
from v6core.errors import OrderDenied
from v6core.events import ForeignReported
from v6core.orders import OrderStatus
from v6core.reports import LinkReport, LinkState
from v6core.testing.network import Link, SimulatedNetworkLoop, run_on_network
from v6core.testing.remote import BrokerServer, Desk, RemoteSettings, control, remote_spec

HEARTBEAT = 5.0
FRAME_CAP = 64 * 1024


@dataclass(frozen=True, slots=True)
class Wire:
    """An engine, the server that it talks to, and what lies between them."""

    engine: OrderExecutionEngine
    server: BrokerServer

    @property
    def link(self) -> Link:
        """The connection that there is."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimulatedNetworkLoop)
        (link,) = loop.network.links
        return link


def on_network(test: Callable[..., Coroutine[object, object, None]]) -> Callable[..., None]:
    """Run a test on a loop with virtual time and a simulated network."""

    @functools.wraps(test)
    def run(*args: object, **kwargs: object) -> None:
        run_on_network(test(*args, **kwargs))

    return run


@asynccontextmanager
async def wired() -> AsyncGenerator[Wire]:
    """Start a server, and an engine that talks to it."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimulatedNetworkLoop)
    clock = SimulatedClock(START, loop)
    server = BrokerServer(Desk(clock), frame_cap=FRAME_CAP)
    port = await server.start()
    settings = RemoteSettings(port=port, heartbeat=HEARTBEAT, frame_cap=FRAME_CAP)
    engine = OrderExecutionEngine.from_spec(remote_spec(), settings, clock=clock)
    try:
        async with engine:
            yield Wire(engine, server)
    finally:
        await server.stop()


def link_states(engine: OrderExecutionEngine) -> list[LinkState]:
    """Return what was told of the link."""
    reports = (event.report for event in told(engine) if isinstance(event, ForeignReported))
    return [report.state for report in reports if isinstance(report, LinkReport)]


BAD_FRAMES = {
    "no text": b"\xff\xfe\x00\n",
    "no JSON": b"{\n",
    "no message": b'{"say":"HELLO"}\n',
    "a report that is none": b'{"say":"REPORT","report":{"report":"FILL"}}\n',
    "a NaN": b'{"say":"REPORT","report":{"report":"ORDER","time":"2026-12-01T15:00:00Z","filled_quantity":"NaN"}}\n',
    "deeper than anybody reads": b'{"a":' * 10_000 + b"\n",
    "longer than a frame": b'"' + b"x" * (2 * FRAME_CAP) + b'"\n',
    "without an end": b"x" * (2 * FRAME_CAP),
}


@pytest.mark.parametrize("name", BAD_FRAMES)
@on_network
async def test_F41_a_message_that_cannot_be_read_is_a_gap_and_all_is_compared_within_two_seconds(name: str) -> None:
    async with wired() as wire:
        order = await wire.engine.place_order(GOOG, buy())
        wire.link.server.write(BAD_FRAMES[name])
        await asyncio.sleep(0.1)
        control.fill(wire.server, str(order.order_ref))
        async with asyncio.timeout(2):
            await wire.engine.wait_for(order.order_id, "FILLED")
            await wire.engine.ready()
        assert link_states(wire.engine) == [LinkState.DOWN, LinkState.UP]


@on_network
async def test_F41_a_link_that_lies_again_and_again_keeps_the_engine_from_nothing_but_trading() -> None:
    async with wired() as wire:
        order = await wire.engine.place_order(GOOG, buy())
        for _ in range(10):
            wire.link.server.write(BAD_FRAMES["no JSON"])
            await asyncio.sleep(3)
        await wire.engine.ready(5)
        assert (await wire.engine.order(order.order_id)).status is OrderStatus.SUBMITTED


@on_network
async def test_F43_a_half_open_link_is_found_by_heartbeats_within_two_of_them() -> None:
    async with wired() as wire:
        order = await wire.engine.place_order(GOOG, buy())
        wire.link.fall_silent(to_server=False)
        wire.link.fall_silent(to_server=True)
        control.fill(wire.server, str(order.order_ref))
        async with asyncio.timeout(2 * HEARTBEAT + 2):
            await wire.engine.wait_for(order.order_id, "FILLED")


@on_network
async def test_F43_while_the_server_has_lost_its_own_link_nothing_leaves() -> None:
    async with wired() as wire:
        order = await wire.engine.place_order(GOOG, buy())
        control.degrade(wire.server)
        await asyncio.sleep(0.2)
        with pytest.raises(OrderDenied, match=r"DEGRADED|NOT_READY"):
            await wire.engine.place_order(GOOG, buy(1))
        control.restore(wire.server)
        await wire.engine.ready(2)
        assert (await wire.engine.order(order.order_id)).status is OrderStatus.SUBMITTED


@on_network
async def test_F43_a_link_that_is_cut_comes_back_and_tells_what_filled_meanwhile_once() -> None:
    async with wired() as wire:
        order = await wire.engine.place_order(GOOG, buy())
        wire.link.cut()
        control.fill(wire.server, str(order.order_ref))
        await asyncio.sleep(0.05)
        async with asyncio.timeout(5):
            await wire.engine.wait_for(order.order_id, "FILLED")
        assert len(await wire.engine.fills()) == 1
