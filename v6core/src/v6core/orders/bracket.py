"""A bracket: an entry with its exits."""

from __future__ import annotations

from itertools import pairwise
from typing import Self, cast

from pydantic import (
    BaseModel,
    ConfigDict,
    field_validator,
    model_validator,
)

from v6core.orders.kinds import OrderType, TimeInForce
from v6core.orders.order import Order

_LEFT_OUT = cast("Order", None)


class BracketOrder(BaseModel):
    """An entry with a take-profit, a stop-loss, or both; the exits wait for the entry and one cancels the other.

    ``oca_group`` names the group of the exits; the entry is never a member. An exit whose ``tif`` was not given is GTC,
    so that protection outlives the day.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    parent_order: Order
    take_profit: Order | None = None
    stop_loss: Order | None = None
    oca_group: str | None = None

    def __init__(
        self,
        parent_order: Order = _LEFT_OUT,
        take_profit: Order | None = None,
        stop_loss: Order | None = None,
        oca_group: str | None = None,
    ) -> None:
        super().__init__(parent_order=parent_order, take_profit=take_profit, stop_loss=stop_loss, oca_group=oca_group)

    @field_validator("take_profit", "stop_loss")
    @classmethod
    def _outlive_the_day(cls, value: Order | None) -> Order | None:
        if value is None or "tif" in value.model_fields_set:
            return value
        return value.replace(tif=TimeInForce.GTC)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.exits:
            raise ValueError("a bracket needs a take_profit, a stop_loss or both")
        groups = {self.oca_group, *(order.oca_group for order in self.exits)} - {None}
        if len(groups) > 1:
            raise ValueError(f"the exits of a bracket share one oca_group, not {', '.join(sorted(map(str, groups)))}")
        if self.parent_order.oca_group in groups:
            raise ValueError("the entry must not be in the exits' oca_group: its fill would cancel its own protection")
        for name, order in (("take_profit", self.take_profit), ("stop_loss", self.stop_loss)):
            if order is not None:
                self._check_exit(name, order)
        self._check_sides()
        ids = [order.order_id for order in self.orders]
        if len(set(ids)) < len(ids):
            raise ValueError("the orders of a bracket need order_ids of their own")
        return self

    def _check_exit(self, name: str, order: Order) -> None:
        entry = self.parent_order
        if order.action is not entry.action.opposite:
            raise ValueError(f"{name} must be a {entry.action.opposite}, opposite to the entry")
        if order.quantity != entry.quantity:
            raise ValueError(f"{name} quantity {order.quantity:f} must be the entry's, {entry.quantity:f}")
        takes = {OrderType.LIMIT, OrderType.LIMIT_IF_TOUCHED, OrderType.MARKET_IF_TOUCHED}
        stops = {OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAIL, OrderType.TRAIL_LIMIT}
        fitting = takes if name == "take_profit" else stops
        if order.order_type not in fitting:
            raise ValueError(f"{name} must be one of {', '.join(sorted(fitting))}, not {order.order_type}")

    def _check_sides(self) -> None:
        """Each price a step further: stop-loss, entry, take-profit for a BUY, the reverse for a SELL."""
        entry, take, stop = self.parent_order, self.take_profit, self.stop_loss
        sign = entry.action.sign
        ladder = [
            ("stop_loss", stop.stop_price if stop else None),
            ("entry", entry.limit_price if entry.limit_price is not None else entry.stop_price),
            ("take_profit", (take.limit_price if take.limit_price is not None else take.stop_price) if take else None),
        ]
        known = [(name, price) for name, price in ladder if price is not None]
        for (lower, low), (higher, high) in pairwise(known):
            if sign * (high - low) <= 0:
                side = "above" if sign > 0 else "below"
                raise ValueError(f"{higher} {high:f} must be {side} {lower} {low:f} for a {entry.action} entry")

    @property
    def exits(self) -> tuple[Order, ...]:
        """The exits there are, take-profit first."""
        return tuple(order for order in (self.take_profit, self.stop_loss) if order is not None)

    @property
    def orders(self) -> tuple[Order, ...]:
        """All orders of the bracket, entry first."""
        return (self.parent_order, *self.exits)
