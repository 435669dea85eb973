"""One Alpaca: the paper broker, the desk in front of it, and the server that speaks for them."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import UUID, uuid4

from fake_alpaca.arrivals import Arrivals
from fake_alpaca.assets import asset_of
from fake_alpaca.desk import Desk
from fake_alpaca.desk.records import AlpacaOrder
from fake_alpaca.faults import Faults
from fake_alpaca.house import House
from fake_alpaca.keys import Keys
from fake_alpaca.limits import RateLimit
from fake_alpaca.market import MarketView
from fake_alpaca.server.application import application
from fake_alpaca.server.lines import Lines
from fake_alpaca.server.serving import serving
from fake_alpaca.server.trade_updates import TradeUpdates
from fake_alpaca.wire.requests import ticket_of
from v6_paper_plugin.broker import PaperBroker
from v6_paper_plugin.settings import PaperSettings
from v6core.broker import Broker, BrokerContext
from v6core.clock import Clock, SystemClock
from v6core.contracts import Contract, parse_contract
from v6core.errors import Unavailable

_FREE = ("commission_per_share", "commission_per_contract", "commission_of_value", "commission_minimum")
USUAL: dict[str, Any] = {
    "fills": "realistic", "quotes": "given", "latency": 0, "state": "off", **dict.fromkeys(_FREE, 0)
}  # fmt: skip
"""How the paper broker is set unless settings say otherwise: orders fill at the quotes that are given, for nothing."""
REQUESTS_A_MINUTE = 200
"""What Alpaca allows an account."""


class FakeAlpaca:
    """A server that answers as Alpaca's paper API does. An async context manager; it runs in the event loop around it.

    ``settings`` are those of the paper broker. ``clock`` is what the market goes by. ``requests_per_minute`` 0 is no
    limit.
    """

    def __init__(
        self,
        *,
        settings: Mapping[str, Any] | None = None,
        clock: Clock | None = None,
        keys: Keys | None = None,
        requests_per_minute: int = 0,
        new_id: Callable[[], UUID] = uuid4,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self._clock = clock or SystemClock()
        self._settings = PaperSettings.model_validate({**USUAL, **(settings or {})})
        self._inside = AsyncExitStack()
        self._lines = Lines()
        self.host = host
        self.port = port
        desk = Desk(self.now, new_id)
        context = BrokerContext(
            name="paper",
            clock=self._clock,
            report=desk.hear,
            folder=Path(tempfile.gettempdir()),
            logger=logging.getLogger(__name__),
            open_broker=_no_other,
        )
        broker = PaperBroker(self._settings, context)
        self._house = House(
            desk=desk,
            broker=broker,
            market=MarketView(broker, desk.traded),
            keys=keys or Keys(),
            limit=RateLimit(requests_per_minute, self._clock.now),
        )
        for text in self._settings.prices:
            self._noted(parse_contract(text))
        self._updates = TradeUpdates(self._house, self._lines)

    async def __aenter__(self) -> Self:
        await self._inside.enter_async_context(self._house.broker)
        await self._house.desk.open(self._house.broker)
        app = application(self._house, self._lines, self._updates)
        self.port = await self._inside.enter_async_context(serving(app, self._lines, self.host, self.port))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.faults.clear()
        await self._inside.aclose()

    # Where it is

    @property
    def url(self) -> str:
        """What REST clients take as ``url_override``: the Trading API and the Market Data API."""
        return f"http://{self.host}:{self.port}"

    @property
    def stream_url(self) -> str:
        """What a client of the trade updates takes as ``url_override``."""
        return f"ws://{self.host}:{self.port}/stream"

    @property
    def data_stream_url(self) -> str:
        """What a client of the stock stream takes as ``url_override``."""
        return f"ws://{self.host}:{self.port}/v2/iex"

    @property
    def option_stream_url(self) -> str:
        """What a client of the option stream takes as ``url_override``."""
        return f"ws://{self.host}:{self.port}/v1beta1/indicative"

    @property
    def keys(self) -> Keys:
        """The keys that are taken."""
        return self._house.keys

    # What is behind it

    @property
    def broker(self) -> Broker:
        """The paper broker behind the desk."""
        return self._house.broker

    @property
    def desk(self) -> Desk:
        """The orders as Alpaca keeps them."""
        return self._house.desk

    @property
    def faults(self) -> Faults:
        """What can be made to go wrong."""
        return self._house.faults

    @property
    def arrivals(self) -> Arrivals:
        """The requests that came, in order."""
        return self._house.arrivals

    @property
    def listening(self) -> int:
        """How many clients are told of trade updates."""
        return self._updates.listening

    def now(self) -> datetime:
        """Return the time at the market."""
        return self._house.broker.now()

    async def settle(self) -> None:
        """Wait until everything has happened that followed from what has: exits released, their fills told."""
        await self.desk.settle()

    async def set_price(self, contract: Contract | str, price: Decimal | float | str) -> None:
        """Give a contract a price, on both sides; orders that it reaches fill."""
        self._house.broker.native.set_price(self._noted(contract), price)
        await self.settle()

    async def set_quote(
        self,
        contract: Contract | str,
        bid: Decimal | float | str | None,
        ask: Decimal | float | str | None,
        **sizes: Decimal | float | str,
    ) -> None:
        """Give a contract a bid and an ask, with ``bid_size`` and ``ask_size``; orders that they reach fill.

        On a side that is None nobody is there.
        """
        self._house.broker.native.set_quote(self._noted(contract), bid, ask, **sizes)
        await self.settle()

    def _noted(self, contract: Contract | str) -> Contract:
        found = asset_of(contract).contract if isinstance(contract, str) else contract
        self._house.market.note(found)
        return found

    async def place_by_hand(self, **body: Any) -> AlpacaOrder:
        """Place an order as somebody else with the same account would: with a client's id of Alpaca's own making."""
        return await self.desk.submit(ticket_of(body))


async def _no_other(name: str) -> Broker:
    raise Unavailable(f"there is no other broker here, and none named {name}")
