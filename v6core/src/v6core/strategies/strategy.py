"""A strategy: legs on one underlying that are opened, closed and rolled together under one id."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from enum import auto
from typing import TYPE_CHECKING, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    field_validator,
    model_validator,
)

from v6core.contracts import Combo, ComboLeg, Contract, Option, OrderAction, Stock
from v6core.identifiers import printable
from v6core.money import Positive
from v6core.strategies.legs import LegSpec
from v6core.words import Word


class StrategyType(Word):
    """What traders call it; a label that decides nothing."""

    VERTICAL_SPREAD = auto()
    IRON_CONDOR = auto()
    IRON_BUTTERFLY = auto()
    STRADDLE = auto()
    STRANGLE = auto()
    CALENDAR_SPREAD = auto()
    DIAGONAL_SPREAD = auto()
    BUTTERFLY = auto()
    COVERED_CALL = auto()
    CASH_SECURED_PUT = auto()
    CUSTOM = auto()


def _in_words(error: ValidationError) -> ValueError:
    """Lift the sentence out of a model that was built inside another's validation."""
    first = error.errors()[0]
    sentence = first["msg"].removeprefix("Value error, ")
    return ValueError(sentence if first["type"] == "value_error" else f"{first['loc'][-1]}: {sentence}")


class Strategy(BaseModel):
    """Legs on one symbol under one id.

    ``legs`` carry the whole quantities: ten iron condors are four legs of ten. ``exchange``, ``currency`` and
    ``multiplier`` (of the options) hold for all of them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    strategy_id: str
    symbol: str
    strategy_type: StrategyType = StrategyType.CUSTOM
    legs: tuple[LegSpec, ...]
    metadata: dict[str, JsonValue] = Field(default_factory=dict)
    exchange: str = "SMART"
    currency: str = "USD"
    multiplier: Positive = Decimal(100)

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            strategy_id: str,
            symbol: str,
            legs: Iterable[LegSpec],
            strategy_type: StrategyType | str = StrategyType.CUSTOM,
            metadata: Mapping[str, JsonValue] | None = None,
            exchange: str = "SMART",
            currency: str = "USD",
            multiplier: Decimal | float | str = 100,
        ) -> None: ...

    @field_validator("strategy_id")
    @classmethod
    def _check_id(cls, value: str) -> str:
        return printable(value, "strategy_id").strip()

    @field_validator("symbol")
    @classmethod
    def _check_symbol(cls, value: str) -> str:
        try:
            return Stock(value).symbol
        except ValidationError as error:
            raise _in_words(error) from None

    @field_validator("metadata", mode="before")
    @classmethod
    def _no_metadata(cls, value: object) -> object:
        return {} if value is None else value

    @field_validator("metadata")
    @classmethod
    def _check_metadata(cls, value: dict[str, JsonValue]) -> dict[str, JsonValue]:
        if not _finite(value):
            raise ValueError("metadata must be what JSON can hold: no NaN, no infinity")
        return value

    @model_validator(mode="after")
    def _check_legs(self) -> Self:
        if not self.legs:
            raise ValueError("a strategy needs at least one leg")
        try:
            keys = [contract.key for contract, _ in self.signed_legs]
            doubled = sorted({key for key in keys if keys.count(key) > 1})
            if doubled:
                raise ValueError(f"each leg is another contract: {', '.join(doubled)} is there twice")
            self.as_combo()  # what cannot be traded as one contract is refused here, not when it is opened
        except ValidationError as error:
            raise _in_words(error) from None
        return self

    def __hash__(self) -> int:
        return hash((self.strategy_id, self.symbol, self.legs))

    @property
    def signed_legs(self) -> tuple[tuple[Stock | Option, int], ...]:
        """Each leg's contract with its signed quantity, in the order of ``legs``."""
        return tuple((self._contract_of(leg), leg.signed_quantity) for leg in self.legs)

    @property
    def option_legs(self) -> tuple[LegSpec, ...]:
        """The legs that expire, without the underlying."""
        return tuple(leg for leg in self.legs if leg.is_option)

    @property
    def expirations(self) -> tuple[date, ...]:
        """The days on which legs expire, earliest first."""
        return tuple(sorted({leg.expiration for leg in self.legs if leg.expiration is not None}))

    @property
    def quantity(self) -> int:
        """How many units are held: ten for ten iron condors; the shares of a strategy that is only shares."""
        return math.gcd(*(leg.quantity for leg in self.legs))

    @property
    def action(self) -> OrderAction:
        """The side of the opening order: BUY for a combo, whose legs carry their sides; a single leg's own side.

        The net price per unit times ``action.sign`` is that order's limit price.
        """
        return self.legs[0].action if len(self.legs) == 1 else OrderAction.BUY

    @property
    def opposite(self) -> Self:
        """The strategy that undoes this one, under the same id: every leg on its other side."""
        return self.replace_legs(leg.opposite for leg in self.legs)

    def replace_legs(self, legs: Iterable[LegSpec]) -> Self:
        """Return the strategy with other legs, validated again, all else as it is."""
        return type(self).model_validate({**dict(self), "legs": tuple(legs)})

    def combo_legs(self) -> tuple[ComboLeg, ...]:
        """Return the legs of one unit, ratios in lowest terms."""
        units = self.quantity
        return tuple(ComboLeg(self._contract_of(leg), leg.action, leg.quantity // units) for leg in self.legs)

    def as_combo(self) -> tuple[Contract, int]:
        """Return the contract of one unit and the signed quantity of them that opens the strategy.

        A combo's quantity is positive. A single leg is its plain contract, and its quantity is negative where it is
        sold, so that nobody buys what was meant to be sold.
        """
        if len(self.legs) == 1:
            return self.signed_legs[0]
        return Combo(self.symbol, self.combo_legs(), exchange=self.exchange), self.quantity

    def _contract_of(self, leg: LegSpec) -> Stock | Option:
        return leg.contract(self.symbol, exchange=self.exchange, currency=self.currency, multiplier=self.multiplier)


def _finite(value: JsonValue) -> bool:
    if isinstance(value, dict):
        return all(_finite(item) for item in value.values())
    if isinstance(value, list):
        return all(_finite(item) for item in value)
    return not isinstance(value, float) or math.isfinite(value)
