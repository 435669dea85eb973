"""A client that speaks the raw protocol, and a gateway in front of a market that stands where the test puts it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Container, Coroutine, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeVar

from v6_ib_plugin.gateway.desk import Desk, Manners
from v6_ib_plugin.gateway.gateway import Gateway
from v6_ib_plugin.gateway.house import House
from v6_ib_plugin.gateway.market.market import Market
from v6_ib_plugin.gateway.testing import running_gateway
from v6_ib_plugin.gateway.wire import decode_message, encode_request, frames, messages, requests
from v6_ib_plugin.terms import IbAnswer, IbComboLeg, IbContract, IbOrder, IbOrderStatus
from v6_paper_plugin.exchange.exchange import Exchange
from v6core.contracts import Contract, Option, Stock

M = TypeVar("M", bound=messages.Message)
GOODS = Stock("ACME")
ACME = IbContract(symbol="ACME", sec_type="STK", exchange="SMART", currency="USD")
_WITHIN = 5.0


def d(number: object) -> Decimal:
    return Decimal(str(number))


def limit(order_id: int, price: object = 100, quantity: object = 10, action: str = "BUY", **fields: Any) -> IbOrder:
    terms: dict[str, Any] = {"tif": "DAY", "order_type": "LMT", "lmt_price": d(price), **fields}
    return IbOrder(order_id=order_id, action=action, total_quantity=d(quantity), **terms)


def stop(order_id: int, price: object = 90, quantity: object = 10, action: str = "SELL", **fields: Any) -> IbOrder:
    return limit(order_id, 0, quantity, action, **{"order_type": "STP", "aux_price": d(price), **fields})


def bracket(first: int, entry: object = 99, take: object = 110, cut: object = 90, **fields: Any) -> list[IbOrder]:
    """Return a parent with a take-profit and a stop, the last of which transmits them all."""
    held: dict[str, Any] = {"parent_id": first, **fields}
    return [
        limit(first, entry, transmit=False),
        limit(first + 1, take, action="SELL", transmit=False, **held),
        stop(first + 2, cut, **held),
    ]


class WireClient:
    """One connection, and all that it heard."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._frames = frames.FrameReader()
        self.heard: list[messages.Message] = []
        self._read = 0

    @classmethod
    async def connect(cls, gateway: Gateway, client_id: int = 1) -> WireClient:
        reader, writer = await asyncio.open_connection(gateway.host, gateway.port)
        client = cls(reader, writer)
        writer.write(b"API\0" + frames.framed(b"v157..178"))
        await client._frames_read()
        client.send(requests.StartApi(client_id, ""))
        await client.until(messages.NextValidId)
        return client

    async def close(self) -> None:
        self._writer.close()
        await asyncio.sleep(0.005)

    def send(self, *asked: requests.Request) -> None:
        self._writer.write(b"".join(frames.framed(encode_request(request)) for request in asked))

    def place(self, *orders: IbOrder, contract: IbContract = ACME) -> None:
        self.send(*(requests.PlaceOrder(contract, order) for order in orders))

    async def _frames_read(self) -> list[tuple[str, ...]]:
        data = await asyncio.wait_for(self._reader.read(65536), _WITHIN)
        assert data, "the gateway closed the connection"
        return self._frames.feed(data)

    async def _hear(self) -> None:
        self.heard += [decode_message(fields) for fields in await self._frames_read()]

    async def until(self, kind: type[M], where: Callable[[M], bool] = lambda _: True) -> M:
        """Return the next message of a kind, after the last one that was returned here."""
        while True:
            while self._read < len(self.heard):
                message = self.heard[self._read]
                self._read += 1
                if isinstance(message, kind) and where(message):
                    return message
            await self._hear()

    async def status(self, order_id: int, status: str) -> IbOrderStatus:
        found = await self.until(
            messages.OrderStatus, lambda told: (told.status.order_id, told.status.status) == (order_id, status)
        )
        return found.status

    async def answer(self, code: int) -> IbAnswer:
        return (await self.until(messages.ErrMsg, lambda told: told.answer.code == code)).answer

    async def sync(self) -> None:
        """Wait until all that was sent has been taken, and all that came of it has been heard."""
        for _ in range(2):
            await self.ask(requests.ReqCurrentTime(), messages.CurrentTime)

    async def ask(self, request: requests.Request, end: type[messages.Message]) -> list[messages.Message]:
        """Return what comes until the end of an answer."""
        first = at = len(self.heard)
        self.send(request)
        while True:
            while at < len(self.heard):
                at += 1
                if isinstance(self.heard[at - 1], end):
                    return self.heard[first : at - 1]
            await self._hear()

    async def open_orders(self, *, everybody: bool = False) -> list[messages.OpenOrder]:
        request = requests.ReqAllOpenOrders() if everybody else requests.ReqOpenOrders()
        await self.sync()
        return of(messages.OpenOrder, await self.ask(request, messages.OpenOrderEnd))

    async def completed(self) -> list[messages.CompletedOrder]:
        answer = await self.ask(requests.ReqCompletedOrders(api_only=False), messages.CompletedOrdersEnd)
        return of(messages.CompletedOrder, answer)

    def about(self, order_id: int) -> list[str]:
        """Return in a word each what was told of an order."""
        own = {each.execution.exec_id for each in self.all(messages.ExecDetails) if each.execution.order_id == order_id}
        return [word for message in self.heard if (word := _word(message, order_id, own))]

    def codes(self) -> list[int]:
        return [message.answer.code for message in self.heard if isinstance(message, messages.ErrMsg)][3:]

    def all(self, kind: type[M]) -> list[M]:
        return of(kind, self.heard)


def of(kind: type[M], heard: Iterable[messages.Message]) -> list[M]:
    return [message for message in heard if isinstance(message, kind)]


def _word(message: messages.Message, order_id: int, executions: Container[str]) -> str:
    match message:
        case messages.OpenOrder(order=order, state=state) if order.order_id == order_id:
            return f"open {state.status}"
        case messages.OrderStatus(status=status) if status.order_id == order_id:
            return status.status
        case messages.ExecDetails(execution=execution) if execution.order_id == order_id:
            return f"exec {execution.shares:f}"
        case messages.ErrMsg(answer=answer) if answer.req_id == order_id:
            return str(answer.code)
        case messages.CommissionReport(commission=commission) if commission.exec_id in executions:
            return "commission"
        case _:
            return ""


class Floor:
    """A gateway, and the market behind it."""

    def __init__(self, gateway: Gateway, house: House) -> None:
        self.gateway = gateway
        self.house = house
        self.instruments = house.instruments
        self._clients: list[WireClient] = []

    async def client(self, client_id: int = 1) -> WireClient:
        client = await WireClient.connect(self.gateway, client_id)
        self._clients.append(client)
        return client

    async def returned(self, client_id: int = 1) -> WireClient:
        """Return a client of a gateway that is restarting."""
        while True:
            try:
                return await self.client(client_id)
            except (OSError, AssertionError):
                await asyncio.sleep(0.005)

    def price(self, price: object, contract: Any = GOODS) -> None:
        self.gateway.broker.native.set_price(contract, d(price))

    @property
    def exchange(self) -> Exchange:
        """The paper broker's exchange, to see what has reached it."""
        exchange = self.gateway.broker.native._exchange
        assert isinstance(exchange, Exchange)
        return exchange

    def combo(self, *legs: tuple[Contract, int, object]) -> IbContract:
        """Return a combo of contracts by their signed ratios, at these prices, as a client names it: by numbers."""
        told: list[IbComboLeg] = []
        for contract, ratio, price in legs:
            self.price(price, contract)
            action = "BUY" if ratio > 0 else "SELL"
            con_id = self.instruments.conid(contract)
            told.append(IbComboLeg(con_id=con_id, ratio=abs(ratio), action=action, exchange="SMART"))
        return replace(ACME, sec_type="BAG", combo_legs=tuple(told))

    def condor(self) -> IbContract:
        """Return an iron condor that brings 2 when it is bought at the market's prices."""
        rows = ((90, "P", 1, 1), (95, "P", -1, 2), (105, "C", -1, 2), (110, "C", 1, 1))
        return self.combo(
            *((Option("ACME", "2027-01-15", strike, right), ratio, price) for strike, right, ratio, price in rows)
        )

    async def close(self) -> None:
        for client in self._clients:
            await client.close()


@asynccontextmanager
async def floor(manners: Manners | None = None, *, read_only: bool = False, **settings: Any) -> AsyncGenerator[Floor]:
    """Open a gateway; unless said otherwise, orders fill from a market that the test drives, and at once."""
    chosen = {"fills": "realistic", "quotes": "given", "latency": 0, "margin": False, **settings}
    houses: list[House] = []

    def desk(house: House) -> Desk:
        houses.append(house)
        return Desk(house, manners)

    async with running_gateway(settings=chosen, parts=[desk, Market], read_only=read_only) as gateway:
        opened = Floor(gateway, houses[0])
        try:
            yield opened
        finally:
            await opened.close()


async def placed(opened: Floor, *orders: IbOrder, client_id: int = 1) -> WireClient:
    """Return a client whose orders were taken by a market that stands at 100."""
    opened.price(100)
    client = await opened.client(client_id)
    client.place(*orders)
    await client.sync()
    return client


async def executions(client: WireClient, **wanted: str | int) -> list[messages.ExecDetails]:
    """Return the executions that a filter asks for."""
    request = replace(requests.ReqExecutions(5), **wanted)  # type: ignore[arg-type]  # words and ids
    return of(messages.ExecDetails, await client.ask(request, messages.ExecDetailsEnd))


def run(main: Coroutine[Any, Any, None]) -> None:
    asyncio.run(main)
