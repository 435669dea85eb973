"""Whose turn it is to send: one at a time, the urgent before those that came earlier."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
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

    @asynccontextmanager
    async def of(self, urgency: Urgency) -> AsyncGenerator[None]:
        """Have it for the length of a block; who gives up waiting for it keeps it from nobody."""
        await self._take(urgency)
        try:
            yield
        finally:
            self._leave()

    async def _take(self, urgency: Urgency) -> None:
        if not self._is_taken:
            self._is_taken = True
            return
        mine = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (urgency, next(self._numbers), mine))
        try:
            await mine
        except asyncio.CancelledError:
            if not mine.cancelled():  # it was handed over to one who has given up since
                self._leave()
            raise

    def _leave(self) -> None:
        while self._waiting:
            *_, next_one = heapq.heappop(self._waiting)
            if not next_one.done():
                next_one.set_result(None)
                return
        self._is_taken = False
