"""What is known of one order: its terms, its fills, and what the broker has said."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple

from v6core.fills import Fill
from v6core.lifecycle.ledger import FillLedger, FillTotals
from v6core.money import ZERO, to_decimal
from v6core.orders import Anomaly, Order, OrderStatus, Pending


class OrderState(NamedTuple):
    """One order as far as it is known. ``terms`` is the order as bound, with the last confirmed change.

    ``terms_at`` is when the broker told the terms that it changed to: what it told before is no change back.
    ``presumed`` says that it ended by inference or by an operator's word: what the broker shows of it afterwards wins.
    ``unexplained`` is by how much the positions of its contracts moved beyond what is known when it was presumed over.
    ``ended_ids`` are those of two broker orders under its reference that the broker has ended.
    ``replacement`` is an id that only fills have told of, while a change was under way: of what the change made of the
    order, it is thought, until the broker says otherwise.
    ``unchanged`` says why the last change that was asked for was not made.

    It is a tuple because each report makes one or two of it, and a tuple is the cheapest record that cannot change.
    """

    terms: Order
    status: OrderStatus = OrderStatus.CREATED
    ledger: FillLedger = FillLedger()
    totals: FillTotals = FillTotals()
    broker_order_ids: tuple[str, ...] = ()
    reported_filled: Decimal = ZERO
    reported_at: datetime | None = None
    reported_working: bool = False
    anomalies: frozenset[Anomaly] = frozenset()
    pending_cancel: Pending | None = None
    pending_modify: Pending | None = None
    requested: Mapping[str, Any] = MappingProxyType[str, Any]({})
    reason: str | None = None
    submitted_at: datetime | None = None
    terms_at: datetime | None = None
    presumed: bool = False
    unexplained: Mapping[str, Decimal] = MappingProxyType[str, Decimal]({})
    ended_ids: frozenset[str] = frozenset()
    replacement: str | None = None
    unchanged: str | None = None

    @property
    def is_shown(self) -> bool:
        """Whether the broker has ever shown that it has the order: it can no longer be proved absent."""
        return bool(self.broker_order_ids or self.ledger.live or self.ledger.replaced)

    @property
    def is_over(self) -> bool:
        """Whether the broker has ended the order; what was lost or is presumed to have ended may come back."""
        return self.status.is_terminal and self.status is not OrderStatus.LOST and not self.presumed

    @property
    def is_full(self) -> bool:
        """Whether the fills reach the quantity: the larger one, while nobody has answered a change that raises it."""
        return self.totals.quantity >= max(self.terms.quantity, self.asked_quantity)

    @property
    def asked_quantity(self) -> Decimal:
        """The quantity that a change under way asks for; zero where none does."""
        asked = self.requested.get("quantity") if self.pending_modify is not None else None
        return ZERO if asked is None else to_decimal(asked, "quantity")

    @property
    def is_filled_as_it_was(self) -> bool:
        """Whether the fills reach the quantity that was confirmed last."""
        return self.totals.quantity >= self.terms.quantity

    @property
    def is_doubtful(self) -> bool:
        """Whether nobody knows what became of the order, of a cancel or a modify of it, or how much of it filled."""
        if self.status is OrderStatus.IN_DOUBT or Anomaly.FILLS_UNPROVEN in self.anomalies:
            return True
        if self.status.is_terminal and self.awaits_fills:
            return True
        return self.pending_cancel is Pending.IN_DOUBT or self.pending_modify is Pending.IN_DOUBT

    @property
    def is_settled(self) -> bool:
        """Whether nothing is open about the order: it has ended, and nobody doubts how."""
        return self.status.is_terminal and not self.is_doubtful

    @property
    def incarnations(self) -> tuple[str, ...]:
        """The broker's orders under this reference that may still work where there are two; else none."""
        if Anomaly.TWO_BROKER_ORDERS not in self.anomalies:
            return ()
        return tuple(known for known in self.broker_order_ids if known not in self.ended_ids)

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
            else fill.model_copy(update={"order_id": order_id, "strategy_id": strategy_id})  # an order's, so valid
            for fill in self.ledger.fills
        )

    @property
    def order(self) -> Order:
        """The order as users see it: terms that were validated, with an outcome that the state machine made."""
        done = self.status is OrderStatus.FILLED
        return self.terms.model_copy(
            update={
                "status": self.status,
                "working": self.working,
                "pending_cancel": self.pending_cancel,
                "pending_modify": self.pending_modify,
                "filled_quantity": self.totals.quantity,
                "avg_fill_price": self.totals.average,
                "commission": self.ledger.commission,
                "reason": self.reason,
                "anomalies": tuple(sorted(self.anomalies)),
                "broker_order_id": self.broker_order_ids[-1] if self.broker_order_ids else None,
                "submitted_at": self.submitted_at,
                "filled_at": max(fill.time for fill in self.ledger.live.values()) if done else None,
            }
        )
