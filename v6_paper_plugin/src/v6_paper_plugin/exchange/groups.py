"""What orders do to one another: a bracket's exits wait for the entry, and one member of a group takes from the rest.

* An exit works for what its entry has filled and its bracket's exits have not yet taken off again, and for no more.
* An entry that ends unfilled takes its exits with it; one that ends partly filled leaves them what it filled.
* CANCEL_WITH_BLOCK: the first fill of a member, however small, cancels the others.
* REDUCE_WITH_BLOCK, REDUCE: a fill of a member is taken off the others; what has nothing left is cancelled. The
  exits of a bracket are such a group unless their ``oca_type`` says otherwise.
* "With block" promises that two members never fill at once. Fills are made one after the other here, each with all
  its effects before the next, so that all three types keep that promise: where one quote reaches two members, the
  first that the book fills is the one, and the others have been taken out by then. Of one contract that is buys
  before sells, the better price first, then the older order; over contracts it is the order of their names.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from v6_paper_plugin.exchange.orders import ExchangeOrder
from v6core.money import ZERO
from v6core.orders import OcaType


def oca_type(order: ExchangeOrder) -> OcaType:
    """Return how a member takes the fills of others."""
    if order.oca_type is not None:
        return order.oca_type
    return OcaType.CANCEL_WITH_BLOCK if order.parent_ref is None else OcaType.REDUCE_WITH_BLOCK


def workable(order: ExchangeOrder, entry: ExchangeOrder | None, exits: Iterable[ExchangeOrder] = ()) -> Decimal:
    """Return how much of an order may be at the market: of an exit, what is held and not yet taken off."""
    if entry is None:
        return order.leaves
    taken = sum((exit_.filled for exit_ in exits if exit_.action is order.action), ZERO)
    return max(min(order.leaves, entry.filled - taken), ZERO)


def quantity_after_fill(member: ExchangeOrder, filled: Decimal) -> Decimal:
    """Return a member's quantity once another has filled so much; what it has filled itself where nothing is left."""
    if oca_type(member) is OcaType.CANCEL_WITH_BLOCK:
        return member.filled
    return max(member.quantity - filled, member.filled)


def quantity_after_entry(order: ExchangeOrder, entry: ExchangeOrder, exits: Iterable[ExchangeOrder]) -> Decimal:
    """Return an exit's quantity once its entry has ended: what there is to protect, and what the exit has filled."""
    return order.filled + workable(order, entry, exits)
