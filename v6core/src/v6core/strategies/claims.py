"""Contracts as claims: so much of an underlying, above or below a strike, until a day.

A signed quantity of any contract becomes a signed amount of its underlying (quantity × multiplier), so that shares,
options and combos add up in one unit, and a stock is a claim without strike that never expires.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Context, Decimal
from typing import Any

from v6core.contracts import Combo, Contract, Future, FutureOption, Index, Option, OptionRight, Stock
from v6core.money import ZERO, to_decimal

# Strike × multiplier × quantity, each of up to 23 digits, added up: exact in any context that the program has set.
EXACT = Context(prec=128)

SignedLeg = tuple[Contract, int | Decimal]
"""A contract with how many of it: positive is long, negative short."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A signed ``amount`` of the underlying; without a strike the underlying itself, whose ``right`` is CALL."""

    contract: Contract
    right: OptionRight
    strike: Decimal | None
    expiration: date
    amount: Decimal

    def value(self, price: Decimal) -> Decimal:
        """Return what the claim is worth where the underlying ends at a price, in currency."""
        if self.strike is None:
            return self.amount * price
        gap = price - self.strike if self.right is OptionRight.CALL else self.strike - price
        return self.amount * max(gap, ZERO)

    def part(self, amount: Decimal) -> Claim:
        """Return the same claim on another amount."""
        return replace(self, amount=amount)


def singles(legs: Iterable[SignedLeg]) -> Iterator[tuple[Any, Decimal]]:
    """Yield each contract with its signed quantity, a combo leg by leg."""
    for contract, quantity in legs:
        number = to_decimal(quantity, "quantity")
        if isinstance(contract, Combo):
            yield from ((leg, number * ratio) for leg, ratio in contract.signed_legs)
        else:
            yield contract, number


def claims_of(legs: Iterable[SignedLeg]) -> list[Claim]:
    """Return the claims of some legs, netted by contract; what nets to nothing is left out."""
    netted: dict[str, Claim] = {}
    for contract, quantity in singles(legs):
        claim = _claim(contract, quantity)
        held = netted.get(contract.key)
        netted[contract.key] = claim if held is None else held.part(held.amount + claim.amount)
    return [claim for claim in netted.values() if claim.amount]


def _claim(contract: Contract, quantity: Decimal) -> Claim:
    amount = quantity * contract.multiplier
    match contract:
        case Option() | FutureOption():
            return Claim(contract, contract.right, contract.strike, contract.expiration, amount)
        case Future():
            return Claim(contract, OptionRight.CALL, None, contract.expiration, amount)
        case Index():
            raise ValueError(f"an index cannot be held: {contract.key}")
        case _:
            return Claim(contract, OptionRight.CALL, None, date.max, amount)


def underlying_of(contract: Contract) -> tuple[str, ...]:
    """Return what names the market behind a contract: a share and its options have one, a future and its options."""
    match contract:
        case Stock() | Option():
            market = "shares"
        case Future() | FutureOption():
            market = "futures"
        case _:
            market = contract.kind
    return market, contract.symbol, contract.currency


def by_underlying(claims: Iterable[Claim]) -> list[list[Claim]]:
    """Return the claims parted by market, in the order in which each market first appears."""
    parted: dict[tuple[str, ...], list[Claim]] = {}
    for claim in claims:
        parted.setdefault(underlying_of(claim.contract), []).append(claim)
    return list(parted.values())
