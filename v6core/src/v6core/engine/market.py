"""The broker's market data, asked within a deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from datetime import datetime
from typing import TypeVar

from v6core.broker import Broker
from v6core.config import EngineSection
from v6core.contracts import Contract
from v6core.errors import BrokerError, NotSupported, Unavailable
from v6core.quotes import OptionChain, Quote

T = TypeVar("T")


class Market:
    """Quotes and chains of one broker."""

    def __init__(self, broker: Broker, deadlines: EngineSection) -> None:
        self._broker = broker
        self._deadlines = deadlines

    def now(self) -> datetime:
        """Return the time at the broker."""
        return self._broker.now()

    async def quote(self, contract: Contract) -> Quote:
        """Return the present quote of a contract; Unavailable where none comes in time."""
        return await self.answer(self._broker.quote(contract), f"no quote of {contract.key} came")

    async def chain(self, contract: Contract) -> OptionChain:
        """Return the options listed on an underlying; Unavailable where no answer comes in time."""
        return await self.answer(self._broker.option_chain(contract), f"no option chain of {contract.key} came")

    async def known_quotes(self, contracts: Iterable[Contract]) -> dict[str, Quote]:
        """Return the quotes that there are, by contract key; what has none is left out."""
        quotes: dict[str, Quote] = {}
        for contract in contracts:
            try:
                quotes[contract.key] = await self.quote(contract)
            except (BrokerError, NotSupported):
                continue
        return quotes

    async def answer(self, question: Awaitable[T], failure: str) -> T:
        """Return the answer to a question that changes nothing; Unavailable where it takes too long."""
        seconds = self._deadlines.question_deadline
        try:
            async with asyncio.timeout(seconds):
                return await question
        except TimeoutError as error:
            raise Unavailable(f"{failure} within {seconds:g} s") from error
