"""Orders by a key, lowest first; orders that have left are dropped when they come up."""

from __future__ import annotations

import heapq

from v6_paper_plugin.exchange.matching.resting import Resting, Stage

Entry = tuple[int, int, Resting]


class Ladder:
    """The orders in one stage, by key, then by time: a heap with lazy deletion.

    An entry is dead once its order has another stage or another sequence than it was entered with. Nobody has to
    look for it; it goes when it comes to the top, or when its side sweeps.
    """

    __slots__ = ("_stage", "entries")

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.entries: list[Entry] = []

    def push(self, key: int, order: Resting) -> None:
        """Enter an order."""
        heapq.heappush(self.entries, (key, order.sequence, order))

    def top(self) -> Entry | None:
        """Return the first entry, or None where no order is left."""
        entries = self.entries
        while entries:
            entry = entries[0]
            if self._is_alive(entry):
                return entry
            heapq.heappop(entries)
        return None

    def first(self) -> Resting | None:
        """Return the first order, or None where none is left."""
        entry = self.top()
        return None if entry is None else entry[2]

    def key(self, empty: int) -> int:
        """Return the first key, or ``empty`` where no order is left."""
        entry = self.top()
        return empty if entry is None else entry[0]

    def take(self, highest: int) -> list[Resting]:
        """Remove and return the orders whose key is at most ``highest``."""
        taken: list[Resting] = []
        while (entry := self.top()) is not None and entry[0] <= highest:
            taken.append(heapq.heappop(self.entries)[2])
        return taken

    def sweep(self) -> None:
        """Drop every dead entry; in place, because a match may be under way."""
        self.entries[:] = [entry for entry in self.entries if self._is_alive(entry)]
        heapq.heapify(self.entries)

    def _is_alive(self, entry: Entry) -> bool:
        order = entry[2]
        return order.stage is self._stage and order.sequence == entry[1]
