"""What is told when a client asks: its open orders, everybody's, those that have ended, executions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from v6_ib_plugin.gateway.desk.blotter import Blotter
from v6_ib_plugin.gateway.desk.orders import DeskOrder
from v6_ib_plugin.gateway.desk.telling import completed_order, open_order, order_status
from v6_ib_plugin.gateway.wire.messages import (
    CommissionReport,
    CompletedOrdersEnd,
    ExecDetails,
    ExecDetailsEnd,
    Message,
    OpenOrderEnd,
    OrderBound,
)
from v6_ib_plugin.gateway.wire.requests import ReqExecutions
from v6core.sessions import NEW_YORK

MANUAL_CLIENT = 0
"""The client that orders made by hand can be bound to."""


class Listing:
    """Reads the blotter; only binding changes it."""

    def __init__(self, blotter: Blotter) -> None:
        self._blotter = blotter

    def open_orders(self, client_id: int) -> Iterator[Message]:
        """Yield the open orders of one client; client 0 gets those made by hand too, and is bound to them."""
        if client_id == MANUAL_CLIENT:
            yield from self.bind_manual()
        for order in self._blotter.register.listed(client_id):
            yield from self._told(order, client_id)
        yield OpenOrderEnd()

    def all_open_orders(self, client_id: int) -> Iterator[Message]:
        """Yield the open orders of everybody, as one client sees them."""
        for order in self._blotter.register.listed():
            yield from self._told(order, client_id)
        yield OpenOrderEnd()

    def _told(self, order: DeskOrder, client_id: int) -> Iterator[Message]:
        visit = self._blotter.visit(client_id) if client_id == order.client_id else -1
        yield open_order(order, visit, order.listed_status)
        yield order_status(order, order.listed_status)

    def bind_manual(self) -> Iterator[Message]:
        """Give the orders made by hand ids of client 0, under which it can cancel them."""
        register = self._blotter.register
        for order in register.listed(MANUAL_CLIENT):
            if order.manual and not order.order_id:
                order.order_id = register.next_bound_id()
                register.bind(order)
                order.show(replace(order.order, order_id=order.order_id))
                order.told = order.standing()
                yield OrderBound(order.perm_id, MANUAL_CLIENT, order.order_id)

    def completed_orders(self, *, api_only: bool) -> Iterator[Message]:
        """Yield the orders that ended since midnight; with ``api_only`` none that was made by hand."""
        local = self._blotter.now().astimezone(NEW_YORK)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        for order in self._blotter.register.ended:
            if order.ended_at is not None and order.ended_at >= midnight and not (api_only and order.manual):
                yield completed_order(order)
        yield CompletedOrdersEnd()

    def executions(self, asked: ReqExecutions) -> Iterator[Message]:
        """Yield the executions that a filter asks for, their end, and then what they cost. Raises ValueError."""
        told = tuple(self._blotter.executions.matching(asked, self._blotter.now()))
        for each in told:
            yield ExecDetails(asked.req_id, each.contract, each.execution)
        yield ExecDetailsEnd(asked.req_id)
        for each in told:
            if each.commission is not None:
                yield CommissionReport(each.commission)
