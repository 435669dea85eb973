"""The trailing stops of one side, grouped by the best price that they have seen.

Trails that have seen the same best price move together, so a group holds that price once and moves all of them by
one assignment. A trail that comes later starts from a price that is no better, so the groups form a stack whose top
has seen the least. A market that improves on the top's price catches up with it and with every group below that it
passes, and these become one. Only the top ever moves; the others are found by the price at which they fire.
"""

from __future__ import annotations

import heapq

from v6_paper_plugin.exchange.matching.ladder import Ladder
from v6_paper_plugin.exchange.matching.resting import FAR, Resting, Stage


class Group:
    """Trails that have all seen the same best price, ``extreme``; the tightest comes first."""

    __slots__ = ("amounts", "burial", "extreme", "percents")

    def __init__(self, extreme: int) -> None:
        self.extreme = extreme
        self.amounts = Ladder(Stage.TRAILING)
        self.percents = Ladder(Stage.TRAILING)
        self.burial = 0
        """Names its entry among the buried; 0 at the top of the stack."""

    def __len__(self) -> int:
        return len(self.amounts.entries) + len(self.percents.entries)

    def add(self, order: Resting) -> None:
        """Take in a trail."""
        order.group = self
        if order.trail is not None:
            self.amounts.push(order.trail, order)
        else:
            self.percents.push(order.request.percent or 0, order)

    def absorb(self, other: Group) -> Group:
        """Return the larger of the two with the trails of both, so that a trail is handled seldom."""
        large, small = (self, other) if len(self) >= len(other) else (other, self)
        for ladder in (small.amounts, small.percents):
            ladder.sweep()
            for _, _, order in ladder.entries:
                large.add(order)
        return large

    def stop(self) -> int:
        """Return the price at which its first trail fires, or FAR where it is empty."""
        firsts = (self.amounts.first(), self.percents.first())
        return min((order.stop_from(self.extreme) for order in firsts if order is not None), default=FAR)

    def fire(self, price: int) -> list[Resting]:
        """Remove and return the trails that fire at a price."""
        fired: list[Resting] = []
        for ladder in (self.amounts, self.percents):
            while (order := ladder.first()) is not None and order.stop_from(self.extreme) <= price:
                order.stop = order.stop_from(self.extreme)
                order.group = None
                order.stage = Stage.GONE
                fired.append(order)
        return fired

    def sweep(self) -> None:
        """Drop what has left."""
        self.amounts.sweep()
        self.percents.sweep()


class Trails:
    """All trails of one side that have not fired. Prices are in the side's direction: the market improves downwards."""

    __slots__ = ("_burials", "_buried", "_pinned_moves", "_pinned_stops", "_stack", "_unset")

    def __init__(self) -> None:
        self._unset: list[Resting] = []
        self._pinned_stops = Ladder(Stage.PINNED)
        self._pinned_moves = Ladder(Stage.PINNED)
        self._stack: list[Group] = []
        self._buried: list[tuple[int, int, Group]] = []
        self._burials = 0

    def add(self, order: Resting, price: int | None) -> None:
        """Take in a trail: at its given stop if it has one, and as close to the market as the present price puts it."""
        if order.stop is None and price is None:
            order.stage = Stage.UNSET
            self._unset.append(order)
        elif order.stop is None or (price is not None and order.stop_from(price) < order.stop):
            assert price is not None
            self._follow(order, price)
        else:
            order.stage = Stage.PINNED
            self._pinned_stops.push(order.stop, order)
            self._pinned_moves.push(-order.first_move(order.stop), order)

    def move(self, price: int) -> None:
        """Let the trails follow the market to a price."""
        stack = self._stack
        if stack and stack[-1].extreme > price:
            group = self._unbury()
            while stack and stack[-1].extreme >= price:
                group = group.absorb(self._unbury())
            group.extreme = price
            stack.append(group)
        for order in self._pinned_moves.take(-price):
            self._follow(order, price)
        if self._unset:
            for order in self._unset:
                if order.stage is Stage.UNSET:
                    self._follow(order, price)
            self._unset.clear()

    def fire(self, price: int) -> list[Resting]:
        """Remove and return the trails that fire at a price, after they have moved to it."""
        fired = self._pinned_stops.take(price)
        for order in fired:
            order.stage = Stage.GONE
        if self._stack:
            fired += self._stack[-1].fire(price)
        while self._first_buried() <= price:
            group = heapq.heappop(self._buried)[2]
            fired += group.fire(price)
            self._bury(group)
        return fired

    def quiet(self) -> tuple[int, int]:
        """Return the prices between which no trail moves or fires, both excluded."""
        if self._unset:
            return FAR, FAR
        low = -self._pinned_moves.key(FAR)
        high = min(self._pinned_stops.key(FAR), self._first_buried())
        if self._stack:
            top = self._stack[-1]
            low, high = max(low, top.extreme - 1), min(high, top.stop())
        return low, high

    def sweep(self) -> None:
        """Drop what has left."""
        self._unset[:] = [order for order in self._unset if order.stage is Stage.UNSET]
        self._pinned_stops.sweep()
        self._pinned_moves.sweep()
        for group in self._stack:
            group.sweep()
        self._stack[:] = [group for group in self._stack if len(group)]
        self._buried.clear()
        for group in self._stack[:-1]:
            self._bury(group)
        for group in self._stack[-1:]:
            group.burial = 0

    def _follow(self, order: Resting, price: int) -> None:
        """Put a trail into the group that has seen this price and nothing better."""
        order.stage = Stage.TRAILING
        if not self._stack or self._stack[-1].extreme < price:
            if self._stack:
                self._bury(self._stack[-1])
            self._stack.append(Group(price))
        self._stack[-1].add(order)

    def _bury(self, group: Group) -> None:
        self._burials += 1
        group.burial = self._burials
        heapq.heappush(self._buried, (group.stop(), self._burials, group))

    def _unbury(self) -> Group:
        """Take the top off the stack, and out of the buried if it is among them."""
        group = self._stack.pop()
        group.burial = 0
        return group

    def _first_buried(self) -> int:
        """Return the lowest price at which a buried group may fire, or FAR where none is left."""
        buried = self._buried
        while buried and buried[0][2].burial != buried[0][1]:
            heapq.heappop(buried)
        return buried[0][0] if buried else FAR
