"""What the exchange tells those in front of it, as it happens and in a fixed order.

Of a unit, all orders are told accepted before any of them fills. A fill is told before the status that it leads to,
and the ledger has it already when it is told. What a fill does to other orders (exits released, siblings cancelled)
follows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from v6_paper_plugin.exchange.orders import ExchangeOrder, Execution, Refusal
from v6core.contracts import Contract
from v6core.reports import AdjustmentReason


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A position that changed by ``quantity`` (signed) without an order, at ``price`` in cash per unit."""

    adjustment_id: str
    contract: Contract
    quantity: Decimal
    price: Decimal
    reason: AdjustmentReason
    time: datetime


class Listener(Protocol):
    """Who is told. The order is the exchange's own record: read it at once, it goes on changing."""

    def on_order(self, order: ExchangeOrder, now: datetime) -> None:
        """Hear that an order was accepted, released, triggered, changed or ended, or that some of it filled."""
        ...

    def on_execution(self, order: ExchangeOrder, execution: Execution) -> None:
        """Hear of a fill."""
        ...

    def on_correction(self, order: ExchangeOrder, execution: Execution, now: datetime) -> None:
        """Hear that an execution takes the place of the one that it ``replaces``."""
        ...

    def on_rejection(self, order: ExchangeOrder, now: datetime) -> None:
        """Hear that an order was refused; its ``code`` and ``reason`` say why."""
        ...

    def on_cancel_refused(self, ref: str, refusal: Refusal, now: datetime) -> None:
        """Hear that a cancel was refused; the order stands as it was."""
        ...

    def on_change_refused(self, ref: str, refusal: Refusal, now: datetime) -> None:
        """Hear that a change was refused; the order stands as it was."""
        ...

    def on_adjustment(self, adjustment: Adjustment) -> None:
        """Hear that a position changed without an order."""
        ...
