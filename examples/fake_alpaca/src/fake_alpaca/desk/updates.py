"""Trade updates: what became of an order, told to whoever listens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from fake_alpaca.desk.records import AlpacaOrder
from fake_alpaca.words import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeUpdate:
    """One event with the order as it was then; an execution also says how much filled, at what, and what is held."""

    event: Event
    order: AlpacaOrder
    timestamp: datetime
    execution_id: UUID
    price: Decimal | None = None
    qty: Decimal | None = None
    position_qty: Decimal | None = None
