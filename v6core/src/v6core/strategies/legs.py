"""One leg of a strategy: so many of the underlying, or of an option on it, bought or sold."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from v6core.contracts import Expiration, Option, OptionRight, OrderAction, Stock
from v6core.money import Positive, to_decimal

LegAction = OrderAction
"""The side of a leg: BUY or SELL."""


def whole(value: object, what: str = "quantity") -> int:
    """Return a positive whole number as an int; ValueError for anything else, ``True`` and 1.5 among it."""
    number = to_decimal(value, what)
    if number <= 0:
        raise ValueError(f"{what} must be positive, not {number:f}")
    if number % 1:
        raise ValueError(f"{what} must be a whole number, not {number:f}")
    return int(number)


class LegSpec(BaseModel):
    """A leg, without the symbol that all legs of a strategy share.

    With a ``right`` it is an option and needs ``strike`` and ``expiration``; without one it is the underlying itself
    and ``quantity`` counts shares.

    >>> LegSpec(right="PUT", strike=570, action="BUY", expiration="2026-12-18").signed_quantity
    1
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    right: OptionRight | None = None
    strike: Positive | None = None
    quantity: Annotated[int, BeforeValidator(whole)] = 1
    action: LegAction
    expiration: Expiration | None = None
    trading_class: str | None = None

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            action: LegAction | str,
            right: OptionRight | str | None = None,
            strike: Decimal | float | str | None = None,
            quantity: int = 1,
            expiration: date | str | None = None,
            trading_class: str | None = None,
        ) -> None: ...

    @model_validator(mode="after")
    def _check_terms(self) -> Self:
        if self.right is not None and (self.strike is None or self.expiration is None):
            raise ValueError("a leg with a right is an option: it needs a strike and an expiration")
        if self.right is None and (self.strike, self.expiration, self.trading_class) != (None, None, None):
            raise ValueError(
                "a leg without a right is the underlying: give it a right (CALL or PUT), "
                "or no strike, expiration and trading class"
            )
        return self

    @property
    def is_option(self) -> bool:
        """Tell an option from the underlying."""
        return self.right is not None

    @property
    def signed_quantity(self) -> int:
        """The quantity, negative for a leg that is sold."""
        return self.action.sign * self.quantity

    @property
    def opposite(self) -> Self:
        """The leg that undoes this one."""
        return self.replace(action=self.action.opposite)

    def replace(self, **changes: Any) -> Self:
        """Return the leg with some fields changed, validated again: ``leg.replace(expiration="2027-01-15")``."""
        return type(self).model_validate({**dict(self), **changes})

    def contract(
        self,
        symbol: str,
        *,
        exchange: str = "SMART",
        currency: str = "USD",
        multiplier: Decimal | float | str = 100,
    ) -> Stock | Option:
        """Return what the leg trades; the multiplier is an option's, a share has none."""
        if self.right is None or self.strike is None or self.expiration is None:
            return Stock(symbol, exchange=exchange, currency=currency)
        return Option(
            symbol,
            self.expiration,
            self.strike,
            self.right,
            exchange=exchange,
            currency=currency,
            multiplier=multiplier,
            trading_class=self.trading_class,
        )
