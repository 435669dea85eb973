"""Saboteurs of the life of orders."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from conformance.retelling import Retelling, with_fill
from conformance.saboteur import Meddler, saboteur
from v6core.broker import Receipt
from v6core.orders import Order, TimeInForce
from v6core.reports import (
    Evidence,
    FillCorrectionReport,
    FillReport,
    OrderReport,
    RejectionReport,
    Report,
    ReportedStatus,
    Snapshot,
)


@saboteur("SM-01", "tells of a cancel before the fill that overtook it")
class Hasty(Meddler):
    def hear(self, report: Report) -> None:
        if isinstance(report, FillReport):
            super().hear(
                OrderReport(
                    time=report.time,
                    order_ref=report.order_ref,
                    broker_order_id=report.broker_order_id,
                    status=ReportedStatus.CANCELLED,
                    filled_quantity=Decimal(0),
                )
            )
        super().hear(report)


@saboteur("SM-02", "drops in silence what it does not support")
class Dropping(Meddler):
    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        if any(order.tif is TimeInForce.GTD for order in orders):
            return tuple(Receipt(order.order_id) for order in orders)
        return await super().place(orders)


@saboteur("SM-03", "tells each execution by two ids")
class TwoStreams(Meddler):
    def hear(self, report: Report) -> None:
        super().hear(report)
        if isinstance(report, FillReport):
            super().hear(with_fill(report, execution_id=f"{report.fill.execution_id}-again"))


@saboteur("SM-04", "calls orders filled, and tells no executions")
class Claiming(Retelling):
    def retold(self, report: Any) -> Any:
        return None if isinstance(report, FillReport) else report


@saboteur("SM-05", "fills at nothing")
class Free(Retelling):
    def retold(self, report: Any) -> Any:
        return with_fill(report, price=Decimal(0)) if isinstance(report, FillReport) else report


@saboteur("SM-06", "gives an execution that is said again another id")
class Renaming(Meddler):
    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._said = Counter[str]()

    def hear(self, report: Report) -> None:
        if isinstance(report, FillReport):
            name = report.fill.execution_id
            self._said[name] += 1
            if self._said[name] > 1:
                report = with_fill(report, execution_id=f"{name}-{self._said[name]}")
        super().hear(report)


@saboteur("SM-07", "drops executions of orders that it has not acknowledged")
class InOrder(Retelling):
    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._acknowledged = set[str | None]()

    def hear(self, report: Report) -> None:
        if isinstance(report, OrderReport) and report.status is ReportedStatus.SUBMITTED:
            self._acknowledged.add(report.order_ref)
        super().hear(report)

    def retold(self, report: Any) -> Any:
        is_early = isinstance(report, FillReport) and report.order_ref not in self._acknowledged
        return None if is_early else report


@saboteur("SM-11", "takes local time for Greenwich's")
class Elsewhere(Retelling):
    def retold(self, report: Any) -> Any:
        if not isinstance(report, FillReport):
            return report
        return with_fill(report, time=report.fill.time - timedelta(hours=5))


@saboteur("SM-12", "takes a remark for a refusal")
class Alarmist(Meddler):
    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        receipts = await super().place(orders)
        if self.now().hour < 8:
            reason = "your order will not be placed at the exchange until 09:30"
            self.hear(RejectionReport(time=self.now(), order_ref=orders[0].order_ref, code="399", reason=reason))
        return receipts


@saboteur("SM-14", "lists orders as they were when they were placed")
class Yesterday(Meddler):
    async def snapshot(self) -> Snapshot:
        snapshot = await super().snapshot()
        rows = tuple(row.model_copy(update={"filled_quantity": Decimal(0)}) for row in snapshot.open_orders)
        return snapshot.model_copy(update={"open_orders": rows})


@saboteur("SM-14", "lists as expired what was cancelled", case_id="SM-01")
class Ungrateful(Meddler):
    async def snapshot(self) -> Snapshot:
        snapshot = await super().snapshot()
        rows = tuple(
            row.model_copy(update={"status": ReportedStatus.EXPIRED}) if row.status is ReportedStatus.CANCELLED else row
            for row in snapshot.completed_orders
        )
        return snapshot.model_copy(update={"completed_orders": rows})


@saboteur("SM-11", "its clock goes back", case_id="SM-01")
class Backwards(Meddler):
    _asked = 0

    def now(self) -> datetime:
        self._asked += 1
        return super().now() - timedelta(seconds=self._asked)


@saboteur("SM-02", "leaves an order in doubt that nobody doubted", case_id="CON-09")
class Losing(Meddler):
    _placed = 0

    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        self._placed += 1
        if self._placed == 2:
            return tuple(Receipt(order.order_id) for order in orders)
        return await super().place(orders)

    async def find(self, order_ref: str) -> Evidence:
        await asyncio.Event().wait()
        return await super().find(order_ref)


@saboteur("SM-14", "lists no executions", case_id="SM-03")
class Unlisting(Meddler):
    async def snapshot(self) -> Snapshot:
        return (await super().snapshot()).model_copy(update={"fills": ()})


@saboteur("SM-15", "tells a correction as one more execution")
class Adding(Meddler):
    def hear(self, report: Report) -> None:
        if isinstance(report, FillCorrectionReport) and report.fill is not None:
            super().hear(FillReport(time=report.time, order_ref=report.order_ref, fill=report.fill))
        else:
            super().hear(report)


@saboteur("SM-16", "drops a correction to nothing")
class Unbustable(Meddler):
    def hear(self, report: Report) -> None:
        if not (isinstance(report, FillCorrectionReport) and report.fill is None):
            super().hear(report)
