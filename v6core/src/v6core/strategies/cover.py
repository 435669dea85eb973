"""Cover: which long stands behind which short option.

A short option is covered by a long option on the same underlying with the same right that expires no earlier, at
whatever strike; a short call also by the underlying itself, held long (100 shares a contract; a future that expires no
earlier, for an option on futures). Cover is counted in the underlying (quantity × multiplier), nothing covers twice,
and as much is covered as can be: shorts are served from the last to expire, each first by the long that expires soonest
after it, so that what could cover more is kept. Cash covers nothing here: a cash-secured put is uncovered.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext

from v6core.contracts import Contract, OptionRight
from v6core.money import ZERO
from v6core.strategies.claims import EXACT, Claim, SignedLeg, by_underlying, claims_of


@dataclass(frozen=True, slots=True)
class Covered:
    """A short claim with the parts of longs that stand behind it."""

    short: Claim
    cover: tuple[Claim, ...]

    @property
    def uncovered(self) -> Decimal:
        """How much of the underlying nothing stands behind."""
        return -self.short.amount - sum((part.amount for part in self.cover), ZERO)


def cover(shorts: Iterable[Claim], longs: Iterable[Claim]) -> tuple[list[Covered], list[Claim]]:
    """Return each short with what covers it, the last to expire first, and what is left of the longs.

    All must be on one underlying. A short without a strike is the underlying sold, and wants a call's cover.
    """
    pool = sorted(longs, key=_soonest_and_closest)
    covered: list[Covered] = []
    for short in sorted(shorts, key=lambda claim: claim.expiration, reverse=True):
        taken, pool = _take(short, pool)
        covered.append(Covered(short, taken))
    return covered, pool


def uncovered_shorts(positions: Iterable[SignedLeg]) -> tuple[tuple[Contract, int], ...]:
    """Return the short options that no long covers, each with how many, a partly covered one counted whole.

    ``positions`` are contracts with signed quantities, of one account; quantities of one contract are netted first.
    """
    with localcontext(EXACT):
        return tuple(
            (row.short.contract, _contracts(row.uncovered, row.short.contract, ROUND_CEILING))
            for row in _covered(positions)
            if row.uncovered
        )


def releasable(positions: Iterable[SignedLeg], contract: Contract) -> int:
    """Return how many of a contract held long can be sold without leaving a short less covered than it is.

    Zero where none is held long.
    """
    held = list(positions)
    with localcontext(EXACT):
        long = next((claim for claim in claims_of(held) if claim.contract.key == contract.key), None)
        if long is None or long.amount < 0:
            return 0
        quantity = long.amount / contract.multiplier
        # As a source of a maximum flow: it serves with everything up to what is needed, and with nothing beyond.
        needed = _exposed([*held, (contract, -quantity)]) - _exposed(held)
        return _contracts(long.amount - needed, contract, ROUND_FLOOR)


def _covered(positions: Iterable[SignedLeg]) -> list[Covered]:
    rows: list[Covered] = []
    for claims in by_underlying(claims_of(positions)):
        shorts = [claim for claim in claims if claim.amount < 0 and claim.strike is not None]
        rows += cover(shorts, [claim for claim in claims if claim.amount > 0])[0]
    return rows


def _exposed(positions: Iterable[SignedLeg]) -> Decimal:
    return sum((row.uncovered for row in _covered(positions)), ZERO)


def _take(short: Claim, pool: list[Claim]) -> tuple[tuple[Claim, ...], list[Claim]]:
    """Part the pool into what covers the short and what is left."""
    wanted = -short.amount
    taken: list[Claim] = []
    left: list[Claim] = []
    for long in pool:
        fits = long.right is short.right and long.expiration >= short.expiration
        amount = min(wanted, long.amount) if fits else ZERO
        wanted -= amount
        if amount:
            taken.append(long.part(amount))
        if long.amount > amount:
            left.append(long.part(long.amount - amount))
    return tuple(taken), left


def _soonest_and_closest(long: Claim) -> tuple[object, ...]:
    """Order longs by expiration, those of one day by how much they protect: low calls and high puts first."""
    strike = long.strike or ZERO
    return long.expiration, strike if long.right is OptionRight.CALL else -strike


def _contracts(amount: Decimal, contract: Contract, rounding: str) -> int:
    return int((amount / contract.multiplier).to_integral_value(rounding))
