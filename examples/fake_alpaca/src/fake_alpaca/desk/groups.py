"""Brackets, OTOs and OCOs: which order waits for which, and takes which with it.

Exits are held until the entry is filled whole, and come to the market together then; an entry that ends before takes
them with it, also where a part of it has filled. When one exit ends, the other does.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fake_alpaca.desk.announcer import Announcer
from fake_alpaca.desk.floor import Floor
from fake_alpaca.desk.records import AlpacaOrder
from fake_alpaca.words import Event, GroupRole, Status

Later = Callable[[Coroutine[Any, Any, None]], None]


class Groups:
    """Keeps groups of orders."""

    def __init__(self, floor: Floor, announcer: Announcer, later: Later) -> None:
        self._floor = floor
        self._announcer = announcer
        self._later = later

    def filled(self, order: AlpacaOrder) -> None:
        """Act on an order that has filled whole: the broker itself ends the other exit."""
        if order.group_role is GroupRole.ENTRY:
            self._later(self._release([leg for leg in order.legs if leg.status is Status.HELD]))

    def ended(self, order: AlpacaOrder) -> None:
        """Act on an order that has ended otherwise."""
        if order.group_id is None:
            return
        others = list(order.others())
        for other in others:
            if other.status is Status.HELD:
                self._announcer.move(other, Status.CANCELED)
            elif other.is_open and other.group_role is not GroupRole.ENTRY:
                self._later(self._take_along(other))

    async def _release(self, exits: list[AlpacaOrder]) -> None:
        exits = [order for order in exits if order.status is Status.HELD]
        if exits:
            await self._floor.place(exits)

    async def _take_along(self, order: AlpacaOrder) -> None:
        if order.is_open and order.status is not Status.PENDING_CANCEL:
            self._announcer.move(order, Status.PENDING_CANCEL, Event.PENDING_CANCEL)
            await self._floor.cancel(order)
