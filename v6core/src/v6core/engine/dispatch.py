"""Sending: the intent made durable, then the broker called, then its answer awaited.

After the intent is durable, whatever goes wrong leaves the order in doubt, unless the broker proves that no byte left.
The send runs in a task of its own, so that a caller who gives up does not cut it in two.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from typing import Any, Literal, NoReturn, TypeVar
from uuid import UUID

from pydantic_core import to_jsonable_python

from v6core.broker import Broker
from v6core.capabilities import ModifyKind
from v6core.config import EngineSection
from v6core.contracts import Contract
from v6core.engine.calls import within
from v6core.engine.gate import Gate, Refusal
from v6core.engine.record import Record
from v6core.engine.scribe import Scribe
from v6core.engine.sending import Sending
from v6core.errors import (
    JournalError,
    ModifyRejected,
    NotConnected,
    NotSent,
    NotSupported,
    OrderDenied,
    OutcomeUnknown,
    UnknownOrder,
)
from v6core.events import (
    CancelRequested,
    DoubtRaised,
    EngineEvent,
    ModifyRequested,
    Purpose,
    RequestUnsent,
    Subject,
    intended,
)
from v6core.identifiers import plainly
from v6core.lifecycle import OrderState
from v6core.orders import MODIFIABLE, Order, OrderStatus, Pending
from v6core.plugins.attaching import told
from v6core.risk import Denial

T = TypeVar("T")
Requests = Sequence[tuple[Contract, Order]]
Request = Literal[Subject.CANCEL, Subject.MODIFY]
_WAIT = "wait until that is answered"


class Dispatch:
    """Places, cancels and modifies."""

    def __init__(self, *, broker: Broker, record: Record, scribe: Scribe, gate: Gate, deadlines: EngineSection) -> None:
        self._broker = broker
        self._record = record
        self._scribe = scribe
        self._gate = gate
        self._deadlines = deadlines
        self._sending = Sending(
            broker=broker, record=record, scribe=scribe, deadlines=deadlines, around=gate.surroundings.around
        )
        self._placements: set[asyncio.Task[Any]] = set()
        self._requests: set[asyncio.Task[Any]] = set()
        self._missing: set[asyncio.Task[None]] = set()
        self._asking: set[tuple[UUID, Request]] = set()
        self._placing: dict[UUID, tuple[Order, asyncio.Future[None]]] = {}

    def state(self, order_id: UUID) -> OrderState:
        """Return what is known of an order; UnknownOrder where the journal knows none of that id."""
        state = self._record.states.get(order_id)
        if state is None:
            raise UnknownOrder(f"the journal knows no order {order_id}", order_id=order_id)
        return state

    async def place(
        self,
        requests: Requests,
        purpose: Purpose | None = None,
        *,
        along: Sequence[EngineEvent] = (),
        despite_doubt: bool = False,
    ) -> tuple[Order, ...]:
        """Place orders as a unit and return them once the broker has answered for each, or is in doubt.

        The events ``along`` become durable together with the intents. With ``despite_doubt`` what only reduces goes
        out beside an order in doubt, and its intent tells the worst case.
        """
        bound = self._bind(requests)
        sent: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        for order in bound:
            self._placing[order.order_id] = (order, sent)
        try:
            orders = await self._gate.pass_through(bound, despite_doubt=despite_doubt)
        except BaseException:
            self._gate.release(bound)
            self._placed(bound)
            raise
        return await _apart(self._carry_out(orders, purpose, along), self._placements)

    def placing(self) -> tuple[Order, ...]:
        """Return the orders that are being placed at this moment: judged, made durable, or handed to the broker."""
        return tuple(order for order, _ in self._placing.values())

    def _placed(self, orders: tuple[Order, ...]) -> None:
        for order in orders:
            _, sent = self._placing.pop(order.order_id)
            if not sent.done():
                sent.set_result(None)

    def _bind(self, requests: Requests) -> tuple[Order, ...]:
        bound = tuple([self._gate.bind(contract, order) for contract, order in requests])
        self._gate.hold(bound)
        return bound

    async def refuse(self, requests: Requests, refusal: Refusal) -> NoReturn:
        """Refuse orders as a unit: journaled as DENIED, and OrderDenied raised."""
        bound = self._bind(requests)
        try:
            await self._gate.deny(bound, refusal)
        finally:
            self._gate.release(bound)

    async def _carry_out(
        self, orders: tuple[Order, ...], purpose: Purpose | None, along: Sequence[EngineEvent]
    ) -> tuple[Order, ...]:
        ids = tuple([order.order_id for order in orders])
        try:
            await self._intend_and_send(orders, purpose, along)
            await self._sending.answered(ids)
        except JournalError as error:
            message = "the orders were sent, and the journal failed before their answers could be recorded"
            raise OutcomeUnknown(f"{message}: {error}", order_id=ids[0]) from error
        return tuple(map(self._record.order, ids))

    async def _intend_and_send(
        self, orders: tuple[Order, ...], purpose: Purpose | None, along: Sequence[EngineEvent]
    ) -> None:
        try:
            try:
                await self._intend(orders, purpose, along)
            finally:
                self._gate.release(orders)
            await self._sending.send(orders)
        finally:
            self._placed(orders)

    async def _intend(self, orders: tuple[Order, ...], purpose: Purpose | None, along: Sequence[EngineEvent]) -> None:
        # From this look to the intent's place in the journal nothing awaits, so that no halt comes between them.
        refusal = self._gate.look_again(orders)
        if refusal is not None:
            await self._gate.deny(orders, refusal)
        unit = tuple(order.order_id for order in orders) if len(orders) > 1 else ()
        now = self._broker.now()
        intents = [
            intended(order, now, unit=unit, purpose=purpose, worst_case=self._gate.surroundings.worst_case(order))
            for order in orders
        ]
        try:
            await self._scribe.write(*along, *intents)
        except JournalError as error:
            # Whether the rows are there after all is not known, so these ids are spent; no byte has left.
            denial = Denial("JOURNAL_FAILED", f"the intent could not be made durable: {error}")
            await self._gate.deny(orders, Refusal(denial))

    async def resend(self, order_id: UUID) -> None:
        """Send an order in doubt again, where that is safe and nothing around it has changed since."""
        orders = self._sending.resendable(order_id)
        if orders and self._gate.may_leave_again(orders):
            await _apart(self._sending.send_again(orders), self._placements)

    async def cancel(self, order_id: UUID, purpose: Purpose | None = None) -> bool:
        """Cancel an order: True when it is cancelled, False when the broker refused or it had ended otherwise.

        One that is being placed is cancelled once it is sent: a cancel that overtakes its order cancels nothing.
        OutcomeUnknown where no answer came in time; UnknownOrder where there is none.
        """
        if order_id in self._placing:
            _, sent = self._placing[order_id]
            await asyncio.shield(sent)
        state = self.state(order_id)
        if state.status.is_terminal and not state.incarnations:
            return False
        self._gate.check_cancel(state.order)
        if state.pending_cancel is not Pending.SENT and (order_id, Subject.CANCEL) not in self._asking:
            self._asking.add((order_id, Subject.CANCEL))
            await _apart(self._request_cancel(state.order, purpose), self._requests)
        elif purpose is None and self._record.cancels.get(order_id) is not None:
            # Taken back to keep a group, and given up by its user as well: it is not placed anew.
            self._scribe.note(CancelRequested(time=self._broker.now(), order_id=order_id))
        await self._answer_to(Subject.CANCEL, order_id, lambda: self._cancel_answered(order_id))
        return self.state(order_id).status is OrderStatus.CANCELLED

    def _cancel_answered(self, order_id: UUID) -> bool:
        state = self.state(order_id)
        asking = (order_id, Subject.CANCEL) in self._asking
        return state.status.is_terminal or (state.pending_cancel is None and not asking)

    async def _request_cancel(self, order: Order, purpose: Purpose | None) -> None:
        order_id = order.order_id
        failure: JournalError | None = None
        try:
            await self._scribe.write(CancelRequested(time=self._broker.now(), order_id=order_id, purpose=purpose))
        except JournalError as error:
            # A cancel can only take risk away, so it goes out also where nothing can be recorded any more.
            failure = error
        finally:
            self._asking.discard((order_id, Subject.CANCEL))
        await self._ask(order_id, Subject.CANCEL, self._broker.cancel(order))
        if failure is not None:
            message = f"the cancel of order {order_id} was sent, and the journal cannot take its answer: {failure}"
            raise OutcomeUnknown(message, order_id=order_id) from failure

    async def repeat_cancel(self, order_id: UUID) -> None:
        """Ask again for a cancel that nobody answered, without waiting for the answer: asking twice cancels once."""
        if (order_id, Subject.CANCEL) not in self._asking and not self._gate.only_reads:
            self._asking.add((order_id, Subject.CANCEL))
            purpose = self._record.cancels.get(order_id)
            await _apart(self._request_cancel(self.state(order_id).order, purpose), self._requests)
            task = asyncio.get_running_loop().create_task(self._miss_answer(order_id))
            self._missing.add(task)
            task.add_done_callback(self._missing.discard)

    async def _miss_answer(self, order_id: UUID) -> None:
        """Have a cancel that was asked for again doubted again where nobody answers that one either."""
        with contextlib.suppress(OutcomeUnknown):
            await self._answer_to(Subject.CANCEL, order_id, lambda: self._cancel_answered(order_id))

    async def modify(self, order_id: UUID, changes: Mapping[str, Any]) -> Order:
        """Change terms of a working order and return it once the broker has confirmed them.

        ModifyRejected where the broker refuses or the order has ended, OutcomeUnknown where no answer came in time,
        OrderDenied where the new terms do not pass the checks, ValueError where they make no order.
        """
        state = self.state(order_id)

        def look_again() -> None:
            self._changed_terms(self.state(order_id), changes)  # it may have filled or ended while it was judged

        wanted = await self._gate.judge_change(state.order, self._changed_terms(state, changes), look_again)
        requested: dict[str, Any] = to_jsonable_python({name: getattr(wanted, name) for name in changes})
        self._asking.add((order_id, Subject.MODIFY))
        await _apart(self._request_modify(state.order, wanted, requested), self._requests)
        await self._answer_to(Subject.MODIFY, order_id, lambda: self._modify_answered(order_id))
        return self._modified(order_id, wanted, changes)

    def _changed_terms(self, state: OrderState, changes: Mapping[str, Any]) -> Order:
        order_id = state.terms.order_id
        unknown = sorted(set(changes) - MODIFIABLE)
        if unknown or not changes:
            what = f"{', '.join(unknown)} cannot be modified" if unknown else "nothing to modify was given"
            raise ValueError(f"{what}; these can: {', '.join(sorted(MODIFIABLE))}")
        if state.status.is_terminal:
            raise ModifyRejected(f"order {order_id} is {state.status} and takes no changes", order_id=order_id)
        if self._broker.capabilities.modify is ModifyKind.NONE:
            raise NotSupported("the broker declares that it changes no working orders; nothing was sent")
        self._check_nothing_is_open(state)
        wanted = state.terms.replace(**changes)
        self._check_exits_cover(state, wanted)
        if wanted.quantity < state.totals.quantity:
            raise ModifyRejected(
                f"quantity {wanted.quantity:f} is below the {state.totals.quantity:f} filled already",
                order_id=order_id,
            )
        return state.order.replace(**changes)

    def _check_nothing_is_open(self, state: OrderState) -> None:
        """Deny a change of an order while it, or an earlier change of it, waits for an answer."""
        order_id = state.terms.order_id
        if state.status in {OrderStatus.IN_DOUBT, OrderStatus.PENDING_SUBMIT}:
            raise _change_denied(state.order, "IN_DOUBT", f"order {order_id} is {state.status}", _WAIT)
        if state.pending_modify is Pending.IN_DOUBT:
            raise _change_denied(state.order, "IN_DOUBT", f"nobody answered the last change of order {order_id}", _WAIT)
        if state.pending_modify is not None or (order_id, Subject.MODIFY) in self._asking:
            raise _change_denied(state.order, "CHANGE_PENDING", f"order {order_id} has a change under way", _WAIT)

    def _check_exits_cover(self, state: OrderState, wanted: Order) -> None:
        """Deny more of an entry than its exits close: what they do not close would be unprotected."""
        order_id = state.terms.order_id
        exits = [s.terms.quantity for s in self._record.open.values() if s.terms.parent_order_id == order_id]
        if exits and max(state.terms.quantity, min(exits)) < wanted.quantity:
            reason = f"order {order_id} has exits for {min(exits):f}, which would not close {wanted.quantity:f}"
            raise _change_denied(state.order, "EXITS_TOO_SMALL", reason, "place what is to be added as another bracket")

    async def _request_modify(self, order: Order, wanted: Order, requested: dict[str, Any]) -> None:
        order_id = order.order_id
        try:
            self._gate.check_again(order, wanted)
            await self._scribe.write(ModifyRequested(time=self._broker.now(), order_id=order_id, changes=requested))
        finally:
            self._asking.discard((order_id, Subject.MODIFY))
            self._gate.release((wanted,))
        terms = {name: getattr(wanted, name) for name in requested}
        await self._ask(order_id, Subject.MODIFY, self._broker.modify(order, terms))

    def _modify_answered(self, order_id: UUID) -> bool:
        state = self.state(order_id)
        return state.status.is_terminal or state.pending_modify is None

    def _modified(self, order_id: UUID, wanted: Order, changes: Mapping[str, Any]) -> Order:
        state = self.state(order_id)
        if all(getattr(state.terms, name) == getattr(wanted, name) for name in changes):
            return state.order
        why = f"it is {state.status}" if state.status.is_terminal else state.unchanged or "the broker shows other terms"
        raise ModifyRejected(f"order {order_id} was not changed: {why}", order_id=order_id)

    async def _ask(self, order_id: UUID, subject: Request, request: Coroutine[Any, Any, None]) -> None:
        """Send a cancel or a modify; what is not proved unsent may have arrived, and is left to its answer."""
        try:
            await within(self._deadlines.cancel_deadline, request)
        except (NotSent, NotSupported) as error:
            now = self._broker.now()
            self._scribe.note(RequestUnsent(time=now, order_id=order_id, subject=subject, reason=plainly(str(error))))
        except Exception as error:  # noqa: BLE001 -- no exception proves that nothing left
            reason = f"asking failed: {told(error)}"
            now = self._broker.now()
            self._scribe.note(DoubtRaised(time=now, order_id=order_id, subject=subject, reason=reason))
        await self._scribe.drain()

    async def _answer_to(self, subject: Request, order_id: UUID, answered: Callable[[], bool]) -> None:
        """Wait for the answer to a cancel or a modify; OutcomeUnknown where none comes in time, or the engine stops."""
        try:
            if await self._scribe.until(answered, order_id, timeout=self._deadlines.cancel_deadline):
                return
            await self._doubt_request(subject, order_id)
        except NotConnected:
            pass  # the next start puts it in doubt
        what = subject.lower()
        then = "v6 asks again" if subject is Subject.CANCEL else "v6 does not repeat it"
        raise OutcomeUnknown(
            f"nobody answered the {what} of order {order_id}; it may have taken effect, and {then}",
            hint=f"v6 takes the broker's word as soon as it comes; look with: v6 orders {order_id}",
            order_id=order_id,
        )

    async def _doubt_request(self, subject: Request, order_id: UUID) -> None:
        state = self.state(order_id)
        if (state.pending_cancel if subject is Subject.CANCEL else state.pending_modify) is Pending.SENT:
            reason = f"no answer to the {subject.lower()}"
            self._scribe.note(DoubtRaised(time=self._broker.now(), order_id=order_id, subject=subject, reason=reason))
            await self._scribe.drain()

    async def finish(self) -> None:
        """Return when what was being sent has been sent or is in doubt."""
        await _wait_for((*self._placements, *self._requests))

    async def let_out(self) -> None:
        """Return when what has become durable is handed to the broker or in doubt; answers are not waited for."""
        leaving = [sent for order_id, (_, sent) in self._placing.items() if order_id in self._record.states]
        await _wait_for((*leaving, *self._requests))


async def _apart(work: Coroutine[Any, Any, T], among: set[asyncio.Task[Any]]) -> T:
    """Run work to its end even where the caller gives up on it."""

    def ended(task: asyncio.Task[T]) -> None:
        among.discard(task)
        if not task.cancelled():
            task.exception()  # noted: where its caller gave up on it, the journal has it, or cannot take it any more

    task = asyncio.get_running_loop().create_task(work)
    among.add(task)
    task.add_done_callback(ended)
    return await asyncio.shield(task)


async def _wait_for(futures: Collection[asyncio.Future[Any]]) -> None:
    """Return when all have ended, however; giving up waiting cancels none of them."""
    if futures:
        await asyncio.wait(futures)


def _change_denied(order: Order, code: str, reason: str, way_out: str) -> OrderDenied:
    return OrderDenied(f"{code}: {reason}; nothing was sent", code=code, order=order, hint=way_out)
