"""The rows of the fault matrix that are about the journal, each with an engine in front of a broker."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest

from core.engine_desk import GOOG, buy, engine_on, kinds, settle, simulated
from end_to_end.v6_calls import v6
from faults.faulty_disk import Fault, FaultMode, FaultyDisk
from faults.journal_damage import flipped
from v6core.engine import OrderExecutionEngine
from v6core.errors import JournalCorrupt, JournalLocked, OrderDenied
from v6core.events import TradingState
from v6core.identifiers import SeededIds
from v6core.journal import Damage, SqliteJournal, open_for_reading, verify
from v6core.journal.connection import Connect, connect
from v6core.orders import Order, OrderStatus
from v6core.testing import ScriptedBroker

REFUSALS = (FaultMode.IO_ERROR, FaultMode.NO_SPACE)
CRASHES = (FaultMode.TORN, FaultMode.LOST)


@asynccontextmanager
async def engine_in(
    folder: Path, broker: ScriptedBroker, connecting: Connect = connect, seed: int = 1
) -> AsyncGenerator[OrderExecutionEngine]:
    """Start an engine whose journal is in the folder."""

    def opened() -> SqliteJournal:
        return SqliteJournal.open(folder / "journal.db", ids=SeededIds(seed), connect=connecting)

    async with engine_on(broker, opened) as engine:
        yield engine


async def points_of_an_intent(folder: Path) -> range:
    """Return the points of a disk at which it makes an order's intent durable."""
    broker, sent = ScriptedBroker(), list[int]()
    with FaultyDisk() as disk:

        def look_at_the_disk(_broker: ScriptedBroker, _refs: tuple[str, ...]) -> None:
            sent.append(disk.points)

        async with engine_in(folder, broker, disk.connect) as engine:
            broker.on("place", look_at_the_disk)
            first = disk.points + 1
            await engine.place_order(GOOG, buy())
    return range(first, sent[0] + 1)


async def place_on(fault: Fault, folder: Path, broker: ScriptedBroker, order: Order) -> OrderDenied:
    """Place an order on a disk that fails while its intent is written, and return how the engine denied it."""
    with FaultyDisk(fault) as disk:
        async with engine_in(folder, broker, disk.connect) as engine:
            with pytest.raises(OrderDenied, match="JOURNAL_FAILED") as denied:
                await engine.place_order(GOOG, order)
            assert engine.trading_state is TradingState.HALTED
            with pytest.raises(OrderDenied, match="JOURNAL_FAILED"):
                await engine.place_order(GOOG, buy())
        disk.start_again(folder)
    return denied.value


@simulated
async def test_F01_who_dies_before_the_intent_is_durable_has_sent_nothing(tmp_path: Path) -> None:
    remembered: list[bool] = []
    for mode in CRASHES:
        for point in await points_of_an_intent(tmp_path / f"{mode}"):
            broker, order, folder = ScriptedBroker(), buy(), tmp_path / f"{mode}-{point}"
            await place_on(Fault(mode, point), folder, broker, order)
            async with engine_in(folder, broker) as engine:
                known = await engine.orders()
                remembered.append(bool(known))
                assert [one.order_id for one in known] in ([], [order.order_id])
                assert all(one.status in {OrderStatus.IN_DOUBT, OrderStatus.LOST} for one in known)
            assert broker.arrivals == []
    assert not all(remembered)  # in between lies what F03 is about: durable, and not sent


@simulated
async def test_F02_an_order_whose_intent_cannot_be_made_durable_is_denied_and_halts(tmp_path: Path) -> None:
    for mode in REFUSALS:
        for point in await points_of_an_intent(tmp_path / f"{mode}"):
            broker, order, folder = ScriptedBroker(), buy(), tmp_path / f"{mode}-{point}"
            denied = await place_on(Fault(mode, point), folder, broker, order)
            assert denied.code == "JOURNAL_FAILED"
            assert denied.order is not None
            assert denied.order.status is OrderStatus.DENIED
            async with engine_in(folder, broker) as engine:
                placed = await engine.place_order(GOOG, buy())
            assert broker.arrivals == [placed.order_ref]


@simulated
async def test_F32_a_second_engine_on_one_journal_is_refused_and_harms_nothing(tmp_path: Path) -> None:
    broker = ScriptedBroker()
    async with engine_in(tmp_path, broker) as engine:
        with pytest.raises(JournalLocked, match=str(os.getpid())):
            async with engine_in(tmp_path, ScriptedBroker()):
                pass
        assert (await engine.place_order(GOOG, buy())).status is OrderStatus.SUBMITTED


@simulated
async def test_F32_the_orders_of_an_engine_with_another_journal_are_observed_and_never_touched(tmp_path: Path) -> None:
    broker = ScriptedBroker()
    async with engine_in(tmp_path / "one", broker, seed=1) as first:
        order = await first.place_order(GOOG, buy())
    async with engine_in(tmp_path / "other", broker, seed=2) as second:
        assert await second.cancel_all() == ()
        broker.fill(order, 4)
        await settle()
        assert "FOREIGN" in kinds(second)
        assert await second.orders() == ()
        assert second.trading_state is TradingState.ACTIVE
    assert broker.received("cancel") == ()
    async with engine_in(tmp_path / "one", broker, seed=1) as first:
        assert (await first.order(order.order_id)).filled_quantity == 4


FULL_DISK = """
import resource, sys
from contextlib import suppress
from pathlib import Path
from core.engine_desk import GOOG, buy, engine_on, journal_in, simulated
from v6core.errors import OrderDenied, OutcomeUnknown
from v6core.testing import ScriptedBroker

@simulated
async def run(folder):
    broker, placed = ScriptedBroker(), []
    async with engine_on(broker, journal_in(folder)) as engine:
        resource.setrlimit(resource.RLIMIT_FSIZE, (120_000, resource.RLIM_INFINITY))
        try:
            while True:
                with suppress(OutcomeUnknown):  # sent, where it is the answer for which there is no space
                    placed.append(await engine.place_order(GOOG, buy()))
        except OrderDenied as denied:
            print(denied.code, engine.trading_state)
            arrived = len(broker.arrivals)
            print("sent no more", arrived in {len(placed), len(placed) + 1})
        try:
            await engine.cancel_order(placed[0].order_id)
        except OutcomeUnknown:
            print("cancel", broker.received("cancel") == (placed[0].order_ref,))
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    async with engine_on(broker, journal_in(folder)) as engine:
        print((await engine.order(placed[0].order_id)).status, (await engine.place_order(GOOG, buy())).status)
    print("each sent once", len(set(broker.arrivals)) == len(broker.arrivals) == arrived + 1)

run(Path(sys.argv[1]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no file size limits")
def test_F33_a_full_disk_denies_and_halts_while_cancels_go_out_until_there_is_space(tmp_path: Path) -> None:
    folders = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, folders))}
    program = [sys.executable, "-c", FULL_DISK, str(tmp_path)]
    done = subprocess.run(program, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "JOURNAL_FAILED HALTED",
        "sent no more True",
        "cancel True",
        "CANCELLED SUBMITTED",
        "each sent once True",
    ]


async def trade(folder: Path, broker: ScriptedBroker, orders: int) -> None:
    async with engine_in(folder, broker) as engine:
        for _ in range(orders):
            await engine.place_order(GOOG, buy())


def rows_in(folder: Path) -> int:
    with open_for_reading(folder / "journal.db") as reader:
        return reader.last_seq


async def with_an_old_copy(folder: Path, broker: ScriptedBroker, *names: str) -> tuple[int, int]:
    """Trade, copy files away, trade on, put the copies back; return the rows that were copied and that there were."""
    await trade(folder, broker, 2)
    copied = rows_in(folder)
    for name in names:
        shutil.copy2(folder / name, folder / f"{name}.old")
    await trade(folder, broker, 3)
    written = rows_in(folder)
    for name in names:
        (folder / f"{name}.old").replace(folder / name)
    return copied, written


@simulated
async def test_F35_a_journal_put_back_from_an_old_copy_is_refused_by_its_head(tmp_path: Path) -> None:
    broker = ScriptedBroker()
    copied, written = await with_an_old_copy(tmp_path, broker, "journal.db")
    with pytest.raises(JournalCorrupt, match=f"ends at row {copied}, its head tells of row {written}") as refused:
        await trade(tmp_path, broker, 1)
    assert "restore the newest copy" in (refused.value.hint or "")
    assert "remove journal.db.head" in (refused.value.hint or "")
    found = verify(tmp_path / "journal.db")
    assert (found.rows, found.first_bad, found.damage) == (copied, copied + 1, Damage.LOST)
    assert len(broker.arrivals) == 5


@pytest.mark.parametrize("head", ["removed", "of the same age"])
def test_F35_where_the_head_cannot_tell_the_broker_is_the_witness(tmp_path: Path, head: str) -> None:
    @simulated
    async def run() -> None:
        broker = ScriptedBroker()
        await with_an_old_copy(tmp_path, broker, "journal.db", *(() if head == "removed" else ("journal.db.head",)))
        if head == "removed":
            (tmp_path / "journal.db.head").unlink()
        async with engine_in(tmp_path, broker) as engine:
            with pytest.raises(OrderDenied, match="JOURNAL_BEHIND") as denied:
                await engine.place_order(GOOG, buy())
            assert denied.value.code == "TRADING_HALTED"
            await engine.resume("the three orders are looked after by hand")
            assert (await engine.place_order(GOOG, buy())).status is OrderStatus.SUBMITTED

    run()


@simulated
async def test_F35_rows_that_a_flipped_bit_in_the_log_hides_are_missed(tmp_path: Path) -> None:
    broker, live, crashed = ScriptedBroker(), tmp_path / "live", tmp_path / "crashed"
    async with engine_in(live, broker) as engine:
        for _ in range(5):
            await engine.place_order(GOOG, buy())
        shutil.copytree(live, crashed)
    log = crashed / "journal.db-wal"
    log.write_bytes(flipped(log.read_bytes(), Random(1)))
    damaged = log.read_bytes()
    with pytest.raises(JournalCorrupt, match="it was durable and is gone"):
        await trade(crashed, broker, 1)
    assert log.read_bytes() == damaged  # what could still be mended is left as it is
    assert len(broker.arrivals) == 5


@simulated
async def test_F36_a_journal_damaged_in_its_middle_stops_the_engine_before_it_connects(tmp_path: Path) -> None:
    broker = ScriptedBroker()
    await trade(tmp_path, broker, 5)
    before = damage_the_middle(tmp_path / "journal.db")
    broker.calls.clear()
    with pytest.raises(JournalCorrupt, match="journal row 6"):
        await trade(tmp_path, broker, 1)
    assert broker.calls == []
    assert (tmp_path / "journal.db").read_bytes() == before


def damage_the_middle(path: Path) -> bytes:
    """Flip one bit of the chain that row 6 holds, and return what the file is then."""
    with open_for_reading(path) as reader:
        chain = list(reader.rows())[5].chain.encode()
    content = bytearray(path.read_bytes())
    content[content.index(chain)] ^= 1
    path.write_bytes(content)
    return bytes(content)


def test_F36_verify_tells_the_row_and_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    simulated(trade)(tmp_path / ".v6", ScriptedBroker(), 5)
    damage_the_middle(tmp_path / ".v6/journal.db")
    called = v6("journal", "verify", "--json")
    assert (called.status, called.error["code"]) == (1, "JOURNAL_CORRUPT")
    assert "row 6" in called.error["error"]


@pytest.mark.parametrize(
    "command", ["journal verify", "journal show", "orders", "orders --in-doubt", "fills", "resolve abcd1234 absent so"]
)
def test_F36_nothing_calls_a_removed_journal_one_that_is_not_there_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    simulated(trade)(tmp_path / ".v6", ScriptedBroker(), 1)
    (tmp_path / ".v6/journal.db").unlink()
    called = v6(*command.split(), "--json")
    assert (called.status, called.error["code"]) == (1, "JOURNAL_CORRUPT")


@simulated
async def test_F36_what_is_left_of_a_removed_journal_is_no_fresh_start(tmp_path: Path) -> None:
    broker = ScriptedBroker()
    await trade(tmp_path, broker, 1)
    for name in ("journal.db", "journal.db.head"):
        assert (tmp_path / name).exists()
        (tmp_path / name).unlink()
        if name == "journal.db":
            with pytest.raises(JournalCorrupt, match=r"is gone but journal\.db\.head is there"):
                await trade(tmp_path, broker, 1)
    assert len(broker.arrivals) == 1
