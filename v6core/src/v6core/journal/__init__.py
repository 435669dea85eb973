"""The durable record: an append-only, hash-chained sequence of entries that knows nothing of orders.

* ``entries``       what is appended and what is read back; canonical JSON
* ``chain``         the hash chain: its formula, and a row checked against its predecessor
* ``store``         what every journal promises
* ``memory``        a journal that ends with its process
* ``sqlite``        the journal on disk: one writer, readers at any time
* ``connection``    how SQLite is reached, and how its failures are told
* ``head``          the witness against rows that are lost without a trace
* ``schema``        tables, triggers, versions and migrations
* ``lock``          one engine per journal
* ``files``         who may touch the journal's folder and files
* ``verification``  every row, link and page of a journal, checked
"""

from __future__ import annotations

from v6core.journal.chain import Damage, DamagedRow
from v6core.journal.entries import Entry, Row, canonical_json
from v6core.journal.files import journal_exists
from v6core.journal.lock import lock_holder
from v6core.journal.memory import MemoryJournal
from v6core.journal.sqlite import SqliteJournal, SqliteReader, open_for_reading
from v6core.journal.store import Journal, JournalReader
from v6core.journal.verification import Verification, verify

__all__ = [
    "Damage",
    "DamagedRow",
    "Entry",
    "Journal",
    "JournalReader",
    "MemoryJournal",
    "Row",
    "SqliteJournal",
    "SqliteReader",
    "Verification",
    "canonical_json",
    "journal_exists",
    "lock_holder",
    "open_for_reading",
    "verify",
]
