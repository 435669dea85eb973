"""Closing a strategy: its own exits first, then what is held of it, as one order or leg by leg."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from decimal import Decimal
from uuid import UUID

from v6core.engine.execution import Deadline, Execution, Held
from v6core.errors import OrderDenied
from v6core.events import Purpose
from v6core.fills import ActionTaken, ExecutionResult
from v6core.money import ZERO
from v6core.orders import Order, OrderStatus
from v6core.planning import ClosePlan, CloseStep, next_steps, plan_close, strategy_after
from v6core.strategies import Strategy


class Closing:
    """Closes strategies."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    async def close(
        self, strategy: Strategy, limit_price: Decimal | None, deadline: Deadline, *, at_market: bool
    ) -> ExecutionResult:
        """Close what is held of a strategy; what was cancelled for it is told where no order follows."""
        # What cannot be closed keeps its exits, so there is a plan before they are cancelled.
        if held := await self._execution.held(strategy):
            await self._plan(strategy, held, limit_price, at_market=at_market)
        cancelled = await self._execution.cancel_own_orders(strategy)
        if isinstance(cancelled, ExecutionResult):
            return cancelled
        # What the exits filled before they were gone is no longer there to be closed.
        held = await self._execution.held(strategy)
        if not held:
            nothing = f"nothing is held of {strategy.strategy_id}"
            return self._execution.stopped(ActionTaken.FAILED, cancelled, nothing)
        try:
            return await self._send(strategy, held, limit_price, deadline, at_market=at_market)
        except OrderDenied as denied:
            if not cancelled:
                raise
            return self._execution.stopped(ActionTaken.FAILED, cancelled, str(denied), strategy)

    async def _send(
        self, strategy: Strategy, held: Held, limit_price: Decimal | None, deadline: Deadline, *, at_market: bool
    ) -> ExecutionResult:
        plan = await self._plan(strategy, held, limit_price, at_market=at_market)
        if plan.whole is None:
            return await self._leg_by_leg(strategy, plan, held, deadline)
        far = limit_price is None and not at_market
        placed = await self._execution.place(plan.whole, Purpose.CLOSE, far_side=far)
        await self._execution.ended((placed.order_id,), deadline)
        return self._closed(strategy, (placed.order_id,), held)

    async def _plan(self, strategy: Strategy, held: Held, limit_price: Decimal | None, *, at_market: bool) -> ClosePlan:
        quotes = await self._execution.market.known_quotes(contract for contract, _ in held)
        return plan_close(
            strategy,
            held,
            self._execution.broker.capabilities,
            quotes=quotes,
            limit_price=limit_price,
            at_market=at_market,
            placement=self._execution.placement,
        )

    def _closed(
        self, strategy: Strategy, order_ids: tuple[UUID, ...], held: Held, problems: Iterable[str] = ()
    ) -> ExecutionResult:
        left = self._execution.left_of(held, order_ids)
        kept = [f"{quantity:+f} {contract.key} is still held" for contract, quantity in left]
        states = map(self._execution.dispatch.state, order_ids)
        whole = all(state.status is OrderStatus.FILLED for state in states)
        told = (*problems, *kept) if whole or problems else ()
        return self._execution.result(Purpose.CLOSE, order_ids, strategy_after(strategy, left), told)

    async def _leg_by_leg(self, strategy: Strategy, plan: ClosePlan, held: Held, deadline: Deadline) -> ExecutionResult:
        """Send the steps as they become safe, until all that can be done is done, in doubt, or out of time."""
        execution = self._execution
        sent: dict[UUID, Decimal] = {}
        placed: list[UUID] = []
        problems: list[str] = []
        while True:
            sent.update({order_id: execution.may_still_fill(order_id) for order_id in placed})
            steps = next_steps(plan, execution.left_of(held, tuple(placed)), sent)
            for step, outcome in zip(steps, await asyncio.gather(*map(self._try_step, steps)), strict=True):
                sent[step.order.order_id] = ZERO
                if isinstance(outcome, Order):
                    placed.append(outcome.order_id)
                else:
                    problems.append(f"{step.key}: {outcome}")
            if steps:
                continue
            if not await self._something_ends(tuple(placed), deadline):
                return self._closed(strategy, tuple(placed), held, problems)

    async def _try_step(self, step: CloseStep) -> Order | OrderDenied:
        try:
            return await self._execution.place(step.order, Purpose.CLOSE, far_side=True)
        except OrderDenied as denied:
            return denied

    async def _something_ends(self, order_ids: tuple[UUID, ...], deadline: Deadline) -> bool:
        """Wait until a working order has ended or filled further; False where none works or the time is over."""
        execution = self._execution
        before = {i: execution.may_still_fill(i) for i in order_ids if not execution.has_ended(i)}
        if not before:
            return False
        return await execution.scribe.until(
            lambda: any(execution.has_ended(i) or execution.may_still_fill(i) != was for i, was in before.items()),
            *before,
            timeout=deadline.left,
        )
