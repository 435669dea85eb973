"""The broker's market data, asked within a deadline; whatever a plugin raises comes out as one of v6's errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterable, Sequence
from datetime import datetime
from typing import TypeVar

from v6core.broker import Broker
from v6core.config import EngineSection
from v6core.contracts import Contract
from v6core.engine.calls import answered, plugin_failure
from v6core.errors import BrokerError, NotSupported, V6Error
from v6core.quotes import OptionChain, Quote

T = TypeVar("T")


class Market:
    """Quotes and chains of one broker, which the configuration calls ``name``."""

    def __init__(self, broker: Broker, deadlines: EngineSection, name: str) -> None:
        self._broker = broker
        self._deadlines = deadlines
        self._name = name

    def now(self) -> datetime:
        """Return the time at the broker."""
        return self._broker.now()

    async def quote(self, contract: Contract) -> Quote:
        """Return the present quote of a contract; Unavailable where none comes in time."""
        return await self.answer(self._broker.quote(contract), f"no quote of {contract.key} came")

    def quotes(self, contracts: Sequence[Contract]) -> AsyncIterator[Quote]:
        """Stream the quotes of contracts; without contracts there are none."""
        try:
            source = self._broker.quotes(contracts) if contracts else _nothing()
        except V6Error:
            raise
        except Exception as error:
            raise plugin_failure(self._name, error) from error
        return self._told(source)

    async def _told(self, source: AsyncIterator[Quote]) -> AsyncIterator[Quote]:
        try:
            async for quote in source:
                yield quote
        except V6Error:
            raise
        except Exception as error:
            raise plugin_failure(self._name, error) from error
        finally:
            close = getattr(source, "aclose", None)
            if close is not None:
                await close()

    async def chain(self, contract: Contract) -> OptionChain:
        """Return the options listed on an underlying; Unavailable where no answer comes in time."""
        return await self.answer(self._broker.option_chain(contract), f"no option chain of {contract.key} came")

    async def known_quotes(self, contracts: Iterable[Contract]) -> dict[str, Quote]:
        """Return the quotes that there are, by contract key, asked for all at once; what has none is left out."""
        wanted = {contract.key: contract for contract in contracts}
        quotes = await asyncio.gather(*(self._quote_or_none(contract) for contract in wanted.values()))
        return {key: quote for key, quote in zip(wanted, quotes, strict=True) if quote is not None}

    async def _quote_or_none(self, contract: Contract) -> Quote | None:
        try:
            return await self.quote(contract)
        except (BrokerError, NotSupported):
            return None

    async def answer(self, question: Awaitable[T], failure: str) -> T:
        """Return the answer to a question that changes nothing.

        Unavailable where it takes too long, BrokerError naming the broker where the plugin fails.
        """
        return await answered(question, failure, name=self._name, seconds=self._deadlines.question_deadline)


async def _nothing() -> AsyncIterator[Quote]:
    return
    yield
