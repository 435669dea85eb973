"""The socket and the framing: ib_async's client, with a cap on what it takes in and a guard on what it gives out."""

# ib_async's client has no annotations.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingParameterType=false, reportUnknownParameterType=false, reportMissingTypeArgument=false

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from typing import Any, Protocol, cast

from ib_async.client import Client
from ib_async.connection import Connection

from v6_ib_plugin.transport.writing import text_of
from v6core.errors import NotSent

# The largest frame that IB's own clients take; a longer one is another protocol.
MAX_FRAME = 0xFF_FFFF
# What TWS has not read of ours by then it does not read at all.
MAX_UNREAD = 1 << 20
# What is written in one turn leaves together, up to so much.
MOST_TOGETHER = 1 << 14
# Where an answer names its question. ib_async fails over, or complains of, answers to a question that is not its own.
_QUESTION_AT = {1: 2, 2: 2, 10: 1, 17: 1, 18: 1, 21: 1, 45: 2, 46: 2, 57: 2, 58: 2, 75: 1, 76: 1, 81: 1, 94: 1, 95: 1}


class Sink(Protocol):
    """Who is told what the client meets."""

    def greeted(self, server_version: int) -> None:
        """Take note of the server's version."""

    def heard(self, fields: list[str]) -> None:
        """Take a message in."""

    def unread(self, text: str) -> None:
        """Take note of a message whose fields cannot be told apart."""

    def paused(self) -> None:
        """Take note that all messages that came in together were told."""

    def garbled(self, text: str) -> None:
        """Take note of bytes that are not of TWS: the connection cannot be used further."""

    def lost(self, reason: str) -> None:
        """Take note that the connection is gone."""

    def native_message(self, message: bytes) -> None:
        """Send what the user of the native object wants sent."""

    def next_id(self) -> int:
        """Return an id that nothing has used."""
        ...

    def at_least(self, order_id: int) -> None:
        """Let the next id be this one or a later one."""


class TwsConnection(Connection):
    """A connection that tells when what was given to it has left.

    What is given to it within one turn of the loop leaves together at the end of that turn: orders that become durable
    together cost one call of the system, and TWS one waking.
    """

    def __init__(self, on_data: Callable[[bytes], None], on_lost: Callable[[str], None]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._on_data = on_data
        self._on_lost = on_lost
        self._socket: asyncio.Transport | None = None
        self._outgoing = bytearray()
        self._is_drained = True
        self._waiting: list[asyncio.Future[None]] = []
        self._gone = asyncio.Event()
        self._gone.set()

    @property
    def is_open(self) -> bool:
        """Whether bytes can be given to it."""
        return self._socket is not None and not self._socket.is_closing()

    @property
    def is_gone(self) -> bool:
        """Whether nothing is left of it."""
        return self._socket is None

    async def until_gone(self) -> None:
        """Return once nothing is left of it."""
        await self._gone.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask to be told of every byte that the system did not take at once."""
        self.transport = self._socket = cast(asyncio.Transport, transport)
        self._socket.set_write_buffer_limits(high=0)
        self._gone.clear()

    def write(self, message: bytes) -> None:
        """Give bytes to the socket; NotSent where nothing of them can leave."""
        if self._socket is None or self._socket.is_closing():
            raise NotSent("nothing was sent: the connection to TWS is gone")
        if self._socket.get_write_buffer_size() > MAX_UNREAD:
            raise NotSent("nothing was sent: TWS has stopped reading", code="NOT_READ")
        if not self._outgoing:
            self.pause_writing()
            asyncio.get_running_loop().call_soon(self._let_out)
        self._outgoing += message
        if len(self._outgoing) > MOST_TOGETHER:
            self._let_out()

    def _let_out(self) -> None:
        """Give the system what was written since the last time."""
        if self._outgoing and self.is_open:
            outgoing, self._outgoing = self._outgoing, bytearray()
            self.sendMsg(outgoing)  # type: ignore[no-untyped-call]
        # What is left in a socket that closes never leaves: who waits is told when it is gone.
        if self._socket is not None and self.is_open and not self._socket.get_write_buffer_size():
            self.resume_writing()

    async def drained(self) -> None:
        """Return once the system has taken all bytes; ConnectionError where the connection goes before."""
        if not self._is_drained:
            waiting = asyncio.get_running_loop().create_future()
            self._waiting.append(waiting)
            await waiting

    def pause_writing(self) -> None:
        """Note that bytes wait for the system."""
        self._is_drained = False

    def resume_writing(self) -> None:
        """Note that the system has taken all bytes."""
        self._is_drained = True
        for waiting in self._taken_waiting():
            waiting.set_result(None)

    def _taken_waiting(self) -> list[asyncio.Future[None]]:
        """Return who waits, and has not given up, for the last time."""
        waiting, self._waiting = self._waiting, []
        return [one for one in waiting if not one.done()]

    def data_received(self, data: bytes) -> None:
        """Take bytes in."""
        self._on_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the connection is gone, and what of ours never left."""
        self.transport = self._socket = None
        self._outgoing.clear()
        self._gone.set()
        self._is_drained = True
        for waiting in self._taken_waiting():
            waiting.set_exception(ConnectionError("the connection to TWS went while bytes were on their way"))
            waiting.exception()  # it is no news where nobody waits any more
        self._on_lost(str(exc) if exc else "")

    def disconnect(self) -> None:
        """Close: at once where TWS does not read what waits for it."""
        if self._socket is None or self._socket.is_closing():
            return
        self._let_out()
        if self._socket.get_write_buffer_size():
            self._socket.abort()
        else:
            self._socket.close()

    def half_close(self) -> None:
        """Say that nothing more comes from here, so that a server of another protocol may complain."""
        if self._socket is not None and not self._socket.is_closing():
            self._let_out()
            self._socket.write_eof()


class TwsClient(Client):
    """ib_async's client. What it decodes reaches ib_async's own bookkeeping only where ``native`` is set."""

    MaxRequests = 0
    conn: TwsConnection

    def __init__(self, wrapper: Any, sink: Sink) -> None:
        super().__init__(wrapper)  # type: ignore[no-untyped-call]
        self.native = False
        self._sink = sink
        self._outlet: Callable[[bytes], None] = sink.native_message
        self._lent: set[int] = set()
        self._buffer = bytearray()
        self.conn = TwsConnection(self._onSocketHasData, self._onSocketDisconnected)

    async def reach(self, host: str, port: int, client_id: int) -> None:
        """Open the socket and say hello; the answers go to the sink."""
        self.host, self.port, self.clientId = host, port, client_id
        self._buffer.clear()
        self.connState = Client.CONNECTING
        await self.conn.connectAsync(host, port)  # type: ignore[no-untyped-call]
        versions = b"v%d..%d" % (self.MinClientVersion, self.MaxClientVersion)
        self.conn.write(b"API\0" + self._prefix(versions))

    def draft(self, request: Callable[[Any], None]) -> bytes:
        """Return the frames that a request would send, without sending any."""
        drafted: list[bytes] = []
        outlet, self._outlet = self._outlet, drafted.append
        try:
            request(self)
        finally:
            self._outlet = outlet
        return b"".join(drafted)

    def send(self, *fields: Any, makeEmpty: bool = True) -> None:  # noqa: N803 -- ib_async's name
        """Check the fields of a request and send it; NotSent where they are unsound."""
        if self.connState != Client.CONNECTED:
            raise NotSent("nothing was sent: not connected to TWS")
        self._outlet(self._prefix(text_of(fields, make_empty=makeEmpty).encode("ascii")))

    def getReqId(self) -> int:  # noqa: N802 -- ib_async's name
        """Return an id that nothing has used."""
        lent = self._sink.next_id()
        self._lent.add(lent)
        return lent

    def updateReqId(self, minReqId: int) -> None:  # noqa: N802, N803 -- ib_async's names
        """Let the next id be this one or a later one."""
        self._sink.at_least(minReqId)

    def set_ready(self, accounts: list[str]) -> None:
        """Note that TWS takes requests."""
        self._accounts = accounts
        self._apiReady = True
        self.apiStart.emit()

    def _prefix(self, msg: bytes) -> bytes:
        return struct.pack(">I", len(msg)) + msg

    def _onSocketHasData(self, data: bytes) -> None:  # noqa: N802 -- ib_async's name
        try:
            self._take_all(data)
        finally:
            self._sink.paused()

    def _take_all(self, data: bytes) -> None:
        self._buffer += data
        self._numBytesRecv += len(data)
        read, held = 0, len(self._buffer)
        while held - read >= 4:
            begin = read + 4
            end = begin + int.from_bytes(self._buffer[read:begin])
            if end - begin > MAX_FRAME:
                self._give_up(f"a message of {end - begin} bytes", bytes(self._buffer[read:]))
                return
            if end > held:
                break
            read = end
            self._take(bytes(self._buffer[begin:end]))
            if not self.conn.is_open:
                self._buffer.clear()
                return
        del self._buffer[:read]

    def _take(self, payload: bytes) -> None:
        self._numMsgRecv += 1
        fields = payload.decode(errors="backslashreplace").split("\0")
        unended = fields.pop() or not fields
        if not self._serverVersion:
            self._greet([] if unended else fields, payload)
        elif unended:
            self._sink.unread(f"a message without its end, beginning {payload[:40]!r}")
        else:
            self._sink.heard(fields)
            if self.native and self._is_for_native(fields):
                self.decoder.interpret(fields)  # type: ignore[no-untyped-call]

    def _is_for_native(self, fields: list[str]) -> bool:
        """Tell whether a message is of everybody's concern, or answers what the user of the native object asked."""
        place = _QUESTION_AT.get(int(fields[0])) if fields[0].isdecimal() else None
        question = "" if place is None else next(iter(fields[place:]), "")
        return not question.isdecimal() or int(question) in self._lent

    def _greet(self, fields: list[str], payload: bytes) -> None:
        if len(fields) != 2 or not (fields[0].isascii() and fields[0].isdigit()):  # noqa: PLR2004
            self._give_up("a greeting that is none", payload)
            return
        self._serverVersion = self.decoder.serverVersion = int(fields[0])
        self.connState = Client.CONNECTED
        self._sink.greeted(self._serverVersion)

    def _give_up(self, what: str, payload: bytes) -> None:
        self._buffer.clear()
        self._sink.garbled(f"{what}, beginning {payload[:40]!r}")

    def _onSocketDisconnected(self, msg: str) -> None:  # noqa: N802 -- ib_async's name
        self._sink.lost(msg)
        if self.native:
            super()._onSocketDisconnected(msg)  # type: ignore[no-untyped-call]
        else:
            self.reset()  # type: ignore[no-untyped-call]
