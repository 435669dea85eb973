"""A process that dies at any of its commits, and the one that goes on from what is on the disk."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from decimal import Decimal

from core.engine_desk import engine_for, settle
from core.test_engine_strategies import account_of, market
from v6core.broker import Receipt
from v6core.capabilities import Capabilities
from v6core.config import EngineSection
from v6core.engine import OrderExecutionEngine
from v6core.errors import JournalError, V6Error
from v6core.events import EngineEvent, OrderEvent, event_from_json
from v6core.identifiers import SeededIds
from v6core.journal import Entry, MemoryJournal, Row
from v6core.orders import Order
from v6core.testing import ScriptedBroker, scripted_capabilities

Work = Callable[[OrderExecutionEngine], Awaitable[object]]
DEADLINES = EngineSection(settle=1, grace=2, allow_emulated=True)
LONG_ENOUGH = 120.0


class MortalJournal(MemoryJournal):
    """A journal that outlives its process, which dies at a commit: before it is durable, or just after (``kept``)."""

    def __init__(self) -> None:
        super().__init__(ids=SeededIds(1))
        self.commits = 0
        self.dies_at: int | None = None
        self.kept = False
        self.is_dead = False

    def append(self, entries: Sequence[Entry]) -> tuple[Row, ...]:
        """Append, or die."""
        self.commits += 1
        if self.commits == self.dies_at:
            self.is_dead = True
            if self.kept:
                super().append(entries)
        if self.is_dead:
            raise JournalError("the process was killed")
        return super().append(entries)

    def close(self) -> None:
        """Stay open: the next process writes on."""

    def reopened(self, dies_at: int | None = None, *, kept: bool = False) -> MortalJournal:
        """Return the journal for the next process, with the commit at which that dies."""
        self.is_dead, self.dies_at, self.kept = False, dies_at, kept
        return self


class Market(ScriptedBroker):
    """A broker that a dead process reaches no more."""

    def __init__(self, journal: MortalJournal, capabilities: Capabilities) -> None:
        super().__init__(capabilities)
        self.journal = journal

    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        """Take orders of the living."""
        self._check_alive()
        return await super().place(orders)

    async def cancel(self, order: Order) -> None:
        """Take cancels of the living."""
        self._check_alive()
        await super().cancel(order)

    async def modify(self, order: Order, changes: object) -> None:
        """Take changes of the living."""
        self._check_alive()
        await super().modify(order, changes)  # type: ignore[arg-type]

    def _check_alive(self) -> None:
        if self.journal.is_dead:
            raise OSError("the process was killed")


def world(**changes: object) -> tuple[Market, MortalJournal]:
    """Return a market that fills at once and quotes SPY's options, with the journal of whoever trades there."""
    journal = MortalJournal()
    broker = Market(journal, scripted_capabilities(**changes))
    quoted = market()
    broker.quotes_of, broker.chains = quoted.quotes_of, quoted.chains
    return broker, journal


async def live(
    broker: Market, work: Work, *, dies_at: int | None = None, kept: bool = False
) -> list[OrderEvent | EngineEvent]:
    """Run an engine for some work, let it go on for a while, and return what is in the journal.

    What a dying process raises is nobody's.
    """
    journal = broker.journal.reopened(dies_at, kept=kept)
    engine = engine_for(broker, lambda: journal, deadlines=DEADLINES)
    with contextlib.suppress(V6Error):
        async with engine:
            with contextlib.suppress(V6Error):
                await work(engine)
            await settle(LONG_ENOUGH)
    return [event_from_json(row.payload) for row in journal.rows()]


async def idle(_: OrderExecutionEngine) -> None:
    """Do nothing: what is under way goes on by itself."""


def kill_points(before: int, after: int) -> Iterator[tuple[int, bool]]:
    """Yield each commit of a stretch, and whether it became durable."""
    for commit in range(before + 1, after + 1):
        yield from ((commit, False), (commit, True))


def positions(broker: ScriptedBroker) -> dict[str, Decimal]:
    """Return what the broker holds."""
    return account_of(broker)
