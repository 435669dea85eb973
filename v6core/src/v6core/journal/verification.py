"""A whole journal, checked: every row, every link of the chain, every page of the file, and how far it had come."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from v6core.errors import JournalCorrupt
from v6core.journal.chain import Damage, DamagedRow
from v6core.journal.entries import Row
from v6core.journal.sqlite import SqliteReader, open_for_reading
from v6core.journal.store import JournalReader


@dataclass(frozen=True, slots=True)
class Verification:
    """What a check found: ``rows`` hold together from the first on; ``first_bad`` is the row after them, if any."""

    rows: int
    first_bad: int | None = None
    damage: Damage | None = None
    problem: str | None = None

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return self.damage is None


def verify(journal: str | Path | JournalReader) -> Verification:
    """Check a journal from its first row to its last and, on disk, the file that holds it.

    Damage is an answer, not an exception; JournalError where there is no journal or it cannot be reached.
    """
    if not isinstance(journal, str | Path):
        return _verify_open(journal)
    try:
        with open_for_reading(journal) as reader:
            return _verify_open(reader)
    except JournalCorrupt as corrupt:
        return Verification(0, None, Damage.FILE, corrupt.message)


def _verify_open(journal: JournalReader) -> Verification:
    rows = 0
    problems: list[str] = []
    head = journal.head() if isinstance(journal, SqliteReader) else None
    try:
        for row in journal.rows():
            _check_payload(row)
            rows = row.seq
        if isinstance(journal, SqliteReader):
            journal.check_head(head)
            problems = journal.file_damage()
    except DamagedRow as damaged:
        return Verification(rows, damaged.seq, damaged.damage, damaged.message)
    except JournalCorrupt as corrupt:
        return Verification(rows, rows + 1, Damage.FILE, corrupt.message)
    if problems:
        return Verification(rows, None, Damage.FILE, "; ".join(problems))
    return Verification(rows)


def _check_payload(row: Row) -> None:
    try:
        json.loads(row.payload)
    except ValueError as error:
        raise DamagedRow(row.seq, Damage.UNREADABLE, f"its payload is not JSON ({error})") from error
