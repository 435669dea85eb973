"""The Black–Scholes price and delta of a European option without dividends, in floats: for models, never for money.

F. Black and M. Scholes, "The Pricing of Options and Corporate Liabilities", Journal of Political Economy 81 (1973),
equation 13; in the notation of J. Hull, "Options, Futures, and Other Derivatives", chapter on Black–Scholes–Merton.
"""

from __future__ import annotations

from math import exp, log, sqrt
from statistics import NormalDist

from v6core.contracts import OptionRight

_cdf = NormalDist().cdf


def price(right: OptionRight, spot: float, strike: float, years: float, *, volatility: float, rate: float) -> float:
    """Return what the option is worth per unit; rate and volatility are annual, 0.2 being 20 %.

    Without time or volatility left it is what exercise at the forward price brings, discounted.

    >>> round(price(OptionRight.CALL, 42, 40, 0.5, volatility=0.2, rate=0.1), 2)
    4.76
    """
    present_strike = strike * exp(-rate * years)
    deviation = volatility * sqrt(years)
    if deviation <= 0:
        gain = spot - present_strike
        return max(0.0, gain if right is OptionRight.CALL else -gain)
    d1 = log(spot / present_strike) / deviation + deviation / 2
    d2 = d1 - deviation
    # Far out of the money the difference may come out a rounding error below nothing.
    if right is OptionRight.CALL:
        return max(0.0, spot * _cdf(d1) - present_strike * _cdf(d2))
    return max(0.0, present_strike * _cdf(-d2) - spot * _cdf(-d1))


def delta(right: OptionRight, spot: float, strike: float, years: float, *, volatility: float, rate: float) -> float:
    """Return how much the price moves with the spot's: 0 to 1 for a call, -1 to 0 for a put."""
    present_strike = strike * exp(-rate * years)
    deviation = volatility * sqrt(years)
    if deviation <= 0:
        call_delta = 1.0 if spot > present_strike else 0.0
    else:
        call_delta = _cdf(log(spot / present_strike) / deviation + deviation / 2)
    return call_delta if right is OptionRight.CALL else call_delta - 1
