"""What listens on one port."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from v6core.testing.network.process import PROCESS

if TYPE_CHECKING:
    from v6core.testing.network.medium import SimulatedNetwork

ProtocolFactory = Callable[[], asyncio.BaseProtocol]


class _Address:
    """What ``Server.sockets`` holds, as far as programs look at it."""

    def __init__(self, name: tuple[str, int]) -> None:
        self._name = name

    def getsockname(self) -> tuple[str, int]:
        return self._name


class SimulatedServer(asyncio.AbstractServer):
    """What listens on one port."""

    def __init__(self, network: SimulatedNetwork, name: tuple[str, int], factory: ProtocolFactory) -> None:
        self.network = network
        self.name = name
        self.factory = factory
        self.context = contextvars.copy_context()
        self.process = self.context.get(PROCESS)
        self._over = network.future()
        if self.process is not None:
            self.process.hold(self)

    @property
    def sockets(self) -> tuple[Any, ...]:
        """What it listens on."""
        return (_Address(self.name),) if self.is_serving() else ()

    def close(self) -> None:
        """Listen no more; connections that stand go on."""
        self.network.listeners.pop(self.name[1], None)
        if self.process is not None:
            self.process.let_go(self)
        if not self._over.done():
            self._over.set_result(None)

    def vanish(self) -> None:
        """End with the process."""
        self.close()

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """Return the loop that it runs on."""
        return self._over.get_loop()

    def is_serving(self) -> bool:
        """Whether it listens."""
        return self.network.listeners.get(self.name[1]) is self

    async def start_serving(self) -> None:
        """Listen; it does so from the start."""

    async def serve_forever(self) -> None:
        """Listen until it is closed."""
        try:
            await asyncio.shield(self._over)
        finally:
            self.close()

    async def wait_closed(self) -> None:
        """Return once it listens no more."""
        await asyncio.shield(self._over)
