"""Quotes on their way to those who stream them: of each contract the latest, in the order in which they changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence

from v6_paper_plugin.market import Tick
from v6core.contracts import Combo, Contract
from v6core.quotes import Quote

Ask = Callable[[Contract], Quote | None]


def singles_of(contracts: Iterable[Contract]) -> list[Contract]:
    """Return the single contracts whose quotes make up those of some contracts."""
    found: dict[str, Contract] = {}
    for contract in contracts:
        legs = [leg for leg, _ in contract.signed_legs] if isinstance(contract, Combo) else [contract]
        found.update((leg.key, leg) for leg in legs)
    return list(found.values())


class _Stream:
    """One reader. A quote that is not read before the next one of its contract comes is passed over."""

    def __init__(self, contracts: Sequence[Contract]) -> None:
        self.contracts = contracts
        self.legs = {contract.key: {leg.key for leg in singles_of([contract])} for contract in contracts}
        self.pending: dict[str, Quote] = {}
        self.news = asyncio.Event()
        self.ended = False

    def put(self, quote: Quote) -> None:
        self.pending[quote.contract.key] = quote
        self.news.set()

    def end(self) -> None:
        self.ended = True
        self.news.set()

    async def read(self) -> AsyncIterator[Quote]:
        while True:
            await self.news.wait()
            self.news.clear()
            while self.pending:
                yield self.pending.pop(next(iter(self.pending)))
            if self.ended:
                return


class Streams:
    """All readers of one broker's quotes."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._open: list[_Stream] = []

    def on_ticks(self, ticks: Sequence[Tick]) -> None:
        """Hand the quotes that changed to their readers."""
        changed = {tick.contract.key for tick in ticks}
        for stream in self._open:
            for contract in stream.contracts:
                if stream.legs[contract.key] & changed and (quote := self._ask(contract)) is not None:
                    stream.put(quote)

    async def read(self, contracts: Sequence[Contract], *, follow: bool = True) -> AsyncIterator[Quote]:
        """Yield each contract's quote as it is, then, to ``follow`` them, as it changes, until ``end``.

        Of no contracts, there is nothing to wait for.
        """
        stream = _Stream(contracts)
        for contract in contracts:
            if (quote := self._ask(contract)) is not None:
                stream.put(quote)
        if follow and contracts:
            self._open.append(stream)
        else:
            stream.end()
        try:
            async for quote in stream.read():
                yield quote
        finally:
            if stream in self._open:
                self._open.remove(stream)

    def end(self) -> None:
        """End every stream after what is pending."""
        for stream in self._open:
            stream.end()
        self._open.clear()
