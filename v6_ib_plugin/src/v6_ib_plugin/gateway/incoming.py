"""The requests of one client, one after the other, out of the bytes that come."""

from __future__ import annotations

import asyncio
from collections import deque

from v6_ib_plugin.gateway.wire import decode_request, frames, requests

_CHUNK = 2**16


class Incoming:
    """What a client sends: its greeting, then its requests."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._frames = frames.FrameReader()
        self._waiting: deque[tuple[str, ...]] = deque()

    async def greeting(self) -> frames.Greeting | None:
        """Return how a client greets, None where it goes before; WireError where it is no TWS client."""
        reader = frames.GreetingReader()
        while data := await self._reader.read(_CHUNK):
            greeting = reader.feed(data)
            if greeting is not None:
                self._take(reader.rest)
                return greeting
        return None

    async def next(self) -> requests.Request | None:
        """Return the next request, None once there are no more; WireError where the bytes are none."""
        while not self._waiting:
            if self._frames.broken is not None:
                raise self._frames.broken
            data = await self._reader.read(_CHUNK)
            if not data:
                return None
            self._take(data)
        return decode_request(self._waiting.popleft())

    def _take(self, data: bytes) -> None:
        self._waiting.extend(self._frames.feed(data))

    async def read_to_the_end(self, within: float | None) -> None:
        """Read what nobody heeds until the client goes, or for so many seconds."""
        try:
            async with asyncio.timeout(within):
                while await self._reader.read(_CHUNK):
                    pass
        except TimeoutError:
            return
