"""Changing and cancelling what works.

A change is made of what TWS shows: the order as it was read back, with nothing different but what was asked for. TWS
renames groups and rewrites combos, and refuses a change that does not follow it in that (10326, 10327, 135).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import fields, replace
from typing import Any

from v6_ib_plugin.options.work import work_word
from v6_ib_plugin.pacing import PartlySent, Urgency
from v6_ib_plugin.terms import IbOrder
from v6_ib_plugin.trading.book import Book
from v6_ib_plugin.trading.drafts import Drafting, refused
from v6_ib_plugin.trading.known import Asked, KnownOrder, Terms
from v6_ib_plugin.trading.names import OrderKey
from v6_ib_plugin.trading.outbox import Outbox
from v6_ib_plugin.transport import Transport
from v6core.errors import NotSent, V6Error
from v6core.orders import Order

_FIELDS = tuple(field.name for field in fields(IbOrder))
# What an order may say and TWS does not show: what was read back is without it, and so a change would take it off.
_NOT_SHOWN = (
    "override_percentage_constraints",
    "ext_operator",
    "advanced_error_override",
    "manual_order_time",
    "active_start_time",
    "active_stop_time",
)


class Changing:
    """Changes and cancels orders of this client; those of others are refused by name.

    ``look`` reads TWS's lists of open orders. ``check_ready`` raises NotSent where TWS cannot be sent changes.
    """

    def __init__(
        self,
        *,
        transport: Transport,
        book: Book,
        drafting: Drafting,
        outbox: Outbox,
        check_ready: Callable[[], None],
        look: Callable[[], Awaitable[None]],
    ) -> None:
        self._transport = transport
        self._book = book
        self._drafting = drafting
        self._outbox = outbox
        self._check_ready = check_ready
        self._look = look

    async def modify(self, order: Order, changes: Mapping[str, Any]) -> None:
        """Ask to change an order; NotSent where nothing left, with the reason."""
        self._check_ready()
        known = await self._to_modify(order)
        assert known.ib is not None
        try:
            wanted = order.replace(**changes)
            before, after = self._drafting.translated(order), self._drafting.translated(wanted)
        except ValueError as error:
            raise refused(order, str(error), "TERMS") from error
        except V6Error as error:
            raise refused(order, error.message, error.code) from error
        ib = changed(known.ib, before, after)
        if not self._is_open(ib.parent_id):
            ib = replace(ib, parent_id=0)  # its entry is filled, and TWS knows no order of that number any more
        self._check_ready()
        before_it = known.wanted
        known.wanted = Terms(wanted, replace(after, order_id=ib.order_id))
        self._book.asking(known, Asked.MODIFY)
        try:
            await self._outbox.again(known, ib, _urgency(order, known))
        except NotSent:
            known.wanted = before_it
            known.asked.discard(Asked.MODIFY)
            raise

    def _is_open(self, order_id: int) -> bool:
        known = self._book.register.at(OrderKey(self._transport.client_id, order_id))
        return known is not None and not known.is_over

    async def _to_modify(self, order: Order) -> KnownOrder:
        known, *others = await self._ours(order)
        if others:
            raise refused(order, f"TWS has {1 + len(others)} orders of that reference: cancel it instead", "TWICE")
        if known.ib is None:
            await self._ask_lists()
        if known.ib is None:
            raise refused(order, "TWS has not shown it yet: wait until it has", "NOT_SHOWN")
        return known

    async def cancel(self, order: Order) -> None:
        """Ask to cancel every order under a reference that may still work; NotSent where nothing left."""
        ours = await self._ours(order)
        for asked, known in enumerate(ours):
            try:
                await self.cancel_one(known)
            except NotSent as error:
                if asked:
                    raise PartlySent(asked, len(ours), error) from error
                raise

    async def cancel_one(self, known: KnownOrder) -> None:
        """Ask to cancel one order."""
        if known.key is None:
            raise NotSent(f"the number of order {known.order_ref} is not known: nothing was sent", code="NO_NUMBER")
        self._book.asking(known, Asked.CANCEL)
        try:
            await self._transport.cancel_order(known.key.order_id)
        except NotSent:
            known.asked.discard(Asked.CANCEL)
            raise

    def is_listed(self, order_ref: str, order_id: int) -> bool:
        """Tell whether TWS shows an order under a reference, or another order under the number that it had."""
        at = self._book.register.at(OrderKey(self._transport.client_id, order_id))
        is_shown = any(known.ib is not None and not known.is_over for known in self._book.register.under(order_ref))
        return is_shown or (at is not None and at.order_ref != order_ref)

    async def cancel_number(self, order_ref: str, order_id: int) -> None:
        """Ask to cancel what was sent under a number, of which TWS may show nothing.

        The number is not given out again, not even where it never arrived: the answer would be taken for another's.
        """
        self._transport.at_least(order_id + 1)
        key = OrderKey(self._transport.client_id, order_id)
        for known in self._book.register.under(order_ref):
            if known.key is None and not known.is_over:
                self._book.register.rekey(known, key)
        await self._transport.cancel_order(order_id)

    async def cancel_everything(self) -> None:
        """Ask to cancel all orders of the login, whoever placed them."""
        working = [known for known in self._book.register if not known.is_over]
        for known in working:
            self._book.asking(known, Asked.CANCEL)
        try:
            await self._transport.global_cancel()
        except NotSent:
            for known in working:
                known.asked.discard(Asked.CANCEL)
            raise

    async def _ours(self, order: Order) -> tuple[KnownOrder, ...]:
        """Return the orders under a reference that may still work and that this client may touch."""
        found = self._open(order)
        if not any(self._is_ours(known) for known in found):
            await self._ask_lists()
            found = self._open(order)
        ours = tuple(known for known in found if self._is_ours(known))
        if ours:
            return ours
        others = sorted({known.key.client_id for known in found if known.key is not None})
        if others:
            who = ", ".join(map(str, others))
            hint = "connect with that client_id, or cancel it in TWS"
            raise NotSent(
                f"order {order.order_ref} belongs to client {who}: nothing was sent", code="FOREIGN", hint=hint
            )
        over = " any more" if self._book.register.under(order.order_ref or "") else ""
        raise NotSent(f"TWS has no open order {order.order_ref}{over}: nothing was sent", code="NOT_OPEN")

    def _open(self, order: Order) -> list[KnownOrder]:
        return [known for known in self._book.register.under(order.order_ref or "") if not known.is_over]

    def _is_ours(self, known: KnownOrder) -> bool:
        return known.key is not None and known.key.client_id == self._transport.client_id

    async def _ask_lists(self) -> None:
        try:
            await self._look()
        except V6Error as error:
            raise NotSent(f"TWS did not say which orders are open: {error.message}", code=error.code) from error


def _urgency(order: Order, known: KnownOrder) -> Urgency:
    """Return whose turn a change is: an exit's goes before other orders, as the exit itself did."""
    is_exit = order.parent_order_id is not None or known.parent is not None
    return Urgency.PROTECTIVE if is_exit else Urgency.NEW


def as_shown(shown: IbOrder, said: IbOrder) -> IbOrder:
    """Return an order as it was read back, with what was said of it and TWS does not show."""
    return replace(shown, **{name: getattr(said, name) for name in _NOT_SHOWN})


def changed(shown: IbOrder, before: IbOrder, after: IbOrder) -> IbOrder:
    """Return an order as it was read back, with those fields replaced that a change makes different."""
    different = {name: getattr(after, name) for name in _FIELDS if getattr(before, name) != getattr(after, name)}
    if work_word(after) is not None and after.lmt_price is None:
        # The price at which TWS works it for the moment would be a limit if it were sent back.
        different["lmt_price"] = None
    return replace(as_shown(shown, after), **different, transmit=True, what_if=False)
