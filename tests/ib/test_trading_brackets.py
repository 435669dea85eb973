"""Brackets over the wire: staged, verified, taken back or repaired, and looked after until they are over."""

# What the engine knows beyond what it tells.
# pyright: reportPrivateUsage=false

from contextlib import suppress
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest

from ib.ib_desk import ACME, all_are, bound, call, engine_on, ib, legs, on_loop, ref_of, tws, until
from v6_ib_plugin.gateway.faults import Cut, Refuse, Silence, When
from v6_ib_plugin.gateway.faults.effects import Moment
from v6_ib_plugin.gateway.wire import messages
from v6_ib_plugin.terms import IbAnswer, IbOrderStatus
from v6core.contracts import Combo, ComboLeg
from v6core.engine import OrderExecutionEngine
from v6core.errors import BrokerError, NotSent
from v6core.orders import BracketOrder, Order
from v6core.reports import LinkState, RejectionReport


def has_quantity(engine: OrderExecutionEngine, order_id: UUID, quantity: int) -> bool:
    return engine._run.record.states[order_id].terms.quantity == quantity


@on_loop
async def test_nothing_is_released_but_by_the_last_leg(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        gateway.price(100)
        await desk.place(*legs())
        await until(lambda: len(gateway.placed) == 3)
        assert [row.order.transmit for row in gateway.placed] == [False, False, True]


@on_loop
async def test_the_exits_hang_on_the_entry_and_the_entry_is_in_no_group(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        gateway.price(100)
        await desk.place(*legs())
        await until(lambda: len(gateway.placed) == 3)
        parent, *exits = [row.order for row in gateway.placed]
        assert [one.parent_id for one in exits] == [parent.order_id] * 2
        assert [one.oca_group for one in (parent, *exits)] == ["", "exits", "exits"]


@on_loop
async def test_every_leg_says_how_long_it_lives_and_when_it_works(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        gateway.price(100)
        parent, take, stop = legs()
        await desk.place(parent, take.replace(outside_rth=True), stop)
        await until(lambda: len(gateway.placed) == 3)
        assert [(row.order.tif, row.order.outside_rth) for row in gateway.placed] == [
            ("DAY", False),
            ("GTC", True),
            ("GTC", False),
        ]


@on_loop
async def test_the_entry_fills_an_exit_fills_and_the_other_is_cancelled(tmp_path: Path) -> None:
    async with tws() as gateway, engine_on(gateway, tmp_path) as engine:
        gateway.price(100)
        bracket = BracketOrder(Order.limit("BUY", 10, 95), Order.limit("SELL", 10, 110), Order.stop("SELL", 10, 85))
        placed = await engine.place_bracket_order(bracket, ACME)
        entry, take, stop = placed.order_ids
        gateway.price(94)
        await engine.wait_for(entry, "FILLED", timeout=5)
        gateway.price(111)
        await engine.wait_for(take, "FILLED", timeout=5)
        await engine.wait_for(stop, "CANCELLED", timeout=5)
        assert await engine.positions() == ()


@on_loop
async def test_an_exit_that_never_came_takes_the_bracket_back(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        gateway.price(100)
        orders = legs()
        gateway.arm(When.order(2), Silence())
        await desk.place(*orders)
        await all_are(desk, (orders[0], orders[2]), "CANCELLED")


@on_loop
async def test_an_exit_that_is_refused_takes_the_bracket_back(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        gateway.price(100)
        parent, take, stop = legs()
        gateway.arm(When.order(2), Refuse(code=201))
        await desk.place(parent, take, stop)
        await all_are(desk, (parent, stop), "CANCELLED")
        assert [row.code for row in desk.of(RejectionReport, take)] == ["201"]


@on_loop
async def test_an_entry_that_is_refused_takes_its_exits_with_it(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        gateway.price(100)
        orders = legs()
        gateway.arm(When.order(1), Refuse(code=201))
        await desk.place(*orders)
        await desk.heard(lambda: all(desk.of(RejectionReport, one) for one in orders))


@on_loop
async def test_an_exit_that_overtook_its_entry_is_sent_once_more(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        gateway.price(100)
        orders = legs()
        gateway.arm(When.order(2), Refuse(code=10006, text="Missing parent order."))
        await desk.place(*orders)
        await all_are(desk, orders, "SUBMITTED")
        assert desk.of(RejectionReport) == []


@on_loop
async def test_an_exit_that_overtook_its_entry_twice_takes_the_bracket_back(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        gateway.price(100)
        orders = legs()
        overtaken = Refuse(code=10006, text="Missing parent order.")
        gateway.arm(When.request("PlaceOrder", order_ref=ref_of(orders[1])), overtaken, times=2)
        await desk.place(*orders)
        await all_are(desk, (orders[0], orders[2]), "CANCELLED")
        await desk.heard(lambda: desk.of(RejectionReport, orders[1]))


@on_loop
async def test_a_missing_exit_of_an_entry_that_has_filled_is_sent_again_under_its_number_first(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        gateway.price(100)
        parent, take, stop = legs(entry="101")
        gateway.lose(take)
        await desk.place(parent, take, stop)
        await all_are(desk, (take, stop), "SUBMITTED")
        (first,) = gateway.numbers(parent)
        # TWS says that it never had the number (103), and none of its lists shows it: another makes no second order.
        same, another = gateway.numbers(take)
        assert (same, another > first + 2) == (first + 1, True)
        assert desk.of(RejectionReport) == []


@on_loop
async def test_exits_left_by_an_entry_cancelled_unfilled_are_cancelled(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        gateway.price(100)
        orders = legs()
        await desk.place(*orders)
        await all_are(desk, orders, "SUBMITTED")
        await desk.broker.cancel(orders[0])
        await all_are(desk, orders, "CANCELLED")


@on_loop
async def test_what_has_filled_of_an_entry_keeps_its_exits_when_the_rest_is_cancelled(tmp_path: Path) -> None:
    async with tws() as gateway, engine_on(gateway, tmp_path) as engine:
        gateway.price(100)
        bracket = BracketOrder(Order.limit("BUY", 10, 95), Order.limit("SELL", 10, 110), Order.stop("SELL", 10, 85))
        entry, take, stop = (await engine.place_bracket_order(bracket, ACME)).order_ids
        gateway.trade(95, 4)
        await engine.wait_for(entry, "PARTIALLY_FILLED", timeout=5)
        assert await engine.cancel_order(entry)
        await until(lambda: len(gateway.placed) == 5)
        for order_id in (take, stop):
            order = await engine.wait_for(order_id, "SUBMITTED", timeout=5)
            await until(partial(has_quantity, engine, order_id, 4))
            assert order.anomalies == ()
        gateway.price(111)
        await engine.wait_for(take, "FILLED", timeout=5)
        await engine.wait_for(stop, "CANCELLED", timeout=5)
        assert await engine.positions() == ()


@on_loop
async def test_an_exit_that_tws_cancels_beside_a_half_filled_entry_that_works_on_is_told(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        gateway.price(100)
        parent, take, stop = legs()
        await desk.place(parent, take, stop)
        await all_are(desk, (parent, take, stop), "SUBMITTED")
        gateway.trade(95, 4)
        await desk.standing(parent, "PARTIALLY_FILLED")
        (number,) = gateway.numbers(stop)
        gateway.say(6, messages.OrderStatus(IbOrderStatus(order_id=number, status="Cancelled", client_id=6)))
        await desk.standing(stop, "CANCELLED")
        assert len(gateway.placed) == 3


@on_loop
async def test_a_link_cut_between_the_legs_leaves_nothing_behind(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        gateway.price(100)
        orders = legs()
        gateway.arm(When.order(1), Cut(moment=Moment.AFTER))
        with pytest.raises(BrokerError) as error:
            await desk.place(*orders)
        assert not isinstance(error.value, NotSent)
        await desk.link_is(LinkState.UP)
        await until(lambda: not gateway.parked)


@on_loop
async def test_what_a_program_that_died_left_unreleased_is_cancelled_at_the_next_start(tmp_path: Path) -> None:
    async with tws() as gateway:
        gateway.price(100)
        async with ib(gateway, tmp_path) as desk:
            gateway.arm(When.order(2), Cut(moment=Moment.BEFORE))
            with suppress(BrokerError):  # it is cut while the last bytes leave, or just behind them
                await desk.place(*legs())
            await desk.broker.disconnect()
        assert gateway.parked
        async with ib(gateway, tmp_path):
            await until(lambda: not gateway.parked)


@on_loop
async def test_a_bracket_on_a_combo_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    combo = Combo("ACME", [ComboLeg(call(105), "BUY"), ComboLeg(call(110), "SELL")])
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        parent = bound(Order.limit("BUY", 1, "1"), combo)
        take = bound(Order.limit("SELL", 1, "2", parent_order_id=parent.order_id), combo)
        with pytest.raises(NotSent, match="TWS takes no brackets on combos"):
            await desk.place(parent, take)
        assert gateway.placed == []


@pytest.mark.parametrize("code", [None, 201])
@on_loop
async def test_an_exit_that_tws_drops_when_the_entry_has_filled_is_told_as_unprotected(
    tmp_path: Path, code: int | None
) -> None:
    async with tws() as gateway, engine_on(gateway, tmp_path) as engine:
        gateway.price(100)
        bracket = BracketOrder(Order.limit("BUY", 10, 95), Order.limit("SELL", 10, 110), Order.stop("SELL", 10, 85))
        entry, _, stop = (await engine.place_bracket_order(bracket, ACME)).order_ids
        gateway.price(94)
        await engine.wait_for(entry, "FILLED", timeout=5)
        number = gateway.placed[-1].order.order_id
        if code is not None:
            gateway.say(6, messages.ErrMsg(IbAnswer(req_id=number, code=code, text="no")))
        gateway.say(6, messages.OrderStatus(IbOrderStatus(order_id=number, status="Inactive", client_id=6)))
        await engine.wait_for(stop, "INACTIVE" if code is None else "REJECTED", timeout=5)
        await until(lambda: any("UNPROTECTED" in row.payload for row in engine.journal.rows()))


@on_loop
async def test_exits_on_their_own_are_sent_without_an_entry_that_is_over(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        gateway.price(100)
        parent, take, _ = legs(entry="101")
        await desk.place(parent)
        await desk.standing(parent, "FILLED")
        await desk.place(take)
        await desk.standing(take, "SUBMITTED")
        assert gateway.placed[-1].order.parent_id == 0
