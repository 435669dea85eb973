"""Placing: one order, a bracket, a one-cancels-all group, or several that go together.

Everything that can be wrong is found before the first byte: after it, nothing is NotSent any more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from v6_ib_plugin.pacing import PartlySent, Urgency
from v6_ib_plugin.trading.book import Book
from v6_ib_plugin.trading.brackets import Brackets
from v6_ib_plugin.trading.changing import Changing
from v6_ib_plugin.trading.chores import Chores
from v6_ib_plugin.trading.drafts import Draft, Drafting
from v6_ib_plugin.trading.hearing import Hearing
from v6_ib_plugin.trading.known import KnownOrder
from v6_ib_plugin.trading.outbox import Outbox
from v6core.broker import Receipt
from v6core.errors import NotSent
from v6core.identifiers import make_order_ref, parse_order_ref
from v6core.orders import Order

_ANSWERED_WITHIN = 5.0


@dataclass(slots=True)
class Part:
    """What leaves together: an entry with its exits, or orders of which none hangs on another of them."""

    drafts: list[Draft]
    exits: list[Draft] = field(default_factory=list[Draft])


class Placing:
    """Places orders. ``check_ready`` raises NotSent where TWS cannot be sent orders."""

    def __init__(
        self,
        *,
        drafting: Drafting,
        outbox: Outbox,
        brackets: Brackets,
        changing: Changing,
        book: Book,
        hearing: Hearing,
        chores: Chores,
        check_ready: Callable[[], None],
    ) -> None:
        self._drafting = drafting
        self._outbox = outbox
        self._brackets = brackets
        self._changing = changing
        self._book = book
        self._hearing = hearing
        self._chores = chores
        self._check_ready = check_ready

    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        """Hand orders over; NotSent only where nothing of any of them left."""
        self._check_ready()
        drafts = await self._drafting.drafts(orders)
        self._check_ready()
        sent: list[KnownOrder] = []
        for part in parts_of(drafts):
            try:
                sent += await self._send(part)
            except NotSent as error:
                if sent:
                    raise PartlySent(len(sent), len(drafts), error) from error
                raise
        if len(sent) > 1 and not any(one.exits or one.parent for one in sent):
            self._chores.start(lambda: self._keep_whole(sent), "a unit of orders could not be taken back")
        return tuple([Receipt(one.sent.order.order_id, one.broker_order_id) for one in sent if one.sent is not None])

    async def _send(self, part: Part) -> Sequence[KnownOrder]:
        if part.exits:
            return await self._brackets.send(part.drafts[0], part.exits)
        if len(part.drafts) == 1 and part.drafts[0].order.parent_order_id is not None:
            return await self._outbox.send(part.drafts, Urgency.PROTECTIVE, entry=self._entry(part.drafts[0].order))
        return await self._outbox.send(part.drafts, Urgency.NEW)

    def _entry(self, order: Order) -> KnownOrder | None:
        """Return the entry of an exit that comes later than it; None once nothing of it works any more."""
        made = parse_order_ref(order.order_ref or "")
        if made is None or order.parent_order_id is None:
            return None
        entries = self._book.register.under(make_order_ref(made[0], order.parent_order_id))
        return next((one for one in entries if not one.is_over), None)

    async def _keep_whole(self, unit: Sequence[KnownOrder]) -> None:
        """Take the orders of a unit back where one of them is refused before anything has filled."""
        await self._hearing.until(lambda: all(one.is_shown or one.is_over for one in unit), _ANSWERED_WITHIN)
        is_refused = any(one.refusal is not None and one.is_over for one in unit)
        if not is_refused or any(one.filled for one in unit):
            return
        for one in unit:
            if not one.is_over:
                await self._changing.cancel_one(one)


def parts_of(drafts: Sequence[Draft]) -> list[Part]:
    """Return what leaves together, in the order in which it was given."""
    if len(drafts) == 1:
        return [Part(list(drafts))]
    entries = {draft.order.parent_order_id for draft in drafts}
    parts: dict[object, Part] = {}
    for draft in drafts:
        order_id, parent = draft.order.order_id, draft.order.parent_order_id
        if parent is not None and parent in parts:
            parts[parent].exits.append(draft)
        elif parent is not None or order_id in entries:
            parts[order_id] = Part([draft])
        else:
            parts.setdefault(None, Part([])).drafts.append(draft)
    return list(parts.values())
