"""The routes of the Market Data API: latest quotes of shares and options, and the snapshots of chains."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fake_alpaca.house import House
from fake_alpaca.refusals import malformed, not_found
from fake_alpaca.server.reference import contract_query
from fake_alpaca.wire.fields import Fields
from fake_alpaca.wire.pages import page_of
from fake_alpaca.wire.quotes import option_quote, option_snapshot, stock_quote

_LATEST = frozenset({"symbols", "feed", "currency"})
_SNAPSHOTS = frozenset({"symbols", "feed", "updated_since", "limit", "page_token"})
_CHAIN = _SNAPSHOTS - {"symbols"} | {
    "type", "strike_price_gte", "strike_price_lte", "expiration_date", "expiration_date_gte", "expiration_date_lte",
    "root_symbol",
}  # fmt: skip
_MOST = 1000


class MarketData:
    """Quotes."""

    def __init__(self, house: House) -> None:
        self._market = house.market

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/v2/stocks/quotes/latest", self.stock_quotes, methods=["GET"]),
            Route("/v2/stocks/{symbol}/quotes/latest", self.one_stock_quote, methods=["GET"]),
            Route("/v2/stocks/snapshots", self.stock_snapshots, methods=["GET"]),
            Route("/v1beta1/options/quotes/latest", self.option_quotes, methods=["GET"]),
            Route("/v1beta1/options/snapshots", self.option_snapshots, methods=["GET"]),
            Route("/v1beta1/options/snapshots/{symbol}", self.chain, methods=["GET"]),
        ]

    async def stock_quotes(self, request: Request) -> Response:
        """Show the latest quotes of shares; a symbol that is not quoted is left out."""
        quotes = await self._market.quotes(_symbols(Fields(request.query_params, _LATEST)))
        return JSONResponse({"quotes": {symbol: stock_quote(quote) for symbol, quote in quotes.items()}})

    async def one_stock_quote(self, request: Request) -> Response:
        """Show the latest quote of one share."""
        symbol = request.path_params["symbol"]
        quotes = await self._market.quotes(frozenset({symbol}))
        if symbol not in quotes:
            raise not_found(f"no quote found for {symbol}")
        return JSONResponse({"symbol": symbol, "quote": stock_quote(quotes[symbol])})

    async def stock_snapshots(self, request: Request) -> Response:
        """Show the snapshots of shares: their quotes, for the simulated market has no tape of trades."""
        quotes = await self._market.quotes(_symbols(Fields(request.query_params, _LATEST)))
        return JSONResponse({symbol: {"latestQuote": stock_quote(quote)} for symbol, quote in quotes.items()})

    async def option_quotes(self, request: Request) -> Response:
        """Show the latest quotes of options."""
        quotes = await self._market.quotes(_symbols(Fields(request.query_params, _LATEST)))
        return JSONResponse({"quotes": {symbol: option_quote(quote) for symbol, quote in quotes.items()}})

    async def option_snapshots(self, request: Request) -> Response:
        """Show the snapshots of options, a page at a time."""
        fields = Fields(request.query_params, _SNAPSHOTS)
        return await self._snapshots(sorted(_symbols(fields)), fields)

    async def chain(self, request: Request) -> Response:
        """Show the snapshots of the options on an underlying, a page at a time."""
        fields = Fields(request.query_params, _CHAIN)
        query = contract_query(fields, (request.path_params["symbol"],), None)
        return await self._snapshots([asset.symbol for asset in await self._market.contracts(query)], fields)

    async def _snapshots(self, symbols: list[str], fields: Fields) -> Response:
        page, token = page_of(symbols, fields.text("page_token"), fields.whole("limit", 100, _MOST))
        quotes = await self._market.quotes(frozenset(page))
        shown = {symbol: option_snapshot(quote) for symbol, quote in quotes.items()}
        return JSONResponse({"snapshots": shown, "next_page_token": token})


def _symbols(fields: Fields) -> frozenset[str]:
    symbols = fields.words("symbols")
    if not symbols:
        raise malformed("symbols is required")
    return symbols
