"""An event loop in a thread of its own, for programs that have none."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, TypeVar

from v6core.clock import SimulatedLoop
from v6core.errors import NotConnected

T = TypeVar("T")
LoopFactory = Callable[[], asyncio.AbstractEventLoop]


class LoopThread:
    """Runs coroutines on a background loop. Simulated time passes only while a call is under way."""

    def __init__(self, factory: LoopFactory | None = None) -> None:
        self._loop = (factory or asyncio.new_event_loop)()
        self._under_way = 0
        self._freeze(frozen=True)
        self._thread = threading.Thread(target=self._run, name="v6-engine", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _freeze(self, *, frozen: bool) -> None:
        if isinstance(self._loop, SimulatedLoop):
            self._loop.frozen = frozen

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what a coroutine returns, or raise what it raises; an interrupt cancels it.

        NotConnected once it is closed, RuntimeError on the loop's own thread.
        """
        if threading.current_thread() is self._thread:
            work.close()
            raise RuntimeError("a handler runs on the engine's own loop and cannot wait for it: use the async engine")
        if self._loop.is_closed():
            work.close()
            raise NotConnected("the engine is closed", hint="call connect() again")
        future = asyncio.run_coroutine_threadsafe(self._timed(work), self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    async def _timed(self, work: Coroutine[Any, Any, T]) -> T:
        self._under_way += 1
        self._freeze(frozen=False)
        try:
            return await work
        finally:
            self._under_way -= 1
            self._freeze(frozen=self._under_way == 0)

    def iterate(self, source: AsyncIterator[T]) -> Iterator[T]:
        """Yield what an asynchronous iterator yields."""
        while True:
            try:
                yield self.call(_next(source))
            except StopAsyncIteration:
                return

    def close(self) -> None:
        """End the loop and its thread. A second call changes nothing."""
        if self._loop.is_closed():
            return
        self.call(self._loop.shutdown_asyncgens())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _next(source: AsyncIterator[T]) -> T:
    return await anext(source)
