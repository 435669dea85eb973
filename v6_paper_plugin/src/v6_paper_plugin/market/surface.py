"""Implied volatility by strike and expiration: a surface on which no static arbitrage is possible.

The surface is SSVI with the power-law function, J. Gatheral and A. Jacquier, "Arbitrage-free SVI volatility surfaces",
Quantitative Finance 14 (2014), section 4: with k the logarithm of strike over forward and t(T) the at-the-money total
variance,

    w(k, T) = t/2 · (1 + ρ·φ·k + sqrt((φ·k + ρ)² + 1 - ρ²)),   φ = η / sqrt(t·(1 + t)),   volatility = sqrt(w / T).

It is free of butterfly and of calendar arbitrage where η·(1 + |ρ|) ≤ 2 and t grows with T. The skew ρ is that of
equity options; t is the expected variance of one that reverts to its mean (S. Heston, Review of Financial Studies 6,
1993, which draws it so).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, sqrt

_RHO, _ETA = -0.6, 1.0
_REVERSION = 4.0
_SHORT_TERM = 0.9  # the at-the-money volatility of today's options over that of far ones


@dataclass(frozen=True, slots=True)
class Surface:
    """The implied volatilities of one underlying, from the volatility of its far at-the-money options."""

    far_volatility: float

    def at_the_money_variance(self, years: float) -> float:
        """Return the total variance that at-the-money options of an expiration imply."""
        far = self.far_volatility**2
        near = (_SHORT_TERM * self.far_volatility) ** 2
        return far * years + (near - far) * (1 - exp(-_REVERSION * years)) / _REVERSION

    def volatility(self, strike: float, forward: float, years: float) -> float:
        """Return the annual volatility that an option implies; 0 at its expiration."""
        variance = self.at_the_money_variance(years)
        if variance <= 0 or years <= 0:
            return 0.0
        x = _ETA / sqrt(variance * (1 + variance)) * log(strike / forward)
        total = variance / 2 * (1 + _RHO * x + sqrt((x + _RHO) ** 2 + 1 - _RHO**2))
        return sqrt(total / years)
