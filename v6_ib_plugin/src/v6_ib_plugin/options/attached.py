"""What changes an order with the market or comes along with it: adjusted stops, scales, hedges.

Each knows its fields of an IB order, and reads itself from them: None where the order has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from v6_ib_plugin.numbers import told
from v6_ib_plugin.options.fields import Moment, OptionsModel, Text, wire_text
from v6_ib_plugin.terms import IbOrder
from v6_ib_plugin.untranslatable import translating
from v6core.money import Number, Positive


class AdjustedStop(OptionsModel):
    """A stop that becomes another kind of stop once the market reaches ``trigger_price``."""

    order_type: Literal["STP", "STP LMT", "TRAIL"]
    trigger_price: Positive
    stop_price: Positive
    stop_limit_price: Positive | None = None
    trailing_amount: Positive | None = None
    trailing_unit: Literal["AMOUNT", "PERCENT"] = "AMOUNT"

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.order_type == "STP LMT") != (self.stop_limit_price is not None):
            raise ValueError("stop_limit_price belongs to an adjusted STP LMT, and only to it")
        if (self.order_type == "TRAIL") != (self.trailing_amount is not None):
            raise ValueError("trailing_amount belongs to an adjusted TRAIL, and only to it")
        return self

    def ib_fields(self) -> dict[str, Any]:
        """Return the fields of an IB order that say this."""
        return {
            "adjusted_order_type": self.order_type,
            "trigger_price": self.trigger_price,
            "adjusted_stop_price": self.stop_price,
            "adjusted_stop_limit_price": self.stop_limit_price,
            "adjusted_trailing_amount": self.trailing_amount,
            "adjustable_trailing_unit": 100 if self.trailing_unit == "PERCENT" else 0,
        }


def adjusted_stop_of(order: IbOrder) -> AdjustedStop | None:
    """Return what an order's stop becomes. Raises Untranslatable."""
    kind = order.adjusted_order_type
    if kind in {"", "None"}:
        return None
    fields = {
        "order_type": kind,
        "trigger_price": told(order.trigger_price),
        "stop_price": told(order.adjusted_stop_price),
        "stop_limit_price": told(order.adjusted_stop_limit_price) if kind == "STP LMT" else None,
        "trailing_amount": told(order.adjusted_trailing_amount) if kind == "TRAIL" else None,
        "trailing_unit": "PERCENT" if order.adjustable_trailing_unit == 100 else "AMOUNT",
    }
    with translating("an adjusted stop"):
        return AdjustedStop.model_validate(fields)


class Scale(OptionsModel):
    """An order in components, each at a worse price; ``interval`` is in seconds."""

    first_size: int = Field(gt=0)
    next_size: int | None = Field(default=None, gt=0)
    price_increment: Positive
    price_adjustment: Number | None = None
    interval: int | None = Field(default=None, gt=0)
    profit_offset: Positive | None = None
    auto_reset: bool = False
    initial_position: int | None = None
    initial_filled: int | None = Field(default=None, ge=0)
    randomize: bool = False
    active_from: Moment | None = None
    active_until: Moment | None = None

    def ib_fields(self) -> dict[str, Any]:
        """Return the fields of an IB order that say this."""
        rest = (getattr(self, name) for name in _SCALE_TERMS)
        return {
            "scale_init_level_size": self.first_size,
            "scale_subs_level_size": self.next_size,
            "scale_price_increment": self.price_increment,
            "scale_terms": tuple("" if value is None else wire_text(value) for value in rest),
            "active_start_time": "" if self.active_from is None else wire_text(self.active_from),
            "active_stop_time": "" if self.active_until is None else wire_text(self.active_until),
        }


# What the wire has behind a price increment, in its order.
_SCALE_TERMS = (
    "price_adjustment",
    "interval",
    "profit_offset",
    "auto_reset",
    "initial_position",
    "initial_filled",
    "randomize",
)
_UNSET = frozenset({"", "2147483647"})


def scale_of(order: IbOrder) -> Scale | None:
    """Return an order's scale. Raises Untranslatable."""
    increment = told(order.scale_price_increment)
    if not increment:
        return None
    fields: dict[str, Any] = {
        "first_size": order.scale_init_level_size,
        "next_size": order.scale_subs_level_size,
        "price_increment": increment,
        "active_from": order.active_start_time or None,
        "active_until": order.active_stop_time or None,
    }
    rest = zip(_SCALE_TERMS, order.scale_terms, strict=False)
    fields |= {name: text for name, text in rest if text not in _UNSET and not _is_unset_double(text)}
    with translating("a scale"):
        return Scale.model_validate(fields)


def _is_unset_double(text: str) -> bool:
    return text.startswith("1.797693134862315") and "308" in text


class Hedge(OptionsModel):
    """An order that hedges its parent: by delta, beta, currency or as a pair; ``ratio`` is a beta's or a pair's."""

    kind: Literal["DELTA", "BETA", "CURRENCY", "PAIR"]
    ratio: Text | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.kind in {"BETA", "PAIR"}) != (self.ratio is not None):
            raise ValueError("ratio belongs to a BETA or a PAIR hedge, and only to it")
        return self

    def ib_fields(self) -> dict[str, Any]:
        """Return the fields of an IB order that say this."""
        return {"hedge_type": _HEDGES[self.kind], "hedge_param": self.ratio or ""}


_HEDGES: Mapping[str, str] = {"DELTA": "D", "BETA": "B", "CURRENCY": "F", "PAIR": "P"}
_HEDGE_KINDS = {letter: kind for kind, letter in _HEDGES.items()}


def hedge_of(order: IbOrder) -> Hedge | None:
    """Return what an order hedges by. Raises Untranslatable."""
    if not order.hedge_type:
        return None
    with translating("a hedge"):
        return Hedge.model_validate(
            {"kind": _HEDGE_KINDS.get(order.hedge_type, order.hedge_type), "ratio": order.hedge_param or None}
        )
