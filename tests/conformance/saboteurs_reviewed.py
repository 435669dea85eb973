"""Saboteurs of what a tired author gets half right: the sale as well as the purchase, the list as well as the event."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any, ClassVar

from conformance.meddlers import ALONE
from conformance.retelling import Retelling, with_fill
from conformance.saboteur import Meddler, saboteur
from conformance.saboteurs_orders import Respelling
from v6core.broker import Receipt
from v6core.contracts import Contract, Option, OrderAction, Stock
from v6core.fills import Preview
from v6core.orders import Order, OrderType, TimeInForce
from v6core.quotes import Quote
from v6core.reports import (
    BrokerPosition,
    Evidence,
    FillReport,
    OrderReport,
    RejectionReport,
    ReportedStatus,
    Snapshot,
)

_PAGE = 50
_ALIKE = 30
"""So many characters of a reference are compared."""


class Relisting(Meddler):
    """Lists otherwise than it told: a subclass changes the snapshot."""

    def relisted(self, snapshot: Snapshot) -> Mapping[str, Any]:
        """Return what is listed in the place of what there is."""
        raise AssertionError(snapshot)

    async def snapshot(self) -> Snapshot:
        there = await self.inner.snapshot()
        return there.model_copy(update=self.relisted(there))


class Recounting(Relisting):
    """Counts the account's money otherwise."""

    def recounted(self, snapshot: Snapshot) -> Mapping[str, Any]:
        """Return what of the account is told otherwise."""
        raise AssertionError(snapshot)

    def relisted(self, snapshot: Snapshot) -> Mapping[str, Any]:
        return {"account": snapshot.account.model_copy(update=self.recounted(snapshot))}


class Repricing(Relisting):
    """Tells positions otherwise."""

    def repriced(self, row: BrokerPosition) -> BrokerPosition:
        """Return what is told of a position."""
        raise AssertionError(row)

    def relisted(self, snapshot: Snapshot) -> Mapping[str, Any]:
        return {"positions": tuple(map(self.repriced, snapshot.positions))}


class Remembering(Meddler):
    """Knows the orders that it was given."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.orders: dict[str | None, Order] = {}

    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        self.orders |= {order.order_ref: order for order in orders}
        return await super().place(orders)

    def limit_of(self, report: FillReport) -> Decimal:
        order = self.orders.get(report.order_ref)
        is_limit = order is not None and order.order_type is OrderType.LIMIT
        return order.limit_price or report.fill.price if order is not None and is_limit else report.fill.price


# What is listed, and was told otherwise.


@saboteur("SM-14", "executions are listed at the limits of their orders", case_id="SM-05")
class ListsLimits(Remembering, Relisting):
    def relisted(self, snapshot: Snapshot) -> Mapping[str, Any]:
        return {"fills": tuple(with_fill(row, price=self.limit_of(row)) for row in snapshot.fills)}


@saboteur("SM-14", "executions are listed free of charge", case_id="CON-06")
class ListsNoFees(Relisting):
    def relisted(self, snapshot: Snapshot) -> Mapping[str, Any]:
        return {"fills": tuple(with_fill(row, commission=Decimal(0)) for row in snapshot.fills)}


@saboteur("SM-17", "executions are listed with the time at which they are asked for")
class ListsThePresent(Relisting):
    def relisted(self, snapshot: Snapshot) -> Mapping[str, Any]:
        return {"fills": tuple(with_fill(row, time=self.now()) for row in snapshot.fills)}


@saboteur("ID-04", "nothing that was cancelled is listed as completed")
class ForgetsCancels(Relisting):
    def relisted(self, snapshot: Snapshot) -> Mapping[str, Any]:
        kept = [row for row in snapshot.completed_orders if row.status is not ReportedStatus.CANCELLED]
        return {"completed_orders": tuple(kept)}


@saboteur("REC-19", "open orders are listed by the first page")
class FirstPage(Relisting):
    def relisted(self, snapshot: Snapshot) -> Mapping[str, Any]:
        return {"open_orders": snapshot.open_orders[:_PAGE]}


@saboteur("REC-19", "executions are listed by the last page")
class LastPage(Relisting):
    def relisted(self, snapshot: Snapshot) -> Mapping[str, Any]:
        return {"fills": snapshot.fills[-_PAGE:]}


@saboteur("REC-20", "lists of today are told as of ever")
class TodayOnly(Relisting):
    def relisted(self, snapshot: Snapshot) -> Mapping[str, Any]:
        since = self.now() - timedelta(hours=12)
        return {
            "fills": tuple(row for row in snapshot.fills if row.fill.time > since),
            "completed_orders": tuple(row for row in snapshot.completed_orders if row.time > since),
        }


@saboteur("SM-11", "a snapshot bears the time of the first one", case_id="LMT-10")
class Stopped(Relisting):
    _first: datetime | None = None

    def relisted(self, snapshot: Snapshot) -> Mapping[str, Any]:
        self._first = self._first or snapshot.time
        return {"time": self._first}


class Belated(Retelling):
    """Tells its words with another time."""

    off_by: ClassVar[timedelta]

    def retold(self, report: Any) -> Any:
        return report.model_copy(update={"time": report.time + self.off_by})


@saboteur("SM-11", "its words are of an hour ago", case_id="LMT-01")
class HourAgo(Belated):
    off_by = timedelta(hours=-1)


@saboteur("SM-11", "its words are of an hour to come", case_id="LMT-01")
class HourAhead(Belated):
    off_by = timedelta(hours=1)


@saboteur("ID-07", "finds whatever begins like the reference")
class FindsTheLike(Meddler):
    async def find(self, order_ref: str) -> Evidence:
        there = await self.inner.snapshot()
        like = [row for row in there.open_orders if (row.order_ref or "").startswith(order_ref[:_ALIKE])]
        return Evidence(orders=tuple(like))


@saboteur("SM-04", "an order that has filled in part is told as filled", case_id="CXL-05")
class Rounding(Retelling):
    def retold(self, report: Any) -> Any:
        in_part = isinstance(report, OrderReport) and report.status is ReportedStatus.PARTIALLY_FILLED
        return report.model_copy(update={"status": ReportedStatus.FILLED}) if in_part else report


# Money.


@saboteur("MKT-03", "a position that is gone is listed as one of 0")
class KeepsZero(Relisting):
    def relisted(self, snapshot: Snapshot) -> Mapping[str, Any]:
        held = {row.contract.key for row in snapshot.positions}
        gone = {row.fill.contract.key: row.fill for row in snapshot.fills if row.fill.contract.key not in held}
        rows = [BrokerPosition(contract=one.contract, quantity=Decimal(0), avg_cost=one.price) for one in gone.values()]
        return {"positions": (*snapshot.positions, *rows)}


@saboteur("POS-02", "the cost of a short position is negative")
class NegativeCost(Repricing):
    def repriced(self, row: BrokerPosition) -> BrokerPosition:
        return row.model_copy(update={"avg_cost": row.avg_cost.copy_sign(row.quantity)})


@saboteur("POS-02", "a position that has turned round keeps the cost that it had")
class KeepsCost(Repricing):
    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._long: dict[str, Decimal] = {}

    def repriced(self, row: BrokerPosition) -> BrokerPosition:
        if row.quantity > 0:
            self._long[row.contract.key] = row.avg_cost
        return row.model_copy(update={"avg_cost": self._long.get(row.contract.key, row.avg_cost)})


@saboteur("POS-03", "equity is told without what is held")
class Cashless(Recounting):
    def recounted(self, snapshot: Snapshot) -> Mapping[str, Any]:
        return {"equity": snapshot.account.cash}


@saboteur("POS-03", "equity counts what is short as what is long")
class Bullish(Recounting):
    def recounted(self, snapshot: Snapshot) -> Mapping[str, Any]:
        account, is_short = snapshot.account, any(row.quantity < 0 for row in snapshot.positions)
        assert account.equity is not None
        return {"equity": 2 * account.cash - account.equity if is_short else account.equity}


@saboteur("POS-04", "equity counts one share for a whole contract")
class ForgetsMultipliers(Recounting):
    def recounted(self, snapshot: Snapshot) -> Mapping[str, Any]:
        account, options = snapshot.account, [row for row in snapshot.positions if isinstance(row.contract, Option)]
        forgotten = sum((row.quantity * row.avg_cost * 99 for row in options), Decimal(0))
        return {"equity": account.equity - forgotten} if account.equity is not None else {}


@saboteur("POS-03", "a profit is told as a loss")
class Gloomy(Recounting):
    def recounted(self, snapshot: Snapshot) -> Mapping[str, Any]:
        profit = snapshot.account.unrealized_pnl
        return {"unrealized_pnl": -profit if profit is not None else None}


@saboteur("POS-03", "what can be bought never becomes less")
class Endless(Recounting):
    _power: Decimal | None = None

    def recounted(self, snapshot: Snapshot) -> Mapping[str, Any]:
        self._power = self._power or snapshot.account.buying_power
        return {"buying_power": self._power}


@saboteur("POS-05", "the commission of the last execution is told for all that was charged")
class LastFee(Recounting):
    def recounted(self, snapshot: Snapshot) -> Mapping[str, Any]:
        return {"commissions": snapshot.fills[-1].fill.commission if snapshot.fills else Decimal(0)}


@saboteur("POS-05", "commissions are told in the money of somewhere else")
class Abroad(Retelling):
    def retold(self, report: Any) -> Any:
        return with_fill(report, currency="EUR") if isinstance(report, FillReport) else report


@saboteur("POS-05", "with each execution the fee of all of its order is told")
class SumsUp(Retelling):
    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._fees: dict[str | None, dict[str, Decimal]] = {}

    def retold(self, report: Any) -> Any:
        if not isinstance(report, FillReport):
            return report
        fees = self._fees.setdefault(report.order_ref, {})
        fees.setdefault(report.fill.execution_id, sum(fees.values(), report.fill.commission or Decimal(0)))
        return with_fill(report, commission=fees[report.fill.execution_id])


# One of two sides, one of several.


@saboteur("LMT-03", "a sale is told at its limit")
class SellsAtLimit(Remembering, Retelling):
    def retold(self, report: Any) -> Any:
        is_sale = isinstance(report, FillReport) and report.fill.action is OrderAction.SELL
        return with_fill(report, price=self.limit_of(report)) if is_sale else report


@saboteur("LMT-06", "a sale that is IOC is left resting")
class LeavesSales(Respelling):
    def respell(self, order: Order) -> Order:
        lingers = order.tif is TimeInForce.IOC and order.action is OrderAction.SELL
        return order.replace(tif="DAY") if lingers else order


@saboteur("MOD-01", "a change of a sale is confirmed and not made")
class ChangesPurchases(Meddler):
    async def modify(self, order: Order, changes: Mapping[str, Any]) -> None:
        if order.action is OrderAction.BUY:
            await self.inner.modify(order, changes)
            return
        told = (await self.inner.find(order.order_ref or "")).orders[-1]
        assert told.terms is not None
        terms = told.terms.model_copy(update=dict(changes))
        self.hear(told.model_copy(update={"terms": terms, "time": self.now()}))


class LongBrackets(Meddler):
    """Knows brackets that begin with a purchase alone."""

    forgotten: ClassVar[Mapping[str, None]]

    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        entry, *exits = orders
        if entry.action is OrderAction.SELL:
            exits = [order.replace(**self.forgotten) for order in exits]
        return await self.inner.place([entry, *exits])


@saboteur("GRP-01", "exits of a bracket that sells short do not wait")
class EagerCovers(LongBrackets):
    forgotten: ClassVar[Mapping[str, None]] = {"parent_order_id": None}


@saboteur("GRP-05", "exits of a bracket that sells short are no siblings")
class LonelyCovers(LongBrackets):
    forgotten: ClassVar[Mapping[str, None]] = ALONE


@saboteur("STP-06", "a trail of two percent is sent as one of two dollars")
class Retrailing(Respelling, Retelling):
    """Sends another trail than it was given, and tells of the one that it was given."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._given: dict[str | None, Order] = {}

    def respell(self, order: Order) -> Order:
        if order.trail_percent is None:
            return order
        self._given[order.order_ref] = order
        return order.replace(trail_percent=None, trail_amount=order.trail_percent)

    def retold(self, report: Any) -> Any:
        given = self._given.get(getattr(report, "order_ref", None))
        terms = getattr(report, "terms", None)
        if given is None or terms is None:
            return report
        trail = {"trail_percent": given.trail_percent, "trail_amount": None}
        return report.model_copy(update={"terms": terms.model_copy(update=trail)})


class Rounded(Respelling, Retelling):
    """Sends prices rounded, and tells of them as its own."""

    name: ClassVar[str]

    def respell(self, order: Order) -> Order:
        price: Decimal | None = getattr(order, self.name)
        is_share = order.contract is not None and order.contract.kind == "STOCK"
        return order.replace(**{self.name: round(price, 1)}) if price is not None and is_share else order


@saboteur("LMT-01", "limits are rounded to ten cents")
class RoundsLimits(Rounded):
    name = "limit_price"


@saboteur("LMT-01", "triggers are rounded to ten cents", case_id="STP-09")
class RoundsTriggers(Rounded):
    name = "stop_price"


@saboteur("ID-05", "a connection clears away what is nobody's")
class ClearsAway(Meddler):
    async def connect(self) -> None:
        await self.inner.connect()
        if any(row.order_ref is None for row in (await self.inner.snapshot()).open_orders):
            await self.inner.cancel_everything()


@saboteur("ID-03", "a cancel of what was changed hits what was placed last")
class HitsTheLast(Meddler):
    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._last: Order | None = None
        self._changed = set[str | None]()

    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        self._last = orders[-1]
        return await self.inner.place(orders)

    async def modify(self, order: Order, changes: Mapping[str, Any]) -> None:
        self._changed.add(order.order_ref)
        await self.inner.modify(order, changes)

    async def cancel(self, order: Order) -> None:
        hit = self._last if order.order_ref in self._changed else None
        await self.inner.cancel(hit or order)


@saboteur("CMB-04", "a combo that is sold is sent as one that is bought")
class BuysCombos(Respelling):
    def respell(self, order: Order) -> Order:
        is_combo = order.contract is not None and order.contract.kind == "COMBO"
        return order.replace(action="BUY") if is_combo else order


@saboteur("GRP-12", "all groups bear one name")
class OneGroup(Retelling):
    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        return await super().place([order.replace(oca_group="oca") if order.oca_group else order for order in orders])

    def retold(self, report: Any) -> Any:
        terms = getattr(report, "terms", None)
        return (
            report
            if terms is None
            else report.model_copy(update={"terms": terms.model_copy(update={"oca_group": None})})
        )


# What is declared, and does not work.


class Halving(Respelling, Retelling):
    """Takes halves of a share: it trades twice as many, and tells of half of them. Nothing is wrong with it."""

    declares: ClassVar[Mapping[str, Any]] = {"fractional": True}

    def respell(self, order: Order) -> Order:
        return order.replace(quantity=order.quantity * 2)

    def retold(self, report: Any) -> Any:
        if isinstance(report, FillReport):
            return with_fill(report, quantity=report.fill.quantity / 2)
        if not isinstance(report, OrderReport):
            return report
        terms, filled = report.terms, report.filled_quantity
        if terms is not None and terms.quantity is not None:
            terms = terms.model_copy(update={"quantity": terms.quantity / 2})
        return report.model_copy(update={"terms": terms, "filled_quantity": None if filled is None else filled / 2})

    async def snapshot(self) -> Snapshot:
        told = await super().snapshot()
        rows = [row.model_copy(update={"quantity": row.quantity / 2}) for row in told.positions]
        return told.model_copy(update={"positions": tuple(rows)})


@saboteur("MKT-10", "parts of a share are declared, and cut off")
class Whole(Halving):
    def respell(self, order: Order) -> Order:
        return super().respell(order.replace(quantity=order.quantity.to_integral_value(ROUND_DOWN)))


class Choosy(Meddler):
    """Refuses some of what it declares."""

    def refuses(self, order: Order) -> bool:
        """Tell whether an order is one of these."""
        raise AssertionError(order)

    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        if not self.refuses(orders[0]):
            return await self.inner.place(orders)
        for order in orders:
            self.hear(RejectionReport(time=self.now(), order_ref=order.order_ref, reason="not this one"))
        return tuple(Receipt(order.order_id) for order in orders)


@saboteur("SM-02", "stops of options are declared, and always refused")
class NoOptionStops(Choosy):
    def refuses(self, order: Order) -> bool:
        return isinstance(order.contract, Option) and order.order_type is OrderType.STOP


@saboteur("SM-02", "combos that last are declared, and always refused")
class NoLastingCombos(Choosy):
    def refuses(self, order: Order) -> bool:
        return order.contract is not None and order.contract.kind == "COMBO" and order.tif is TimeInForce.GTC


# Questions.


@saboteur("CON-13", "quotes bear a time of long ago")
class Ancient(Meddler):
    async def quote(self, contract: Contract) -> Quote:
        return (await self.inner.quote(contract)).model_copy(update={"time": datetime(2000, 1, 1, tzinfo=UTC)})


@saboteur("CON-13", "quotes with the sizes the other way round")
class SwapsSizes(Meddler):
    async def quote(self, contract: Contract) -> Quote:
        quote = await self.inner.quote(contract)
        return quote.model_copy(update={"bid_size": quote.ask_size, "ask_size": quote.bid_size})


@saboteur("CON-13", "an option is quoted as its stock")
class QuotesTheStock(Meddler):
    async def quote(self, contract: Contract) -> Quote:
        asked = Stock(contract.symbol) if isinstance(contract, Option) else contract
        return (await self.inner.quote(asked)).model_copy(update={"contract": contract})


@saboteur("CON-17", "nobody is told as somebody at 0")
class Nought(Meddler):
    async def quote(self, contract: Contract) -> Quote:
        quote = await self.inner.quote(contract)
        return quote.model_copy(update={"bid": quote.bid or Decimal(0), "ask": quote.ask or Decimal(0)})


@saboteur("CON-16", "a stream that knows the first contract alone")
class FirstContract(Meddler):
    def quotes(self, contracts: Sequence[Contract]) -> AsyncIterator[Quote]:
        return self.inner.quotes(contracts[:1])


@saboteur("CON-16", "a stream that stands still after its first words")
class StandsStill(Meddler):
    def quotes(self, contracts: Sequence[Contract]) -> AsyncIterator[Quote]:
        return self._first(contracts)

    async def _first(self, contracts: Sequence[Contract]) -> AsyncGenerator[Quote]:
        quotes = self.inner.quotes(contracts)
        for _ in contracts:
            yield await anext(quotes)
        await asyncio.Event().wait()


class Misjudging(Meddler):
    """Tells another preview than there is."""

    async def preview(self, orders: Sequence[Order]) -> Preview:
        return self.misjudged(await self.inner.preview(orders))

    def misjudged(self, preview: Preview) -> Preview:
        """Return what is told in its place."""
        raise AssertionError(preview)


@saboteur("CON-15", "a preview in which a purchase brings money in")
class Turned(Misjudging):
    def misjudged(self, preview: Preview) -> Preview:
        return preview.model_copy(update={"cash_change": -(preview.cash_change or Decimal(0))})


@saboteur("CON-15", "a preview of one share for all of an order")
class OneShare(Misjudging):
    def misjudged(self, preview: Preview) -> Preview:
        return preview.model_copy(update={"cash_change": (preview.cash_change or Decimal(0)) / 10})
