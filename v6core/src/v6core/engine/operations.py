"""Opening, closing and rolling a strategy: what is held decides, a plan is made of it, and its orders are seen through.

One operation runs on a strategy at a time: a second close or roll while one works, or is in doubt, is that one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Final
from uuid import UUID

from v6core.engine.closing import Closing
from v6core.engine.execution import Deadline, Execution
from v6core.engine.gate import Gate
from v6core.engine.opening import Opening
from v6core.engine.rolling import Rolling, RollTerms
from v6core.events import Purpose
from v6core.fills import ActionTaken, ExecutionResult
from v6core.money import plain
from v6core.orders import Order
from v6core.strategies import Strategy

_STANDS: Final = {ActionTaken.WORKING: "works already", ActionTaken.UNKNOWN: "is in doubt"}


class Operations:
    """What the engine does with strategies."""

    def __init__(self, execution: Execution, gate: Gate) -> None:
        self._execution = execution
        self._opening = Opening(execution, gate)
        self._closing = Closing(execution)
        self._rolling = Rolling(execution)
        self._running: dict[str, asyncio.Task[ExecutionResult]] = {}

    async def stop(self) -> None:
        """End what still waits for its orders; the orders themselves work on."""
        running = tuple(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def open(
        self, strategy: Strategy, limit_price: Decimal | None, timeout: float | None, *, at_market: bool
    ) -> ExecutionResult:
        """Open a strategy as one order."""
        return await self._opening.open(strategy, limit_price, Deadline(timeout), at_market=at_market)

    async def close(
        self, strategy: Strategy, limit_price: Decimal | None, timeout: float | None, *, at_market: bool
    ) -> ExecutionResult:
        """Close what is held of a strategy."""
        deadline = Deadline(timeout)
        return await self._one_at_a_time(
            strategy, deadline, lambda: self._closing.close(strategy, limit_price, deadline, at_market=at_market)
        )

    async def roll(self, strategy: Strategy, terms: RollTerms, timeout: float | None) -> ExecutionResult:
        """Roll what is held of a strategy."""
        deadline = Deadline(timeout)
        return await self._one_at_a_time(strategy, deadline, lambda: self._rolling.roll(strategy, terms, deadline))

    async def _one_at_a_time(
        self, strategy: Strategy, deadline: Deadline, work: Callable[[], Awaitable[ExecutionResult]]
    ) -> ExecutionResult:
        name = strategy.strategy_id
        running = self._running.get(name)
        if running is None:
            running = asyncio.ensure_future(self._join_or_start(strategy, deadline, work))
            self._running[name] = running
            running.add_done_callback(lambda _: self._running.pop(name, None))
            return await asyncio.shield(running)
        await asyncio.wait({running}, timeout=deadline.left)
        if running.done():
            return self._noted(await running)
        return self._joined(strategy, self._under_way(strategy))

    def _under_way(self, strategy: Strategy) -> tuple[UUID, ...]:
        """Return the orders of a close or roll that work or are in doubt."""
        record = self._execution.record
        return tuple(
            state.terms.order_id
            for state in record.of_strategy(strategy.strategy_id)
            if state.status.is_open and record.purposes.get(state.terms.order_id) in {Purpose.CLOSE, Purpose.ROLL}
        )

    async def _join_or_start(
        self, strategy: Strategy, deadline: Deadline, work: Callable[[], Awaitable[ExecutionResult]]
    ) -> ExecutionResult:
        under_way = self._under_way(strategy)
        if not under_way:
            return await work()
        await self._execution.ended(under_way, deadline)
        return self._joined(strategy, under_way)

    def _joined(self, strategy: Strategy, order_ids: tuple[UUID, ...]) -> ExecutionResult:
        if not order_ids:
            return self._noted(ExecutionResult.of(ActionTaken.WORKING, strategy=strategy))
        purpose = self._execution.record.purposes[order_ids[0]]
        return self._noted(self._execution.result(purpose, order_ids, self._execution.remaining(strategy, order_ids)))

    def _noted(self, result: ExecutionResult) -> ExecutionResult:
        """Return the result of an operation that was joined, with a sentence for whoever asked for something else."""
        if result.note is not None:
            return result
        stands = _STANDS.get(result.action_taken, "was under way already")
        way_out = ": modify or cancel that first" if result.action_taken is ActionTaken.WORKING else ""
        note = f"{self._described(result.orders, stands)}; what was asked now was not applied{way_out}"
        return result.model_copy(update={"note": note})

    def _described(self, orders: tuple[Order, ...], stands: str) -> str:
        if not orders:
            return f"a close or roll {stands}"
        purpose = self._execution.record.purposes.get(orders[0].order_id, Purpose.CLOSE).lower()
        prices = ", ".join("the market" if order.limit_price is None else plain(order.limit_price) for order in orders)
        ids = ", ".join(str(order.order_id) for order in orders)
        return f"a {purpose} at {prices} {stands} ({'order' if len(orders) == 1 else 'orders'} {ids})"
