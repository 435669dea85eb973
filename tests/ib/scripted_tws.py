"""A few lines of a server on loopback that speak as TWS does, or as the test wants it: silent, garbled, of HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Self

Row = Iterable[object]
Answer = Callable[[list[str]], Iterable[Row]]
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], object]


def frame(*fields: object) -> bytes:
    """Return a message as it goes over the wire."""
    payload = "".join(f"{field}\0" for field in fields).encode()
    return len(payload).to_bytes(4) + payload


async def read_frame(reader: asyncio.StreamReader) -> list[str]:
    """Return the fields of the next message."""
    length = int.from_bytes(await reader.readexactly(4))
    return (await reader.readexactly(length)).decode().split("\0")[:-1]


@asynccontextmanager
async def listening(handler: Handler) -> AsyncGenerator[int]:
    """Listen on a port of its own; each connection is the handler's."""
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            result = handler(reader, writer)
            if asyncio.iscoroutine(result):
                await result

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
        await server.wait_closed()
        for _ in range(3):
            await asyncio.sleep(0)


class ScriptedTws:
    """Greets, logs in, notes what it is sent, and says what ``answers`` has for the message's id."""

    def __init__(
        self,
        *,
        version: object = 178,
        accounts: str = "DU1234567",
        next_id: int = 1,
        at_login: Iterable[Row] = (),
    ) -> None:
        self.version = version
        self.accounts = accounts
        self.next_id = next_id
        self.at_login = tuple(at_login)
        self.answers: dict[int, Answer] = {}
        self.received: list[list[str]] = []
        self.logins = 0
        self.port = 0
        self._news = asyncio.Event()
        self._writer: asyncio.StreamWriter | None = None

    @classmethod
    @asynccontextmanager
    async def running(cls, **options: object) -> AsyncGenerator[Self]:
        """Run a server for the length of a block."""
        server = cls(**options)  # type: ignore[arg-type]
        async with listening(server._serve) as server.port:
            yield server

    def say(self, *rows: Row) -> None:
        """Say messages to the client that came last."""
        self.raw(b"".join(frame(*row) for row in rows))

    def raw(self, data: bytes) -> None:
        """Say bytes."""
        assert self._writer is not None
        self._writer.write(data)

    def hang_up(self) -> None:
        """Close the connection without a word."""
        assert self._writer is not None
        self._writer.transport.abort()

    def sent(self, message_id: int) -> list[list[str]]:
        """Return the messages of a kind that have come in."""
        return [fields for fields in self.received if fields[0] == str(message_id)]

    async def until_sent(self, message_id: int, count: int = 1) -> list[list[str]]:
        """Wait until so many messages of a kind have come in."""
        async with asyncio.timeout(5):
            while len(self.sent(message_id)) < count:
                self._news.clear()
                await self._news.wait()
        return self.sent(message_id)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        assert await reader.readexactly(4) == b"API\0"
        await reader.readexactly(int.from_bytes(await reader.readexactly(4)))
        writer.write(frame(self.version, "20261122 15:00:00 UTC"))
        while True:
            fields = await read_frame(reader)
            self.received.append(fields)
            self._news.set()
            if fields[0] == "71":
                self.logins += 1
                writer.write(b"".join(frame(*row) for row in self._login()))
            for row in self.answers.get(int(fields[0]), _nothing)(fields):
                writer.write(frame(*row))

    def _login(self) -> Iterable[Row]:
        if self.accounts:
            yield 15, 1, self.accounts
        if self.next_id:
            yield 9, 1, self.next_id
        yield from self.at_login


def _nothing(_: list[str]) -> Iterable[Row]:
    return ()


def _row(length: int, said: dict[int, object], zeros: Iterable[int]) -> list[object]:
    row: list[object] = [""] * length
    for at in zeros:
        row[at] = 0
    for at, value in said.items():
        row[at] = value
    return row


def open_order(
    order_id: int,
    *,
    status: str = "Submitted",
    client_id: int = 7,
    perm_id: int = 900,
    what_if: bool = False,
    margin: str = "",
    said: dict[int, object] | None = None,
) -> Row:
    """Return an openOrder; ``said`` are other fields by their place in a message of version 178."""
    fields: dict[int, object] = {
        0: 5, 1: order_id, 3: "GOOG", 4: "STK", 9: "SMART", 10: "USD", 13: "BUY", 14: 10, 15: "LMT", 16: "101.50",
        18: "DAY", 20: "DU1234567", 23: "v6-x", 24: client_id, 25: perm_id, 61: "None", 92: int(what_if), 93: status,
        97: margin, 103: margin,
    }  # fmt: skip
    return _row(135, fields | (said or {}), (78, 79, 80, 89, 110))


def completed_order(perm_id: int, *, status: str = "Filled", said: dict[int, object] | None = None) -> Row:
    """Return a completedOrder."""
    fields: dict[int, object] = {
        0: 101, 2: "GOOG", 3: "STK", 8: "SMART", 9: "USD", 12: "BUY", 13: 10, 14: "LMT", 15: "101.50", 17: "DAY",
        19: "DU1234567", 22: "v6-x", 23: perm_id, 52: "None", 76: status, 86: 10, 92: 9223372036854775807,
        93: "20261122 10:00:00 US/Eastern", 94: "Filled Size: 10",
    }  # fmt: skip
    return _row(100, fields | (said or {}), (63, 64, 65, 73, 79))


def order_status(
    order_id: int, status: str, *, filled: object = 0, remaining: object = 10, client_id: int = 7, perm_id: int = 900
) -> Row:
    """Return an orderStatus."""
    return 3, order_id, status, filled, remaining, "0", perm_id, 0, "0", client_id, "", "0"


def execution(
    req_id: int,
    exec_id: str,
    *,
    order_id: int = 1,
    shares: object = 5,
    cum: object = 5,
    client_id: int = 7,
    time: str = "20261122-14:30:00",
) -> Row:
    """Return an execDetails."""
    return (
        11, req_id, order_id, 208813719, "GOOG", "STK", "", "0.0", "", "", "SMART", "USD", "GOOG", "NMS", exec_id, time,
        "DU1234567", "ARCA", "BOT", shares, "101.10", 900, client_id, 0, cum, "101.10", "v6-x", "", "", "", 1, 0,
    )  # fmt: skip


def commission(exec_id: str, cost: object = "1.00") -> Row:
    """Return a commissionReport."""
    return 59, 1, exec_id, cost, "USD", "1.7976931348623157E308", "1.7976931348623157E308", ""


def error(req_id: int, code: int, text: str = "said TWS") -> Row:
    """Return an errMsg."""
    return 4, 2, req_id, code, text, ""
