"""Rolling: what is held of some legs is closed and their targets opened, as one order wherever the broker takes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from v6core.capabilities import Capabilities
from v6core.contracts import Contract
from v6core.money import ZERO
from v6core.orders import Order
from v6core.planning.afterwards import leg_contract, strategy_after
from v6core.planning.changes import Changes, Placement, combo_order, netted, opposite, why_not_one
from v6core.planning.prices import Price, Pricing, Quotes, cash_limit, price_steps, units_of
from v6core.planning.refusals import PlanningCode, PlanningError
from v6core.planning.splitting import MOST_CHANGES, split
from v6core.planning.targets import Listing, Only, StrikeOffset, described, legs_to_roll, targets_of
from v6core.quotes import OptionChain
from v6core.strategies import LegSpec, Strategy
from v6core.strategies.claims import SignedLeg


@dataclass(frozen=True, slots=True)
class RollStep:
    """One order of a roll and what it changes."""

    order: Order
    changes: Changes


@dataclass(frozen=True, slots=True)
class RollPlan:
    """How to roll: ``steps`` in order, each filled whole before the next is sent, and then ``target`` is held.

    One step but where ``sequential`` was asked for and the broker takes too few legs.
    """

    target: Strategy
    changes: Changes
    steps: tuple[RollStep, ...]

    @property
    def orders(self) -> tuple[Order, ...]:
        """The orders of all steps."""
        return tuple(step.order for step in self.steps)


def plan_roll(
    strategy: Strategy,
    held: Iterable[SignedLeg],
    chain: OptionChain,
    today: date,
    capabilities: Capabilities,
    *,
    quotes: Quotes,
    new_dte: int | None = None,
    strike_offset: StrikeOffset = 0,
    target_legs: Sequence[LegSpec] | None = None,
    only: Only | None = None,
    sequential: bool = False,
    limit_price: Price | None = None,
    at_market: bool = False,
    placement: Placement | None = None,
) -> RollPlan:
    """Return the orders that roll what is ``held`` (``positions.held_by``) of a strategy's option legs.

    They go to the listed expiration nearest to today + ``new_dte`` days, each strike moved by ``strike_offset`` (one
    for all, or by right), or to ``target_legs``, whose quantities are those of the whole strategy. ``only`` is the
    right, or the legs, to roll; all else and shares stay. ``limit_price`` is the net per unit of the whole roll in
    lowest terms, positive to pay.

    PlanningError: ROLL_... where the target is expired, not listed or what is held, or has too many legs for one
    order without ``sequential``; NOTHING_HELD, OUT_OF_RATIO, NO_QUOTE, LIMIT_AWAY, PRICE_CONFLICT.
    """
    pricing = Pricing.of(quotes, limit_price, at_market=at_market)
    holding = netted(held)
    rolled = _rolled(strategy, holding, legs_to_roll(strategy, only), today)
    old = tuple(row for _, row in rolled)
    listing = Listing(chain, today, strategy.multiplier)
    if target_legs is not None:
        opened = _given(strategy, old, [listing.check(leg) for leg in target_legs])
    else:
        opened = _moved(strategy, rolled, listing, new_dte, strike_offset)
    changes = netted((*opposite(old), *opened))
    if not changes:
        raise PlanningError(PlanningCode.ROLL_IDENTICAL, _identical(rolled))
    target = _target(strategy, holding, old, opened)
    changed = {contract.key for contract, _ in changes}
    limit = cash_limit(strategy, [row for row in old if row[0].key in changed], changes, pricing.limit_price)
    parts = _parts(holding, changes, capabilities, sequential=sequential)
    place = placement or Placement()
    prices = price_steps(parts, limit, pricing)
    steps = tuple(
        RollStep(combo_order(part, price, **place.terms(strategy.strategy_id)), part)
        for part, price in zip(parts, prices, strict=True)
    )
    return RollPlan(target, changes, steps)


_Row = tuple[Contract, Decimal]


def _rolled(
    strategy: Strategy, holding: Changes, legs: tuple[LegSpec, ...], today: date
) -> tuple[tuple[LegSpec, _Row], ...]:
    """Return the legs that are held, each with its contract and how many."""
    quantities = {contract.key: quantity for contract, quantity in holding}
    found: list[tuple[LegSpec, _Row]] = []
    for leg in legs:
        contract = leg_contract(strategy, leg)
        quantity = quantities.get(contract.key, ZERO)
        if quantity * leg.signed_quantity <= 0:
            continue
        if leg.expiration is not None and leg.expiration < today:
            raise PlanningError(
                PlanningCode.ROLL_EXPIRED, f"{contract.key} expired on {leg.expiration}: nobody can roll it"
            )
        found.append((leg, (contract, quantity)))
    if not found:
        raise PlanningError(
            PlanningCode.NOTHING_HELD, f"nothing is held of {strategy.strategy_id} that could be rolled"
        )
    return tuple(found)


def _moved(
    strategy: Strategy,
    rolled: Sequence[tuple[LegSpec, _Row]],
    listing: Listing,
    new_dte: int | None,
    strike_offset: StrikeOffset,
) -> Changes:
    if new_dte is None:
        raise ValueError("a roll needs new_dte, the days to the new expiration, or target_legs")
    targets = targets_of([leg for leg, _ in rolled], listing, new_dte, strike_offset)
    return tuple((leg_contract(strategy, targets[leg]), quantity) for leg, (_, quantity) in rolled)


def _given(strategy: Strategy, old: Changes, legs: Sequence[LegSpec]) -> Changes:
    """Scale the target legs, given for the whole strategy, to the part of it that is held."""
    number = units_of(strategy, old)
    scaled = [] if number is None else [(leg, leg.signed_quantity * number / strategy.quantity) for leg in legs]
    if not scaled or any(quantity.denominator != 1 for _, quantity in scaled):
        raise PlanningError(
            PlanningCode.OUT_OF_RATIO,
            f"target_legs are for {strategy.quantity} of {strategy.strategy_id}, and cannot be scaled to what is held: "
            f"{', '.join(f'{quantity:+f} {contract.key}' for contract, quantity in old)}",
        )
    return tuple((leg_contract(strategy, leg), Decimal(quantity.numerator)) for leg, quantity in scaled)


def _target(strategy: Strategy, holding: Changes, old: Changes, opened: Changes) -> Strategy:
    """Return what is held after the roll; ValueError where a target would be set against another leg."""
    staying = netted((*holding, *opposite(old)))
    after = {contract.key: quantity for contract, quantity in netted((*staying, *opened))}
    for contract, quantity in opened:
        if after.get(contract.key, ZERO) * quantity <= 0 or abs(after[contract.key]) < abs(quantity):
            raise PlanningError(
                PlanningCode.ROLL_COLLIDES, f"two legs would meet in {contract.key}, one bought and one sold"
            )
    target = strategy_after(strategy, (*staying, *opened))
    assert target is not None
    return target


def _parts(holding: Changes, changes: Changes, capabilities: Capabilities, *, sequential: bool) -> tuple[Changes, ...]:
    reason = why_not_one(changes, capabilities)
    if reason is None:
        return (changes,)
    most = max(1, capabilities.max_combo_legs)
    if len(changes) > MOST_CHANGES or len(changes) <= most:
        hint = "roll some of the legs at a time (only=)"
        raise PlanningError(PlanningCode.ROLL_TOO_MANY_LEGS, f"the roll has {len(changes)} legs: {reason}", hint=hint)
    parts = split(holding, changes, most)
    if sequential:
        return parts
    raise PlanningError(
        PlanningCode.ROLL_TOO_MANY_LEGS,
        f"the roll has {len(changes)} legs, and the broker cannot take it as one order: {reason}",
        hint=f"sequential=True sends {len(parts)} orders one after the other; no short leg is uncovered between them",
    )


def _identical(rolled: Sequence[tuple[LegSpec, _Row]]) -> str:
    legs = ", ".join(described(leg) for leg, _ in rolled)
    return f"the target is what is held already: {legs}; give another new_dte, a strike_offset or target_legs"
