"""A TWS gateway in a process of its own, for scripts that measure what stands in front of it."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from multiprocessing.connection import Connection

from v6_ib_plugin.gateway.desk import Desk
from v6_ib_plugin.gateway.house import House
from v6_ib_plugin.gateway.market.market import Market
from v6_ib_plugin.gateway.part import Handler
from v6_ib_plugin.gateway.session import Session
from v6_ib_plugin.gateway.testing import RunningGateway, running_gateway
from v6_ib_plugin.gateway.wire import messages, requests

SPAWNING = multiprocessing.get_context("spawn")
CASH = 10**12
LAST_BID = Decimal("77777.77")
"""The bid of the last tick of a pour."""
_BID, _ASK = 1, 2
_IN_ONE_TURN = 200


@dataclass(frozen=True)
class GatewayProcess:
    """The gateway, as a process that measures sees it; it can be handed to another one while that starts."""

    _pipe: Connection
    port: int
    host: str = "127.0.0.1"

    def cpu(self) -> float:
        """Return the seconds of CPU that it has used."""
        self._pipe.send("cpu")
        return float(self._pipe.recv())

    def pour(self, ticks: int) -> None:
        """Let it send so many prices, shared by all that is watched, and not wait for anything."""
        self._pipe.send(ticks)

    def poured(self) -> None:
        """Wait until it has sent them."""
        self._pipe.recv()


@contextmanager
def gateway_process() -> Generator[GatewayProcess]:
    """Run a gateway that fills each order at once, at given prices."""
    here, there = SPAWNING.Pipe()
    process = SPAWNING.Process(target=_serve, args=(there,), daemon=True)
    process.start()
    try:
        yield GatewayProcess(here, here.recv())
    finally:
        here.send("stop")
        process.join(30)


class _Noting(Market):
    """The market, which notes who watches under which id."""

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self.watched: list[tuple[Session, int]] = []

    def handlers(self) -> Mapping[type[requests.Request], Handler]:
        """Return what takes each kind of request."""
        return {**super().handlers(), requests.ReqMktData: self._note}

    async def _note(self, session: Session, request: requests.ReqMktData) -> None:
        self.watched.append((session, request.req_id))
        for side in (_BID, _ASK):
            session.send(messages.TickPrice(request.req_id, side, Decimal(100), Decimal(1)))

    def on_disconnect(self, session: Session) -> None:
        """Forget a client that has gone."""
        super().on_disconnect(session)
        self.watched = [(watching, req_id) for watching, req_id in self.watched if watching is not session]


def _serve(pipe: Connection) -> None:
    made: list[_Noting] = []

    def market(house: House) -> _Noting:
        made.append(_Noting(house))
        return made[-1]

    with running_gateway(settings={"cash": CASH}, parts=(Desk, market)) as gateway:
        pipe.send(gateway.port)
        while (asked := pipe.recv()) != "stop":
            pipe.send(time.process_time() if asked == "cpu" else _poured(gateway, made[0], asked))


def _poured(gateway: RunningGateway, market: _Noting, ticks: int) -> str:
    async def pour() -> str:
        for number in range(ticks):
            session, req_id = market.watched[number // 2 % len(market.watched)]
            price = Decimal(10_000 + number % 500).scaleb(-2)
            session.send(messages.TickPrice(req_id, _BID + number % 2, price, Decimal(1 + number % 9)))
            if number % _IN_ONE_TURN == 0:
                await asyncio.sleep(0)
        for session, req_id in market.watched:
            session.send(messages.TickPrice(req_id, _BID, LAST_BID, Decimal(1)))
        return "poured"

    return gateway.run(pour)
