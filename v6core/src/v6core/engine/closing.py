"""Closing a strategy: its own exits first, then what is held of it, as one order or leg by leg."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Final
from uuid import UUID

from v6core.engine.execution import Deadline, Execution
from v6core.engine.room import Held, Room
from v6core.engine.sagas import Saga, Sagas
from v6core.errors import OrderDenied
from v6core.events import Purpose, SagaPlanned
from v6core.fills import ActionTaken, ExecutionResult
from v6core.money import ZERO
from v6core.orders import Order, OrderStatus
from v6core.planning import ClosePlan, CloseStep, next_steps, opposite, plan_close, smaller, strategy_after
from v6core.sagas import CloseByLegs
from v6core.strategies import Strategy


class Closing:
    """Closes strategies."""

    def __init__(self, execution: Execution, sagas: Sagas) -> None:
        self._execution = execution
        self._sagas = sagas

    async def close(
        self, strategy: Strategy, limit_price: Decimal | None, deadline: Deadline, *, at_market: bool
    ) -> ExecutionResult:
        """Close what is held of a strategy; what was cancelled for it is told where no order follows."""
        # What cannot be closed keeps its exits, so there is a plan before they are cancelled.
        if held := (await self._execution.look(strategy)).held:
            await self._plan(strategy, held, limit_price, at_market=at_market)
        cancelled = await self._execution.cancel_own_orders(strategy)
        if isinstance(cancelled, ExecutionResult):
            return cancelled
        # What the exits filled before they were gone is no longer there to be closed.
        room = await self._execution.look(strategy)
        if not room.held:
            nothing = f"nothing is held of {strategy.strategy_id}"
            return self._execution.stopped(ActionTaken.FAILED, cancelled, nothing)
        try:
            return await self._send(strategy, room, limit_price, deadline, at_market=at_market)
        except OrderDenied as denied:
            if not cancelled:
                raise
            return self._execution.stopped(ActionTaken.FAILED, cancelled, str(denied), strategy)

    async def _send(
        self, strategy: Strategy, room: Room, limit_price: Decimal | None, deadline: Deadline, *, at_market: bool
    ) -> ExecutionResult:
        plan = await self._plan(strategy, room.held, limit_price, at_market=at_market)
        far = limit_price is None and not at_market
        if plan.whole is None:
            steps = tuple(step.order for step in plan.steps)
            written = CloseByLegs(strategy=strategy, held=room.held, steps=steps, far_side=far)
            return await self._sagas.see_through(ClosingByLegs(self._execution, written, room), deadline)
        placed = await self._execution.place(plan.whole, Purpose.CLOSE, far_side=far, room=room)
        await self._execution.ended((placed.order_id,), deadline)
        return _closed(self._execution, strategy, (placed.order_id,), room.held)

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


class ClosingByLegs(Saga):
    """A close leg by leg: each step goes when it is safe, as large as what is left to close at that moment."""

    def __init__(self, execution: Execution, plan: CloseByLegs, room: Room | None = None) -> None:
        super().__init__(execution, plan, plan.steps)
        self._written: Final = plan
        self._room = room
        self._refused: dict[UUID, str] = {}

    async def carry_on(self) -> None:
        """Send the steps as they become safe, until all that can be done is done; a doubt is waited for."""
        execution = self._execution
        if self._written.saga_id not in execution.record.sagas:
            await execution.scribe.write(SagaPlanned(time=execution.broker.now(), plan=self._written))
        while True:
            if self._unsent() and await self._send_what_is_safe():
                continue
            working = [i for i in self._told_of() if self._execution.dispatch.state(i).status.is_open]
            if not working:
                return
            await self._next_change(working)

    def outcome(self) -> ExecutionResult:
        """Return what its orders came to, and what is still held."""
        problems = (*self._refused.values(), *self._denials())
        return _closed(self._execution, self.strategy, self._told_of(), self._written.held, problems)

    def _unsent(self) -> tuple[Order, ...]:
        current = map(self._current, self._written.steps)
        return tuple(o for o in current if self._state(o.order_id) is None and o.order_id not in self._refused)

    async def _send_what_is_safe(self) -> bool:
        """Look at what is held, send what may go; tell whether anything did."""
        anew = self._room is None
        room = self._room or await self._look()
        self._room = None
        steps = next_steps(self._plan(), self._left(room), self._sent())
        outcomes = await asyncio.gather(*(self._try(step, room, anew=anew) for step in steps))
        self._refused.update({step.order.order_id: told for step, told in zip(steps, outcomes, strict=True) if told})
        return bool(steps)

    def _plan(self) -> ClosePlan:
        steps = tuple(CloseStep(self._current(order)) for order in self._written.steps)
        return ClosePlan(opposite(self._written.held), steps=steps)

    def _left(self, room: Room) -> Held:
        """Return what is left to close: by the look, and by what was held at first and has been filled since."""
        return smaller(self._execution.left_of(self._written.held, self._told_of()), room.held)

    def _sent(self) -> dict[UUID, Decimal]:
        """Return each order that was sent or refused, with what of it may still fill."""
        sent = dict.fromkeys(self._refused, ZERO)
        for order in self._written.steps:
            current = self._current(order).order_id
            if self._state(current) is not None:
                sent[current] = sum(map(self._execution.may_still_fill, self._attempts(order)), ZERO)
        return sent

    async def _try(self, step: CloseStep, room: Room, *, anew: bool) -> str | None:
        """Send a step; return why it was refused where no order tells it."""
        execution = self._execution
        try:
            if anew and self._written.far_side:
                contract = step.order.contract
                assert contract is not None
                step = replace(step, order=await execution.priced_anew(step.order, ((contract, step.quantity),)))
            await execution.place(step.order, Purpose.CLOSE, far_side=True, room=room)
        except OrderDenied as denied:
            told = f"{step.key}: {denied}"
            return None if self._state(step.order.order_id) is not None else told
        return None


def _closed(
    execution: Execution, strategy: Strategy, order_ids: tuple[UUID, ...], held: Held, problems: Iterable[str] = ()
) -> ExecutionResult:
    left = execution.left_of(held, order_ids)
    kept = [f"{quantity:+f} {contract.key} is still held" for contract, quantity in left]
    states = map(execution.dispatch.state, order_ids)
    whole = all(state.status is OrderStatus.FILLED for state in states)
    problems = tuple(problems)
    told = (*problems, *kept) if whole or problems else ()
    return execution.result(Purpose.CLOSE, order_ids, strategy_after(strategy, left), told)
