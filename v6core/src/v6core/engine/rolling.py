"""Rolling a strategy: its own exits first, then what is held of it into the target, step by step where asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from v6core.contracts import Stock
from v6core.engine.execution import Deadline, Execution
from v6core.engine.room import Held, Room
from v6core.engine.sagas import Saga, Sagas
from v6core.errors import BrokerError, OrderDenied
from v6core.events import EngineEvent, Purpose, SagaPlanned, StrategyRecorded
from v6core.fills import ActionTaken, ExecutionResult
from v6core.money import ZERO
from v6core.orders import Order, OrderStatus
from v6core.planning import PlanningCode, PlanningError, RollPlan, plan_roll, strategy_after
from v6core.planning.targets import Only, StrikeOffset
from v6core.sagas import RollBySteps, RollOrder
from v6core.sessions import trading_day
from v6core.strategies import LegSpec, Strategy

_NAKED_LEG: Final = "NAKED_LEG"


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

    def __init__(self, execution: Execution, sagas: Sagas) -> None:
        self._execution = execution
        self._sagas = sagas

    async def roll(self, strategy: Strategy, terms: RollTerms, deadline: Deadline) -> ExecutionResult:
        """Roll what is held of a strategy; what was cancelled for it is told where no order follows."""
        await self._plan(strategy, (await self._execution.look(strategy)).held, terms)
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
        # What the exits filled before they were gone is no longer there to be rolled.
        room = await self._execution.look(strategy)
        plan = await self._plan(strategy, room.held, terms)
        written = RollBySteps(
            strategy=strategy,
            target=plan.target,
            held=room.held,
            steps=tuple(RollOrder(order=step.order, changes=step.changes) for step in plan.steps),
            far_side=terms.limit_price is None and not terms.at_market,
        )
        return await self._sagas.see_through(RollingBySteps(self._execution, written, room), deadline)

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


class RollingBySteps(Saga):
    """A roll, order by order: each is sent once the one before has filled whole."""

    def __init__(self, execution: Execution, plan: RollBySteps, room: Room | None = None) -> None:
        super().__init__(execution, plan, (step.order for step in plan.steps))
        self._written: Final = plan
        self._room = room
        self._refused: str | None = None

    async def carry_on(self) -> None:
        """Send one order after the other; OrderDenied where the first was refused, and then nothing is journaled."""
        for step in self._written.steps:
            if not await self._see_filled(step):
                break
        if not self._is_done:
            self._tell_naked("stopped half way")

    async def _see_filled(self, step: RollOrder) -> bool:
        """See one step through to its end; tell whether the next may follow."""
        while True:
            order_id = self._current(step.order).order_id
            if self._state(order_id) is None and not await self._send(step):
                return False
            await self._ended(step)
            # What an earlier run sent and never arrived is followed by another order.
            if self._current(step.order).order_id == order_id:
                return self._is_filled(step)

    async def _send(self, step: RollOrder) -> bool:
        if not self.has_begun:
            planned = SagaPlanned(time=self._execution.broker.now(), plan=self._written)
            await self._place(step.order, self._room, planned)
            return True
        try:
            await self._ready_soon()
            room = await self._execution.look(self.strategy)
            self._check_still_held(step, room)
            order = self._current(step.order)
            order = await self._execution.priced_anew(order, step.changes) if self._written.far_side else order
            await self._place(order, room)
        except (OrderDenied, BrokerError) as error:
            self._refused = str(error)
            return False
        return True

    async def _place(self, order: Order, room: Room | None, *along: EngineEvent) -> None:
        await self._execution.place(order, Purpose.ROLL, *along, far_side=self._written.far_side, room=room)

    def _check_still_held(self, step: RollOrder, room: Room) -> None:
        """Refuse a step that would close more than there is: it would cross zero."""
        held = {contract.key: quantity for contract, quantity in room.held}
        at_first = {contract.key: quantity for contract, quantity in self._written.held}
        for contract, change in step.changes:
            closes = at_first.get(contract.key, ZERO) * change < 0
            left = held.get(contract.key, ZERO)
            if closes and (left * change >= 0 or abs(change) > abs(left)):
                message = f"{abs(change):f} of {contract.key} were to be closed, and {left:+f} is left of it"
                raise PlanningError(PlanningCode.POSITION_CHANGED, f"POSITION_CHANGED: {message}; nothing was sent")

    async def _ended(self, step: RollOrder) -> None:
        """Wait until a step has ended; a doubt is waited for, and told where it leaves the roll half done."""
        order_id = self._current(step.order).order_id
        while not self._execution.dispatch.state(order_id).status.is_terminal:
            if self._execution.dispatch.state(order_id).status is OrderStatus.IN_DOUBT:
                self._tell_naked("is in doubt half way")
            await self._next_change((order_id,))

    def outcome(self) -> ExecutionResult:
        """Return what its orders came to: the target where all have filled, else what is held by their fills."""
        execution, order_ids = self._execution, self._told_of()
        if self._is_done:
            return execution.result(Purpose.ROLL, order_ids, self._written.target)
        states = [execution.dispatch.state(order_id) for order_id in order_ids]
        if not any(state.ledger.live for state in states):
            return execution.result(Purpose.ROLL, order_ids, self.strategy)
        refused = self._denials() if self._refused is None else (self._refused,)
        number, planned = len(states), len(self._written.steps)
        unsent = (f"{number} of {planned} orders were sent",) if number < planned else ()
        return execution.result(Purpose.ROLL, order_ids, self._held_now(), (*refused, *unsent))

    def leaves_behind(self) -> Iterator[EngineEvent]:
        """Yield what the strategy is from here on."""
        after = self._written.target if self._is_done else self._held_now()
        if after is not None and any(self._execution.dispatch.state(i).ledger.live for i in self._told_of()):
            yield StrategyRecorded(time=self._execution.broker.now(), strategy=after)

    def _held_now(self) -> Strategy | None:
        return strategy_after(self.strategy, self._execution.left_of(self._written.held, self._told_of()))

    @property
    def _is_done(self) -> bool:
        return all(map(self._is_filled, self._written.steps))

    def _is_filled(self, step: RollOrder) -> bool:
        state = self._state(self._current(step.order).order_id)
        return state is not None and state.status is OrderStatus.FILLED

    def _tell_naked(self, what: str) -> None:
        """Raise the alarm where a part of the roll is done and the rest is not to be had."""
        told = self._told_of()
        part = any(self._execution.dispatch.state(order_id).ledger.live for order_id in told)
        if len(self._written.steps) == 1 or not part:
            return
        after = self._held_now()
        held = "nothing" if after is None else ", ".join(f"{q:+} {c.key}" for c, q in after.signed_legs)
        message = f"the roll of {self.strategy.strategy_id} {what}; held of it by its fills: {held}"
        execution = self._execution
        execution.alarms.raise_once(_NAKED_LEG, message, told[-1], execution.broker.now())
