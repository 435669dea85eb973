"""The server: it listens on a loopback address, and nowhere else."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
from collections.abc import Callable

from v6_ib_plugin.gateway.connection import Connection
from v6core.errors import ConfigurationError

_MOST_PORT = 65_535
MakeConnection = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Connection]


def loopback(host: str) -> str:
    """Return an address of this machine alone; ConfigurationError for any other.

    The protocol knows neither a password nor encryption.
    """
    address = "127.0.0.1" if host == "localhost" else host
    try:
        is_local = ipaddress.ip_address(address).is_loopback
    except ValueError:
        is_local = False
    if not is_local:
        raise ConfigurationError(
            f"the gateway listens on loopback only, not on {host!r}: its protocol has no password",
            hint="leave --host out, or say 127.0.0.1 or ::1; from afar use an SSH tunnel",
        )
    return address


class Server:
    """Accepts clients, each served in a task of its own."""

    def __init__(self, host: str, port: int, connect: MakeConnection) -> None:
        if not 0 <= port <= _MOST_PORT:
            raise ConfigurationError(f"a port is a number from 0 to {_MOST_PORT}, not {port}")
        self.host = loopback(host)
        self._port = port
        self._connect = connect
        self._listening: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None], Connection] = {}

    @property
    def port(self) -> int:
        """The port; the one that was found free where none was asked for."""
        return self._port

    @property
    def is_listening(self) -> bool:
        """Whether clients are accepted."""
        return self._listening is not None

    async def listen(self) -> None:
        """Accept clients from here on; ConfigurationError where the port cannot be had."""
        if self._listening is not None:
            return
        try:
            self._listening = await asyncio.start_server(self._accept, self.host, self._port)
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            why = "address already in use" if taken else error.strerror or str(error)
            raise ConfigurationError(
                f"the gateway cannot listen on {self.host}:{self._port}: {why}",
                hint=f"{'another program has the port; ' if taken else ''}say another with --port, or 0 for a free one",
            ) from error
        self._port = self._listening.sockets[0].getsockname()[1]

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task of our own: of one that asyncio makes here, Python 3.11 logs the cancelling as an error.
        connection = self._connect(reader, writer)
        task = asyncio.get_running_loop().create_task(connection.run())
        self._open[task] = connection
        task.add_done_callback(self._open.pop)

    def deafen(self) -> None:
        """Accept nobody any more; who is here stays."""
        if self._listening is not None:
            self._listening.close()
            self._listening = None

    async def expel(self) -> None:
        """Cut all clients off, and return when each has been let go."""
        tasks = tuple(self._open)
        for connection in tuple(self._open.values()):
            connection.peer.reset()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def close(self) -> None:
        """Stop listening and end all connections."""
        self.deafen()
        await self.expel()
