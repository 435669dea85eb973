"""A link to a scripted TWS, and what it reports."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

from ib.scripted_tws import ScriptedTws
from v6_ib_plugin.link import Link
from v6_ib_plugin.pacing import Pacer
from v6_ib_plugin.settings import IbSettings
from v6_ib_plugin.transport import Transport
from v6core.clock import SystemClock
from v6core.errors import BrokerError
from v6core.reports import LinkReport, LinkState


class LinkDesk:
    """A link whose pauses are short: all that it reports is noted, and each look asks for positions."""

    def __init__(self, port: int, **settings: Any) -> None:
        self.transport = Transport(Pacer(None), deadline=0.5)
        self.reports: list[LinkReport] = []
        self.looks = 0
        self.asks_for_orders = False
        self.attempts: list[int] = []
        self.settings = IbSettings.model_validate({"port": port, "connect_timeout": 1.0} | settings)
        self.link = Link(
            self.transport, self.settings, look_all=self._look, report=self.reports.append, clock=SystemClock(),
            pause=self._pause,
        )  # fmt: skip

    @property
    def states(self) -> list[LinkState]:
        """How the link stood, one after the other."""
        return [report.state for report in self.reports]

    async def until(self, *states: LinkState) -> None:
        """Wait until the link has reported these."""
        await until(lambda: self.states == list(states))

    def _pause(self, attempt: int, _: float) -> float:
        self.attempts.append(attempt)
        return 0.002

    async def _look(self) -> None:
        self.looks += 1
        if self.asks_for_orders:
            await self.transport.open_orders()
        await self.transport.positions()


@asynccontextmanager
async def linked(server: ScriptedTws, **settings: Any) -> AsyncGenerator[LinkDesk]:
    """Open a link for the length of a block."""
    server.answers.setdefault(61, lambda _: [(62, 1)])
    server.answers.setdefault(49, lambda _: [(49, 1, 1_790_000_000)])
    desk = LinkDesk(server.port, **settings)
    await desk.link.open()
    try:
        yield desk
    finally:
        await desk.link.close()


async def refused(port: int, *, asks_for_orders: bool = False, **settings: Any) -> BrokerError:
    """Return the error with which a link refuses to open."""
    desk = LinkDesk(port, **settings)
    desk.asks_for_orders = asks_for_orders
    try:
        await desk.link.open()
    except BrokerError as error:
        return error
    finally:
        await desk.link.close()
    raise AssertionError("the link opened")


async def until(true: Callable[[], bool]) -> None:
    """Wait for something that comes by itself."""
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110 -- what is waited for sets no event
            await asyncio.sleep(0.001)
