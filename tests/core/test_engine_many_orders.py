"""What thousands of orders ask of the engine: turns for the event loop, and a collector left as it was."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence

import pytest

from core.engine_desk import GOOG, buy, engine_on, simulated
from v6core.engine.record import Record
from v6core.events import EngineStarted, Event
from v6core.journal import Entry, MemoryJournal, Row
from v6core.orders import OrderStatus
from v6core.risk import RiskLimits
from v6core.testing import ScriptedBroker

MANY = 300
UNLIMITED = RiskLimits.model_validate({"max_open_orders": 0})


class CountingJournal(MemoryJournal):
    """A journal that knows how large each of its transactions was."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def append(self, entries: Sequence[Entry]) -> tuple[Row, ...]:
        """Append, and remember how many there were."""
        self.sizes.append(len(entries))
        return super().append(entries)


@simulated
async def test_a_long_snapshot_is_taken_in_by_parts() -> None:
    broker, journal = ScriptedBroker(), CountingJournal()
    async with engine_on(broker, lambda: journal, limits=UNLIMITED) as engine:
        orders = [await engine.place_order(GOOG, buy()) for _ in range(MANY)]
        broker.drop_link()
        with broker.muted():
            for order in orders:
                broker.fill(order.order_id)
        journal.sizes.clear()
        broker.restore_link()
        await engine.ready()
        assert {order.status for order in await engine.orders()} == {OrderStatus.FILLED}
        assert len(journal.sizes) > 2
        assert max(journal.sizes) < MANY


@pytest.mark.parametrize("enabled", [True, False])
def test_a_replay_leaves_the_cycle_collector_as_it_was(enabled: bool) -> None:
    before, seen = gc.isenabled(), list[bool]()

    def events() -> Iterator[Event]:
        seen.append(gc.isenabled())
        yield from ()

    try:
        (gc.enable if enabled else gc.disable)()
        Record("abcdefgh").replay(events())
        assert (seen, gc.isenabled()) == ([False], enabled)
    finally:
        (gc.enable if before else gc.disable)()


def test_a_replay_that_fails_leaves_the_cycle_collector_on() -> None:
    def events() -> Iterator[EngineStarted]:
        raise ValueError("a row that cannot be read")
        yield

    with pytest.raises(ValueError, match="cannot be read"):
        Record("abcdefgh").replay(events())
    assert gc.isenabled()
