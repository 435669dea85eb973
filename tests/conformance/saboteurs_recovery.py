"""Saboteurs of recovery."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from conformance.retelling import Retelling, with_fill
from conformance.saboteur import Meddler, saboteur
from conformance.saboteurs_identity import Grasping
from v6core.broker import Receipt
from v6core.capabilities import SubmitIdentity
from v6core.contracts import Contract
from v6core.errors import NotConnected
from v6core.orders import Order
from v6core.quotes import Quote
from v6core.reports import (
    BrokerPosition,
    Evidence,
    FillReport,
    OrderReport,
    Report,
    ReportedStatus,
    Snapshot,
)


class Caching(Meddler):
    """Tells a snapshot from a cache that ``is_stale``."""

    _cache: Snapshot | None = None

    def is_stale(self) -> bool:
        """Tell whether the cache is told in the place of the present."""
        return self._cache is not None

    async def snapshot(self) -> Snapshot:
        if self._cache is None or not self.is_stale():
            self._cache = await super().snapshot()
        return self._cache


@saboteur("REC-01", "is ready before it has looked")
class Impatient(Retelling):
    async def snapshot(self) -> Snapshot:
        snapshot = await super().snapshot()
        rows = tuple(row for row in snapshot.completed_orders if row.status is not ReportedStatus.FILLED)
        filled = tuple(
            row.model_copy(update={"status": ReportedStatus.SUBMITTED, "filled_quantity": Decimal(0)})
            for row in snapshot.completed_orders
            if row.status is ReportedStatus.FILLED
        )
        return snapshot.model_copy(
            update={"open_orders": (*snapshot.open_orders, *filled), "completed_orders": rows, "fills": ()}
        )


@saboteur("REC-02", "fills are lost at a reconnection")
class LosesFills(Meddler):
    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._told = set[str]()

    def hear(self, report: Report) -> None:
        if isinstance(report, FillReport):
            self._told.add(report.fill.execution_id)
        super().hear(report)

    async def snapshot(self) -> Snapshot:
        snapshot = await super().snapshot()
        fills = tuple(row for row in snapshot.fills if row.fill.execution_id in self._told)
        return snapshot.model_copy(update={"fills": fills})

    async def find(self, order_ref: str) -> Evidence:
        found = await super().find(order_ref)
        return found.model_copy(
            update={"fills": tuple(row for row in found.fills if row.fill.execution_id in self._told)}
        )


@saboteur("REC-03", "finds only what it has acknowledged")
class Blind(Meddler):
    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._acknowledged = set[str | None]()

    def hear(self, report: Report) -> None:
        self._acknowledged.add(getattr(report, "order_ref", None))
        super().hear(report)

    async def find(self, order_ref: str) -> Evidence:
        return await super().find(order_ref) if order_ref in self._acknowledged else Evidence()


@saboteur("REC-04", "tells of what never arrived as cancelled")
class Presuming(Meddler):
    declares: ClassVar[Mapping[str, Any]] = {"submit_identity": SubmitIdentity.QUERYABLE}

    async def find(self, order_ref: str) -> Evidence:
        found = await super().find(order_ref)
        gone = OrderReport(time=self.now(), order_ref=order_ref, status=ReportedStatus.CANCELLED)
        return Evidence(orders=(gone,)) if found.is_empty else found


@saboteur("REC-05", "takes a second cancel for the first")
class CancelsOnce(Meddler):
    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._asked = set[str | None]()

    async def cancel(self, order: Order) -> None:
        if order.order_ref not in self._asked:
            self._asked.add(order.order_ref)
            await super().cancel(order)


class SendsAgain(Meddler):
    """Sends again, at each start, what it sent last before."""

    sent: ClassVar[dict[str, Sequence[Order]]] = {}

    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        self.sent[str(self._context.folder)] = orders
        return await super().place(orders)

    async def connect(self) -> None:
        await super().connect()
        last = self.sent.pop(str(self._context.folder), None)
        if last is not None:
            await self.inner.place(last)


@saboteur("REC-06", "sends again at its start what it sent last")
class Persistent(SendsAgain):
    pass


@saboteur("REC-16", "sends the last bracket again at its start")
class PersistentInBrackets(SendsAgain):
    pass


@saboteur("REC-18", "sends again at its start what was cancelled")
class PersistentInCancels(SendsAgain):
    pass


@saboteur("REC-17", "sends the last roll again at its start")
class PersistentInRolls(SendsAgain):
    pass


@saboteur("REC-08", "takes foreign fills for ours")
class Counting(Grasping):
    def retold(self, report: Any) -> Any:
        is_theirs = isinstance(report, FillReport) and report.order_ref is None
        return report.model_copy(update={"order_ref": self._last}) if is_theirs else report


@saboteur("REC-09", "knows what others did only by hearsay")
class Deaf(Meddler):
    _rows: tuple[BrokerPosition, ...] = ()

    async def snapshot(self) -> Snapshot:
        snapshot = await super().snapshot()
        self._rows = self._rows or tuple(row for row in snapshot.positions if row.quantity)
        return snapshot.model_copy(update={"positions": self._rows})


@saboteur("REC-10", "lists from a cache that is filled once")
class Stale(Caching):
    pass


@saboteur("REC-11", "lists executions by new ids each time")
class Renumbering(Meddler):
    _looks = 0

    async def snapshot(self) -> Snapshot:
        snapshot, self._looks = await super().snapshot(), self._looks + 1
        rows = tuple(with_fill(row, execution_id=f"{row.fill.execution_id}-{self._looks}") for row in snapshot.fills)
        return snapshot.model_copy(update={"fills": rows})


@saboteur("REC-12", "answers from its cache while it is cut off")
class Pretending(Meddler):
    async def snapshot(self) -> Snapshot:
        with contextlib.suppress(NotConnected):
            self._last = await super().snapshot()
        return self._last


@saboteur("REC-13", "drops what comes too fast")
class Throttled(Meddler):
    _taken = 0

    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        self._taken += 1
        if self._taken > 10:
            return tuple(Receipt(order.order_id) for order in orders)
        return await super().place(orders)


@saboteur("REC-14", "tells its last quote while it is cut off")
class Fresh(Meddler):
    async def quote(self, contract: Contract) -> Quote:
        with contextlib.suppress(NotConnected):
            self._last = await super().quote(contract)
        return self._last.model_copy(update={"time": self.now()})


@saboteur("REC-15", "tells a change as made when it was asked for")
class Obliging(Retelling):
    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._asked: dict[str | None, Mapping[str, Any]] = {}

    async def modify(self, order: Order, changes: Mapping[str, Any]) -> None:
        self._asked[order.order_ref] = changes
        await super().modify(order, changes)

    def retold(self, report: Any) -> Any:
        if not isinstance(report, OrderReport) or report.terms is None:
            return report
        terms = report.terms.model_copy(update=dict(self._asked.get(report.order_ref, {})))
        return report.model_copy(update={"terms": terms})
