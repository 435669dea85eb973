"""Black–Scholes for European options without dividends: price, greeks and implied volatility, in floats.

F. Black and M. Scholes, "The Pricing of Options and Corporate Liabilities", Journal of Political Economy 81 (1973);
on futures, F. Black, "The Pricing of Commodity Contracts", Journal of Financial Economics 3 (1976); the greeks as in
J. Hull, "Options, Futures, and Other Derivatives". They are shown to a client, as TWS shows them, and never become
money. Rates and volatilities are annual, 0.2 being 20 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc, exp, isfinite, log, pi, sqrt

DAYS_A_YEAR = 365
_SMALLEST, _LARGEST = 1e-4, 10.0
_ROUNDS = 100
_EXACT = 1e-12


@dataclass(frozen=True, slots=True)
class European:
    """An option to buy (``is_call``) or to sell at ``strike`` in ``years``, while the underlying costs ``spot``.

    Nothing is paid for a future before it is delivered: ``on_future`` discounts its price as the strike is.
    """

    is_call: bool
    spot: float
    strike: float
    years: float
    rate: float
    on_future: bool = False

    @property
    def present_spot(self) -> float:
        """What is to be delivered is worth today."""
        return self.spot * exp(-self.rate * self.years) if self.on_future else self.spot

    @property
    def present_strike(self) -> float:
        """What the strike is worth today."""
        return self.strike * exp(-self.rate * self.years)

    def price(self, volatility: float) -> float:
        """Return what the option is worth per unit.

        >>> round(European(True, 42, 40, 0.5, 0.1).price(0.2), 2)
        4.76
        """
        d1, d2 = self._d(volatility)
        if self.is_call:
            return max(0.0, self.present_spot * _cdf(d1) - self.present_strike * _cdf(d2))
        return max(0.0, self.present_strike * _cdf(-d2) - self.present_spot * _cdf(-d1))

    def greeks(self, volatility: float) -> Greeks:
        """Return how the price answers: to the spot, to a point of volatility, and to a day that passes."""
        d1, d2 = self._d(volatility)
        root = sqrt(self.years)
        bell = exp(-d1 * d1 / 2) / sqrt(2 * pi)
        side = 1 if self.is_call else -1
        discount = self.present_spot / self.spot
        decay = -self.present_spot * bell * volatility / (2 * root)
        carry = -side * self.rate * self.present_strike * _cdf(side * d2)
        if self.on_future:
            carry += side * self.rate * self.present_spot * _cdf(side * d1)
        return Greeks(
            delta=discount * (_cdf(d1) if self.is_call else _cdf(d1) - 1),
            gamma=discount * bell / (self.spot * volatility * root),
            vega=self.present_spot * bell * root / 100,
            theta=(decay + carry) / DAYS_A_YEAR,
        )

    def implied_volatility(self, price: float) -> float | None:
        """Return the volatility at which the option is worth a price, or None where none from 0.01 % to 1000 % is.

        The price grows with the volatility, so it is halved in; Newton's steps are taken where they stay inside.
        """
        if not (self.spot > 0 and self.strike > 0 and self.years > 0 and isfinite(price)):
            return None
        low, high = _SMALLEST, _LARGEST
        if not self.price(low) < price < self.price(high):
            return None
        guess = 0.3
        for _ in range(_ROUNDS):
            error = self.price(guess) - price
            if abs(error) < _EXACT or high - low < _EXACT:
                break
            low, high = (low, guess) if error > 0 else (guess, high)
            slope = self.greeks(guess).vega * 100
            step = guess - error / slope if slope > _EXACT else low
            guess = step if low < step < high else (low + high) / 2
        return guess

    def _d(self, volatility: float) -> tuple[float, float]:
        deviation = volatility * sqrt(self.years)
        d1 = log(self.present_spot / self.present_strike) / deviation + deviation / 2
        return d1, d1 - deviation


@dataclass(frozen=True, slots=True)
class Greeks:
    """``vega`` is per point of volatility (one per cent), ``theta`` per calendar day."""

    delta: float
    gamma: float
    vega: float
    theta: float


def _cdf(x: float) -> float:
    return erfc(-x / sqrt(2)) / 2
