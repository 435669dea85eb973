"""An order as Alpaca keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from fake_alpaca.assets import Asset
from fake_alpaca.words import GroupRole, OrderClass, OrderType, PositionIntent, Side, Status, TimeInForce
from v6core.money import ZERO


@dataclass(slots=True, kw_only=True, eq=False)
class AlpacaOrder:
    """One order with its legs: the exits of a bracket, the stop of an OCO, the contracts of a multi-leg order.

    ``asset`` and ``side`` are None for the parent of a multi-leg order; ``type`` is None for its legs. ``number`` says
    in which order orders came.
    """

    order_id: UUID
    client_order_id: str
    number: int
    asset: Asset | None
    side: Side | None
    type: OrderType | None
    tif: TimeInForce
    qty: Decimal
    order_class: OrderClass | None
    status: Status
    created_at: datetime
    updated_at: datetime
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_price: Decimal | None = None
    trail_percent: Decimal | None = None
    extended_hours: bool = False
    position_intent: PositionIntent | None = None
    ratio_qty: Decimal | None = None
    filled_qty: Decimal = ZERO
    filled_value: Decimal = ZERO
    group_id: UUID | None = None
    group_role: GroupRole | None = None
    parent: AlpacaOrder | None = None
    legs: list[AlpacaOrder] = field(default_factory=list["AlpacaOrder"])
    filled_at: datetime | None = None
    canceled_at: datetime | None = None
    expired_at: datetime | None = None
    failed_at: datetime | None = None
    replaced_at: datetime | None = None
    replaced_by: UUID | None = None
    replaces: UUID | None = None

    @property
    def is_open(self) -> bool:
        """Whether something may still become of it."""
        return self.status.is_open

    @property
    def is_mleg(self) -> bool:
        """Whether it is a multi-leg order as a whole."""
        return self.order_class is OrderClass.MLEG and self.parent is None

    @property
    def is_mleg_leg(self) -> bool:
        """Whether it is one contract of a multi-leg order."""
        return self.order_class is OrderClass.MLEG and self.parent is not None

    @property
    def is_yet_to_replace(self) -> bool:
        """Whether another order still works in its place."""
        return self.replaces is not None and self.status is Status.PENDING_NEW

    @property
    def leaves(self) -> Decimal:
        """What has not filled."""
        return self.qty - self.filled_qty

    @property
    def filled_avg_price(self) -> Decimal | None:
        """The mean price of what has filled, a multi-leg order's net per unit; None where nothing has."""
        return self.filled_value / self.filled_qty if self.filled_qty else None

    @property
    def family(self) -> tuple[AlpacaOrder, ...]:
        """The order that came with it first, then its legs; itself alone where there are none."""
        head = self.parent or self
        return (head, *head.legs)

    def others(self) -> Iterator[AlpacaOrder]:
        """Yield the rest of its family."""
        return (order for order in self.family if order is not self)

    def as_it_is(self) -> AlpacaOrder:
        """Return a copy that stays as the order is at this moment."""
        copied = replace(self)
        copied.legs = [replace(leg, parent=copied) for leg in self.legs]
        return copied
