"""Whose turn it is to send."""

from __future__ import annotations

import asyncio

from ib.ib_desk import on_loop, until
from v6_ib_plugin.pacing import Urgency
from v6_ib_plugin.trading.turn import Turn


async def queued(turn: Turn, had: list[str], *who: tuple[str, Urgency]) -> list[asyncio.Task[None]]:
    """Let somebody wait for each of these turns, in this order."""

    async def have(name: str, urgency: Urgency) -> None:
        async with turn.of(urgency):
            had.append(name)

    tasks = [asyncio.ensure_future(have(name, urgency)) for name, urgency in who]
    await asyncio.sleep(0)
    return tasks


WAITING = (("a", Urgency.NEW), ("b", Urgency.NEW), ("exit", Urgency.PROTECTIVE), ("exit 2", Urgency.PROTECTIVE))


@on_loop
async def test_the_urgent_come_before_those_who_wait_longer_and_alike_ones_in_their_order() -> None:
    turn, had = Turn(), list[str]()
    async with turn.of(Urgency.NEW):
        tasks = await queued(turn, had, *WAITING)
        assert had == []
    await asyncio.gather(*tasks)
    assert had == ["exit", "exit 2", "a", "b"]


@on_loop
async def test_who_gives_up_keeps_it_from_nobody() -> None:
    turn, had = Turn(), list[str]()
    async with turn.of(Urgency.NEW):
        a, b, *exits = await queued(turn, had, *WAITING)
        b.cancel()
    exits[0].cancel()  # it was handed on to this one already
    await asyncio.gather(a, b, *exits, return_exceptions=True)
    assert had == ["exit 2", "a"]
    async with turn.of(Urgency.NEW):
        pass


@on_loop
async def test_an_error_inside_hands_it_on() -> None:
    turn, had = Turn(), list[str]()
    try:
        async with turn.of(Urgency.NEW):
            await queued(turn, had, ("a", Urgency.NEW))
            raise ValueError
    except ValueError:
        await until(lambda: had == ["a"])
