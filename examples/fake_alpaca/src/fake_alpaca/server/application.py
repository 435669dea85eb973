"""The application: all routes behind the gate."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from fake_alpaca.house import House
from fake_alpaca.refusals import Refusal
from fake_alpaca.server.account import AccountRoutes
from fake_alpaca.server.gate import Gate, refused
from fake_alpaca.server.lines import Lines
from fake_alpaca.server.market_data import MarketData
from fake_alpaca.server.orders import Orders
from fake_alpaca.server.quote_streams import QuoteStreams
from fake_alpaca.server.reference import Reference
from fake_alpaca.server.trade_updates import TradeUpdates


def application(house: House, lines: Lines, updates: TradeUpdates) -> ASGIApp:
    """Return the ASGI application that serves a house."""
    app = Starlette(
        routes=[
            *Orders(house).routes(),
            *AccountRoutes(house).routes(),
            *Reference(house).routes(),
            *MarketData(house).routes(),
            *updates.routes(),
            *QuoteStreams(house, lines).routes(),
        ],
        exception_handlers={Refusal: _refused, 404: _no_route, 405: _no_route},
    )
    return Gate(app, house, lines)


async def _refused(request: Request, error: Exception) -> Response:  # noqa: ARG001 -- a handler's signature
    assert isinstance(error, Refusal)
    return refused(error)


async def _no_route(request: Request, error: Exception) -> Response:  # noqa: ARG001 -- likewise
    return JSONResponse({"code": 40410000, "message": f"endpoint not found: {request.method} {request.url.path}"}, 404)
