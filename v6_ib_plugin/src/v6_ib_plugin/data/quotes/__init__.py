"""Quotes of contracts: the present one, and streams of them.

* ``picture``   ticks folded into what a quote tells
* ``lines``     one subscription for a contract, shared by its readers
* ``watches``   a contract's quotes on behalf of one stream; a combo's by itself or by its legs
* ``refusals``  what TWS answers instead, and the way out
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import datetime

from v6_ib_plugin.data.asking import together
from v6_ib_plugin.data.instruments import Instruments
from v6_ib_plugin.data.quotes.lines import Lines
from v6_ib_plugin.data.quotes.watches import Stream, Watch, watch
from v6_ib_plugin.transport import Transport
from v6core.contracts import Contract
from v6core.errors import BrokerError, Unavailable
from v6core.quotes import Quote

__all__ = ["Quotes"]

# The last price and the greeks come a moment after bid and ask.
_REST = 0.2


class Quotes:
    """Quotes at TWS. ``patience`` is for how many seconds a first quote is waited for.

    A line stays open for ``linger`` seconds after a question, for each order asks for the quote that it is judged by.
    """

    def __init__(
        self,
        transport: Transport,
        instruments: Instruments,
        now: Callable[[], datetime],
        *,
        most_lines: int = 100,
        patience: float = 5.0,
        linger: float = 15.0,
    ) -> None:
        self._instruments = instruments
        self.patience = patience
        self.linger = linger
        self.lines = Lines(transport, now, most_lines)

    async def quote(self, contract: Contract) -> Quote:
        """Return the present quote of a contract; Unavailable, with the way out, where none comes in time.

        What TWS has told before the time is over is returned as it is, a last price without bid and ask included.
        """
        instrument = await self._instruments.qualify(contract)
        stream = Stream()
        asked_at = asyncio.get_running_loop().time()
        watching = watch(self.lines, instrument, contract, stream)
        try:
            await self._both_sides(watching, stream)
            if watching.opened_at >= asked_at:
                await self._the_rest(watching, stream)
            quote = watching.quote()
        finally:
            watching.leave(linger=self.linger)
        if quote is None or (quote.bid, quote.ask, quote.last) == (None, None, None):
            raise self._silence(contract)
        return quote

    async def stream(self, contracts: Sequence[Contract]) -> AsyncGenerator[Quote, None]:
        """Stream the quotes of contracts: each first as it is, then whenever it has changed since it was told last.

        A reader who is slow gets the latest of each. Raises what ends a line, and NotConnected on disconnecting.
        """
        stream = Stream()
        watches: list[Watch] = []
        try:
            instruments = await together(self._instruments.qualify(contract) for contract in contracts)
            for instrument, contract in zip(instruments, contracts, strict=True):
                watches.append(watch(self.lines, instrument, contract, stream))
            while True:
                for changed in await stream.changes():
                    quote = changed.quote()
                    if quote is not None:
                        yield quote
        finally:
            for left in watches:
                left.leave()

    def restore(self) -> None:
        """Put all lines again, on another connection or after TWS has lost them."""
        self.lines.restore()

    def close(self, why: BrokerError) -> None:
        """End all lines; streams raise ``why``."""
        self.lines.close(why)

    async def _both_sides(self, watching: Watch, stream: Stream) -> None:
        """Wait for both sides; where a line had its time they are not waited for again."""
        now = asyncio.get_running_loop().time
        while not watching.has_both_sides and await _changed(stream, watching.opened_at + self.patience - now()):
            pass

    async def _the_rest(self, watching: Watch, stream: Stream) -> None:
        now = asyncio.get_running_loop().time
        until = now() + _REST
        while not watching.is_whole and await _changed(stream, until - now()):
            pass

    def _silence(self, contract: Contract) -> Unavailable:
        return Unavailable(
            f"no quote of {contract.key} came within {self.patience:g} s",
            code="NO_QUOTE",
            hint='the market may be closed: with market_data_type = "frozen" TWS tells the last quotes of the day',
        )


async def _changed(stream: Stream, seconds: float) -> bool:
    """Wait for a change; tell whether one came within so many seconds."""
    try:
        async with asyncio.timeout(max(seconds, 0)):
            await stream.changes()
    except TimeoutError:
        return False
    return True
