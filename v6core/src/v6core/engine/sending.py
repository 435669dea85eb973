"""Handing orders to the broker, and waiting for what it says of them.

Whatever goes wrong leaves an order in doubt, unless the broker proves that no byte of it left. Only to a broker that
refuses a second order under one reference is the same order sent again, and only by the process that first sent it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from v6core.broker import Broker
from v6core.capabilities import SubmitIdentity
from v6core.config import EngineSection
from v6core.engine.calls import within
from v6core.engine.record import Record
from v6core.engine.scribe import Scribe
from v6core.engine.surroundings import Around
from v6core.errors import NotSent
from v6core.events import AbsenceProved, DoubtRaised, OrderResent
from v6core.identifiers import plainly
from v6core.lifecycle import OrderState, is_settled
from v6core.orders import Order, OrderStatus
from v6core.plugins.attaching import told
from v6core.reconciliation import may_resend

_SENT_AGAIN = frozenset({SubmitIdentity.ENFORCED, SubmitIdentity.WINDOW})
Ids = tuple[UUID, ...]
Orders = tuple[Order, ...]


@dataclass(frozen=True, slots=True)
class _First:
    """When orders first went out, in the loop's seconds, which went out together, and beside what."""

    at: float
    unit: Ids
    around: Around


class Sending:
    """Sends orders whose intents are durable."""

    def __init__(
        self,
        *,
        broker: Broker,
        record: Record,
        scribe: Scribe,
        deadlines: EngineSection,
        around: Callable[[Orders], Around],
    ) -> None:
        self._broker = broker
        self._record = record
        self._scribe = scribe
        self._deadlines = deadlines
        self._around = around
        self._first: dict[UUID, _First] = {}

    async def send(self, orders: Orders) -> None:
        """Hand orders over as a unit; what is proved not to have left is LOST."""
        if self._broker.capabilities.submit_identity in _SENT_AGAIN:
            ids = _ids_of(orders)
            first = _First(asyncio.get_running_loop().time(), ids, self._around(orders))
            self._first.update(dict.fromkeys(ids, first))
        try:
            await self._hand_over(orders)
        except NotSent as error:
            evidence, now = f"not sent: {plainly(str(error))}", self._broker.now()
            await self._scribe.write(*(AbsenceProved(time=now, order_id=i, evidence=evidence) for i in _ids_of(orders)))

    async def _hand_over(self, orders: Orders) -> None:
        try:
            receipts = await within(self._deadlines.ack_deadline, self._broker.place(orders))
            for receipt in receipts:
                self._record.know_as(receipt.broker_order_id, receipt.order_id)
        except NotSent:
            raise
        except TimeoutError:
            await self._doubt(_ids_of(orders), f"sending took more than {self._deadlines.ack_deadline:g} s")
        except Exception as error:  # noqa: BLE001 -- no exception proves that nothing left
            await self._doubt(_ids_of(orders), f"sending failed: {told(error)}")

    async def answered(self, ids: Ids) -> None:
        """Wait until the broker has answered for each order; those that it has not answered for are in doubt."""

        def settled() -> bool:
            if self._scribe.failure is not None:
                raise self._scribe.failure
            # A doubt that is raised is an answer to the caller, too: it says that nobody can know yet.
            for order_id in ids:
                status = self._record.states[order_id].status
                if not is_settled(status) and status is not OrderStatus.IN_DOUBT:
                    return False
            return True

        if not await self._scribe.until(settled, *ids, timeout=self._deadlines.ack_deadline):
            await self._doubt(ids, f"no answer within {self._deadlines.ack_deadline:g} s")
        for order_id in ids if self._first else ():
            if self._record.states[order_id].status is not OrderStatus.IN_DOUBT:
                self._first.pop(order_id, None)

    async def _doubt(self, ids: Ids, reason: str) -> None:
        unanswered = tuple(i for i in ids if self._record.states[i].status is OrderStatus.PENDING_SUBMIT)
        now = self._broker.now()
        if unanswered:
            await self._scribe.write(*(DoubtRaised(time=now, order_id=i, reason=reason) for i in unanswered))

    def resendable(self, order_id: UUID) -> Orders:
        """Return an order in doubt and its unit, as they may go out again; else nothing.

        Only this process knows when it first sent an order: what an earlier one sent is never sent again.
        """
        first = self._first.get(order_id)
        if first is None:
            return ()
        if any(order_id in self._record.cancels for order_id in first.unit):
            return ()  # somebody wants it gone
        # All of a unit or nothing: what has happened to one of it can make the others do harm.
        states = [self._record.states[i] for i in first.unit]
        window, capabilities = self._deadlines.resend_window, self._broker.capabilities
        allowed = all(may_resend(s, capabilities, age=self._age(s, first), window=window) for s in states)
        orders = tuple(state.terms for state in states)
        # What was let out beside it meanwhile, or has filled, was judged with this order in doubt, not at work.
        return orders if allowed and self._around(orders) == first.around else ()

    def _age(self, state: OrderState, first: _First) -> float:
        """Return the seconds since an order first went out: by our clock or the broker's, whichever says more.

        A machine that was suspended, or a wall clock that was set, must not make an old order young.
        """
        ours = asyncio.get_running_loop().time() - first.at
        sent_at = state.submitted_at
        theirs = 0.0 if sent_at is None else abs((self._broker.now() - sent_at).total_seconds())
        return max(ours, theirs)

    async def send_again(self, orders: Orders) -> None:
        """Send orders in doubt again, and wait for their answers."""
        ids, now = _ids_of(orders), self._broker.now()
        await self._scribe.write(*(OrderResent(time=now, order_id=order_id) for order_id in ids))
        try:
            await self._hand_over(orders)
        except NotSent as error:
            await self._doubt(ids, f"not sent again: {error}")  # which says nothing of the first time
        await self.answered(ids)


def _ids_of(orders: Orders) -> Ids:
    return tuple(order.order_id for order in orders)
