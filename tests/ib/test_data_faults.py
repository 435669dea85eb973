"""Data over the IB broker and the gateway while things go wrong: streams go on, and nothing is left running."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from ib.ib_desk import ACME, BrokerDesk, Tws, ib, on_loop, tws
from v6_ib_plugin.gateway.faults import Connectivity, Cut, Refuse, When
from v6core.errors import NotConnected, Unavailable
from v6core.quotes import Quote
from v6core.reports import LinkState


async def until_bid(stream: AsyncIterator[Quote], bid: Decimal) -> None:
    async with asyncio.timeout(5):
        async for quote in stream:
            if quote.bid == bid:
                return


@asynccontextmanager
async def streaming(folder: Path) -> AsyncGenerator[tuple[Tws, BrokerDesk, AsyncIterator[Quote]]]:
    async with tws() as gateway, ib(gateway, folder) as desk:
        gateway.price(100)
        stream = desk.broker.quotes([ACME])
        await anext(stream)
        yield gateway, desk, stream
        await stream.aclose()  # type: ignore[attr-defined]


@on_loop
async def test_a_stream_outlives_a_cut_link(tmp_path: Path) -> None:
    async with streaming(tmp_path) as (gateway, desk, stream):
        gateway.arm(When.now(), Cut())
        await desk.link_is(LinkState.DOWN)
        await desk.link_is(LinkState.UP)
        gateway.price(120)
        await until_bid(stream, Decimal(120))


@on_loop
async def test_a_stream_outlives_data_that_tws_lost(tmp_path: Path) -> None:
    async with streaming(tmp_path) as (gateway, desk, stream):
        gateway.arm(When.now(), Connectivity(code=1100))
        await desk.link_is(LinkState.DEGRADED)
        gateway.arm(When.now(), Connectivity(code=1101))
        await desk.link_is(LinkState.UP)
        gateway.price(120)
        await until_bid(stream, Decimal(120))


@on_loop
async def test_without_a_link_there_is_no_quote(tmp_path: Path) -> None:
    async with streaming(tmp_path) as (gateway, desk, _):
        gateway.arm(When.now(), Cut())
        await desk.link_is(LinkState.DOWN)
        with pytest.raises(NotConnected, match=r"^ib is not connected, so it cannot quote ACME$"):
            await desk.broker.quote(ACME)


@on_loop
async def test_disconnecting_ends_streams_and_leaves_no_task(tmp_path: Path) -> None:
    async with tws() as gateway:
        gateway.price(100)
        before = asyncio.all_tasks()
        async with ib(gateway, tmp_path) as desk:
            stream = desk.broker.quotes([ACME])
            await anext(stream)
            await desk.broker.quote(ACME)
            await desk.broker.disconnect()
            with pytest.raises(NotConnected):
                await anext(stream)
        left = {task for task in asyncio.all_tasks() - before if "v6_ib_plugin/data" in str(task)}
        assert not left


@on_loop
async def test_a_refused_subscription_is_unavailable_and_the_next_one_is_asked_for(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        gateway.price(100)
        gateway.arm(When.request("ReqMktData"), Refuse(code=354, text="Requested market data is not subscribed."))
        with pytest.raises(Unavailable, match="354"):
            await desk.broker.quote(ACME)
        assert (await desk.broker.quote(ACME)).bid == 100


@on_loop
async def test_a_question_while_the_link_is_cut_is_not_answered_later(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        gateway.arm(When.request("ReqContractDetails"), Cut())
        with pytest.raises(NotConnected):
            await desk.broker.qualify(ACME)
        await desk.link_is(LinkState.UP)
        assert (await desk.broker.qualify(ACME)).contract.conid
