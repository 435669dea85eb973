"""The engine in front of the paper broker, both real, and somebody who watches what passes between them.

A desk lives in one folder: a journal on disk, the account's state file, and where quotes are played a file of them. It
can be restarted or killed, and goes on from those files alone.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from order_laws import ALLOWED
from v6_paper_plugin.broker import PaperBroker
from v6_paper_plugin.capabilities import CAPABILITIES
from v6_paper_plugin.exchange.exchange import Exchange
from v6_paper_plugin.settings import PaperSettings
from v6core import hookimpl
from v6core.broker import BrokerContext, BrokerSpec, Receipt
from v6core.clock import SimulatedClock, SimulatedLoop
from v6core.config import EngineSection
from v6core.contracts import Combo, Contract, Option, Stock
from v6core.engine import OrderExecutionEngine
from v6core.engine.assembly import Blueprint, Parts
from v6core.engine.record import Record
from v6core.events import EngineEvent, OrderEvent, Purpose, ReportReceived, event_to_json
from v6core.identifiers import SeededIds
from v6core.journal import SqliteJournal
from v6core.money import ZERO
from v6core.orders import Order, OrderStatus
from v6core.plugins import load_extensions
from v6core.reports import FillReport
from v6core.risk import RiskLimits, exposures

OPEN = datetime(2026, 6, 1, 13, 30, tzinfo=UTC)
CASH = Decimal(1_000_000)
GOOG = Stock("GOOG")
NEAR, FAR = "2026-06-02", "2026-06-12"
STRIKES = {"PUT": (90, 95), "CALL": (105, 110)}
CONTRACTS: list[Contract] = [
    GOOG,
    *(
        Option("GOOG", expiration, strike, right)
        for expiration in (NEAR, FAR)
        for right, strikes in STRIKES.items()
        for strike in strikes
    ),
]
"""What is traded."""


def _level(contract: Contract) -> int:
    if not isinstance(contract, Option):
        return 10_000
    return (50 if contract.strike in {90, 110} else 150) * (1 if f"{contract.expiration}" == NEAR else 2)


LEVELS: dict[str, int] = {contract.key: _level(contract) for contract in CONTRACTS}
"""The usual price of each, in cents."""
UNLIMITED = RiskLimits(max_order_quantity=None, max_contracts=None, max_order_value=None, max_open_orders=None)
MINUTES = 40
_HEADER = "time,kind,symbol,expiration,strike,right,bid,bid_size,ask,ask_size\n"


def cents(number: int) -> Decimal:
    """Return a price of so many cents."""
    return Decimal(number) / 100


@lru_cache(maxsize=64)
def random_tape(seed: int) -> str:
    """Return a file of quotes of the first minutes of two days, in which prices cross one another all the time."""
    random = Random(seed)
    lines: list[str] = []
    for days in (0, 1):
        for minute in range(1, MINUTES + 1):
            at = OPEN + timedelta(days=days, minutes=minute)
            lines += [_quote(at, contract, random) for contract in CONTRACTS]
    return _HEADER + "".join(lines)


def _quote(at: datetime, contract: Contract, random: Random) -> str:
    terms = "stock,GOOG,,,"
    if isinstance(contract, Option):
        terms = f"option,GOOG,{contract.expiration},{contract.strike:f},{contract.right.lower()}"
    middle = max(LEVELS[contract.key] + random.randint(-40, 40), 10)
    bid, ask = cents(middle - random.randint(1, 4)), cents(middle + random.randint(1, 4))
    return f"{at.isoformat()},{terms},{bid},{random.randint(1, 9)},{ask},{random.randint(1, 9)}\n"


def in_memory_folder() -> Path:
    """Return a folder of its own, in memory where the system has that: syncing a disk costs more than all the rest."""
    memory = Path("/dev/shm")
    where = memory if memory.is_dir() and os.access(memory, os.W_OK) else None
    return Path(tempfile.mkdtemp(prefix="v6-", dir=where))


class Witness:
    """An observer that hears each event with the order as it then is, and writes down what must not be."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.wrong: list[str] = []
        self.statuses: dict[UUID, OrderStatus] = {}
        self.filled: dict[UUID, Decimal] = defaultdict(lambda: ZERO)

    @hookimpl
    def v6_order_event(self, event: OrderEvent | EngineEvent, order: Order | None) -> None:
        """Hear an event."""
        self.heard.append(event_to_json(event))
        if order is None:
            return
        self._follow(order)
        if isinstance(event, ReportReceived) and isinstance(event.report, FillReport):
            self._check_fill(order, event.report)

    def _follow(self, order: Order) -> None:
        before = self.statuses.get(order.order_id, OrderStatus.CREATED)
        self.statuses[order.order_id] = order.status
        if order.status is not before and order.status not in ALLOWED[before]:
            self.wrong.append(f"I12: {before} became {order.status}")
        if before.is_terminal and order.status is not before:
            self.wrong.append(f"I13: an order that was {before} became {order.status}")
        if order.filled_quantity < self.filled[order.order_id]:
            self.wrong.append("I5: what was filled became less")
        self.filled[order.order_id] = order.filled_quantity

    def _check_fill(self, order: Order, report: FillReport) -> None:
        fill = report.fill
        if order.limit_price is None or isinstance(order.contract, Combo):
            return
        if order.action.sign * (fill.price - order.limit_price) > 0:
            self.wrong.append(f"I48: {order.action} at {fill.price}, past the limit {order.limit_price}")


class WatchedBroker(PaperBroker):
    """The paper broker, at whose door somebody looks at what comes in."""

    def __init__(self, settings: PaperSettings, context: BrokerContext, desk: Desk) -> None:
        super().__init__(settings, context)
        self._desk = desk

    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        """Look at a unit and place it."""
        for order in orders:
            self._desk.look_at(order)
        return await super().place(orders)


class Desk:
    """One engine after the other in front of one account."""

    def __init__(self, folder: Path, loop: SimulatedLoop, **settings: Any) -> None:
        self.folder = folder
        self.settings = PaperSettings.model_validate({"cash": CASH, "state": "state.json", **settings})
        self.clock = SimulatedClock(OPEN + timedelta(minutes=1), loop)
        self.ids = SeededIds(2)
        self.witness = Witness()
        self.sent: Counter[str] = Counter()
        self.asked: dict[UUID, Order] = {}
        self.modified: set[UUID] = set()
        self.was_killed = False
        self.wrong: list[str] = []
        self._engine: OrderExecutionEngine | None = None

    @classmethod
    def on_tape(cls, folder: Path, loop: SimulatedLoop, seed: int, **settings: Any) -> Desk:
        """Return a desk on a made-up file of quotes."""
        tape = folder / "tape.csv"
        tape.write_text(random_tape(seed), encoding="utf-8")
        return cls(folder, loop, fills="realistic", quotes=f"replay:{tape}", speed="max", **settings)

    @classmethod
    def on_given_prices(cls, folder: Path, loop: SimulatedLoop, fills: str, **settings: Any) -> Desk:
        """Return a desk whose prices the test gives."""
        prices = {key: str(cents(level)) for key, level in LEVELS.items()}
        return cls(folder, loop, fills=fills, quotes="given", prices=prices, **settings)

    @property
    def engine(self) -> OrderExecutionEngine:
        """The engine that runs."""
        assert self._engine is not None
        return self._engine

    @property
    def is_running(self) -> bool:
        """Whether an engine runs."""
        return self._engine is not None and self._engine._parts is not None  # pyright: ignore[reportPrivateUsage]

    @property
    def parts(self) -> Parts:
        """What the engine is made of."""
        return self.engine._run  # pyright: ignore[reportPrivateUsage]

    @property
    def record(self) -> Record:
        """What the engine knows."""
        return self.parts.record

    @property
    def broker(self) -> PaperBroker:
        """The broker."""
        assert isinstance(self.engine.native, PaperBroker)
        return self.engine.native

    @property
    def exchange(self) -> Exchange:
        """The exchange behind the broker, brought up to now."""
        return self.broker._running()  # pyright: ignore[reportPrivateUsage]

    async def start(self) -> None:
        """Start an engine on the folder."""
        plan = Blueprint(
            name="paper",
            spec=BrokerSpec(
                "paper", PaperSettings, CAPABILITIES, lambda settings, context: WatchedBroker(settings, context, self)
            ),
            settings=self.settings,
            open_journal=lambda: SqliteJournal.open(self.folder / "journal.db", ids=SeededIds(1)),
            limits=UNLIMITED,
            deadlines=EngineSection(),
            extensions=load_extensions((), [self.witness]),
            clock=self.clock,
            folder=self.folder,
            halt_file=None,
            ids=self.ids,
        )
        self._engine = OrderExecutionEngine(plan)
        await self._engine.start()

    async def stop(self) -> None:
        """Stop the engine in good order."""
        await self.engine.stop()

    async def kill(self) -> None:
        """End everything as if its process had been killed: what is not in the files is gone."""
        parts = self.parts
        pump = self.broker._pump  # pyright: ignore[reportPrivateUsage]
        assert pump is not None
        pump.stop()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        pump.stop()
        parts.journal.close()
        self._engine, self.was_killed = None, True

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    # What comes to the broker's door.

    def look_at(self, order: Order) -> None:
        """Write down what must not be sent: what is not durable, what is there already, what closes too much."""
        state = self.record.states.get(order.order_id)
        self.sent[str(order.order_ref)] += 1
        self.asked[order.order_id] = order
        if state is None or state.terms.order_ref != order.order_ref:
            self.wrong.append(f"I19: {order.order_ref} is sent and not in the journal")
        if self.sent[str(order.order_ref)] > 1:
            self.wrong.append(f"I21: {order.order_ref} is sent twice")
        if self.record.purposes.get(order.order_id) is Purpose.CLOSE:
            self._look_at_close(order)

    def _look_at_close(self, order: Order) -> None:
        account = {key: holding.quantity for key, holding in self.exchange.ledger.holdings.items()}
        strategy: dict[str, Decimal] = defaultdict(lambda: ZERO)
        for state in self.record.of_strategy(order.strategy_id or ""):
            for fill in state.fills:
                strategy[fill.contract.key] += fill.signed_quantity
            if state.terms.order_id != order.order_id and state.status.is_open:
                self.wrong.append("I42: something of the strategy still works beside what closes it")
        for key, change in exposures(order):
            for whose, held in (("account", account.get(key, ZERO)), ("strategy", strategy[key])):
                if held * change >= 0 or abs(change) > abs(held):
                    self.wrong.append(f"I42: {change:+f} {key} closes the {held:+f} that the {whose} holds")
