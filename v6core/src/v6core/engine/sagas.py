"""Work of several orders that outlives whoever asked for it, and the process that began it.

A saga's plan is journaled with its first order, its end with what it came to. In between it is carried on by a task of
its own: callers wait for it as long as they like, and a restart takes it up where it stands. How far it has come is
read off its orders, never remembered beside them.
"""

from __future__ import annotations

import abc
import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Iterator
from itertools import count
from typing import Any, Final
from uuid import UUID

from v6core.engine.execution import Deadline, Execution
from v6core.engine.room import Room
from v6core.errors import BrokerError, NotConnected, OrderDenied
from v6core.events import EngineEvent, SagaEnded
from v6core.fills import ActionTaken, ExecutionResult
from v6core.identifiers import following
from v6core.lifecycle import OrderState
from v6core.orders import Order, OrderStatus
from v6core.sagas import CloseByLegs, RollBySteps
from v6core.strategies import Strategy

_LOG = logging.getLogger(__name__)
_AS_GOOD_AS_DONE: Final = {ActionTaken.CLOSED, ActionTaken.ROLLED, ActionTaken.PARTIAL, ActionTaken.FAILED}


class Saga(abc.ABC):
    """One strategy's piece of work. ``stuck`` is set while it waits for nothing but a broker that does not answer."""

    def __init__(self, execution: Execution, plan: CloseByLegs | RollBySteps, orders: Iterable[Order]) -> None:
        self.plan = plan
        self.stuck = asyncio.Event()
        self._execution = execution
        self._orders = tuple(orders)
        self._inherited = frozenset(i for order in self._orders for i in self._attempts(order))

    @property
    def strategy(self) -> Strategy:
        """Whose work it is."""
        return self.plan.strategy

    @abc.abstractmethod
    async def carry_on(self) -> None:
        """Send what may be sent, from the first unproven step on, until there is nothing left to send or to wait for.

        OrderDenied where nothing was sent and nothing was journaled.
        """

    @abc.abstractmethod
    def outcome(self) -> ExecutionResult:
        """Return what it has come to so far."""

    def leaves_behind(self) -> Iterator[EngineEvent]:
        """Yield what becomes durable together with its end."""
        yield from ()

    @property
    def has_begun(self) -> bool:
        """Whether any of its orders was intended, in this run or before."""
        return any(order.order_id in self._execution.record.states for order in self._orders)

    # Its orders.

    def _state(self, order_id: UUID) -> OrderState | None:
        return self._execution.record.states.get(order_id)

    def _attempts(self, order: Order) -> Iterator[UUID]:
        """Yield the ids of all orders that were sent for a planned one."""
        ids = (following(order.order_id, number) for number in count(1))
        for order_id in ids:
            if self._state(order_id) is None:
                return
            yield order_id

    def _current(self, order: Order) -> Order:
        """Return a planned order under the id that counts.

        What an earlier run sent and is proved never to have arrived is followed by another. What this run sent is not:
        whoever asked is told.
        """
        for number in count(1):
            order_id = following(order.order_id, number)
            state = self._state(order_id)
            if state is None or not (state.status is OrderStatus.LOST and order_id in self._inherited):
                return order if number == 1 else order.replace(order_id=order_id)
        raise AssertionError("counting ends nowhere")

    def _told_of(self) -> tuple[UUID, ...]:
        """Return the orders that its result is about: those that count, and others that turned up all the same."""
        current = {self._current(order).order_id for order in self._orders}
        return tuple(i for order in self._orders for i in self._attempts(order) if self._is_told(i, current))

    def _is_told(self, order_id: UUID, current: set[UUID]) -> bool:
        state = self._state(order_id)
        if state is None or state.status is OrderStatus.DENIED:
            return False
        return order_id in current or state.status is not OrderStatus.LOST or bool(state.ledger.live)

    def _denials(self) -> tuple[str, ...]:
        """Return why orders of it were refused before they were sent."""
        states = (self._state(self._current(order).order_id) for order in self._orders)
        return tuple(
            f"{_key(state.terms)}: {state.reason}; nothing was sent"
            for state in states
            if state is not None and state.status is OrderStatus.DENIED
        )

    async def _next_change(self, order_ids: Iterable[UUID]) -> None:
        """Wait until one of its orders has moved on."""
        states = {i: self._execution.dispatch.state(i) for i in order_ids}
        undecided = [state for state in states.values() if state.status.is_open]
        if all(state.status is OrderStatus.IN_DOUBT for state in undecided):
            self.stuck.set()
        try:
            await self._execution.scribe.until(
                lambda: any(_moved(was, self._execution.dispatch.state(i)) for i, was in states.items()), *states
            )
        finally:
            self.stuck.clear()

    async def _look(self) -> Room:
        """Look at what is held until the broker tells; who waits is told how far it is meanwhile."""
        while True:
            try:
                return await self._execution.look(self.strategy)
            except BrokerError as error:
                _LOG.warning("work on %s waits for the broker: %s", self.strategy.strategy_id, error)
            self.stuck.set()
            try:
                await asyncio.sleep(self._execution.deadlines.ack_deadline)
            finally:
                self.stuck.clear()

    async def _ready_soon(self) -> None:
        """Wait for the engine to be ready, but no longer than what is held may stay unprotected."""
        try:
            async with asyncio.timeout(self._execution.deadlines.protect_deadline):
                await self._execution.wait_until_ready()
        except TimeoutError:
            return  # the gate says that it is not


def _moved(was: OrderState, now: OrderState) -> bool:
    return (was.status, was.totals.quantity) != (now.status, now.totals.quantity)


def _key(order: Order) -> str:
    return "?" if order.contract is None else order.contract.key


class Sagas:
    """Carries sagas on, one of a strategy at a time."""

    def __init__(self, execution: Execution, freed: Callable[[str], None]) -> None:
        self._execution = execution
        self._freed = freed
        self._open: dict[str, tuple[Saga, asyncio.Task[None]]] = {}

    def is_open(self, strategy_id: str) -> bool:
        """Whether work on a strategy is under way."""
        return strategy_id in self._open

    async def see_through(self, saga: Saga, deadline: Deadline) -> ExecutionResult:
        """Start a saga and return what it has come to when it ends, is stuck in doubt, or the time is over.

        It goes on after that. OrderDenied where its first order was refused.
        """
        self._start(saga, self._carry_through(saga))
        return await self.join(saga.strategy.strategy_id, deadline)

    def take_up(self, saga: Saga) -> None:
        """Go on with a saga of an earlier run, once the engine is ready."""
        self._start(saga, self._take_up(saga))

    async def join(self, strategy_id: str, deadline: Deadline) -> ExecutionResult:
        """Wait for the saga that is under way, and return what it has come to."""
        saga, task = self._open[strategy_id]
        stuck = asyncio.ensure_future(saga.stuck.wait())
        try:
            await asyncio.wait({task, stuck}, timeout=deadline.left, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stuck.cancel()
        if task.done():
            task.result()
            return saga.outcome()
        return self.stands(strategy_id)

    def stands(self, strategy_id: str) -> ExecutionResult:
        """Return what the saga that is under way has come to so far; between two orders it works."""
        saga, _ = self._open[strategy_id]
        result = saga.outcome()
        if result.action_taken in _AS_GOOD_AS_DONE and not any(order.status.is_open for order in result.orders):
            return ExecutionResult.of(ActionTaken.WORKING, result.orders, strategy=result.strategy)
        return result

    async def stop(self) -> None:
        """Leave the sagas as they are; the next start takes them up."""
        tasks = tuple(task for _, task in self._open.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, saga: Saga, work: Coroutine[Any, Any, None]) -> None:
        name = saga.strategy.strategy_id
        task = asyncio.get_running_loop().create_task(work)
        self._open[name] = (saga, task)
        task.add_done_callback(lambda done: self._ended(name, done))

    def _ended(self, name: str, task: asyncio.Task[None]) -> None:
        del self._open[name]
        self._freed(name)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, OrderDenied | NotConnected):
            _LOG.error("work on %s ended: %s: %s", name, type(error).__name__, error)

    async def _carry_through(self, saga: Saga) -> None:
        await saga.carry_on()
        result = saga.outcome()
        message = None if result.success else result.error_message
        ended = SagaEnded(
            time=self._execution.broker.now(),
            saga_id=saga.plan.saga_id,
            action_taken=result.action_taken,
            message=message,
        )
        await self._execution.scribe.write(*saga.leaves_behind(), ended)

    async def _take_up(self, saga: Saga) -> None:
        name = saga.strategy.strategy_id
        await self._execution.wait_until_ready()
        _LOG.warning("going on with the %s of %s that was under way", saga.plan.saga.lower(), name)
        await self._carry_through(saga)
        result = saga.outcome()
        if not result.success:
            _LOG.error(
                "the %s of %s came to %s: %s", saga.plan.saga.lower(), name, result.action_taken, result.error_message
            )
