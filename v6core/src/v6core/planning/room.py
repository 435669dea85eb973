"""Room: how much of what an account holds an order may close beside all that works or is in doubt against it.

Of orders in one group only one counts, the largest, since a fill of one takes it off the others; an exit counts no more
than its entry has filled.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from decimal import Decimal

from v6core.money import ZERO
from v6core.orders import Order
from v6core.reports import BrokerPosition
from v6core.risk import exposures

Group = Callable[[Order], Hashable]
SpokenFor = Mapping[tuple[str, bool], Decimal]
"""What open orders may still trade, by contract key and whether they buy."""


def spoken_for(orders: Iterable[Order], group_of: Group) -> SpokenFor:
    """Return what open orders may still buy and sell; ``group_of`` names an order's group, or is None for none."""
    rows = list(orders)
    filled = {order.order_id: order.filled_quantity for order in rows}
    most: defaultdict[tuple[str, bool, Hashable], Decimal] = defaultdict(lambda: ZERO)
    for order in rows:
        rest = order.quantity - order.filled_quantity
        if not rest:
            continue
        share = min(filled.get(order.parent_order_id, rest), rest) / rest if order.parent_order_id is not None else 1
        group = group_of(order)
        whose = order.order_id if group is None else group
        for key, change in exposures(order):
            row = (key, change > 0, whose)
            most[row] = max(most[row], abs(change) * share)
    total: defaultdict[tuple[str, bool], Decimal] = defaultdict(lambda: ZERO)
    for (key, buys, _), quantity in most.items():
        total[key, buys] += quantity
    return total


def room_for(held: Decimal, key: str, spoken: SpokenFor) -> Decimal:
    """Return how much of a position can still be closed, never below zero."""
    return max(abs(held) - spoken.get((key, held < 0), ZERO), ZERO)


def free_of(positions: Iterable[BrokerPosition], spoken: SpokenFor) -> tuple[BrokerPosition, ...]:
    """Return what is held without what is spoken for, the first rows of a contract first."""
    left = dict(spoken)
    rows: list[BrokerPosition] = []
    for row in positions:
        side = (row.contract.key, row.quantity < 0)
        taken = min(left.get(side, ZERO), abs(row.quantity))
        left[side] = left.get(side, ZERO) - taken
        rows.append(row.model_copy(update={"quantity": row.quantity - taken.copy_sign(row.quantity)}))
    return tuple(rows)
