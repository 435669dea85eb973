"""A proxy between a TWS client and the gateway that counts messages and, at one of them, breaks the link or kills.

The bytes of both directions are cut into frames by their length prefix. After its fault it is transparent.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from enum import auto
from typing import Self

from v6_ib_plugin.gateway.wire import WireError, decode_message, decode_request, frames, requests
from v6_ib_plugin.terms import IbOrder
from v6core.words import Word

_MARK = len(b"API\0")
_LENGTH = 4
_HEARD = 0.003
"""For how long one end may take in what was forwarded before it is killed: the kill is to strike behind the message."""
_LATE = 0.1


class How(Word):
    """What happens at a message."""

    CUT_BEFORE = auto()
    """The link breaks, and the message is lost."""
    CUT_HALF = auto()
    """The link breaks in the middle of the message."""
    CUT_AFTER = auto()
    """The link breaks behind the message."""
    CUT_LATE = auto()
    """The link breaks for the sender, and the message arrives a while later, unless it came from the gateway."""
    KILL_BEFORE = auto()
    """The program is killed, and the message is lost."""
    KILL_AFTER = auto()
    """The program is killed when the message has been forwarded."""

    @property
    def kills(self) -> bool:
        """Whether the program is killed."""
        return self in {How.KILL_BEFORE, How.KILL_AFTER}


@dataclass(frozen=True, slots=True)
class Passed:
    """One message that went by: who said it, and its name."""

    to_gateway: bool
    name: str

    def __str__(self) -> str:
        return f"{'>' if self.to_gateway else '<'}{self.name}"


class Splitter:
    """Cuts a stream into frames, each with its length; what begins a connection comes with its mark."""

    def __init__(self, mark: int = 0) -> None:
        self._waiting = bytearray()
        self._mark = mark

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the frames that are whole with these bytes."""
        self._waiting += data
        while len(self._waiting) >= self._mark + _LENGTH:
            end = self._mark + _LENGTH + int.from_bytes(self._waiting[self._mark : self._mark + _LENGTH])
            if len(self._waiting) < end:
                return
            frame = bytes(self._waiting[:end])
            del self._waiting[:end]
            self._mark = 0
            yield frame


@dataclass(slots=True, eq=False)
class Link:
    """One connection from the program through to the gateway."""

    program: asyncio.StreamWriter
    gateway: asyncio.StreamWriter
    is_cut: bool = False

    def cut(self, *, spare_gateway: bool = False) -> None:
        """Let both ends see the end of the stream, behind what was forwarded; what they still say is lost."""
        self.is_cut = True
        for writer in (self.program,) if spare_gateway else (self.program, self.gateway):
            with suppress(OSError, RuntimeError):
                writer.write_eof()


@dataclass(slots=True)
class Proxy:
    """Listens on a socket and forwards to a port, from ``arm`` on counting; an async context manager.

    It strikes at the message of number ``strike_at``, counted from 1, 0 for none; with ``strike_named`` only those of
    that name count. ``kill`` kills the program. It cuts the link ``again`` so many messages later, 0 for never.
    ``seen`` are the messages since it was armed, ``placed`` the orders that were forwarded, since ever.
    """

    listener: socket.socket
    gateway_port: int
    strike_at: int
    strike_named: str
    how: How
    kill: Callable[[], object]
    again: int = 0
    seen: list[Passed] = field(default_factory=list[Passed])
    placed: list[IbOrder] = field(default_factory=list[IbOrder])
    struck_at: Passed | None = None
    _is_armed: bool = False
    _cut_again_at: int = 0
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, sock=self.listener)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def arm(self) -> None:
        """Count from here on."""
        self._is_armed = True

    def disarm(self) -> None:
        """Strike no more."""
        self._is_armed = False

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_gateway, to_gateway = await asyncio.open_connection("127.0.0.1", self.gateway_port)
        link = Link(writer, to_gateway)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(reader, link, to_gateway=True))
                both.create_task(self._pump(from_gateway, link, to_gateway=False))
        finally:
            writer.close()
            to_gateway.close()

    async def _pump(self, reader: asyncio.StreamReader, link: Link, *, to_gateway: bool) -> None:
        splitter = Splitter(_MARK if to_gateway else 0)
        with suppress(OSError):
            while data := await reader.read(2**16):
                for frame in splitter.feed(data):
                    if not link.is_cut:
                        await self._forward(frame, link, to_gateway=to_gateway)
        if not link.is_cut:
            link.cut()

    async def _forward(self, frame: bytes, link: Link, *, to_gateway: bool) -> None:
        out = link.gateway if to_gateway else link.program
        if self._is_armed:
            passed = Passed(to_gateway, _name(frame, to_gateway=to_gateway))
            self.seen.append(passed)
            if self.struck_at is None and self._is_the_one(passed):
                self.struck_at, self._cut_again_at = passed, len(self.seen) + self.again
                await self._strike(frame, out, link, to_gateway=to_gateway)
                return
            if self.again and len(self.seen) == self._cut_again_at:
                link.cut()
                return
        self._send(frame, out)

    def _is_the_one(self, passed: Passed) -> bool:
        counted = [one for one in self.seen if self.strike_named in {"", one.name}]
        return self.strike_named in {"", passed.name} and len(counted) == self.strike_at

    def _send(self, frame: bytes, out: asyncio.StreamWriter) -> None:
        request = _placing(frame)
        if request is not None:
            self.placed.append(request.order)
        out.write(frame)

    async def _strike(self, frame: bytes, out: asyncio.StreamWriter, link: Link, *, to_gateway: bool) -> None:
        match self.how:
            case How.CUT_BEFORE:
                link.cut()
            case How.CUT_HALF:
                out.write(frame[: len(frame) // 2])
                link.cut()
            case How.CUT_AFTER:
                self._send(frame, out)
                link.cut()
            case How.CUT_LATE:
                link.cut(spare_gateway=to_gateway)
                if to_gateway:
                    await asyncio.sleep(_LATE)
                    self._send(frame, out)
                    link.cut()
            case How.KILL_BEFORE:
                self.kill()
                link.cut()
            case How.KILL_AFTER:
                self._send(frame, out)
                await asyncio.sleep(_HEARD)
                self.kill()
                link.cut()


def _fields(frame: bytes) -> tuple[str, ...]:
    """Return the fields of a frame; none of the greeting, which has another form."""
    try:
        ((fields),) = frames.FrameReader().feed(frame)
    except (WireError, ValueError):
        return ()
    return fields


def _name(frame: bytes, *, to_gateway: bool) -> str:
    fields = _fields(frame)
    try:
        return type(decode_request(fields) if to_gateway else decode_message(fields)).__name__
    except WireError:
        return fields[0] if fields else "Greeting"


def _placing(frame: bytes) -> requests.PlaceOrder | None:
    fields = _fields(frame)
    if not fields or fields[0] != "3":
        return None
    try:
        request = decode_request(fields)
    except WireError:
        return None
    return request if isinstance(request, requests.PlaceOrder) else None
