"""Closing what is held: one combo order where the broker takes it, else leg by leg in an order that is safe throughout.

Leg by leg, every short may be bought back at once. A long is sold as far as it covers no short still held, counting
every sale that works as done and no buy-back before it has filled; so whatever fills, in whatever order and part, and
whatever fails, no short is ever less covered than it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID

from v6core.capabilities import Capabilities
from v6core.contracts import Contract
from v6core.money import ZERO
from v6core.orders import Order
from v6core.planning.changes import Changes, Placement, combo_order, netted, opposite, why_not_one
from v6core.planning.exposure import covering, sellable
from v6core.planning.prices import Price, Pricing, Quotes, cash_limit, price_steps
from v6core.planning.refusals import PlanningCode, PlanningError
from v6core.strategies import Strategy
from v6core.strategies.claims import SignedLeg


@dataclass(frozen=True, slots=True)
class CloseStep:
    """One order of a close leg by leg; ``covers`` names the shorts that a long stands behind when the plan is made."""

    order: Order
    covers: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The contract's key."""
        assert self.order.contract is not None
        return self.order.contract.key

    @property
    def quantity(self) -> Decimal:
        """What the order changes, negative where it sells."""
        return self.order.signed_quantity


@dataclass(frozen=True, slots=True)
class ClosePlan:
    """How to close: ``whole`` is one order for everything; without it the ``steps``, as ``next_steps`` lets them go.

    ``reason`` says why there is no order for everything.
    """

    changes: Changes
    whole: Order | None = None
    steps: tuple[CloseStep, ...] = ()
    reason: str | None = None

    @property
    def orders(self) -> tuple[Order, ...]:
        """All orders that the plan may send, buy-backs of shorts first."""
        return tuple(step.order for step in self.steps) if self.whole is None else (self.whole,)


def plan_close(
    strategy: Strategy,
    held: Iterable[SignedLeg],
    capabilities: Capabilities,
    *,
    quotes: Quotes,
    limit_price: Price | None = None,
    at_market: bool = False,
    placement: Placement | None = None,
) -> ClosePlan:
    """Return the orders that close what is ``held`` of a strategy (``positions.held_by``).

    ``limit_price`` is the net per unit of what is held in lowest terms, positive to pay; without it and ``at_market``
    the far side of the quotes counts. PlanningError: NOTHING_HELD, NO_QUOTE, PRICE_CONFLICT, OUT_OF_RATIO, and, leg by
    leg, LIMIT_AWAY.
    """
    pricing = Pricing.of(quotes, limit_price, at_market=at_market)
    holding = netted(held)
    if not holding:
        raise PlanningError(PlanningCode.NOTHING_HELD, f"nothing is held of {strategy.strategy_id}")
    place = placement or Placement()
    changes = opposite(holding)
    limit = cash_limit(strategy, holding, changes, pricing.limit_price)
    reason = why_not_one(changes, capabilities)
    if reason is None:
        (price,) = price_steps([changes], limit, pricing)
        whole = combo_order(changes, price, **place.terms(strategy.strategy_id))
        reason = None if len(changes) == 1 else capabilities.why_not(whole)
        if reason is None:
            return ClosePlan(changes, whole)
    backs_first = sorted(changes, key=lambda change: change[1] < 0)
    prices = price_steps([(change,) for change in backs_first], limit, pricing)
    covers = covering(holding)
    steps = tuple(
        CloseStep(combo_order((change,), price, **place.terms(strategy.strategy_id)), covers.get(change[0].key, ()))
        for change, price in zip(backs_first, prices, strict=True)
    )
    return ClosePlan(changes, steps=steps, reason=reason)


def next_steps(plan: ClosePlan, held: Iterable[SignedLeg], sent: Mapping[UUID, Decimal]) -> tuple[CloseStep, ...]:
    """Return the steps to send at this moment, buy-backs first; nothing once all that can be done is done or under way.

    ``held`` is what the strategy holds at this moment; ``sent`` has every order of the plan that was sent, by its id,
    with the quantity that may still fill: zero once it has ended, whole while it is in doubt. A step may come smaller
    than planned: where less is held than then, or where a buy-back that failed leaves the long a part to cover. Each is
    sent once; what is left when nothing works any longer is for another plan.
    """
    at_risk = {contract.key: (contract, quantity) for contract, quantity in netted(held)}
    waiting = [step for step in plan.steps if step.order.order_id not in sent]
    for step in plan.steps:
        if step.quantity < 0:
            _reduce(at_risk, step, sent.get(step.order.order_id, ZERO))
    backs = [_sized(step, at_risk, _held(step, at_risk)) for step in waiting if step.quantity > 0]
    expected = [step for step in plan.steps if step.quantity > 0 and sent.get(step.order.order_id, step.order.quantity)]
    sales: list[CloseStep | None] = []
    for step in waiting:
        if step.quantity < 0:
            sale = _sale(step, at_risk, expected)
            sales.append(sale)
            _reduce(at_risk, step, ZERO if sale is None else sale.order.quantity)
    return tuple(step for step in (*backs, *sales) if step is not None)


Rows = dict[str, tuple[Contract, Decimal]]


def _sale(step: CloseStep, at_risk: Rows, expected: Iterable[CloseStep]) -> CloseStep | None:
    """Size the sale of a long, or hold it back where a buy-back that may still fill would let more of it go."""
    wanted = min(_held(step, at_risk), step.order.quantity)
    if not wanted:
        return None
    free = sellable(at_risk, step.key)
    if free < wanted:
        hoped = dict(at_risk)
        for back in expected:
            _reduce(hoped, back, back.order.quantity)
        if sellable(hoped, step.key) > free:
            return None
    return _sized(step, at_risk, free)


def _sized(step: CloseStep, rows: Rows, most: Decimal) -> CloseStep | None:
    quantity = min(step.order.quantity, most, _held(step, rows))
    if quantity == step.order.quantity:
        return step
    return replace(step, order=step.order.replace(quantity=quantity)) if quantity else None


def _held(step: CloseStep, rows: Rows) -> Decimal:
    """Return how much is held of what the step closes, zero where nothing is or the other side."""
    held = rows[step.key][1] if step.key in rows else ZERO
    return abs(held) if held * step.quantity < 0 else ZERO


def _reduce(rows: Rows, step: CloseStep, quantity: Decimal) -> None:
    """Take off the rows what the step would close with so much, never past zero."""
    closed = min(quantity, _held(step, rows))
    if closed:
        contract, held = rows[step.key]
        left = held + closed.copy_sign(step.quantity)
        rows[step.key] = (contract, left)
        if not left:
            del rows[step.key]
