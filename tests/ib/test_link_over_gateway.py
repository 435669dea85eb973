"""The link in front of the gateway, over TCP: the ways in which a TWS fails, and what the link makes of each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from ib.link_desk import LinkDesk, refused
from v6_ib_plugin.gateway.faults import (
    Connectivity,
    Cut,
    Effect,
    Garbage,
    Restart,
    ServerVersion,
    Silence,
    TooLong,
    When,
)
from v6_ib_plugin.gateway.gateway import Gateway
from v6_ib_plugin.gateway.testing import running_gateway
from v6core.reports import LinkState

UP, DEGRADED, DOWN = LinkState.UP, LinkState.DEGRADED, LinkState.DOWN


def over_gateway(test: Callable[[Gateway, LinkDesk], Awaitable[None]], **settings: object) -> None:
    async def run() -> None:
        async with running_gateway() as gateway:
            desk = LinkDesk(gateway.port, **settings)
            desk.asks_for_orders = True
            await desk.link.open()
            try:
                await test(gateway, desk)
            finally:
                await desk.link.close()

    asyncio.run(run())


BREAKS = [Cut(), Cut(reset=True), Garbage(hex="00" * 9, framed=False), TooLong(), Restart()]


@pytest.mark.parametrize("fault", BREAKS, ids=lambda fault: fault.effect)
def test_whatever_breaks_the_connection_is_mended(fault: Effect) -> None:
    async def test(gateway: Gateway, desk: LinkDesk) -> None:
        gateway.faults.arm(When.now(), fault)
        await desk.until(UP, DOWN, UP)
        assert desk.looks == 2

    over_gateway(test, heartbeat=0.2)


@pytest.mark.parametrize("restored", [1101, 1102])
def test_servers_lost_and_found_take_the_link_from_up_to_degraded_and_back(restored: int) -> None:
    async def test(gateway: Gateway, desk: LinkDesk) -> None:
        gateway.faults.arm(When.now(), Connectivity(code=1100))
        await desk.until(UP, DEGRADED)
        gateway.faults.arm(When.now(), Connectivity.model_validate({"code": restored}))
        await desk.until(UP, DEGRADED, UP)

    over_gateway(test)


def test_a_tws_that_falls_silent_is_noticed() -> None:
    async def test(gateway: Gateway, desk: LinkDesk) -> None:
        gateway.faults.arm(When.request("ReqCurrentTime"), Silence())
        await desk.until(UP, DOWN, UP)

    over_gateway(test, heartbeat=0.03)


@pytest.mark.parametrize(
    ("when", "fault", "code"),
    [
        (When.connection(), Silence(), "SILENT"),
        (When.start(), Silence(), "LOGIN_UNFINISHED"),
        (When.connection(), ServerVersion(version=150), "TOO_OLD"),
        (When.connection(), TooLong(), "NOT_TWS"),
        (When.start(), Cut(), "HUNG_UP"),
    ],
)
def test_a_login_that_fails_is_named(when: When, fault: Effect, code: str) -> None:
    async def run() -> str:
        async with running_gateway() as gateway:
            gateway.faults.arm(when, fault)
            return (await refused(gateway.port, connect_timeout=0.1)).code

    assert asyncio.run(run()) == code


def test_a_client_id_in_use_is_named() -> None:
    async def test(gateway: Gateway, _: LinkDesk) -> None:
        assert (await refused(gateway.port)).code == "CLIENT_ID_IN_USE"

    over_gateway(test)


def test_a_read_only_gateway_is_named() -> None:
    async def run() -> str:
        async with running_gateway(read_only=True) as gateway:
            return (await refused(gateway.port, asks_for_orders=True)).code

    assert asyncio.run(run()) == "READ_ONLY_API"
