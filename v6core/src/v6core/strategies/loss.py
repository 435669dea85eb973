"""The most that a set of legs can lose, also where they expire on different days.

Legs of one expiration are settled together: the bound is exact. Of several expirations, each short is settled on its
day together with the longs that cover it (``cover``: only one that expires no earlier does), those at their intrinsic
value then; what is left of the longs joins the last short that expires before it. The worst price of each day counts,
as if the days had nothing to do with one another: options that can be exercised early never lose more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal, localcontext

from v6core.contracts import Future, FutureOption
from v6core.money import ZERO, plain, to_decimal
from v6core.strategies.claims import EXACT, Claim, SignedLeg, claims_of, singles, underlying_of
from v6core.strategies.cover import cover
from v6core.strategies.payoff import Payoff, Price


def max_loss_of(legs: Iterable[SignedLeg], net_price: Price, quantity: int | Decimal = 1) -> Decimal | None:
    """Return the most that ``quantity`` units of some legs can lose, in currency; None where it has no bound.

    ``legs`` are one unit, contracts with signed quantities (a combo counts leg by leg); ``net_price`` is the net per
    unit, positive paid and negative received, in the terms of a Combo: times the largest multiplier it is what a unit
    costs. An order is ``max_loss_of([(contract, action.sign)], action.sign * price, quantity)``. Negative where a
    profit is certain. Shares are worth nothing at worst; a future's price has no floor. Different underlyings are each
    taken at their worst. ValueError for no legs, for an index, and for legs in several currencies.
    """
    units = to_decimal(quantity, "quantity")
    if units <= 0:
        raise ValueError(f"quantity must be positive, not {plain(units)}: the sides are in the legs")
    with localcontext(EXACT):
        held = list(singles(legs))
    if not held:
        raise ValueError("the maximum loss of no legs at all: give at least one contract with its quantity")
    currencies = sorted({contract.currency for contract, _ in held})
    if len(currencies) > 1:
        raise ValueError(f"legs in several currencies have no one maximum loss: {', '.join(currencies)}")
    with localcontext(EXACT):
        cost = to_decimal(net_price, "net_price") * max(contract.multiplier for contract, _ in held)
        lows = [_lowest(claims) for claims in _by_price(claims_of(held))]
        known = [low for low in lows if low is not None]
        return (cost - sum(known, ZERO)) * units if len(known) == len(lows) else None


def _by_price(claims: Iterable[Claim]) -> list[list[Claim]]:
    """Part the claims by the price that drives them; each month of a future has its own."""
    parted: dict[tuple[object, ...], list[Claim]] = {}
    for claim in claims:
        month = claim.expiration if isinstance(claim.contract, Future | FutureOption) else None
        kind = claim.contract.kind if month else ""
        parted.setdefault((*underlying_of(claim.contract), month, kind), []).append(claim)
    return list(parted.values())


def _lowest(claims: list[Claim]) -> Decimal | None:
    floored = not isinstance(claims[0].contract, Future | FutureOption)
    lows = [Payoff.of(group, floored=floored).lowest for group in _settled_together(claims)]
    known = [low for low in lows if low is not None]
    return sum(known, ZERO) if len(known) == len(lows) else None


def _settled_together(claims: list[Claim]) -> list[list[Claim]]:
    days = sorted({claim.expiration for claim in claims if claim.strike is not None})
    if len(days) < 2:
        return [claims]
    # Shares that are owed can be bought back on any day; the first leaves them the most longs to be covered by.
    shorts = [claim if claim.strike is not None else replace(claim, expiration=days[0]) for claim in claims]
    rows, left = cover([claim for claim in shorts if claim.amount < 0], [claim for claim in claims if claim.amount > 0])
    groups: dict[date, list[Claim]] = {}
    for row in rows:
        groups.setdefault(row.short.expiration, []).extend((row.short, *row.cover))
    settling = sorted(groups)
    for long in left:
        before = [day for day in settling if day <= long.expiration]
        groups.setdefault(before[-1] if before else days[0], []).append(long)
    return list(groups.values())
