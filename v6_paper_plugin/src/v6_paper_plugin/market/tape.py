"""The market as the exchange sees it: ticks of single contracts, and a tape that merges those that are watched.

A market computes or holds quotes contract by contract, so nothing is spent on a contract that nobody watches, and a
quote depends on its contract and its time alone: not on who else is watched, and not on when the run was resumed.
The exchange keeps a ``Tape``, puts on it whatever has an order, a position or a subscriber, and takes the ticks off
in order of time.

    tape = Tape(market, after=clock_now)
    tape.watch(contract)
    while (moment := tape.next_time()) is not None:
        for tick in tape.take(moment):
            ...

Times: a session's ticks lie from its open to its close, the close included, because a recorded quote carries the
end of its minute. A tick with its own contract's expiration behind it does not come any more.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple, Protocol

from v6core.contracts import Contract, ContractDetails
from v6core.quotes import OptionChain
from v6core.sessions import Session


class Tick(NamedTuple):
    """The best bid and offer of one contract from a time on; a side that nobody takes is None with size 0.

    ``contract`` is one object per instrument and market: its identity may be relied on. Sizes are in shares for
    stocks and in contracts for options and futures.
    """

    time: datetime
    contract: Contract
    bid: Decimal | None
    bid_size: Decimal
    ask: Decimal | None
    ask_size: Decimal

    @property
    def mid(self) -> Decimal | None:
        """The middle of bid and ask, or None where one of them is missing."""
        return None if self.bid is None or self.ask is None else (self.bid + self.ask) / 2


class Market(Protocol):
    """Where the exchange's quotes come from. All times are aware; combos are the exchange's own business."""

    @property
    def start(self) -> datetime:
        """The moment at which the tape begins: the open of its first session."""
        ...

    @property
    def end(self) -> datetime | None:
        """The close of the last session there will ever be, or None where the tape goes on for ever."""
        ...

    def session(self, at: datetime) -> Session | None:
        """Return the session that is open at a moment (its close excluded), or None while the market is closed."""
        ...

    def next_session(self, after: datetime) -> Session | None:
        """Return the first session that opens later than a moment, or None where the tape has no more."""
        ...

    def details(self, contract: Contract) -> ContractDetails | None:
        """Return what is known of a contract, with the object that its ticks carry, or None where it is not listed."""
        ...

    def underlying(self, contract: Contract) -> Contract | None:
        """Return the contract whose price settles an option, or None for what is no option."""
        ...

    def chain(self, symbol: str, at: datetime) -> OptionChain:
        """Return the options listed on a symbol at a moment; without expirations where there are none."""
        ...

    def tick(self, contract: Contract, at: datetime) -> Tick | None:
        """Return the latest tick at or before a moment, however old, or None where there is none."""
        ...

    def ticks(self, contract: Contract, after: datetime) -> Iterator[Tick]:
        """Yield the ticks later than a moment, in order of time; nothing for a contract that is not listed."""
        ...


class Tape:
    """The ticks of a growing set of contracts, merged by time, then by contract key, whoever was watched first."""

    def __init__(self, market: Market, after: datetime) -> None:
        self._market = market
        self._time = after.astimezone(UTC)
        self._watched: dict[str, Iterator[Tick]] = {}
        self._heap: list[tuple[datetime, str, int, Tick, Iterator[Tick]]] = []
        self._entries = 0

    @property
    def time(self) -> datetime:
        """How far the tape has been taken."""
        return self._time

    def watch(self, contract: Contract) -> None:
        """Put a contract on the tape from its present time on; a contract that is on it already stays as it is."""
        if contract.key in self._watched:
            return
        ticks = self._market.ticks(contract, self._time)
        self._watched[contract.key] = ticks
        if (first := next(ticks, None)) is not None:
            self._entries += 1
            heapq.heappush(self._heap, (first.time, contract.key, self._entries, first, ticks))

    def unwatch(self, contract: Contract) -> None:
        """Take a contract off the tape."""
        self._watched.pop(contract.key, None)

    def next_time(self) -> datetime | None:
        """Return when the next watched contract ticks, or None where none will."""
        while self._heap and self._is_stale():
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def take(self, until: datetime) -> Iterator[Tick]:
        """Take the ticks up to and including a moment off the tape, then move it there.

        A contract watched while they are taken joins from the time of the tick at hand.
        """
        until = until.astimezone(UTC)
        heap = self._heap
        while heap and heap[0][0] <= until:
            if self._is_stale():
                heapq.heappop(heap)
                continue
            time, key, entry, tick, ticks = heap[0]
            following = next(ticks, None)
            if following is None:
                heapq.heappop(heap)
            else:
                heapq.heapreplace(heap, (following.time, key, entry, following, ticks))
            self._time = time
            yield tick
        self._time = max(self._time, until)

    def _is_stale(self) -> bool:
        """Tell whether the heap's first entry is of a contract that has been unwatched since."""
        _, key, _, _, ticks = self._heap[0]
        return self._watched.get(key) is not ticks
