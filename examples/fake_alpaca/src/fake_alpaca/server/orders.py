"""The routes of orders."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fake_alpaca.house import House
from fake_alpaca.refusals import invalid
from fake_alpaca.wire.fields import Fields, body_of
from fake_alpaca.wire.orders import order_json
from fake_alpaca.wire.requests import order_id_of, order_query, replacement_of, ticket_of


class Orders:
    """What can be asked of the desk."""

    def __init__(self, house: House) -> None:
        self._desk = house.desk

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/v2/orders", self.list, methods=["GET"]),
            Route("/v2/orders", self.submit, methods=["POST"]),
            Route("/v2/orders", self.cancel_all, methods=["DELETE"]),
            Route("/v2/orders:by_client_order_id", self.by_client_id, methods=["GET"]),
            Route("/v2/orders/{order_id}", self.get, methods=["GET"]),
            Route("/v2/orders/{order_id}", self.replace, methods=["PATCH"]),
            Route("/v2/orders/{order_id}", self.cancel, methods=["DELETE"]),
        ]

    async def submit(self, request: Request) -> Response:
        """Take an order; its exits are shown with it."""
        order = await self._desk.submit(ticket_of(body_of(await request.body())))
        return JSONResponse(order_json(order, nested=True))

    async def list(self, request: Request) -> Response:
        """List orders."""
        await self._desk.settle()
        query = order_query(request.query_params)
        return JSONResponse([order_json(order, nested=query.nested) for order in self._desk.find(query)])

    async def get(self, request: Request) -> Response:
        """Show one order."""
        await self._desk.settle()
        nested = Fields(request.query_params, frozenset({"nested"})).flag("nested")
        return JSONResponse(order_json(self._desk.get(order_id_of(request.path_params["order_id"])), nested=nested))

    async def by_client_id(self, request: Request) -> Response:
        """Show the order under a client's id."""
        await self._desk.settle()
        client_order_id = Fields(request.query_params, frozenset({"client_order_id"})).text("client_order_id")
        if not client_order_id:
            raise invalid("client_order_id is required")
        return JSONResponse(order_json(self._desk.by_client_id(client_order_id)))

    async def replace(self, request: Request) -> Response:
        """Put a new order in the place of one."""
        order_id = order_id_of(request.path_params["order_id"])
        order = await self._desk.replace(order_id, replacement_of(body_of(await request.body())))
        return JSONResponse(order_json(order))

    async def cancel(self, request: Request) -> Response:
        """Ask to cancel an order."""
        await self._desk.cancel(order_id_of(request.path_params["order_id"]))
        return Response(status_code=204)

    async def cancel_all(self, request: Request) -> Response:  # noqa: ARG002 -- a route's signature
        """Ask to cancel everything."""
        answers = await self._desk.cancel_all()
        return JSONResponse([{"id": str(order_id), "status": status} for order_id, status in answers], 207)
