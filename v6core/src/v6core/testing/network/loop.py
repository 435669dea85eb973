"""The event loop whose connections go through a simulated network, in virtual time."""

from __future__ import annotations

import asyncio
import contextvars
import math
from collections.abc import Callable, Coroutine, Generator
from typing import Any, TypeVar, TypeVarTuple, Unpack

from v6core.clock import SimulatedLoop
from v6core.testing.network.listener import ProtocolFactory, SimulatedServer
from v6core.testing.network.medium import SimulatedNetwork
from v6core.testing.network.process import PROCESS
from v6core.testing.network.transport import SimulatedTransport

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
_MOST_REMEMBERED = 4_096


class SimulatedNetworkLoop(SimulatedLoop):
    """A loop with virtual time whose connections go through a simulated network."""

    def __init__(self, network: SimulatedNetwork | None = None) -> None:
        super().__init__()
        self.network = network or SimulatedNetwork()
        self.network.run_on(self)
        self._taken: dict[float, float] = {}

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        """Call back at a time; of several at the same time, the one that was asked for first comes first."""
        return super().call_at(self._in_turn(when), callback, *args, context=context)

    def _in_turn(self, when: float) -> float:
        """Return the time, later by the smallest step for each call that was asked for at the same time before."""
        last = self._taken.get(when)
        at = when if last is None else math.nextafter(last, math.inf)
        if len(self._taken) >= _MOST_REMEMBERED:
            self._taken = {asked: given for asked, given in self._taken.items() if asked > self.time()}
        self._taken[when] = at
        return at

    def create_task(
        self,
        coro: Generator[Any, None, T] | Coroutine[Any, Any, T],
        *,
        name: object = None,
        context: contextvars.Context | None = None,
    ) -> asyncio.Task[T]:
        """Make a task, of the simulated process that runs, if any."""
        task = super().create_task(coro, name=None if name is None else str(name), context=context)
        process = PROCESS.get() if context is None else context.get(PROCESS)
        if process is not None:
            process.adopt(task)
        return task

    async def create_connection(  # type: ignore[override]  # of asyncio's many ways to connect, host and port alone
        self, protocol_factory: ProtocolFactory, host: str = "", port: int = 0, **_options: Any
    ) -> tuple[SimulatedTransport, asyncio.BaseProtocol]:
        """Connect through the simulated network."""
        return await self.network.connect(protocol_factory, host, port)

    async def create_server(  # type: ignore[override]  # of asyncio's many ways to listen, host and port alone
        self, protocol_factory: ProtocolFactory, host: str = "", port: int = 0, **_options: Any
    ) -> SimulatedServer:
        """Listen on the simulated network."""
        return self.network.listen(protocol_factory, host, port)


def run_on_network(main: Coroutine[Any, Any, T], network: SimulatedNetwork | None = None) -> T:
    """Run a coroutine to its end on a loop with virtual time and a simulated network."""
    with asyncio.Runner(loop_factory=lambda: SimulatedNetworkLoop(network)) as runner:
        return runner.run(main)
