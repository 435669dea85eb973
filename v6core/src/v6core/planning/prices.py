"""Net prices: what changes come to at the far side of quotes, and how a limit is kept over one order or several."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import Self

from v6core.contracts import Contract
from v6core.money import MOST_PLACES, plain, to_decimal
from v6core.planning.changes import Changes, netted, order_multiplier, units
from v6core.planning.refusals import PlanningCode, PlanningError
from v6core.quotes import Quote
from v6core.strategies import Strategy
from v6core.strategies.claims import EXACT, SignedLeg

Quotes = Mapping[str, Quote]
"""Quotes by the contract's key."""


Price = Decimal | float | str


@dataclass(frozen=True, slots=True)
class Pricing:
    """How an operation is priced: at a limit, at the market, else at the far side of the quotes."""

    quotes: Quotes
    limit_price: Decimal | None
    at_market: bool

    @classmethod
    def of(cls, quotes: Quotes, limit_price: Price | None, *, at_market: bool) -> Self:
        """Return the pricing asked for; PlanningError where a limit and the market are asked for at once."""
        limit = None if limit_price is None else to_decimal(limit_price, "limit_price")
        if at_market and limit is not None:
            raise PlanningError(
                PlanningCode.PRICE_CONFLICT,
                f"at_market takes no limit_price, and {plain(limit)} was given: leave out one of them",
            )
        return cls(quotes, limit, at_market)


def far_side(legs: Iterable[SignedLeg], quotes: Quotes) -> Decimal | None:
    """Return the net price per unit at which some legs can be had at once: bought at the ask, sold at the bid.

    Per unit in lowest terms as of a Combo (the signed sum of price × ratio × multiplier, over the largest multiplier),
    positive to pay and negative to receive, at most ten places and rounded up so that it still reaches. None where a
    side is missing; nobody bids zero for a single contract.
    """
    changes = netted(legs)
    cash = far_cash(changes, quotes)
    return None if cash is None else _price(changes, cash, up=True)


def far_cash(changes: Changes, quotes: Quotes) -> Fraction | None:
    """Return the money that changes cost at the far side of their quotes, negative where it comes in."""
    total = Fraction(0)
    for contract, quantity in changes:
        price = _far_price(contract, quantity, quotes)
        if price is None or (price <= 0 and len(changes) == 1):
            return None
        total += Fraction(quantity) * Fraction(price) * Fraction(contract.multiplier)
    return total if changes else None


def _far_price(contract: Contract, quantity: Decimal, quotes: Quotes) -> Decimal | None:
    quote = quotes.get(contract.key)
    if quote is None:
        return None
    return quote.ask if quantity > 0 else quote.bid


def units_of(strategy: Strategy, legs: Iterable[tuple[Contract, Decimal]]) -> Fraction | None:
    """Return how many of the strategy's units some of its legs are, or None where they are not in its ratio."""
    opened = {contract.key: Fraction(quantity, strategy.quantity) for contract, quantity in strategy.signed_legs}
    found = {
        Fraction(quantity) / opened[contract.key] if contract.key in opened else None for contract, quantity in legs
    }
    return found.pop() if len(found) == 1 else None


def cash_limit(
    strategy: Strategy, legs: Iterable[tuple[Contract, Decimal]], changes: Changes, limit_price: Decimal | None
) -> Fraction | None:
    """Return the money that a net price per unit of the changes is, where the legs are in the strategy's ratio.

    Were they not, a unit would be something else than the caller thinks of (ten against seven, not one against one).
    """
    if limit_price is None:
        return None
    held = list(legs)
    if units_of(strategy, held) is None:
        raise PlanningError(
            PlanningCode.OUT_OF_RATIO,
            f"what is held of {strategy.strategy_id} is not in the ratio of its legs, so that a limit_price "
            f"per unit says nothing: {', '.join(f'{quantity:+f} {contract.key}' for contract, quantity in held)}",
            hint="leave limit_price out, or place an order for the legs that are too many",
        )
    return Fraction(limit_price) * Fraction(order_multiplier(changes)) * Fraction(units(changes))


def price_steps(steps: Sequence[Changes], limit: Fraction | None, pricing: Pricing) -> tuple[Decimal | None, ...]:
    """Return the net price per unit of each of some orders, None for a market order.

    A single order takes the limit (money, over all of it). Several go at the far side of their quotes, where these
    come to no more than the limit. PlanningError: NO_QUOTE, LIMIT_AWAY.
    """
    if pricing.at_market:
        return (None,) * len(steps)
    if limit is not None and len(steps) == 1:
        return (_price(steps[0], limit, up=False),)
    costs = [_known_cash(step, pricing.quotes) for step in steps]
    total = sum(costs, Fraction(0))
    if limit is not None and total > limit:
        raise PlanningError(
            PlanningCode.LIMIT_AWAY,
            f"{len(steps)} orders at the present quotes come to {_money(total)} and not to the limit of "
            f"{_money(limit)}: order by order, nothing would hold them to it",
            hint="a higher limit_price, none, or wait for better quotes",
        )
    return tuple(_price(step, cash, up=True) for step, cash in zip(steps, costs, strict=True))


def _known_cash(changes: Changes, quotes: Quotes) -> Fraction:
    cash = far_cash(changes, quotes)
    if cash is None:
        missing = [
            f"no {'ask' if quantity > 0 else 'bid'} for {contract.key}"
            for contract, quantity in changes
            if len(changes) == 1 or _far_price(contract, quantity, quotes) is None
        ]
        raise PlanningError(
            PlanningCode.NO_QUOTE, f"there is {', '.join(missing)}", hint="give a limit_price, or at_market=True"
        )
    return cash


def _money(amount: Fraction) -> str:
    return f"{EXACT.divide(Decimal(amount.numerator), Decimal(amount.denominator)):.2f}"


def _price(changes: Changes, cash: Fraction, *, up: bool) -> Decimal:
    exact = cash / (Fraction(units(changes)) * Fraction(order_multiplier(changes)))
    scaled = exact * 10**MOST_PLACES
    # Exact division leaves no trailing zeros: 2.45, not 2.4500000000.
    return EXACT.divide(Decimal(ceil(scaled) if up else floor(scaled)), Decimal(10**MOST_PLACES))
