"""The kill against a scripted broker: what it proves, what it repeats, and what it does without a journal."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from core.engine_desk import GOOG, MSFT, buy, sell
from faults.kill_desk import KillDesk
from v6core.cli.records import record_of
from v6core.engine import OrderExecutionEngine
from v6core.engine.killing import Ending
from v6core.engine.killing.process import end_process
from v6core.engine.offline import OfflineJournal
from v6core.errors import NotSent, OrderDenied, OutcomeUnknown, Unavailable
from v6core.events import SagaPlanned, TradingState
from v6core.identifiers import RandomIds
from v6core.journal import SqliteJournal
from v6core.orders import OcaType, OrderStatus
from v6core.sagas import KeptGroup
from v6core.testing import ScriptedBroker
from v6core.testing.scripted import Step, confirms, hangs, later, raises, refuses, scripted_capabilities


@pytest.fixture
def desk(tmp_path: Path) -> KillDesk:
    return KillDesk(tmp_path)


def test_a_kill_cancels_what_works_and_proves_it(desk: KillDesk) -> None:
    first, second = desk.leave(buy(), buy(5))
    told = desk.kill()
    assert told.is_done
    assert desk.open_refs == []
    assert {(order.order_id, order.outcome) for order in told.stopped} == {
        (first.order_id, "CANCELLED"),
        (second.order_id, "CANCELLED"),
    }


def test_two_empty_snapshots_apart_are_the_proof(desk: KillDesk) -> None:
    desk.leave()
    before = desk.times("snapshot")
    desk.kill()
    assert desk.times("snapshot") - before >= 3


def test_what_a_kill_saw_stands_in_the_journal(desk: KillDesk) -> None:
    (order,) = desk.leave()
    desk.kill()

    async def look(engine: OrderExecutionEngine) -> None:
        assert (await engine.order(order.order_id)).status is OrderStatus.CANCELLED
        assert engine.trading_state is TradingState.HALTED

    desk.run(look)


def test_nothing_opens_after_a_kill_until_somebody_resumes(desk: KillDesk) -> None:
    desk.leave()
    desk.kill()

    async def work(engine: OrderExecutionEngine) -> None:
        with pytest.raises(OrderDenied, match="TRADING_HALTED"):
            await engine.place_order(GOOG, buy())
        await engine.resume("looked at it")
        assert (await engine.place_order(GOOG, buy())).status is OrderStatus.SUBMITTED

    desk.run(work)
    assert not (desk.folder / ".v6/HALT").exists()


def test_an_order_that_the_journal_does_not_know_is_cancelled_too(desk: KillDesk) -> None:
    desk.leave()
    stray = desk.unknown_order()
    desk.broker.book.add(stray)
    told = desk.kill()
    assert told.verified
    assert desk.open_refs == []
    assert [order.in_journal for order in told.stopped if order.order_id == stray.order_id] == [False]


def test_orders_of_others_are_left_alone(desk: KillDesk) -> None:
    desk.leave()
    desk.add_foreign()
    assert desk.kill().is_done
    assert len(desk.broker.book.foreign) == 1


def test_account_wide_takes_the_orders_of_others_too(desk: KillDesk) -> None:
    desk.leave()
    desk.add_foreign()
    told = desk.kill(account_wide=True)
    assert told.is_done
    assert (desk.broker.book.foreign, desk.open_refs) == ([], [])


def test_account_wide_is_refused_by_name_where_the_broker_cannot_and_ours_are_cancelled(tmp_path: Path) -> None:
    desk = KillDesk(tmp_path, ScriptedBroker(scripted_capabilities(global_cancel=False)))
    desk.leave()
    told = desk.kill(account_wide=True)
    assert not told.verified
    assert "scripted cannot cancel the orders of others: its capabilities do not declare it" in told.problems
    assert desk.open_refs == []


def test_F45_an_order_that_arrives_during_the_kill_is_cancelled(desk: KillDesk) -> None:
    desk.broker.on("place", arrives=False)
    (order,) = desk.leave()
    assert order.status is OrderStatus.IN_DOUBT
    desk.broker.on("connect", later(12, desk.arriving(order)))
    told = desk.kill()
    assert told.is_done
    assert [(one.order_id, one.outcome) for one in told.stopped] == [(order.order_id, "CANCELLED")]


def test_F45_with_an_order_in_doubt_nothing_is_proved_before_the_grace_is_over(desk: KillDesk) -> None:
    desk.broker.on("place", arrives=False)
    desk.leave()
    told = desk.kill(seconds=desk.configuration.engine.grace - 1)
    assert not told.verified
    assert desk.kill().verified


def test_F45_after_a_change_that_nobody_answered_nothing_is_proved_before_the_grace_is_over(desk: KillDesk) -> None:
    async def change(engine: OrderExecutionEngine) -> None:
        order = await engine.place_order(GOOG, buy())
        desk.broker.on("modify")
        with pytest.raises(OutcomeUnknown):
            await engine.modify_order(order.order_id, quantity=5)

    desk.run(change)
    assert not desk.kill(seconds=desk.configuration.engine.grace - 1).verified


def test_F45_the_latch_is_durable_before_the_first_cancel_leaves(desk: KillDesk) -> None:
    desk.leave()
    seen: list[tuple[bool, str]] = []

    def look(broker: ScriptedBroker, refs: tuple[str, ...]) -> None:
        seen.append(((desk.folder / ".v6/HALT").exists(), record_of(desk.journal).trading_state))
        broker.confirm(refs[0])

    desk.broker.on("cancel", look)
    desk.kill()
    assert seen == [(True, "HALTED")]


def test_F45_an_order_that_comes_to_light_unannounced_is_cancelled(desk: KillDesk) -> None:
    desk.leave()
    desk.broker.on(
        "cancel", lambda broker, refs: broker.confirm(refs[0]), later(3, desk.arriving(desk.unknown_order()))
    )
    told = desk.kill()
    assert told.is_done
    assert (len(told.stopped), desk.open_refs) == (2, [])


@pytest.mark.parametrize("step", [refuses("busy"), raises(ConnectionResetError("reset")), hangs, raises(KeyError("?"))])
def test_a_cancel_that_fails_is_repeated(desk: KillDesk, step: Step) -> None:
    desk.leave()
    desk.broker.on("cancel", step)
    told = desk.kill()
    assert told.is_done
    assert desk.times("cancel") == 2


def test_a_cancel_that_nobody_answers_is_repeated(desk: KillDesk) -> None:
    desk.leave()
    desk.broker.on("cancel")
    desk.broker.on("cancel")
    assert desk.kill().is_done
    assert desk.times("cancel") == 3


def test_a_cancel_that_is_refused_for_good_is_not_proved(desk: KillDesk) -> None:
    (order,) = desk.leave()
    desk.broker.on("cancel", refuses("no"), always=True)
    told = desk.kill()
    assert not told.verified
    assert [one.order_id for one in told.open] == [order.order_id]


def test_a_fill_that_overtakes_the_cancel_is_told(desk: KillDesk) -> None:
    desk.leave()
    desk.broker.on("cancel", lambda broker, refs: broker.fill(refs[0]))
    told = desk.kill()
    assert told.is_done
    assert [one.outcome for one in told.stopped] == ["FILLED"]


def test_a_broker_that_does_not_yet_let_go_of_the_engine_is_tried_again(desk: KillDesk) -> None:
    desk.leave()
    for _ in range(3):
        desk.broker.on("connect", raises(Unavailable("client id 6 is in use")))
    assert desk.kill().is_done


def test_a_broker_that_cannot_be_reached_leaves_it_unproved_and_halted(desk: KillDesk) -> None:
    desk.leave()
    desk.broker.on("connect", raises(Unavailable("no route to host")), always=True)
    told = desk.kill(seconds=10)
    assert (told.is_latched, told.verified) == (True, False)
    assert any("no route to host" in problem for problem in told.problems)


def test_a_snapshot_that_fails_proves_nothing(desk: KillDesk) -> None:
    desk.leave()
    desk.broker.on("snapshot", raises(Unavailable("busy")), always=True)
    told = desk.kill(seconds=20)
    assert not told.verified
    assert any("busy" in problem for problem in told.problems)


def test_a_cancel_that_came_too_late_for_an_order_that_has_ended_is_no_problem(desk: KillDesk) -> None:
    desk.leave()
    desk.broker.on("cancel", confirms, raises(NotSent("it has no such order any more")))
    told = desk.kill()
    assert (told.is_done, told.problems) == (True, ())


def test_nonsense_of_the_broker_is_told_once_and_not_journaled(desk: KillDesk) -> None:
    (order,) = desk.leave()

    def lie(broker: ScriptedBroker, _refs: tuple[str, ...]) -> None:
        report = broker.book.find(order).report(broker.now())
        assert report.terms is not None
        foreign = report.terms.model_copy(update={"contract": MSFT})
        broker.say(*[report.model_copy(update={"terms": foreign})] * 2)

    desk.broker.on("snapshot", lie)
    told = desk.kill()
    assert told.is_done
    (problem,) = told.problems
    assert "what cannot be" in problem
    assert "MSFT" in problem


def test_a_plugin_that_cannot_be_loaded_leaves_it_halted(desk: KillDesk) -> None:
    desk.leave()
    (desk.folder / "scripted_at_hand.py").write_text("raise RuntimeError('broken')")
    told = desk.kill()
    assert (told.is_latched, told.verified) == (True, False)
    assert any("broken" in problem for problem in told.problems)


def test_work_of_several_orders_does_not_go_on_after_a_kill(desk: KillDesk) -> None:
    desk.leave()
    with OfflineJournal.open(desk.journal, "scripted") as journal:
        orders = tuple(sell(contract=GOOG) for _ in range(2))
        plan = KeptGroup(members=orders, oca_type=OcaType.CANCEL_WITH_BLOCK)
        journal.write(SagaPlanned(time=desk.broker.now(), plan=plan))
    assert desk.kill().is_done
    assert record_of(desk.journal, "scripted").sagas == {}


# Without a journal, or with a damaged one.


def test_without_a_journal_nothing_is_guessed(desk: KillDesk) -> None:
    told = desk.kill()
    assert (told.is_latched, told.verified, told.engine_id) == (True, False, None)
    assert any("nobody knows which orders are ours" in problem for problem in told.problems)
    assert not desk.journal.exists()


def test_without_a_journal_its_engine_id_tells_which_orders_are_ours(desk: KillDesk) -> None:
    desk.leave()
    engine_id = desk.engine_id
    desk.journal.rename(desk.folder / "away.db")
    told = desk.kill(engine_id=engine_id)
    assert (told.verified, desk.open_refs) == (True, [])


def test_without_a_journal_nothing_is_proved_before_the_grace_is_over(desk: KillDesk) -> None:
    desk.leave()
    engine_id = desk.engine_id
    desk.journal.rename(desk.folder / "away.db")
    assert not desk.kill(engine_id=engine_id, seconds=desk.configuration.engine.grace - 1).verified


def test_without_a_journal_account_wide_needs_no_engine_id(desk: KillDesk) -> None:
    desk.leave()
    for path in desk.journal.parent.iterdir():
        path.unlink()
    told = desk.kill(account_wide=True)
    assert (told.verified, desk.open_refs) == (True, [])


def test_a_journal_that_cannot_be_written_is_read(desk: KillDesk) -> None:
    desk.leave()
    with SqliteJournal.open(desk.journal, ids=RandomIds()):  # another thread of this process: it cannot be ended
        told = desk.kill()
    assert (told.verified, told.in_journal, desk.open_refs) == (True, False, [])
    assert told.process.ending is Ending.UNKNOWN
    assert not told.is_done


def test_a_journal_that_is_garbage_does_not_stop_a_kill(desk: KillDesk) -> None:
    desk.leave()
    engine_id = desk.engine_id
    desk.journal.write_bytes(os.urandom(4096))
    told = desk.kill(engine_id=engine_id)
    assert (told.is_latched, told.verified, desk.open_refs) == (True, True, [])
    assert any("journal cannot be" in problem for problem in told.problems)


def test_a_journal_that_is_damaged_in_the_middle_still_tells_which_orders_are_ours(desk: KillDesk) -> None:
    desk.leave(buy(), buy(5))
    with contextlib.closing(sqlite3.connect(desk.journal)) as connection, connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("UPDATE rows SET payload = replace(payload, '100', '101') WHERE seq = 2")
    told = desk.kill()
    assert (told.verified, told.in_journal, desk.open_refs) == (True, False, [])
    assert any("cannot be read whole" in problem for problem in told.problems)


@pytest.mark.skipif(os.name != "posix", reason="a limit on the size of files")
def test_a_disk_that_fills_up_on_the_way_does_not_stop_a_kill(desk: KillDesk) -> None:
    desk.leave(*(buy(1 + number) for number in range(5)))
    with files_of_at_most(32_768):
        told = desk.kill()
    assert (told.is_done, len(told.stopped), desk.open_refs) == (True, 5, [])
    assert any("the journal takes nothing any more" in problem for problem in told.problems)


@contextlib.contextmanager
def files_of_at_most(size: int) -> Generator[None]:
    """Let no file grow beyond so many bytes."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_where_the_halt_file_is_off_the_journal_alone_holds_orders_back(tmp_path: Path) -> None:
    desk = KillDesk(tmp_path, halt_file="off")
    desk.leave()
    told = desk.kill()
    assert (told.is_done, told.halt_file, told.in_journal) == (True, None, True)
    assert told.notes == ("[risk] halt_file is off: only the journal holds orders back afterwards",)


def test_a_halt_file_that_cannot_be_written_is_told_and_the_kill_goes_on(tmp_path: Path) -> None:
    (tmp_path / "not-a-folder").write_text("")
    desk = KillDesk(tmp_path, halt_file="not-a-folder/HALT")
    desk.leave()
    told = desk.kill()
    assert (told.is_done, told.halt_file, desk.open_refs) == (True, None, [])
    assert any(problem.startswith("the halt file") for problem in told.problems)


# Flattening.


def test_flattening_closes_each_position_once_the_cancels_are_proved(desk: KillDesk) -> None:
    async def hold(engine: OrderExecutionEngine) -> None:
        for contract, order in ((GOOG, buy(10)), (MSFT, sell(4)), (GOOG, buy(3, "90"))):
            placed = await engine.place_order(contract, order)
            if order.limit_price == 100:
                desk.broker.fill(placed)

    desk.run(hold)
    desk.broker.on("place", lambda broker, refs: broker.fill(refs[0]), always=True)
    told = desk.kill(flatten=True)
    assert told.is_done
    assert {order.signed_quantity for order in told.flattening} == {-10, 4}
    assert desk.broker.book.positions() == ()


def test_nothing_is_flattened_where_the_cancels_are_not_proved(desk: KillDesk) -> None:
    async def hold(engine: OrderExecutionEngine) -> None:
        desk.broker.fill(await engine.place_order(GOOG, buy()))
        await engine.place_order(GOOG, buy(3, "90"))

    desk.run(hold)
    desk.broker.on("cancel", refuses("no"), always=True)
    told = desk.kill(flatten=True)
    assert (told.flat, told.flattening) == (False, ())


def test_nothing_is_flattened_unasked(desk: KillDesk) -> None:
    async def hold(engine: OrderExecutionEngine) -> None:
        desk.broker.fill(await engine.place_order(GOOG, buy()))

    desk.run(hold)
    told = desk.kill()
    assert (told.is_done, told.flat, len(desk.broker.book.positions())) == (True, None, 1)


# The process.


def test_no_process_is_ended_where_nobody_holds_the_journal(tmp_path: Path) -> None:
    assert end_process(tmp_path / "journal.db").ending is Ending.NONE


def test_a_process_is_not_ended_for_a_lock_that_it_does_not_hold(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as bystander:
        with SqliteJournal.open(path, ids=RandomIds()):
            path.with_name("journal.db.lock").write_text(str(bystander.pid))
            told = end_process(path)
        assert (told.ending, told.pid, bystander.poll()) == (Ending.UNKNOWN, bystander.pid, None)
        bystander.kill()


def test_a_kill_without_a_reason_does_nothing(desk: KillDesk) -> None:
    with pytest.raises(ValueError, match="say why"):
        desk.kill(reason=" ")
    assert not (desk.folder / ".v6").exists()
