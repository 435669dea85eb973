"""What goes wrong in a world, and how: to the link, to the engine's process, to the server, to the clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from v6core.contracts import OrderAction
from v6core.testing.network import SimulatedTransport
from v6core.testing.remote.behaviour import Behaviour
from v6core.testing.world.plan import CONTRACTS, CRASHES, Fault, Mishap

if TYPE_CHECKING:
    from v6core.testing.world.world import SimulatedWorld

_DAY = timedelta(days=1).total_seconds()


@dataclass(slots=True)
class _Fuse:
    """A crash that waits for its moment: so many more writes, and then in the midst of one, or after it."""

    mishap: Mishap
    left: int

    def burns_down(self) -> bool:
        """Count a write; True at the one at which it goes off."""
        self.left -= 1
        return self.left < 0


class Misfortune:
    """Lets faults happen, and counts them."""

    def __init__(self, world: SimulatedWorld) -> None:
        self._world = world
        self._journal_fuse: _Fuse | None = None
        self._wire_fuse: _Fuse | None = None
        self.faults: Counter[str] = Counter()

    def trade_for_others(self) -> None:
        """Let somebody else trade in the account."""
        self._world.desk.trade_for_others(CONTRACTS[0], OrderAction.BUY, Decimal(3), Decimal(100))
        self.faults["FOREIGN_TRADE"] += 1

    def on_append(self) -> bool | None:
        """Say whether the process dies at this write to its journal: True after it, False before, None not at all."""
        fuse = self._journal_fuse
        if fuse is None or not fuse.burns_down():
            return None
        self._journal_fuse = None
        self._world.come_back(fuse.mishap.seconds)
        return fuse.mishap.share < 0.5

    def on_write(self, transport: SimulatedTransport, data: bytes) -> bytes:
        """Return what leaves of a write of the engine's: all, or a part, after which the process is dead."""
        fuse = self._wire_fuse
        if fuse is None or not fuse.burns_down():
            return data
        self._wire_fuse = None
        transport.hand_over(data[: int(fuse.mishap.share * len(data))])
        self._world.die(fuse.mishap.seconds)
        return b""

    def befall(self, mishap: Mishap) -> None:
        """Let a fault happen."""
        if mishap.fault in CRASHES | {Fault.STOP} and self._world.engine is None:
            return
        self.faults[mishap.fault] += 1
        happen: dict[Fault, Callable[[Mishap], None]] = {
            Fault.CUT: self._cut,
            Fault.CUT_WITHIN: self._cut_within,
            Fault.HALF_OPEN: self._half_open,
            Fault.SLOW: self._slow,
            Fault.REFUSE: self._refuse,
            Fault.CRASH: self._crash,
            Fault.CRASH_AT_JOURNAL: self._light_journal_fuse,
            Fault.CRASH_AT_SEND: self._light_wire_fuse,
            Fault.STOP: self._stop_in_order,
            Fault.BROKER_RESTART: self._restart_broker,
            Fault.DEGRADE: self._degrade,
            Fault.MUTE: self._mute,
            Fault.CLOCK_STEP: self._step_clock,
            Fault.DAY_CHANGE: self._change_day,
        }
        happen[mishap.fault](mishap)

    def _cut(self, _mishap: Mishap) -> None:
        for link in tuple(self._world.network.links):
            link.cut()

    def _cut_within(self, mishap: Mishap) -> None:
        for link in tuple(self._world.network.links):
            link.cut_after(int(mishap.share * 800), to_server=mishap.count % 2 == 0)

    def _half_open(self, mishap: Mishap) -> None:
        for link in tuple(self._world.network.links):
            link.fall_silent(to_server=mishap.count % 2 == 0)

    def _slow(self, mishap: Mishap) -> None:
        for link in tuple(self._world.network.links):
            link.slow_down(mishap.seconds / 2)

    def _refuse(self, mishap: Mishap) -> None:
        self._cut(mishap)
        self._world.network.is_refusing = True
        self._world.after(mishap.seconds, self._accept)

    def _accept(self) -> None:
        self._world.network.is_refusing = False

    def _crash(self, mishap: Mishap) -> None:
        self._world.die(mishap.seconds)

    def _light_journal_fuse(self, mishap: Mishap) -> None:
        self._journal_fuse = _Fuse(mishap, mishap.count)

    def _light_wire_fuse(self, mishap: Mishap) -> None:
        self._wire_fuse = _Fuse(mishap, mishap.count // 2)

    def _stop_in_order(self, mishap: Mishap) -> None:
        if self._world.engine is not None:
            self._world.stop(self._world.engine, mishap.seconds)

    def _restart_broker(self, mishap: Mishap) -> None:
        self._world.server.restart()
        self._world.server.is_down = True
        self._world.after(mishap.seconds / 2, self._open_server)

    def _open_server(self) -> None:
        self._world.server.is_down = False
        if self._world.server.is_mute:
            self._world.server.is_mute = False
            self._world.server.drop_links()  # a stream never goes on after a gap

    def _degrade(self, mishap: Mishap) -> None:
        self._world.server.degrade()
        self._world.after(mishap.seconds, self._restore)

    def _restore(self) -> None:
        if self._world.server.is_degraded:
            self._world.server.restore()

    def _mute(self, mishap: Mishap) -> None:
        self._world.server.is_mute = True
        self._world.after(mishap.seconds * 2, self._open_server)

    def _change_day(self, _mishap: Mishap) -> None:
        self._world.desk.expire(aloud=True)
        self._world.clock.step(_DAY)

    def _step_clock(self, mishap: Mishap) -> None:
        self._world.clock.step((mishap.share - 0.5) * 60 * mishap.count)

    def fall_quiet(self) -> None:
        """Let nothing more go wrong; what waits in the server is still treated in its time."""
        self._world.desk.behaviour = Behaviour()
        self._journal_fuse = self._wire_fuse = None
        self._accept()
        self._open_server()
        self._restore()
        for link in self._world.network.links:
            link.mend()

    def count_tempers(self) -> None:
        """Count what the server did to messages by its behaviour among the faults."""
        for arrival in self._world.desk.arrivals:
            if arrival.treated_at is None:
                self.faults["DROPPED"] += 1
            elif arrival.treated_at - arrival.at > timedelta(seconds=1):
                self.faults["LATE"] += 1
