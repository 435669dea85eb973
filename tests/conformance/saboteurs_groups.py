"""Saboteurs of brackets and one-cancels-all groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from conformance.meddlers import ALONE, Renaming, is_bracket, standing
from conformance.saboteur import Meddler, saboteur
from v6core.broker import Receipt
from v6core.orders import OcaType, Order
from v6core.reports import (
    CancelRefusedReport,
    OrderTerms,
    Report,
    ReportedStatus,
)


@saboteur("GRP-01", "exits that do not wait for their entry")
class ImpatientExits(Meddler):
    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        return await self.inner.place([order.replace(parent_order_id=None) for order in orders])


@saboteur("GRP-04", "exits that outlive their entry")
class UndyingExits(ImpatientExits):
    """v6 would clear them away by itself, so they do not listen to that either."""

    async def cancel(self, order: Order) -> None:
        if order.parent_order_id is None:
            await self.inner.cancel(order)
        else:
            self.hear(CancelRefusedReport(time=self.now(), order_ref=order.order_ref, reason="it stays"))


@saboteur("GRP-02", "a bracket that goes out as three strangers")
class Strangers(Meddler):
    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        receipts: list[Receipt] = []
        for order in orders:
            receipts += await self.inner.place([order.replace(parent_order_id=None)])
        return tuple(receipts)


@saboteur("GRP-03", "exits as large as the order, not as what filled")
class OversizeExits(Meddler):
    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        entry, *exits = orders
        receipts = await self.inner.place([entry])
        exits = [order.replace(parent_order_id=None) for order in exits]
        return (*receipts, *(await self.inner.place(exits) if exits else ()))


@saboteur("GRP-05", "a sibling that stays alive when the other exit fills")
class LivingSibling(Meddler):
    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        receipts: list[Receipt] = []
        for order in orders:
            receipts += await self.inner.place([order.replace(**ALONE)])
        return tuple(receipts)


@saboteur("GRP-06", "a group that cancels where it was to reduce")
class CancelsTheRest(Meddler):
    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        kind = OcaType.CANCEL_WITH_BLOCK
        return await self.inner.place(
            [order.replace(oca_type=kind) if order.oca_group is not None else order for order in orders]
        )


@saboteur("GRP-12", "a group that is a label")
@saboteur("GRP-07", "a group whose siblings fill on one quote")
@saboteur("GRP-11", "a group that does not know other instruments")
class Label(Meddler):
    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        if is_bracket(orders):
            return await self.inner.place(orders)
        return await self.inner.place([order.replace(**ALONE) for order in orders])


@saboteur("GRP-10", "exits that are kept in the memory of the plugin")
class Forgetful(Meddler):
    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._kept: dict[str, list[Order]] = {}

    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        if not is_bracket(orders):
            return await self.inner.place(orders)
        entry, *exits = orders
        for order in exits:
            self.hear(standing(self, order))
        return (*await self.inner.place([entry]), *(Receipt(order.order_id) for order in exits))


@saboteur("GRP-08", "a change that makes a stranger of an exit")
class ChangedStranger(Renaming):
    async def modify(self, order: Order, changes: Mapping[str, Any]) -> None:
        self._silent.add(order.order_ref)
        await self.inner.cancel(order)
        await self.place_instead(order, [order.replace(**ALONE, **changes)])
        terms = OrderTerms.model_validate(dict(changes))
        self.hear_aloud(standing(self, order).model_copy(update={"terms": terms}))

    def hear_aloud(self, report: Report) -> None:
        Meddler.hear(self, report)


@saboteur("GRP-09", "an exit whose cancel is told and not done")
class LivesOn(Meddler):
    async def cancel(self, order: Order) -> None:
        if order.parent_order_id is None:
            await self.inner.cancel(order)
        else:
            self.hear(standing(self, order, ReportedStatus.CANCELLED))
