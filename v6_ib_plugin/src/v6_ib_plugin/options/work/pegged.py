"""Orders whose price follows another: the bid, the ask, the middle, the best quote, a stock, a benchmark.

Source: "Basic Orders" and "IBKRATS" in IBKR's documentation of the TWS API, with its samples. Offsets are in price.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from v6_ib_plugin.numbers import number_of, told
from v6_ib_plugin.options.fields import Text, wire_text
from v6_ib_plugin.options.work.model import IBKR_ATS, OPTIONS, STOCKS, Ranged, Work
from v6_ib_plugin.terms import IbOrder
from v6core.money import ZERO, NotNegative, Positive
from v6core.orders import Order, OrderType


class Relative(Work):
    """REL: at the bid to buy and the ask to sell, more aggressive by an amount or by IB's ``percentOffset``."""

    kinds = frozenset({"STOCK", "OPTION", "FUTURE"})

    type: Literal["REL"] = "REL"
    offset: NotNegative | None = Field(default=None, serialization_alias="aux_price")
    percent_offset: Positive | None = Field(default=None, serialization_alias="percent_offset")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.offset is None) == (self.percent_offset is None):
            raise ValueError("a REL needs an offset or a percent_offset, and takes one of them")
        return self

    @classmethod
    def told_by(cls, ib: IbOrder) -> dict[str, Any]:
        """Return what an order says of this: the amount where it says no percentage."""
        percent = told(ib.percent_offset)
        return {"percent_offset": percent} if percent else {"offset": told(ib.aux_price) or ZERO}


class _Offset(Work):
    offset: NotNegative = Field(default=ZERO, serialization_alias="aux_price")


class PassiveRelative(_Offset):
    """PASSV REL: at the bid to buy and the ask to sell, less aggressive by ``offset``."""

    kinds = STOCKS

    type: Literal["PASSV REL"] = "PASSV REL"


class PeggedToPrimary(_Offset):
    """PEG PRIM: at the bid to buy and the ask to sell, more aggressive by ``offset``."""

    kinds = Relative.kinds

    type: Literal["PEG PRIM"] = "PEG PRIM"


class PeggedToMarket(_Offset):
    """PEG MKT: at the ask less ``offset`` to buy, at the bid and ``offset`` more to sell."""

    kinds = STOCKS

    type: Literal["PEG MKT"] = "PEG MKT"


class _TwoOffsets(Work):
    """One with ``offset``, or with an offset from a middle on the tick and one from a middle between two ticks."""

    use: ClassVar[str]

    offset: NotNegative | None = None
    offset_at_whole: NotNegative | None = Field(default=None, serialization_alias="mid_offset_at_whole")
    offset_at_half: NotNegative | None = Field(default=None, serialization_alias="mid_offset_at_half")

    @model_validator(mode="after")
    def _check(self) -> Self:
        said = [value is not None for value in (self.offset, self.offset_at_whole, self.offset_at_half)]
        if said not in ([True, False, False], [False, True, True]):
            raise ValueError(f"a {self.word()} needs an offset, or offset_at_whole and offset_at_half {self.use}")
        return self


class PeggedToMidpoint(_TwoOffsets):
    """PEG MID: at the middle, or ``offset`` from it; at IBKRATS by one of two offsets, as a not-held order."""

    kinds = STOCKS
    use = "at IBKRATS"

    type: Literal["PEG MID"] = "PEG MID"
    offset: NotNegative | None = Field(default=None, serialization_alias="aux_price")

    @property
    def is_not_held(self) -> bool:
        """Whether it is one of IBKRATS."""
        return self.offset is None

    @classmethod
    def told_by(cls, ib: IbOrder) -> dict[str, Any]:
        """Return what an order says of this: the two offsets where it is not held."""
        whole, half = told(ib.mid_offset_at_whole), told(ib.mid_offset_at_half)
        if ib.not_held and whole is not None and half is not None:
            return {"offset_at_whole": whole, "offset_at_half": half}
        return {"offset": told(ib.aux_price) or ZERO}

    def further(self) -> dict[str, Any]:
        """Return that IBKRATS takes it as not held."""
        return {"not_held": True} if self.is_not_held else {}

    def _why_not(self, order: Order) -> str | None:
        at_ats = order.contract is not None and order.contract.exchange == IBKR_ATS
        if self.is_not_held and order.order_type is not OrderType.LIMIT:
            return f"IBKRATS takes it with a LIMIT, whose limit_price caps it, not with {order.order_type}"
        if order.contract is not None and at_ats != self.is_not_held:
            needed = "offset_at_whole and offset_at_half belong to" if self.is_not_held else "offset is not for"
            return f'{needed} the exchange IBKRATS, as in Stock("SPY", exchange="IBKRATS")'
        return super()._why_not(order)


class PeggedToBest(_TwoOffsets):
    """PEG BEST: at IBKRATS, ahead of the best quote by ``offset``, or up to the middle where two offsets from that are.

    ``min_compete_size`` is the least size of a quote to compete with. It is a not-held order.
    """

    without_limit = None
    kinds = STOCKS
    exchange = IBKR_ATS
    use = "to go up to the middle"

    type: Literal["PEG BEST"] = "PEG BEST"
    min_compete_size: int | None = Field(default=None, gt=0, serialization_alias="min_compete_size")
    offset: NotNegative | None = Field(default=None, serialization_alias="compete_against_best_offset")

    def further(self) -> dict[str, Any]:
        """Return that it is not held; up to the middle is an infinite offset."""
        up_to_mid = {"compete_against_best_offset": Decimal("Infinity")} if self.offset is None else {}
        return {"not_held": True, **up_to_mid}

    @classmethod
    def told_by(cls, ib: IbOrder) -> dict[str, Any]:
        """Return what an order says of this: the offsets from the middle where the other one is infinite."""
        size = {"min_compete_size": ib.min_compete_size} if ib.min_compete_size else {}
        offset = ib.compete_against_best_offset
        if offset is not None and offset.is_infinite():
            whole, half = told(ib.mid_offset_at_whole), told(ib.mid_offset_at_half)
            return {**size, "offset_at_whole": whole or ZERO, "offset_at_half": half or ZERO}
        return {**size, "offset": told(offset) or ZERO}


class PeggedToStock(Ranged):
    """PEG STK: an option, from ``starting_price`` on by ``delta`` for each change of the stock's middle.

    ``delta`` is absolute: TWS counts a put's as negative. Without ``reference_price`` the stock's middle at the time of
    the order is the one that changes are counted from. The order is cancelled out of its range.
    """

    with_limit = None
    kinds = OPTIONS

    type: Literal["PEG STK"] = "PEG STK"
    delta: Positive = Field(serialization_alias="delta")
    starting_price: Positive = Field(serialization_alias="starting_price")
    reference_price: Positive | None = Field(default=None, serialization_alias="stock_ref_price")


_BENCH = ("reference_conid", "decrease", "change", "reference_change", "reference_exchange")


class PeggedToBenchmark(Ranged):
    """PEG BENCH: from ``starting_price`` on, ``change`` for every ``reference_change`` of another contract.

    ``decrease`` makes it move against the reference. ``reference_price`` is where the reference starts from.
    """

    with_limit = None

    type: Literal["PEG BENCH"] = "PEG BENCH"
    reference_conid: int = Field(gt=0)
    reference_exchange: Text
    reference_change: Positive
    change: Positive
    decrease: bool = False
    starting_price: Positive = Field(serialization_alias="starting_price")
    reference_price: Positive | None = Field(default=None, serialization_alias="stock_ref_price")

    def further(self) -> dict[str, Any]:
        """Return what the wire has of the benchmark, in its order."""
        return {"peg_bench_terms": tuple(wire_text(getattr(self, name)) for name in _BENCH)}

    @classmethod
    def told_by(cls, ib: IbOrder) -> dict[str, Any]:
        """Return what an order says of this."""
        texts = dict(zip(_BENCH, ib.peg_bench_terms, strict=False))
        numbers = {name: number_of(texts.get(name, ""), name) for name in ("change", "reference_change")}
        said: dict[str, Any] = {**super().told_by(ib), **texts, **numbers}
        return {name: value for name, value in said.items() if value not in {None, "", "0"}}
