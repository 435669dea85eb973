"""What lies between the ends: latency and segmentation by seed, and who listens where."""

from __future__ import annotations

import asyncio
import contextvars
import random
from collections.abc import Callable
from typing import TypeVarTuple, Unpack

from v6core.testing.network.link import Link
from v6core.testing.network.listener import ProtocolFactory, SimulatedServer
from v6core.testing.network.process import PROCESS
from v6core.testing.network.transport import SimulatedTransport

Ts = TypeVarTuple("Ts")
OnWrite = Callable[[SimulatedTransport, bytes], bytes]
OnArrival = Callable[[SimulatedTransport, bytes], object]
_FIRST_PORT = 49_152


def _unseen(_transport: SimulatedTransport, _data: bytes) -> None:
    return None


def _as_written(_transport: SimulatedTransport, data: bytes) -> bytes:
    return data


class SimulatedNetwork:
    """What lies between the ends: latency and segmentation by seed, and who listens where.

    ``latencies`` are the shortest and the longest time that a piece travels, in seconds; ``splits`` and ``merges`` the
    shares of writes that are cut in two and of pieces that wait for the next. ``holds`` is how many bytes may be on
    their way in one direction before whoever writes is told to pause. ``on_write`` sees what an end writes, and returns
    what of it leaves; ``on_arrival`` sees what arrives. While ``is_refusing``, nobody connects.
    """

    def __init__(
        self,
        seed: int = 0,
        *,
        latencies: tuple[float, float] = (0.000_2, 0.02),
        splits: float = 0.1,
        merges: float = 0.3,
        holds: int = 64 * 1024,
    ) -> None:
        self._random = random.Random(seed)  # noqa: S311 -- repeatability is the point
        self._latencies = latencies
        self._splits = splits
        self._merges = merges
        self.holds = holds
        self._loop: asyncio.AbstractEventLoop | None = None
        self._next_port = _FIRST_PORT
        self.listeners: dict[int, SimulatedServer] = {}
        self.links: dict[Link, None] = {}
        self.is_refusing = False
        self.on_write: OnWrite = _as_written
        self.on_arrival: OnArrival = _unseen

    def run_on(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take the time from a loop."""
        self._loop = loop

    @property
    def _running(self) -> asyncio.AbstractEventLoop:
        assert self._loop is not None, "a network runs on the loop that it was given to"
        return self._loop

    def now(self) -> float:
        """Return the loop's time."""
        return self._running.time()

    def future(self) -> asyncio.Future[None]:
        """Return a future of the loop."""
        return self._running.create_future()

    def soon(self, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: contextvars.Context) -> None:
        """Call back in a context as soon as may be."""
        self._running.call_soon(callback, *args, context=context)

    def at(
        self, when: float, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: contextvars.Context
    ) -> None:
        """Call back in a context at a time."""
        self._running.call_at(when, callback, *args, context=context)

    def latency(self) -> float:
        """Return how long the next piece takes."""
        return self._random.uniform(*self._latencies)

    def merges(self) -> bool:
        """Return whether a piece waits for the one behind it."""
        return self._random.random() < self._merges

    def pieces(self, data: bytes) -> tuple[bytes, ...]:
        """Return in which pieces bytes travel."""
        if len(data) < 2 or self._random.random() >= self._splits:
            return (data,)
        at = self._random.randrange(1, len(data))
        return data[:at], data[at:]

    def listen(self, factory: ProtocolFactory, host: str, port: int) -> SimulatedServer:
        """Let somebody listen; port 0 is any that is free."""
        while not port or (self._next_port in self.listeners and port == self._next_port):
            self._next_port += 1
            port = self._next_port
        if port in self.listeners:
            raise OSError(f"address {host}:{port} is in use")
        server = self.listeners[port] = SimulatedServer(self, (host, port), factory)
        return server

    async def connect(
        self, factory: ProtocolFactory, host: str, port: int
    ) -> tuple[SimulatedTransport, asyncio.BaseProtocol]:
        """Connect to whoever listens; ConnectionRefusedError where nobody does."""
        await asyncio.sleep(self.latency())
        process, listener = PROCESS.get(), self.listeners.get(port)
        is_dead = process is not None and not process.is_alive
        if listener is None or self.is_refusing or is_dead:
            raise ConnectionRefusedError(f"nobody listens on {host}:{port}")
        self._next_port += 1
        client = SimulatedTransport(self, (host, self._next_port), listener.name)
        server = listener.context.run(SimulatedTransport, self, listener.name, (host, self._next_port))
        link = Link(self, client, server)
        self.links[link] = None
        protocol, peer = factory(), listener.context.run(listener.factory)
        client.attach(link.to_server, protocol)
        server.attach(link.to_client, peer)
        self.soon(peer.connection_made, server, context=server.context)
        protocol.connection_made(client)
        return client, protocol
