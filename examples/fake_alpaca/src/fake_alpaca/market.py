"""What the market behind the broker shows: which assets there are, and at what they are quoted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal

from fake_alpaca.assets import Asset, asset_for, asset_of
from fake_alpaca.listed import ContractQuery, in_order, listed
from v6core.broker import Broker
from v6core.contracts import Contract, Option, Stock
from v6core.errors import NotSupported, Unavailable
from v6core.quotes import OptionChain, Quote
from v6core.sessions import trading_day


class MarketView:
    """The market, asked of the broker. What it does not know is None or left out, never made up.

    ``traded`` tells what orders name and what is held.
    """

    def __init__(self, broker: Broker, traded: Callable[[], Iterable[Contract]]) -> None:
        self._broker = broker
        self._traded = traded
        self._seen: dict[str, Asset] = {}
        self._prices: dict[str, Decimal] = {}

    @property
    def today(self) -> date:
        """The day in New York."""
        return trading_day(self._broker.now())

    def note(self, contract: Contract) -> None:
        """Take a contract that is quoted as one that somebody has named."""
        asset = asset_for(contract)
        if asset is not None:
            self._seen[asset.symbol] = asset

    async def asset(self, symbol: str) -> Asset | None:
        """Return the asset of a symbol, or None where the market does not list it."""
        try:
            details = await self._broker.qualify(asset_of(symbol).contract)
        except (ValueError, Unavailable):
            return None
        self.note(details.contract)
        return asset_for(details.contract)

    def seen(self) -> list[Asset]:
        """Return every asset that somebody has asked for."""
        return [self._seen[symbol] for symbol in sorted(self._seen)]

    async def quote(self, asset: Asset) -> Quote | None:
        """Return an asset's quote, or None where there is none."""
        try:
            return await self._broker.quote(asset.contract)
        except Unavailable:
            return None

    async def quotes(self, symbols: Iterator[str] | frozenset[str]) -> dict[str, Quote]:
        """Return the quotes of symbols; those without one are left out."""
        found: dict[str, Quote] = {}
        for symbol in sorted(symbols):
            asset = await self.asset(symbol)
            quote = None if asset is None else await self.quote(asset)
            if asset is not None and quote is not None:
                found[asset.symbol] = quote
        return found

    async def price(self, asset: Asset) -> Decimal | None:
        """Return the middle of an asset's quote, or the side that there is."""
        quote = await self.quote(asset)
        if quote is None:
            return None
        return next((price for price in (quote.mid, quote.bid, quote.ask) if price is not None), None)

    async def contracts(self, query: ContractQuery) -> list[Asset]:
        """Return the option contracts that a query asks for, by underlying, expiration, strike and right."""
        found = [asset for asset in self._named() if isinstance(asset.contract, Option) and query.takes(asset.contract)]
        for symbol in query.underlyings:
            chain, price = await self._chain(symbol), await self._price_of(symbol)
            if chain is not None and price is not None:
                found += listed(chain, price, self.today, query)
        return in_order(found)

    def _named(self) -> Iterator[Asset]:
        assets = (*self._seen.values(), *filter(None, map(asset_for, self._traded())))
        return (one for one in assets if isinstance(one.contract, Option) and one.contract.expiration >= self.today)

    async def _price_of(self, symbol: str) -> Decimal | None:
        """Return the price around which strikes are listed: the last that was seen, where nobody bids or offers."""
        asset = await self.asset(symbol)
        price = None if asset is None else await self.price(asset)
        if price is not None:
            self._prices[symbol] = price
        return self._prices.get(symbol)

    async def _chain(self, symbol: str) -> OptionChain | None:
        try:
            return await self._broker.option_chain(Stock(symbol))
        except (ValueError, Unavailable, NotSupported):
            return None

    def next_weekend(self) -> date:
        """Return the Sunday after the next trading day: contracts are listed up to it unless a query says otherwise."""
        weekday = self.today.weekday()
        return self.today + timedelta(days=6 - weekday + (7 if weekday >= 5 else 0))
