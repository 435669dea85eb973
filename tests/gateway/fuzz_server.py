"""Spoilt bytes against a live gateway over TCP: greetings, starts, and the frames of sessions that were valid.

    python tests/gateway/fuzz_wire.py --server --cases 20000

A case is one connection. It ends closed by the gateway with one clear line in the log, or answered; where bytes of a
frame are missing the gateway waits for them, and lets go when the client does. Whatever was answered is sound. A client
that behaves is served beside all of them, on one connection and, now and then, on another one.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gateway.raw_tws import RawTws, bracket, connected, place
from v6_ib_plugin.gateway.gateway import Gateway
from v6_ib_plugin.gateway.testing import running_gateway
from v6_ib_plugin.gateway.wire import decode_message, encode_request, messages, requests
from v6_ib_plugin.gateway.wire.frames import FrameReader, Greeting, framed, greeting

WITHIN = 5.0
MOST_CASES = 1000
"""How many cases one gateway takes before another one does: its orders are never forgotten."""
_OFTEN = 50
_LONGEST_LINE = 600
_WORDS = (
    *("", "0", "1", "2", "-1", "0.5", "1E-30", "1e300", "NaN", "Infinity", "2147483647", "1.7976931348623157E308"),
    *("SELL", "STP", "TRAIL", "PEG MID", "GTD", "OPG", "20260102-15:30:00", "BAG", "OPT", "EUR", "DU9", "x" * 300),
)

Spoil = Callable[[random.Random, bytes], bytes]
SpoilFields = Callable[[random.Random, Sequence[tuple[str, ...]]], list[str]]


def session() -> list[tuple[str, ...]]:
    """Return the frames of a client that places, changes, asks and cancels."""
    asked = (
        *(place(1, price="50"), place(1, price="51"), *bracket(2), requests.CancelOrder(1), requests.ReqIds(1)),
        *(requests.ReqOpenOrders(), requests.ReqAllOpenOrders(), requests.ReqCompletedOrders(api_only=False)),
        *(requests.ReqPositions(), requests.ReqCurrentTime(), requests.ReqGlobalCancel()),
    )
    return [tuple(encode_request(request).decode().split("\0")[:-1]) for request in asked]


@dataclass(slots=True)
class Tally:
    """What the cases came to."""

    outcomes: Counter[str] = field(default_factory=Counter[str])
    crashes: list[str] = field(default_factory=list[str])
    slowest: float = 0.0


class _Lines(logging.Handler):
    """The lines of the log, those of asyncio among them."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(record)

    def taken(self) -> list[logging.LogRecord]:
        lines, self._lines = self._lines, []
        return lines


class ServerFuzz:
    """Cases on one gateway after the other. ``spoil_bytes`` and ``spoil_fields`` are those of the codec's fuzz."""

    def __init__(
        self, valid: Sequence[tuple[str, ...]], spoil_bytes: Spoil, spoil_fields: SpoilFields, seed: int
    ) -> None:
        self._valid = [*session(), *valid]
        self._spoil_bytes = spoil_bytes
        self._spoil_fields = spoil_fields
        self._chance = random.Random(seed)  # noqa: S311 -- it shall come again
        self._lines = _Lines()
        self.tally = Tally()

    async def run(self, cases: int) -> Tally:
        """Run so many cases."""
        root = logging.getLogger()
        root.addHandler(self._lines)
        try:
            for begun in range(0, cases, MOST_CASES):
                async with running_gateway() as gateway, connected(gateway, 1) as good:
                    for number in range(begun, min(begun + MOST_CASES, cases)):
                        await self._case(number, gateway, good)
        finally:
            root.removeHandler(self._lines)
        return self.tally

    async def _case(self, number: int, gateway: Gateway, good: RawTws) -> None:
        began = time.perf_counter()
        self._lines.taken()
        try:
            self.tally.outcomes[await self._outcome(gateway)] += 1
            await good.until_time()
            if number % _OFTEN == 0:
                await _trades(gateway, 1000 + number)
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is the find
            self.tally.outcomes["crashed"] += 1
            self.tally.crashes.append(f"case {number}: {type(error).__name__}: {error}"[:1000])
        self.tally.slowest = max(self.tally.slowest, time.perf_counter() - began)

    async def _outcome(self, gateway: Gateway) -> str:
        reader, writer = await asyncio.open_connection(gateway.host, gateway.port)
        data = self._bytes() + framed(encode_request(requests.ReqCurrentTime()))
        try:
            await self._send(writer, data)
            writer.write_eof()
            async with asyncio.timeout(WITHIN):
                told = await reader.read(-1)
        except OSError:  # it was closed in the midst of what it was sent
            told = b""
        finally:
            writer.close()
        return self._judged(told, is_whole=_is_whole(data))

    async def _send(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        while data:
            cut = self._chance.choice((1, 7, 200, len(data), len(data)))
            writer.write(data[:cut])
            data = data[cut:]
            await asyncio.sleep(0)

    def _bytes(self) -> bytes:
        chance = self._chance
        hello, start = greeting(Greeting(100, 225)), framed(encode_request(requests.StartApi(chance.randrange(2, 30))))
        asked = [_frame(fields) for fields in chance.choices(self._valid, k=chance.randrange(1, 6))]
        match chance.randrange(6):
            case 0:
                return self._spoil_bytes(chance, hello) + start
            case 1:
                return hello + self._spoil_bytes(chance, start)
            case 2:
                return hello + start + chance.randbytes(chance.randrange(1, 200))
            case 3:
                return hello + start + self._spoil_bytes(chance, b"".join(asked))
            case 4:
                return hello + start + b"".join(_frame(self._nudged(fields)) for fields in session())
            case _:
                spoilt = [_frame(self._spoil_fields(chance, self._valid)) for _ in asked]
                return hello + start + b"".join((*asked[:-1], *spoilt))

    def _nudged(self, fields: tuple[str, ...]) -> list[str]:
        """Return a frame that most likely can be read, and says something else in one field or none."""
        nudged = list(fields)
        if self._chance.randrange(8) == 0:
            nudged[self._chance.randrange(1, len(nudged))] = self._chance.choice(_WORDS)
        return nudged

    def _judged(self, told: bytes, *, is_whole: bool) -> str:
        """Return what a case came to; AssertionError where that is none of what it may be."""
        lines = [line for line in self._lines.taken() if line.levelno >= logging.WARNING]
        texts = [line.getMessage() for line in lines]
        assert not [line for line in lines if line.exc_info or line.levelno >= logging.ERROR], texts
        assert all(text.isprintable() and 0 < len(text) < _LONGEST_LINE for text in texts), texts
        ends = [text for text in texts if " is closed: " in text]
        assert len(ends) <= 1, ends
        answers = [decode_message(fields) for fields in FrameReader().feed(told)[1:]]
        if ends:
            return "closed with a line"
        if any(isinstance(one, messages.CurrentTime) for one in answers):
            return "answered"
        assert not is_whole, "what came last was not answered"
        return "let go"


def _is_whole(data: bytes) -> bool:
    """Tell whether the last frame is all there, the greeting being one behind its mark."""
    at = 4
    while at + 4 <= len(data):
        at += 4 + int.from_bytes(data[at : at + 4])
    return at == len(data)


def _frame(fields: Sequence[str]) -> bytes:
    return framed("".join(f"{text}\0" for text in fields).encode("utf-8", "surrogatepass") or b"\0")


async def _trades(gateway: Gateway, number: int) -> None:
    """Place an order on a connection of its own, and see it shown."""
    async with connected(gateway, 0) as client:
        client.send(place(number, price="50"))
        shown = await client.find(messages.OpenOrder)
        assert shown.order.order_id == number


def fuzz_server(
    cases: int, seed: int, valid: Sequence[tuple[str, ...]], spoil_bytes: Spoil, spoil_fields: SpoilFields
) -> Tally:
    """Run so many cases over TCP."""
    return asyncio.run(ServerFuzz(valid, spoil_bytes, spoil_fields, seed).run(cases))
