"""What a start costs: a journal read back and folded, and what it says compared with a broker's snapshot.

``python benchmarks/recovery.py [--orders 10000] [--thorough] [--profile]``. A journal of orders that were intended,
accepted, filled and charged is replayed in its steps, each on top of the one before it; a tenth of it beside the whole
says how the cost grows. Then as many open orders are reconciled with a broker that holds them all. Times are of this
process's CPU, for nothing here waits long for a disk; trust the ratios before the times.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import gc
import pstats
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import islice
from pathlib import Path
from time import process_time

from v6core import Order, OrderExecutionEngine, Stock
from v6core.cli.records import Told, told_of
from v6core.contracts import Contract, Option
from v6core.engine.record import Record
from v6core.events import (
    EngineEvent,
    EngineStarted,
    OrderEvent,
    OrderIntended,
    ReportReceived,
    event_from_json,
    event_from_row,
    event_to_json,
)
from v6core.fills import Commission, Fill
from v6core.identifiers import SeededIds, make_order_ref
from v6core.journal import Entry, SqliteJournal
from v6core.reconciliation import reconcile
from v6core.reports import CommissionReport, FillReport, OrderReport, OrderTerms, ReportedStatus, Snapshot
from v6core.risk import RiskLimits
from v6core.testing import ScriptedBroker, ScriptedSettings

START = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
SYMBOLS = ("AAPL", "AMZN", "GOOG", "META", "MSFT", "NVDA", "SPY", "TSLA")
STRIKES = (90, 100, 110)
CONTRACTS: tuple[Contract, ...] = (
    *map(Stock, SYMBOLS),
    *(Option(symbol, date(2026, 3, 20), strike, "CALL") for symbol in SYMBOLS for strike in STRIKES),
)
ROWS_AN_ORDER = 4


@dataclass(frozen=True)
class Written:
    """A journal on disk, and how many orders and rows it has."""

    path: Path
    orders: int

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return self.orders * ROWS_AN_ORDER + 1


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=10_000)
    parser.add_argument("--thorough", action="store_true", help="100,000 orders")
    parser.add_argument("--folder", type=Path, help="where the journals are made; default: the temporary folder")
    parser.add_argument("--profile", action="store_true", help="print where the CPU goes while a journal is replayed")
    options = parser.parse_args()
    count: int = 100_000 if options.thorough else options.orders
    with tempfile.TemporaryDirectory(dir=options.folder) as where:
        folder = Path(where)
        if options.profile:
            profile(written(folder / "journal.db", count))
            return
        replays(folder, count)
        reconciliations(folder, min(count, 10_000))


# A journal, read back.


def replays(folder: Path, count: int) -> None:
    """Replay a tenth and the whole, and print what each step costs."""
    few, many = written(folder / "few.db", count // 10), written(folder / "many.db", count)
    print(f"{'replay':<34}{few.orders:>10,} orders{many.orders:>12,} orders{'µs a row':>12}{'growth':>9}")
    steps: tuple[tuple[str, Callable[[Written], object]], ...] = (
        ("rows read, chain checked", read),
        ("rows read and made events", parse),
        ("the same, judged as live input is", judge),
        ("folded: what an engine starts with", replay),
        ("folded by v6 orders", reading_command),
    )
    for name, work in steps:
        rounds = 3 if count <= 20_000 else 1
        small, large = best(partial(work, few), rounds), best(partial(work, many), rounds)
        growth = large / small / (many.rows / few.rows)
        print(f"{name:<34}{small:>15.2f} s{large:>17.2f} s{large / many.rows * 1e6:>12.1f}{growth:>9.2f}")


def read(journal: Written) -> None:
    """Read all rows and check their chain."""
    with SqliteJournal.open(journal.path, ids=SeededIds(1)) as opened:
        for _ in opened.rows():
            pass


def parse(journal: Written) -> None:
    """Read all rows and make events of them."""
    with SqliteJournal.open(journal.path, ids=SeededIds(1)) as opened:
        for row in opened.rows():
            event_from_row(row.payload)


def judge(journal: Written) -> None:
    """Read all rows and validate each of them anew, which a replay leaves to the chain."""
    with SqliteJournal.open(journal.path, ids=SeededIds(1)) as opened:
        for row in opened.rows():
            event_from_json(row.payload)


def replay(journal: Written) -> Record:
    """Read all rows and fold them into what an engine knows."""
    with SqliteJournal.open(journal.path, ids=SeededIds(1)) as opened:
        record = Record(opened.engine_id, "paper")
        record.replay(event_from_row(row.payload) for row in opened.rows())
    if len(record.states) != journal.orders:
        raise RuntimeError(f"expected {journal.orders} orders, got {len(record.states)}")
    return record


def reading_command(journal: Written) -> Told:
    """Do what ``v6 orders`` does before it prints."""
    return told_of(journal.path)


def written(path: Path, count: int) -> Written:
    """Make a journal of so many orders."""
    with SqliteJournal.open(path, ids=SeededIds(1)) as journal:
        entries = entries_of(count, journal.engine_id)
        while batch := list(islice(entries, 2000)):
            journal.append(batch)
    return Written(path, count)


def entries_of(count: int, engine_id: str) -> Iterator[Entry]:
    """Yield what orders leave in a journal that were accepted, filled and charged, a second after each other."""
    ids = SeededIds(2)
    yield entry(EngineStarted(time=START, broker="paper", version="1"))
    for number in range(count):
        at = START + timedelta(seconds=number)
        yield from map(entry, events_of(an_order(number, ids, engine_id, at), number, at))


def an_order(number: int, ids: SeededIds, engine_id: str, at: datetime) -> Order:
    """Return a limit order as the gate binds it; bought and sold in turn, each contract after the other."""
    order_id = ids.order_id()
    action = "BUY" if number // len(CONTRACTS) % 2 == 0 else "SELL"
    price = Decimal(10_000 + number % 500) / 100
    return Order.limit(
        action,
        10,
        price,
        order_id=order_id,
        contract=CONTRACTS[number % len(CONTRACTS)],
        strategy_id=f"strategy-{number % 7}",
        order_ref=make_order_ref(engine_id, order_id),
        created_at=at,
    )


def events_of(order: Order, number: int, at: datetime) -> Iterator[OrderEvent]:
    """Yield an order's events: intended, accepted, filled, charged."""
    yield OrderIntended(time=at, order_id=order.order_id, order=order)
    yield reported(order, acceptance(order, number, at))
    execution = f"0000e0d5.{number:08x}.01.01"
    assert order.limit_price is not None
    assert order.contract is not None
    fill = Fill.model_validate(
        {
            "execution_id": execution,
            "contract": order.contract,
            "action": order.action,
            "quantity": order.quantity,
            "price": order.limit_price,
            "time": at,
        }
    )
    yield reported(order, FillReport(time=at, order_ref=order.order_ref, broker_order_id=f"b-{number}", fill=fill))
    charge = Commission(execution_id=execution, amount=Decimal("1.05"))
    yield reported(order, CommissionReport(time=at, commission=charge))


def acceptance(order: Order, number: int, at: datetime) -> OrderReport:
    """Return a broker's word that it has an order, its terms with it."""
    return OrderReport(
        time=at,
        order_ref=order.order_ref,
        broker_order_id=f"b-{number}",
        status=ReportedStatus.SUBMITTED,
        working=True,
        terms=OrderTerms.model_validate({name: getattr(order, name) for name in OrderTerms.model_fields}),
    )


def reported(order: Order, report: OrderReport | FillReport | CommissionReport) -> ReportReceived:
    """Return the event that a report of an order becomes."""
    return ReportReceived(time=report.time, order_id=order.order_id, report=report)


def entry(event: OrderEvent | EngineEvent) -> Entry:
    """Return a journal's entry of an event."""
    order_id = event.order_id if isinstance(event, OrderEvent) else None
    return Entry(event.event, event.time, event_to_json(event), order_id)


# Open orders, compared with what a broker holds.


def reconciliations(folder: Path, count: int) -> None:
    """Reconcile a tenth and the whole, purely and in an engine, and print what an order costs."""
    few, many = count // 10, count
    print(f"\n{'reconcile':<34}{few:>10,} orders{many:>12,} orders{'µs an order':>12}{'growth':>9}")
    small, large = (reconciled(folder / f"open-{n}.db", n) for n in (few, many))
    for name, ours, theirs in zip(
        ("pure, all as expected", "an engine, the link lost and back"), small, large, strict=True
    ):
        growth = theirs / ours / (many / few)
        print(f"{name:<34}{ours:>15.3f} s{theirs:>17.3f} s{theirs / many * 1e6:>12.1f}{growth:>9.2f}")


class Prepared(ScriptedBroker):
    """A scripted broker whose snapshot is made beforehand: what a broker takes to tell it is not measured."""

    prepared: Snapshot | None = None

    async def snapshot(self) -> Snapshot:
        """Return what was prepared."""
        return self.prepared if self.prepared is not None else await super().snapshot()


def reconciled(path: Path, count: int) -> tuple[float, float]:
    """Return the seconds of CPU of the pure function, and of an engine from a link that is back to readiness."""
    with SqliteJournal.open(path, ids=SeededIds(1)) as journal:
        orders = open_orders(journal, count)
        record = Record(journal.engine_id)
        record.replay(event_from_row(row.payload) for row in journal.rows())
    broker = Prepared()
    for order in orders:
        broker.book.add(order)
    snapshot = broker.prepared = asyncio.run(broker.snapshot())
    pure = best(lambda: reconcile(record.states.values(), snapshot, record.engine_id))
    return pure, asyncio.run(back_to_readiness(path, broker))


async def back_to_readiness(path: Path, broker: ScriptedBroker) -> float:
    """Return the seconds of CPU in which an engine has compared itself with its broker again."""
    engine = OrderExecutionEngine.from_spec(
        broker.spec,
        ScriptedSettings(),
        open_journal=lambda: SqliteJournal.open(path, ids=SeededIds(1)),
        limits=RiskLimits.model_validate({"max_open_orders": 0}),
    )
    async with engine:
        times: list[float] = []
        for _ in range(3):
            broker.drop_link()
            start = process_time()
            broker.restore_link()
            await engine.ready()
            times.append(process_time() - start)
    return min(times)


def open_orders(journal: SqliteJournal, count: int) -> list[Order]:
    """Write orders that were intended and accepted, and return them."""
    ids = SeededIds(3)
    orders = [an_order(number, ids, journal.engine_id, START) for number in range(count)]
    entries: list[Entry] = [entry(EngineStarted(time=START, broker="scripted", version="1"))]
    for number, order in enumerate(orders, 1):
        entries.append(entry(OrderIntended(time=START, order_id=order.order_id, order=order)))
        entries.append(entry(reported(order, acceptance(order, number, START))))
    journal.append(entries)
    return orders


def best(work: Callable[[], object], rounds: int = 3) -> float:
    """Return the seconds of the fastest of some rounds."""
    return min(seconds(work) for _ in range(rounds))


def seconds(work: Callable[[], object]) -> float:
    """Return how much of the CPU work takes."""
    gc.collect()
    start = process_time()
    work()
    return process_time() - start


def profile(journal: Written) -> None:
    """Print where the CPU goes while a journal is replayed."""
    with cProfile.Profile() as found:
        replay(journal)
    pstats.Stats(found).sort_stats("tottime").print_stats(30)


if __name__ == "__main__":
    main()
