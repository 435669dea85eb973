"""What holds orders back without a broker: the halt file, the end of the engine's process, and a word in the journal.

All three need two paths and nothing else, so that a configuration that cannot be used does not disarm a kill.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from v6core.clock import Clock, SystemClock
from v6core.config import Place, Places
from v6core.engine.halt_file import set_halt_file
from v6core.engine.killing.notebook import Notebook
from v6core.engine.killing.process import Ending, EngineProcess, end_process
from v6core.engine.killing.report import KillReport
from v6core.errors import V6Error
from v6core.events import TradingState, TradingStateChanged

_NO_BROKER = ""


class Hold:
    """The halt file, the first that was set, and the engine's process; what was not done stands in ``problems``."""

    def __init__(self, reason: str) -> None:
        self.halt_file: Path | None = None
        self.process = EngineProcess()
        self.problems: list[str] = []
        self.notes: list[str] = []
        self._reason = reason

    def latch(self, path: Path | None) -> None:
        """Set the halt file, which an engine that still runs obeys at once; None where it is switched off."""
        if path is None:
            self.notes.append("[risk] halt_file is off: only the journal holds orders back afterwards")
            return
        try:
            set_halt_file(path, self._reason)
            self.halt_file = self.halt_file or path
        except (OSError, ValueError) as error:
            self.problems.append(f"the halt file {path} cannot be written: {getattr(error, 'strerror', None) or error}")

    def end_engine(self, journal: Path) -> EngineProcess:
        """End the process of the engine that holds a journal, so that nobody else acts for it at the broker."""
        try:
            self.process = end_process(journal)
        except (OSError, ValueError) as error:  # ValueError: a path that can be no file's
            self.process = EngineProcess(ending=Ending.UNKNOWN, problem=str(error))
        if self.process.problem is not None:
            self.problems.append(f"the engine's process was not ended: {self.process.problem}")
        return self.process


def hold(
    places: Places,
    broken: Exception,
    *,
    reason: str,
    operator: str | None = None,
    account_wide: bool = False,
    flatten: bool = False,
    clock: Clock | None = None,
) -> KillReport:
    """Do of a kill what needs no configuration: hold orders back and end the engine's process.

    Nothing is cancelled and nothing closed, whatever was asked for; the report says so. ``broken`` says why there is no
    configuration. It raises ValueError without a reason, and nothing else on purpose.
    """
    if not reason.strip():
        raise ValueError("say why: the reason is kept in the journal")
    reason, now = f"KILLED: {reason}", (clock or SystemClock()).now()
    work = Hold(reason)
    for place in places.halt_files or (None,):
        work.latch(None if place is None else place.path)
    halted = TradingStateChanged(time=now, state=TradingState.HALTED, reason=reason, operator=operator)
    ended = _end_and_write(work, places.journals, halted)
    why = broken.message if isinstance(broken, V6Error) else f"{type(broken).__name__}: {broken}"
    return KillReport(
        reason=reason,
        operator=operator,
        account_wide=account_wide,
        halt_file=work.halt_file,
        journal=ended[0].journal if ended else None,
        in_journal=any(one.in_journal for one in ended),
        process=work.process,
        flat=False if flatten else None,
        problems=(f"no order was cancelled, since the configuration cannot be used: {why}", *work.problems),
        notes=(*_where(places), *work.notes),
    )


@dataclass(frozen=True, slots=True)
class _Ended:
    """What became of the engine that held a journal, and whether the journal keeps that trading is halted."""

    journal: Path
    process: EngineProcess
    in_journal: bool


def _end_and_write(work: Hold, journals: Sequence[Place], halted: TradingStateChanged) -> list[_Ended]:
    """End the engine of each journal, and write there that trading is halted, which holds for all brokers.

    The first is the one to be reported, as ``work.process`` is: what could not be ended, else what was.
    """
    if not journals:
        work.process = EngineProcess(ending=Ending.UNKNOWN, problem="nobody knows which journal is meant")
        work.problems.append(
            "the engine's process was not ended: [journal] path holds {broker}, and which one that is cannot be told;"
            " give --broker NAME"
        )
        return []
    ended = [_ended(work, journal.path, halted) for journal in journals]
    ended.sort(key=lambda one: (one.process.is_gone, one.process.pid is None))
    work.process = ended[0].process
    others = (one for one in ended[1:] if one.process.pid is not None)
    work.notes += [f"process {one.process.pid}, which held {one.journal}, ended, too" for one in others]
    return ended


def _ended(work: Hold, journal: Path, halted: TradingStateChanged) -> _Ended:
    process = work.end_engine(journal)
    with closing(Notebook(journal, _NO_BROKER)) as notebook:
        said = notebook.write(halted)
    work.problems += notebook.problems
    return _Ended(journal, process, said)


def _where(places: Places) -> list[str]:
    """Say where each path was read, since a broken configuration may have meant another one."""
    certain = {"halt file": places.halt_file, "journal": places.journal}
    likely = {"halt file": places.likely_halt_file, "journal": places.likely_journal}
    return [
        *(f"the {what} is {place}" for what, place in certain.items() if place is not None),
        *(f"the {what} may be {place}; both were tried" for what, place in likely.items() if place is not None),
    ]
