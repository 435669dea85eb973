"""Streams of quotes: one of each contract, however many clients watch it, and none that nobody watches."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing, suppress
from decimal import Decimal
from typing import TYPE_CHECKING, cast

from v6_ib_plugin.gateway.house import House
from v6_ib_plugin.gateway.market.past import Past
from v6core.contracts import Combo, Contract
from v6core.errors import BrokerError, OrderDenied, V6Error
from v6core.money import ZERO
from v6core.quotes import Quote

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

_PLACES = Decimal("0.0000000001")
Close = Callable[[], None]
OnQuote = Callable[[Quote], None]


class _Feed:
    """The stream of one contract, as long as somebody watches it."""

    def __init__(self) -> None:
        self.watchers: list[OnQuote] = []
        self.latest: Quote | None = None
        self.task: asyncio.Task[None] | None = None


class Feeds:
    """All streams of the gateway."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._feeds: dict[str, _Feed] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self.past = Past(house.broker)

    def latest(self, contract: Contract) -> Quote | None:
        """Return the quote at hand, without asking; None where nobody watches the contract or nothing came yet."""
        feed = self._feeds.get(contract.key)
        return None if feed is None else feed.latest

    async def quote(self, contract: Contract) -> Quote | None:
        """Return the present quote, a combo's made of its legs'; None where there is none."""
        if isinstance(contract, Combo):
            legs = [await self.quote(leg.contract) for leg in contract.legs]
            return net_quote(contract, [leg for leg in legs if leg is not None])
        if (known := self.latest(contract)) is not None:
            return known
        try:
            quote = await self._house.broker.quote(contract)
        except (BrokerError, OrderDenied):
            return None
        self.past.keep(quote)
        return quote

    def watch(self, contract: Contract, on_quote: OnQuote) -> Close:
        """Call for each quote of a contract from the present one on, until the result is called."""
        if isinstance(contract, Combo):
            return _Net(self, contract, on_quote).close
        feed = self._feeds.get(contract.key)
        if feed is None:
            feed = self._feeds[contract.key] = _Feed()
            feed.task = asyncio.create_task(self._read(contract, feed), name=f"quotes of {contract.key}")
        feed.watchers.append(on_quote)
        if feed.latest is not None:
            on_quote(feed.latest)
        return lambda: self._leave(contract, feed, on_quote)

    def _leave(self, contract: Contract, feed: _Feed, on_quote: OnQuote) -> None:
        with suppress(ValueError):
            feed.watchers.remove(on_quote)
        if not feed.watchers and self._feeds.get(contract.key) is feed:
            del self._feeds[contract.key]
            self._end(feed)

    def _end(self, feed: _Feed) -> None:
        if feed.task is not None:
            feed.task.cancel()
            self._ending.add(feed.task)
            feed.task.add_done_callback(self._ending.discard)

    async def _read(self, contract: Contract, feed: _Feed) -> None:
        try:
            quotes = cast("AsyncGenerator[Quote, None]", self._house.broker.quotes([contract]))
            async with aclosing(quotes):
                async for quote in quotes:
                    self._take(feed, quote)
        except V6Error as error:
            self._house.logger.warning("the quotes of %s end: %s", contract.key, error)
        except Exception:
            self._house.logger.exception("the quotes of %s end", contract.key)
        # Who asks from here on is answered by the broker, not with the last quote of a stream that is over.
        if self._feeds.get(contract.key) is feed:
            del self._feeds[contract.key]

    def _take(self, feed: _Feed, quote: Quote) -> None:
        feed.latest = quote
        self.past.keep(quote)
        for watcher in tuple(feed.watchers):
            try:
                watcher(quote)
            except Exception:
                self._house.logger.exception("a quote of %s was not passed on", quote.contract.key)

    async def stop(self) -> None:
        """End every stream, and wait until each has."""
        feeds = list(self._feeds.values())
        self._feeds.clear()
        for feed in feeds:
            self._end(feed)
        await asyncio.gather(*self._ending, return_exceptions=True)


class _Net:
    """The quote of a combo, told once for all legs that change together."""

    def __init__(self, feeds: Feeds, combo: Combo, on_quote: OnQuote) -> None:
        self._combo, self._on_quote = combo, on_quote
        self._legs: dict[str, Quote] = {}
        self._due: asyncio.Handle | None = None
        self._closers = [feeds.watch(leg.contract, self._take) for leg in combo.legs]

    def _take(self, quote: Quote) -> None:
        self._legs[quote.contract.key] = quote
        if self._due is None:
            self._due = asyncio.get_running_loop().call_soon(self._tell)

    def _tell(self) -> None:
        self._due = None
        net = net_quote(self._combo, list(self._legs.values()))
        if net is not None:
            self._on_quote(net)

    def close(self) -> None:
        if self._due is not None:
            self._due.cancel()
        for close in self._closers:
            close()


def net_quote(combo: Combo, legs: list[Quote]) -> Quote | None:
    """Return what a combo costs at its legs' quotes, or None where a leg has none.

    Bid and ask are the net per unit, in the combo's own terms; a side is there where every leg shows the one it needs,
    and its size is how many units the smallest of them makes up.
    """
    by_key = {quote.contract.key: quote for quote in legs}
    quotes = [by_key.get(leg.contract.key) for leg in combo.legs]
    known = [quote for quote in quotes if quote is not None]
    if len(known) < len(combo.legs):
        return None
    bid, bid_size = _side(combo, known, buying=False)
    ask, ask_size = _side(combo, known, buying=True)
    return Quote(
        contract=combo,
        time=max(quote.time for quote in known),
        bid=bid,
        bid_size=bid_size,
        ask=ask,
        ask_size=ask_size,
        delayed=any(quote.delayed for quote in known),
    )


def _side(combo: Combo, quotes: list[Quote], *, buying: bool) -> tuple[Decimal | None, Decimal | None]:
    """Return the net price and the size at which the combo can be bought, or sold."""
    total, sizes = ZERO, list[Decimal]()
    for leg, quote in zip(combo.legs, quotes, strict=True):
        takes_ask = (leg.action == "BUY") == buying
        price, size = (quote.ask, quote.ask_size) if takes_ask else (quote.bid, quote.bid_size)
        if price is None:
            return None, None
        total += leg.signed_ratio * price * leg.contract.multiplier
        if size is not None:
            sizes.append(size // leg.ratio)
    net = (total / combo.multiplier).quantize(_PLACES).normalize() + ZERO
    return net, min(sizes) if len(sizes) == len(quotes) else None
