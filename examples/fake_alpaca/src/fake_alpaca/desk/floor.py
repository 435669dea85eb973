"""The desk's side of the broker behind it: which orders are there, under which reference, and how they were sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from fake_alpaca.desk.records import AlpacaOrder
from fake_alpaca.desk.translation import broker_order, changes_between
from fake_alpaca.words import GroupRole
from v6core.broker import Broker
from v6core.money import ZERO
from v6core.orders import Order
from v6core.reports import OrderTerms

_OTHERS = "UNIT"  # the broker's code for an order that is refused because another of its unit is
Verdict = tuple[str | None, str]
"""Why the broker refuses: its code and its words."""


@dataclass(slots=True)
class Working:
    """An order at the broker, where it keeps its reference when Alpaca gives its successor another id.

    ``filled_before`` is what predecessors filled under the reference. ``successor`` takes the order's place once the
    broker shows ``wanted``. ``unpaid`` is the value of legs that filled and do not yet make a whole unit. While it is
    ``deciding``, whoever asked is still waiting for the answer, and a ``refusal`` is told to nobody else.
    """

    order: AlpacaOrder
    sent: Order
    filled_before: Decimal = ZERO
    successor: AlpacaOrder | None = None
    wanted: dict[str, Any] = field(default_factory=dict[str, Any])
    unpaid: Decimal = ZERO
    deciding: bool = False
    refusal: Verdict | None = None

    def shows_wanted(self, terms: OrderTerms | None) -> bool:
        """Whether the broker shows the terms that were asked for."""
        return terms is not None and all(getattr(terms, name) == value for name, value in self.wanted.items())


class Floor:
    """What is at the broker."""

    def __init__(self) -> None:
        self._broker: Broker | None = None
        self._working: dict[str, Working] = {}

    def stand_on(self, broker: Broker) -> None:
        """Take the broker that orders go to."""
        self._broker = broker

    @property
    def broker(self) -> Broker:
        """The broker behind the desk."""
        assert self._broker is not None, "the desk has no broker yet"
        return self._broker

    def at(self, order_ref: str | None) -> Working | None:
        """Return what is at the broker under a reference."""
        return None if order_ref is None else self._working.get(order_ref)

    def of(self, order: AlpacaOrder) -> Working | None:
        """Return how an order stands at the broker, or None where it is not there."""
        return next((working for working in self._working.values() if working.order is order), None)

    def clear(self) -> None:
        """Forget everything."""
        self._working.clear()

    async def place(self, orders: Sequence[AlpacaOrder], *, awaited: bool = False) -> Verdict | None:
        """Send orders as a unit; where the answer is ``awaited``, return why the broker refuses them on the spot."""
        made = [Working(order, broker_order(order, self._entry_of(order)), deciding=awaited) for order in orders]
        self._working |= {working.sent.order_ref or "": working for working in made}
        await self.broker.place([working.sent for working in made])
        for working in made:
            working.deciding = False
        refusals = [working.refusal for working in made if working.refusal is not None]
        return next((refusal for refusal in refusals if refusal[0] != _OTHERS), next(iter(refusals), None))

    def _entry_of(self, order: AlpacaOrder) -> UUID | None:
        head = order.parent
        if head is None or head.group_role is not GroupRole.ENTRY:
            return None
        entry = self.of(head)
        return None if entry is None else entry.sent.order_id

    async def modify(self, working: Working, successor: AlpacaOrder) -> Verdict | None:
        """Ask for a change; return why the broker refuses it on the spot."""
        done = working.filled_before + working.order.filled_qty
        working.successor, working.refusal, working.deciding = successor, None, True
        working.wanted = changes_between(working.order, successor, done)
        await self.broker.modify(working.sent, working.wanted)
        working.deciding = False
        return working.refusal

    async def cancel(self, order: AlpacaOrder) -> None:
        """Ask to cancel an order."""
        working = self.of(order)
        if working is not None:
            await self.broker.cancel(working.sent)
