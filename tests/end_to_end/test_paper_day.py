"""A whole simulated day through the engine: its books against the exchange's own, and blocking against asynchronous."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import cast
from uuid import UUID

import pytest

from end_to_end.engine_on_paper import in_memory_folder
from end_to_end.paper_program import (
    GOOG,
    Call,
    full_day,
    lines_of,
    run,
    run_blocking,
    seeded_engine,
    short_program,
    strike_near,
)
from v6_paper_plugin.broker import PaperBroker
from v6core import connect
from v6core.blocking import BlockingEngine
from v6core.blocking.loop_thread import LoopThread
from v6core.clock import SimulatedLoop, SystemClock, run_simulated
from v6core.engine import OrderExecutionEngine
from v6core.fills import Fill
from v6core.identifiers import RandomIds, SeededIds
from v6core.journal import open_for_reading
from v6core.money import ZERO
from v6core.orders import Order, OrderStatus
from v6core.positions import Position
from v6core.reports import Account

CASH = Decimal(1_000_000)
ORDERS, MINUTES = 200, 390
Program = Callable[[SeededIds, int], Iterator[Call]]


def a_day(ids: SeededIds, level: int) -> Iterator[Call]:
    return full_day(ids, level, seed=1, orders=ORDERS, minutes=MINUTES)


@dataclass(frozen=True)
class Books:
    """What the engine says at the end, and what the exchange's ledger holds."""

    orders: tuple[Order, ...]
    fills: tuple[Fill, ...]
    positions: tuple[Position, ...]
    account: Account
    cash: Decimal
    commissions: Decimal
    held: dict[str, Decimal]
    executions: list[str]
    minutes: float
    lines: list[str]


def _left_by(program: Program) -> Books:
    """Run a program asynchronously and return what it leaves."""
    folder = in_memory_folder()

    async def go() -> Books:
        async with seeded_engine(folder, cast("SimulatedLoop", asyncio.get_running_loop())) as engine:
            began = engine.now()
            await run(engine, program(SeededIds(2), strike_near(await engine.quote(GOOG))))
            return await _books(engine, (engine.now() - began).total_seconds() / 60)

    try:
        return run_simulated(go())
    finally:
        shutil.rmtree(folder)


async def _books(engine: OrderExecutionEngine, minutes: float) -> Books:
    broker = engine.native
    assert isinstance(broker, PaperBroker)
    exchange = broker._running()  # pyright: ignore[reportPrivateUsage]
    return Books(
        orders=await engine.orders(),
        fills=await engine.fills(),
        positions=await engine.positions(),
        account=await engine.account(),
        cash=exchange.ledger.cash,
        commissions=exchange.ledger.commissions,
        held={key: holding.quantity for key, holding in exchange.ledger.holdings.items()},
        executions=[execution.execution_id for execution in exchange.executions],
        minutes=minutes,
        lines=list(lines_of(engine.journal)),
    )


@pytest.fixture(scope="module")
def day() -> Books:
    return _left_by(a_day)


def test_the_day_is_as_long_and_as_busy_as_it_should_be(day: Books) -> None:
    assert MINUTES - 5 < day.minutes < MINUTES
    assert len(day.orders) == ORDERS
    filled = [order for order in day.orders if order.status is OrderStatus.FILLED]
    assert len(filled) > ORDERS // 3
    assert len({order.status for order in day.orders}) >= 3
    assert len(day.held) > 3


def test_every_execution_of_the_exchange_is_a_fill_of_the_engine(day: Books) -> None:
    assert sorted(fill.execution_id for fill in day.fills) == sorted(day.executions)


def test_cash_is_what_the_fills_make_it_to_the_cent(day: Books) -> None:
    flow = sum((fill.cash_flow for fill in day.fills), ZERO)
    fees = sum((fill.commission or ZERO for fill in day.fills), ZERO)
    assert day.cash == day.account.cash == CASH + flow - fees
    assert day.commissions == fees == sum((order.commission for order in day.orders), ZERO)


def test_positions_are_the_ledgers_own(day: Books) -> None:
    assert {row.contract.key: row.quantity for row in day.positions} == day.held


def test_no_order_is_flagged_or_left_in_doubt(day: Books) -> None:
    assert {order.anomalies for order in day.orders} == {()}
    assert OrderStatus.IN_DOUBT not in {order.status for order in day.orders}


def _blocking_on(folder: Path) -> BlockingEngine:
    """Return a blocking engine made as ``connect`` makes it, with ids that repeat."""
    thread = LoopThread(SimulatedLoop)

    async def make() -> OrderExecutionEngine:
        engine = seeded_engine(folder, cast("SimulatedLoop", asyncio.get_running_loop()))
        await engine.start()
        return engine

    return BlockingEngine(thread.call(make()), thread)


def _blocking_journal(program: Program) -> list[str]:
    folder = in_memory_folder()
    try:
        with _blocking_on(folder) as v6:
            run_blocking(v6, program(SeededIds(2), strike_near(v6.quote(GOOG))))
        with open_for_reading(folder / "journal.db") as journal:
            return list(lines_of(journal))
    finally:
        shutil.rmtree(folder)


def test_the_blocking_engine_leaves_the_same_journal() -> None:
    assert _blocking_journal(short_program) == _left_by(short_program).lines


def test_the_blocking_engine_leaves_the_same_journal_of_a_day(day: Books) -> None:
    assert _blocking_journal(a_day) == day.lines


CONFIGURATION = """
broker = "dry"
[brokers.dry]
plugin = "paper"
fills = "realistic"
speed = "max"
step = 60
state = "off"
[risk]
max_order_value = "off"
"""


def _repeat(patch: pytest.MonkeyPatch) -> None:
    """Have ids and the wall clock begin anew, for engines that are made from a configuration."""
    ids = SeededIds(7)

    def now(_: SystemClock) -> datetime:
        return datetime(2026, 6, 1, 13, 30, tzinfo=UTC)

    def order_id(_: RandomIds) -> UUID:
        return ids.order_id()

    def engine_id(_: RandomIds) -> str:
        return ids.engine_id()

    patch.setattr(SystemClock, "now", now)
    patch.setattr(RandomIds, "order_id", order_id)
    patch.setattr(RandomIds, "engine_id", engine_id)


def _configured(folder: Path) -> Path:
    folder.mkdir(mode=0o700)
    path = folder / "v6.toml"
    path.write_text(CONFIGURATION + f'halt_file = "{folder}/HALT"\n[journal]\npath = "{folder}/journal.db"\n')
    return path


def _journal_in(folder: Path) -> list[str]:
    with open_for_reading(folder / "journal.db") as journal:
        return list(lines_of(journal))


def test_connect_leaves_the_journal_that_from_config_leaves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with await OrderExecutionEngine.from_config(_configured(tmp_path / "async")) as engine:
            await run(engine, short_program(SeededIds(2), strike_near(await engine.quote(GOOG))))

    _repeat(monkeypatch)
    run_simulated(main())
    _repeat(monkeypatch)
    with connect(_configured(tmp_path / "blocking")) as v6:
        run_blocking(v6, short_program(SeededIds(2), strike_near(v6.quote(GOOG))))
    lines = _journal_in(tmp_path / "blocking")
    assert lines == _journal_in(tmp_path / "async")
    assert len(lines) > 80
