"""The clients that ``tws.py`` compares: the engine with the IB plugin, that alone, bare ib_async, a bare socket."""

from __future__ import annotations

import asyncio
import logging
import struct
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import ib_async
from tws_gateway import LAST_BID, GatewayProcess

from v6_ib_plugin.gateway.wire import encode_request, frames, requests
from v6_ib_plugin.terms import IbContract, IbOrder
from v6core import Broker, Order, OrderExecutionEngine, OrderStatus, Stock
from v6core.broker import BrokerContext
from v6core.clock import SystemClock
from v6core.config import EngineSection
from v6core.identifiers import RandomIds, make_order_ref
from v6core.journal import SqliteJournal
from v6core.plugins import broker_of, load_broker
from v6core.reports import FillReport, Report
from v6core.risk import RiskLimits

LIMITS = (
    "max_order_quantity",
    "max_order_value",
    "max_open_orders",
    "price_collar",
    "option_price_collar",
    "duplicate_window",
    "max_orders_per_second",
)
WARMING_UP = 200
_QUANTITY = 10
WATCHED = tuple(f"S{number}" for number in range(8))
Place = Callable[[int], Awaitable[None]]
Client = Callable[[GatewayProcess, Path], AbstractAsyncContextManager[Place]]


@dataclass(frozen=True)
class Figure:
    """What some orders or ticks took: seconds of wall and of CPU, here and at the gateway."""

    count: int
    wall: float
    cpu: float
    gateway_cpu: float

    @property
    def per_second(self) -> float:
        """How many a second."""
        return self.count / self.wall

    @property
    def cpu_us(self) -> float:
        """CPU µs of one, here."""
        return self.cpu / self.count * 1e6

    @property
    def gateway_us(self) -> float:
        """CPU µs of one, at the gateway."""
        return self.gateway_cpu / self.count * 1e6


class Stopwatch:
    """Takes the time from when it is made."""

    def __init__(self, gateway: GatewayProcess) -> None:
        self._gateway = gateway
        self._before = gateway.cpu()
        self._cpu, self._wall = time.process_time(), time.perf_counter()

    def stop(self, count: int) -> Figure:
        """Return what it took."""
        wall, cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu
        return Figure(count, wall, cpu, self._gateway.cpu() - self._before)


# Orders.


@asynccontextmanager
async def engine(gateway: GatewayProcess, folder: Path) -> AsyncGenerator[Place]:
    """Place by the engine with the IB plugin, its journal on disk, its pacing and its limits off."""
    spec = load_broker("ib")
    off = dict.fromkeys(LIMITS, 0)
    made = OrderExecutionEngine.from_spec(
        spec,
        spec.settings.model_validate({"port": gateway.port, "messages_per_second": 0, "request_timeout": 120.0}),
        open_journal=lambda: SqliteJournal.open(folder / "journal.db", ids=RandomIds()),
        limits=RiskLimits.model_validate(off),
        deadlines=EngineSection(question_deadline=120, connect_deadline=120, watchdog=5),
        folder=folder,
    )
    contract = Stock("GOOG")

    async def place(number: int) -> None:
        order = await made.place_order(contract, Order.limit(side(number), _QUANTITY, 100))
        if order.status is not OrderStatus.FILLED:
            raise RuntimeError(f"expected a fill, got {order.status}: {order.reason}")

    async with made:
        yield place


@asynccontextmanager
async def plugin(gateway: GatewayProcess, folder: Path) -> AsyncGenerator[Place]:
    """Place by the IB plugin alone, its pacing off: nothing is checked, nothing journaled."""
    spec, ids = load_broker("ib"), RandomIds()
    engine_id, filled = ids.engine_id(), dict[str, asyncio.Future[None]]()

    def hear(report: Report) -> None:
        if isinstance(report, FillReport) and report.order_ref in filled:
            done = filled.pop(report.order_ref)
            if report.fill.quantity == _QUANTITY:
                done.set_result(None)
            else:
                done.set_exception(RuntimeError(f"expected a fill of {_QUANTITY}, got {report.fill.quantity}"))

    async def open_broker(name: str) -> Broker:
        raise LookupError(name)

    logger = logging.getLogger(__name__)
    context = BrokerContext(
        name="ib", clock=SystemClock(), report=hear, folder=folder, logger=logger, open_broker=open_broker
    )
    settings = spec.settings.model_validate({"port": gateway.port, "messages_per_second": 0, "request_timeout": 120.0})
    async with broker_of(spec, settings, context) as broker:
        contract = (await broker.qualify(Stock("GOOG"))).contract

        async def place(number: int) -> None:
            order = Order.limit(side(number), _QUANTITY, 100)
            reference = make_order_ref(engine_id, order.order_id)
            filled[reference] = done = asyncio.get_running_loop().create_future()
            await broker.place((order.replace(contract=contract, order_ref=reference),))
            await done

        yield place


@asynccontextmanager
async def bare(gateway: GatewayProcess, folder: Path) -> AsyncGenerator[Place]:  # noqa: ARG001 -- as the engine
    """Place by ib_async as it comes, but for its throttle."""
    ib = ib_async.IB()
    ib.client.MaxRequests = 0
    await ib.connectAsync(gateway.host, gateway.port, clientId=7, timeout=60)
    (contract,) = await ib.qualifyContractsAsync(ib_async.Stock("GOOG", "SMART", "USD"))
    assert isinstance(contract, ib_async.Contract)

    async def place(number: int) -> None:
        trade = ib.placeOrder(contract, ib_async.LimitOrder(side(number), _QUANTITY, 100, tif="DAY"))
        if not trade.isDone():
            await trade.filledEvent
        if trade.orderStatus.status != "Filled":
            raise RuntimeError(f"expected a fill, got {trade.orderStatus.status}")

    try:
        yield place
    finally:
        ib.disconnect()
        await asyncio.sleep(0.01)


def side(number: int) -> str:
    """Buy and sell in turn, so that the position stays small."""
    return "BUY" if number % 2 == 0 else "SELL"


async def placed(place: Place, count: int, in_flight: int) -> None:
    """Place orders, so many at the same time."""
    numbers = iter(range(count))

    async def worker() -> None:
        for number in numbers:
            await place(number)

    await asyncio.gather(*(worker() for _ in range(in_flight)))


async def measure_orders(client: Client, gateway: GatewayProcess, count: int, in_flight: int, folder: Path) -> Figure:
    """Return the cost of one order, from being placed to its fill."""
    async with client(gateway, folder) as place:
        await placed(place, WARMING_UP, in_flight)
        watch = Stopwatch(gateway)
        await placed(place, count, in_flight)
        return watch.stop(count)


async def measure_raw(gateway: GatewayProcess, count: int, in_flight: int, folder: Path) -> Figure:  # noqa: ARG001 -- as the others
    """Return what orders cost the gateway, written to a bare socket and counted by their commissions."""
    reader, writer = await asyncio.open_connection(gateway.host, gateway.port)
    writer.write(b"API\0" + frames.framed(b"v178..178"))
    writer.write(_frame(requests.StartApi(client_id=8)))
    raw = _Raw(reader)
    first = await raw.next_valid_id()
    drafts = [_frame(_raw_order(first + number, number)) for number in range(count)]
    watch = Stopwatch(gateway)
    sent = filled = 0
    while filled < count:
        ready = min(count, filled + in_flight)
        if ready > sent:
            writer.write(b"".join(drafts[sent:ready]))
            sent = ready
        filled += await raw.commissions()
    figure = watch.stop(count)
    writer.close()
    await writer.wait_closed()
    return figure


class _Raw:
    """What comes in, told apart by its first field alone."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._buffer = b""

    async def next_valid_id(self) -> int:
        """Wait until the login is over, and return the first order id."""
        while True:
            for payload in await self._payloads():
                if payload.startswith(b"9\0"):
                    return int(payload.split(b"\0")[2])

    async def commissions(self) -> int:
        """Wait for more, and return how many commission reports were among it."""
        return sum(payload.startswith(b"59\0") for payload in await self._payloads())

    async def _payloads(self) -> list[bytes]:
        data = await self._reader.read(1 << 18)
        if not data:
            raise ConnectionError("the gateway has hung up")
        self._buffer += data
        found: list[bytes] = []
        at = 0
        while len(self._buffer) >= at + 4:
            (length,) = struct.unpack_from(">I", self._buffer, at)
            if len(self._buffer) < at + 4 + length:
                break
            found.append(self._buffer[at + 4 : at + 4 + length])
            at += 4 + length
        self._buffer = self._buffer[at:]
        return found


def _frame(request: requests.Request) -> bytes:
    return frames.framed(encode_request(request))


def _raw_order(order_id: int, number: int) -> requests.PlaceOrder:
    contract = IbContract(symbol="GOOG", sec_type="STK", exchange="SMART", currency="USD")
    order = IbOrder(
        order_id=order_id,
        action=side(number),
        total_quantity=Decimal(10),
        order_type="LMT",
        lmt_price=Decimal(100),
        tif="DAY",
    )
    return requests.PlaceOrder(contract, order)


# Ticks.


async def plugin_ticks(gateway: GatewayProcess, count: int, folder: Path) -> tuple[Figure, int]:
    """Return what ticks cost on their way to a reader of the engine's quotes, and how many quotes it read."""
    spec = load_broker("ib")
    settings = spec.settings.model_validate({"port": gateway.port, "messages_per_second": 0})
    contracts = [Stock(symbol) for symbol in WATCHED]
    quotes, here, ended = 0, set[str](), set[str]()
    watch: Poured | None = None
    async with OrderExecutionEngine.from_spec(spec, settings, folder=folder) as made:
        async for quote in made.quotes(contracts):
            quotes += 1
            here.add(quote.contract.key)
            if watch is None and len(here) == len(contracts):
                watch = Poured(gateway, count)
            if quote.bid == LAST_BID:
                ended.add(quote.contract.key)
            if len(ended) == len(contracts):
                break
        assert watch is not None
        return watch.stop(count), quotes


async def bare_ticks(gateway: GatewayProcess, count: int, folder: Path) -> tuple[Figure, int]:  # noqa: ARG001 -- likewise
    """Return what ticks cost on their way to a reader of ib_async's tickers, and how many updates it was told."""
    ib = ib_async.IB()
    ib.client.MaxRequests = 0
    await ib.connectAsync(gateway.host, gateway.port, clientId=7, timeout=60)
    contracts = await ib.qualifyContractsAsync(*(ib_async.Stock(symbol, "SMART", "USD") for symbol in WATCHED))
    tickers = [ib.reqMktData(contract) for contract in contracts if isinstance(contract, ib_async.Contract)]
    updates, here, ended = 0, asyncio.Event(), asyncio.Event()

    def told(changed: set[ib_async.Ticker]) -> None:
        nonlocal updates
        updates += len(changed)
        if all(ticker.hasBidAsk() for ticker in tickers):
            here.set()
        if all(ticker.bid == float(LAST_BID) for ticker in changed) and all(
            ticker.bid == float(LAST_BID) for ticker in tickers
        ):
            ended.set()

    ib.pendingTickersEvent += told
    await here.wait()
    watch = Poured(gateway, count)
    await ended.wait()
    figure = watch.stop(count)
    ib.disconnect()
    await asyncio.sleep(0.01)
    return figure, updates


class Poured(Stopwatch):
    """Pours ticks, and takes the time until all are in."""

    def __init__(self, gateway: GatewayProcess, ticks: int) -> None:
        super().__init__(gateway)
        gateway.pour(ticks)

    def stop(self, count: int) -> Figure:
        """Return what it took; the gateway has sent all by then."""
        wall, cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu
        self._gateway.poured()
        return Figure(count, wall, cpu, self._gateway.cpu() - self._before)
