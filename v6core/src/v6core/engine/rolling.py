"""Rolling a strategy: its own exits first, then what is held of it into the target, step by step where asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from v6core.contracts import Stock
from v6core.engine.execution import Deadline, Execution, Held
from v6core.errors import OrderDenied
from v6core.events import Purpose, StrategyRecorded
from v6core.fills import ActionTaken, ExecutionResult
from v6core.orders import Order, OrderStatus
from v6core.planning import PlanningCode, PlanningError, RollPlan, RollStep, far_side, plan_roll, strategy_after
from v6core.planning.targets import Only, StrikeOffset
from v6core.sessions import trading_day
from v6core.strategies import LegSpec, Strategy


@dataclass(frozen=True, slots=True, kw_only=True)
class RollTerms:
    """Where a roll goes to, and at what price."""

    new_dte: int | None
    strike_offset: StrikeOffset = 0
    target_legs: tuple[LegSpec, ...] | None = None
    only: Only | None = None
    sequential: bool = False
    limit_price: Decimal | None = None
    at_market: bool = False


class Rolling:
    """Rolls strategies."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    async def roll(self, strategy: Strategy, terms: RollTerms, deadline: Deadline) -> ExecutionResult:
        """Roll what is held of a strategy; what was cancelled for it is told where no order follows."""
        await self._plan(strategy, await self._execution.held(strategy), terms)
        cancelled = await self._execution.cancel_own_orders(strategy)
        if isinstance(cancelled, ExecutionResult):
            return cancelled
        try:
            return await self._send(strategy, terms, deadline)
        except OrderDenied as denied:
            if not cancelled:
                raise
            return self._execution.stopped(ActionTaken.FAILED, cancelled, str(denied), strategy)

    async def _send(self, strategy: Strategy, terms: RollTerms, deadline: Deadline) -> ExecutionResult:
        """Send the steps one after the other, each once the one before has filled; OrderDenied where none was sent."""
        # What the exits filled before they were gone is no longer there to be rolled.
        held = await self._execution.held(strategy)
        plan = await self._plan(strategy, held, terms)
        done: list[UUID] = []
        problems: list[str] = []
        for step in plan.steps:
            try:
                far = terms.limit_price is None and not terms.at_market
                order = await self._priced_anew(step) if done and far else step.order
                placed = await self._execution.place(order, Purpose.ROLL, far_side=far)
            except OrderDenied as denied:
                if not done:
                    raise
                problems.append(str(denied))
                break
            done.append(placed.order_id)
            await self._execution.ended((placed.order_id,), deadline)
            if self._execution.dispatch.state(placed.order_id).status is not OrderStatus.FILLED:
                break
        return await self._rolled(strategy, plan, held, tuple(done), problems)

    async def _priced_anew(self, step: RollStep) -> Order:
        """Return a later step's order at the far side of the quotes as they are by then."""
        quotes = await self._execution.market.known_quotes(contract for contract, _ in step.changes)
        price = far_side(step.changes, quotes)
        if price is None:
            raise PlanningError(PlanningCode.NO_QUOTE, f"there is no quote to price {step.order.contract} by")
        return step.order.replace(limit_price=step.order.action.sign * price)

    async def _plan(self, strategy: Strategy, held: Held, terms: RollTerms) -> RollPlan:
        if not held:
            raise PlanningError(PlanningCode.NOTHING_HELD, f"nothing is held of {strategy.strategy_id}")
        execution = self._execution
        chain = await execution.market.chain(Stock(strategy.symbol, currency=strategy.currency))
        details: dict[str, Any] = {
            "new_dte": terms.new_dte,
            "strike_offset": terms.strike_offset,
            "target_legs": terms.target_legs,
            "only": terms.only,
            "sequential": terms.sequential,
            "placement": execution.placement,
        }
        where = (chain, trading_day(execution.broker.now()), execution.broker.capabilities)
        shape = plan_roll(strategy, held, *where, quotes={}, at_market=True, **details)
        details["quotes"] = await execution.market.known_quotes(contract for contract, _ in shape.changes)
        return plan_roll(strategy, held, *where, limit_price=terms.limit_price, at_market=terms.at_market, **details)

    async def _rolled(
        self, strategy: Strategy, plan: RollPlan, held: Held, order_ids: tuple[UUID, ...], problems: Iterable[str]
    ) -> ExecutionResult:
        execution = self._execution
        states = [execution.dispatch.state(order_id) for order_id in order_ids]
        if len(states) == len(plan.steps) and all(state.status is OrderStatus.FILLED for state in states):
            await self._record(plan.target)
            return execution.result(Purpose.ROLL, order_ids, plan.target)
        if not any(state.ledger.live for state in states):
            return execution.result(Purpose.ROLL, order_ids, strategy)
        after = strategy_after(strategy, execution.left_of(held, order_ids))
        if after is not None:
            await self._record(after)
        sent = f"{len(states)} of {len(plan.steps)} orders were sent"
        unsent = (sent,) if len(states) < len(plan.steps) else ()
        return execution.result(Purpose.ROLL, order_ids, after, (*problems, *unsent))

    async def _record(self, strategy: Strategy) -> None:
        await self._execution.scribe.write(StrategyRecorded(time=self._execution.broker.now(), strategy=strategy))
