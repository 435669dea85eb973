"""Sending: a number is taken and its order written before anybody else takes one.

TWS refuses a number below one that it has seen (103), so two orders must not overtake each other between taking their
numbers and being written. Exits, and changes of them, have their turn before other orders that wait.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from v6_ib_plugin.pacing import PartlySent, Urgency
from v6_ib_plugin.terms import IbContract, IbOrder
from v6_ib_plugin.trading.book import Book
from v6_ib_plugin.trading.drafts import Draft
from v6_ib_plugin.trading.known import Asked, KnownOrder, Terms
from v6_ib_plugin.trading.names import OrderKey
from v6_ib_plugin.trading.turn import Turn
from v6_ib_plugin.transport import Transport
from v6core.errors import NotSent


class Outbox:
    """Where orders leave."""

    def __init__(self, transport: Transport, book: Book) -> None:
        self._transport = transport
        self._book = book
        self._turn = Turn()

    async def send(
        self,
        drafts: Sequence[Draft],
        urgency: Urgency,
        *,
        entry: KnownOrder | None = None,
        is_staged: bool = False,
        note: Callable[[KnownOrder], None] | None = None,
    ) -> tuple[KnownOrder, ...]:
        """Write orders, in this order and with nothing between them; ``entry`` is the one that they hang on.

        Of a bracket none is released but by its last leg. ``note`` is called for each before the first is written, and
        may raise NotSent. Raises NotSent where nothing left, PartlySent where the first of them did.
        """
        async with self._turn.of(urgency):
            if entry is not None:
                self._check_numbered(entry)  # an exit that hung on nothing would work by itself
            sent = tuple([self._enter(draft, entry, is_staged=is_staged) for draft in drafts])
            try:
                if note is not None:
                    for one in sent:
                        note(one)
                await self._transport.place_orders([(_contract(one), _ib(one)) for one in sent], urgency)
            except NotSent:
                self._forget(sent)
                raise
            except PartlySent as error:
                self._forget(sent[error.written :])
                raise
        # Numbers are in order once they are written: others may write theirs before these have left.
        await self._transport.drained()
        return sent

    def _enter(self, draft: Draft, entry: KnownOrder | None, *, is_staged: bool) -> KnownOrder:
        key = OrderKey(self._transport.client_id, self._transport.next_id())
        ib = draft.ib.replace(order_id=key.order_id, client_id=key.client_id)
        if entry is not None and entry.key is not None:
            ib = ib.replace(parent_id=entry.key.order_id)
        known = KnownOrder(
            order_ref=ib.order_ref,
            key=key,
            contract=draft.contract,
            sent=Terms(draft.order, ib),
            parent=entry,
            is_staged=is_staged,
        )
        if entry is not None:
            entry.exits.append(known)
        return self._book.sending(known)

    def _forget(self, orders: Sequence[KnownOrder]) -> None:
        for known in orders:
            self._book.register.remove(known)
            if known.parent is not None and known in known.parent.exits:
                known.parent.exits.remove(known)

    async def again(self, known: KnownOrder, ib: IbOrder, urgency: Urgency) -> None:
        """Write an order under the number that it has: TWS takes that for a change of it, so there are never two."""
        async with self._turn.of(urgency):
            key = self._check_numbered(known)
            numbered = ib.replace(order_id=key.order_id, client_id=key.client_id)
            await self._transport.place_order(_contract(known), numbered, urgency)

    def _check_numbered(self, known: KnownOrder) -> OrderKey:
        """Return an order's number in this session; NotSent without one: an earlier one may be another's by now."""
        if known.key is None or known.key.client_id != self._transport.client_id:
            raise NotSent(f"the number of order {known.order_ref} is not known: nothing was sent", code="NO_NUMBER")
        return known.key

    async def anew(self, known: KnownOrder, ib: IbOrder, urgency: Urgency) -> None:
        """Write an order under another number: TWS has refused the first one, and has no such order."""
        async with self._turn.of(urgency):
            self._check_numbered(known)
            key = OrderKey(self._transport.client_id, self._transport.next_id())
            fresh = ib.replace(order_id=key.order_id, client_id=key.client_id)
            self._book.register.rekey(known, key)
            known.asked.add(Asked.NEW)
            if known.sent is not None:
                known.sent = Terms(known.sent.order, fresh)
            await self._transport.place_order(_contract(known), fresh, urgency)


def _contract(known: KnownOrder) -> IbContract:
    assert known.contract is not None
    return known.contract


def _ib(known: KnownOrder) -> IbOrder:
    assert known.sent is not None
    return known.sent.ib
