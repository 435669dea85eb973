"""Saboteurs of identity."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from conformance.retelling import Retelling
from conformance.saboteur import Meddler, saboteur
from v6core.broker import Receipt
from v6core.orders import Order
from v6core.reports import (
    Evidence,
    FillReport,
    OrderReport,
    Snapshot,
)


@saboteur("ID-01", "submits each order twice")
class Doubling(Retelling):
    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        second = [order.replace(order_ref=f"{order.order_ref}-2") for order in orders]
        return (await super().place(orders), await self.inner.place(second))[0]

    def retold(self, report: Any) -> Any:
        reference = getattr(report, "order_ref", None) or ""
        return report.model_copy(update={"order_ref": reference[:-2]}) if reference.endswith("-2") else report


@saboteur("ID-02", "forgets at a restart which reference is whose")
class Amnesiac(Meddler):
    async def find(self, order_ref: str) -> Evidence:
        snapshot = await self.inner.snapshot()
        return Evidence(orders=snapshot.open_orders[:1])


@saboteur("ID-03", "loses the reference with the change")
class NewIdentity(Retelling):
    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._changed = set[str | None]()

    async def modify(self, order: Order, changes: Mapping[str, Any]) -> None:
        await super().modify(order, changes)
        self._changed.add(order.order_ref)

    async def snapshot(self) -> Snapshot:
        snapshot = await super().snapshot()
        rows = tuple(
            row.model_copy(update={"order_ref": None}) if row.order_ref in self._changed else row
            for row in snapshot.open_orders
        )
        return snapshot.model_copy(update={"open_orders": rows})


@saboteur("ID-04", "forgets the reference in executions")
class Forgetful(Retelling):
    def retold(self, report: Any) -> Any:
        return report.model_copy(update={"order_ref": None}) if isinstance(report, FillReport) else report


@saboteur("ID-05", "claims foreign orders as ours")
class Grasping(Retelling):
    _last: str | None = None

    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        self._last = orders[-1].order_ref
        return await super().place(orders)

    def retold(self, report: Any) -> Any:
        is_theirs = isinstance(report, OrderReport) and report.order_ref is None
        return report.model_copy(update={"order_ref": self._last}) if is_theirs else report


@saboteur("ID-06", "gives two orders at the same moment one id")
class Racing(Retelling):
    def retold(self, report: Any) -> Any:
        has_id = getattr(report, "broker_order_id", None) is not None
        return report.model_copy(update={"broker_order_id": "7"}) if has_id else report

    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        return tuple(dataclasses.replace(one, broker_order_id="7") for one in await super().place(orders))


@saboteur("ID-07", "cuts references to what its field takes")
class Cutting(Retelling):
    def retold(self, report: Any) -> Any:
        reference = getattr(report, "order_ref", None)
        return report if reference is None else report.model_copy(update={"order_ref": reference[:32]})
