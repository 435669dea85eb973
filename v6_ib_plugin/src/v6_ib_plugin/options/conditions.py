"""What has to hold before an order works, or what cancels it: prices, times, margin, volumes, changes, executions.

``conjunction`` joins a condition to the one behind it. The fields stand in the order in which the wire has them.
"""

from __future__ import annotations

from enum import auto
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, TypeAdapter

from v6_ib_plugin.options.fields import (
    TRIGGER_METHODS,
    TRIGGER_NUMBERS,
    Moment,
    OptionsModel,
    Text,
    TriggerMethod,
    wire_text,
)
from v6_ib_plugin.terms import IbCondition
from v6_ib_plugin.untranslatable import Untranslatable, translating
from v6core.money import Number
from v6core.words import Word


class Conjunction(Word):
    """How a condition is joined to the one behind it."""

    AND = auto()
    OR = auto()


class _Condition(OptionsModel):
    number: ClassVar[int]
    names: ClassVar[tuple[str, ...]]

    conjunction: Conjunction = Conjunction.AND

    def terms(self) -> IbCondition:
        """Return the condition as IB takes it."""
        rest = (wire_text(_wire(getattr(self, name))) for name in self.names)
        return IbCondition(self.number, ("a" if self.conjunction is Conjunction.AND else "o", *rest))


def _wire(value: object) -> object:
    return TRIGGER_NUMBERS[value] if isinstance(value, TriggerMethod) else value


class PriceCondition(_Condition):
    """A contract's price is at least (``is_more``) or at most a price."""

    number = 1
    names = ("is_more", "price", "conid", "exchange", "trigger_method")
    condition: Literal["price"] = "price"
    is_more: bool
    price: Number
    conid: int = Field(gt=0)
    exchange: Text = "SMART"
    trigger_method: TriggerMethod = TriggerMethod.DEFAULT


class TimeCondition(_Condition):
    """It is later (``is_more``) or earlier than a time."""

    number = 3
    names = ("is_more", "time")
    condition: Literal["time"] = "time"
    is_more: bool = True
    time: Moment


class MarginCondition(_Condition):
    """The account's margin cushion is at least (``is_more``) or at most a percentage."""

    number = 4
    names = ("is_more", "percent")
    condition: Literal["margin"] = "margin"
    is_more: bool
    percent: int = Field(ge=0, le=100)


class ExecutionCondition(_Condition):
    """Something was traded in a symbol."""

    number = 5
    names = ("sec_type", "exchange", "symbol")
    condition: Literal["execution"] = "execution"
    sec_type: Text
    exchange: Text = "SMART"
    symbol: Text


class VolumeCondition(_Condition):
    """A contract's volume of the day is at least (``is_more``) or at most a number."""

    number = 6
    names = ("is_more", "volume", "conid", "exchange")
    condition: Literal["volume"] = "volume"
    is_more: bool
    volume: int = Field(ge=0)
    conid: int = Field(gt=0)
    exchange: Text = "SMART"


class PercentChangeCondition(_Condition):
    """A contract's change of the day is at least (``is_more``) or at most a percentage."""

    number = 7
    names = ("is_more", "percent", "conid", "exchange")
    condition: Literal["percent_change"] = "percent_change"
    is_more: bool
    percent: Number
    conid: int = Field(gt=0)
    exchange: Text = "SMART"


Condition = Annotated[
    PriceCondition | TimeCondition | MarginCondition | ExecutionCondition | VolumeCondition | PercentChangeCondition,
    Field(discriminator="condition"),
]
"""A condition, by its word: price, time, margin, execution, volume, percent_change."""

_BY_NUMBER: dict[int, tuple[str, type[_Condition]]] = {
    1: ("price", PriceCondition),
    3: ("time", TimeCondition),
    4: ("margin", MarginCondition),
    5: ("execution", ExecutionCondition),
    6: ("volume", VolumeCondition),
    7: ("percent_change", PercentChangeCondition),
}
_CONDITION: TypeAdapter[Condition] = TypeAdapter(Condition)


def condition_of(ib: IbCondition) -> Condition:
    """Return a condition of an IB order. Raises Untranslatable."""
    word, model = _BY_NUMBER.get(ib.kind, (None, None))
    if word is None or model is None or len(ib.fields) != len(model.names) + 1:
        raise Untranslatable("conditions", ib, "it is no condition that is known")
    fields: dict[str, Any] = {"condition": word, **dict(zip(model.names, ib.fields[1:], strict=True))}
    fields["conjunction"] = Conjunction.OR if ib.fields[0] == "o" else Conjunction.AND
    if "trigger_method" in fields:
        fields["trigger_method"] = _trigger(fields["trigger_method"])
    with translating(f"a {word} condition"):
        return _CONDITION.validate_python(fields)


def _trigger(text: str) -> TriggerMethod:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 3 else 0 if not text else -1
    if number not in TRIGGER_METHODS:
        raise Untranslatable("trigger_method", text, f"it is none of {', '.join(map(str, TRIGGER_METHODS))}")
    return TRIGGER_METHODS[number]
