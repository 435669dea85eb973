"""The world in which the plugin is proved: a local Alpaca on loopback, and a paper broker behind it that is driven.

Everything between the two is real: HTTP, the WebSocket, the unmodified alpaca-py. Only the time of the market jumps.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel

from fake_alpaca.alpaca import FakeAlpaca
from fake_alpaca.testing import MORNING, running_alpaca
from v6_alpaca_plugin import v6_brokers
from v6_alpaca_plugin.references import read_client_order_id
from v6_alpaca_plugin.settings import AlpacaSettings
from v6core.broker import BrokerSpec
from v6core.clock import Clock, SteppingClock
from v6core.config import EngineSection
from v6core.contracts import Contract
from v6core.orders import Order
from v6core.testing.conformance import Arrival, Drive, Driver, Samples, Verb
from v6core.testing.conformance.driver import PLENTY

_KEY, _SECRET = "V6_LOCAL_ALPACA_KEY", "V6_LOCAL_ALPACA_SECRET"
_ORDERS = "/v2/orders"
_METHODS = {Verb.PLACE: "POST", Verb.CANCEL: "DELETE", Verb.MODIFY: "PATCH"}
_ALWAYS = 10**9
_MOST_LOOKS = 50


class AlpacaDriver(Driver):
    """The plugin over HTTP and WebSocket, through alpaca-py, at a local server."""

    name = "alpaca"
    can: ClassVar[frozenset[Drive]] = frozenset(
        {Drive.QUOTES, Drive.TIME, Drive.ARRIVALS, Drive.OTHERS, Drive.LINK, Drive.ANSWERS, Drive.REPEATS}
    )
    quiet: ClassVar[float] = 0.005
    examples: ClassVar[int] = 3
    samples = Samples(expiration=date(2026, 12, 18), later=date(2027, 1, 15))
    deadlines = EngineSection(
        ack_deadline=1.5, cancel_deadline=1.5, settle=0.05, grace=0.2, protect_deadline=1, watchdog=60, block_limit=600
    )

    def __init__(self) -> None:
        self._clock = SteppingClock(MORNING)
        self._inside = AsyncExitStack()
        self._alpaca: FakeAlpaca | None = None

    @property
    def spec(self) -> BrokerSpec[Any]:
        """The plugin's own."""
        (announced,) = v6_brokers()
        return announced

    @property
    def alpaca(self) -> FakeAlpaca:
        """The Alpaca of this world."""
        assert self._alpaca is not None
        return self._alpaca

    @property
    def settings(self) -> BaseModel:
        """How to reach it."""
        return AlpacaSettings.model_validate(
            {
                "key": f"env:{_KEY}",
                "secret": f"env:{_SECRET}",
                "trading_url": self.alpaca.url,
                "data_url": self.alpaca.url,
                "request_timeout": 5,
                "reconnect_delay": 0.01,
                "longest_reconnect_delay": 0.05,
                "quote_interval": 0.05,
            }
        )

    @property
    def clock(self) -> Clock:
        """The time of the machine, and what was jumped over."""
        return self._clock

    async def start(self, folder: Path) -> None:  # noqa: ARG002 -- all that is kept is kept in memory
        """Open an Alpaca; its keys are in the environment, where a user's would be."""
        opening = running_alpaca(settings={"hours": "regular"}, clock=self._clock)
        self._alpaca = await self._inside.enter_async_context(opening)
        os.environ[_KEY], os.environ[_SECRET] = self._alpaca.keys.key_id, self._alpaca.keys.secret_key

    async def stop(self) -> None:
        """Close it."""
        await self._inside.aclose()
        os.environ.pop(_KEY, None)
        os.environ.pop(_SECRET, None)

    async def settle(self) -> None:
        """Let what is due at the market happen, and wait until the plugin asks nothing more because of it."""
        self.alpaca.broker.native.catch_up()
        await self.alpaca.settle()
        for _ in range(_MOST_LOOKS):
            before = len(self.alpaca.arrivals)
            await asyncio.sleep(self.quiet)
            if len(self.alpaca.arrivals) == before:
                return

    async def set_quote(
        self,
        contract: Contract,
        bid: Decimal | None,
        ask: Decimal | None,
        *,
        bid_size: Decimal = PLENTY,
        ask_size: Decimal = PLENTY,
    ) -> None:
        """Give the paper broker a quote."""
        await self.alpaca.set_quote(contract, bid, ask, bid_size=bid_size, ask_size=ask_size)

    async def pass_time(self, seconds: float) -> None:
        """Step the clock, and have the paper broker see it."""
        self._clock.advance(seconds)
        await self.settle()

    async def arrivals(self) -> tuple[Arrival, ...]:
        """Return the requests about orders, each with the reference of its order."""
        refs = {str(order.order_id): read_client_order_id(order.client_order_id).own for order in self.alpaca.desk.book}
        heard: list[Arrival] = []
        for verb, method in _METHODS.items():
            for request in self.alpaca.arrivals.of(method, _ORDERS):
                named = request.client_order_id if verb is Verb.PLACE else None
                ref = refs.get(request.path.rpartition("/")[2]) if named is None else read_client_order_id(named).own
                heard.append(Arrival(verb, ref))
        return tuple(heard)

    async def place_other(self, contract: Contract, order: Order) -> str:
        """Place an order as somebody does who clicks it together at Alpaca's."""
        theirs = await self.alpaca.place_by_hand(
            symbol=contract.symbol,
            qty=str(order.quantity),
            side=order.action.lower(),
            type=order.order_type.lower(),
            time_in_force=order.tif.lower(),
            **({} if order.limit_price is None else {"limit_price": str(order.limit_price)}),
        )
        await self.settle()
        return str(theirs.order_id)

    async def cut(self) -> None:
        """Break the streams off, and reset whoever asks for anything."""
        self.alpaca.faults.lose_answer(None, processed=False, times=_ALWAYS)  # type: ignore[arg-type]
        self.alpaca.faults.drop_streams()
        await asyncio.sleep(self.quiet)

    async def mend(self) -> None:
        """Answer again."""
        self.alpaca.faults.clear()

    async def lose_answer(self, verb: Verb, *, arrives: bool) -> None:
        """Reset the connection of the next such request in place of an answer."""
        self.alpaca.faults.lose_answer(_METHODS[verb], _ORDERS, processed=arrives)

    async def repeat(self) -> None:
        """Tell all trade updates again, the last first."""
        self.alpaca.faults.repeat()
        await self.settle()
