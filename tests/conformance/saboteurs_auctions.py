"""Brokers that do wrong at the open, at the close, or with market-to-limit orders: one fault each, and its case."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from conformance.saboteur import Meddler, saboteur
from conformance.saboteurs_orders import Inventing, Respelling, Retyping
from v6_paper_plugin.broker import PaperBroker
from v6core.broker import Receipt
from v6core.orders import ON_CLOSE, ON_OPEN, Order, OrderType
from v6core.reports import OrderReport, ReportedStatus, Snapshot
from v6core.sessions import session_at

_MINUTE = timedelta(minutes=1)


@saboteur("MTL-01", "a market-to-limit order sent as a limit order far away")
class FarAway(Respelling):
    def respell(self, order: Order) -> Order:
        if order.order_type is not OrderType.MARKET_TO_LIMIT:
            return order
        return order.replace(order_type=OrderType.LIMIT, limit_price=Decimal(1000 if order.action == "SELL" else 1))


@saboteur("MTL-02", "the rest of a market-to-limit order left at the market")
class Chasing(Retyping):
    sent = {OrderType.MARKET_TO_LIMIT: OrderType.MARKET}  # noqa: RUF012 -- nobody changes it


@saboteur("MTL-03", "the limit of a market-to-limit order forgotten by a restart")
class Forgetful(Meddler):
    async def connect(self) -> None:
        await self.inner.connect()
        paper: PaperBroker = self.native
        assert paper._exchange is not None
        for order in paper._exchange.orders.open():
            paper._exchange.venue.leave(order)
            order.turned_limit = None
            paper._exchange.venue.enter(order, order.workable)


@saboteur("AUC-01", "an order at the close sent as a market order")
class AtOnce(Retyping):
    sent = {OrderType.MARKET_ON_CLOSE: OrderType.MARKET}  # noqa: RUF012


@saboteur("AUC-02", "a limit order at the close without its limit")
class AtAnyClose(Retyping):
    sent = {OrderType.LIMIT_ON_CLOSE: OrderType.MARKET_ON_CLOSE}  # noqa: RUF012
    dropped = ("limit_price",)


@saboteur("AUC-02", "a limit order at the close that works on after it")
class AfterTheClose(Retyping):
    sent = {OrderType.LIMIT_ON_CLOSE: OrderType.LIMIT}  # noqa: RUF012


class Telling(Meddler):
    """Says that it has orders which it has put aside, and lists them."""

    aside: tuple[OrderReport, ...] = ()

    def put_aside(self, order: Order) -> tuple[Receipt, ...]:
        report = OrderReport(time=self.now(), order_ref=order.order_ref, status=ReportedStatus.SUBMITTED)
        self.aside = (*self.aside, report)
        self.hear(report)
        return (Receipt(order.order_id),)

    async def snapshot(self) -> Snapshot:
        told = await self.inner.snapshot()
        return told.model_copy(update={"open_orders": (*told.open_orders, *self.aside)})


@saboteur("AUC-03", "an order that came too late for the close kept for the next one")
class Patient(Telling):
    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        session = session_at(self.now())
        late = session is None or self.now() > session.close - _MINUTE
        if late and orders[0].order_type in ON_CLOSE:
            return self.put_aside(orders[0])
        return await self.inner.place(orders)


@saboteur("AUC-04", "an order at the open filled in the night, from the last quote of the day")
class Sleepless(Inventing):
    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        if orders[0].order_type in ON_OPEN:
            return self.invent(orders[0], Decimal(100))
        return await self.inner.place(orders)


@saboteur("AUC-04", "an order at the open that comes to the market after it")
class Oversleeping(Telling):
    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        if orders[0].order_type in ON_OPEN:
            return self.put_aside(orders[0])
        return await self.inner.place(orders)


@saboteur("AUC-05", "a limit order at the open that works on after it")
class AfterTheOpen(Retyping):
    sent = {OrderType.LIMIT_ON_OPEN: OrderType.LIMIT}  # noqa: RUF012


@saboteur("AUC-06", "an order at the open sent as a market order, because the market is open")
class AlreadyOpen(Retyping):
    sent = {OrderType.MARKET_ON_OPEN: OrderType.MARKET}  # noqa: RUF012


@saboteur("AUC-07", "orders at the close that are not among the open ones")
class Apart(Meddler):
    async def snapshot(self) -> Snapshot:
        told = await self.inner.snapshot()
        shown = (one for one in told.open_orders if one.terms is None or one.terms.order_type not in ON_CLOSE)
        return told.model_copy(update={"open_orders": tuple(shown)})
