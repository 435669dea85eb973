"""Whether the wall clock goes on like the monotonic one: compared at every report and at the watchdog's every beat.

Nothing is decided by the wall clock but days and sessions; these are what a jump may have moved, so all is compared
with the broker again. There is no timer of its own: on a simulated loop one would keep time running for ever.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from v6core.clock import Clock
from v6core.engine.recovery import Recovery
from v6core.engine.scribe import Scribe
from v6core.events import AlarmRaised, ClockJumped
from v6core.plugins.attaching import told

JUMP = 5.0
"""So many seconds are a jump; what a clock is slewed by between two looks is far less."""
_LOG = logging.getLogger("v6")


class Pulse:
    """Compares the two clocks, and has the engine reconcile after a jump; writes down what halts beside the journal.

    ``halted_by`` tells that in words, such as the halt file, or None where nothing does.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        now: Callable[[], datetime],
        scribe: Scribe,
        recovery: Recovery,
        patience: float,
        halted_by: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._clock = clock
        self._now = now
        self._scribe = scribe
        self._recovery = recovery
        self._patience = patience
        self._seen = clock.now(), clock.monotonic()
        self._reconciling = False
        self._halted_by = halted_by
        self._halt = halted_by()  # what was there before is no news

    def beat(self) -> None:
        """Look at both clocks, and for the halt file."""
        self._look_for_halt()
        wall, steady = self._clock.now(), self._clock.monotonic()
        before, self._seen = self._seen, (wall, steady)
        jumped = (wall - before[0]).total_seconds() - (steady - before[1])
        if abs(jumped) > JUMP:
            self._jumped(round(jumped, 3))

    def _look_for_halt(self) -> None:
        """Write down what halted trading from outside, and that it is over: the journal is where people look later."""
        halt = self._halted_by()
        if halt == self._halt or self._scribe.failure is not None:
            return
        code, told_ = (
            ("HALT_FILE_GONE", "the halt file is gone; what the journal says holds")
            if halt is None
            else ("HALT_FILE", halt)
        )
        self._halt = halt
        self._scribe.note(AlarmRaised(time=self._now(), code=code, message=told_))

    def _jumped(self, seconds: float) -> None:
        _LOG.warning("the clock jumped by %+g s; comparing with the broker again", seconds)
        self._scribe.note(ClockJumped(time=self._now(), seconds=seconds))
        if not self._reconciling:
            self._reconciling = True
            self._recovery.spawn(self._reconcile())

    async def _reconcile(self) -> None:
        """Reconcile, again where that fails; once the link is lost its return does it anyway."""
        try:
            while self._recovery.is_ready and self._scribe.failure is None:
                try:
                    return await self._recovery.reconcile()
                except Exception as error:  # noqa: BLE001 -- whatever a plugin raises, it is asked again
                    _LOG.warning("not compared after a jump of the clock: %s", told(error))
                    await asyncio.sleep(self._patience)
        finally:
            self._reconciling = False
