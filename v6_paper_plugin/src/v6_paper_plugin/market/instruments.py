"""What the synthetic market lists: each kind of contract, worth what, quoted how wide and how large.

A quote is a function of the contract, the price of its underlying and the time, rounded outwards to ticks: the bid
down, the ask up. Half the spread grows with the option's value and with its time to expiration, more slowly than the
value itself, so what no-arbitrage says of values (calls fall as strikes rise, and so on) holds for bids and for asks.
An option is worth its Black–Scholes price, or what exercise brings where that is more, as with puts deep in the money.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from hashlib import blake2b

from v6_paper_plugin.market import black_scholes
from v6_paper_plugin.market.listing import is_monthly, is_strike, usual_details
from v6_paper_plugin.market.surface import Surface
from v6_paper_plugin.market.tape import Tick
from v6core.contracts import (
    Contract,
    ContractDetails,
    Crypto,
    Forex,
    Future,
    FutureOption,
    Index,
    Option,
    OptionRight,
    Stock,
    TickBand,
)
from v6core.money import ZERO
from v6core.sessions import FIRST_DAY, LAST_DAY, session_on

RATE = 0.04
"""The annual interest rate at which forwards are carried and options discounted."""
_SECONDS_A_YEAR = 365 * 86_400
_CENTS = (TickBand(),)
_QUARTERS = (TickBand(tick=Decimal("0.25")),)
# The penny interval programme of the US option exchanges (Cboe rule 5.4): cents below 3, nickels from there on,
# and cents everywhere for options on SPY, QQQ and IWM.
_NICKELS = (TickBand(), TickBand(from_price=Decimal(3), tick=Decimal("0.05")))
_IN_CENTS = frozenset({"SPY", "QQQ", "IWM"})
_SIZES = tuple(Decimal(size) for size in range(1, 65))
_ROUND_LOTS = tuple(100 * size for size in _SIZES)
_MILLIONS = tuple(Decimal(1_000_000) * size for size in _SIZES)
_ALMOST_WHOLE = 6  # decimals of a tick beyond which mathematical libraries may differ

Value = Callable[[float, datetime], float]
"""What a contract is worth, from the price of its path and the time."""


@dataclass(frozen=True, slots=True)
class Instrument:
    """One listed contract and how it is quoted."""

    details: ContractDetails
    value: Value
    half_spread: Value
    sizes: tuple[Decimal, ...] = ()
    expiration: date | None = None

    def expires(self) -> datetime | None:
        """Return the close of its last session, or None where it has no end."""
        return None if self.expiration is None else _close(self.expiration)

    def tick(self, price: float, time: datetime, seed: str) -> Tick:
        """Return its quote while its path stands at a price."""
        contract = self.details.contract
        value = self.value(price, time)
        if not self.sizes:
            level = _on_tick(self.details.ticks, value, round)
            return Tick(time, contract, level, ZERO, level, ZERO)
        half = self.half_spread(value, time)
        bid = _on_tick(self.details.ticks, value - half, math.floor)
        ask = _on_tick(self.details.ticks, value + half, math.ceil)
        draw = blake2b(f"{seed}|{contract.key}|{time:%Y%m%d%H%M%S}".encode(), digest_size=2).digest()
        bid_size, ask_size = self.sizes[draw[0] % len(self.sizes)], self.sizes[draw[1] % len(self.sizes)]
        return (
            Tick(time, contract, bid, bid_size, ask, ask_size)
            if bid > 0
            else Tick(time, contract, None, ZERO, ask, ask_size)
        )


def _on_tick(bands: tuple[TickBand, ...], price: float, rounding: Callable[[float], int]) -> Decimal:
    band = bands[0]
    for other in bands[1:]:
        if price >= other.from_price:
            band = other
    return rounding(round(price / float(band.tick), _ALMOST_WHOLE)) * band.tick


def _close(day: date) -> datetime:
    session = session_on(day)
    if session is None:
        raise ValueError(f"{day} is no trading day")
    return session.close


def _years(until: datetime, time: datetime) -> float:
    return max(0.0, (until - time).total_seconds() / _SECONDS_A_YEAR)


def _spot(price: float, _time: datetime) -> float:
    return price


def path_name(contract: Contract) -> str:
    """Return the name of the path that a contract's price follows: a symbol's, or that of a pair or a coin."""
    return contract.key if isinstance(contract, Forex | Crypto) else contract.symbol


def future_behind(contract: FutureOption) -> Future:
    """Return the quarterly future that an option on futures delivers: the first to expire not before the option."""
    year, month = contract.expiration.year, contract.expiration.month
    for quarter in range(-(-month // 3), 9):
        expiration = _third_friday(year + (quarter - 1) // 4, (quarter - 1) % 4 * 3 + 3)
        if expiration >= contract.expiration:
            return Future(contract.symbol, expiration, multiplier=contract.multiplier, exchange=contract.exchange)
    raise ValueError(f"no quarterly future follows {contract.expiration}")


def _third_friday(year: int, month: int) -> date:
    return next(day for day in (date(year, month, n) for n in range(21, 13, -1)) if is_monthly(day))


def instrument(contract: Contract, surface: Surface) -> Instrument | None:
    """Return the instrument that a contract is in the synthetic market, or None where it is not listed there."""
    if not _has_usual_terms(contract):
        return None
    match contract:
        case Stock() | Index():
            return _share(contract)
        case Forex() | Crypto():
            return _currency(contract)
        case Future():
            return _future(contract)
        case Option() | FutureOption():
            return _option(contract, surface)
        case _:
            return None


def _has_usual_terms(contract: Contract) -> bool:
    if contract.trading_class is not None or (contract.currency != "USD" and contract.kind != "FOREX"):
        return False
    if isinstance(contract, Option | Future | FutureOption) and not FIRST_DAY <= contract.expiration <= LAST_DAY:
        return False
    return isinstance(contract, Future | FutureOption) or contract.multiplier == contract.usual_multiplier


def _share(contract: Stock | Index) -> Instrument:
    sizes = _ROUND_LOTS if isinstance(contract, Stock) else ()
    return Instrument(usual_details(contract), _spot, _narrow(0.005), sizes)


def _currency(contract: Forex | Crypto) -> Instrument:
    if isinstance(contract, Forex):
        return Instrument(usual_details(contract), _spot, _narrow(0.00005), _MILLIONS)
    return Instrument(usual_details(contract), _spot, _narrow(0.01, 1e-4), _SIZES)


def _narrow(least: float, share: float = 2.5e-5) -> Value:
    """Return half the spread of what trades all day long: a share of the price, and at least so much."""
    return lambda value, _time: max(least, share * value)


def _future(contract: Future) -> Instrument | None:
    if not is_monthly(contract.expiration):
        return None
    close = _close(contract.expiration)
    details = ContractDetails(contract=contract, ticks=_QUARTERS)

    def forward(price: float, time: datetime) -> float:
        return price * math.exp(RATE * _years(close, time))

    return Instrument(details, forward, _narrow(0.05), _SIZES, contract.expiration)


def _option(contract: Option | FutureOption, surface: Surface) -> Instrument | None:
    if session_on(contract.expiration) is None or not is_strike(contract.strike):
        return None
    close, strike, right = _close(contract.expiration), float(contract.strike), OptionRight(contract.right)
    # A future that runs on past the option is worth its carry over that time more than the spot (Black, 1976).
    carry = 1.0
    if isinstance(contract, FutureOption):
        carry = math.exp(RATE * _years(_close(future_behind(contract).expiration), close))

    def value(price: float, time: datetime) -> float:
        years, spot = _years(close, time), price * carry
        volatility = surface.volatility(strike, spot * math.exp(RATE * years), years)
        european = black_scholes.price(right, spot, strike, years, volatility=volatility, rate=RATE)
        return max(european, spot - strike if right is OptionRight.CALL else strike - spot)

    def half_spread(value: float, time: datetime) -> float:
        return 0.005 + (0.002 * value + 0.006 * math.sqrt(value)) * (1 + math.sqrt(_years(close, time)))

    ticks = _CENTS if contract.symbol in _IN_CENTS else _NICKELS
    return Instrument(ContractDetails(contract=contract, ticks=ticks), value, half_spread, _SIZES, contract.expiration)
