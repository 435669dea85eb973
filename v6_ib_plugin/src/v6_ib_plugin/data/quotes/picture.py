"""The present picture of one contract, folded out of ticks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from v6_ib_plugin.numbers import bounded, told
from v6_ib_plugin.terms.market import IbDataType, IbOptionTick, IbPriceTick, IbSizeTick, IbTick
from v6_ib_plugin.translation.ticks import TICKS, DataType, Shown, shown_price
from v6_ib_plugin.untranslatable import Untranslatable
from v6core.contracts import Contract
from v6core.quotes import Greeks, Quote

_PRICES = {Shown.BID: "bid", Shown.ASK: "ask", Shown.LAST: "last"}
_SIZES = {Shown.BID_SIZE: "bid", Shown.ASK_SIZE: "ask", Shown.LAST_SIZE: "last"}
_GREEKS = frozenset({Shown.MODEL_GREEKS, Shown.BID_GREEKS, Shown.ASK_GREEKS, Shown.LAST_GREEKS})


@dataclass(slots=True)
class Side:
    """A price and its size; ``told`` is whether anything was said of it, be it that there is none."""

    price: Decimal | None = None
    size: Decimal | None = None
    told: bool = False


@dataclass(slots=True)
class Picture:
    """What the ticks so far come to. ``time`` is when the last of them came, None before the first.

    Where ``net`` the contract is a combo, whose price may be zero or less.
    """

    net: bool = False
    sides: dict[str, Side] = field(default_factory=lambda: {name: Side() for name in ("bid", "ask", "last")})
    greeks: Greeks | None = None
    delayed: bool = False
    time: datetime | None = None
    _from_model: bool = False

    def take(self, tick: IbTick, now: datetime) -> bool:
        """Take a tick in; return whether it told anything of the picture, be it the same again."""
        if isinstance(tick, IbDataType):
            self.delayed = tick.market_data_type in {DataType.DELAYED, DataType.DELAYED_FROZEN}
        if not isinstance(tick, IbPriceTick | IbSizeTick | IbOptionTick) or tick.tick_type not in TICKS:
            return False
        meaning = TICKS[tick.tick_type]
        if not self._heard(tick, meaning.shown):
            return False
        self.time = now
        self.delayed = self.delayed or meaning.delayed
        return True

    def _heard(self, tick: IbPriceTick | IbSizeTick | IbOptionTick, shown: Shown) -> bool:
        match tick:
            case IbPriceTick() if shown in _PRICES:
                return self._take_price(self.sides[_PRICES[shown]], tick)
            case IbSizeTick() if shown in _SIZES:
                return self._take_size(self.sides[_SIZES[shown]], tick)
            case IbOptionTick() if shown in _GREEKS:
                return self._take_computation(tick, shown)
            case _:
                return False

    @property
    def has_both_sides(self) -> bool:
        """Whether TWS has said who bids and who offers, be it nobody."""
        return self.sides["bid"].told and self.sides["ask"].told

    @property
    def is_priced(self) -> bool:
        """Whether there is any price at all."""
        return any(side.price is not None for side in self.sides.values())

    def quote(self, contract: Contract) -> Quote | None:
        """Return the picture as a quote of the contract, or None before the first tick."""
        if self.time is None:
            return None
        bid, ask, last = (self.sides[name] for name in ("bid", "ask", "last"))
        return Quote(
            contract=contract,
            time=self.time,
            bid=bid.price,
            bid_size=None if bid.price is None else bid.size,
            ask=ask.price,
            ask_size=None if ask.price is None else ask.size,
            last=last.price,
            delayed=self.delayed,
            greeks=self.greeks,
        )

    def _take_price(self, side: Side, tick: IbPriceTick) -> bool:
        size = sound(tick.size)
        price = sound(shown_price(tick.price, size, combo=self.net))
        # A price of zero that nobody stands behind is how TWS shows an option without a bid.
        side.price = None if price == 0 and not size and not self.net else price
        side.told = True
        if size is not None and size >= 0:
            side.size = size
        return True

    def _take_size(self, side: Side, tick: IbSizeTick) -> bool:
        size = sound(tick.size)
        if size is None or size < 0:
            return False
        side.size = size
        return True

    def _take_computation(self, tick: IbOptionTick, shown: Shown) -> bool:
        """Take greeks: those of the model, and until these come those of the bid, the ask or the last price."""
        from_model = shown is Shown.MODEL_GREEKS
        found = None if self._from_model and not from_model else greeks_of(tick)
        if found is None:
            return False
        self.greeks, self._from_model = found, from_model
        return True


def greeks_of(tick: IbOptionTick) -> Greeks | None:
    """Return a computation's greeks, or None where it names none; what it leaves out stays None."""
    volatility = sound(tick.implied_volatility)
    values = [sound(value) for value in (tick.delta, tick.gamma, tick.vega, tick.theta)]
    if volatility is None and all(value is None for value in values):
        return None
    delta, gamma, vega, theta = values
    return Greeks(
        implied_volatility=None if volatility is None or volatility < 0 else volatility,
        delta=delta,
        gamma=gamma,
        vega=vega,
        theta=theta,
        underlying_price=sound(tick.underlying_price),
    )


def sound(value: Decimal | None) -> Decimal | None:
    """Return a number as v6 keeps it; None where TWS sent none, or one that cannot be."""
    number = told(value)
    try:
        return None if number is None else bounded(number, "tick")
    except Untranslatable:
        return None
