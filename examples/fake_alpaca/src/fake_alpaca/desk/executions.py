"""Executions, as the account's activities list them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid5

from fake_alpaca.words import Side, Status

_NAMESPACE = UUID("0d0a3d2e-6f0c-5a49-8f4c-7a1ce1b7f5be")


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One fill of one contract, with how its order stood after it."""

    execution_id: UUID
    order_id: UUID
    symbol: str
    side: Side
    price: Decimal
    qty: Decimal
    cum_qty: Decimal
    leaves_qty: Decimal
    order_status: Status
    time: datetime


def execution_id(text: str) -> UUID:
    """Return the id of a broker's execution, always the same."""
    return uuid5(_NAMESPACE, text)
