"""The other end of a connection: bytes go out to it in order, as many as it takes in time."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

MOST_UNREAD = 64 * 2**20
"""Bytes that may wait for a client that reads too slowly, before it is cut off: what 40,000 orders are told in."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How bytes go out where not at once: ``size`` of them, or all that wait, every ``pause`` seconds."""

    size: int | None
    pause: float


class Peer:
    """One TCP connection to a client. What is written in one turn of the loop goes out together, or in its shape."""

    def __init__(self, writer: asyncio.StreamWriter, logger: logging.Logger) -> None:
        self._writer = writer
        self._logger = logger
        self._shape: Shape | None = None
        self._waiting = bytearray()
        self._next: asyncio.Handle | None = None
        self._closes = False
        address = writer.get_extra_info("peername") or ("somebody", "gone")
        self.name = f"{address[0]}:{address[1]}"

    @property
    def is_gone(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._closes or self._writer.is_closing()

    def shape(self, shape: Shape) -> None:
        """Send all that follows in this shape."""
        self._flush()
        self._shape = shape

    def write(self, data: bytes) -> None:
        """Send bytes; a peer that does not read its share is cut off, and one that has gone gets nothing."""
        if self.is_gone:
            return
        self._waiting += data
        if self._next is None:
            self._arm()
        unread = self._writer.transport.get_write_buffer_size() + len(self._waiting)
        if unread > MOST_UNREAD:
            self._logger.error("%s does not read: %d bytes wait for it, and it is cut off", self.name, unread)
            self.reset()

    def _arm(self) -> None:
        loop = asyncio.get_running_loop()
        if self._shape is None:
            self._next = loop.call_soon(self._send_some)
        else:
            self._next = loop.call_later(self._shape.pause, self._send_some)

    def _send_some(self) -> None:
        self._next = None
        self._flush(None if self._shape is None else self._shape.size)
        if self._waiting:
            self._arm()
        elif self._closes:
            self._writer.close()

    def _flush(self, size: int | None = None) -> None:
        """Hand bytes to the transport, ``size`` of them at most."""
        if self._waiting and not self._writer.is_closing():
            self._writer.write(bytes(self._waiting[:size]))
        del self._waiting[:size]

    def close(self) -> None:
        """Close the connection once what was written has gone out."""
        self._closes = True
        if self._shape is None:
            self._flush()
        if not self._waiting:
            self._writer.close()

    def hang_up(self) -> None:
        """Send the end of the stream behind what was written, and go on reading: a close would lose it on the way."""
        if self.is_gone or self._shape is not None:
            self.close()
            return
        self._closes = True
        self._flush()
        self._writer.write_eof()

    def reset(self) -> None:
        """Cut the connection at once; what has not gone out yet is lost."""
        self._closes = True
        if self._shape is None:
            self._flush()
        self._waiting.clear()
        self._writer.transport.abort()
