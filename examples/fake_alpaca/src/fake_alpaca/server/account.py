"""The routes of the account: its money, its positions and its executions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fake_alpaca.assets import asset_for
from fake_alpaca.desk.executions import Execution
from fake_alpaca.desk.tickets import Ticket
from fake_alpaca.house import House
from fake_alpaca.refusals import Refusal, invalid, not_found
from fake_alpaca.wire.accounts import Valued, account_json, activity_id, activity_json, position_json
from fake_alpaca.wire.fields import Fields
from fake_alpaca.wire.orders import order_json
from fake_alpaca.words import OrderType, Side, TimeInForce
from v6core.reports import BrokerPosition

_ACTIVITIES = frozenset(
    {
        "activity_types", "category", "order_id", "date", "until", "after", "direction", "page_size", "page_token",
    }
)  # fmt: skip
_MOST = 100


class AccountRoutes:
    """What can be asked of the account."""

    def __init__(self, house: House) -> None:
        self._house = house

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/v2/account", self.account, methods=["GET"]),
            Route("/v2/account/activities", self.activities, methods=["GET"]),
            Route("/v2/account/activities/{kind}", self.activities, methods=["GET"]),
            Route("/v2/positions", self.positions, methods=["GET"]),
            Route("/v2/positions", self.close_all, methods=["DELETE"]),
            Route("/v2/positions/{symbol}", self.position, methods=["GET"]),
            Route("/v2/positions/{symbol}", self.close, methods=["DELETE"]),
        ]

    async def account(self, request: Request) -> Response:  # noqa: ARG002 -- a route's signature
        """Show the account."""
        house = self._house
        await house.desk.settle()
        snapshot = await house.broker.snapshot()
        valued = await self._valued(snapshot.positions)
        return JSONResponse(account_json(snapshot.account, valued, house.account_id, snapshot.time))

    async def _valued(self, positions: Iterable[BrokerPosition]) -> list[Valued]:
        valued: list[Valued] = []
        for position in positions:
            asset = asset_for(position.contract)
            if asset is None:
                continue
            price = await self._house.market.price(asset)
            side = Side.SELL if position.quantity > 0 else Side.BUY
            free = abs(position.quantity) - self._house.desk.spoken_for(asset, side)
            valued.append(
                Valued(asset, position.quantity, position.avg_cost, position.avg_cost if price is None else price, free)
            )
        return valued

    # Positions

    async def positions(self, request: Request) -> Response:  # noqa: ARG002 -- a route's signature
        """List the positions."""
        return JSONResponse([position_json(position) for position in await self._held()])

    async def _held(self) -> list[Valued]:
        await self._house.desk.settle()
        return await self._valued((await self._house.broker.snapshot()).positions)

    async def _position(self, request: Request) -> Valued:
        name = request.path_params["symbol"]
        for position in await self._held():
            if name in {position.asset.symbol, str(position.asset.asset_id)}:
                return position
        raise not_found("position does not exist")

    async def position(self, request: Request) -> Response:
        """Show one position."""
        return JSONResponse(position_json(await self._position(request)))

    async def close(self, request: Request) -> Response:
        """Close a position, or a part of it, at the market."""
        position = await self._position(request)
        fields = Fields(request.query_params, frozenset({"qty", "percentage"}))
        qty, percentage = fields.number("qty"), fields.number("percentage")
        if qty is not None and percentage is not None:
            raise invalid("qty and percentage must not be used together")
        if percentage is not None:
            qty = (abs(position.quantity) * percentage / 100).quantize(Decimal(1), ROUND_DOWN)
        order = await self._house.desk.submit(_closing(position, abs(position.quantity) if qty is None else qty))
        return JSONResponse(order_json(order))

    async def close_all(self, request: Request) -> Response:
        """Close every position, and cancel all orders first where that is asked for."""
        if Fields(request.query_params, frozenset({"cancel_orders"})).flag("cancel_orders"):
            await self._house.desk.cancel_all()
        answers: list[dict[str, object]] = []
        shorts_first = sorted(await self._held(), key=lambda position: position.quantity)  # longs may cover them
        for position in shorts_first:
            try:
                order = await self._house.desk.submit(_closing(position, abs(position.quantity)))
                answers.append({"symbol": position.asset.symbol, "status": 200, "body": order_json(order)})
            except Refusal as refusal:
                answers.append({"symbol": position.asset.symbol, "status": refusal.status, "body": refusal.body()})
        return JSONResponse(answers, 207)

    # Activities

    async def activities(self, request: Request) -> Response:
        """List executions, the newest first unless asked otherwise; of other activities there are none."""
        await self._house.desk.settle()
        fields = Fields(request.query_params, _ACTIVITIES)
        kinds = fields.words("activity_types") | {request.path_params.get("kind", "FILL")}
        if "FILL" not in kinds or fields.text("category") == "non_trade_activity":
            return JSONResponse([])
        found = [one for one in self._house.desk.executions if _asked(one, fields)]
        if (fields.text("direction") or "desc") == "desc":
            found.reverse()
        found = _after_token(found, fields.text("page_token"))
        return JSONResponse([activity_json(one) for one in found[: fields.whole("page_size", _MOST, _MOST)]])


def _closing(position: Valued, qty: Decimal) -> Ticket:
    side = Side.SELL if position.quantity > 0 else Side.BUY
    return Ticket(asset=position.asset, side=side, type=OrderType.MARKET, tif=TimeInForce.DAY, qty=qty)


def _asked(execution: Execution, fields: Fields) -> bool:
    order_id, after, until, day = (
        fields.ident("order_id"), fields.moment("after"), fields.moment("until"), fields.moment("date")
    )  # fmt: skip
    return (
        (order_id is None or execution.order_id == order_id)
        and (after is None or execution.time > after)
        and (until is None or execution.time < until)
        and (day is None or _on(execution.time, day))
    )


def _on(time: datetime, day: datetime) -> bool:
    return day <= time < day + timedelta(days=1)


def _after_token(executions: list[Execution], token: str | None) -> list[Execution]:
    if token is None:
        return executions
    places = [n for n, execution in enumerate(executions) if activity_id(execution) == token]
    if not places:
        raise invalid(f"invalid page_token: {token}")
    return executions[places[0] + 1 :]
