"""Groups that v6 keeps itself: how much of each member should work, and the next thing to do about it.

A member is one planned order, and as many orders as it has taken so far: an exit has one for each part of the entry
that has filled. All of it is read off how these orders stand, so a restart sees what the run before saw.

* an exit of a bracket should work for what the entry has filled less what the exits have closed
* a member of a group should work for its quantity; once another has filled, for so much less, or for nothing
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from v6core.identifiers import following
from v6core.lifecycle import OrderState
from v6core.money import ZERO
from v6core.orders import OcaType, Order, OrderStatus, Pending
from v6core.sagas import Kept, KeptBracket

_REFUSED = frozenset({OrderStatus.REJECTED, OrderStatus.DENIED})
_PROVEN = frozenset({OrderStatus.SUBMITTED, OrderStatus.PARTIALLY_FILLED})
_MOST_FAILURES = 1


@dataclass(frozen=True, slots=True)
class Member:
    """A planned order with what was sent for it.

    ``our_cancels`` are those of these that v6 took back to keep the group, ``asked`` those that somebody else asked it
    to cancel, ``inherited`` those that an earlier run sent.
    """

    planned: Order
    sent: tuple[OrderState, ...]
    our_cancels: frozenset[UUID] = frozenset()
    asked: frozenset[UUID] = frozenset()
    inherited: frozenset[UUID] = frozenset()

    @property
    def filled(self) -> Decimal:
        """What has filled."""
        return sum((state.totals.quantity for state in self.sent), ZERO)

    @property
    def live(self) -> Decimal:
        """What may still fill; an order in doubt counts whole."""
        return sum((_rest(state) for state in self.sent), ZERO)

    @property
    def proven(self) -> Decimal:
        """What the broker has said that it works."""
        return sum((_rest(state) for state in self.sent if state.status in _PROVEN), ZERO)

    @property
    def failures(self) -> int:
        """How many of its orders were refused, or never arrived; that an earlier run died before it sent is none."""
        return sum(state.status in _REFUSED or self._went_astray(state) for state in self.sent)

    @property
    def is_broken(self) -> bool:
        """Whether any of its orders was refused, or never arrived."""
        return any(state.status in _REFUSED or state.status is OrderStatus.LOST for state in self.sent)

    @property
    def is_dropped(self) -> bool:
        """Whether its user took it back, or let it expire."""
        return any(state.status is OrderStatus.EXPIRED or self._is_cancelled(state, self.asked) for state in self.sent)

    @property
    def is_given_up(self) -> bool:
        """Whether nothing more is sent for it: dropped, cancelled by the broker, or refused more than once."""
        cancelled = {state.terms.order_id for state in self.sent if state.status is OrderStatus.CANCELLED}
        return self.is_dropped or bool(cancelled - self.our_cancels) or self.failures > _MOST_FAILURES

    @property
    def is_changing(self) -> bool:
        """Whether an answer about one of its orders is on its way."""
        return any(
            state.status is OrderStatus.PENDING_SUBMIT or Pending.SENT in {state.pending_cancel, state.pending_modify}
            for state in self.sent
            if state.status.is_open
        )

    def _went_astray(self, state: OrderState) -> bool:
        return state.status is OrderStatus.LOST and state.terms.order_id not in self.inherited

    def _is_cancelled(self, state: OrderState, ids: frozenset[UUID]) -> bool:
        return state.status is OrderStatus.CANCELLED and state.terms.order_id in ids


@dataclass(frozen=True, slots=True)
class Place:
    """Send an order for so much more."""

    order_id: UUID
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Cut:
    """Change an order's quantity to less."""

    order_id: UUID
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Cancel an order."""

    order_id: UUID


Step = Place | Cut | TakeBack


def wanted(plan: Kept, entered: Decimal, members: Sequence[Member]) -> tuple[Decimal, ...]:
    """Return how much of each member should work; ``entered`` is what a bracket's entry filled and is still held."""
    total = sum((member.filled for member in members), ZERO)
    if isinstance(plan, KeptBracket):
        return (max(entered - total, ZERO),) * len(members)
    return tuple(_wanted_of_group(plan.oca_type, member, total - member.filled) for member in members)


def _wanted_of_group(oca_type: OcaType, member: Member, by_others: Decimal) -> Decimal:
    if by_others and oca_type is OcaType.CANCEL_WITH_BLOCK:
        return ZERO
    return max(member.planned.quantity - member.filled - by_others, ZERO)


def overfilled(plan: Kept, entered: Decimal, members: Sequence[Member]) -> Decimal:
    """Return by how much a group has filled beyond what it should: two members that filled at the same moment."""
    most = entered if isinstance(plan, KeptBracket) else max(member.planned.quantity for member in members)
    return max(sum((member.filled for member in members), ZERO) - most, ZERO)


def next_step(plan: Kept, member: Member, quantity: Decimal, unchangeable: frozenset[UUID] | None) -> Step | None:
    """Return what brings a member to so much at work, one thing at a time; None while an answer is on its way.

    ``unchangeable`` are orders that the broker does not change; None where it changes none.
    """
    if member.is_changing:
        return None
    if member.live > quantity:
        return _less(member, member.live - quantity, unchangeable)
    # An order of a group opens something: only what was taken back of it to keep the group is sent anew.
    may_place = isinstance(plan, KeptBracket) or not member.is_broken
    if member.live < quantity and may_place and not member.is_given_up:
        order_id = following(member.planned.order_id, len(member.sent) + 1)
        return Place(order_id, quantity - member.live)
    return None


def _less(member: Member, excess: Decimal, unchangeable: frozenset[UUID] | None) -> Step:
    """Take off the newest order: whole where it is no more than what is too much, or where it cannot be changed."""
    state = [state for state in member.sent if state.status.is_open and _rest(state)][-1]
    order_id = state.terms.order_id
    fixed = unchangeable is None or order_id in unchangeable or state.pending_modify is not None
    if _rest(state) <= excess or fixed or state.status is OrderStatus.IN_DOUBT:
        return TakeBack(order_id)
    return Cut(order_id, state.terms.quantity - excess)


def _rest(state: OrderState) -> Decimal:
    return max(state.terms.quantity - state.totals.quantity, ZERO) if state.status.is_open else ZERO
