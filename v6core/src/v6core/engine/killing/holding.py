"""What holds orders back without a broker: the halt file, the end of the engine's process, and a word in the journal.

All three need two paths and nothing else, so that a configuration that cannot be used does not disarm a kill.
"""

from __future__ import annotations

from contextlib import closing
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
    """The halt file and the engine's process; what could not be done stands in ``problems``."""

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
            self.halt_file = path
        except (OSError, ValueError) as error:
            self.problems.append(f"the halt file {path} cannot be written: {getattr(error, 'strerror', None) or error}")

    def end_engine(self, journal: Path) -> None:
        """End the process of the engine that holds a journal, so that nobody else acts for it at the broker."""
        try:
            self.process = end_process(journal)
        except (OSError, ValueError) as error:  # ValueError: a path that can be no file's
            self.process = EngineProcess(ending=Ending.UNKNOWN, problem=str(error))
        if self.process.problem is not None:
            self.problems.append(f"the engine's process was not ended: {self.process.problem}")


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
    work.latch(None if places.halt_file is None else places.halt_file.path)
    halted = TradingStateChanged(time=now, state=TradingState.HALTED, reason=reason, operator=operator)
    said = _end_and_write(work, places.journal, halted)
    why = broken.message if isinstance(broken, V6Error) else f"{type(broken).__name__}: {broken}"
    return KillReport(
        reason=reason,
        operator=operator,
        account_wide=account_wide,
        halt_file=work.halt_file,
        journal=None if places.journal is None else places.journal.path,
        in_journal=said,
        process=work.process,
        flat=False if flatten else None,
        problems=(f"no order was cancelled, since the configuration cannot be used: {why}", *work.problems),
        notes=(*_where(places), *work.notes),
    )


def _end_and_write(work: Hold, journal: Place | None, halted: TradingStateChanged) -> bool:
    """End the engine and tell whether the journal keeps that trading is halted, which holds for all brokers."""
    if journal is None:
        work.process = EngineProcess(ending=Ending.UNKNOWN, problem="nobody knows which journal is meant")
        work.problems.append(
            "the engine's process was not ended: [journal] path holds {broker}, and which one that is cannot be told;"
            " give --broker NAME"
        )
        return False
    work.end_engine(journal.path)
    with closing(Notebook(journal.path, _NO_BROKER)) as notebook:
        said = notebook.write(halted)
    work.problems += notebook.problems
    return said


def _where(places: Places) -> list[str]:
    """Say where each path was read, since a broken configuration may have meant another one."""
    named = {"halt file": places.halt_file, "journal": places.journal}
    return [f"the {what} is {place}" for what, place in named.items() if place is not None]
