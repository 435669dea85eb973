"""Journals cut short at a random length, or with one bit flipped, and what comes of opening them."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from pathlib import Path
from random import Random

from faults.vfs_faults import entries
from v6core.errors import JournalError
from v6core.identifiers import SeededIds
from v6core.journal import Damage, DamagedRow, Row, SqliteJournal, verify

# The files that outlive an engine, and how often each is damaged beside the others.
_DURABLE = {"journal.db": 4, "journal.db-wal": 5, "journal.db.head": 1}


class Found(StrEnum):
    """What comes of opening a damaged journal."""

    WHOLE = "every row is there: the damage touched none"
    REFUSED = "refused: damaged"
    PROVED = "refused: rows are gone, and the head proves it"
    UNDETECTED = "UNDETECTED: rows are gone or changed, and nobody says so"
    SPOILED = "SPOILED: refused, and the files are no longer what they were"


BAD = frozenset({Found.UNDETECTED, Found.SPOILED})


@dataclass(frozen=True, slots=True)
class Specimen:
    """A journal as it was left: the content of its files, and the rows that were acknowledged."""

    name: str
    files: Mapping[str, bytes]
    rows: Sequence[Row]

    def lay_out(self, folder: Path) -> Path:
        """Write the files into a folder that holds nothing else, and return the journal's path."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        for name, content in self.files.items():
            path = folder / name
            path.write_bytes(content)
            path.chmod(0o600)
        return folder / "journal.db"

    def changed(self, name: str, content: bytes) -> Specimen:
        """Return the journal with another content of one of its files."""
        return Specimen(self.name, {**self.files, name: content}, self.rows)


def specimens(folder: Path) -> tuple[Specimen, ...]:
    """Return a journal that was closed, one whose engine died, and one whose engine died after an earlier close."""
    return (
        _specimen("closed", folder / "closed", kept=60, then=0, dies=False),
        _specimen("died", folder / "died", kept=0, then=40, dies=True),
        _specimen("closed, then died", folder / "both", kept=40, then=30, dies=True),
    )


def _specimen(name: str, folder: Path, *, kept: int, then: int, dies: bool) -> Specimen:
    rows: list[Row] = []
    path = folder / "journal.db"
    with SqliteJournal.open(path, ids=SeededIds(1)) as journal:
        rows += [row for entry in entries(kept) for row in journal.append([entry])]
    with SqliteJournal.open(path, ids=SeededIds(1)) as journal:
        rows += [row for entry in entries(then) for row in journal.append([entry])]
        files = _contents(folder)
    return Specimen(name, files if dies else _contents(folder), tuple(rows))


def jumbled(folder: Path) -> Iterator[Specimen]:
    """Yield a journal whose file is of one moment, its log of another, and its head of the last."""
    path, rows, moments = folder / "journal.db", list[Row](), list[Mapping[str, bytes]]()
    for batches in ((1, 20, 1), (3,), (1, 1, 50), (40, 1)):
        with SqliteJournal.open(path, ids=SeededIds(1)) as journal:
            for size in batches:
                rows += journal.append(entries(size))
                moments.append(_contents(folder))
        moments.append(_contents(folder))
    last = moments[-1]
    for file, log in product(moments, moments):
        files = {"journal.db": file["journal.db"], "journal.db.head": last["journal.db.head"]}
        if "journal.db-wal" in log:
            files["journal.db-wal"] = log["journal.db-wal"]
        yield Specimen("jumbled", files, tuple(rows))


def _contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in _DURABLE if (folder / name).exists()}


def cut(content: bytes, dice: Random) -> bytes:
    """Return the content without its end."""
    return content[: dice.randrange(len(content))]


def flipped(content: bytes, dice: Random) -> bytes:
    """Return the content with one bit flipped."""
    changed = bytearray(content)
    changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
    return bytes(changed)


def look_at(specimen: Specimen, folder: Path) -> Found:
    """Open a journal as an engine does, read it all, and compare it with what was acknowledged."""
    path = specimen.lay_out(folder)
    try:
        with SqliteJournal.open(path, ids=SeededIds(2)) as journal:
            try:
                whole = tuple(journal.rows()) == specimen.rows and verify(journal).ok
            except JournalError:
                return Found.REFUSED
            return Found.WHOLE if whole else Found.UNDETECTED
    except JournalError as error:
        if any((folder / name).read_bytes() != content for name, content in specimen.files.items()):
            return Found.SPOILED
        return Found.PROVED if isinstance(error, DamagedRow) and error.damage is Damage.LOST else Found.REFUSED


def damaged(
    folder: Path, number: int, damage: Callable[[bytes, Random], bytes], seed: int
) -> Iterator[tuple[str, Specimen]]:
    """Yield journals with one of their files damaged, and what was damaged in them."""
    dice = Random(seed)
    kinds = specimens(folder)
    for _ in range(number):
        specimen = dice.choice(kinds)
        (name,) = dice.choices(list(specimen.files), [_DURABLE[name] for name in specimen.files])
        yield name, specimen.changed(name, damage(specimen.files[name], dice))


def count(folder: Path, number: int, damage: Callable[[bytes, Random], bytes], seed: int) -> Counter[tuple[str, Found]]:
    """Return how often damage to each of the files came to what."""
    trial = folder / "trial"
    return Counter((name, look_at(specimen, trial)) for name, specimen in damaged(folder, number, damage, seed))
