"""A desk for the tests of the order side: a gateway on loopback, the IB broker before it, an engine before that.

Nothing is mocked: orders go through the unmodified ib_async over TCP. The market stands where the test puts it.
"""

# What the gateway and the broker keep to themselves is looked at and set here.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from ib_async import IB, LimitOrder
from ib_async import Stock as PlainStock

from v6_ib_plugin import IbSettings, v6_brokers
from v6_ib_plugin.broker import IbBroker
from v6_ib_plugin.gateway.desk import Manners
from v6_ib_plugin.gateway.desk.desk import Desk as OrderDesk
from v6_ib_plugin.gateway.desk.orders import Phase
from v6_ib_plugin.gateway.faults import Effect, When
from v6_ib_plugin.gateway.gateway import Gateway
from v6_ib_plugin.gateway.house import House
from v6_ib_plugin.gateway.market.market import Market
from v6_ib_plugin.gateway.session import Session
from v6_ib_plugin.gateway.testing import running_gateway
from v6_ib_plugin.gateway.wire import requests
from v6_ib_plugin.gateway.wire.messages import Message
from v6_ib_plugin.trading import Patience
from v6core.broker import Broker, BrokerContext
from v6core.clock import SystemClock
from v6core.config import EngineSection
from v6core.contracts import Contract, Option, Stock
from v6core.engine import OrderExecutionEngine
from v6core.identifiers import RandomIds, make_order_ref
from v6core.journal import Journal, MemoryJournal
from v6core.orders import OcaType, Order
from v6core.reports import FillReport, LinkReport, LinkState, OrderReport, Report, ReportedStatus

P = ParamSpec("P")
R = TypeVar("R", bound=Report)
D = Decimal
ACME = Stock("ACME")
ENGINE_ID = "abcdefgh"
_MARKET = {"fills": "realistic", "quotes": "given", "latency": 0, "margin": False, "commission_minimum": 1}
_WITHIN = 5.0


def on_loop(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run an asynchronous test."""

    @wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


def ref_of(order: Order) -> str:
    """Return the reference that an order gets when it is bound."""
    return make_order_ref(ENGINE_ID, order.order_id)


def bound(order: Order, contract: Contract = ACME, **fields: Any) -> Order:
    """Return an order as an engine hands it to a broker."""
    return order.replace(contract=contract, order_ref=ref_of(order), **fields)


def call(strike: int, day: str = "2027-01-15") -> Option:
    return Option("ACME", day, strike, "CALL")


def put(strike: int, day: str = "2027-01-15") -> Option:
    return Option("ACME", day, strike, "PUT")


def legs(quantity: int = 10, entry: str = "95", **fields: object) -> tuple[Order, Order, Order]:
    """Return an entry below the market with a take-profit and a stop, as an engine sends them."""
    parent = bound(Order.limit("BUY", quantity, entry, **fields))
    held = {"parent_order_id": parent.order_id, "oca_group": "exits", "oca_type": OcaType.REDUCE_WITH_BLOCK}
    take = bound(Order.limit("SELL", quantity, "110", tif="GTC", **held))
    stop = bound(Order.stop("SELL", quantity, "85", tif="GTC", **held))
    return parent, take, stop


class Tws:
    """A gateway, and the market behind it."""

    def __init__(self, gateway: Gateway, orders: OrderDesk) -> None:
        self.gateway = gateway
        self._orders = orders._book.blotter.register
        self.placed: list[requests.PlaceOrder] = []
        self._lost: set[str] = set()
        self._take, gateway.take = gateway.take, self._noted  # type: ignore[method-assign]  # to see what has reached it

    async def _noted(self, session: Session, request: requests.Request) -> None:
        if isinstance(request, requests.PlaceOrder) and not request.order.what_if:
            if request.order.order_ref in self._lost:
                self._lost.discard(request.order.order_ref)
                return
            self.placed.append(request)
        await self._take(session, request)

    def price(self, price: object, contract: Contract = ACME) -> None:
        """Put the market of a contract at a price."""
        self.gateway.broker.native.set_price(contract, D(str(price)))

    def trade(self, price: object, size: object, contract: Contract = ACME) -> None:
        """Put the market at a price for a moment, with no more than a size on either side."""
        paper = self.gateway.broker.native
        exchange = paper._exchange
        tick = exchange.market.give(contract, D(str(price)), exchange.now)
        exchange.take([tick._replace(bid_size=D(str(size)), ask_size=D(str(size)))])
        exchange.take([tick._replace(bid=None, bid_size=D(0), ask=None, ask_size=D(0))])
        paper._tell()

    def lose(self, order: Order) -> None:
        """Let an order get lost the first time that it is sent."""
        self._lost.add(ref_of(order))

    def numbers(self, order: Order) -> list[int]:
        """Return the numbers under which an order reached TWS, in their order."""
        return [row.order.order_id for row in self.placed if row.order.order_ref == ref_of(order)]

    @property
    def parked(self) -> list[str]:
        """The references of the orders that TWS holds untransmitted, which it lists to nobody."""
        return [one.order.order_ref for one in self._orders.open() if one.phase is Phase.PARKED]

    def say(self, client_id: int, message: Message) -> None:
        """Let TWS say something to a client."""
        self.gateway.clients[client_id].send(message)

    def arm(self, when: When, what: Effect, *, times: int | None = 1) -> None:
        """Let something go wrong."""
        self.gateway.faults.arm(when, what, times=times)


@asynccontextmanager
async def tws(manners: Manners | None = None, *, read_only: bool = False, **market: Any) -> AsyncGenerator[Tws]:
    """Open a gateway whose orders fill from a market that the test drives."""
    desks: list[OrderDesk] = []

    def make(house: House) -> OrderDesk:
        desks.append(OrderDesk(house, manners))
        return desks[0]

    settings = {**_MARKET, **market}
    async with running_gateway(settings=settings, parts=(make, Market), read_only=read_only) as gateway:
        yield Tws(gateway, desks[0])


async def _no_other(name: str) -> Broker:
    raise AssertionError(name)


class BrokerDesk:
    """The IB broker, and all that it reports."""

    def __init__(self, gateway: Tws, folder: Path, client_id: int = 6, rate: int = 0) -> None:
        self.told: list[Report] = []
        context = BrokerContext(
            name="ib",
            clock=SystemClock(),
            report=self.told.append,
            folder=folder,
            logger=logging.getLogger("test.ib"),
            open_broker=_no_other,
        )
        self.broker = IbBroker(_settings(gateway, client_id, rate), context)
        self.broker._trading._brackets._patience = Patience(legs=0.2, cancels=0.3)

    def of(self, kind: type[R], order: Order | None = None) -> list[R]:
        """Return the reports of a kind, of one order or of all."""
        reference = None if order is None else ref_of(order)
        rows = (row for row in self.told if isinstance(row, kind))
        return [row for row in rows if reference is None or getattr(row, "order_ref", None) == reference]

    async def place(self, *orders: Order) -> None:
        """Place orders as a unit."""
        await self.broker.place(orders)

    async def heard(self, condition: Callable[[], object]) -> None:
        """Wait until what was reported fulfils a condition."""
        await until(condition)

    async def standing(self, order: Order, *statuses: str) -> None:
        """Wait until an order stands so, by the last that was said of it and by its fills."""
        await until(lambda: self._stands(order) in statuses)

    def _stands(self, order: Order) -> str | None:
        rows = self.of(OrderReport, order)
        status = rows[-1].status if rows else None
        filled = sum((row.fill.quantity for row in self.of(FillReport, order)), Decimal(0))
        if status not in {ReportedStatus.SUBMITTED, ReportedStatus.PARTIALLY_FILLED} or not filled:
            return status
        return ReportedStatus.FILLED if filled >= order.quantity else ReportedStatus.PARTIALLY_FILLED

    async def link_is(self, state: LinkState) -> None:
        """Wait until the link was last reported so."""
        await until(lambda: (rows := self.of(LinkReport)) and rows[-1].state is state)


async def all_are(desk: BrokerDesk, orders: Sequence[Order], *statuses: str) -> None:
    for order in orders:
        await desk.standing(order, *statuses)


async def until(condition: Callable[[], object], seconds: float = _WITHIN) -> None:
    """Wait until a condition holds; an AssertionError where it does not in time."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while not condition():
        assert loop.time() < deadline, "it did not come to that"
        await asyncio.sleep(0.002)


def _settings(gateway: Tws, client_id: int, rate: int = 0) -> IbSettings:
    return IbSettings(port=gateway.gateway.port, client_id=client_id, messages_per_second=rate, request_timeout=3.0)


@asynccontextmanager
async def ib(gateway: Tws, folder: Path, client_id: int = 6, *, rate: int = 0) -> AsyncGenerator[BrokerDesk]:
    """Connect an IB broker to a gateway; ``rate`` is how many messages a second it may send, 0 for any."""
    desk = BrokerDesk(gateway, folder, client_id, rate)
    async with desk.broker:
        yield desk


def engine_on(
    gateway: Tws,
    folder: Path,
    open_journal: Callable[[], Journal] = MemoryJournal,
    *,
    client_id: int = 6,
    **deadlines: float,
) -> OrderExecutionEngine:
    """Return an engine in front of an IB broker on a gateway; it is not started."""
    (spec,) = v6_brokers()
    given = {"settle": 0.05, "grace": 0.2, "protect_deadline": 0.3, "ack_deadline": 3.0, "watchdog": 5.0, **deadlines}
    return OrderExecutionEngine.from_spec(
        spec,
        _settings(gateway, client_id),
        open_journal=open_journal,
        deadlines=EngineSection.model_validate(given),
        folder=folder,
    )


async def within(seconds: float, work: Awaitable[Any]) -> Any:
    """Return what comes of some work, in time."""
    async with asyncio.timeout(seconds):
        return await work


def new_ref() -> str:
    """Return a reference of an order that nobody knows."""
    return make_order_ref(ENGINE_ID, RandomIds().order_id())


@asynccontextmanager
async def plain(gateway: Tws, client_id: int = 9) -> AsyncGenerator[IB]:
    """Connect ib_async itself, as a program does that uses nothing else."""
    client = IB()
    await client.connectAsync("127.0.0.1", gateway.gateway.port, clientId=client_id, timeout=4)
    try:
        yield client
    finally:
        client.disconnect()
        await asyncio.sleep(0)


PLAIN_ACME = PlainStock("ACME", "SMART", "USD")


def plain_limit(price: float = 90, quantity: float = 10, action: str = "BUY") -> LimitOrder:
    return LimitOrder(action, quantity, price, tif="DAY")
