"""Halting and resuming without a broker: in the journal where it is free, by the halt file where an engine holds it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from v6core.cli.failures import CommandFailed, Failure
from v6core.cli.operator import operator
from v6core.cli.records import record_of
from v6core.config import Configuration
from v6core.engine.halt_file import set_halt_file
from v6core.engine.scribe import entry_of
from v6core.errors import JournalLocked
from v6core.events import TradingState, TradingStateChanged
from v6core.identifiers import RandomIds
from v6core.journal import SqliteJournal


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
        set_halt_file(file, reason)
        document = {"state": "HALTED", "reason": reason, "by": "halt_file", "halt_file": str(file)}
        return Told(document, (f"halted by the halt file {file}: {locked.message} and obeys it at once",))
    return Told(
        {"state": "HALTED", "reason": reason, "by": "journal", "halt_file": None},
        (f"halted, kept in the journal {path}; v6 resume lets orders out again",),
    )


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
