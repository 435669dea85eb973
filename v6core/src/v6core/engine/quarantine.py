"""What becomes of a broker that talks nonsense: it is written down, nothing is made of it, and trading halts.

A broker whose plugin is out of its mind may be as wrong in what it leaves out. Until somebody has looked and resumes,
nothing opens; cancels and what only reduces still pass.
"""

from __future__ import annotations

import contextlib
import logging
import reprlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from v6core.engine.record import Record
from v6core.engine.scribe import Scribe
from v6core.events import EngineEvent, Event, ReportRefused, TradingState, TradingStateChanged
from v6core.identifiers import plainly

_LOG = logging.getLogger("v6")
QUARANTINED = "QUARANTINED"
MOST_RAW = 4000
_MOST_IN_FULL = 100


class Quarantine:
    """Refuses what one broker said. What comes before the journal is open is kept until then.

    The first hundred refusals are journaled each, of a flood after them the 128th, 256th, 512th and so on.
    """

    def __init__(self, broker: str, now: Callable[[], datetime]) -> None:
        self._broker = broker
        self._now = now
        self._record: Record | None = None
        self._scribe: Scribe | None = None
        self._early: list[EngineEvent] = []
        self.refused = 0

    def open(self, record: Record, scribe: Scribe) -> None:
        """Start to journal."""
        self._record, self._scribe = record, scribe
        scribe.on_dropped = self.give_up
        early, self._early = self._early, []
        if early:
            scribe.note(*early)
            scribe.flush()

    def give_up(self, events: Sequence[Event], error: Exception) -> None:
        """Refuse what v6 itself failed to take in: an order may stand otherwise than is known."""
        self._refuse("was not understood", f"v6 failed on a report: {type(error).__name__}: {error}", events)

    def refuse(self, problem: str, raw: object) -> None:
        """Journal what was refused, and halt, in effect at once, unless trading is halted already."""
        self._refuse("talks nonsense", problem, raw)

    def _refuse(self, blame: str, problem: str, raw: object) -> None:
        self.refused += 1
        if self.refused > _MOST_IN_FULL and self.refused.bit_count() > 1:
            return
        told = problem if self.refused <= _MOST_IN_FULL else f"{problem} (refusal {self.refused}; others are left out)"
        _LOG.error("%s %s: %s", self._broker, blame, told)
        now = self._now()
        self._note(
            ReportRefused(time=now, problem=told, raw=described(raw)),
            TradingStateChanged(
                time=now, state=TradingState.HALTED, reason=f"{QUARANTINED}: {self._broker}: {problem}"
            ),
        )

    def _note(self, refused: ReportRefused, halted: TradingStateChanged) -> None:
        if self._record is None or self._scribe is None:
            self._early += [refused] if self._early else [refused, halted]
            return
        is_halted = self._record.trading_state is TradingState.HALTED
        self._scribe.note(refused, *(() if is_halted else (halted,)))
        self._scribe.flush()  # nothing may leave between the nonsense and the halt


class _Description(reprlib.Repr):
    """A repr that stays short, and builds nothing long on the way."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 8
        self.maxtuple = self.maxlist = self.maxset = self.maxdict = 24
        self.maxstring = self.maxother = self.maxlong = 400

    def repr1(self, x: Any, level: int) -> str:
        if isinstance(x, BaseModel):
            fields = (f"{name}={self.repr1(value, level - 1)}" for name, value in [*x.__dict__.items()][:32])
            return f"{type(x).__name__}({', '.join(fields)})" if level > 0 else "..."
        return super().repr1(x, level)


def described(value: object) -> str:
    """Return what a plugin said as printable text of at most ``MOST_RAW`` characters."""
    with contextlib.suppress(Exception):
        return plainly(_Description().repr(value), MOST_RAW)
    return f"<{plainly(type(value).__name__, 80)}, which cannot be shown>"
