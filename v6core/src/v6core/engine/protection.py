"""Brackets and groups that the broker keeps: what is left over of them is taken back, and what is missing is told.

Nothing is sent again here: what protects a position whose exits the broker has lost is for a person to say. A broker
says how the orders of a unit stand one after the other, so each look waits for ``protect_deadline``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from decimal import Decimal
from typing import Final
from uuid import UUID

from v6core.engine.execution import Execution
from v6core.engine.record import Change
from v6core.errors import V6Error
from v6core.events import OrderIntended, Purpose
from v6core.lifecycle import OrderState
from v6core.money import ZERO
from v6core.orders import OrderStatus

_LOG = logging.getLogger(__name__)
_MISSING: Final = frozenset({OrderStatus.LOST, OrderStatus.REJECTED, OrderStatus.IN_DOUBT, OrderStatus.INACTIVE})
_SHOWN: Final = frozenset({OrderStatus.SUBMITTED, OrderStatus.PARTIALLY_FILLED, OrderStatus.INACTIVE})
Unit = UUID | str
"""A bracket by its entry, a group by the first that was sent of it: its name may be used again another day."""


class Protection:
    """Watches what belongs together."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution
        self._members: dict[Unit, dict[UUID, Decimal]] = {}
        self._unit_of: dict[UUID, Unit] = {}
        self._timers: dict[Unit, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[object]] = set()

    def replayed(self, change: Change) -> None:
        """Remember what an earlier run sent together, and for how much: a group takes off its members' quantities."""
        if isinstance(change.event, OrderIntended):
            order, together = change.event.order, change.event.unit
            unit: Unit | None = order.parent_order_id
            if unit is None and order.oca_group is not None and together:
                unit = str(together[0])
            if unit is not None:
                self._members.setdefault(unit, {})[order.order_id] = order.quantity
                self._unit_of[order.order_id] = unit

    def resume(self) -> None:
        """Look at what earlier runs left, once the engine is ready."""
        for state in self._execution.record.open.values():
            self._touch(state)

    def learn(self, change: Change) -> None:
        """Follow an event."""
        self.replayed(change)
        if self._members and change.state is not None:
            self._touch(change.state)

    async def stop(self) -> None:
        """Look no more."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _touch(self, state: OrderState) -> None:
        unit = self._unit_of.get(state.terms.order_id, state.terms.order_id)
        if unit in self._members:
            self._look_soon(unit)

    def _look_soon(self, unit: Unit) -> None:
        if unit not in self._timers:
            seconds = self._execution.deadlines.protect_deadline
            self._timers[unit] = asyncio.get_running_loop().call_later(seconds, self._look, unit)

    def _look(self, unit: Unit) -> None:
        del self._timers[unit]
        if not self._execution.is_ready():
            self._look_soon(unit)
            return
        states = self._execution.record.states
        most = max(self._members[unit].values())
        members = [states[order_id] for order_id in self._members[unit]]
        entry = states.get(unit) if isinstance(unit, UUID) else None
        if entry is not None:
            self._look_at_bracket(entry, members)
        elif isinstance(unit, str):
            self._tell_overfill(members, most)

    def _look_at_bracket(self, entry: OrderState, exits: list[OrderState]) -> None:
        entered, closed = entry.totals.quantity, _filled(exits)
        self._tell_overfill(exits, entered)
        if entry.status.is_terminal and not entered:
            self._take_back(exits)
        elif entry.status in _SHOWN or entered > closed:
            for state in exits:
                if self._is_missing(state, closed):
                    self._tell_unprotected(entry, state)

    def _is_missing(self, state: OrderState, closed: Decimal) -> bool:
        if state.status is OrderStatus.CANCELLED:
            return not closed and state.terms.order_id not in self._execution.record.cancels
        return state.status in _MISSING

    def _take_back(self, exits: Iterable[OrderState]) -> None:
        """Cancel exits whose entry never came to the market."""
        for state in exits:
            if state.status.is_open and state.pending_cancel is None:
                task = asyncio.get_running_loop().create_task(self._cancel(state.terms.order_id))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _cancel(self, order_id: UUID) -> None:
        try:
            await self._execution.dispatch.cancel(order_id, Purpose.EXIT)
        except V6Error as error:
            _LOG.warning("what is left of a bracket could not be taken back: %s", error)

    def _tell_overfill(self, members: list[OrderState], most: Decimal) -> None:
        if _filled(members) > most:
            self._execution.tell_overfill(_filled(members) - most, members[0].terms.order_id)

    def _tell_unprotected(self, entry: OrderState, missing: OrderState) -> None:
        order = missing.terms
        message = (
            f"the entry {entry.terms.order_id} is {entry.status}, {entry.totals.quantity:f} filled, and its "
            f"{order.order_type} exit is {missing.status}"
        )
        self._execution.tell_unprotected(message, order.order_id)


def _filled(states: Iterable[OrderState]) -> Decimal:
    return sum((state.totals.quantity for state in states), ZERO)
