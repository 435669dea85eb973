"""What thousands of orders ask of the engine: turns for the event loop, and a collector left as it was."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence

import pytest

from core.engine_desk import GOOG, START, buy, engine_on, simulated
from v6core.engine import record
from v6core.engine.record import Record, Told
from v6core.events import EngineEvent, EngineStarted, Event, ForeignReported
from v6core.fills import Fill
from v6core.journal import Entry, MemoryJournal, Row
from v6core.money import ONE
from v6core.orders import OrderAction, OrderStatus
from v6core.reports import FillReport
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


@simulated
async def test_what_others_traded_is_taken_in_by_parts() -> None:
    broker, journal = ScriptedBroker(), CountingJournal()
    async with engine_on(broker, lambda: journal) as engine:
        broker.drop_link()
        with broker.muted():
            for _ in range(MANY):
                broker.fill(broker.place_foreign(GOOG, buy()).ref)
        journal.sizes.clear()
        broker.restore_link()
        await engine.ready()
        assert sum(journal.sizes) >= MANY
        assert max(journal.sizes) < MANY


def test_each_execution_of_others_is_compared_by_its_name_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[EngineEvent] = []
    name_of = vars(record)["_name_of"]

    def counted(event: EngineEvent) -> object:
        looks.append(event)
        return name_of(event)

    monkeypatch.setattr(record, "_name_of", counted)
    events = [_traded_by_others(number) for number in range(MANY)]
    assert len(Record("abcdefgh").work_out(events, {})) == MANY
    assert len(looks) <= 2 * MANY


@pytest.mark.parametrize("told", [(), (0,), (1, 0)])
def test_an_execution_of_others_that_is_told_twice_is_known_once(told: tuple[int, ...]) -> None:
    before = Told()
    for number in told:
        before.add(_traded_by_others(number))
    changes = Record("abcdefgh").work_out([_traded_by_others(n) for n in (0, 1, 1, 0, 2)], {}, before)
    assert len(changes) == 3 - len(told)


def _traded_by_others(number: int) -> ForeignReported:
    fill = Fill(execution_id=f"x{number}", contract=GOOG, action=OrderAction.BUY, quantity=ONE, price=ONE, time=START)
    return ForeignReported(time=START, report=FillReport(time=START, broker_order_id="7", fill=fill))


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


def test_small_replays_do_not_put_the_cycle_collector_off() -> None:
    gc.collect()
    before = gc.get_stats()[1]["collections"]
    for _ in range(40):
        Record("engine").replay(())
        _ = [list[int]() for _ in range(2 * gc.get_threshold()[0])]  # enough for a collection of the young ones
    assert gc.get_stats()[1]["collections"] > before
