"""What an option's prices imply: volatility and greeks, for each of bid, ask, last and the model."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal

from v6_ib_plugin.gateway.market.black_scholes import European
from v6_ib_plugin.gateway.wire.messages import TickOptionComputation
from v6_ib_plugin.translation.ticks import Shown, tick_number
from v6core.contracts import FutureOption, Option, OptionRight
from v6core.quotes import Quote
from v6core.sessions import NEW_YORK, last_session

RATE = 0.04
"""The annual interest rate at which strikes are discounted."""
_SECONDS_A_YEAR = 365 * 86_400
_CLOSE = time(16)
_PLACES = Decimal("0.00000001")


class Computations:
    """The computations of one option for one request; a price that stays is not told again."""

    def __init__(self, req_id: int, option: Option | FutureOption, *, delayed: bool) -> None:
        self._req_id = req_id
        self._delayed = delayed
        self._option = option
        self._told: dict[int, tuple[Decimal | None, Decimal | None]] = {}

    def of(self, quote: Quote, underlying: Quote | None) -> Iterator[TickOptionComputation]:
        """Yield the computations that an option's quote and its underlying's change."""
        spot = None if underlying is None else underlying.mid or underlying.last
        prices = [
            (Shown.BID_GREEKS, quote.bid),
            (Shown.ASK_GREEKS, quote.ask),
            (Shown.LAST_GREEKS, quote.last),
            (Shown.MODEL_GREEKS, quote.mid),
        ]
        for shown, price in prices:
            number = tick_number(shown, delayed=self._delayed)
            unchanged = self._told.get(number) == (price, spot)
            if unchanged or (price is None and number not in self._told):
                continue
            self._told[number] = (price, spot)
            yield computation(self._req_id, number, self._option, price, spot=spot, now=quote.time)


def computation(
    req_id: int,
    number: int,
    option: Option | FutureOption,
    price: Decimal | None,
    *,
    spot: Decimal | None,
    now: datetime,
) -> TickOptionComputation:
    """Return what one price of an option implies; nothing where there is no price, no spot or no time left."""
    nothing = TickOptionComputation(req_id, number, opt_price=price, und_price=spot)
    if price is None or spot is None:
        return nothing
    european = European(
        is_call=option.right is OptionRight.CALL,
        spot=float(spot),
        strike=float(option.strike),
        years=max(0.0, (expires(option.expiration) - now).total_seconds() / _SECONDS_A_YEAR),
        rate=RATE,
        on_future=isinstance(option, FutureOption),
    )
    volatility = european.implied_volatility(float(price))
    if volatility is None:
        return nothing
    greeks = european.greeks(volatility)
    return TickOptionComputation(
        req_id,
        number,
        tick_attrib=1,
        implied_vol=_decimal(volatility),
        delta=_decimal(greeks.delta),
        opt_price=price,
        pv_dividend=Decimal(0),
        gamma=_decimal(greeks.gamma),
        vega=_decimal(greeks.vega),
        theta=_decimal(greeks.theta),
        und_price=spot,
    )


def expires(day: date) -> datetime:
    """Return when an option that expires on a day does: at the close of the session, or of the last one before it."""
    try:
        return last_session(day).close
    except ValueError:  # a day that nobody knows the sessions of
        return datetime.combine(day, _CLOSE, NEW_YORK)


def _decimal(number: float) -> Decimal:
    return Decimal(repr(number)).quantize(_PLACES)
