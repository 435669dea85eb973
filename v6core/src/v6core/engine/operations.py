"""Opening, closing and rolling a strategy: what is held decides, a plan is made of it, and its orders are seen through.

One operation runs on a strategy at a time: a second close or roll while one works, or is in doubt, is that one, also
where an earlier run began it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from v6core.engine.beside import ClosingBeside
from v6core.engine.closing import Closing, ClosingByLegs
from v6core.engine.execution import Deadline, Execution
from v6core.engine.gate import Gate
from v6core.engine.opening import Opening
from v6core.engine.rolling import Rolling, RollingBySteps, RollTerms
from v6core.engine.sagas import Sagas
from v6core.events import Purpose
from v6core.fills import ActionTaken, ExecutionResult
from v6core.money import plain
from v6core.orders import Order
from v6core.sagas import CloseByLegs, RollBySteps
from v6core.strategies import Strategy

_STANDS: Final = {ActionTaken.WORKING: "works already", ActionTaken.UNKNOWN: "is in doubt"}


class Operations:
    """What the engine does with strategies; ``freed`` hears of each strategy with which it is done."""

    def __init__(self, execution: Execution, gate: Gate) -> None:
        self._execution = execution
        self.freed: Callable[[str], None] = lambda _: None
        self._sagas = Sagas(execution, self._free)
        self._opening = Opening(execution, gate, self.is_busy)
        self._closing = Closing(execution, self._sagas)
        self._beside = ClosingBeside(execution)
        self._rolling = Rolling(execution, self._sagas)
        self._running: dict[str, asyncio.Task[ExecutionResult]] = {}

    def resume(self) -> None:
        """Take up what an earlier run left half done; nothing is sent before the engine is ready."""
        for plan in tuple(self._execution.record.sagas.values()):
            if isinstance(plan, CloseByLegs):
                self._sagas.take_up(ClosingByLegs(self._execution, plan))
            elif isinstance(plan, RollBySteps):
                self._sagas.take_up(RollingBySteps(self._execution, plan))

    def is_busy(self, strategy_id: str) -> bool:
        """Whether a strategy is being closed or rolled: what its exits would close is being closed already."""
        return strategy_id in self._running or self._sagas.is_open(strategy_id) or bool(self._under_way(strategy_id))

    async def stop(self) -> None:
        """End what still waits for its orders; the orders themselves work on, and the next start goes on with them."""
        await self._sagas.stop()
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
        self,
        strategy: Strategy,
        limit_price: Decimal | None,
        timeout: float | None,
        *,
        at_market: bool,
        despite_doubt: bool = False,
    ) -> ExecutionResult:
        """Close what is held of a strategy; ``despite_doubt`` beside orders of which nobody knows whether they work."""
        deadline = Deadline(timeout)
        if despite_doubt and strategy.strategy_id not in self._running and self._beside.is_called_for(strategy):
            work = self._beside.close(strategy, limit_price, deadline, at_market=at_market)
            return await self._run(strategy.strategy_id, work)
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
            return await self._run(name, self._join_or_start(strategy, deadline, work))
        await asyncio.wait({running}, timeout=deadline.left)
        if running.done():
            return self._noted(await running)
        return self._joined(strategy, self._under_way(strategy.strategy_id))

    async def _run(self, name: str, work: Coroutine[Any, Any, ExecutionResult]) -> ExecutionResult:
        running = asyncio.get_running_loop().create_task(work)
        self._running[name] = running
        running.add_done_callback(lambda _: self._ended(name))
        return await asyncio.shield(running)

    def _ended(self, name: str) -> None:
        self._running.pop(name, None)
        self._free(name)

    def _free(self, name: str) -> None:
        self.freed(name)

    def _under_way(self, strategy_id: str) -> tuple[UUID, ...]:
        """Return the orders of a close or roll that work or are in doubt."""
        record = self._execution.record
        return tuple(
            state.terms.order_id
            for state in record.of_strategy(strategy_id)
            if state.status.is_open and record.purposes.get(state.terms.order_id) in {Purpose.CLOSE, Purpose.ROLL}
        )

    async def _join_or_start(
        self, strategy: Strategy, deadline: Deadline, work: Callable[[], Awaitable[ExecutionResult]]
    ) -> ExecutionResult:
        if self._sagas.is_open(strategy.strategy_id):
            return self._noted(await self._sagas.join(strategy.strategy_id, deadline))
        under_way = self._under_way(strategy.strategy_id)
        if not under_way:
            return await work()
        await self._execution.ended(under_way, deadline)
        return self._joined(strategy, under_way)

    def _joined(self, strategy: Strategy, order_ids: tuple[UUID, ...]) -> ExecutionResult:
        if self._sagas.is_open(strategy.strategy_id):
            return self._noted(self._sagas.stands(strategy.strategy_id))
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
