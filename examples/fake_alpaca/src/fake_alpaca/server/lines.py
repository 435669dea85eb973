"""The server's TCP connections, so that one can be cut in the middle of anything."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

_AT_ONCE = struct.pack("ii", 1, 0)


class Lines:
    """The open connections, by the address of their other end."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, int], asyncio.Transport] = {}

    def opened(self, transport: asyncio.Transport) -> None:
        """Note a connection."""
        self._open = {peer: line for peer, line in self._open.items() if not line.is_closing()}
        peer = transport.get_extra_info("peername")
        if peer is not None:
            self._open[peer[0], peer[1]] = transport

    def reset(self, peer: tuple[str, int] | None) -> None:
        """Cut the connection to an address: the client sees a reset, whatever it waited for."""
        line = self._open.pop((peer[0], peer[1]), None) if peer is not None else None
        if line is None:
            return
        sock: socket.socket = line.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        line.abort()

    async def cut_all(self) -> None:
        """Cut every connection, and let the server notice."""
        for line in self._open.values():
            line.abort()
        self._open.clear()
        for _ in range(3):
            await asyncio.sleep(0)


def protocol_on(lines: Lines) -> type[H11Protocol]:
    """Return uvicorn's protocol of HTTP, noting its connections, and sending each write at once.

    An answer is two writes. asyncio switches Nagle's algorithm off where it opens a server's socket itself; this one is
    given to it, and the second write would wait some 40 ms for the client to acknowledge the first.
    """

    class NotedProtocol(H11Protocol):
        def connection_made(self, transport: Any) -> None:
            transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            lines.opened(transport)
            super().connection_made(transport)

    return NotedProtocol
