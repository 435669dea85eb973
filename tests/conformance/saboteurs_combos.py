"""Saboteurs of combos, of strategies that are closed and rolled, and of options that expire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from conformance.meddlers import Renaming, is_combo, standing
from conformance.saboteur import Meddler, saboteur
from v6core.broker import Receipt
from v6core.contracts import Combo, ComboLeg
from v6core.orders import Order
from v6core.reports import (
    AdjustmentReport,
    BrokerPosition,
    OrderReport,
    Report,
    Snapshot,
)

_PLAIN_COMBO_LEGS: Final = 2


@saboteur("CMB-01", "a combo whose ratios are dropped")
class NoRatios(Meddler):
    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        return await self.inner.place([_with_legs(order, ratio=1) for order in orders])


def _with_legs(order: Order, *, ratio: int | None = None, most: int | None = None) -> Order:
    if not isinstance(order.contract, Combo):
        return order
    legs = [ComboLeg(leg.contract, leg.action, ratio or leg.ratio) for leg in order.contract.legs[:most]]
    return order.replace(contract=Combo(order.contract.symbol, legs))


@saboteur("CMB-02", "a combo whose legs fill one by one")
class Legging(Renaming):
    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        if not is_combo(orders[0]):
            return await self.inner.place(orders)
        (order,) = orders
        self.hear(standing(self, order))
        await self.place_instead(order, _legs_of(order))
        return (Receipt(order.order_id),)


def _legs_of(order: Order) -> list[Order]:
    assert isinstance(order.contract, Combo)
    return [
        Order.market("BUY" if ratio > 0 else "SELL", abs(ratio) * order.quantity, contract=leg)
        for leg, ratio in order.contract.signed_legs
    ]


@saboteur("CMB-04", "a combo whose net price has the wrong sign")
class WrongSign(Meddler):
    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        return await self.inner.place(
            [
                order.replace(limit_price=-order.limit_price)
                if is_combo(order) and order.limit_price is not None
                else order
                for order in orders
            ]
        )


@saboteur("CMB-05", "a combo that is a position of its own")
class TwiceCounted(Meddler):
    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._rows: list[BrokerPosition] = []

    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        self._rows += [
            BrokerPosition(contract=order.contract, quantity=order.quantity, avg_cost=Decimal(0))
            for order in orders
            if isinstance(order.contract, Combo)
        ]
        return await self.inner.place(orders)

    async def snapshot(self) -> Snapshot:
        there = await self.inner.snapshot()
        return there.model_copy(update={"positions": (*there.positions, *self._rows)})


@saboteur("CMB-06", "a change that a combo never hears of")
class DeafCombo(Meddler):
    async def modify(self, order: Order, changes: Mapping[str, Any]) -> None:
        if not is_combo(order):
            await self.inner.modify(order, changes)


@saboteur("CMB-08", "an open combo that is listed without its legs")
class Legless(Meddler):
    async def snapshot(self) -> Snapshot:
        there = await self.inner.snapshot()
        return there.model_copy(update={"open_orders": tuple(map(_without_contract, there.open_orders))})


def _without_contract(report: OrderReport) -> OrderReport:
    if report.terms is None or not isinstance(report.terms.contract, Combo):
        return report
    return report.model_copy(update={"terms": report.terms.model_copy(update={"contract": None})})


@saboteur("STR-01", "a close that closes twice what is held")
@saboteur("STR-02", "a second close that is as large as the first")
class ClosesTwice(Meddler):
    """The second combo and those after it are sent twice as large."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._combos = 0

    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        self._combos += is_combo(orders[0])
        times = 2 if self._combos > 1 else 1
        return await self.inner.place([order.replace(quantity=order.quantity * times) for order in orders])


@saboteur("ROL-01", "a roll that closes and does not open")
class HalfARoll(Meddler):
    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        return await self.inner.place([_with_legs(order, most=_PLAIN_COMBO_LEGS) for order in orders])


@saboteur("ROL-02", "a roll that is taken at any price")
class AnyPrice(Meddler):
    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        return await self.inner.place(
            [order.replace(limit_price=Decimal(99)) if _is_roll(order) else order for order in orders]
        )


def _is_roll(order: Order) -> bool:
    return isinstance(order.contract, Combo) and len(order.contract.legs) > _PLAIN_COMBO_LEGS


@saboteur("OPT-01", "an expiry that nobody is told of")
class SilentExpiry(Meddler):
    def hear(self, report: Report) -> None:
        if not isinstance(report, AdjustmentReport):
            super().hear(report)
