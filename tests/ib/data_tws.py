"""A scripted TWS that lists and quotes contracts as a test says, and the data side of the plugin connected to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from ib.scripted_tws import ScriptedTws
from v6_ib_plugin.data.desk import DataDesk
from v6_ib_plugin.transport import Transport
from v6core.contracts import Option, Stock

T = TypeVar("T")
ACCOUNT = "DU1234567"
NOW = datetime(2026, 1, 5, 15, tzinfo=UTC)
UNKNOWN = 200, "No security definition has been found for the request"
HOURS = "20260105:0400-20260105:2000;20260106:CLOSED;20260107:0400-20260107:2000"

GOOG = Stock("GOOG")
CALL = Option("GOOG", "2026-01-16", 100, "CALL")
PUT = Option("GOOG", "2026-01-16", 90, "PUT")
GOOG_ROW = {"con_id": 11, "symbol": "GOOG", "sec_type": "STK", "primary": "NASDAQ", "trading_class": "NMS"}
CALL_ROW = {
    "con_id": 12,
    "symbol": "GOOG",
    "sec_type": "OPT",
    "expiry": "20260116",
    "strike": "100.0",
    "right": "C",
    "multiplier": "100",
    "trading_class": "GOOG",
}
PUT_ROW = {**CALL_ROW, "con_id": 13, "strike": "90.0", "right": "P"}
ES_ROW = {
    "con_id": 14,
    "symbol": "ES",
    "sec_type": "FUT",
    "expiry": "20261218",
    "multiplier": "50",
    "exchange": "CME",
    "exchanges": "CME,QBALGO",
    "rules": "67,67",
    "trading_class": "ES",
    "local_symbol": "ESZ6",
    "min_tick": "0.25",
}


def row(req_id: str, **given: Any) -> tuple[object, ...]:
    """Return a contractDetails message."""
    said = {"exchange": "SMART", "exchanges": "SMART,NASDAQ", "rules": "26,240", "currency": "USD", **given}
    text = {name: said.get(name, "") for name in ("expiry", "right", "local_symbol", "trading_class", "multiplier")}
    return (
        *(10, req_id, said["symbol"], said["sec_type"], text["expiry"], said.get("strike", "0"), text["right"]),
        *(said["exchange"], said["currency"], text["local_symbol"], said["symbol"], text["trading_class"]),
        *(said["con_id"], said.get("min_tick", "0.01"), text["multiplier"], "LMT,MKT", said["exchanges"], 1, 0),
        *("A NAME", said.get("primary", ""), "", "", "", "", "US/Eastern", HOURS, HOURS, "", "", 0, "", "", ""),
        *(said["rules"], "", "", 1, said.get("step", "1"), 100),
    )


@dataclass
class Market:
    """What the scripted TWS lists, and by which rules; ``quotes`` says the ticks that a subscription begins with."""

    rows: list[dict[str, Any]] = field(default_factory=lambda: [GOOG_ROW, CALL_ROW, PUT_ROW, ES_ROW])
    rules: dict[str, str] = field(default_factory=lambda: {"26": "0|0.01|3|0.05", "240": "0|0.1", "67": "0|0.25"})
    ticks: dict[str, list[tuple[object, ...]]] = field(default_factory=dict[str, list[tuple[object, ...]]])
    refusals: dict[str, tuple[int, str]] = field(default_factory=dict[str, tuple[int, str]])

    def open(self, tws: ScriptedTws) -> None:
        """Let a server answer by it."""
        tws.answers |= {9: self._details, 91: self._rule, 1: self._subscribed}

    def _details(self, asked: list[str]) -> Iterable[Iterable[object]]:
        req_id, con_id, symbol, sec_type, expiry = asked[2:7]
        strike, right = asked[7:9]
        found = [
            listed
            for listed in self.rows
            if str(listed["con_id"]) == con_id
            or (
                (listed["symbol"], listed["sec_type"]) == (symbol, sec_type)
                and listed.get("expiry", "").startswith(expiry)
                and float(listed.get("strike", 0)) == float(strike)
                and listed.get("right", "") == right
            )
        ]
        if not found:
            return [(4, 2, req_id, *UNKNOWN, "")]
        return [*(row(req_id, **listed) for listed in found), (52, 1, req_id)]

    def _rule(self, asked: list[str]) -> Iterable[Iterable[object]]:
        edges = self.rules[asked[1]].split("|")
        return [(93, asked[1], len(edges) // 2, *edges)]

    def _subscribed(self, asked: list[str]) -> Iterable[Iterable[object]]:
        req_id, con_id = asked[2], "BAG" if asked[5] == "BAG" else asked[3]
        if con_id in self.refusals:
            return [(4, 2, req_id, *self.refusals[con_id], "")]
        return [with_id(tick, req_id) for tick in self.ticks.get(con_id, [])]


def price(tick_type: int, value: object, size: object = 1) -> tuple[object, ...]:
    """Return a tickPrice without its id."""
    return 1, 6, None, tick_type, value, size, 0


def two_sides(bid: object, ask: object, last: object | None = None) -> list[tuple[object, ...]]:
    """Return the ticks of a quote."""
    return [price(1, bid), price(2, ask), *([] if last is None else [price(4, last)])]


def with_id(tick: tuple[object, ...], req_id: object) -> tuple[object, ...]:
    """Return a tick under an id."""
    return tuple(req_id if part is None else part for part in tick)


@dataclass
class Floor:
    """The data side of the plugin, and the TWS at its other end."""

    tws: ScriptedTws
    market: Market
    transport: Transport
    desk: DataDesk

    def asked(self, message_id: int) -> int:
        """Return how many messages of a kind TWS was sent."""
        return len(self.tws.sent(message_id))

    async def tick(self, *ticks: tuple[object, ...], line: int = 0) -> None:
        """Let TWS say ticks on the line that was put at this place, and wait until all of them were heard."""
        req_id = (await self.tws.until_sent(1, line + 1))[line][2]
        heard = self.transport.messages_heard + len(ticks)
        self.tws.say(*(with_id(tick, req_id) for tick in ticks))
        while self.transport.messages_heard < heard:  # noqa: ASYNC110 -- nothing tells that a tick was heard
            await asyncio.sleep(0.001)


@asynccontextmanager
async def floor(market: Market | None = None, **options: Any) -> AsyncGenerator[Floor, None]:
    """Connect the data side to a scripted TWS."""
    market = market or Market()
    async with ScriptedTws.running(accounts=ACCOUNT) as tws:
        market.open(tws)
        transport = Transport(deadline=5)
        await transport.open("127.0.0.1", tws.port, 1, 5)
        try:
            yield Floor(tws, market, transport, DataDesk(transport, lambda: NOW, **options))
        finally:
            await transport.close()


def on_floor(work: Callable[[Floor], Awaitable[T]], market: Market | None = None, **options: Any) -> T:
    """Run a test's work on a floor of its own."""

    async def run() -> T:
        async with asyncio.timeout(15), floor(market, **options) as opened:
            return await work(opened)

    return asyncio.run(run())
