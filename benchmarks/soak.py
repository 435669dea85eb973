"""A simulated month of an engine: what its memory does, day by day, with a lost link every night.

``python benchmarks/soak.py [--days 22] [--orders 256] [--thorough]``. Time is simulated. Each day orders are placed,
filled and charged, one in eight is cancelled instead, and all have ended at night; then the link is lost for hours, and
the broker forgets them, as brokers do. What must stay are the journal's orders, of which the engine forgets none: so
what a day adds is compared with what its orders take in a record that has just been replayed from the same journal, and
the engine's own bookkeeping is looked through for whatever grows beside them.

Memory is what Python has allocated (tracemalloc, which makes all of it slower), and the process's own.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import resource
import sys
import tempfile
import tracemalloc
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from v6core import Order, OrderExecutionEngine, OrderStatus, Stock
from v6core.clock import SimulatedClock, SimulatedLoop, run_simulated
from v6core.engine.record import Record
from v6core.events import event_from_row
from v6core.identifiers import SeededIds
from v6core.journal import SqliteJournal
from v6core.risk import RiskLimits
from v6core.testing import ScriptedBroker, ScriptedSettings

START = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
SYMBOLS = ("AAPL", "AMZN", "GOOG", "META", "MSFT", "NVDA", "SPY", "TSLA")
AT_ONCE = 64
HOUR = 3600.0
UNLIMITED = dict.fromkeys(("max_order_quantity", "max_order_value", "max_open_orders"), 0)


@dataclass(frozen=True)
class Day:
    """What the memory was at the end of a day: bytes that Python has allocated, and the process's own."""

    number: int
    orders: int
    allocated: int
    resident: int
    seconds: float


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=22)
    parser.add_argument("--orders", type=int, default=256, help="a day, in steps of 64")
    parser.add_argument("--thorough", action="store_true", help="2,048 orders a day")
    parser.add_argument("--blame", action="store_true", help="print which lines allocated what the second half added")
    options = parser.parse_args()
    a_day: int = 2048 if options.thorough else options.orders
    with tempfile.TemporaryDirectory() as where:
        path = Path(where) / "journal.db"
        days, replayed = run_simulated(month(path, options.days, a_day, blame=options.blame))
    tell(days, replayed)


async def month(path: Path, days: int, a_day: int, *, blame: bool) -> tuple[list[Day], int]:
    """Run the days, and return their memory and what the same orders take after a replay."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimulatedLoop)
    broker = ScriptedBroker()
    engine = OrderExecutionEngine.from_spec(
        broker.spec,
        ScriptedSettings(),
        open_journal=lambda: SqliteJournal.open(path, ids=SeededIds(1)),
        clock=SimulatedClock(START, loop),
        limits=RiskLimits.model_validate(UNLIMITED),
    )
    found: list[Day] = []
    tracemalloc.start()
    async with engine:
        print(f"{'day':>4}{'orders':>9}{'allocated':>13}{'an order':>11}{'process':>10}{'took':>9}")
        half: tracemalloc.Snapshot | None = None
        for number in range(1, days + 1):
            found.append(await a_working_day(engine, broker, number, a_day))
            show(found)
            if blame and number == days // 2:
                half = tracemalloc.take_snapshot()
        if half is not None:
            show_growth(half, a_day * (days - days // 2))
        replayed = replay_size(engine)
    return found, replayed


async def a_working_day(engine: OrderExecutionEngine, broker: ScriptedBroker, number: int, orders: int) -> Day:
    """Place a day's orders, lose the link at night, and measure."""
    start = perf_counter()
    for first in range(0, orders, AT_ONCE):
        await asyncio.gather(*(one_order(engine, broker, first + at) for at in range(AT_ONCE)))
        await asyncio.sleep(6.5 * HOUR * AT_ONCE / orders)
    broker.drop_link()
    await asyncio.sleep(8 * HOUR)
    forget(broker)
    broker.restore_link()
    await engine.ready()
    await asyncio.sleep(9.5 * HOUR)
    seconds = perf_counter() - start
    gc.collect()
    return Day(number, number * orders, tracemalloc.get_traced_memory()[0], resident(), seconds)


async def one_order(engine: OrderExecutionEngine, broker: ScriptedBroker, number: int) -> None:
    """Buy and sell in turn, and see the order through to its end."""
    symbol, action = SYMBOLS[number // 2 % len(SYMBOLS)], "BUY" if number % 2 == 0 else "SELL"
    order = await engine.place_order(Stock(symbol), Order.limit(action, 10, 100))
    if number // 2 % 8 == 7:
        await engine.cancel_order(order.order_id)
        return
    fill_and_charge(broker, order)
    filled = await engine.wait_for(order.order_id, OrderStatus.FILLED, timeout=60)
    if filled.status is not OrderStatus.FILLED:
        raise RuntimeError(f"expected a fill, got {filled.status}: {filled.reason}")


def fill_and_charge(broker: ScriptedBroker, order: Order) -> None:
    """Fill an order, and say what it cost."""
    assert order.order_ref is not None
    known = len(broker.book.executions)
    broker.fill(order.order_ref)
    for execution_id in tuple(broker.book.executions)[known:]:
        broker.charge(execution_id, "1.05")


def forget(broker: ScriptedBroker) -> None:
    """Let the broker forget what has ended, and what it remembers for tests alone."""
    for kept in (broker.book.orders, broker.book.executions, broker.calls, broker.arrivals, broker.said):
        kept.clear()


def replay_size(engine: OrderExecutionEngine) -> int:
    """Return what a record takes that was replayed from the engine's journal."""
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    record = Record(engine.journal.engine_id)
    record.replay(event_from_row(row.payload) for row in engine.journal.rows())
    gc.collect()
    return tracemalloc.get_traced_memory()[0] - before


def resident() -> int:
    """Return the most that the process has taken of the machine's memory."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def show(days: list[Day]) -> None:
    """Print the last of the days."""
    day = days[-1]
    each = (day.allocated - days[0].allocated) / (day.orders - days[0].orders) if len(days) > 1 else 0
    grown = f"{each:,.0f} B" if each else ""
    print(
        f"{day.number:>4}{day.orders:>9,}{day.allocated / 1e6:>10.2f} MB{grown:>11}{day.resident / 1e6:>7.0f} MB"
        f"{day.seconds:>7.1f} s"
    )


def show_growth(before: tracemalloc.Snapshot, orders: int) -> None:
    """Print the lines that allocated what was added since, by bytes an order."""
    for row in tracemalloc.take_snapshot().compare_to(before, "lineno")[:25]:
        frame = row.traceback[0]
        print(f"{row.size_diff / orders:>9.0f} B {row.count_diff / orders:>7.2f}  {frame.filename}:{frame.lineno}")


def tell(days: list[Day], replayed: int) -> None:
    """Print what an order takes, early, late and after a replay."""
    middle = len(days) // 2
    early = growth(days[: middle + 1])
    late = growth(days[middle:])
    print(f"\nan order takes {early:,.0f} B in the first half, {late:,.0f} B in the second: {late / early:.2f} times")
    print(f"after a replay of the same journal {replayed / days[-1].orders:,.0f} B")


def growth(days: list[Day]) -> float:
    """Return the bytes that each order added."""
    return (days[-1].allocated - days[0].allocated) / (days[-1].orders - days[0].orders)


if __name__ == "__main__":
    main()
