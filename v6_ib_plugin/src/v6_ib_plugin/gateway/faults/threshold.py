"""The way into a session: what goes wrong before a client is one."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from v6_ib_plugin.gateway.faults.effects import Cut, Delay, Effect, Garbage, Segments, ServerVersion, Silence, TooLong
from v6_ib_plugin.gateway.faults.faults import Faults
from v6_ib_plugin.gateway.faults.when import At, Scene
from v6_ib_plugin.gateway.peer import Peer, Shape


@dataclass(slots=True)
class Passage:
    """How a client comes in: not ``is_answered`` where nothing more is said, ``version`` is what the server claims."""

    is_answered: bool = True
    version: int | None = None


async def cross(faults: Faults, peer: Peer, at: At, client_id: int | None = None) -> Passage:
    """Let a client come in at this point, as far as the faults do."""
    passage = Passage()
    for effect in faults.strike(Scene(at=at, client_id=client_id)):
        await _suffer(passage, peer, effect)
    return passage


async def _suffer(passage: Passage, peer: Peer, effect: Effect) -> None:
    match effect:
        case Segments(size=size, pause=pause):
            peer.shape(Shape(size, pause))
        case Garbage() | TooLong():
            peer.write(effect.data)
        case Delay(seconds=seconds):
            await asyncio.sleep(seconds)
        case ServerVersion(version=version):
            passage.version = version
        case Silence():
            passage.is_answered = False
        case Cut(reset=reset):
            passage.is_answered = False
            peer.reset() if reset else peer.hang_up()
        case _:
            pass
