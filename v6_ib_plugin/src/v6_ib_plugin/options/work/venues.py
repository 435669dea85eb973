"""Orders that an exchange, an auction or a combo has of its own, and touched orders whose trigger trails.

Source: "Basic Orders" and "Spreads" in IBKR's documentation of the TWS API; its guide to TWS for TRAIL MIT and
TRAIL LIT.
"""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from v6_ib_plugin.numbers import told
from v6_ib_plugin.options.work.model import OPTIONS, Work
from v6_ib_plugin.terms import IbOrder
from v6core.money import ZERO, NotNegative, Positive
from v6core.orders import Order, OrderType, TimeInForce

MARKET_TO_LIMIT = "MTL"
AUCTION = "AUC"


class MarketWithProtection(Work):
    """MKT PRT: a market order up to a limit that the exchange sets; what is left rests there."""

    with_limit = None
    kinds = frozenset({"FUTURE", "FUTURE_OPTION"})

    type: Literal["MKT PRT"] = "MKT PRT"


class StopWithProtection(Work):
    """STP PRT: a stop that becomes a market order with protection."""

    with_limit = None
    without_limit = OrderType.STOP
    kinds = frozenset({"FUTURE"})
    waits = True

    type: Literal["STP PRT"] = "STP PRT"


class BoxTop(Work):
    """BOX TOP: at BOX, a market order at the best price; what is left becomes a limit at what has filled."""

    with_limit = None
    without_limit = OrderType.MARKET_TO_LIMIT
    kinds = OPTIONS
    exchange = "BOX"
    moving = frozenset({"limit_price"})

    type: Literal["BOX TOP"] = "BOX TOP"


class AtAuction(Work):
    """AUCTION: at the price of the opening auction, as MTL with the time in force AUC; what is left becomes a limit.

    IB's sample has a price beside it and does not say what for; a limit is sent in its place.
    """

    without_limit = OrderType.MARKET_TO_LIMIT
    kinds = frozenset({"STOCK", "FUTURE"})
    moving = frozenset({"limit_price"})

    type: Literal["AUCTION"] = "AUCTION"

    def onto(self, ib: IbOrder) -> IbOrder:
        """Return an order for the auction, for which IB has a type and a time in force together."""
        return ib.replace(order_type=MARKET_TO_LIMIT, tif=AUCTION)

    @classmethod
    def plain(cls, ib: IbOrder) -> dict[str, Any]:
        """Return the time in force, which is of the day that the auction is in."""
        del ib
        return {"tif": TimeInForce.DAY.value}

    def _why_not(self, order: Order) -> str | None:
        if order.tif is not TimeInForce.DAY:
            return f"the auction is its time in force: leave tif at DAY, which is {order.tif}"
        return super()._why_not(order)


class RelativeAndLimit(Work):
    """REL + LMT: a combo of which one leg is relative, and the other at what the net price leaves."""

    without_limit = None
    kinds = frozenset({"COMBO"})

    type: Literal["REL + LMT"] = "REL + LMT"


class RelativeAndMarket(Work):
    """REL + MKT: a combo of which one leg is relative, and the other at the market."""

    with_limit = None
    kinds = frozenset({"COMBO"})

    type: Literal["REL + MKT"] = "REL + MKT"


class _TrailingTouched(Work):
    with_limit = None
    without_limit = OrderType.MARKET_IF_TOUCHED
    waits = True
    moving = frozenset({"stop_price"})

    trail_amount: Positive | None = Field(default=None, serialization_alias="aux_price")
    trail_percent: Positive | None = Field(default=None, lt=100, serialization_alias="trailing_percent")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.trail_amount is None) == (self.trail_percent is None):
            raise ValueError(f"a {self.word()} needs a trail_amount or a trail_percent, and takes one of them")
        return self

    def onto(self, ib: IbOrder) -> IbOrder:
        """Return an order whose trigger stands where a trailing one has it."""
        return super().onto(ib.replace(aux_price=None, trail_stop_price=ib.aux_price))

    @classmethod
    def plain(cls, ib: IbOrder) -> dict[str, Any]:
        """Return the trigger where a touched order has it."""
        return {"aux_price": ib.trail_stop_price}

    @classmethod
    def told_by(cls, ib: IbOrder) -> dict[str, Any]:
        """Return what an order says of this: the amount where it says no percentage."""
        percent = told(ib.trailing_percent)
        return {"trail_percent": percent} if percent else {"trail_amount": told(ib.aux_price)}


class TrailingMarketIfTouched(_TrailingTouched):
    """TRAIL MIT: a touched order whose trigger follows the market by an amount or a percentage.

    The order's ``stop_price`` is the first trigger. A sale's lies above the market and falls with it, a purchase's lies
    below and rises.
    """

    type: Literal["TRAIL MIT"] = "TRAIL MIT"


class TrailingLimitIfTouched(_TrailingTouched):
    """TRAIL LIT: the same, which becomes a limit order ``limit_offset`` from its trigger.

    It goes with a MARKET_IF_TOUCHED as well: its limit moves with the trigger, so that no price is the worst.
    """

    type: Literal["TRAIL LIT"] = "TRAIL LIT"
    limit_offset: NotNegative = Field(default=ZERO, serialization_alias="lmt_price_offset")

    @classmethod
    def told_by(cls, ib: IbOrder) -> dict[str, Any]:
        """Return what an order says of this, with how far its limit is from its trigger."""
        return super().told_by(ib) | {"limit_offset": told(ib.lmt_price_offset) or ZERO}
