"""Profit at expiration, as a function of the underlying's price: straight pieces that meet at the strikes.

Every figure is in currency for the strategy's whole quantity, exact, before commissions. ``net_price`` is the net per
unit for which it was opened, positive where it was paid, negative where it was received; a unit costs the net price
times the contract's multiplier. Source: the payoff diagrams of any options text (J. C. Hull, Options, Futures, and
Other Derivatives, "Trading strategies involving options").
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from itertools import pairwise

from v6core.contracts import OptionRight
from v6core.money import ZERO, plain, to_decimal
from v6core.strategies.claims import EXACT, Claim, claims_of
from v6core.strategies.strategy import Strategy

# A break-even may be a third of a cent away from a strike; 28 digits are what Decimal gives by default.
_ROUNDED = Context(prec=28)

Price = Decimal | float | str


@dataclass(frozen=True, slots=True)
class Payoff:
    """A profit that is linear between ``kinks`` (price, profit), and beyond them along its slopes.

    ``slope_below`` is None where there is no price below the first kink: a share is never worth less than nothing.
    """

    kinks: tuple[tuple[Decimal, Decimal], ...]
    slope_above: Decimal
    slope_below: Decimal | None = None

    @classmethod
    def of(cls, claims: Iterable[Claim], cost: Decimal = ZERO, *, floored: bool = True) -> Payoff:
        """Return the profit of claims that settle at one price, less what they cost; floored at a price of zero."""
        held = tuple(claims)
        with localcontext(EXACT):
            prices = {claim.strike for claim in held if claim.strike is not None}
            if floored or not prices:
                prices.add(ZERO)
            kinks = tuple((price, sum((claim.value(price) for claim in held), -cost)) for price in sorted(prices))
            above = sum((claim.amount for claim in held if claim.right is OptionRight.CALL), ZERO)
            below = sum((_slope_at_the_left(claim) for claim in held), ZERO)
        return cls(kinks, above, None if floored else below)

    @property
    def highest(self) -> Decimal | None:
        """The highest profit, or None where it has no bound."""
        unbounded = self.slope_above > 0 or (self.slope_below is not None and self.slope_below < 0)
        return None if unbounded else max(profit for _, profit in self.kinks)

    @property
    def lowest(self) -> Decimal | None:
        """The lowest profit, a loss where it is negative, or None where it has no bound."""
        unbounded = self.slope_above < 0 or (self.slope_below is not None and self.slope_below > 0)
        return None if unbounded else min(profit for _, profit in self.kinks)

    def at(self, price: Decimal) -> Decimal:
        """Return the profit at a price; ValueError below the lowest price there is."""
        place = bisect_right(self.kinks, price, key=lambda kink: kink[0])
        with localcontext(EXACT):
            if place == 0:
                return self._below(price)
            (start, profit), slope = self.kinks[place - 1], self._slope_after(place - 1)
            return profit + (price - start) * slope

    def zeros(self) -> tuple[Decimal, ...]:
        """Return the prices without profit or loss, ascending; of a stretch of them, its ends."""
        found = {price for price, profit in self.kinks if profit == 0}
        with localcontext(EXACT):
            for (left, profit), (right, next_profit) in pairwise(self.kinks):
                if profit * next_profit < 0:
                    found.add(left - profit * (right - left) / (next_profit - profit))
            (last, at_last), (first, at_first) = self.kinks[-1], self.kinks[0]
            if at_last * self.slope_above < 0:
                found.add(last - at_last / self.slope_above)
            if self.slope_below is not None and at_first * self.slope_below > 0:
                found.add(first - at_first / self.slope_below)
        return tuple(sorted(_ROUNDED.plus(price) for price in found))

    def _below(self, price: Decimal) -> Decimal:
        if self.slope_below is None:
            raise ValueError(f"price must not be negative, not {plain(price)}")
        first, profit = self.kinks[0]
        return profit + (price - first) * self.slope_below

    def _slope_after(self, place: int) -> Decimal:
        if place == len(self.kinks) - 1:
            return self.slope_above
        (left, profit), (right, next_profit) = self.kinks[place], self.kinks[place + 1]
        return (next_profit - profit) / (right - left)


def payoff(strategy: Strategy, price_at_expiration: Price, net_price: Price) -> Decimal:
    """Return the profit where the underlying ends at a price; negative is a loss.

    ValueError for a price below zero, and for legs of several expirations: what a leg that still runs is worth then
    needs a pricing model.
    """
    return _payoff_of(strategy, net_price).at(to_decimal(price_at_expiration, "price_at_expiration"))


def break_evens(strategy: Strategy, net_price: Price) -> tuple[Decimal, ...]:
    """Return the prices without profit or loss, ascending, to 28 digits; of a stretch of them, its ends.

    ValueError for legs of several expirations.
    """
    return _payoff_of(strategy, net_price).zeros()


def max_profit(strategy: Strategy, net_price: Price) -> Decimal | None:
    """Return the largest profit, None where it has no bound; negative where every price is a loss.

    ValueError for legs of several expirations.
    """
    return _payoff_of(strategy, net_price).highest


def max_loss(strategy: Strategy, net_price: Price) -> Decimal | None:
    """Return the largest loss as a positive amount, None where it has no bound; negative where every price is a profit.

    ValueError for legs of several expirations, for which ``max_loss_of`` knows a bound.
    """
    lowest = _payoff_of(strategy, net_price).lowest
    return None if lowest is None else EXACT.minus(lowest)


def _payoff_of(strategy: Strategy, net_price: Price) -> Payoff:
    if len(strategy.expirations) > 1:
        days = ", ".join(str(day) for day in strategy.expirations)
        raise ValueError(
            f"the payoff of {strategy.strategy_id} at expiration needs a pricing model, "
            f"because its legs expire on different days: {days}"
        )
    with localcontext(EXACT):
        contract, _ = strategy.as_combo()
        cost = to_decimal(net_price, "net_price") * contract.multiplier * strategy.quantity
        return Payoff.of(claims_of(strategy.signed_legs), cost)


def _slope_at_the_left(claim: Claim) -> Decimal:
    if claim.strike is None:
        return claim.amount
    return -claim.amount if claim.right is OptionRight.PUT else ZERO
