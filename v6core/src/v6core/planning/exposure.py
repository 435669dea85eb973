"""Exposure: how much of what is short, by market and right, no long covers.

Cover is ``v6core.strategies.cover``'s. The underlying itself, held short, counts as a short that any call covers, so
that a protective call is not sold from under it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from decimal import ROUND_FLOOR, Decimal, localcontext

from v6core.contracts import Contract
from v6core.money import ZERO
from v6core.strategies.claims import EXACT, SignedLeg, by_underlying, claims_of, underlying_of
from v6core.strategies.cover import Covered, cover

Exposure = Mapping[tuple[str, ...], Decimal]
"""Amounts of the underlying that are short and uncovered, by market and right; what is not named is zero."""


def exposure(held: Iterable[SignedLeg]) -> Exposure:
    """Return what is short and uncovered, by market and right."""
    found: defaultdict[tuple[str, ...], Decimal] = defaultdict(lambda: ZERO)
    with localcontext(EXACT):
        for row in _covered(held):
            if row.uncovered:
                found[*underlying_of(row.short.contract), row.short.right] += row.uncovered
    return dict(found)


def within(exposed: Exposure, bounds: Iterable[Exposure]) -> bool:
    """Tell whether nothing is more exposed than in the worst of the bounds."""
    known = list(bounds)
    return all(amount <= max(bound.get(group, ZERO) for bound in known) for group, amount in exposed.items())


def covering(held: Iterable[SignedLeg]) -> Mapping[str, tuple[str, ...]]:
    """Return the keys of the longs that cover something, each with the keys of the shorts that it covers."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for row in _covered(held):
        for part in row.cover:
            found[part.contract.key].append(row.short.contract.key)
    return {key: tuple(shorts) for key, shorts in found.items()}


def sellable(held: Mapping[str, tuple[Contract, Decimal]], key: str) -> Decimal:
    """Return how much of a long can be sold without uncovering anything, a whole number where some of it covers."""
    contract, quantity = held[key]
    rest = [row for other, row in held.items() if other != key]
    with localcontext(EXACT):
        needed = sum(exposure(rest).values(), ZERO) - sum(exposure(held.values()).values(), ZERO)
        if not needed:
            return quantity
        return max((quantity - needed / contract.multiplier).to_integral_value(ROUND_FLOOR), ZERO)


def _covered(held: Iterable[SignedLeg]) -> Iterator[Covered]:
    for claims in by_underlying(claims_of(held)):
        # Shares that are owed can be delivered from a call of any expiration.
        shorts = [
            claim if claim.strike is not None else replace(claim, expiration=date.min)
            for claim in claims
            if claim.amount < 0
        ]
        yield from cover(shorts, [claim for claim in claims if claim.amount > 0])[0]
