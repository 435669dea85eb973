"""The way out to one client: every message passes here, and is struck by what is armed for it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from v6_ib_plugin.gateway.faults.effects import (
    Correct,
    Cut,
    Delay,
    Duplicate,
    Effect,
    Moment,
    Reorder,
    Rewrite,
    Silence,
    Undecodable,
)
from v6_ib_plugin.gateway.faults.last_words import LastWords
from v6_ib_plugin.gateway.faults.rewriting import cut_short, rewritten
from v6_ib_plugin.gateway.faults.when import At
from v6_ib_plugin.gateway.peer import Peer
from v6_ib_plugin.gateway.wire import encode_message, frames, messages, requests

if TYPE_CHECKING:
    from v6_ib_plugin.gateway.faults.faults import Faults

_QUESTIONS = (
    requests.ReqOpenOrders,
    requests.ReqAllOpenOrders,
    requests.ReqAutoOpenOrders,
    requests.ReqCompletedOrders,
    requests.ReqExecutions,
)


@dataclass(slots=True)
class _Departure:
    """A message on its way out, and what became of it."""

    message: messages.Message
    payload: bytes
    copies: int = 1
    delay: Delay | None = None
    reorder: Reorder | None = None
    cut: Cut | None = None
    is_swallowed: bool = False
    then: list[Effect] = field(default_factory=list[Effect])

    def suffer(self, effect: Effect) -> None:
        """Be struck by an effect."""
        match effect:
            case Rewrite():
                self.message = rewritten(self.message, effect.fields)
                self.payload = encode_message(self.message)
            case Undecodable(keep=keep):
                self.payload = cut_short(self.payload, keep)
            case Duplicate(more=more):
                self.copies += more
            case Delay():
                self.delay = effect
            case Reorder():
                self.reorder = effect
            case Silence():
                self.is_swallowed = True
            case Cut():
                self.cut = effect
                self.is_swallowed |= effect.moment is Moment.BEFORE
            case _:
                self.then.append(effect)


@dataclass(slots=True)
class _Laggard:
    """A message that waits for others to pass it."""

    departure: _Departure
    to_pass: int


class Outlet:
    """What goes out to one client; ``request`` is the one that is being taken at the moment."""

    def __init__(self, client_id: int, peer: Peer, faults: Faults) -> None:
        self.client_id = client_id
        self.request: requests.Request | None = None
        self._peer = peer
        self._faults = faults
        self._is_silent = False
        self._muted_request: requests.Request | None = None
        self._muted_ids: set[int] = set()
        self._cuts: dict[int, Cut] = {}
        self._held: list[messages.Message] = []
        self._last_words = LastWords()
        self._laggards: list[_Laggard] = []
        self._dam: list[_Departure] | None = None

    # What stands against answers

    def mute(self, request: requests.Request) -> None:
        """Answer nothing to a request: what it causes is told only to who asks for it."""
        self._muted_request = request
        about = request_id(request)
        if about is not None:
            self._muted_ids.add(about)

    def heed(self, request: requests.Request) -> None:
        """Answer a request also where an earlier one about the same thing was muted."""
        about = request_id(request)
        if about is not None:
            self._muted_ids.discard(about)

    def fall_silent(self) -> None:
        """Let nothing out any more."""
        self._is_silent = True

    def cut_after_answer(self, request: requests.Request, effect: Cut) -> bool:
        """Cut the link once a request is answered; False where its answers do not name it."""
        about = request_id(request)
        if about is None:
            return False
        self._cuts[about] = effect
        return True

    def cut(self, effect: Cut) -> None:
        """Cut the link."""
        if effect.reset:
            self._peer.reset()
        else:
            self._peer.hang_up()

    # What goes out

    def send(self, message: messages.Message) -> None:
        """Let a message out, as far as the faults do."""
        if self._withholds(message):
            return
        corrections = self._faults.corrections
        corrections.hear(message)
        told = corrections.answers(message, is_asked_for=self._is_asked_for(message)) if corrections else (message,)
        for one in told:
            self._pass(one)

    def _withholds(self, message: messages.Message) -> bool:
        if self._is_silent or self._peer.is_gone:
            return True
        if self._muted_request is not None and self.request is self._muted_request:
            return True
        return bool(self._muted_ids) and self._about(message) in self._muted_ids and not self._is_asked_for(message)

    def _is_asked_for(self, message: messages.Message) -> bool:
        if isinstance(message, messages.ExecDetails):
            return message.req_id != -1
        return isinstance(self.request, _QUESTIONS)

    def _about(self, message: messages.Message) -> int | None:
        """Return the id of the order or request of this client that a message is about."""
        key = self._faults.sightings.key_of(self.client_id, message)
        if key is not None:
            return key[1] if key[0] == self.client_id else None
        if isinstance(message, messages.ErrMsg):
            return message.answer.req_id
        about: int | None = getattr(message, "req_id", None)
        return about

    def _pass(self, message: messages.Message) -> None:
        uplink = self._faults.uplink
        if uplink.loses(message):
            return
        if uplink.holds(message, is_asked_for=self._is_asked_for(message)):
            self._held.append(message)
            return
        departure = _Departure(message, encode_message(message))
        if self._faults.watches(At.MESSAGE):
            for effect in self._faults.strike(self._faults.sightings.message(self.client_id, message)):
                departure.suffer(effect)
        self._depart(departure)

    def release(self) -> None:
        """Let out what was held back while TWS had lost its servers."""
        held, self._held = self._held, []
        for message in held:
            self.send(message)

    def put(self, message: messages.Message) -> None:
        """Let a message out that nothing strikes."""
        self._write(_Departure(message, encode_message(message)))

    def repeat(self) -> None:
        """Let out once more what was said last of each order and execution, the last first."""
        for message in self._last_words:
            self.put(message)

    def spill(self, data: bytes) -> None:
        """Let bytes out that are no message."""
        if not self._is_silent:
            self._peer.write(data)

    def _depart(self, departure: _Departure) -> None:
        if departure.is_swallowed:
            self._end(departure)
            return
        self._last_words.hear(departure.message)
        if departure.delay is not None:
            self._depart_late(departure, departure.delay)
        elif departure.reorder is not None:
            self._lag(departure, departure.reorder)
        else:
            self._write(departure)

    def _depart_late(self, departure: _Departure, delay: Delay) -> None:
        loop = asyncio.get_running_loop()
        if delay.others_wait and self._dam is None:
            self._dam = [departure]
            loop.call_later(delay.seconds, self._break_dam)
        else:
            loop.call_later(delay.seconds, self._write, departure)

    def _break_dam(self) -> None:
        waiting, self._dam = self._dam or [], None
        for departure in waiting:
            self._write(departure)

    def _lag(self, departure: _Departure, reorder: Reorder) -> None:
        laggard = _Laggard(departure, reorder.behind)
        self._laggards.append(laggard)
        asyncio.get_running_loop().call_later(reorder.within, self._catch_up, laggard)

    def _catch_up(self, laggard: _Laggard) -> None:
        if laggard in self._laggards:
            self._laggards.remove(laggard)
            self._write(laggard.departure)

    def _write(self, departure: _Departure) -> None:
        if self._is_silent:
            return
        if self._dam is not None:
            self._dam.append(departure)
            return
        for _ in range(departure.copies):
            self._peer.write(frames.framed(departure.payload))
        self._end(departure)
        self._passed()

    def _passed(self) -> None:
        """Let those go that enough others have passed."""
        for laggard in tuple(self._laggards):
            laggard.to_pass -= 1
            if laggard.to_pass <= 0:
                self._catch_up(laggard)

    def _end(self, departure: _Departure) -> None:
        """Do what was to follow a message, which has gone out or was swallowed."""
        for effect in departure.then:
            if isinstance(effect, Correct) and isinstance(departure.message, messages.ExecDetails):
                self._faults.correct(effect, self, departure.message.execution.exec_id)
            else:
                self._faults.perform(effect, [self])
        if departure.cut is not None:
            self.cut(departure.cut)
        if self._cuts:
            self._cut_if_answered(departure.message)

    def _cut_if_answered(self, message: messages.Message) -> None:
        about = self._about(message)
        effect = None if about is None else self._cuts.pop(about, None)
        if effect is not None:
            self.cut(effect)


def request_id(request: requests.Request) -> int | None:
    """Return the id that answers to a request name: the order's, or the request's own."""
    match request:
        case requests.PlaceOrder(order=order):
            return order.order_id
        case requests.CancelOrder(order_id=order_id):
            return order_id
        case _:
            about: int | None = getattr(request, "req_id", None)
            return about
