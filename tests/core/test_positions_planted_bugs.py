"""Bugs that somebody could write, each caught by a law: what the laws are worth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import settings

from core import planning_laws, position_laws
from v6core.planning import ClosePlan, CloseStep, next_steps
from v6core.planning.changes import Changes
from v6core.positions import Holding


@dataclass(slots=True)
class SignFlippedAtReduce(Holding):
    """A profit is booked as a loss."""

    def _reduce(self, quantity: Decimal, price: Decimal) -> None:
        before = self.realized
        Holding._reduce(self, quantity, price)
        self.realized = before - (self.realized - before)


@dataclass(slots=True)
class AveragedThroughZero(Holding):
    """The average of what was closed goes on in what is opened on the other side."""

    def trade(self, quantity: Decimal, price: Decimal) -> None:
        average, before = self.avg_cost, self.quantity
        Holding.trade(self, quantity, price)
        if before * self.quantity < 0:
            self.cost = self.quantity * average * self.contract.multiplier


@dataclass(slots=True)
class ReducedAtItsPrice(Holding):
    """The cost is lowered by what came in, so that nothing is ever realized before the end."""

    def trade(self, quantity: Decimal, price: Decimal) -> None:
        self.quantity += quantity
        self.cost += quantity * price * self.contract.multiplier


@dataclass(slots=True)
class CostRounded(Holding):
    """The average is rounded to cents at every fill."""

    def trade(self, quantity: Decimal, price: Decimal) -> None:
        Holding.trade(self, quantity, price)
        self.cost = round(self.avg_cost, 2) * self.quantity * self.contract.multiplier


@dataclass(slots=True)
class MultiplierForgotten(Holding):
    """An option's contract counts as one share."""

    def trade(self, quantity: Decimal, price: Decimal) -> None:
        Holding.trade(self, quantity, price / self.contract.multiplier)


Law = Callable[[position_laws.HoldingType, settings], None]


@pytest.mark.parametrize(
    ("law", "broken"),
    [
        (position_laws.realized_and_cost_are_the_cash, SignFlippedAtReduce),
        (position_laws.profit_is_that_of_fifo, SignFlippedAtReduce),
        (position_laws.the_average_moves_as_it_should, AveragedThroughZero),
        (position_laws.realized_and_cost_are_the_cash, AveragedThroughZero),
        (position_laws.the_average_moves_as_it_should, ReducedAtItsPrice),
        (position_laws.realized_and_cost_are_the_cash, CostRounded),
        (position_laws.pieces_make_no_difference, CostRounded),
        (position_laws.profit_is_that_of_fifo, MultiplierForgotten),
    ],
)
def test_a_broken_average_is_caught(law: Law, broken: position_laws.HoldingType) -> None:
    with pytest.raises(AssertionError):
        law(broken, planning_laws.hunt)


def long_with_its_short(plan: ClosePlan, held: Changes, sent: Mapping[UUID, Decimal]) -> tuple[CloseStep, ...]:
    """Send everything at once: a long can be sold before its short is bought back."""
    return tuple(step for step in plan.steps if step.order.order_id not in sent)


def buy_backs_taken_for_filled(plan: ClosePlan, held: Changes, sent: Mapping[UUID, Decimal]) -> tuple[CloseStep, ...]:
    """Count a buy-back as done when it is sent."""
    gone = {step.key for step in plan.steps if step.quantity > 0 and step.order.order_id in sent}
    return next_steps(plan, tuple(row for row in held if row[0].key not in gone), sent)


def sales_under_way_forgotten(plan: ClosePlan, held: Changes, sent: Mapping[UUID, Decimal]) -> tuple[CloseStep, ...]:
    """Count on longs that are being sold: two that cover one short can both go."""
    longs = {step.order.order_id for step in plan.steps if step.quantity < 0}
    return next_steps(plan, held, {order: Decimal(0) if order in longs else left for order, left in sent.items()})


def stopped_at_the_first_failure(plan: ClosePlan, held: Changes, sent: Mapping[UUID, Decimal]) -> tuple[CloseStep, ...]:
    """Give up on all legs once one has ended with something left."""
    left = {contract.key for contract, _ in held}
    failed = any(step.key in left and sent.get(step.order.order_id) == 0 for step in plan.steps)
    return () if failed else next_steps(plan, held, sent)


@pytest.mark.parametrize(
    "broken",
    [long_with_its_short, buy_backs_taken_for_filled, sales_under_way_forgotten, stopped_at_the_first_failure],
)
def test_a_broken_close_is_caught(broken: planning_laws.NextSteps) -> None:
    with pytest.raises(AssertionError):
        planning_laws.no_close_uncovers_a_short(broken, planning_laws.hunt)


def cut_as_they_come(held: Changes, changes: Changes, most: int) -> tuple[Changes, ...]:
    """Cut the changes into orders without asking what each leaves uncovered."""
    return tuple(changes[start : start + most] for start in range(0, len(changes), most))


def sold_first(held: Changes, changes: Changes, most: int) -> tuple[Changes, ...]:
    """Take the money in first."""
    return cut_as_they_come(held, tuple(sorted(changes, key=lambda change: change[1])), most)


@pytest.mark.parametrize("broken", [cut_as_they_come, sold_first])
def test_a_roll_that_leaves_a_short_uncovered_is_caught(broken: planning_laws.Split) -> None:
    with pytest.raises(AssertionError, match="uncovered"):
        planning_laws.no_roll_uncovers_a_short(broken, planning_laws.hunt)


def one_by_one(held: Changes, changes: Changes, most: int) -> tuple[Changes, ...]:
    """Buy all, then sell all, each alone: safe, and more orders than are needed."""
    return tuple((change,) for change in sorted(changes, key=lambda change: -change[1]))


def test_a_roll_of_too_many_orders_is_caught() -> None:
    with pytest.raises(AssertionError):
        planning_laws.no_roll_takes_fewer_orders(one_by_one, planning_laws.hunt)
