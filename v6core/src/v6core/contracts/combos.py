"""Combos: several contracts traded as one order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Self, cast

from pydantic import Field, model_validator

from v6core.contracts.sides import OrderAction
from v6core.contracts.singles import BaseContract, Positional, Single


class ComboLeg(Positional):
    """One contract of a combo: ``ratio`` of it per unit, bought or sold when the combo is bought."""

    positional = ("contract", "action", "ratio")

    contract: Single
    action: OrderAction = OrderAction.BUY
    ratio: int = Field(default=1, gt=0, le=10_000)

    if TYPE_CHECKING:

        def __init__(self, contract: Any, action: OrderAction | str = OrderAction.BUY, ratio: int = 1) -> None: ...

    @property
    def signed_ratio(self) -> int:
        """The ratio, negative for a leg that is sold."""
        return self.action.sign * self.ratio


class Combo(BaseContract):
    """Several contracts traded as one order. Its price is the net per unit: positive to pay, negative to receive.

    The net price is the signed sum of leg price × ratio × leg multiplier, divided by the largest leg multiplier: an
    iron condor is priced per share as its legs are, and 100 shares against one call are priced per share too.
    """

    positional = ("symbol", "legs")
    kind_name = "COMBO"
    kind: Literal["COMBO"] = "COMBO"
    legs: tuple[ComboLeg, ...]

    if TYPE_CHECKING:

        def __init__(self, symbol: str, legs: Any, **fields: Any) -> None: ...

    @model_validator(mode="before")
    @classmethod
    def _take_terms_of_legs(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        fields = cast("dict[str, Any]", data)
        legs: Any = fields.get("legs")
        if not isinstance(legs, list | tuple) or not legs:
            return fields
        parsed = tuple(ComboLeg.model_validate(leg) for leg in cast("Sequence[Any]", legs))
        largest = max(leg.contract.multiplier for leg in parsed)
        return {**fields, "legs": parsed, "multiplier": largest, "currency": parsed[0].contract.currency}

    @model_validator(mode="after")
    def _check_legs(self) -> Self:
        if len(self.legs) < 2:
            raise ValueError(f"a combo needs at least two legs, not {len(self.legs)}")
        keys = [leg.contract.key for leg in self.legs]
        doubled = {key for key in keys if keys.count(key) > 1}
        if doubled:
            raise ValueError(f"each leg of a combo is another contract: {', '.join(sorted(doubled))} is there twice")
        untradable = [leg.contract.key for leg in self.legs if leg.contract.kind == "INDEX"]
        if untradable:
            raise ValueError(f"an index cannot be a leg: {', '.join(untradable)}")
        currencies = {leg.contract.currency for leg in self.legs}
        if len(currencies) > 1:
            raise ValueError(f"the legs of a combo share one currency, not {', '.join(sorted(currencies))}")
        divisor = math.gcd(*(leg.ratio for leg in self.legs))
        if divisor > 1:
            raise ValueError(
                f"ratios must be in lowest terms: divide them by {divisor} and multiply the quantity by it"
            )
        return self

    @property
    def signed_legs(self) -> tuple[tuple[Any, int], ...]:
        """Each leg's contract with its signed ratio."""
        return tuple((leg.contract, leg.signed_ratio) for leg in self.legs)

    def _is_usual(self) -> bool:
        return False

    def _long(self) -> str:
        legs = sorted(f"{leg.signed_ratio:+d}*{leg.contract.key}" for leg in self.legs)
        return f"COMBO:{self.symbol}[{','.join(legs)}]"
