"""What must never be: an entry that works without its exits, an exit sent twice, protection taken from what filled."""

# What goes on beside is looked at here.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import pytest

from ib.ib_desk import ACME, D, Tws, all_are, bound, engine_on, ib, legs, on_loop, ref_of, tws, until
from v6_ib_plugin.gateway.faults import Connectivity, Delay, Refuse, When
from v6_ib_plugin.terms import IbCompletion, IbContract, IbOrder
from v6_ib_plugin.transport import Transport
from v6_ib_plugin.transport.client import TwsConnection
from v6core.errors import NotSent, Unavailable
from v6core.identifiers import SeededIds
from v6core.journal import SqliteJournal
from v6core.orders import BracketOrder, Order
from v6core.reports import OrderReport, RejectionReport

PLAIN = IbContract(symbol="ACME", sec_type="STK", exchange="SMART", currency="USD")


@pytest.mark.parametrize("late", [0, 0.15])
@on_loop
async def test_an_entry_whose_number_is_refused_is_not_sent_alone(tmp_path: Path, late: float) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        gateway.price(100)
        orders = legs(entry="101")
        if late:
            gateway.arm(When.message("ErrMsg"), Delay(seconds=late, others_wait=True))
        gateway.arm(When.order(1), Refuse(code=103, text="Duplicate order id"))
        await desk.place(*orders)
        await desk.heard(lambda: all(desk.of(RejectionReport, one) for one in orders))
        assert gateway.numbers(orders[0]) == []
        assert gateway.parked == []


@on_loop
async def test_exits_stay_until_their_entry_is_known_to_be_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    async def lose(_transport: Transport, order_id: int) -> None:
        asked.append(order_id)

    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        gateway.price(100)
        parent, take, stop = legs()
        gateway.lose(take)  # so that the bracket is taken back
        monkeypatch.setattr(Transport, "cancel_order", lose)  # and TWS leaves open whether that can still be
        await desk.place(parent, take, stop)
        await until(lambda: not desk.broker._trading._chores._tasks)
        assert asked == gateway.numbers(parent)


@on_loop
async def test_servers_lost_and_back_in_the_middle_of_a_bracket_leave_it_as_it_was_sent(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        gateway.price(100)
        orders = legs()
        gateway.arm(When.request("PlaceOrder", order_ref=ref_of(orders[1])), Delay(seconds=0.1))
        gateway.arm(When.order(1), Connectivity(code=1102))
        await desk.place(*orders)
        await all_are(desk, orders, "SUBMITTED")
        await asyncio.sleep(0.5)
        assert desk.of(OrderReport, orders[0])[-1].status == "SUBMITTED"


@on_loop
async def test_a_missing_exit_that_a_list_of_what_is_over_shows_is_not_sent_under_another_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        gateway.price(100)
        parent, take, stop = legs(entry="101")
        ended = IbOrder(order_ref=ref_of(take), perm_id=4711, action="SELL", total_quantity=D(10), order_type="LMT")

        async def completed(_transport: Transport, **_: object) -> tuple[object, ...]:
            if not gateway.numbers(take):
                return ()
            return ((PLAIN, ended, IbCompletion(status="Cancelled", completed_status="Cancelled by Trader")),)

        monkeypatch.setattr(Transport, "completed_orders", completed)
        gateway.lose(take)
        await desk.place(parent, take, stop)
        await desk.standing(take, "CANCELLED")
        await until(lambda: not desk.broker._trading._chores._tasks)
        assert len(gateway.numbers(take)) == 1


@on_loop
async def test_a_missing_exit_is_not_sent_under_another_number_where_a_list_cannot_be_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        gateway.price(100)
        parent, take, stop = legs(entry="101")

        async def silent(_transport: Transport, **_: object) -> tuple[object, ...]:
            if not gateway.numbers(take):
                return ()
            raise Unavailable("TWS did not answer")

        monkeypatch.setattr(Transport, "executions", silent)
        gateway.lose(take)
        await desk.place(parent, take, stop)
        await desk.standing(parent, "FILLED")
        await until(lambda: gateway.numbers(take))
        await until(lambda: not desk.broker._trading._chores._tasks)
        assert len(gateway.numbers(take)) == 1


@on_loop
async def test_an_exit_that_hangs_on_an_entry_whose_number_is_forgotten_is_not_sent_by_itself(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        gateway.price(100)
        parent, take, _ = legs()
        await desk.place(parent)
        await desk.standing(parent, "SUBMITTED")
        (known,) = desk.broker._trading._book.register.under(ref_of(parent))
        known.key = None
        with pytest.raises(NotSent):
            await desk.place(take)
        assert gateway.numbers(take) == []


@on_loop
async def test_what_was_half_filled_by_an_earlier_run_keeps_its_exits_when_the_rest_is_cancelled(
    tmp_path: Path,
) -> None:
    journal = partial(SqliteJournal.open, tmp_path / "journal.db", ids=SeededIds(1))
    async with tws() as gateway:
        gateway.price(100)
        bracket = BracketOrder(Order.limit("BUY", 10, 95), Order.limit("SELL", 10, 110), Order.stop("SELL", 10, 85))
        async with engine_on(gateway, tmp_path, journal) as engine:
            entry, take, stop = (await engine.place_bracket_order(bracket, ACME)).order_ids
            gateway.trade(95, 4)
            await engine.wait_for(entry, "PARTIALLY_FILLED", timeout=5)
        async with engine_on(gateway, tmp_path, journal) as engine:
            await engine.ready(5)
            assert await engine.cancel_order(entry)
            await until(lambda: len(gateway.placed) == 5)
            for order_id in (take, stop):
                order = await engine.wait_for(order_id, "SUBMITTED", timeout=5)
                assert order.anomalies == ()
            gateway.price(111)
            await engine.wait_for(take, "FILLED", timeout=5)
            await engine.wait_for(stop, "CANCELLED", timeout=5)
            assert await engine.positions() == ()


@pytest.mark.parametrize("is_leaving", [True, False])
@on_loop
async def test_a_bracket_given_up_while_its_entry_leaves_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_leaving: bool
) -> None:
    async def full(_connection: TwsConnection) -> None:
        await asyncio.sleep(60)

    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        gateway.price(100)
        orders = legs()
        placing = asyncio.create_task(desk.place(*orders))
        if is_leaving:
            await desk.broker.qualify(ACME)
            monkeypatch.setattr(TwsConnection, "drained", full)
        await until(lambda: gateway.parked)
        placing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await placing
        monkeypatch.undo()
        await until(lambda: not gateway.parked)


@on_loop
async def test_a_change_of_an_exit_goes_before_other_orders_that_wait_for_their_turn(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path, rate=45) as desk:
        gateway.price(100)
        bracket = legs()
        await desk.place(*bracket)
        await all_are(desk, bracket, "SUBMITTED")
        waiting = [bound(Order.limit("BUY", 1, 90)) for _ in range(60)]
        placing = [asyncio.ensure_future(desk.place(order)) for order in waiting]
        await until(lambda: any(not one.done() for one in placing) and len(gateway.placed) > 30)
        stop = bracket[2]
        await desk.broker.modify(stop, {"stop_price": D(86)})
        assert sum(not one.done() for one in placing) > 5
        await asyncio.gather(*placing)
        assert len(gateway.numbers(stop)) == 2


def resting(gateway: Tws) -> list[Order]:
    return list(gateway.gateway.broker.native._exchange.orders.open())


@on_loop
async def test_what_filled_of_an_entry_that_was_cancelled_before_its_exits_were_seen_is_protected(
    tmp_path: Path,
) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        gateway.price(100)
        parent, take, stop = legs()
        gateway.arm(When.message("OpenOrder", nth=2), Delay(seconds=0.3, others_wait=True))
        await desk.place(parent, take, stop)
        await until(lambda: len(resting(gateway)) == 1)
        gateway.trade(95, 4)
        await desk.broker.cancel(parent)
        await until(lambda: len(gateway.placed) == 5)
        assert [sent.order.total_quantity for sent in gateway.placed[3:]] == [4, 4]
        await all_are(desk, (take, stop), "SUBMITTED")
        told = {row.status for leg in (take, stop) for row in desk.of(OrderReport, leg)}
        assert "CANCELLED" not in told


@on_loop
async def test_an_exit_whose_end_is_kept_back_is_found_once_it_is_decided(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        gateway.price(100)
        orders = legs()
        await desk.place(*orders)
        await all_are(desk, orders, "SUBMITTED")
        trading, take = desk.broker._trading, orders[1]
        await desk.broker.cancel(take)
        await desk.standing(take, "CANCELLED")
        (known,) = trading._book.register.under(ref_of(take))
        known.withheld = known.told
        asked = asyncio.create_task(desk.broker.find(ref_of(take)))
        await asyncio.sleep(0)
        await desk.broker.find(ref_of(orders[0]))  # which TWS answers behind it
        assert not asked.done()
        trading._hearing.tell(trading._book.release(known))
        assert [row.status for row in (await asked).orders] == ["CANCELLED"]
