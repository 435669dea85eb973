"""Closing a strategy beside orders of which nobody knows whether they work: doubt traps nobody.

It closes what the broker says is held, net of what works. Should what is in doubt fill as well, the position turns; how
far is in the journal with each order that leaves.
"""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from v6core.engine.execution import Deadline, Execution
from v6core.engine.room import Room
from v6core.errors import OrderDenied
from v6core.events import Purpose
from v6core.fills import ActionTaken, ExecutionResult
from v6core.orders import Order, OrderStatus
from v6core.planning import plan_close, strategy_after
from v6core.risk import exposures, is_undecided
from v6core.strategies import Strategy


class ClosingBeside:
    """Closes strategies despite doubt; in one order, or leg by leg, of which none waits for the next start."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    def is_called_for(self, strategy: Strategy) -> bool:
        """Whether an order of the strategy, or of one of its contracts, is undecided, and no close of it works."""
        record = self._execution.record
        keys = {contract.key for contract, _ in strategy.signed_legs}
        own = [order for order in record.open_orders() if order.strategy_id == strategy.strategy_id]
        ending = [order for order in own if record.purposes.get(order.order_id) in {Purpose.CLOSE, Purpose.ROLL}]
        doubtful = [order for order in record.open_orders() if is_undecided(order)]
        touching = any(order in own or keys & {key for key, _ in exposures(order)} for order in doubtful)
        return touching and all(map(is_undecided, ending))

    async def close(
        self, strategy: Strategy, limit_price: Decimal | None, deadline: Deadline, *, at_market: bool
    ) -> ExecutionResult:
        """Cancel the strategy's orders that surely work, and close what is held of it."""
        execution = self._execution
        cancelled = await execution.cancel_own_orders(strategy, despite_doubt=True)
        if isinstance(cancelled, ExecutionResult):
            return cancelled
        room = await execution.look(strategy, despite_doubt=True)
        if not room.held:
            return execution.stopped(ActionTaken.FAILED, cancelled, f"nothing is held of {strategy.strategy_id}")
        try:
            orders = await self._orders(strategy, room, limit_price, at_market=at_market)
            return await self._send(strategy, room, orders, deadline, far_side=limit_price is None and not at_market)
        except OrderDenied as denied:
            if not cancelled:
                raise
            return execution.stopped(ActionTaken.FAILED, cancelled, str(denied), strategy)

    async def _orders(
        self, strategy: Strategy, room: Room, limit_price: Decimal | None, *, at_market: bool
    ) -> tuple[Order, ...]:
        execution = self._execution
        plan = plan_close(
            strategy,
            room.held,
            execution.broker.capabilities,
            quotes=await execution.market.known_quotes(contract for contract, _ in room.held),
            limit_price=limit_price,
            at_market=at_market,
            placement=execution.placement,
        )
        return (plan.whole,) if plan.whole is not None else tuple(step.order for step in plan.steps)

    async def _send(
        self, strategy: Strategy, room: Room, orders: tuple[Order, ...], deadline: Deadline, *, far_side: bool
    ) -> ExecutionResult:
        """Send one order after the other has filled: what a leg covers is not closed before that leg."""
        execution = self._execution
        sent: list[UUID] = []
        problems: list[str] = []
        for order in orders:
            try:
                placed = await execution.place(order, Purpose.CLOSE, far_side=far_side, room=room, despite_doubt=True)
            except OrderDenied as denied:
                if not sent:
                    raise
                problems.append(str(denied))
                break
            sent.append(placed.order_id)
            await execution.ended((placed.order_id,), deadline)
            if execution.dispatch.state(placed.order_id).status is not OrderStatus.FILLED:
                break
        left = execution.left_of(room.held, sent)
        if not problems and len(sent) < len(orders):
            problems.append(f"{len(sent)} of {len(orders)} orders were sent")
        return execution.result(Purpose.CLOSE, tuple(sent), strategy_after(strategy, left), problems)
