"""A desk for the tests of the engine: a scripted broker, an engine in front of it, and time that costs nothing."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, ParamSpec
from uuid import UUID

from v6core.clock import SimulatedClock, SimulatedLoop, run_simulated
from v6core.contracts import Stock
from v6core.engine import OrderExecutionEngine
from v6core.errors import JournalError
from v6core.events import EngineEvent, Event, OrderEvent, event_from_json
from v6core.identifiers import SeededIds
from v6core.journal import Entry, Journal, MemoryJournal, Row, SqliteJournal
from v6core.orders import Order
from v6core.risk import RiskLimits
from v6core.testing import ScriptedBroker, ScriptedSettings

D = Decimal
P = ParamSpec("P")
START = datetime(2026, 12, 1, 15, tzinfo=UTC)
GOOG, MSFT = Stock("GOOG"), Stock("MSFT")


def simulated(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run an asynchronous test on a loop whose time jumps."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        run_simulated(test(*args, **kwargs))

    return run


@contextlib.asynccontextmanager
async def engine_on(
    broker: ScriptedBroker,
    open_journal: Callable[[], Journal] = MemoryJournal,
    *,
    extensions: Iterable[object] = (),
    limits: RiskLimits | None = None,
    halt_file: Path | None = None,
    name: str | None = None,
) -> AsyncGenerator[OrderExecutionEngine]:
    """Start an engine on the running simulated loop, and stop it at the end."""
    options = {"extensions": extensions, "limits": limits, "halt_file": halt_file, "name": name}
    async with engine_for(broker, open_journal, **options) as engine:
        yield engine


def engine_for(
    broker: ScriptedBroker, open_journal: Callable[[], Journal] = MemoryJournal, **options: Any
) -> OrderExecutionEngine:
    """Return an engine that is not started."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimulatedLoop)
    clock = SimulatedClock(START, loop)
    return OrderExecutionEngine.from_spec(
        broker.spec, ScriptedSettings(), open_journal=open_journal, clock=clock, **options
    )


def journal_in(folder: Path) -> Callable[[], Journal]:
    """Return what opens one and the same journal on disk each time."""
    return lambda: SqliteJournal.open(folder / "journal.db", ids=SeededIds(1))


def told(engine: OrderExecutionEngine, order_id: UUID | None = None) -> list[OrderEvent | EngineEvent]:
    """Return the events that are durable, of all orders or of one."""
    return [event_from_json(row.payload) for row in engine.journal.rows(order_id=order_id)]


def kinds(engine: OrderExecutionEngine, order_id: UUID | None = None) -> list[str]:
    """Return the kinds of the events that are durable."""
    return [event.event for event in told(engine, order_id)]


async def photograph(engine: OrderExecutionEngine) -> bytes:
    """Return all that an engine knows, in canonical text."""
    orders = [order.model_dump_json() for order in await engine.orders()]
    fills = [fill.model_dump_json() for fill in await engine.fills()]
    strategies = [strategy.model_dump_json() for strategy in await engine.strategies()]
    return "\n".join([*orders, *fills, *strategies, engine.trading_state]).encode()


async def settle(seconds: float = 0.001) -> None:
    """Let what is under way happen."""
    await asyncio.sleep(seconds)


class BreakingJournal(MemoryJournal):
    """A journal whose disk fails when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.failed = False
        self.is_full = False
        self.breaks_on: Callable[[Entry], bool] = lambda _: False

    def append(self, entries: Sequence[Entry]) -> tuple[Row, ...]:
        """Append, or fail."""
        if self.is_full or self.failed or any(map(self.breaks_on, entries)):
            self.failed = True
            raise JournalError("no space left on device")
        return super().append(entries)


def buy(quantity: int = 10, price: str | None = "100", **fields: Any) -> Order:
    """Return an order to buy, at a limit, or at the market where the price is None."""
    return Order.market("BUY", quantity, **fields) if price is None else Order.limit("BUY", quantity, price, **fields)


def sell(quantity: int = 10, price: str | None = "100", **fields: Any) -> Order:
    """Return an order to sell, at a limit, or at the market where the price is None."""
    return Order.market("SELL", quantity, **fields) if price is None else Order.limit("SELL", quantity, price, **fields)


def names(events: Iterable[Event]) -> list[str]:
    """Return what kinds of events these are."""
    return [event.event for event in events]
