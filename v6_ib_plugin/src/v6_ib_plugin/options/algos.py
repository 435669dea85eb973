"""IB's algos: those whose parameters are documented each as a model, any other by its name and parameters.

Source: "IB Algorithms" in IBKR's documentation of the TWS API. Rates are parts of one: 0.1 is a tenth of the volume.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, cast

from pydantic import Discriminator, Field, Tag, TypeAdapter, ValidationError, model_serializer

from v6_ib_plugin.options.fields import Moment, OptionsModel, Text, wire_text
from v6_ib_plugin.terms import TagValue

Rate = Annotated[Decimal, Field(gt=0, le=1, max_digits=10)]
Risk = Literal["Get Done", "Aggressive", "Neutral", "Passive"]
Pace = Literal["Marketable", "Matching", "Midpoint", "Matching Same Side", "Matching Last"]


class _TypedAlgo(OptionsModel):
    """An algo whose parameters are fields; the serialization alias of each is IB's name of it."""

    @classmethod
    def tags(cls) -> dict[str, str]:
        """Return the name of each parameter by IB's name of it."""
        return {tag: name for name, field in cls.model_fields.items() if (tag := field.serialization_alias)}

    def params(self) -> tuple[TagValue, ...]:
        """Return the parameters that are said, as IB names them."""
        said = ((tag, getattr(self, name)) for tag, name in self.tags().items())
        return tuple(TagValue(tag, wire_text(value)) for tag, value in said if value is not None)


class _Timed(_TypedAlgo):
    start_time: Moment | None = Field(default=None, serialization_alias="startTime")
    end_time: Moment | None = Field(default=None, serialization_alias="endTime")


class Adaptive(_TypedAlgo):
    """Between the bid and the ask, faster or at a better price; for market and limit orders."""

    strategy: Literal["Adaptive"] = "Adaptive"
    priority: Literal["Urgent", "Normal", "Patient"] = Field(default="Normal", serialization_alias="adaptivePriority")


class Twap(_Timed):
    """Evenly over time."""

    strategy: Literal["Twap"] = "Twap"
    strategy_type: Pace = Field(default="Marketable", serialization_alias="strategyType")
    allow_past_end_time: bool | None = Field(default=None, serialization_alias="allowPastEndTime")


class Vwap(_Timed):
    """At the volume-weighted average price."""

    strategy: Literal["Vwap"] = "Vwap"
    max_rate: Rate = Field(serialization_alias="maxPctVol")
    allow_past_end_time: bool | None = Field(default=None, serialization_alias="allowPastEndTime")
    no_take_liquidity: bool | None = Field(default=None, serialization_alias="noTakeLiq")
    speed_up: bool | None = Field(default=None, serialization_alias="speedUp")


class ArrivalPrice(_Timed):
    """Near the price at which the order arrived."""

    strategy: Literal["ArrivalPx"] = "ArrivalPx"
    max_rate: Rate = Field(serialization_alias="maxPctVol")
    risk: Risk = Field(default="Neutral", serialization_alias="riskAversion")
    allow_past_end_time: bool | None = Field(default=None, serialization_alias="allowPastEndTime")
    force_completion: bool | None = Field(default=None, serialization_alias="forceCompletion")


class ClosePrice(_TypedAlgo):
    """Near the closing price."""

    strategy: Literal["ClosePx"] = "ClosePx"
    max_rate: Rate = Field(serialization_alias="maxPctVol")
    risk: Risk = Field(default="Neutral", serialization_alias="riskAversion")
    start_time: Moment | None = Field(default=None, serialization_alias="startTime")
    force_completion: bool | None = Field(default=None, serialization_alias="forceCompletion")


class DarkIce(_Timed):
    """A little shown at a time, of sizes that vary."""

    strategy: Literal["DarkIce"] = "DarkIce"
    display_size: int = Field(gt=0, serialization_alias="displaySize")
    allow_past_end_time: bool | None = Field(default=None, serialization_alias="allowPastEndTime")


class _Passive(_Timed):
    no_take_liquidity: bool | None = Field(default=None, serialization_alias="noTakeLiq")


class PctVol(_Passive):
    """A steady part of the volume."""

    strategy: Literal["PctVol"] = "PctVol"
    rate: Rate = Field(serialization_alias="pctVol")


class PctVolPrice(_Passive):
    """A part of the volume that grows as the price gets better."""

    strategy: Literal["PctVolPx"] = "PctVolPx"
    rate: Rate = Field(serialization_alias="pctVol")
    rate_change: Rate = Field(serialization_alias="deltaPctVol")
    min_rate: Rate = Field(serialization_alias="minPctVol4Px")
    max_rate: Rate = Field(serialization_alias="maxPctVol4Px")


class _PctVolFromTo(_Passive):
    start_rate: Rate = Field(serialization_alias="startPctVol")
    end_rate: Rate = Field(serialization_alias="endPctVol")


class PctVolSize(_PctVolFromTo):
    """A part of the volume that changes with what is left of the order."""

    strategy: Literal["PctVolSz"] = "PctVolSz"


class PctVolTime(_PctVolFromTo):
    """A part of the volume that changes over time."""

    strategy: Literal["PctVolTm"] = "PctVolTm"


class AccumulateDistribute(_Timed):
    """Pieces of one size at intervals, both of them randomized if wanted; ``interval`` is in seconds."""

    strategy: Literal["AD"] = "AD"
    component_size: int = Field(gt=0, serialization_alias="componentSize")
    interval: int = Field(gt=0, serialization_alias="timeBetweenOrders")
    randomize_interval: bool = Field(default=False, serialization_alias="randomizeTime20")
    randomize_size: bool = Field(default=False, serialization_alias="randomizeSize55")
    give_up: int | None = Field(default=None, ge=0, serialization_alias="giveUp")
    catch_up: bool = Field(default=False, serialization_alias="catchUp")
    wait_for_fill: bool = Field(default=False, serialization_alias="waitForFill")


class BalanceImpactRisk(_TypedAlgo):
    """For options: between the impact on the market and the risk of waiting."""

    strategy: Literal["BalanceImpactRisk"] = "BalanceImpactRisk"
    max_rate: Rate = Field(serialization_alias="maxPctVol")
    risk: Risk = Field(default="Neutral", serialization_alias="riskAversion")
    force_completion: bool | None = Field(default=None, serialization_alias="forceCompletion")


class MinimiseImpact(_TypedAlgo):
    """For options: as little impact on the market as the rate allows."""

    strategy: Literal["MinImpact"] = "MinImpact"
    max_rate: Rate = Field(serialization_alias="maxPctVol")


class Algo(OptionsModel):
    """Any other algo, by its name and its parameters as IB names them, in their order."""

    strategy: Text
    params_: dict[Text, Text] = Field(default_factory=dict, alias="params")

    @model_serializer
    def _as_said(self) -> dict[str, Any]:
        return {"strategy": self.strategy, "params": self.params_}

    def params(self) -> tuple[TagValue, ...]:
        """Return the parameters."""
        return tuple(TagValue(tag, value) for tag, value in self.params_.items())


TYPED: dict[str, type[_TypedAlgo]] = {
    "Adaptive": Adaptive,
    "Twap": Twap,
    "Vwap": Vwap,
    "ArrivalPx": ArrivalPrice,
    "ClosePx": ClosePrice,
    "DarkIce": DarkIce,
    "PctVol": PctVol,
    "PctVolPx": PctVolPrice,
    "PctVolSz": PctVolSize,
    "PctVolTm": PctVolTime,
    "AD": AccumulateDistribute,
    "BalanceImpactRisk": BalanceImpactRisk,
    "MinImpact": MinimiseImpact,
}


def _which(value: Any) -> str:
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, Any]", value)
        strategy = fields.get("strategy")
        return strategy if isinstance(strategy, str) and strategy in TYPED and "params" not in fields else "other"
    return str(value.__dict__["strategy"]) if isinstance(value, _TypedAlgo) else "other"


AnyAlgo = Annotated[
    Annotated[Adaptive, Tag("Adaptive")]
    | Annotated[Twap, Tag("Twap")]
    | Annotated[Vwap, Tag("Vwap")]
    | Annotated[ArrivalPrice, Tag("ArrivalPx")]
    | Annotated[ClosePrice, Tag("ClosePx")]
    | Annotated[DarkIce, Tag("DarkIce")]
    | Annotated[PctVol, Tag("PctVol")]
    | Annotated[PctVolPrice, Tag("PctVolPx")]
    | Annotated[PctVolSize, Tag("PctVolSz")]
    | Annotated[PctVolTime, Tag("PctVolTm")]
    | Annotated[AccumulateDistribute, Tag("AD")]
    | Annotated[BalanceImpactRisk, Tag("BalanceImpactRisk")]
    | Annotated[MinimiseImpact, Tag("MinImpact")]
    | Annotated[Algo, Tag("other")],
    Discriminator(_which),
]
"""An algo by its ``strategy``: one with ``params`` beside it is sent as it is said."""

_ALGO: TypeAdapter[AnyAlgo] = TypeAdapter(AnyAlgo)


def algo_of(strategy: str, params: tuple[TagValue, ...]) -> AnyAlgo:
    """Return the algo that an order names: typed where all its parameters are known ones. Raises ValidationError."""
    typed = TYPED.get(strategy)
    said = {param.tag: param.value for param in params}
    if typed is not None:
        names = typed.tags()
        if said.keys() <= names.keys():
            try:
                return _ALGO.validate_python({"strategy": strategy, **{names[tag]: said[tag] for tag in said}})
            except ValidationError:
                pass
    return Algo.model_validate({"strategy": strategy, "params": said})
