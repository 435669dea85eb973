"""A broker of this plugin in front of a local Alpaca: real HTTP, a real WebSocket, the SDK as it is."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from fake_alpaca.alpaca import FakeAlpaca
from fake_alpaca.testing import running_alpaca
from v6_alpaca_plugin import AlpacaSettings
from v6_alpaca_plugin.broker import AlpacaBroker
from v6core.broker import Broker, BrokerContext
from v6core.clock import SystemClock
from v6core.contracts import Combo, ComboLeg, Contract, Option, Stock
from v6core.errors import Unavailable
from v6core.identifiers import make_order_ref
from v6core.orders import Order
from v6core.reports import FillReport, LinkReport, LinkState, OrderReport, Report

R = TypeVar("R")
AAPL = Stock("AAPL")
EXPIRATION = date(2027, 1, 15)
CALL = Option("AAPL", EXPIRATION, 100, "CALL")
HIGHER_CALL = Option("AAPL", EXPIRATION, 110, "CALL")
PUT = Option("AAPL", EXPIRATION, 95, "PUT")
LOWER_PUT = Option("AAPL", EXPIRATION, 90, "PUT")
VERTICAL = Combo("AAPL", [ComboLeg(CALL, "BUY"), ComboLeg(HIGHER_CALL, "SELL")])
CONDOR = Combo(
    "AAPL",
    [ComboLeg(LOWER_PUT, "BUY"), ComboLeg(PUT, "SELL"), ComboLeg(CALL, "SELL"), ComboLeg(HIGHER_CALL, "BUY")],
)
_ENGINE_ID = "alpacafl"
_WITHIN = 4.0


def settings_for(alpaca: FakeAlpaca, **changes: Any) -> AlpacaSettings:
    """Return the section of a broker at a local Alpaca; its keys are in the environment."""
    os.environ["FAKE_ALPACA_KEY"], os.environ["FAKE_ALPACA_SECRET"] = alpaca.keys.key_id, alpaca.keys.secret_key
    given = {
        "key": "env:FAKE_ALPACA_KEY",
        "secret": "env:FAKE_ALPACA_SECRET",
        "trading_url": alpaca.url,
        "data_url": alpaca.url,
        "request_timeout": 5,
        "reconnect_delay": 0.01,
        "longest_reconnect_delay": 0.05,
        "quote_interval": 0.01,
        **changes,
    }
    return AlpacaSettings.model_validate(given)


async def _no_other(name: str) -> Broker:
    raise Unavailable(f"there is no broker {name} here")


def context_for(report: Callable[[Report], None]) -> BrokerContext:
    """Return what a broker is given."""
    return BrokerContext(
        name="alpaca",
        clock=SystemClock(),
        report=report,
        folder=Path(),
        logger=logging.getLogger("alpaca"),
        open_broker=_no_other,
    )


def bound(contract: Contract, order: Order, **changes: Any) -> Order:
    """Return an order as an engine binds it."""
    reference = make_order_ref(_ENGINE_ID, order.order_id)
    return order.replace(contract=contract, order_ref=reference, **changes)


def bracket(entry: Order, *exits: Order, contract: Contract = AAPL) -> tuple[Order, ...]:
    """Return an entry and its exits, bound."""
    return (bound(contract, entry), *(bound(contract, one, parent_order_id=entry.order_id) for one in exits))


@dataclass(slots=True)
class Floor:
    """One broker, its Alpaca, and all that the broker reported."""

    alpaca: FakeAlpaca
    broker: AlpacaBroker
    reports: list[Report] = field(default_factory=list[Report])

    async def place(self, contract: Contract, order: Order, **changes: Any) -> Order:
        """Place one order."""
        ours = bound(contract, order, **changes)
        await self.broker.place([ours])
        return ours

    async def until(self, met: Callable[[], Any]) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(_WITHIN):
            while not met():  # noqa: ASYNC110 -- reports come by a plain call
                await asyncio.sleep(0.002)

    def about(self, order: Order) -> list[OrderReport]:
        """Return how an order was said to stand, in order."""
        return [one for one in self.of(OrderReport) if one.order_ref == order.order_ref]

    def last(self, order: Order) -> OrderReport:
        """Return how an order was last said to stand."""
        return self.about(order)[-1]

    def of(self, kind: type[R]) -> list[R]:
        """Return all reports of a kind."""
        return [report for report in self.reports if isinstance(report, kind)]

    def fills(self, order: Order) -> list[FillReport]:
        """Return the fills of an order."""
        return [one for one in self.of(FillReport) if one.order_ref == order.order_ref]

    def links(self) -> list[LinkState]:
        """Return how the link changed."""
        return [one.state for one in self.of(LinkReport)]

    def posts(self) -> int:
        """Return how many orders reached Alpaca."""
        return len([one for one in self.alpaca.arrivals if (one.method, one.path) == ("POST", "/v2/orders")])

    async def stands(self, order: Order, status: str) -> OrderReport:
        """Wait until an order is said to have a status, and return what was said."""
        await self.until(lambda: any(one.status == status for one in self.about(order)))
        return self.last(order)

    async def lose_stream(self, meanwhile: Callable[[], Awaitable[Any]]) -> None:
        """Break the stream off, let something happen that it does not tell, and wait until the link is up again."""
        self.alpaca.faults.silence()
        await meanwhile()
        self.alpaca.faults.silence(on=False)
        before = len(self.links())
        self.alpaca.faults.drop_streams()
        await self.until(lambda: self.links()[before:] == [LinkState.DOWN, LinkState.UP])


@asynccontextmanager
async def connected(alpaca: FakeAlpaca, **changes: Any) -> AsyncGenerator[Floor]:
    """Connect a broker to a local Alpaca."""
    reports: list[Report] = []
    broker = AlpacaBroker(settings_for(alpaca, **changes), context_for(reports.append))
    async with broker:
        yield Floor(alpaca, broker, reports)


def floor_test(story: Callable[[Floor], Awaitable[None]]) -> Callable[[], None]:
    """Run a story with a broker that is connected to an Alpaca of its own, where a share costs 100."""

    async def told() -> None:
        async with running_alpaca(prices={"AAPL": 100}) as alpaca, connected(alpaca) as floor:
            await story(floor)

    def test() -> None:
        asyncio.run(told())

    test.__name__, test.__doc__ = story.__name__, story.__doc__
    return test
