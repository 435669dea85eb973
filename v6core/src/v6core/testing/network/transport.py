"""One end of a link, as asyncio sees it."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Iterable
from typing import TYPE_CHECKING

from v6core.testing.network.process import PROCESS

if TYPE_CHECKING:
    from v6core.testing.network.link import Pipe
    from v6core.testing.network.medium import SimulatedNetwork


class SimulatedTransport(asyncio.Transport):
    """One end of a link."""

    def __init__(self, network: SimulatedNetwork, name: tuple[str, int], peer: tuple[str, int]) -> None:
        super().__init__({"sockname": name, "peername": peer})
        self._network = network
        self.context = contextvars.copy_context()
        self.process = self.context.get(PROCESS)
        self._protocol: asyncio.BaseProtocol = asyncio.Protocol()
        self._out: Pipe | None = None
        self._closing = False
        self._lost = False
        self._paused = False
        self._held: list[bytes] = []
        self._has_eof = False
        self.is_full = False
        """Whether the protocol was told to pause."""
        self._ended: tuple[Exception | None] | None = None
        if self.process is not None:
            self.process.hold(self)

    def attach(self, out: Pipe, protocol: asyncio.BaseProtocol) -> None:
        """Tell it where its bytes go, and whom to tell what comes."""
        self._out = out
        self._protocol = protocol

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Tell another protocol what comes from here on."""
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Return the protocol that is told what comes."""
        return self._protocol

    def is_closing(self) -> bool:
        """Whether nothing more can be written."""
        return self._closing

    def is_reading(self) -> bool:
        """Whether what comes is handed on."""
        return not (self._paused or self._closing)

    def pause_reading(self) -> None:
        """Keep back what comes."""
        self._paused = True

    def resume_reading(self) -> None:
        """Hand on what came meanwhile, and what comes from here on."""
        self._paused = False
        held, self._held = self._held, []
        if held:
            self.receive(b"".join(held))
        if self._has_eof:
            self.receive_eof()
        if self._ended is not None:
            self.lose(*self._ended)

    def get_write_buffer_size(self) -> int:
        """Return how many bytes wait, because more are on their way than the network holds."""
        return 0 if self._out is None else max(self._out.in_flight - self._network.holds, 0)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Do nothing: how much may be on its way is the network's to say."""

    def mind_the_flow(self) -> None:
        """Let the protocol pause while more is on its way than the network holds, and go on afterwards."""
        is_full = self.get_write_buffer_size() > 0
        if is_full is self.is_full or self._lost or self._is_dead:
            return
        self.is_full = is_full
        (self._protocol.pause_writing if is_full else self._protocol.resume_writing)()

    def can_write_eof(self) -> bool:
        """Whether one direction can be ended alone; it can."""
        return True

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes; those written after the end are lost, as on a socket."""
        if self._closing or self._out is None or self._is_dead:
            return
        self.hand_over(self._network.on_write(self, bytes(data)))

    def hand_over(self, data: bytes) -> None:
        """Send bytes past ``on_write``, which may want to end the process once some have left."""
        if self._out is not None:
            self._out.push(data)
            self.mind_the_flow()

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        """Send several pieces of bytes."""
        self.write(b"".join(list_of_data))

    def write_eof(self) -> None:
        """Say that nothing more will be written."""
        if self._out is not None and not self._is_dead:
            self._out.end()

    def close(self) -> None:
        """Close the link once what was written has arrived."""
        if self._closing:
            return
        self._closing = True
        if self._out is not None and not self._is_dead:
            self._out.close()
        self._network.soon(self.lose, None, context=self.context)

    def abort(self) -> None:
        """Close the link at once; what has not arrived is lost."""
        if not self._closing and self._out is not None and not self._is_dead:
            self._out.link.cut()

    def vanish(self) -> None:
        """End with the process: the peer sees the link close after what had been written, this end sees nothing."""
        if self._out is not None and not self._closing:
            self._out.close()
        self._closing = self._lost = True

    @property
    def _is_dead(self) -> bool:
        return self.process is not None and not self.process.is_alive

    def receive(self, data: bytes) -> None:
        """Hand bytes to the protocol."""
        if self._lost or self._is_dead:
            return
        if self._paused:
            self._held.append(data)
        elif isinstance(self._protocol, asyncio.Protocol):
            self._protocol.data_received(data)

    def receive_eof(self) -> None:
        """Tell the protocol that the peer writes no more."""
        if self._lost or self._is_dead or not isinstance(self._protocol, asyncio.Protocol):
            return
        if self._paused:
            self._has_eof = True
        elif not self._protocol.eof_received():
            self.close()

    def lose(self, error: Exception | None) -> None:
        """Tell the protocol, once, that the link is gone."""
        self._closing = True
        if self._lost:
            return
        if self._paused and (self._held or self._has_eof) and not self._is_dead:
            self._ended = (error,)  # what arrived before the end is read before it
            return
        self._lost = True
        if self.process is not None:
            self.process.let_go(self)
        if not self._is_dead:
            self._protocol.connection_lost(error)
