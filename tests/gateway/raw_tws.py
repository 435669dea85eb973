"""A TWS client of a few lines, on a bare socket: what goes over the wire, and nothing around it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any, TypeVar

from v6_ib_plugin.gateway.wire import decode_message, encode_request, frames, messages, requests
from v6_ib_plugin.terms import IbContract, IbOrder

M = TypeVar("M", bound=messages.Message)
WITHIN = 5.0

GOOG = IbContract(symbol="GOOG", sec_type="STK", exchange="SMART", currency="USD")


def place(order_id: int, action: str = "BUY", price: str | None = None, **more: Any) -> requests.PlaceOrder:
    """Return the request that places an order of one share."""
    order = IbOrder(
        order_id=order_id,
        action=action,
        total_quantity=Decimal(1),
        order_type="MKT" if price is None else "LMT",
        lmt_price=None if price is None else Decimal(price),
        tif="DAY",
        **more,
    )
    return requests.PlaceOrder(GOOG, order)


def bracket(first: int) -> tuple[requests.PlaceOrder, ...]:
    """Return a bracket whose entry rests."""
    return (
        place(first, price="50", transmit=False),
        place(first + 1, "SELL", "150", parent_id=first, transmit=False),
        place(first + 2, "SELL", "40", parent_id=first),
    )


class RawTws:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._frames = frames.FrameReader()
        self._waiting: list[tuple[str, ...]] = []
        self.chunks: list[bytes] = []

    def write(self, data: bytes) -> None:
        self._writer.write(data)

    def send(self, *asked: requests.Request) -> None:
        """Send requests in one segment."""
        self.write(b"".join(frames.framed(encode_request(request)) for request in asked))

    async def fields(self) -> tuple[str, ...] | None:
        """Return the fields of the next frame, None where the connection has ended."""
        async with asyncio.timeout(WITHIN):
            while not self._waiting:
                if self._frames.broken is not None:
                    raise self._frames.broken
                try:
                    data = await self._reader.read(2**16)
                except ConnectionError:
                    return None
                if not data:
                    return None
                self.chunks.append(data)
                self._waiting += self._frames.feed(data)
        return self._waiting.pop(0)

    async def next(self) -> messages.Message | None:
        """Return the next message, None where the connection has ended."""
        fields = await self.fields()
        return None if fields is None else decode_message(fields)

    async def find(self, kind: type[M]) -> M:
        """Return the next message of a kind; those before it are left behind."""
        while (message := await self.next()) is not None:
            if isinstance(message, kind):
                return message
        raise AssertionError(f"the connection ended before {kind.__name__} came")

    async def errors_to(self, code: int) -> messages.ErrMsg:
        """Return the next errMsg of a code."""
        while True:
            found = await self.find(messages.ErrMsg)
            if found.answer.code == code:
                return found

    async def until_time(self) -> list[messages.Message]:
        """Ask for the time, and return what came before the answer: all that was on its way."""
        self.send(requests.ReqCurrentTime())
        found: list[messages.Message] = []
        while (message := await self.next()) is not None:
            if isinstance(message, messages.CurrentTime):
                return found
            found.append(message)
        raise AssertionError("the connection ended before the time came")

    async def to_the_end(self) -> list[messages.Message]:
        """Return what comes until the connection ends."""
        found: list[messages.Message] = []
        while (message := await self.next()) is not None:
            found.append(message)
        return found

    async def is_silent(self) -> bool:
        """Tell whether nothing came, and the connection stands: as far as a few milliseconds can show."""
        try:
            async with asyncio.timeout(0.03):
                await self._reader.read(1)
        except TimeoutError:
            return not self._waiting
        return False

    def close(self) -> None:
        self._writer.close()


def kinds(found: list[messages.Message]) -> list[str]:
    """Return the names of messages."""
    return [type(message).__name__ for message in found]


async def eventually(holds: Callable[[], object]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(WITHIN):
        while not holds():  # noqa: ASYNC110 -- nothing tells
            await asyncio.sleep(0.001)


@asynccontextmanager
async def tcp(gateway: Any) -> AsyncGenerator[RawTws]:
    """Connect, and say nothing."""
    reader, writer = await asyncio.open_connection(gateway.host, gateway.port)
    client = RawTws(reader, writer)
    try:
        yield client
    finally:
        client.close()


@asynccontextmanager
async def greeted(gateway: Any) -> AsyncGenerator[RawTws]:
    """Connect and greet; the answer is not read."""
    async with tcp(gateway) as client:
        client.write(frames.greeting(frames.Greeting(100, 225)))
        yield client


@asynccontextmanager
async def started(gateway: Any, client_id: int = 1) -> AsyncGenerator[RawTws]:
    """Connect, greet, and send START_API once the server has told its version."""
    async with greeted(gateway) as client:
        await client.fields()
        client.send(requests.StartApi(client_id))
        yield client


@asynccontextmanager
async def connected(gateway: Any, client_id: int = 1) -> AsyncGenerator[RawTws]:
    """Connect, and leave the notices behind that come at the start."""
    async with started(gateway, client_id) as client:
        await client.until_time()
        yield client
