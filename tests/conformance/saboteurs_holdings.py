"""Saboteurs of what is held."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from conformance.retelling import Retelling, with_fill
from conformance.saboteur import Meddler, saboteur
from v6core.broker import Receipt
from v6core.fills import Commission, Preview
from v6core.orders import Order
from v6core.reports import (
    CommissionReport,
    FillReport,
    RejectionReport,
    Report,
    Snapshot,
)


class Misholding(Meddler):
    """Tells each position with changes."""

    def changes(self, quantity: Decimal, avg_cost: Decimal) -> dict[str, Any]:
        """Return what is told otherwise of a position."""
        return {}

    async def snapshot(self) -> Snapshot:
        snapshot = await super().snapshot()
        rows = tuple(row.model_copy(update=self.changes(row.quantity, row.avg_cost)) for row in snapshot.positions)
        return snapshot.model_copy(update={"positions": rows})


@saboteur("POS-01", "positions are off by one")
class OffByOne(Misholding):
    def changes(self, quantity: Decimal, avg_cost: Decimal) -> dict[str, Any]:
        return {"quantity": quantity + 1}


@saboteur("POS-01", "positions are off, and another case looks on", case_id="SM-04")
class OffByTwo(Misholding):
    def changes(self, quantity: Decimal, avg_cost: Decimal) -> dict[str, Any]:
        return {"quantity": quantity + 2}


@saboteur("POS-02", "tells the cost of all for the cost of one")
class Summing(Misholding):
    def changes(self, quantity: Decimal, avg_cost: Decimal) -> dict[str, Any]:
        return {"avg_cost": avg_cost * quantity}


@saboteur("POS-03", "leaves commissions out")
class NoFees(Retelling):
    def retold(self, report: Any) -> Any:
        return with_fill(report, commission=Decimal(0)) if isinstance(report, FillReport) else report

    async def snapshot(self) -> Snapshot:
        snapshot = await super().snapshot()
        return snapshot.model_copy(update={"account": snapshot.account.model_copy(update={"commissions": None})})


@saboteur("POS-04", "tells the cost of an option for the whole contract")
class Hundredfold(Misholding):
    def changes(self, quantity: Decimal, avg_cost: Decimal) -> dict[str, Any]:
        return {"avg_cost": avg_cost * 100}


@saboteur("POS-05", "tells a commission twice, and then as one")
class TwiceCharged(Meddler):
    def hear(self, report: Report) -> None:
        super().hear(report)
        if isinstance(report, FillReport) and report.fill.commission is not None:
            twice = Commission(execution_id=report.fill.execution_id, amount=report.fill.commission * 2)
            super().hear(CommissionReport(time=report.time, commission=twice))


@saboteur("POS-06", "never says that nobody can pay for it")
class Discreet(Retelling):
    def retold(self, report: Any) -> Any:
        return None if isinstance(report, RejectionReport) else report


@saboteur("POS-07", "positions are those of a moment ago")
class Lagging(Meddler):
    _last: Snapshot | None = None

    async def snapshot(self) -> Snapshot:
        present = await super().snapshot()
        last, self._last = self._last or present, present
        return present.model_copy(update={"positions": last.positions})


@saboteur("POS-08", "a preview places the order")
class Ordering(Meddler):
    async def preview(self, orders: Sequence[Order]) -> Preview:
        preview = await super().preview(orders)
        await self.inner.place(orders)
        return preview


@saboteur("POS-09", "tells a fill of the order that came last")
class Confusing(Retelling):
    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._last: dict[str, str | None] = {}

    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        self._last.update({order.contract.key: order.order_ref for order in orders if order.contract is not None})
        await asyncio.sleep(0.1)
        return await super().place(orders)

    def retold(self, report: Any) -> Any:
        if not isinstance(report, FillReport):
            return report
        return report.model_copy(update={"order_ref": self._last[report.fill.contract.key]})
