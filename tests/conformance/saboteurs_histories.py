"""Saboteurs that only histories find: two harmless things, one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from conformance.saboteur import Meddler, saboteur
from v6core.orders import Order
from v6core.reports import (
    FillReport,
    OrderReport,
    Report,
    Snapshot,
)


@saboteur("HYP-01", "a conditional order that is resized by one too many")
class OneTooMany(Meddler):
    async def modify(self, order: Order, changes: Mapping[str, Any]) -> None:
        wrong = {"quantity": changes["quantity"] + 1} if "quantity" in changes and order.order_type != "LIMIT" else {}
        await self.inner.modify(order, {**changes, **wrong})


@saboteur("HYP-02", "an execution of a changed order that has another id when it is told again")
class RenamesExecutions(Meddler):
    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._changed: set[str | None] = set()
        self._told: set[str] = set()

    async def modify(self, order: Order, changes: Mapping[str, Any]) -> None:
        self._changed.add(order.order_ref)
        await self.inner.modify(order, changes)

    def hear(self, report: Report) -> None:
        if isinstance(report, FillReport):
            execution_id = report.fill.execution_id
            if execution_id in self._told and report.order_ref in self._changed:
                report = report.model_copy(update={"fill": report.fill.replace(execution_id=f"{execution_id}bis")})
            self._told.add(execution_id)
        super().hear(report)


@saboteur("HYP-03", "the fee of an option that is sold, charged and not told")
class HiddenFee(Meddler):
    def hear(self, report: Report) -> None:
        if isinstance(report, FillReport) and report.fill.contract.kind == "OPTION" and report.fill.action == "SELL":
            report = report.model_copy(update={"fill": report.fill.replace(commission=Decimal(0))})
        super().hear(report)


@saboteur("HYP-04", "a stop that is listed at another price when it sells")
class RoundsStops(Meddler):
    async def snapshot(self) -> Snapshot:
        there = await self.inner.snapshot()
        return there.model_copy(update={"open_orders": tuple(map(_rounded, there.open_orders))})


def _rounded(report: OrderReport) -> OrderReport:
    terms = report.terms
    if terms is None or terms.stop_price is None or terms.action != "SELL":
        return report
    return report.model_copy(update={"terms": terms.model_copy(update={"stop_price": round(terms.stop_price)})})


@saboteur("HYP-05", "an order that lives an hour longer after each restart")
class LivesLonger(Meddler):
    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._there: set[str | None] = set()

    async def connect(self) -> None:
        await super().connect()
        self._there = {report.order_ref for report in (await self.inner.snapshot()).open_orders}

    async def snapshot(self) -> Snapshot:
        there = await self.inner.snapshot()
        return there.model_copy(update={"open_orders": tuple(map(self._longer, there.open_orders))})

    def _longer(self, report: OrderReport) -> OrderReport:
        if report.order_ref not in self._there or report.terms is None or report.terms.good_till is None:
            return report
        later = {"good_till": report.terms.good_till + timedelta(hours=1)}
        return report.model_copy(update={"terms": report.terms.model_copy(update=later)})
