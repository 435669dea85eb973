"""Contracts looked up, chains, and quotes. Quotes are asked for, again and again where they are streamed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from v6_alpaca_plugin.records import Asset, MarketRow, OptionListing, OptionMarket, OptionPage, read
from v6_alpaca_plugin.settings import AlpacaSettings
from v6_alpaca_plugin.translation.contracts import (
    chain_of,
    combo_details,
    option_details,
    share_details,
    symbol_of,
)
from v6_alpaca_plugin.translation.quotes import combo_quote, quote_of
from v6_alpaca_plugin.transport import Refused, Rest
from v6core.contracts import Combo, Contract, ContractDetails, Option, Stock
from v6core.errors import Unavailable
from v6core.quotes import OptionChain, Quote

_NOT_FOUND = 404
_OPTIONS_PER_PAGE = 10_000
_FARTHEST = timedelta(days=3 * 366)
"""How far ahead options are listed; unless a last day is named, Alpaca shows those to the next weekend."""
_DELAYED = frozenset({"delayed_sip", "indicative"})


class Market:
    """Answers what Alpaca knows of contracts."""

    def __init__(self, rest: Rest, settings: AlpacaSettings, now: Callable[[], datetime]) -> None:
        self._rest = rest
        self._now = now
        self._settings = settings

    async def qualify(self, contract: Contract) -> ContractDetails:
        """Return a contract completed; Unavailable where Alpaca does not trade it."""
        if isinstance(contract, Combo):
            for leg in contract.legs:
                if not isinstance(leg.contract, Option):
                    raise Unavailable(f"Alpaca trades combos of options alone, and {leg.contract.key} is none")
                await self.qualify(leg.contract)
            return combo_details(contract)
        symbol = symbol_of(contract)
        if isinstance(contract, Option):
            return option_details(
                contract, read(OptionListing, await self._listed("options/contracts", symbol), symbol)
            )
        return share_details(contract, read(Asset, await self._listed("assets", symbol), symbol))

    async def _listed(self, where: str, symbol: str) -> Any:
        try:
            return await self._rest.ask(f"/{where}/{symbol}")
        except Refused as refusal:
            if refusal.status == _NOT_FOUND:
                raise Unavailable(f"Alpaca does not know {symbol}", code="UNKNOWN_CONTRACT") from refusal
            raise

    async def option_chain(self, contract: Contract) -> OptionChain:
        """Return the options listed on a share; Unavailable where there are none."""
        symbol = symbol_of(contract)
        last = (self._now() + _FARTHEST).date().isoformat()
        query = {"underlying_symbols": symbol, "status": "active", "expiration_date_lte": last}
        rows: list[OptionListing] = []
        token: str | None = None
        while True:
            paged = {**query, "limit": _OPTIONS_PER_PAGE, "page_token": token}
            answer = await self._rest.ask("/options/contracts", paged)
            # There may be thousands in a page: reading them takes longer than the event loop may be held up.
            page = await asyncio.to_thread(read, OptionPage, answer, f"the options on {symbol}")
            rows += page.option_contracts
            token = page.next_page_token
            if not token:
                break
        if not rows:
            raise Unavailable(f"Alpaca lists no options on {symbol}")
        return await asyncio.to_thread(chain_of, contract.symbol, rows)

    async def quote(self, contract: Contract) -> Quote:
        """Return a quote, a combo's from those of its legs; Unavailable where Alpaca has none."""
        return (await self._quotes((contract,)))[0]

    async def quotes(self, contracts: Sequence[Contract]) -> AsyncIterator[Quote]:
        """Yield each quote as it is, and then as it changes; one question for all of a kind each time."""
        told: dict[str, Quote] = {}
        while True:
            for quote in await self._quotes(contracts):
                if told.get(quote.contract.key) != quote:
                    told[quote.contract.key] = quote
                    yield quote
            await asyncio.sleep(self._settings.quote_interval)

    async def _quotes(self, contracts: Sequence[Contract]) -> list[Quote]:
        singles = {single.key: single for contract in contracts for single in _singles(contract)}
        shares = await self._shares([one for one in singles.values() if isinstance(one, Stock)])
        options = await self._options([one for one in singles.values() if not isinstance(one, Stock)])
        found = {**shares, **options}
        missing = sorted(singles.keys() - found.keys())
        if missing:
            raise Unavailable(f"Alpaca has no quote of {', '.join(missing)}")
        return [combo_quote(one, found) if isinstance(one, Combo) else found[one.key] for one in contracts]

    async def _shares(self, contracts: Sequence[Contract]) -> dict[str, Quote]:
        named = {symbol_of(contract): contract for contract in contracts}
        if not named:
            return {}
        feed = self._settings.stock_feed
        rows = await self._rest.ask_data("v2", "/stocks/snapshots", {"symbols": ",".join(named), "feed": feed})
        shown = read(dict[str, MarketRow | None], rows, "the quotes of shares")
        return _quotes_in(named, shown, delayed=feed in _DELAYED)

    async def _options(self, contracts: Sequence[Contract]) -> dict[str, Quote]:
        named = {symbol_of(contract): contract for contract in contracts}
        if not named:
            return {}
        feed = self._settings.option_feed
        query = {"symbols": ",".join(named), "feed": feed, "limit": 1000}
        answer = await self._rest.ask_data("v1beta1", "/options/snapshots", query)
        shown = read(OptionMarket, answer, "the quotes of options")
        return _quotes_in(named, shown.snapshots, delayed=feed in _DELAYED)


def _singles(contract: Contract) -> Iterable[Contract]:
    return [leg.contract for leg in contract.legs] if isinstance(contract, Combo) else [contract]


def _quotes_in(
    named: Mapping[str, Contract], rows: Mapping[str, MarketRow | None], *, delayed: bool
) -> dict[str, Quote]:
    found = ((contract, rows.get(symbol)) for symbol, contract in named.items())
    quotes = (quote_of(contract, row, delayed=delayed) for contract, row in found if row is not None)
    return {quote.contract.key: quote for quote in quotes if quote is not None}
