"""One order as the desk keeps it: what the client sent, what is told of it, and how it stands."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import auto
from typing import Any

from v6_ib_plugin.terms import IbCommission, IbContract, IbOrder
from v6core.money import ZERO
from v6core.orders import Order
from v6core.words import Word

PENDING_SUBMIT, PRE_SUBMITTED, SUBMITTED, FILLED = "PendingSubmit", "PreSubmitted", "Submitted", "Filled"
CANCELLED, INACTIVE, PENDING_CANCEL = "Cancelled", "Inactive", "PendingCancel"
"""The words of TWS for how an order stands."""

_PLACES = 8
_TRIGGERED = frozenset({"STP", "STP LMT", "TRAIL", "TRAIL LIMIT", "MIT", "LIT"})
CHILDREN_GROUP_TYPE = 3
"""The type of the group that TWS makes of the children of one parent: reduce, without block."""


class Phase(Word):
    """How far an order has come."""

    PARKED = auto()
    """Not transmitted: it is in this TWS alone, and nobody can list it."""
    WAITING = auto()
    """A child whose parent has not filled whole."""
    SENT = auto()
    """Handed to the broker, which has not answered."""
    LIVE = auto()
    """The broker has it."""
    ENDED = auto()

    @property
    def is_local(self) -> bool:
        """Whether the broker knows nothing of it yet."""
        return self in _LOCAL


_LOCAL = frozenset({Phase.PARKED, Phase.WAITING})


@dataclass(frozen=True, slots=True)
class Wanted:
    """A change under way: the order as the client wants it, and what of it the broker was asked to change."""

    order: IbOrder
    terms: Order
    changes: Mapping[str, Any]


@dataclass(slots=True, eq=False, kw_only=True)
class DeskOrder:
    """One order of one client.

    ``order`` is as it is told, ``terms`` as the broker gets it: None where it never will. ``group`` is the name of the
    one-cancels-all group that stands, which for a child is its parent's lasting id, whatever the client called it;
    ``visit`` is the number of the client's visit in which it was placed, which alone still sees the client's own name.
    """

    client_id: int
    order_id: int
    perm_id: int
    ref: str
    contract: IbContract
    order: IbOrder
    terms: Order | None
    visit: int = 0
    manual: bool = False
    phase: Phase = Phase.SENT
    status: str = PRE_SUBMITTED
    parent: DeskOrder | None = None
    children: list[DeskOrder] = field(default_factory=list["DeskOrder"])
    group: str = ""
    group_type: int = 0
    filled: Decimal = ZERO
    cost: Decimal = ZERO
    last_price: Decimal = ZERO
    cancel_asked: bool = False
    cancel_in_doubt: bool = False
    has_expired: bool = False
    wanted: deque[Wanted] = field(default_factory=deque[Wanted])
    commissions: list[IbCommission] = field(default_factory=list[IbCommission])
    warnings: tuple[tuple[int, str], ...] = ()
    told: tuple[str, Decimal, int] | None = None
    version: int = 0
    reason: str = ""
    ended_at: datetime | None = None
    _regrouped: IbOrder | None = None

    @property
    def is_ended(self) -> bool:
        """Whether nothing more is expected of it."""
        return self.phase is Phase.ENDED

    @property
    def is_being_cancelled(self) -> bool:
        """Whether a cancel is under way, of which it is not in doubt that the broker got it."""
        return self.cancel_asked and not self.cancel_in_doubt

    @property
    def is_unacknowledged(self) -> bool:
        """Whether the broker was given it and has said nothing of it."""
        return self.phase is Phase.SENT and self.told is None

    @property
    def listed_status(self) -> str:
        """How it stands for who asks: what waits for the broker's word is pending."""
        if self.is_unacknowledged:
            return PENDING_SUBMIT
        return PENDING_CANCEL if self.phase is Phase.LIVE and self.cancel_asked else self.status

    @property
    def is_full(self) -> bool:
        """Whether all of it has filled."""
        return self.filled >= self.order.total_quantity

    @property
    def remaining(self) -> Decimal:
        """What has not filled; as TWS tells it, also of an order that was cancelled."""
        return max(self.order.total_quantity - self.filled, ZERO)

    @property
    def avg_price(self) -> Decimal:
        """The mean price of its fills, zero where there are none."""
        return mean(self.cost, self.filled)

    @property
    def why_held(self) -> str:
        """What it waits for, in TWS's words."""
        if self.status != PRE_SUBMITTED:
            return ""
        reasons = ["child"] if self.phase is Phase.WAITING else []
        if self.order.order_type in _TRIGGERED and self.phase is not Phase.SENT:
            reasons.append("trigger")
        return ",".join(reasons)

    def standing(self) -> tuple[str, Decimal, int]:
        """Return what a client would notice a difference in."""
        return (self.status, self.filled, self.version)

    def show(self, order: IbOrder) -> None:
        """Take what is told of it from here on."""
        self.order, self.version, self._regrouped = order, self.version + 1, None

    def drop_wanted(self, changes: Mapping[str, Any]) -> None:
        """Forget a change that was asked for."""
        self.wanted = deque(wanted for wanted in self.wanted if wanted.changes is not changes)

    def resize(self, quantity: Decimal) -> None:
        """Take another quantity, as a group's fills leave it."""
        self.show(replace(self.order, total_quantity=quantity))
        if self.terms is not None and quantity > 0:
            self.terms = self.terms.model_copy(update={"quantity": quantity})

    def as_seen_in(self, visit: int) -> IbOrder:
        """Return the order as a visit sees it: a later one finds a child in the group that TWS made."""
        if self.order.oca_group == self.group or visit == self.visit:
            return self.order
        if self._regrouped is None:
            self._regrouped = replace(self.order, oca_group=self.group, oca_type=self.group_type)
        return self._regrouped


def mean(cost: Decimal, quantity: Decimal) -> Decimal:
    """Return cost over quantity to eight places, zero where there is no quantity."""
    if quantity <= 0:
        return ZERO
    price = cost / quantity
    exponent = price.as_tuple().exponent
    return round(price, _PLACES) if isinstance(exponent, int) and exponent < -_PLACES else price
