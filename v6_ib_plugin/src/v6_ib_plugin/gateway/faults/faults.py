"""All faults that are armed, and what strikes the gateway as a whole."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

from v6_ib_plugin.gateway.faults.armed import Armed
from v6_ib_plugin.gateway.faults.connectivity import DATA_LOST, Uplink, notice_of
from v6_ib_plugin.gateway.faults.corrections import Corrections
from v6_ib_plugin.gateway.faults.effects import (
    Announce,
    Connectivity,
    Correct,
    Cut,
    Effect,
    Garbage,
    Repeat,
    Restart,
    RollBackIds,
    TooLong,
)
from v6_ib_plugin.gateway.faults.fault import Fault
from v6_ib_plugin.gateway.faults.outlet import Outlet
from v6_ib_plugin.gateway.faults.sightings import Sightings
from v6_ib_plugin.gateway.faults.when import At, Scene, When
from v6_ib_plugin.gateway.wire import messages
from v6_ib_plugin.terms import IbAnswer

_LOG = logging.getLogger("v6.gateway.faults")


class Plant(Protocol):
    """What a fault can do to the gateway as a whole."""

    def restart(self, seconds: float) -> None:
        """Cut all clients, forget what a restart forgets, and listen again so many seconds later."""
        ...

    def lose_data(self) -> None:
        """End the subscriptions to data of all clients, without a word."""
        ...

    def roll_back_ids(self, next_id: int) -> None:
        """Begin the sequence of order ids again."""
        ...


class Faults:
    """What is armed. A fault strikes from the ``nth`` of its moments on, as many times as it is told to."""

    def __init__(self) -> None:
        self.sightings = Sightings()
        self.corrections = Corrections()
        self.uplink = Uplink()
        self._armed: list[Armed] = []
        self._outlets: list[Outlet] = []
        self._plant: Plant | None = None

    def serve(self, plant: Plant) -> None:
        """Strike this gateway."""
        self._plant = plant

    # Arming

    def arm(self, when: When, what: Effect, *, times: int | None = 1) -> Armed:
        """Arm a fault, and return it armed, to be counted and disarmed; what is to strike NOW has struck by then."""
        return self.add(Fault(when=when, what=what, times=times))

    def add(self, fault: Fault) -> Armed:
        """Arm a fault as it is described."""
        armed = Armed(fault)
        if fault.when.at is At.NOW:
            self._strike_now(fault.when, armed.hit())
            armed.disarm()
        else:
            self._armed.append(armed)
        return armed

    def disarm(self) -> None:
        """Disarm all faults; what they have done stays done."""
        for armed in self._armed:
            armed.disarm()
        self._armed.clear()

    @property
    def armed(self) -> tuple[Armed, ...]:
        """The faults that can still strike."""
        return tuple(armed for armed in self._armed if not armed.is_spent)

    def watches(self, at: At) -> bool:
        """Tell whether anything is armed for a point."""
        return any(armed.fault.when.at is at and not armed.is_spent for armed in self._armed)

    def strike(self, scene: Scene) -> list[Effect]:
        """Return the effects for which this is the moment, in the order in which they were armed."""
        struck = [_about(effect, scene) for armed in self._armed if (effect := armed.strike(scene)) is not None]
        if struck:
            _LOG.info("%s strikes at %s %s", ", ".join(effect.effect for effect in struck), scene.at, scene.kind)
            self._armed = [armed for armed in self._armed if not armed.is_spent]
        return struck

    # Striking

    def join(self, outlet: Outlet) -> None:
        """Let a client be struck by what strikes all."""
        self._outlets.append(outlet)

    def leave(self, outlet: Outlet) -> None:
        """Let a client go."""
        if outlet in self._outlets:
            self._outlets.remove(outlet)

    def _strike_now(self, when: When, effect: Effect) -> None:
        struck = [outlet for outlet in self._outlets if when.client_id in {None, outlet.client_id}]
        if isinstance(effect, Cut):
            for outlet in struck:
                outlet.cut(effect)
            return
        self.perform(effect, struck)

    def perform(self, effect: Effect, struck: list[Outlet]) -> None:
        """Do what an effect does to clients or to the gateway, beside the message or request that it strikes."""
        match effect:
            case Garbage() | TooLong():
                _each(struck, lambda outlet: outlet.spill(effect.data))
            case Announce(code=code, text=text, req_id=req_id):
                message = messages.ErrMsg(IbAnswer(req_id=req_id, code=code, text=text))
                _each(struck, lambda outlet: outlet.put(message))
            case Correct():
                self._correct(effect, struck, None)
            case Repeat():
                _each(struck, Outlet.repeat)
            case Connectivity():
                self._turn(effect)
            case Restart(seconds=seconds, next_id=next_id):
                self._gateway.restart(seconds)
                self._roll_back(next_id)
            case RollBackIds(next_id=next_id):
                self._roll_back(next_id)
            case _:
                pass

    def _roll_back(self, next_id: int | None) -> None:
        if next_id is not None:
            self.sightings.forget()
            self._gateway.roll_back_ids(next_id)

    def correct(self, effect: Correct, outlet: Outlet, exec_id: str) -> None:
        """Correct an execution that has gone out to a client."""
        self._correct(effect, [outlet], exec_id)

    def _correct(self, effect: Correct, struck: list[Outlet], exec_id: str | None) -> None:
        revision = self.corrections.revise(effect, exec_id)
        if revision is None:
            _LOG.warning("there is no execution %s to correct", effect.exec_id or "yet")
            return
        _each(struck, lambda outlet: outlet.put(revision))

    def _turn(self, effect: Connectivity) -> None:
        self.uplink.turn(effect)
        _each(self._outlets, lambda outlet: outlet.put(notice_of(effect.code)))
        if effect.code == DATA_LOST:
            self._gateway.lose_data()
        if not self.uplink.is_lost:
            _each(self._outlets, Outlet.release)

    @property
    def _gateway(self) -> Plant:
        assert self._plant is not None, "faults serve the gateway that they were made for"
        return self._plant


def _about(effect: Effect, scene: Scene) -> Effect:
    """Return an effect with the order named that only its moment knows."""
    if isinstance(effect, Announce) and effect.of_order and scene.order_id is not None:
        return effect.model_copy(update={"req_id": scene.order_id})
    return effect


def _each(outlets: list[Outlet], do: Callable[[Outlet], None]) -> None:
    for outlet in tuple(outlets):
        do(outlet)
