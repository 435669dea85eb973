"""Orders that TWS gives a price when they come, or keeps at one: the middle, the quote of a moment, a volatility.

Source: "Basic Orders" in IBKR's documentation of the TWS API, and its pages of the order types SNAP MID, SNAP MKT and
SNAP PRIM. Offsets are in price.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from v6_ib_plugin.options.work.model import STOCKS, Ranged, Work
from v6_ib_plugin.terms import IbOrder
from v6core.money import ZERO, NotNegative, Positive
from v6core.orders import Order


class MidPrice(Work):
    """MIDPRICE: at the middle or better, for US stocks at SMART in regular hours."""

    kinds = STOCKS
    exchange = "SMART"

    type: Literal["MIDPRICE"] = "MIDPRICE"

    def _why_not(self, order: Order) -> str | None:
        if order.outside_rth:
            return "IB takes it in regular hours alone (321): leave outside_rth out"
        if order.contract is not None and order.contract.currency != "USD":
            return f"IB has it for US stocks, not for one in {order.contract.currency}"
        return super()._why_not(order)


class _Snap(Work):
    with_limit = None
    kinds = frozenset({"STOCK", "OPTION", "FUTURE"})

    offset: NotNegative = Field(default=ZERO, serialization_alias="aux_price")


class SnapToMarket(_Snap):
    """SNAP MKT: a limit at the ask less ``offset`` to buy, at the bid and ``offset`` more to sell, as they stand."""

    type: Literal["SNAP MKT"] = "SNAP MKT"


class SnapToMidpoint(_Snap):
    """SNAP MID: a limit at the middle as it stands, less aggressive by ``offset``."""

    type: Literal["SNAP MID"] = "SNAP MID"


class SnapToPrimary(_Snap):
    """SNAP PRIM: a limit at the bid to buy and the ask to sell as they stand, more aggressive by ``offset``."""

    type: Literal["SNAP PRIM"] = "SNAP PRIM"


_PERIODS = {1: "DAILY", 2: "ANNUAL"}
_REFERENCES = {1: "AVERAGE", 2: "BID_OR_ASK"}


class Volatility(Ranged):
    """VOL: an option at the price that a volatility in percent gives it.

    ``reference`` is what of the stock the price is made of: the average of its bid and ask, or the one or the other by
    side and right. ``continuous_update`` follows the stock.
    """

    with_limit = None
    kinds = frozenset({"OPTION", "FUTURE_OPTION"})

    type: Literal["VOL"] = "VOL"
    volatility: Positive = Field(serialization_alias="volatility")
    period: Literal["DAILY", "ANNUAL"]
    reference: Literal["AVERAGE", "BID_OR_ASK"] | None = None
    continuous_update: bool = Field(default=False, serialization_alias="continuous_update")

    def further(self) -> dict[str, Any]:
        """Return the numbers of its words."""
        numbers = {word: number for words in (_PERIODS, _REFERENCES) for number, word in words.items()}
        reference = {} if self.reference is None else {"reference_price_type": numbers[self.reference]}
        return {"volatility_type": numbers[self.period], **reference}

    @classmethod
    def told_by(cls, ib: IbOrder) -> dict[str, Any]:
        """Return what an order says of this."""
        words = {
            "period": _PERIODS.get(ib.volatility_type or 0, ib.volatility_type),
            "reference": _REFERENCES.get(ib.reference_price_type or 0, ib.reference_price_type or None),
        }
        return super().told_by(ib) | {name: word for name, word in words.items() if word is not None}
