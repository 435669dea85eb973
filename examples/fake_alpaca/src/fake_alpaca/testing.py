"""What the tests of an Alpaca client start: a server of one's own, with a market that the test drives.

In the running loop::

    async with running_alpaca(prices={"AAPL": 100}) as alpaca:
        ...                                   # a client at alpaca.url, alpaca.stream_url
        await alpaca.set_price("AAPL", 101)

or in a thread of its own, beside a program that is not asynchronous::

    with running_alpaca(prices={"AAPL": 100}) as alpaca:
        client = TradingClient(alpaca.keys.key_id, alpaca.keys.secret_key, url_override=alpaca.url)
        alpaca.set_price("AAPL", 101)
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from datetime import UTC, datetime
from decimal import Decimal
from types import TracebackType
from typing import Any, TypeVar

from fake_alpaca.alpaca import FakeAlpaca
from fake_alpaca.arrivals import Arrivals
from fake_alpaca.keys import Keys
from v6core.clock import SteppingClock
from v6core.contracts import Contract

MORNING = datetime(2026, 12, 1, 15, tzinfo=UTC)
"""When a server for a test begins unless it is given a clock: ten o'clock of a Tuesday in New York."""
T = TypeVar("T")
_WITHIN = 30.0


class AlpacaThread:
    """A server in a thread of its own; everything here is called from other threads."""

    def __init__(self, alpaca: FakeAlpaca, loop: asyncio.AbstractEventLoop) -> None:
        self.alpaca = alpaca
        self._loop = loop

    @property
    def url(self) -> str:
        """What REST clients take as ``url_override``."""
        return self.alpaca.url

    @property
    def stream_url(self) -> str:
        """What a client of the trade updates takes as ``url_override``."""
        return self.alpaca.stream_url

    @property
    def data_stream_url(self) -> str:
        """What a client of the stock stream takes as ``url_override``."""
        return self.alpaca.data_stream_url

    @property
    def option_stream_url(self) -> str:
        """What a client of the option stream takes as ``url_override``."""
        return self.alpaca.option_stream_url

    @property
    def keys(self) -> Keys:
        """The keys that are taken."""
        return self.alpaca.keys

    @property
    def arrivals(self) -> Arrivals:
        """The requests that came, in order."""
        return self.alpaca.arrivals

    def run(self, work: Callable[[], Awaitable[T]]) -> T:
        """Run something asynchronous on the server's loop, and return what came of it."""

        async def within() -> T:
            return await work()

        return asyncio.run_coroutine_threadsafe(within(), self._loop).result(_WITHIN)

    def call(self, function: Callable[..., T], *arguments: Any, **named: Any) -> T:
        """Call a function on the server's loop, and return its answer."""

        async def within() -> T:
            return function(*arguments, **named)

        return self.run(within)

    def set_price(self, contract: Contract | str, price: Decimal | float | str) -> None:
        """Give a contract a price; orders that it reaches fill."""
        self.run(lambda: self.alpaca.set_price(contract, price))

    def set_quote(
        self,
        contract: Contract | str,
        bid: Decimal | float | str | None,
        ask: Decimal | float | str | None,
        **sizes: Decimal | float | str,
    ) -> None:
        """Give a contract a bid and an ask; orders that they reach fill."""
        self.run(lambda: self.alpaca.set_quote(contract, bid, ask, **sizes))

    def settle(self) -> None:
        """Wait until everything has happened that followed from what has."""
        self.run(self.alpaca.settle)


class running_alpaca:  # noqa: N801 -- used like a function
    """A server for one test: ``with`` runs it in a thread of its own, ``async with`` in the running loop.

    Unless ``settings`` of the paper broker say otherwise, orders fill at the quotes that are given; until one is, a
    contract is quoted at its price in ``prices``, else at 100, on both sides. Other options are ``FakeAlpaca``'s.
    """

    def __init__(
        self, *, prices: Mapping[str, Any] | None = None, settings: Mapping[str, Any] | None = None, **options: Any
    ) -> None:
        given = {"prices": dict(prices)} if prices else {}
        self._settings = {**given, **(settings or {})}
        self._options: dict[str, Any] = {"clock": SteppingClock(MORNING), **options}
        self._alpaca: FakeAlpaca | None = None
        self._thread: _Thread | None = None

    async def __aenter__(self) -> FakeAlpaca:
        self._alpaca = FakeAlpaca(settings=self._settings, **self._options)
        return await self._alpaca.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._alpaca is not None
        await self._alpaca.__aexit__(kind, error, trace)

    def __enter__(self) -> AlpacaThread:
        self._thread = _Thread(self)
        return self._thread.begin()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._thread is not None
        self._thread.end()


class _Thread:
    """A thread with a loop of its own, in which a server runs until it is told to end."""

    def __init__(self, opening: running_alpaca) -> None:
        self._opening = opening
        self._started: Future[AlpacaThread] = Future()
        self._ended: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="fake-alpaca", daemon=True)

    def begin(self) -> AlpacaThread:
        self._thread.start()
        return self._started.result(_WITHIN)

    def end(self) -> None:
        self._ended.set_result(None)
        self._thread.join(_WITHIN)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if self._started.done():
                raise
            self._started.set_exception(error)

    async def _serve(self) -> None:
        async with self._opening as alpaca:
            self._started.set_result(AlpacaThread(alpaca, asyncio.get_running_loop()))
            await asyncio.wrap_future(self._ended)
