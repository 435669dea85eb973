"""The routes of what there is to trade, and when."""

from __future__ import annotations

from datetime import date, timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fake_alpaca.assets import Asset
from fake_alpaca.house import House
from fake_alpaca.listed import ContractQuery
from fake_alpaca.market import MarketView
from fake_alpaca.refusals import Refusal, not_found
from fake_alpaca.wire.fields import Fields
from fake_alpaca.wire.pages import page_of
from fake_alpaca.wire.reference import asset_json, calendar_json, clock_json, contract_json
from v6core.contracts import OptionRight
from v6core.sessions import FIRST_DAY, LAST_DAY, sessions

_CONTRACTS = frozenset(
    {
        "underlying_symbols", "show_deliverables", "status", "expiration_date", "expiration_date_gte",
        "expiration_date_lte", "root_symbol", "type", "style", "strike_price_gte", "strike_price_lte", "page_token",
        "limit", "ppind",
    }
)  # fmt: skip
_MOST_CONTRACTS = 10_000


class Reference:
    """Assets, option contracts, clock and calendar."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._market = house.market

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/v2/assets", self.assets, methods=["GET"]),
            Route("/v2/assets/{symbol}", self.asset, methods=["GET"]),
            Route("/v2/options/contracts", self.contracts, methods=["GET"]),
            Route("/v2/options/contracts/{symbol}", self.contract, methods=["GET"]),
            Route("/v2/clock", self.clock, methods=["GET"]),
            Route("/v2/calendar", self.calendar, methods=["GET"]),
        ]

    async def assets(self, request: Request) -> Response:
        """List the assets that somebody has asked for: the simulated market has no end of them."""
        fields = Fields(request.query_params, frozenset({"status", "asset_class", "exchange", "attributes"}))
        kind = fields.text("asset_class") or "us_equity"
        shown = [asset for asset in self._market.seen() if asset.asset_class == kind]
        return JSONResponse([] if fields.text("status") == "inactive" else [asset_json(asset) for asset in shown])

    async def asset(self, request: Request) -> Response:
        """Show an asset, by its symbol or its id."""
        return JSONResponse(asset_json(await self._named(request, "asset not found for")))

    async def _named(self, request: Request, otherwise: str) -> Asset:
        name = request.path_params["symbol"]
        by_id = next((asset for asset in self._market.seen() if str(asset.asset_id) == name), None)
        found = by_id or await self._market.asset(name)
        if found is None:
            raise not_found(f"{otherwise} {name}")
        return found

    async def contracts(self, request: Request) -> Response:
        """List option contracts, a page at a time."""
        fields = Fields(request.query_params, _CONTRACTS)
        query = contract_query(fields, tuple(sorted(fields.words("underlying_symbols"))), self._market)
        rows = [] if fields.text("status") == "inactive" else await self._market.contracts(query)
        page, token = page_of(rows, fields.text("page_token"), fields.whole("limit", 100, _MOST_CONTRACTS))
        return JSONResponse({"option_contracts": [contract_json(asset) for asset in page], "next_page_token": token})

    async def contract(self, request: Request) -> Response:
        """Show an option contract, by its symbol or its id."""
        asset = await self._named(request, "option contract not found for")
        if not asset.is_option:
            raise not_found(f"option contract not found for {asset.symbol}")
        return JSONResponse(contract_json(asset))

    async def clock(self, request: Request) -> Response:  # noqa: ARG002 -- a route's signature
        """Show the clock of New York's exchange at the market's time."""
        return JSONResponse(clock_json(self._house.broker.now()))

    async def calendar(self, request: Request) -> Response:
        """List trading days; without bounds, those of the table that v6 has."""
        fields = Fields(request.query_params, frozenset({"start", "end", "date_type"}))
        first, last = _within(fields.moment("start"), FIRST_DAY), _within(fields.moment("end"), LAST_DAY)
        last = min(last, LAST_DAY - timedelta(days=7))  # a day's trades settle on a later one, which has to be known
        return JSONResponse([calendar_json(session) for session in sessions(max(first, FIRST_DAY), last)])


def _within(moment: date | None, otherwise: date) -> date:
    return otherwise if moment is None else date(moment.year, moment.month, moment.day)


def contract_query(fields: Fields, underlyings: tuple[str, ...], market: MarketView | None) -> ContractQuery:
    """Return which contracts are asked for; with a ``market``, those to its next weekend unless days are named."""
    days = {name: fields.day(name) for name in ("expiration_date", "expiration_date_gte", "expiration_date_lte")}
    last = days["expiration_date_lte"]
    if market is not None and not any(days.values()):
        last = market.next_weekend()
    return ContractQuery(
        underlyings=underlyings or tuple(sorted(fields.words("root_symbol"))),
        expiration=days["expiration_date"],
        first=days["expiration_date_gte"],
        last=last,
        right=_right(fields),
        lowest=fields.number("strike_price_gte"),
        highest=fields.number("strike_price_lte"),
    )


def _right(fields: Fields) -> OptionRight | None:
    kind = fields.text("type")
    if kind is None:
        return None
    try:
        return OptionRight(kind)
    except ValueError:
        raise Refusal(422, 40010001, f"invalid type: {kind}") from None
