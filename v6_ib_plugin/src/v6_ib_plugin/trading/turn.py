"""Whose turn it is to send: one at a time, the urgent before those that came earlier."""

from __future__ import annotations

import asyncio
import heapq
from contextlib import AbstractAsyncContextManager
from itertools import count

from v6_ib_plugin.pacing import Urgency


class Turn:
    """Had by one at a time; of those who wait the most urgent has it next, of alike ones who came first.

    A lock would hand it on in the order of coming, and an exit would wait for every order that waits for the pacer.
    """

    def __init__(self) -> None:
        self._is_taken = False
        self._numbers = count()
        self._waiting: list[tuple[Urgency, int, asyncio.Future[None]]] = []

    def of(self, urgency: Urgency) -> AbstractAsyncContextManager[None]:
        """Have it for the length of a block; who gives up waiting for it keeps it from nobody."""
        return _Had(self, urgency)

    async def take(self, urgency: Urgency) -> None:
        """Return when it is one's own."""
        if not self._is_taken:
            self._is_taken = True
            return
        mine = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (urgency, next(self._numbers), mine))
        try:
            await mine
        except asyncio.CancelledError:
            if not mine.cancelled():  # it was handed over to one who has given up since
                self.leave()
            raise

    def leave(self) -> None:
        """Hand it on to the next."""
        while self._waiting:
            *_, next_one = heapq.heappop(self._waiting)
            if not next_one.done():
                next_one.set_result(None)
                return
        self._is_taken = False


class _Had(AbstractAsyncContextManager[None]):
    """A turn for the length of a block."""

    def __init__(self, turn: Turn, urgency: Urgency) -> None:
        self._turn = turn
        self._urgency = urgency

    async def __aenter__(self) -> None:
        await self._turn.take(self._urgency)

    async def __aexit__(self, *_: object) -> None:
        self._turn.leave()
