"""The unmodified ib_async at a gateway of one's own, and the paper broker behind it without a wire."""

# ib_async's own types are partly unknown
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from ib_async import IB, Contract, Option, Stock

from gateway.raw_tws import eventually
from v6_ib_plugin.gateway.gateway import Gateway
from v6_ib_plugin.gateway.market.instruments import Instruments
from v6_ib_plugin.gateway.testing import running_gateway
from v6_ib_plugin.terms import IbContract
from v6_paper_plugin.broker import PaperBroker
from v6_paper_plugin.settings import PaperSettings
from v6core.broker import Broker, BrokerContext
from v6core.clock import SystemClock
from v6core.contracts import parse_contract

SYNTHETIC = {"fills": "realistic", "quotes": "synthetic", "seed": 6}
DAY = "20260618"
GOOG = IbContract(symbol="GOOG", sec_type="STK", exchange="SMART", currency="USD")


def option(strike: int = 180, right: str = "C", **more: Any) -> IbContract:
    """Return the terms of an option on GOOG."""
    terms: dict[str, Any] = {"last_trade_date_or_contract_month": DAY, "exchange": "SMART", "currency": "USD", **more}
    return IbContract(symbol="GOOG", sec_type="OPT", strike=Decimal(strike), right=right, **terms)


def stock() -> Stock:
    """Return ib_async's contract of the share."""
    return Stock("GOOG", "SMART", "USD")


def call() -> Option:
    """Return ib_async's contract of a call on it."""
    return Option("GOOG", DAY, 180, "C", "SMART")


class Client:
    """A connected ib_async, its gateway, and the codes that it was answered with."""

    def __init__(self, gateway: Gateway, ib: IB) -> None:
        self.gateway = gateway
        self.ib = ib
        self.codes: list[int] = []
        ib.errorEvent += self._hear

    def _hear(self, _req_id: int, code: int, _text: str, _contract: Contract | None) -> None:
        self.codes.append(code)

    async def qualified(self, contract: Contract) -> Contract:
        """Return a contract with its number."""
        found = await self.ib.qualifyContractsAsync(contract)
        assert isinstance(found[0], Contract)
        return found[0]

    async def share(self) -> Contract:
        """Return the share with its number."""
        return await self.qualified(stock())

    def set_price(self, text: str, price: float | str) -> None:
        """Give a contract a price, where prices are given."""
        self.gateway.broker.native.set_price(parse_contract(text), price)


def at_gateway(work: Callable[[Client], Awaitable[Any]], **settings: Any) -> Any:
    """Run something as a client of a gateway; unless settings say otherwise, prices are given and orders fill."""

    async def within() -> Any:
        async with running_gateway(settings=settings) as gateway:
            ib = IB()
            await ib.connectAsync(gateway.host, gateway.port, clientId=1)
            try:
                return await work(Client(gateway, ib))
            finally:
                ib.disconnect()
                await eventually(lambda: not gateway.clients)

    return asyncio.run(within())


def on_paper(work: Callable[[Broker], Awaitable[Any]]) -> Any:
    """Run something on the synthetic day's paper broker, without a gateway."""

    async def no_lender(name: str) -> Broker:
        raise LookupError(name)

    async def within() -> Any:
        context = BrokerContext(
            name="paper",
            clock=SystemClock(),
            report=lambda _: None,
            folder=Path(),
            logger=logging.getLogger("paper"),
            open_broker=no_lender,
        )
        settings = PaperSettings.model_validate({**SYNTHETIC, "state": "off"})
        async with PaperBroker(settings, context) as broker:
            return await work(broker)

    return asyncio.run(within())


def with_instruments(work: Callable[[Instruments], Awaitable[Any]]) -> Any:
    """Run something with the instruments of the synthetic day."""
    return on_paper(lambda broker: work(Instruments(broker)))
