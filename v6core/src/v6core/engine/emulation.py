"""Brackets and one-cancels-all groups for brokers that keep none: v6 sends the exits and takes the others back itself.

The plan is journaled together with the intent of the entry, or of a group's orders. From then on each plan is looked
after by a task that compares how much of each order should work with what does (``planning.keeping``), and does one
thing at a time about each. It acts on what the journal knows alone, so after a restart it goes on where it stands.

What no engine can promise from the outside is told: between two fills at the same moment nothing can be taken back
(OCA_OVERFILL), and while the engine is down nothing moves.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import count
from uuid import UUID

from v6core.capabilities import ModifyKind
from v6core.contracts import Combo, Contract
from v6core.engine.dispatch import Requests
from v6core.engine.execution import Execution
from v6core.engine.record import Change
from v6core.errors import ModifyRejected, NotConnected, OrderDenied, V6Error
from v6core.events import Purpose, ReportReceived, SagaEnded, SagaPlanned
from v6core.fills import ActionTaken
from v6core.identifiers import following
from v6core.lifecycle import OrderState
from v6core.money import ZERO
from v6core.orders import Order
from v6core.planning.keeping import Cut, Member, Place, Step, TakeBack, next_step, overfilled, wanted
from v6core.sagas import Kept, KeptBracket, KeptGroup

_LOG = logging.getLogger(__name__)


class Emulation:
    """Looks after the groups that v6 keeps."""

    def __init__(self, execution: Execution, is_busy: Callable[[str], bool]) -> None:
        self._execution = execution
        self._is_busy = is_busy
        self._keepers: dict[UUID, Keeper] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def bracket(self, plan: KeptBracket) -> tuple[Order, ...]:
        """Place a bracket's entry and return it with its exits, which come to the market as it fills."""
        entry = plan.entry
        (placed,) = await self._placed(plan, ((_contract(entry), entry),))
        record = self._execution.record
        exits = (record.order(one.order_id) if one.order_id in record.states else one for one in plan.exits)
        return (placed, *exits)

    async def group(self, plan: KeptGroup) -> tuple[Order, ...]:
        """Place the orders of a group."""
        return await self._placed(plan, tuple((_contract(order), order) for order in plan.members))

    async def _placed(self, plan: Kept, requests: Requests) -> tuple[Order, ...]:
        execution = self._execution
        planned = SagaPlanned(time=execution.broker.now(), plan=plan)
        groups = execution.gate.surroundings.groups if isinstance(plan, KeptGroup) else {}
        groups.update({order.order_id: plan.saga_id for _, order in requests})
        return await execution.dispatch.place(requests, along=(planned,))

    def learn(self, change: Change) -> None:
        """Follow an event: look after what is planned, and at what has moved."""
        event, state = change.event, change.state
        if isinstance(event, SagaPlanned) and isinstance(event.plan, KeptBracket | KeptGroup):
            self._look_after(event.plan)
        if state is None:
            return
        if self._execution.record.past_brackets and isinstance(event, ReportReceived):
            self._take_up_again(state)
        for keeper in self._keepers.values():
            if keeper.is_about(state):
                keeper.wake()

    def _take_up_again(self, state: OrderState) -> None:
        """Look after a bracket anew whose entry fills after it was over."""
        plan = self._execution.record.past_brackets.get(state.terms.order_id)
        if plan is None or plan.saga_id in self._keepers or plan.saga_id in self._execution.record.sagas:
            return
        if not Keeper(plan, self._execution, self._is_busy).is_over():
            self._execution.scribe.note(SagaPlanned(time=self._execution.broker.now(), plan=plan))

    def freed(self, strategy_id: str) -> None:
        """Look again at what was left alone while its strategy was being closed or rolled."""
        for keeper in self._keepers.values():
            if keeper.strategy_id == strategy_id:
                keeper.wake()

    def resume(self) -> None:
        """Take up what earlier runs left."""
        for plan in tuple(self._execution.record.sagas.values()):
            if isinstance(plan, KeptBracket | KeptGroup):
                self._look_after(plan)
        for entry_id in tuple(self._execution.record.past_brackets):
            if entry_id in self._execution.record.states:
                self._take_up_again(self._execution.record.states[entry_id])

    async def rearmed(self) -> None:
        """Return when the exits that were missing are at the broker, or their deadlines are over."""
        await asyncio.gather(*(keeper.idle.wait() for keeper in tuple(self._keepers.values())))

    def _look_after(self, plan: Kept) -> None:
        if plan.saga_id in self._keepers:
            return
        keeper = Keeper(plan, self._execution, self._is_busy)
        self._keepers[plan.saga_id] = keeper
        task = asyncio.get_running_loop().create_task(keeper.keep())
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._ended(plan.saga_id, done))

    def _ended(self, saga_id: UUID, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        keeper = self._keepers.pop(saga_id)
        keeper.idle.set()
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, NotConnected):
            _LOG.error("a group is looked after no longer: %s: %s", type(error).__name__, error)
        elif not task.cancelled():
            self._look_once_more(saga_id)

    def _look_once_more(self, saga_id: UUID) -> None:
        """Take up what filled in the very moment in which its bracket was over."""
        entry = self._execution.record.states.get(saga_id)
        if entry is not None:
            self._take_up_again(entry)

    async def stop(self) -> None:
        """Leave the groups as they are; the next start takes them up."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Keeper:
    """Looks after one group. ``idle`` is set while there is nothing that it is doing about it."""

    def __init__(self, plan: Kept, execution: Execution, is_busy: Callable[[str], bool]) -> None:
        self.plan = plan
        self.idle = asyncio.Event()
        self._execution = execution
        self._is_busy = is_busy
        self._planned = plan.exits if isinstance(plan, KeptBracket) else plan.members
        self._wake = asyncio.Event()
        self._doing: dict[int, asyncio.Task[None]] = {}
        self._tried: dict[int, tuple[Step, float]] = {}
        self._short_since: dict[int, float] = {}
        self._unchangeable: set[UUID] = set()
        self._ready: asyncio.Task[None] | None = None
        self._inherited = frozenset(s.terms.order_id for m in members_of(plan, execution) for s in m.sent)
        self.strategy_id = self._planned[0].strategy_id

    def is_about(self, state: OrderState) -> bool:
        """Whether what happened to an order may call for something."""
        if self.strategy_id is not None and state.terms.strategy_id == self.strategy_id:
            return True
        group = self._execution.gate.surroundings.groups.get(state.terms.order_id)
        return self.plan.saga_id in {state.terms.order_id, group}

    def wake(self) -> None:
        """Look again."""
        self._wake.set()

    async def keep(self) -> None:
        """Look after the group until nothing of it works and nothing is left to send."""
        groups = self._execution.gate.surroundings.groups
        for member in self._members():
            groups.update({state.terms.order_id: self.plan.saga_id for state in member.sent})
        try:
            while True:
                self._wake.clear()
                self._warn()
                if self.is_over():
                    break
                if self._execution.is_ready():
                    self._act()
                else:
                    self._wake_when_ready()
                if not self._doing:
                    self.idle.set()
                await self._wait(self._execution.deadlines.protect_deadline if self._is_unfinished() else None)
        finally:
            for task in (*self._doing.values(), self._ready):
                if task is not None:
                    task.cancel()
        ended = SagaEnded(time=self._execution.broker.now(), saga_id=self.plan.saga_id, action_taken=self._came_to())
        await self._execution.scribe.write(ended)

    def _wake_when_ready(self) -> None:
        if self._ready is None or self._ready.done():
            self._ready = asyncio.ensure_future(self._execution.wait_until_ready())
            self._ready.add_done_callback(lambda _: self.wake())

    async def _wait(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return

    def _came_to(self) -> ActionTaken:
        return ActionTaken.BRACKET_PLACED if isinstance(self.plan, KeptBracket) else ActionTaken.OCA_PLACED

    # How it stands.

    def _members(self) -> tuple[Member, ...]:
        return members_of(self.plan, self._execution, self._inherited)

    def _entry(self) -> OrderState | None:
        return self._execution.record.states.get(self.plan.saga_id) if isinstance(self.plan, KeptBracket) else None

    def _entered(self) -> Decimal:
        """Return what the entry has filled, no more than what its strategy still holds."""
        entry = self._entry()
        if entry is None:
            return ZERO
        entered = entry.totals.quantity
        if self.strategy_id is None:
            return entered
        closed_by_exits = sum((member.filled for member in self._members()), ZERO)
        return min(entered, self._held(entry.terms) + closed_by_exits)

    def _held(self, entry: Order) -> Decimal:
        """Return how many units of the entry its strategy holds by its fills."""
        assert self.strategy_id is not None
        held: dict[str, Decimal] = {}
        for state in self._execution.record.of_strategy(self.strategy_id):
            for fill in state.ledger.live.values():
                held[fill.contract.key] = held.get(fill.contract.key, ZERO) + fill.signed_quantity
        return min(
            max(held.get(key, ZERO) / ratio * entry.action.sign, ZERO) for key, ratio in _units(_contract(entry))
        )

    def _wanted(self, members: tuple[Member, ...]) -> tuple[Decimal, ...]:
        return wanted(self.plan, self._entered(), members)

    def _steps(self) -> Iterator[tuple[int, Step]]:
        members = self._members()
        changes = self._execution.broker.capabilities.modify is not ModifyKind.NONE
        unchangeable = frozenset(self._unchangeable) if changes else None
        for at, (member, quantity) in enumerate(zip(members, self._wanted(members), strict=True)):
            step = next_step(self.plan, member, quantity, unchangeable)
            if step is not None:
                yield at, step

    def is_over(self) -> bool:
        """Whether nothing of it works and nothing is left to send."""
        entry, members = self._entry(), self._members()
        is_open = any(state.status.is_open for member in members for state in member.sent)
        if self._doing or is_open or (entry is not None and not entry.status.is_terminal):
            return False
        return not any(True for _ in self._steps()) and not self._waits_for_operation()

    def _is_unfinished(self) -> bool:
        return bool(self._short_since) or any(at not in self._doing for at, _ in self._steps())

    def _waits_for_operation(self) -> bool:
        return self.strategy_id is not None and self._is_busy(self.strategy_id)

    # What is done about it.

    def _act(self) -> None:
        now = asyncio.get_running_loop().time()
        for at, step in self._steps():
            if at in self._doing or (isinstance(step, Place) and self._waits_for_operation()):
                continue
            tried, when = self._tried.get(at, (None, now))
            if tried == step and now - when < self._execution.deadlines.protect_deadline:
                continue  # it did not help a moment ago
            self._tried[at] = (step, now)
            self.idle.clear()
            task = asyncio.get_running_loop().create_task(self._do(at, step))
            self._doing[at] = task

    async def _do(self, at: int, step: Step) -> None:
        try:
            await self._carry_out(self._planned[at], step)
        except (ModifyRejected, OrderDenied) as error:
            if isinstance(step, Cut):
                self._unchangeable.add(step.order_id)  # it is taken back instead
            _LOG.warning("an order of a group that v6 keeps was refused: %s", error)
        except V6Error as error:
            _LOG.warning("an order of a group that v6 keeps: %s", error)
        finally:
            del self._doing[at]
            self.wake()

    async def _carry_out(self, planned: Order, step: Step) -> None:
        dispatch = self._execution.dispatch
        match step:
            case Place(order_id, quantity):
                self._execution.gate.surroundings.groups[order_id] = self.plan.saga_id
                order = planned.replace(order_id=order_id, quantity=quantity)
                await dispatch.place(((_contract(planned), order),), Purpose.EXIT)
            case Cut(order_id, quantity):
                await dispatch.modify(order_id, {"quantity": quantity})
            case TakeBack(order_id):
                await dispatch.cancel(order_id, Purpose.EXIT)

    # What is told.

    def _warn(self) -> None:
        members = self._members()
        excess = overfilled(self.plan, self._filled_entry(), members)
        if excess:
            self._execution.tell_overfill(excess, self.plan.saga_id)
        if isinstance(self.plan, KeptBracket):
            for at, (member, quantity) in enumerate(zip(members, self._wanted(members), strict=True)):
                self._watch_protection(at, member, quantity)

    def _filled_entry(self) -> Decimal:
        entry = self._entry()
        return ZERO if entry is None else entry.totals.quantity

    def _watch_protection(self, at: int, member: Member, quantity: Decimal) -> None:
        if member.is_dropped or member.proven >= quantity or self._waits_for_operation():
            self._short_since.pop(at, None)
            return
        now = asyncio.get_running_loop().time()
        since = self._short_since.setdefault(at, now)
        if member.is_given_up or now - since >= self._execution.deadlines.protect_deadline:
            self._tell_unprotected(member, quantity)

    def _tell_unprotected(self, member: Member, quantity: Decimal) -> None:
        planned = member.planned
        message = (
            f"{quantity:f} of {_contract(planned).key} were to have a {planned.order_type} exit, and the broker works "
            f"{member.proven:f} of it"
        )
        self._execution.tell_unprotected(message, planned.order_id)


def members_of(plan: Kept, execution: Execution, inherited: frozenset[UUID] = frozenset()) -> tuple[Member, ...]:
    """Return how the members of a group stand."""
    planned = plan.exits if isinstance(plan, KeptBracket) else plan.members
    return tuple(_member(order, execution, inherited) for order in planned)


def _member(planned: Order, execution: Execution, inherited: frozenset[UUID]) -> Member:
    sent: list[OrderState] = []
    for number in count(1):
        state = execution.record.states.get(following(planned.order_id, number))
        if state is None:
            break
        sent.append(state)
    ids = [state.terms.order_id for state in sent]
    cancels = execution.record.cancels
    return Member(
        planned,
        tuple(sent),
        our_cancels=frozenset(i for i in ids if cancels.get(i) is Purpose.EXIT),
        asked=frozenset(i for i in ids if i in cancels and cancels[i] is not Purpose.EXIT),
        inherited=inherited,
    )


def _contract(order: Order) -> Contract:
    assert order.contract is not None, "a plan's orders have their contracts"
    return order.contract


def _units(contract: Contract) -> Iterator[tuple[str, int]]:
    """Yield each contract of one unit, with how many of it."""
    if isinstance(contract, Combo):
        yield from ((leg.contract.key, leg.signed_ratio) for leg in contract.legs)
    else:
        yield contract.key, 1
