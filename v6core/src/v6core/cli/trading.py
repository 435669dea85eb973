"""Halting and resuming without a broker: in the journal where it is free, by the halt file where an engine holds it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from v6core.cli.failures import IN_DOUBT, CommandFailed, Failure
from v6core.cli.operator import operator
from v6core.cli.records import record_of
from v6core.config import Configuration, Place, Places
from v6core.engine.halt_file import set_halt_file
from v6core.engine.scribe import entry_of
from v6core.errors import JournalError, JournalLocked, V6Error
from v6core.events import TradingState, TradingStateChanged
from v6core.identifiers import RandomIds
from v6core.journal import SqliteJournal, journal_exists


@dataclass(frozen=True, slots=True)
class Told:
    """What was done, as a document and in lines."""

    document: dict[str, Any]
    lines: tuple[str, ...]


def halt(configuration: Configuration, reason: str) -> Told:
    """Halt; JournalError or OSError where neither the journal nor the halt file can be written."""
    _check_reason(reason)
    path, file = configuration.journal.path, configuration.halt_file
    try:
        _write(path, TradingState.HALTED, reason)
    except JournalLocked as locked:
        if file is None:
            raise _out_of_reach(locked) from None
        return _halted_by(file, reason, f"{locked.message} and obeys it at once")
    except JournalError as error:
        if file is None:
            raise
        return _halted_by(file, reason, f"the journal does not take it: {error.message}")
    return Told(
        {"state": "HALTED", "reason": reason, "by": "journal", "halt_file": None},
        (f"halted, kept in the journal {path}; v6 resume lets orders out again",),
    )


def _halted_by(file: Path, reason: str, why: str) -> Told:
    set_halt_file(file, reason)
    document = {"state": "HALTED", "reason": reason, "by": "halt_file", "halt_file": str(file)}
    return Told(document, (f"halted by the halt file {file}: {why}",))


def halt_without(places: Places, reason: str, broken: Exception) -> tuple[Told, Failure]:
    """Halt where the configuration cannot be used: by the halt file and in the journal, as far as both can be found.

    It returns what was done, and the failure to end with: whether an engine looks at just these places is not proved.
    """
    _check_reason(reason)
    by_file, not_by_file = _tried(places.halt_files, lambda path: set_halt_file(path, reason))
    by_journal, not_by_journal = _tried(places.journals, lambda path: _write_if_there(path, reason))
    why = broken.message if isinstance(broken, V6Error) else f"{type(broken).__name__}: {broken}"
    document = {
        "state": "HALTED" if by_file or by_journal else None,
        "reason": reason,
        "by": "halt_file" if by_file else "journal" if by_journal else None,
        "halt_file": str(by_file[0].path) if by_file else None,
        "halt_files": [str(place.path) for place in by_file],
    }
    lines = (
        *(f"halted by the halt file {place}" for place in by_file),
        *(f"NOT HALTED by the halt file: {why_not}" for why_not in not_by_file),
        *(f"halted in the journal {place}" for place in by_journal),
        *(f"not halted in the journal: {why_not}" for why_not in not_by_journal),
    )
    return Told(document, lines), Failure(
        error=f"it is not proved that trading is halted, since the configuration cannot be used: {why}",
        code="HALT_UNPROVED",
        status=IN_DOUBT,
        hint="mend the configuration and call v6 halt again",
    )


def _tried(places: Sequence[Place], write: Callable[[Path], None]) -> tuple[list[Place], list[str]]:
    """Return which places took it, and of the others why not."""
    if not places:
        return [], ["it is switched off, or cannot be found"]
    took: list[Place] = []
    failed: list[str] = []
    for place in places:
        try:
            write(place.path)
            took.append(place)
        except (V6Error, OSError, ValueError) as error:
            failed.append(f"{place}: {getattr(error, 'strerror', None) or error}")
    return took, failed


def _write_if_there(path: Path, reason: str) -> None:
    """Halt in a journal; none is begun where it may not belong."""
    if not journal_exists(path):
        raise JournalError("there is none")
    _write(path, TradingState.HALTED, reason)


def resume(configuration: Configuration, reason: str) -> Told:
    """Resume; CommandFailed where another engine was halted in its own journal, which only it can write."""
    _check_reason(reason)
    path, file = configuration.journal.path, configuration.halt_file
    try:
        _write(path, TradingState.ACTIVE, reason)
    except JournalLocked as locked:
        _remove(file)
        state = record_of(path).trading_state
        if state is not TradingState.ACTIVE:
            gone = "" if file is None else "the halt file is gone, but "
            raise CommandFailed(
                Failure(
                    error=f"{gone}trading is {state} in the journal, and {locked.message}",
                    code=locked.code,
                    hint="resume in that program, or stop it and call v6 resume again",
                )
            ) from None
    else:
        _remove(file)
    document = {"state": "ACTIVE", "reason": reason}
    return Told(document, ("orders go out again",))


def _remove(file: Path | None) -> None:
    if file is not None:
        file.unlink(missing_ok=True)


def _out_of_reach(locked: JournalLocked) -> CommandFailed:
    return CommandFailed(
        Failure(
            error=f"[risk] halt_file is off, and {locked.message}: it cannot be halted from here",
            code=locked.code,
            hint="halt in that program, or stop it",
        )
    )


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise click.UsageError("say why: the reason is kept in the journal")


def _write(path: Path, state: TradingState, reason: str) -> None:
    event = TradingStateChanged(time=datetime.now(UTC), state=state, reason=reason, operator=operator())
    with closing(SqliteJournal.open(path, ids=RandomIds())) as journal:
        journal.append([entry_of(event)])
