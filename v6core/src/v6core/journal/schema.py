"""Tables, triggers, versions and migrations of the journal on disk.

Each released version keeps its migration to the next, for ever. A migration never touches what the chain seals.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime

from v6core.errors import JournalCorrupt, JournalError
from v6core.journal.chain import time_text
from v6core.journal.connection import Connection

VERSION = 1
Migration = Callable[[Connection], None]
MIGRATIONS: Mapping[int, Migration] = {}
"""From each released version to the one after it."""

_ROWS = """CREATE TABLE rows (
    seq INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    time TEXT NOT NULL,
    order_id TEXT,
    payload TEXT NOT NULL,
    chain TEXT NOT NULL
)"""
_NO_UPDATE = """CREATE TRIGGER rows_never_change BEFORE UPDATE ON rows
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"""
_NO_DELETE = """CREATE TRIGGER rows_never_go BEFORE DELETE ON rows
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"""
# It also stops INSERT OR REPLACE, which fires no trigger on the row that it removes.
_NO_GAP = """CREATE TRIGGER rows_leave_no_gap BEFORE INSERT ON rows
WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM rows)
BEGIN SELECT RAISE(ABORT, 'a row must follow the last one'); END"""
# There is no index by order: ids are random, so a grouped commit would write a page of it for each of its orders.
_STATEMENTS = (
    "CREATE TABLE meta (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    _ROWS,
    _NO_UPDATE,
    _NO_DELETE,
    _NO_GAP,
)


def create(connection: Connection, engine_id: str, created: datetime) -> None:
    """Make the tables of an empty journal, in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    for statement in _STATEMENTS:
        connection.execute(statement)
    meta = {"schema": str(VERSION), "engine_id": engine_id, "created": time_text(created)}
    connection.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
    connection.execute("COMMIT")


def read_meta(connection: Connection, key: str) -> str:
    """Return one fact about the journal; raises JournalCorrupt where it is missing or unreadable."""
    found = connection.execute("SELECT CAST(value AS BLOB) FROM meta WHERE key = ?", (key,)).fetchone()
    try:
        return str(bytes(found[0]), "ascii")
    except (TypeError, ValueError) as error:
        raise JournalCorrupt(f"the journal {place(connection)} does not tell its {key}") from error


def read_version(connection: Connection) -> int:
    """Return the schema version of the journal; raises JournalError for one that this v6 is too old for."""
    text = read_meta(connection, "schema")
    if not text.isdecimal():
        raise JournalCorrupt(f"the journal {place(connection)} has schema version {text!r}, not a number")
    if int(text) > VERSION:
        raise JournalError(
            f"the journal {place(connection)} has schema version {text}, this v6 knows versions up to {VERSION}",
            hint="upgrade v6core to the version that wrote the journal",
        )
    return int(text)


def migrate(connection: Connection, migrations: Mapping[int, Migration] = MIGRATIONS) -> None:
    """Bring the journal to this version, each step in a transaction of its own; a step that fails leaves no trace."""
    for version in range(read_version(connection), VERSION):
        if version not in migrations:
            raise JournalError(
                f"the journal {place(connection)} has schema version {version}, from which no migration leads on",
                hint="open it once with the v6core release that follows the one that wrote it",
            )
        connection.execute("BEGIN IMMEDIATE")
        try:
            migrations[version](connection)
            connection.execute("UPDATE meta SET value = ? WHERE key = 'schema'", (str(version + 1),))
            connection.execute("COMMIT")
        except BaseException:
            connection.rollback()
            raise


def place(connection: Connection) -> str:
    """Return the path of the journal that a connection has open."""
    return bytes(connection.execute("SELECT CAST(file AS BLOB) FROM pragma_database_list").fetchone()[0]).decode()


def missing_parts(connection: Connection) -> list[str]:
    """Name the tables, indexes and triggers that are not as this version makes them."""
    model = sqlite3.connect(":memory:", isolation_level=None)
    try:
        for statement in _STATEMENTS:
            model.execute(statement)
        found = _parts(connection)
        return sorted(name for name, sql in _parts(model).items() if found.get(name) != sql)
    finally:
        model.close()


def _parts(connection: Connection) -> dict[str, bytes]:
    query = "SELECT CAST(name AS BLOB), CAST(sql AS BLOB) FROM sqlite_master WHERE sql IS NOT NULL"
    return {bytes(name).decode("ascii", "replace"): bytes(sql) for name, sql in connection.execute(query)}
