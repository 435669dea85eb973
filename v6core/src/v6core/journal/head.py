"""The head: a witness beside the journal that tells how far it had come, and so proves that its last rows were lost.

SQLite drops committed rows without a word where its log was cut short or a bit of it flipped, and an older copy of the
file is a whole journal, too. So after each commit the number and the chain of the last row are written over the one
record of ``journal.db.head``, which is not synced: the rows are durable before the record is written, hence a head
that is ahead of its journal proves a loss, while one behind it, after a power cut, or an unreadable one proves nothing.

The record is ASCII: ``v6 journal head``, the number in 20 digits, the chain, and the first 16 hexadecimal digits of the
sha256 of all that stands before them.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from v6core.journal.chain import Damage, DamagedRow

_RECORD: Final = re.compile(rb"(v6 journal head (\d{20}) ([0-9a-f]{64}) )([0-9a-f]{16})\n")
_LENGTH: Final = 16 + 21 + 65 + 17
_FLAGS: Final = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True, slots=True)
class Head:
    """How far a journal had come: the number of its last row, 0 for none, and the chain up to there."""

    seq: int
    chain: str


def head_path(journal: Path) -> Path:
    """Return the head file of a journal."""
    return journal.with_name(journal.name + ".head")


def read_head(journal: Path) -> Head | None:
    """Return what the head tells; None where it is absent or unreadable, which proves nothing."""
    try:
        with head_path(journal).open("rb") as file:
            found = _RECORD.fullmatch(file.read(_LENGTH))
    except FileNotFoundError:
        return None
    if found is None or found[4] != _seal(found[1]):
        return None
    return Head(int(found[2]), found[3].decode("ascii"))


def lost_rows(journal: Path, head: Head, last: int) -> DamagedRow:
    """Return the error for a journal that ends at row ``last`` though its head is further on."""
    return DamagedRow(
        last + 1,
        Damage.LOST,
        f"it was durable and is gone: the journal {journal} ends at row {last}, its head tells of row {head.seq}",
        hint=_way_out(journal),
    )


def other_history(journal: Path, head: Head) -> DamagedRow:
    """Return the error for a journal whose row is not the one that its head tells of."""
    return DamagedRow(
        head.seq,
        Damage.LOST,
        f"it is not the row that the head of the journal {journal} tells of: one of the two is of another journal",
        hint=_way_out(journal),
    )


def _way_out(journal: Path) -> str:
    return (
        f"restore the newest copy of the journal; or remove {head_path(journal).name} to go on with the rows that are"
        " left, where the broker's orders are the only witness of the others"
    )


class HeadFile:
    """The head of the journal that is being written."""

    def __init__(self, journal: Path) -> None:
        self._fd = os.open(head_path(journal), _FLAGS, 0o600)

    def write(self, seq: int, chain: str) -> None:
        """Tell of a row that is durable; raises OSError."""
        text = b"v6 journal head %020d %s " % (seq, chain.encode("ascii"))
        os.lseek(self._fd, 0, os.SEEK_SET)
        os.write(self._fd, text + _seal(text) + b"\n")

    def close(self) -> None:
        """Let go of the file; a second call does nothing."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


def _seal(text: bytes) -> bytes:
    return sha256(text).hexdigest()[:16].encode("ascii")
