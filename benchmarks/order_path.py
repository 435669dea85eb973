"""What one order costs from ``place_order`` to its fill, with the paper broker that fills at once.

Rows: the journal in memory or on disk, orders one at a time or 64 in flight. Beside them, in the same run: a bare
``sqlite3`` commit of the same rows, which is what durability costs by itself. CPU is of this process alone; the wall
clock is this machine's at this moment, so trust the ratios. What 64 in flight gain is all that the engine does, its
commits among them; ``journal.py`` has the commits alone.

    uv run python benchmarks/order_path.py [--orders 2000] [--profile]
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import pstats
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from v6core import Order, OrderExecutionEngine, OrderStatus, Stock
from v6core.identifiers import RandomIds
from v6core.journal import Journal, MemoryJournal, SqliteJournal
from v6core.plugins import load_broker
from v6core.risk import RiskLimits

ROUNDS = 3
IN_FLIGHT = 64


@dataclass(frozen=True)
class Figure:
    """One measurement."""

    name: str
    cpu_us: float
    per_second: float


def engine_on(folder: Path, open_journal: Callable[[], Journal]) -> OrderExecutionEngine:
    """Return an engine with the paper broker that fills at once, its limits off."""
    spec = load_broker("paper")
    off = dict.fromkeys(("max_order_quantity", "max_order_value", "max_open_orders"), 0)
    return OrderExecutionEngine.from_spec(
        spec,
        spec.settings.model_validate({"state": "off", "cash": 10**9}),
        open_journal=open_journal,
        limits=RiskLimits.model_validate(off),
        folder=folder,
    )


async def one_at_a_time(engine: OrderExecutionEngine, count: int) -> None:
    """Place orders, each after the one before has filled."""
    for number in range(count):
        await place(engine, number)


async def in_flight(engine: OrderExecutionEngine, count: int) -> None:
    """Place orders, 64 at the same time."""
    numbers = iter(range(count))

    async def worker() -> None:
        for number in numbers:
            await place(engine, number)

    await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))


async def place(engine: OrderExecutionEngine, number: int) -> None:
    """Buy and sell in turn, so that the position stays small."""
    order = await engine.place_order(Stock("GOOG"), Order.limit("BUY" if number % 2 == 0 else "SELL", 10, 100))
    if order.status is not OrderStatus.FILLED:
        raise RuntimeError(f"expected a fill, got {order.status}: {order.reason}")


Work = Callable[[OrderExecutionEngine, int], Awaitable[None]]


async def measure(name: str, durable: bool, work: Work, count: int) -> Figure:
    """Return the cost of one order in one way of placing."""
    with tempfile.TemporaryDirectory() as where:
        folder = Path(where)
        disk = lambda: SqliteJournal.open(folder / "journal.db", ids=RandomIds())  # noqa: E731 -- a thunk
        async with engine_on(folder, disk if durable else MemoryJournal) as engine:
            await work(engine, 50)
            cpu, wall = time.process_time(), time.perf_counter()
            await work(engine, count)
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return Figure(name, cpu / count * 1e6, count / wall)


def bare_commits(count: int) -> Figure:
    """Return the cost of two bare commits, one for the intent and one for what the broker said, as an order makes."""
    with tempfile.TemporaryDirectory() as where:
        connection = sqlite3.connect(Path(where) / "bare.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE rows (seq INTEGER PRIMARY KEY, payload TEXT)")
        cpu, wall = time.process_time(), time.perf_counter()
        for _ in range(count):
            for rows in (1, 3):
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany("INSERT INTO rows (payload) VALUES (?)", [("x" * 700,)] * rows)
                connection.execute("COMMIT")
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        connection.close()
    return Figure("bare sqlite3, two commits an order", cpu / count * 1e6, count / wall)


def run(count: int) -> None:
    """Measure all ways in turn, several rounds, and print the medians."""
    ways: tuple[tuple[str, bool, Work], ...] = (
        ("journal in memory, one at a time", False, one_at_a_time),
        ("journal in memory, 64 in flight", False, in_flight),
        ("journal on disk, one at a time", True, one_at_a_time),
        ("journal on disk, 64 in flight", True, in_flight),
    )
    figures: dict[str, list[Figure]] = {}
    for _ in range(ROUNDS):
        for name, durable, work in ways:
            figures.setdefault(name, []).append(asyncio.run(measure(name, durable, work, count)))
        bare = bare_commits(min(count, 300))
        figures.setdefault(bare.name, []).append(bare)
    print(f"{'place to fill, paper broker':<38}{'CPU µs an order':>16}{'orders a second':>17}")
    for name, found in figures.items():
        cpu = statistics.median(figure.cpu_us for figure in found)
        rate = statistics.median(figure.per_second for figure in found)
        print(f"{name:<38}{cpu:>16.0f}{rate:>17.0f}")
    alone, together = (figures[f"journal on disk, {how}"] for how in ("one at a time", "64 in flight"))
    gains = (many.per_second / one.per_second for one, many in zip(alone, together, strict=True))
    print(f"on disk, 64 in flight: {statistics.median(gains):.1f} times the rate of one at a time")


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=1000)
    parser.add_argument("--profile", action="store_true", help="print where the CPU goes, one at a time in memory")
    options = parser.parse_args()
    if not options.profile:
        run(options.orders)
        return
    with cProfile.Profile() as profile:
        asyncio.run(measure("", durable=False, work=one_at_a_time, count=options.orders))
    pstats.Stats(profile).sort_stats("tottime").print_stats(25)


if __name__ == "__main__":
    main()
