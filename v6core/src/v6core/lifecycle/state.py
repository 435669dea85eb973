"""What is known of one order: its terms, its fills, and what the broker has said."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple

from v6core.fills import Fill
from v6core.lifecycle.ledger import FillLedger, FillTotals
from v6core.money import ZERO
from v6core.orders import Anomaly, Order, OrderStatus, Pending


class OrderState(NamedTuple):
    """One order as far as it is known. ``terms`` is the order as bound, with the last confirmed change.

    It is a tuple because each report makes one or two of it, and a tuple is the cheapest record that cannot change.
    """

    terms: Order
    status: OrderStatus = OrderStatus.CREATED
    ledger: FillLedger = FillLedger()
    totals: FillTotals = FillTotals()
    broker_order_ids: tuple[str, ...] = ()
    reported_filled: Decimal = ZERO
    reported_working: bool = False
    anomalies: frozenset[Anomaly] = frozenset()
    pending_cancel: Pending | None = None
    pending_modify: Pending | None = None
    requested: Mapping[str, Any] = MappingProxyType[str, Any]({})
    reason: str | None = None
    submitted_at: datetime | None = None

    @property
    def is_shown(self) -> bool:
        """Whether the broker has ever shown that it has the order: it can no longer be proved absent."""
        return bool(self.broker_order_ids or self.ledger.live or self.ledger.replaced)

    @property
    def is_over(self) -> bool:
        """Whether the order has ended; one that was lost may come back, and everything said of it counts."""
        return self.status.is_terminal and self.status is not OrderStatus.LOST

    @property
    def is_full(self) -> bool:
        """Whether the fills reach the quantity."""
        return self.totals.quantity >= self.terms.quantity

    @property
    def is_doubtful(self) -> bool:
        """Whether the order, a cancel or a modify of it was sent and nobody knows what became of it."""
        overlays = (self.pending_cancel, self.pending_modify)
        return self.status is OrderStatus.IN_DOUBT or Pending.IN_DOUBT in overlays

    @property
    def awaits_fills(self) -> bool:
        """Whether the broker has told of more filled than the fills that came."""
        return self.reported_filled > self.totals.quantity

    @property
    def working(self) -> bool:
        """Whether the order is at the market. A fill proves it as well as a word does."""
        live = self.status in {OrderStatus.SUBMITTED, OrderStatus.PARTIALLY_FILLED}
        return live and (self.reported_working or bool(self.ledger.live))

    @property
    def fills(self) -> tuple[Fill, ...]:
        """The fills that count, named as this order's."""
        order_id, strategy_id = self.terms.order_id, self.terms.strategy_id
        return tuple(
            fill
            if fill.order_id == order_id and fill.strategy_id == strategy_id
            else fill.replace(order_id=order_id, strategy_id=strategy_id)
            for fill in self.ledger.fills
        )

    @property
    def order(self) -> Order:
        """The order as users see it."""
        done = self.status is OrderStatus.FILLED
        return self.terms.replace(
            status=self.status,
            working=self.working,
            pending_cancel=self.pending_cancel,
            pending_modify=self.pending_modify,
            filled_quantity=self.totals.quantity,
            avg_fill_price=self.totals.average,
            commission=self.ledger.commission,
            reason=self.reason,
            anomalies=tuple(self.anomalies),
            broker_order_id=self.broker_order_ids[-1] if self.broker_order_ids else None,
            submitted_at=self.submitted_at,
            filled_at=max(fill.time for fill in self.ledger.live.values()) if done else None,
        )
