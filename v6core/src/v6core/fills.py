"""Fills, what they cost, and what an operation of several orders came to."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import auto
from typing import Any, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, field_validator, model_validator

from v6core.contracts import OrderAction, Single
from v6core.identifiers import printable
from v6core.moments import in_utc
from v6core.money import Number, Positive
from v6core.orders import Order
from v6core.strategies import Strategy
from v6core.words import Word


class Fill(BaseModel):
    """One execution: ``quantity`` of one contract at ``price``. A combo has one per leg and none of its own.

    ``commission`` is what it cost, in ``currency``, or None until the broker has told.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    execution_id: str
    order_id: UUID | None = None
    strategy_id: str | None = None
    contract: Single
    action: OrderAction
    quantity: Positive
    price: Number
    commission: Number | None = None
    currency: str = "USD"
    time: AwareDatetime
    account: str | None = None

    @field_validator("execution_id")
    @classmethod
    def _check_id(cls, value: str) -> str:
        return printable(value, "execution_id")

    @field_validator("time")
    @classmethod
    def _in_utc(cls, value: datetime) -> datetime:
        return in_utc(value)

    @property
    def signed_quantity(self) -> Decimal:
        """The quantity, negative where it was sold."""
        return self.action.sign * self.quantity

    @property
    def cash_flow(self) -> Decimal:
        """What it did to the cash before commission: quantity × price × multiplier, negative where it was bought."""
        return -self.signed_quantity * self.price * self.contract.multiplier

    def replace(self, **changes: Any) -> Self:
        """Return a changed copy, validated like the first."""
        return self.model_validate({**self.__dict__, **changes})


class Commission(BaseModel):
    """What one execution cost. Brokers may tell it before the fill, with it or long after; a later figure replaces."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    execution_id: str
    amount: Number
    currency: str = "USD"


class ActionTaken(Word):
    """What an operation came to."""

    CLOSED = auto()
    ROLLED = auto()
    PARTIAL = auto()
    FAILED = auto()
    DRY_RUN = auto()
    """A preview: nothing was sent."""
    BRACKET_PLACED = auto()
    OPENED = auto()
    OCA_PLACED = auto()
    WORKING = auto()
    """Accepted, and not filled within the time given."""
    UNKNOWN = auto()
    """In doubt."""

    @property
    def is_success(self) -> bool:
        """Whether the caller got what was asked for, or will unless something happens."""
        return self not in {ActionTaken.PARTIAL, ActionTaken.UNKNOWN, ActionTaken.FAILED}


class Preview(BaseModel):
    """What an order would cost, without placing it; None where the broker does not tell."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    commission: Number | None = None
    initial_margin_change: Number | None = None
    maintenance_margin_change: Number | None = None
    cash_change: Number | None = None
    warning: str | None = None

    @property
    def total_cost(self) -> Decimal | None:
        """What would leave the account: commission minus the cash that comes in."""
        if self.cash_change is None:
            return None
        return (self.commission or Decimal(0)) - self.cash_change


class ExecutionResult(BaseModel):
    """What an operation of one or more orders came to; ``strategy`` is what is held afterwards, None where nothing is.

    ``preview`` is there for DRY_RUN alone: what the orders would have cost. ``note`` is for people, whether it was a
    success or not: that a close under way was joined, and what was asked was not applied.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    success: bool
    action_taken: ActionTaken
    order_ids: tuple[UUID, ...] = ()
    error_message: str | None = None
    orders: tuple[Order, ...] = ()
    strategy: Strategy | None = None
    preview: Preview | None = None
    note: str | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.success and not self.error_message:
            raise ValueError("error_message is required when success is false")
        if self.success and not self.action_taken.is_success:
            raise ValueError(f"{self.action_taken} is not a success")
        if not self.success and self.action_taken.is_success:
            raise ValueError(f"{self.action_taken} is a success")
        return self

    @classmethod
    def of(
        cls,
        action_taken: ActionTaken,
        orders: tuple[Order, ...] = (),
        *,
        error_message: str | None = None,
        strategy: Strategy | None = None,
        preview: Preview | None = None,
    ) -> Self:
        """Return the result of an operation; success follows from what it came to."""
        return cls(
            success=action_taken.is_success,
            action_taken=action_taken,
            order_ids=tuple(order.order_id for order in orders),
            error_message=error_message,
            orders=orders,
            strategy=strategy,
            preview=preview,
        )
