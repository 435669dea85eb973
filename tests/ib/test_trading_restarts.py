"""What survives: fills while nobody was connected, restarts of either side, numbers given out again, commissions."""

from functools import partial
from pathlib import Path

import pytest

from ib.ib_desk import ACME, D, Tws, bound, call, engine_on, ib, on_loop, tws
from v6_ib_plugin.data.instruments import Instruments
from v6_ib_plugin.gateway.faults import Cut, Restart, RollBackIds, Undecodable, When
from v6_ib_plugin.gateway.faults.effects import Moment
from v6core.contracts import Combo, ComboLeg, Contract
from v6core.errors import Unavailable
from v6core.identifiers import SeededIds
from v6core.journal import SqliteJournal
from v6core.orders import BracketOrder, Order, OrderStatus
from v6core.reports import FillReport, LinkState, OrderReport


def journal_in(folder: Path) -> SqliteJournal:
    return SqliteJournal.open(folder / "journal.db", ids=SeededIds(1))


@on_loop
async def test_an_order_is_found_again_by_its_reference_and_can_be_changed(tmp_path: Path) -> None:
    async with tws() as gateway:
        gateway.price(100)
        async with engine_on(gateway, tmp_path, partial(journal_in, tmp_path)) as engine:
            order = await engine.place_order(ACME, Order.limit("BUY", 10, 90))
        async with engine_on(gateway, tmp_path, partial(journal_in, tmp_path)) as engine:
            await engine.ready(5)
            after = await engine.modify_order(order.order_id, limit_price=91)
            assert after.limit_price == 91
            assert after.anomalies == ()
            assert await engine.cancel_order(order.order_id)


@on_loop
async def test_a_fill_while_nobody_was_connected_is_counted_once(tmp_path: Path) -> None:
    async with tws() as gateway:
        gateway.price(100)
        async with engine_on(gateway, tmp_path, partial(journal_in, tmp_path)) as engine:
            order = await engine.place_order(ACME, Order.limit("BUY", 10, 90))
        gateway.price(89)
        for _ in range(2):
            async with engine_on(gateway, tmp_path, partial(journal_in, tmp_path)) as engine:
                after = await engine.wait_for(order.order_id, "FILLED", timeout=5)
                assert after.filled_quantity == 10
                assert after.commission == 1
                assert after.anomalies == ()


VERTICAL = Combo("ACME", [ComboLeg(call(100), "BUY"), ComboLeg(call(105), "SELL")])


async def shown_to_another_run(gateway: Tws, folder: Path) -> Contract | None:
    """Place a combo that waits, end the run, and return what another one is shown it trades."""
    gateway.price(3, call(100))
    gateway.price(1, call(105))
    order = bound(Order.limit("BUY", 1, "0.05"), VERTICAL)
    async with ib(gateway, folder) as desk:
        await desk.place(order)
        await desk.standing(order, "SUBMITTED")
    async with ib(gateway, folder) as desk:
        (row,) = (await desk.broker.snapshot()).open_orders
        assert row.terms is not None
        return row.terms.contract


@on_loop
async def test_a_combo_of_an_earlier_run_is_shown_with_its_legs(tmp_path: Path) -> None:
    async with tws() as gateway:
        shown = await shown_to_another_run(gateway, tmp_path)
        assert shown is not None
        assert shown.key == VERTICAL.key


@on_loop
async def test_a_leg_that_tws_does_not_tell_of_breaks_no_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent(*_: object) -> None:
        raise Unavailable("TWS did not answer")

    monkeypatch.setattr(Instruments, "learn", silent)
    async with tws() as gateway:
        assert await shown_to_another_run(gateway, tmp_path) is None


@on_loop
async def test_the_exits_of_a_bracket_of_an_earlier_run_can_be_changed(tmp_path: Path) -> None:
    async with tws() as gateway:
        gateway.price(100)
        bracket = BracketOrder(Order.limit("BUY", 10, 95), Order.limit("SELL", 10, 110), Order.stop("SELL", 10, 85))
        async with engine_on(gateway, tmp_path, partial(journal_in, tmp_path)) as engine:
            entry, take, stop = (await engine.place_bracket_order(bracket, ACME)).order_ids
            gateway.price(94)
            await engine.wait_for(entry, "FILLED", timeout=5)
        async with engine_on(gateway, tmp_path, partial(journal_in, tmp_path)) as engine:
            await engine.ready(5)
            # By now TWS shows the exits in a group of its own name, and refuses a change that names the first one.
            after = await engine.modify_order(stop, stop_price=90)
            assert after.stop_price == 90
            assert after.anomalies == ()
            gateway.price(111)
            await engine.wait_for(take, "FILLED", timeout=5)
            await engine.wait_for(stop, "CANCELLED", timeout=5)


@on_loop
async def test_a_link_cut_behind_an_order_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    async with tws() as gateway, engine_on(gateway, tmp_path) as engine:
        gateway.price(100)
        await engine.ready(5)
        gateway.arm(When.order(1), Cut(moment=Moment.UNANSWERED))
        order = await engine.place_order(ACME, Order.limit("BUY", 10, 90))
        assert order.status is OrderStatus.IN_DOUBT
        await engine.wait_for(order.order_id, "SUBMITTED", timeout=10)
        assert len(gateway.placed) == 1


@on_loop
async def test_a_link_cut_before_an_order_proves_it_lost(tmp_path: Path) -> None:
    async with tws() as gateway, engine_on(gateway, tmp_path) as engine:
        gateway.price(100)
        await engine.ready(5)
        gateway.arm(When.order(1), Cut(moment=Moment.BEFORE))
        order = await engine.place_order(ACME, Order.limit("BUY", 10, 90))
        assert order.status is OrderStatus.IN_DOUBT
        await engine.wait_for(order.order_id, "LOST", timeout=10)
        assert gateway.placed == []


@on_loop
async def test_a_restart_of_tws_keeps_what_was_released(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        gateway.price(100)
        order = bound(Order.limit("BUY", 10, 90))
        await desk.place(order)
        await desk.standing(order, "SUBMITTED")
        gateway.arm(When.now(), Restart(seconds=0.1))
        await desk.link_is(LinkState.DOWN)
        await desk.link_is(LinkState.UP)
        await desk.broker.cancel(order)
        await desk.standing(order, "CANCELLED")


@on_loop
async def test_numbers_given_out_again_attribute_nothing_to_another_order(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        gateway.price(100)
        first, second = (bound(Order.limit("BUY", 10, 90)) for _ in range(2))
        await desk.place(first)
        await desk.standing(first, "SUBMITTED")
        gateway.arm(When.now(), RollBackIds(next_id=1))
        gateway.arm(When.now(), Cut())
        await desk.link_is(LinkState.DOWN)
        await desk.link_is(LinkState.UP)
        await desk.place(second)
        await desk.standing(second, "SUBMITTED")
        assert gateway.numbers(second)[0] > gateway.numbers(first)[0]
        await desk.broker.cancel(second)
        await desk.standing(second, "CANCELLED")
        assert desk.of(OrderReport, first)[-1].status == "SUBMITTED"


@on_loop
async def test_fills_fetched_after_the_link_was_cut_are_told_once_with_their_commissions(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        gateway.price(100)
        order = bound(Order.limit("BUY", 10, 90))
        await desk.place(order)
        await desk.standing(order, "SUBMITTED")
        gateway.arm(When.now(), Cut())
        await desk.link_is(LinkState.DOWN)
        gateway.price(89)
        await desk.link_is(LinkState.UP)
        await desk.heard(lambda: desk.of(FillReport, order))
        (shown,) = (await desk.broker.find(order.order_ref or "")).fills
        assert shown.fill.commission == D(1)
        await desk.broker.snapshot()
        assert len(desk.of(FillReport, order)) == 1


@on_loop
async def test_what_could_not_be_read_is_made_up_for_by_a_look(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        gateway.price(100)
        gateway.arm(When.message("ExecDetails"), Undecodable())
        order = bound(Order.limit("BUY", 10, 100))
        await desk.place(order)
        await desk.heard(lambda: desk.of(FillReport, order))


@on_loop
async def test_the_lists_are_said_to_reach_back_to_a_midnight(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        shown = await desk.broker.snapshot()
        assert shown.fills_since is not None
        assert shown.fills_since == shown.completed_since
        assert 0 <= (shown.time - shown.fills_since).total_seconds() < 24 * 3600
        assert shown.account.paper
