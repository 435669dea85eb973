"""What a durable entry costs: one append, and one intent, beside a bare sqlite3 commit; grouped commits, reading.

``python benchmarks/journal.py [--thorough] [--folder FOLDER]``. What is compared alternates within one run, so that a
busy disk slows both alike; trust the ratio before the times. The folder decides which disk is measured. An append is of
a row that is text already; an intent goes through the engine's scribe: made text, hashed, committed, applied, and who
waits for it woken. ``order_path.py`` measures the whole engine.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sqlite3
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

from v6core.contracts import Stock
from v6core.engine.record import Record
from v6core.engine.scribe import Scribe, entry_of
from v6core.events import OrderIntended
from v6core.identifiers import SeededIds, make_order_ref
from v6core.journal import Entry, SqliteJournal, canonical_json
from v6core.orders import Order

GROUP = 64
Pair = tuple[float, float]
"""Seconds of one round: all together, and one after the other."""
_IDS = SeededIds(1)
_STOCK, _ENGINE = Stock("GOOG"), _IDS.engine_id()
_PAYLOAD = canonical_json({"event": "ORDER_SUBMITTED", "order_ref": "v6-" + "a" * 35, "text": "x" * 250})


def main() -> None:
    parser = argparse.ArgumentParser(description="measure the journal")
    parser.add_argument("--thorough", action="store_true", help="ten times as many commits and rows")
    parser.add_argument("--folder", type=Path, help="where the journals are made; default: the temporary folder")
    arguments = parser.parse_args()
    scale = 10 if arguments.thorough else 1
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        commits(Path(folder), 600 * scale)
        intent_commits(Path(folder), 600 * scale)
        groups(Path(folder), 12 * scale)
        writers(Path(folder), 12 * scale)
        replay(Path(folder), 20_000 * scale)


def commits(folder: Path, count: int) -> None:
    with (
        SqliteJournal.open(folder / "commits.db", ids=_IDS) as journal,
        contextlib.closing(bare(folder / "bare.db")) as connection,
    ):
        ours: list[float] = []
        theirs: list[float] = []
        for seq in range(1, count + 1):
            entry = an_entry()
            works: list[tuple[list[float], Callable[[], object]]] = [
                (ours, partial(journal.append, [entry])),
                (theirs, partial(commit, connection, a_row(seq, entry))),
            ]
            for times, work in works if seq % 2 else reversed(works):
                times.append(seconds(work))
    show_beside("append of one entry", ours, theirs)


def intent_commits(folder: Path, count: int) -> None:
    """Commit the intents of orders one at a time, as the engine does, beside bare commits of the same rows."""
    show_beside("commit of one intent", *asyncio.run(intents_committed(folder, count)))


async def intents_committed(folder: Path, count: int) -> tuple[list[float], list[float]]:
    """Return the seconds of each intent through the scribe, and of each bare commit."""
    ours: list[float] = []
    theirs: list[float] = []
    with (
        SqliteJournal.open(folder / "intents.db", ids=_IDS) as journal,
        contextlib.closing(bare(folder / "bare-intents.db")) as connection,
    ):
        scribe = Scribe(journal, Record(journal.engine_id), ())
        for seq in range(1, count + 1):
            intent = an_intent()
            work = partial(commit, connection, a_row(seq, entry_of(intent)))
            if seq % 2:
                theirs.append(seconds(work))
            start = perf_counter()
            await scribe.write(intent)
            ours.append(perf_counter() - start)
            if not seq % 2:
                theirs.append(seconds(work))
    return ours, theirs


def groups(folder: Path, rounds: int) -> None:
    """Append entries together and one at a time, in turn; the bare commits of as many rows say what can be reached."""
    ours: list[Pair] = []
    bare_pairs: list[Pair] = []
    with (
        SqliteJournal.open(folder / "groups.db", ids=_IDS) as journal,
        contextlib.closing(bare(folder / "bare-groups.db")) as connection,
    ):
        seq = 0
        for _ in range(rounds):
            entries = [an_entry() for _ in range(GROUP)]
            grouped = seconds(partial(journal.append, entries))
            ours.append((grouped, sum(seconds(partial(journal.append, [one])) for one in entries)))
            rows = [a_row(seq + number, entry) for number, entry in enumerate(entries + entries, 1)]
            seq += len(rows)
            grouped = seconds(partial(commit, connection, *rows[:GROUP]))
            bare_pairs.append((grouped, sum(seconds(partial(commit, connection, one)) for one in rows[GROUP:])))
    show_groups(f"{GROUP} entries in one commit", ours)
    show_groups(f"{GROUP} rows, bare sqlite3", bare_pairs)


def writers(folder: Path, rounds: int) -> None:
    """Write intents as the engine does, by tasks that come together and by one task, in turn."""
    pairs = asyncio.run(written(folder, rounds))
    show_groups(f"{GROUP} tasks at the scribe", pairs)


async def written(folder: Path, rounds: int) -> list[Pair]:
    """Return the seconds of each round: all at once, and one after the other."""
    found: list[Pair] = []
    with SqliteJournal.open(folder / "writers.db", ids=_IDS) as journal:
        scribe = Scribe(journal, Record(journal.engine_id), ())
        for _ in range(rounds):
            together, alone = intents(), intents()
            start = perf_counter()
            await asyncio.gather(*map(scribe.write, together))
            between = perf_counter()
            for intent in alone:
                await scribe.write(intent)
            found.append((between - start, perf_counter() - between))
    return found


def intents() -> list[OrderIntended]:
    """Return the intents of new orders."""
    return [an_intent() for _ in range(GROUP)]


def an_intent() -> OrderIntended:
    now, order_id = datetime.now(UTC), _IDS.order_id()
    order = Order.limit("BUY", 10, 100, order_id=order_id, contract=_STOCK, order_ref=make_order_ref(_ENGINE, order_id))
    return OrderIntended(time=now, order_id=order_id, order=order.replace(created_at=now))


def replay(folder: Path, count: int) -> None:
    with SqliteJournal.open(folder / "replay.db", ids=_IDS) as journal:
        for _ in range(0, count, 1000):
            journal.append([an_entry() for _ in range(1000)])
    opening = seconds(lambda: SqliteJournal.open(folder / "replay.db", ids=_IDS).close())
    with SqliteJournal.open(folder / "replay.db", ids=_IDS) as journal:
        reading = seconds(lambda: sum(1 for _ in journal.rows()))
    print(f"{'rows read, chain checked':28} {count / reading:8,.0f} rows a second; opening {opening * 1e3:.0f} ms")


def an_entry() -> Entry:
    return Entry("ORDER_EVENT", datetime.now(UTC), _PAYLOAD, _IDS.order_id())


def a_row(seq: int, entry: Entry) -> tuple[object, ...]:
    return (seq, entry.kind, entry.time.isoformat(), str(entry.order_id), entry.payload, "c" * 64)


def bare(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE rows (seq INTEGER PRIMARY KEY, kind, time, order_id, payload, chain)")
    return connection


def commit(connection: sqlite3.Connection, *rows: tuple[object, ...]) -> None:
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?)", rows)
    connection.execute("COMMIT")


def seconds(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


def show(what: str, times: list[float]) -> None:
    print(f"{what:28} {median(times) * 1e3:8.3f} ms p50 {quantiles(times, n=100)[98] * 1e3:8.3f} ms p99")


def show_beside(what: str, ours: list[float], theirs: list[float]) -> None:
    show(what, ours)
    show("bare sqlite3, the same row", theirs)
    print(f"{'ratio of the medians':28} {median(ours) / median(theirs):8.2f}")


def show_groups(what: str, rounds: list[Pair]) -> None:
    together, alone = (median(times) for times in zip(*rounds, strict=True))
    ratio = median(one / all_ for all_, one in rounds)
    print(f"{what:28} {together * 1e3:8.2f} ms   one at a time {alone * 1e3:.2f} ms   {ratio:.0f} times")


if __name__ == "__main__":
    main()
