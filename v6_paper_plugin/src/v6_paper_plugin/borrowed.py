"""The market of another broker: its contracts and its quotes, for orders that are filled here.

What the exchange asks, it asks at once, so a contract is learned before anything is done with it: qualified, quoted
and followed from then on. Times are those of the clock, sessions those of US stocks; quotes outside them are shown and
fill nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from v6_paper_plugin.market import Tick
from v6_paper_plugin.streams import singles_of
from v6core.broker import Broker
from v6core.contracts import Contract, ContractDetails, Future, FutureOption, Option, Stock
from v6core.errors import Unavailable
from v6core.money import ZERO
from v6core.quotes import OptionChain, Quote
from v6core.sessions import Session, next_session, session_at


class BorrowedMarket:
    """The quotes of a lender, followed for as long as the lender is connected."""

    def __init__(self, now: datetime) -> None:
        self.start = now.astimezone(UTC)
        self._details: dict[str, ContractDetails] = {}
        self._ticks: dict[str, Tick] = {}
        self._chains: dict[str, OptionChain] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._lender: Broker | None = None
        self._on_tick: Callable[[Tick], None] = lambda _: None

    @property
    def end(self) -> datetime | None:
        """None: nobody knows when the lender has its last quote."""
        return None

    def borrow(self, lender: Broker, on_tick: Callable[[Tick], None]) -> None:
        """Name the lender, and who is told of each quote."""
        self._lender = lender
        self._on_tick = on_tick

    async def learn(self, contracts: Iterable[Contract]) -> None:
        """Ask the lender for contracts that are not known yet, and follow their quotes; Unavailable without one."""
        for contract in singles_of(contracts):
            if contract.key not in self._details:
                await self._learn_one(contract)
                behind = _behind(contract)
                if behind is not None and behind.key not in self._details:
                    await self._learn_one(behind)

    async def _learn_one(self, contract: Contract) -> None:
        lender = self._known_lender()
        details = await lender.qualify(contract)
        self._take(await lender.quote(contract))
        self._details[contract.key] = details
        task = asyncio.create_task(self._follow(lender, contract))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _follow(self, lender: Broker, contract: Contract) -> None:
        async for quote in lender.quotes([contract]):
            self._on_tick(self._take(quote))

    def _take(self, quote: Quote) -> Tick:
        sizes = quote.bid_size or ZERO, quote.ask_size or ZERO
        tick = Tick(quote.time, quote.contract, quote.bid, sizes[0], quote.ask, sizes[1])
        self._ticks[quote.contract.key] = tick
        return tick

    async def learn_chain(self, contract: Contract) -> None:
        """Ask the lender for the options on an underlying."""
        self._chains[contract.symbol] = await self._known_lender().option_chain(contract)

    def _known_lender(self) -> Broker:
        if self._lender is None:
            raise Unavailable("no broker lends its quotes yet")
        return self._lender

    async def end_loan(self) -> None:
        """Follow nothing any more and let the lender go."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._lender is not None:
            await self._lender.disconnect()

    def session(self, at: datetime) -> Session | None:
        """Return the session of US stocks that is open at a moment."""
        return session_at(at)

    def next_session(self, after: datetime) -> Session | None:
        """Return the next session of US stocks."""
        return next_session(after)

    def details(self, contract: Contract) -> ContractDetails | None:
        """Return a contract that was learned."""
        return self._details.get(contract.key)

    def underlying(self, contract: Contract) -> Contract | None:
        """Return what settles an option, if it was learned."""
        behind = _behind(contract)
        return behind if behind is not None and behind.key in self._ticks else None

    def chain(self, symbol: str, at: datetime) -> OptionChain:  # noqa: ARG002 -- Market's signature
        """Return the options that were learned."""
        return self._chains.get(symbol, OptionChain(symbol=symbol, expirations=()))

    def tick(self, contract: Contract, at: datetime) -> Tick | None:  # noqa: ARG002 -- there is only the present
        """Return the latest quote."""
        return self._ticks.get(contract.key)

    def ticks(self, contract: Contract, after: datetime) -> Iterator[Tick]:  # noqa: ARG002 -- Market's signature
        """Yield nothing: what the lender will quote is not known beforehand."""
        return iter(())


def _behind(contract: Contract) -> Contract | None:
    match contract:
        case Option():
            return Stock(contract.symbol, currency=contract.currency)
        case FutureOption():
            return Future(
                contract.symbol, contract.expiration, multiplier=contract.multiplier, exchange=contract.exchange
            )
        case _:
            return None
