"""The world in which the plugin is proved: the gateway on loopback, and a paper broker behind it that the suite drives.

Everything between the two is real: TCP, the TWS protocol, the unmodified ib_async. Only time is not. Hours at the
market are jumped over, and deadlines run down fast while nothing is under way, and not at all while something is: a run
waits for no doubt, and none fails because the machine has other things to do.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel

from v6_ib_plugin import v6_brokers
from v6_ib_plugin.gateway.desk.desk import Desk
from v6_ib_plugin.gateway.desk.executions import exec_id, stem
from v6_ib_plugin.gateway.faults import Cut, Moment, Repeat, Silence, When
from v6_ib_plugin.gateway.gateway import Gateway
from v6_ib_plugin.gateway.house import House
from v6_ib_plugin.gateway.market.market import Market
from v6_ib_plugin.gateway.part import Handler
from v6_ib_plugin.gateway.session import Session
from v6_ib_plugin.gateway.testing import running_gateway
from v6_ib_plugin.gateway.wire import requests
from v6_ib_plugin.settings import IbSettings
from v6core.broker import Broker, BrokerContext, BrokerSpec
from v6core.clock import Clock, SimulatedClock, SimulatedLoop
from v6core.config import EngineSection
from v6core.contracts import Contract
from v6core.orders import Order
from v6core.plugins import broker_of
from v6core.reports import Report
from v6core.testing.conformance import Arrival, Drive, Driver, Samples, Verb
from v6core.testing.conformance.driver import PLENTY

_MORNING = datetime(2026, 12, 1, 15, tzinfo=UTC)
"""A Tuesday in New York, while the market is open."""
_SPEED = 50.0
"""How much faster than ours time passes while no byte does: what the kernel has in hand has 40 ms before a deadline."""
_CLIENT_ID, _OTHER_CLIENT_ID = 6, 7
_REQUESTS = {Verb.PLACE: ("PlaceOrder", True), Verb.CANCEL: ("CancelOrder", None), Verb.MODIFY: ("PlaceOrder", False)}


class _Listening(Desk):
    """A desk that remembers what one client asks of it."""

    def __init__(self, house: House, heard: list[Arrival]) -> None:
        super().__init__(house)
        self._heard = heard
        self._refs: dict[int, str] = {}

    def handlers(self) -> Mapping[type[Any], Handler]:
        """Return the desk's, each with an ear at it."""
        handlers = dict(super().handlers())
        place, cancel = handlers[requests.PlaceOrder], handlers[requests.CancelOrder]

        def placing(session: Session, request: requests.PlaceOrder) -> Any:
            self._hear_order(session, request)
            return place(session, request)

        def cancelling(session: Session, request: requests.CancelOrder) -> Any:
            if session.client_id == _CLIENT_ID:
                self._heard.append(Arrival(Verb.CANCEL, self._refs.get(request.order_id)))
            return cancel(session, request)

        return {**handlers, requests.PlaceOrder: placing, requests.CancelOrder: cancelling}

    def _hear_order(self, session: Session, request: requests.PlaceOrder) -> None:
        order = request.order
        if session.client_id != _CLIENT_ID or order.what_if:
            return
        verb = Verb.MODIFY if order.order_id in self._refs else Verb.PLACE
        self._refs[order.order_id] = order.order_ref
        self._heard.append(Arrival(verb, order.order_ref))


class GatewayDriver(Driver):
    """The plugin over TCP, through ib_async, at a gateway."""

    name = "ib"
    can: ClassVar[frozenset[Drive]] = frozenset(
        {
            Drive.QUOTES,
            Drive.TIME,
            Drive.ARRIVALS,
            Drive.OTHERS,
            Drive.LINK,
            Drive.ANSWERS,
            Drive.REPEATS,
            Drive.CORRECTIONS,
        }
    )
    quiet: ClassVar[float] = 0.05
    examples: ClassVar[int] = 3
    samples = Samples(expiration=date(2026, 12, 18), later=date(2027, 1, 15))
    deadlines = EngineSection(
        ack_deadline=2, cancel_deadline=2, settle=0.05, grace=0.2, protect_deadline=1, watchdog=60, block_limit=600
    )

    def __init__(self) -> None:
        self._clock = SimulatedClock(_MORNING)
        self._heard: list[Arrival] = []
        self._inside = AsyncExitStack()
        self._gateway: Gateway | None = None
        self._other: Broker | None = None

    @property
    def spec(self) -> BrokerSpec[Any]:
        """The plugin's own."""
        (announced,) = v6_brokers()
        return announced

    @property
    def gateway(self) -> Gateway:
        """The gateway of this world."""
        assert self._gateway is not None
        return self._gateway

    def _settings(self, client_id: int) -> IbSettings:
        return IbSettings(
            port=self.gateway.port, client_id=client_id, account=self.gateway.account, messages_per_second=0
        )

    @property
    def settings(self) -> BaseModel:
        """How to reach the gateway."""
        return self._settings(_CLIENT_ID)

    @property
    def clock(self) -> Clock:
        """The time of the loop, and what was jumped over."""
        return self._clock

    @property
    def loop_factory(self) -> Callable[[], SimulatedLoop]:
        """A loop in whose time the gateway, ib_async and the engine live together."""
        return partial(SimulatedLoop, _SPEED)

    async def start(self, folder: Path) -> None:
        """Open a gateway."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimulatedLoop), "this world lives in the loop that loop_factory makes"
        self._clock = SimulatedClock(_MORNING, loop)
        opening = running_gateway(
            settings={"fills": "realistic", "quotes": "given", "hours": "regular", "latency": 0, "state": "off"},
            clock=self._clock,
            parts=(self._desk, Market),
        )
        self._gateway = await self._inside.enter_async_context(opening)
        self._folder = folder

    def _desk(self, house: House) -> Desk:
        return _Listening(house, self._heard)

    async def stop(self) -> None:
        """Close it."""
        if self._other is not None:
            await self._other.disconnect()
            self._other = None
        await self._inside.aclose()

    async def settle(self) -> None:
        """Let what is due at the market happen, and be written to the wire."""
        self.gateway.broker.native.catch_up()
        await asyncio.sleep(self.quiet)

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
        self.gateway.broker.native.set_quote(contract, bid, ask, bid_size=bid_size, ask_size=ask_size)

    async def pass_time(self, seconds: float) -> None:
        """Step the clock, and have the paper broker see it."""
        self._clock.advance(seconds)
        await self.settle()

    async def arrivals(self) -> tuple[Arrival, ...]:
        """Return what the desk was asked."""
        return tuple(self._heard)

    async def place_other(self, contract: Contract, order: Order) -> str:
        """Place an order as another client of the same TWS."""
        if self._other is None:
            self._other = broker_of(self.spec, self._settings(_OTHER_CLIENT_ID), self._others_context())
            await self._other.connect()
        other = order.replace(contract=contract, order_ref=f"other-{order.order_id}", account=self.gateway.account)
        await self._other.place((other,))
        await self.settle()
        # One that ends between two of the lists is in both.
        (number,) = {report.broker_order_id for report in (await self._other.find(str(other.order_ref))).orders}
        assert number is not None
        return number

    def _others_context(self) -> BrokerContext:
        async def open_broker(name: str) -> Broker:
            raise LookupError(name)

        return BrokerContext(
            name="somebody else",
            clock=self._clock,
            report=_nowhere,
            folder=self._folder,
            logger=logging.getLogger("v6.somebody-else"),
            open_broker=open_broker,
        )

    async def cut(self) -> None:
        """Cut all clients, and whoever comes."""
        faults = self.gateway.faults
        faults.arm(When.connection(), Cut(), times=None)
        with contextlib.suppress(ConnectionError):
            faults.arm(When.now(), Cut(moment=Moment.BEFORE))
        await asyncio.sleep(self.quiet)

    async def mend(self) -> None:
        """Let clients in."""
        self.gateway.faults.disarm()

    async def lose_answer(self, verb: Verb, *, arrives: bool) -> None:
        """Swallow what TWS says to the next such request, and the request too where it is not to arrive."""
        kind, is_new = _REQUESTS[verb]
        facts: dict[str, Any] = {} if is_new is None else {"is_new": is_new}
        self.gateway.faults.arm(When.request(kind, client_id=_CLIENT_ID, **facts), Silence(accept=arrives))

    async def repeat(self) -> None:
        """Have TWS say again what it said last of each order and execution, the last first."""
        self.gateway.faults.arm(When.now(client_id=_CLIENT_ID), Repeat())
        await self.settle()

    async def correct(self, execution_id: str, quantity: Decimal, price: Decimal) -> None:
        """Have the paper broker correct its own, which TWS tells under the next revision."""
        fills = (await self.gateway.broker.snapshot()).fills
        theirs = {exec_id(stem(one.fill.execution_id)): one.fill.execution_id for one in fills}
        self.gateway.broker.native.correct_execution(theirs[execution_id], price, quantity)
        await self.settle()


def _nowhere(_: Report) -> None:
    """Hear a report of a broker that nobody listens to."""
