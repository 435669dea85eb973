"""Brokers that send on, fill or tell orders wrongly: each with one planted fault, and the case that must find it."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_CEILING, Decimal
from typing import ClassVar

from conformance.saboteur import Meddler, saboteur
from v6_paper_plugin.broker import PaperBroker
from v6_paper_plugin.exchange.orders import ExchangeOrder
from v6_paper_plugin.exchange.quoted import QuotedVenue
from v6_paper_plugin.market import Tick
from v6core.broker import Receipt
from v6core.contracts import Contract, ContractDetails, OrderAction, TickBand
from v6core.fills import Fill
from v6core.orders import TRAILING, Order, OrderType, TimeInForce
from v6core.reports import FillReport, OrderReport, Report, ReportedStatus, Snapshot
from v6core.sessions import session_at

_TICK = Decimal("0.01")


class Respelling(Meddler):
    """Sends something else on than what it was given."""

    def respell(self, order: Order) -> Order:
        return order

    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        return await self.inner.place([self.respell(order) for order in orders])


# Market orders.


@saboteur("MKT-01", "half of every market order is dropped")
class Halving(Respelling):
    def respell(self, order: Order) -> Order:
        return order.replace(quantity=order.quantity // 2) if order.order_type is OrderType.MARKET else order


@saboteur("MKT-02", "a short position is told as a long one")
class Unsigned(Meddler):
    async def snapshot(self) -> Snapshot:
        told = await self.inner.snapshot()
        unsigned = tuple(one.model_copy(update={"quantity": abs(one.quantity)}) for one in told.positions)
        return told.model_copy(update={"positions": unsigned})


@saboteur("MKT-03", "what has ended is listed as open")
class Hoarding(Meddler):
    async def snapshot(self) -> Snapshot:
        told = await self.inner.snapshot()
        return told.model_copy(update={"open_orders": (*told.open_orders, *told.completed_orders)})


@saboteur("MKT-04", "a reversal is sent as what closes")
class ClosingOnly(Respelling):
    def respell(self, order: Order) -> Order:
        return order.replace(quantity=order.quantity / 2) if order.action is OrderAction.SELL else order


class Inventing(Meddler):
    """Tells of fills that never were."""

    def invent(self, order: Order, price: Decimal) -> tuple[Receipt, ...]:
        assert order.contract is not None
        assert order.contract.kind != "COMBO"
        fill = Fill(
            execution_id=f"invented {order.order_id}",
            contract=order.contract,
            action=order.action,
            quantity=order.quantity,
            price=price,
            time=self.now(),
        )
        self.hear(FillReport(time=self.now(), order_ref=order.order_ref, fill=fill))
        return (Receipt(order.order_id),)


@saboteur("MKT-05", "a fill at 0 where nobody offers")
class FillingAtNothing(Inventing):
    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        for order in orders:
            assert order.contract is not None
            if order.order_type is OrderType.MARKET and (await self.quote(order.contract)).ask is None:
                return self.invent(order, Decimal(0))
        return await self.inner.place(orders)


class Looking(Meddler):
    """Looks at the last quote anew, as if all that it showed were still there."""

    async def look_anew(self, contract: Contract) -> None:
        quote = await self.quote(contract)
        sizes = {"bid_size": quote.bid_size or None, "ask_size": quote.ask_size or None}
        self.native.set_quote(contract, quote.bid, quote.ask, **sizes)


@saboteur("PAP-03", "two orders take the same shares")
class Generous(Looking):
    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        for order in orders:
            assert order.contract is not None
            await self.look_anew(order.contract)
        return await self.inner.place(orders)


@saboteur("PAP-04", "a second fill from the same quote")
@saboteur("MKT-06", "the first price is taken for all of an order")
class Repeating(Looking):
    async def snapshot(self) -> Snapshot:
        for report in (await self.inner.snapshot()).open_orders:
            if report.terms is not None and report.terms.contract is not None:
                await self.look_anew(report.terms.contract)
        return await self.inner.snapshot()


class Tifs(Respelling):
    """Sends another time in force on."""

    sent: ClassVar[dict[TimeInForce, TimeInForce]]

    def respell(self, order: Order) -> Order:
        tif = self.sent.get(order.tif, order.tif)
        return order.replace(tif=tif, good_till=order.good_till if tif is TimeInForce.GTD else None)


@saboteur("MKT-07", "an IOC market order left waiting")
@saboteur("LMT-06", "an IOC order left resting")
class Lingering(Tifs):
    sent = {TimeInForce.IOC: TimeInForce.DAY}  # noqa: RUF012 -- nobody changes it


@saboteur("MKT-09", "a FOK market order filled in part")
@saboteur("LMT-08", "a FOK order filled in part")
class InPart(Tifs):
    sent = {TimeInForce.FOK: TimeInForce.IOC}  # noqa: RUF012


# Limit orders.


@saboteur("LMT-09", "a GTD order that never expires")
class Undying(Tifs):
    sent = {TimeInForce.GTD: TimeInForce.GTC}  # noqa: RUF012


@saboteur("LMT-09", "the end of a GTD order told as a cancel")
class Mistaken(Meddler):
    def hear(self, report: Report) -> None:
        if isinstance(report, OrderReport) and report.status is ReportedStatus.EXPIRED:
            report = report.model_copy(update={"status": ReportedStatus.CANCELLED})
        super().hear(report)


@saboteur("LMT-01", "a DAY order shown as GTC")
@saboteur("LMT-10", "a DAY order that works on the next day")
class Overstaying(Tifs):
    sent = {TimeInForce.DAY: TimeInForce.GTC}  # noqa: RUF012


@saboteur("LMT-02", "a limit order filled through its price")
class Reaching(Respelling):
    def respell(self, order: Order) -> Order:
        if order.limit_price is None:
            return order
        return order.replace(limit_price=order.limit_price + order.action.sign * 2 * _TICK)


class Remembering(Meddler):
    """Knows what it was given."""

    known: dict[str, Order]

    async def connect(self) -> None:
        self.known = {}
        await self.inner.connect()

    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        self.known |= {order.order_ref or "": order for order in orders}
        return await self.inner.place(orders)

    def of(self, report: Report) -> Order | None:
        return self.known.get(getattr(report, "order_ref", None) or "")


@saboteur("LMT-03", "a marketable limit order filled at its limit")
@saboteur("LMT-14", "a limit order filled at its limit through a gap")
class AtItsLimit(Remembering):
    def hear(self, report: Report) -> None:
        order = self.of(report)
        if isinstance(report, FillReport) and order is not None and order.limit_price is not None:
            report = report.model_copy(update={"fill": report.fill.replace(price=order.limit_price)})
        super().hear(report)


@saboteur("LMT-05", "an off-tick price rounded against the user")
class RoundingUp(Respelling):
    async def qualify(self, contract: Contract) -> ContractDetails:
        details = await self.inner.qualify(contract)
        return details.model_copy(update={"ticks": (TickBand(tick=_TICK / 10),)})

    def respell(self, order: Order) -> Order:
        if order.limit_price is None:
            return order
        return order.replace(limit_price=order.limit_price.quantize(_TICK, ROUND_CEILING))


@saboteur("LMT-07", "a partial fill lost with the cancel that follows it")
class Forgetting(Remembering):
    def hear(self, report: Report) -> None:
        order = self.of(report)
        if order is not None and order.tif is TimeInForce.IOC:
            if isinstance(report, FillReport):
                return
            report = report.model_copy(update={"filled_quantity": Decimal(0)})
        super().hear(report)


@saboteur("LMT-11", "a fill after the close, from the last quote of the day")
class Nocturnal(Inventing):
    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        if session_at(self.now()) is None:
            return self.invent(orders[0], orders[0].limit_price or Decimal(100))
        return await self.inner.place(orders)


# Conditional orders.


class Retyping(Respelling):
    """Sends an order of another type on."""

    sent: ClassVar[dict[OrderType, OrderType]]
    dropped: ClassVar[tuple[str, ...]] = ()

    def respell(self, order: Order) -> Order:
        kind = self.sent.get(order.order_type)
        return order if kind is None else order.replace(order_type=kind, **dict.fromkeys(self.dropped))


@saboteur("STP-01", "a stop that fires on the wrong side")
@saboteur("STP-02", "a stop that is through already, and waits")
class WrongSide(Retyping):
    sent = {OrderType.STOP: OrderType.MARKET_IF_TOUCHED}  # noqa: RUF012


@saboteur("STP-03", "a stop-limit order without its limit")
class Limitless(Retyping):
    sent = {OrderType.STOP_LIMIT: OrderType.STOP}  # noqa: RUF012
    dropped = ("limit_price",)


@saboteur("STP-05", "if-touched orders sent as stops")
class Stopping(Retyping):
    sent = {  # noqa: RUF012
        OrderType.MARKET_IF_TOUCHED: OrderType.STOP,
        OrderType.LIMIT_IF_TOUCHED: OrderType.STOP_LIMIT,
    }


@saboteur("STP-07", "a trailing stop-limit order without its offset")
class Offsetless(Retyping):
    sent = {OrderType.TRAIL_LIMIT: OrderType.TRAIL}  # noqa: RUF012
    dropped = ("limit_offset",)


@saboteur("STP-04", "a stop-limit order whose trigger is asked anew at each quote")
@saboteur("STP-06", "a trailing stop that moves back")
class Amnesiac(Meddler):
    async def connect(self) -> None:
        await self.inner.connect()
        paper: PaperBroker = self.native
        assert paper._exchange is not None
        venue = paper._exchange.venue
        assert isinstance(venue, QuotedVenue)
        take = venue.take

        def take_afresh(ticks: Sequence[Tick], *, anew: bool = False) -> None:
            orders = [order for desk in venue._desks.values() for order in desk.orders.values() if _waits(order)]
            for order in orders:
                venue.leave(order)
                order.trail_stop, order.triggered = None, False
            take(ticks, anew=anew)
            for order in orders:
                venue.enter(order, order.workable)

        venue.take = take_afresh  # type: ignore[method-assign]  # the fault


def _waits(order: ExchangeOrder) -> bool:
    return order.order_type in TRAILING or order.order_type is OrderType.STOP_LIMIT


@saboteur("STP-09", "a stop listed without its trigger")
class Untold(Meddler):
    async def snapshot(self) -> Snapshot:
        told = await self.inner.snapshot()
        reports = [
            report.model_copy(update={"terms": report.terms and report.terms.model_copy(update={"stop_price": None})})
            for report in told.open_orders
        ]
        return told.model_copy(update={"open_orders": tuple(reports)})
