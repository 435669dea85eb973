"""Brokers that change and cancel orders wrongly, or keep dry runs so: each with one planted fault, and its case."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from conformance.saboteur import Meddler, saboteur
from conformance.saboteurs_orders import Remembering
from v6core.orders import Order
from v6core.reports import FillReport, ModifyRefusedReport, OrderReport, Report, ReportedStatus, Snapshot

# Changes.


@saboteur("MOD-01", "a change that leaves a second order behind")
class Doubling(Meddler):
    async def modify(self, order: Order, changes: Mapping[str, Any]) -> None:
        await self.inner.modify(order, changes)
        await self.inner.place([order.replace(order_id=uuid4(), order_ref=f"{order.order_ref}2")])


@saboteur("MOD-02", "a change of quantity confirmed and not made")
@saboteur("MOD-08", "a change of a trigger confirmed and not made")
class Agreeing(Meddler):
    async def modify(self, order: Order, changes: Mapping[str, Any]) -> None:
        report = (await self.inner.find(order.order_ref or "")).orders[-1]
        assert report.terms is not None
        terms = report.terms.model_copy(update=dict(changes))
        self.hear(report.model_copy(update={"terms": terms, "time": self.now()}))


class Replacing(Meddler):
    """Places another order in the place of one, and tells of both under the reference of the first."""

    firsts: dict[str, str]
    gone: set[str | None]

    async def connect(self) -> None:
        self.firsts, self.gone = {}, set()
        await self.inner.connect()

    def renamed(self, report: Any) -> Any:
        first = self.firsts.get(report.order_ref or "")
        return report if first is None else report.model_copy(update={"order_ref": first})

    def hear(self, report: Report) -> None:
        ref = getattr(report, "order_ref", None)
        if ref in self.gone:
            return
        if isinstance(report, OrderReport) and ref in self.firsts:
            report = report.model_copy(update={"replaces": "P000001"})
        super().hear(self.renamed(report) if ref is not None else report)

    async def snapshot(self) -> Snapshot:
        told = await self.inner.snapshot()
        lists = {name: getattr(told, name) for name in ("open_orders", "completed_orders", "fills")}
        return told.model_copy(
            update={name: tuple(self.renamed(report) for report in reports) for name, reports in lists.items()}
        )

    async def replace(self, order: Order, changes: Mapping[str, Any]) -> None:
        other = order.replace(order_id=uuid4(), order_ref=f"{order.order_ref}2", **changes)
        self.firsts[f"{order.order_ref}2"] = order.order_ref or ""
        await self.inner.place([other])


@saboteur("MOD-03", "a replacement that forgets what has filled")
class StartingOver(Replacing):
    async def modify(self, order: Order, changes: Mapping[str, Any]) -> None:
        self.gone.add(order.order_ref)
        await self.inner.cancel(order)
        await self.replace(order, changes)


@saboteur("MOD-04", "a change of an ended order places it anew")
class Reviving(Replacing):
    async def modify(self, order: Order, changes: Mapping[str, Any]) -> None:
        await self.replace(order, changes)


@saboteur("MOD-05", "a refused change that takes the order with it")
class Sulking(Meddler):
    is_refused = False

    def hear(self, report: Report) -> None:
        self.is_refused = isinstance(report, ModifyRefusedReport)
        super().hear(report)

    async def modify(self, order: Order, changes: Mapping[str, Any]) -> None:
        await self.inner.modify(order, changes)
        if self.is_refused:
            await self.inner.cancel(order)


@saboteur("MOD-06", "fills thrown away while a change is under way")
class Distracted(Meddler):
    is_busy = False

    def hear(self, report: Report) -> None:
        if not (self.is_busy and isinstance(report, FillReport)):
            super().hear(report)

    async def modify(self, order: Order, changes: Mapping[str, Any]) -> None:
        self.is_busy = True
        await asyncio.sleep(0.1)
        self.is_busy = False
        await self.inner.modify(order, changes)


@saboteur("MOD-06", "a replacement sized before the last fill")
class Outpaced(Replacing):
    async def modify(self, order: Order, changes: Mapping[str, Any]) -> None:
        rest = order.quantity - order.filled_quantity
        await asyncio.sleep(0.1)
        self.gone.add(order.order_ref)
        await self.inner.cancel(order)
        await self.replace(order, {"quantity": rest, **changes})


@saboteur("MOD-07", "a replacement placed before the order that it replaces is gone")
class Hasty(Replacing):
    async def modify(self, order: Order, changes: Mapping[str, Any]) -> None:
        await self.replace(order, changes)
        await asyncio.sleep(0.1)
        self.gone.add(order.order_ref)
        await self.inner.cancel(order)


# Cancels.


@saboteur("CXL-01", "a cancel acknowledged while the order works on")
@saboteur("CXL-05", "a cancel of a partly filled order acknowledged while it works on")
class Nodding(Meddler):
    async def cancel(self, order: Order) -> None:
        self.hear(OrderReport(time=self.now(), order_ref=order.order_ref, status=ReportedStatus.CANCELLED))


@saboteur("CXL-02", "a second cancel that places the order anew")
class Toggling(Replacing):
    async def cancel(self, order: Order) -> None:
        listed = {report.order_ref for report in (await self.inner.snapshot()).open_orders}
        await (self.inner.cancel(order) if order.order_ref in listed else self.replace(order, {}))

    def hear(self, report: Report) -> None:
        Meddler.hear(self, self.renamed(report) if getattr(report, "order_ref", None) else report)


@saboteur("CXL-03", "a cancel of an unknown order that cancels all")
class Panicking(Meddler):
    async def cancel(self, order: Order) -> None:
        if (await self.inner.find(order.order_ref or "")).is_empty:
            await self.inner.cancel_everything()
        else:
            await self.inner.cancel(order)


@saboteur("CXL-04", "a fill thrown away by the cancel that was too late")
class LastWord(Meddler):
    is_cancelling = False

    def hear(self, report: Report) -> None:
        if not (self.is_cancelling and isinstance(report, FillReport)):
            super().hear(report)

    async def cancel(self, order: Order) -> None:
        self.is_cancelling = True
        await asyncio.sleep(0.1)
        await self.inner.cancel(order)
        self.hear(OrderReport(time=self.now(), order_ref=order.order_ref, status=ReportedStatus.CANCELLED))


@saboteur("CXL-06", "a cancel that cancels the orders of others")
class Sweeping(Meddler):
    async def cancel(self, order: Order) -> None:
        await self.inner.cancel_everything()


@saboteur("CXL-07", "cancels that stop at the first one")
class GivingUp(Meddler):
    has_cancelled = False

    async def cancel(self, order: Order) -> None:
        if not self.has_cancelled:
            self.has_cancelled = True
            await self.inner.cancel(order)


@saboteur("CXL-08", "a cancel of everything that spares others")
class Sparing(Remembering):
    async def cancel_everything(self) -> None:
        for order in self.known.values():
            await self.inner.cancel(order)


# Simulated brokers.


@saboteur("PAP-01", "execution ids drawn at random")
class Random(Meddler):
    def hear(self, report: Report) -> None:
        if isinstance(report, FillReport):
            report = report.model_copy(update={"fill": report.fill.replace(execution_id=str(uuid4()))})
        super().hear(report)


@saboteur("PAP-05", "a commission that improves the price")
class Rewarding(Meddler):
    def hear(self, report: Report) -> None:
        if isinstance(report, FillReport):
            report = report.model_copy(update={"fill": report.fill.replace(commission=-(report.fill.commission or 0))})
        super().hear(report)


@saboteur("PAP-06", "a restart that forgets the account")
class Ephemeral(Meddler):
    def __init__(self, spec: Any, settings: Any, context: Any) -> None:
        super().__init__(spec, settings.model_copy(update={"state": "off"}), context)
