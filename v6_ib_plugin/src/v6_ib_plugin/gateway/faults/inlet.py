"""The way in from one client: every request passes here, and is struck by what is armed for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from v6_ib_plugin.gateway.faults.effects import Cut, Delay, Effect, Moment, Refuse, Silence
from v6_ib_plugin.gateway.faults.faults import Faults
from v6_ib_plugin.gateway.faults.outlet import Outlet, request_id
from v6_ib_plugin.gateway.faults.when import At
from v6_ib_plugin.gateway.wire import messages, requests
from v6_ib_plugin.terms import IbAnswer

Take = Callable[[requests.Request], Awaitable[None]]


@dataclass(slots=True)
class _Arrival:
    """A request on its way in, and what became of it."""

    is_taken: bool = True
    is_muted: bool = False
    delay: float = 0.0
    refusal: Refuse | None = None
    cut: Cut | None = None
    first: list[Effect] = field(default_factory=list[Effect])

    def suffer(self, effect: Effect) -> None:
        """Be struck by an effect."""
        match effect:
            case Silence(accept=accept):
                self.is_taken &= accept
                self.is_muted = True
            case Refuse():
                self.refusal, self.is_taken = effect, False
            case Delay(seconds=seconds):
                self.delay += seconds
            case Cut(moment=moment):
                self.cut = effect
                self.is_taken &= moment is not Moment.BEFORE
            case _:
                self.first.append(effect)


class Inlet:
    """What comes in from one client; ``take`` is given each request that is taken."""

    def __init__(self, outlet: Outlet, faults: Faults, take: Take) -> None:
        self._outlet = outlet
        self._faults = faults
        self._take = take

    async def receive(self, request: requests.Request) -> None:
        """Take a request, as far as the faults do."""
        scene = self._faults.sightings.request(self._outlet.client_id, request)
        effects = self._faults.strike(scene) if self._faults.watches(At.REQUEST) else []
        self._outlet.request = request
        self._outlet.heed(request)
        try:
            if effects:
                await self._struck(request, effects)
            else:
                await self._take(request)
        finally:
            self._outlet.request = None

    async def _struck(self, request: requests.Request, effects: list[Effect]) -> None:
        arrival = _Arrival()
        for effect in effects:
            arrival.suffer(effect)
        for effect in arrival.first:
            self._faults.perform(effect, [self._outlet])
        if arrival.delay:
            await asyncio.sleep(arrival.delay)
        self._prepare(request, arrival)
        if arrival.is_taken:
            await self._take(request)
        self._conclude(request, arrival)

    def _prepare(self, request: requests.Request, arrival: _Arrival) -> None:
        if arrival.is_muted:
            self._outlet.mute(request)
        match arrival.cut:
            case Cut(moment=Moment.UNANSWERED):
                self._outlet.fall_silent()
            case Cut(moment=Moment.AFTER) as cut if not _is_held(request) and self._outlet.cut_after_answer(
                request, cut
            ):
                arrival.cut = None
            case _:
                pass

    def _conclude(self, request: requests.Request, arrival: _Arrival) -> None:
        if arrival.refusal is not None and not arrival.is_muted:
            about = request_id(request)
            answer = IbAnswer(
                req_id=-1 if about is None else about, code=arrival.refusal.code, text=arrival.refusal.text
            )
            self._outlet.send(messages.ErrMsg(answer))
        if arrival.cut is not None:
            self._outlet.cut(arrival.cut)


def _is_held(request: requests.Request) -> bool:
    """Tell whether a request may stay without an answer, as an order does that is not transmitted."""
    return isinstance(request, requests.PlaceOrder) and not request.order.transmit
