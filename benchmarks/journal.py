"""What a durable entry costs: one append beside a bare sqlite3 commit of the same row, grouped commits, replay.

``python benchmarks/journal.py [--thorough] [--folder FOLDER]``. The two kinds of commit alternate within one run, so
that a busy disk slows both alike; trust the ratio before the times. The folder decides which disk is measured.
"""

from __future__ import annotations

import argparse
import contextlib
import sqlite3
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

from v6core.identifiers import SeededIds
from v6core.journal import Entry, SqliteJournal, canonical_json

GROUP = 64
_IDS = SeededIds(1)
_PAYLOAD = canonical_json({"event": "ORDER_SUBMITTED", "order_ref": "v6-" + "a" * 35, "text": "x" * 250})


def main() -> None:
    parser = argparse.ArgumentParser(description="measure the journal")
    parser.add_argument("--thorough", action="store_true", help="ten times as many commits and rows")
    parser.add_argument("--folder", type=Path, help="where the journals are made; default: the temporary folder")
    arguments = parser.parse_args()
    scale = 10 if arguments.thorough else 1
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        commits(Path(folder), 600 * scale)
        groups(Path(folder), 4 * scale)
        replay(Path(folder), 20_000 * scale)


def commits(folder: Path, count: int) -> None:
    with SqliteJournal.open(folder / "commits.db", ids=_IDS) as journal, contextlib.closing(bare(folder)) as connection:
        ours: list[float] = []
        theirs: list[float] = []
        for seq in range(1, count + 1):
            entry = an_entry()
            row = (seq, entry.kind, entry.time.isoformat(), str(entry.order_id), entry.payload, "c" * 64)
            works: list[tuple[list[float], Callable[[], object]]] = [
                (ours, partial(journal.append, [entry])),
                (theirs, partial(commit, connection, row)),
            ]
            for times, work in works if seq % 2 else reversed(works):
                times.append(seconds(work))
    show("append of one entry", ours)
    show("bare sqlite3 commit", theirs)
    print(f"{'ratio of the medians':28} {median(ours) / median(theirs):8.2f}")


def groups(folder: Path, rounds: int) -> None:
    grouped = single = 0.0
    with SqliteJournal.open(folder / "groups.db", ids=_IDS) as journal:
        for _ in range(rounds):
            entries = [an_entry() for _ in range(GROUP)]
            grouped += seconds(partial(journal.append, entries))
            single += sum(seconds(partial(journal.append, [one])) for one in entries)
    print(f"{f'{GROUP} entries in one commit':28} {grouped / rounds * 1e3:8.2f} ms   one at a time", end=" ")
    print(f"{single / rounds * 1e3:.2f} ms   {single / grouped:.0f} times")


def replay(folder: Path, count: int) -> None:
    with SqliteJournal.open(folder / "replay.db", ids=_IDS) as journal:
        for _ in range(0, count, 1000):
            journal.append([an_entry() for _ in range(1000)])
    opening = seconds(lambda: SqliteJournal.open(folder / "replay.db", ids=_IDS).close())
    with SqliteJournal.open(folder / "replay.db", ids=_IDS) as journal:
        reading = seconds(lambda: sum(1 for _ in journal.rows()))
    print(f"{'replay, chain checked':28} {count / reading:8,.0f} rows a second; opening {opening * 1e3:.0f} ms")


def an_entry() -> Entry:
    return Entry("ORDER_EVENT", datetime.now(UTC), _PAYLOAD, _IDS.order_id())


def bare(folder: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE rows (seq INTEGER PRIMARY KEY, kind, time, order_id, payload, chain)")
    return connection


def commit(connection: sqlite3.Connection, row: tuple[object, ...]) -> None:
    connection.execute("BEGIN")
    connection.execute("INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?)", row)
    connection.execute("COMMIT")


def seconds(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


def show(what: str, times: list[float]) -> None:
    print(f"{what:28} {median(times) * 1e3:8.3f} ms p50 {quantiles(times, n=100)[98] * 1e3:8.3f} ms p99")


if __name__ == "__main__":
    main()
