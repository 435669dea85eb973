"""Quotes of the past, from whoever has them: the broker where it keeps a tape, else what the gateway has seen."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from v6core.broker import Broker
from v6core.contracts import Contract
from v6core.quotes import Quote

_JUST_BEFORE = timedelta(microseconds=1)
MOST_KEPT = 50_000
"""Quotes kept of one contract; the oldest go first."""


@runtime_checkable
class KeepsQuotes(Protocol):
    """A broker that can show the quotes of its past."""

    def past_quotes(self, contract: Contract, since: datetime, until: datetime) -> Iterable[Quote]:
        """Return a contract's quotes later than one moment and up to another, in order; none of the future."""
        ...


class Past:
    """What is known of earlier quotes."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._seen: dict[str, deque[Quote]] = {}

    def keep(self, quote: Quote) -> None:
        """Remember a quote that went by."""
        kept = self._seen.get(quote.contract.key)
        if kept is None:
            kept = self._seen[quote.contract.key] = deque(maxlen=MOST_KEPT)
        if not kept or kept[-1].time <= quote.time:
            kept.append(quote)

    def between(self, contract: Contract, since: datetime, until: datetime) -> Iterator[Quote]:
        """Yield the quotes from one moment to another; nothing of a time that nobody saw."""
        quotes: Iterable[Quote] = ()
        if isinstance(self._broker, KeepsQuotes):
            quotes = self._broker.past_quotes(contract, since - _JUST_BEFORE, until)
        tape = iter(quotes)
        first = next(tape, None)
        if first is None:  # a broker without a tape, or one whose prices a program gives
            yield from (quote for quote in tuple(self._seen.get(contract.key, ())) if since <= quote.time <= until)
            return
        yield first
        yield from tape
