"""What must hold of orders that belong together, whatever their history: read off the orders and their fills alone.

It comes beside the laws that every case is watched by (``watch``), which know each order by itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from uuid import UUID

from v6core.contracts import Combo
from v6core.fills import Fill
from v6core.money import ZERO
from v6core.orders import OcaType, Order, OrderStatus
from v6core.testing.conformance.expecting import Broken

_NEVER_THERE = frozenset({OrderStatus.CREATED, OrderStatus.DENIED, OrderStatus.REJECTED, OrderStatus.LOST})


def broken_together(orders: Sequence[Order], fills: Sequence[Fill], sizes: Mapping[UUID, Decimal]) -> Iterator[Broken]:
    """Yield what is wrong with brackets, groups and combos, once all is quiet; ``sizes`` are what was ordered first."""
    exits: defaultdict[UUID, list[Order]] = defaultdict(list)
    groups: defaultdict[str, list[Order]] = defaultdict(list)
    for order in orders:
        if order.parent_order_id is not None:
            exits[order.parent_order_id].append(order)
        elif order.oca_group is not None and order.status not in _NEVER_THERE:
            groups[order.oca_group].append(order)
    for order in orders:
        if exits[order.order_id]:
            yield from _broken_by_exits(order, exits[order.order_id])
    for members in groups.values():
        yield from _broken_by_group(members, max(sizes[order.order_id] for order in members))
    yield from _broken_by_combos(orders, fills)


def _broken_by_exits(entry: Order, exits: Sequence[Order]) -> Iterator[Broken]:
    sold = _filled(exits)
    left = [order for order in exits if order.status.is_open]
    if sold > entry.filled_quantity:
        yield _broken("GRP-03", entry, f"its exits filled {sold}, and it {entry.filled_quantity}")
    if not entry.filled_quantity and any(order.working for order in exits):
        yield _broken("GRP-01", entry, "an exit works, and nothing of it has filled")
    if entry.status.is_terminal and left and sold == entry.filled_quantity:
        law = "GRP-05" if sold else "GRP-04"
        yield _broken(
            law, entry, f"{sold} of it are closed, it is {entry.status}, and {len(left)} of its exits are open"
        )


def _broken_by_group(members: Sequence[Order], size: Decimal) -> Iterator[Broken]:
    first, filled = members[0], [order for order in members if order.filled_quantity]
    if first.oca_type is OcaType.REDUCE_WITH_BLOCK and _filled(members) > size:
        yield _broken("GRP-06", first, f"its group of {size} filled {_filled(members)}")
    if first.oca_type is not OcaType.CANCEL_WITH_BLOCK:
        return
    if len(filled) > 1:
        yield _broken("GRP-07", first, f"{len(filled)} of its group filled")
    if filled and any(order.status.is_open for order in members if order is not filled[0]):
        yield _broken("GRP-12", first, "one of its group filled, and another is open")


def _broken_by_combos(orders: Iterable[Order], fills: Sequence[Fill]) -> Iterator[Broken]:
    paid: defaultdict[object, Decimal] = defaultdict(lambda: ZERO)
    for fill in fills:
        paid[fill.order_id] += fill.action.sign * fill.quantity * fill.price
    for order in orders:
        if not isinstance(order.contract, Combo) or order.limit_price is None:
            continue
        most = order.action.sign * order.limit_price * order.filled_quantity
        if paid[order.order_id] > most:
            yield _broken("CMB-04", order, f"it cost {paid[order.order_id]}, and by its limit {most} at most")


def _filled(orders: Iterable[Order]) -> Decimal:
    return sum((order.filled_quantity for order in orders), ZERO)


def _broken(law: str, order: Order, what: str) -> Broken:
    return Broken(f"{order.order_type} {order.action} order {order.order_ref}: {what}", law)
