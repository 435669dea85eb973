"""Saboteurs of controls."""

from __future__ import annotations

from conformance.saboteur import Meddler, saboteur
from v6core.orders import Order
from v6core.reports import (
    OrderReport,
    ReportedStatus,
)


@saboteur("RSK-05", "tells of a cancel when it was asked for one")
class Promising(Meddler):
    async def cancel(self, order: Order) -> None:
        self.hear(OrderReport(time=self.now(), order_ref=order.order_ref, status=ReportedStatus.CANCELLED))


@saboteur("RSK-06", "a cancel is a cancel of everything")
class Sweeping(Meddler):
    async def cancel(self, order: Order) -> None:
        await self.inner.cancel_everything()
