"""Splitting a roll past the leg limit into the fewest orders, so that no short is uncovered at any point between them.

A search over the subsets of the changes that have been made: a subset is allowed where, of no market and right, more is
uncovered than before the roll or after it, whichever is worse. To buy everything before anything is sold is always
allowed, so there is always an answer. Among the fewest orders those are taken that keep puts with puts and calls with
calls, and of these the ones that close before they open.
"""

from __future__ import annotations

from collections.abc import Iterator

from v6core.contracts import FutureOption, Option
from v6core.planning.changes import Changes, netted
from v6core.planning.exposure import exposure, within

MOST_CHANGES = 10
"""The most changes that are searched: ten have 59,049 pairs of a subset and a further order."""

_Cost = tuple[int, int, int]


def split(held: Changes, changes: Changes, most: int) -> tuple[Changes, ...]:
    """Return the changes in the fewest orders of at most so many legs each, in the order in which to send them.

    Each is to be filled whole before the next is sent. ValueError for more than MOST_CHANGES changes.
    """
    if len(changes) > MOST_CHANGES:
        raise ValueError(f"at most {MOST_CHANGES} legs can be split into orders, not {len(changes)}")
    return _Search(held, changes, most).best()


class _Search:
    def __init__(self, held: Changes, changes: Changes, most: int) -> None:
        self._held, self._changes, self._most = held, changes, most
        self._bounds = (exposure(held), exposure((*held, *changes)))
        self._verdicts: dict[int, bool] = {}
        quantities = {contract.key: quantity for contract, quantity in netted(held)}
        self._closing = sum(
            1 << bit
            for bit, (contract, quantity) in enumerate(changes)
            if quantities.get(contract.key, 0) * quantity < 0
        )
        self._sides = self._by_right()

    def best(self) -> tuple[Changes, ...]:
        """Return the cheapest way from nothing made to everything made; a made change is a bit."""
        everything = (1 << len(self._changes)) - 1
        ways: dict[int, tuple[_Cost, tuple[int, ...]]] = {0: ((0, 0, 0), ())}
        for made in range(everything):
            if made not in ways:
                continue
            cost, orders = ways[made]
            for order in self._orders(everything & ~made):
                way = (self._add(cost, made, order), (*orders, order))
                reached = made | order
                if (reached not in ways or way < ways[reached]) and self._allowed(reached):
                    ways[reached] = way
        return tuple(self._of(order) for order in ways[everything][1])

    def _orders(self, left: int) -> Iterator[int]:
        order = left
        while order:
            if order.bit_count() <= self._most:
                yield order
            order = (order - 1) & left

    def _add(self, cost: _Cost, made: int, order: int) -> _Cost:
        """Count an order, the sides that it parts, and the closing changes that its opening ones come before."""
        parted = sum(1 for side in self._sides if order & side and (order & side) != side)
        overtaken = (self._closing & ~made & ~order).bit_count()
        return cost[0] + 1, cost[1] + parted, cost[2] + (order & ~self._closing).bit_count() * overtaken

    def _allowed(self, made: int) -> bool:
        if made not in self._verdicts:
            self._verdicts[made] = within(exposure((*self._held, *self._of(made))), self._bounds)
        return self._verdicts[made]

    def _of(self, subset: int) -> Changes:
        return tuple(change for bit, change in enumerate(self._changes) if subset >> bit & 1)

    def _by_right(self) -> tuple[int, ...]:
        sides: dict[object, int] = {}
        for bit, (contract, _) in enumerate(self._changes):
            right = contract.right if isinstance(contract, Option | FutureOption) else None
            sides[right] = sides.get(right, 0) | 1 << bit
        return tuple(sides.values())
