"""What ib_async makes of what TWS says, and what v6 makes of the same: both on one gateway, in one test each.

Each assertion on ``ib_async`` pins down what it gets wrong; were one to fail, that trap would be gone.
"""

import asyncio
import logging
from functools import partial
from pathlib import Path

import pytest
from ib_async import IB, Trade

from ib.ib_desk import PLAIN_ACME, BrokerDesk, D, Tws, bound, ib, on_loop, plain, plain_limit, ref_of, tws, until
from v6_ib_plugin.gateway.faults import Announce, Correct, Cut, When
from v6_ib_plugin.gateway.wire import messages
from v6_ib_plugin.terms import IbContract, IbOrder, IbOrderState, IbOrderStatus
from v6core.errors import NotSent
from v6core.orders import Order
from v6core.reports import FillCorrectionReport, FillReport, LinkState, OrderReport, RejectionReport, ReportedStatus

OURS, THEIRS = 6, 9


@pytest.fixture(autouse=True)
def _quiet() -> None:
    logging.getLogger("ib_async").setLevel(logging.CRITICAL)


async def resting(gateway: Tws, desk: BrokerDesk) -> tuple[Order, int]:
    """Place an order of ours that rests, and return it with its number."""
    order = bound(Order.limit("BUY", 10, 90))
    await desk.place(order)
    await desk.standing(order, "SUBMITTED")
    return order, gateway.numbers(order)[0]


async def settled() -> None:
    await asyncio.sleep(0.05)


def is_submitted(trade: Trade) -> bool:
    return trade.orderStatus.status == "Submitted"


def say(gateway: Tws, client_id: int, number: int, code: int) -> None:
    gateway.arm(When.now(client_id), Announce(code=code, text="said of it", req_id=number))


INFORMATION = (103, 104, 135, 161, 200, 201, 202, 460, 10006, 10147, 10148, 10149, 10311, 10318, 10329, 10349)


@on_loop
async def test_trap_1_a_code_does_not_cancel_a_working_order(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk, plain(gateway) as client:
        gateway.price(100)
        trades: list[Trade] = []
        for code in INFORMATION:
            _, number = await resting(gateway, desk)
            trade = client.placeOrder(PLAIN_ACME, plain_limit())
            await until(partial(is_submitted, trade))
            trades.append(trade)
            say(gateway, OURS, number, code)
            say(gateway, THEIRS, trade.order.orderId, code)
        await settled()
        assert all(trade.orderStatus.status == "Cancelled" for trade in trades)
        assert {row.status for row in desk.of(OrderReport)} == {ReportedStatus.SUBMITTED}
        assert desk.of(RejectionReport) == []
        assert len(await open_refs(desk)) == len(INFORMATION)


async def open_refs(desk: BrokerDesk) -> set[str | None]:
    shown = await desk.broker.snapshot()
    return {row.order_ref for row in shown.open_orders if row.order_ref and row.order_ref.startswith("v6-")}


@on_loop
async def test_trap_2_a_warning_does_not_hide_how_an_order_stands(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk, plain(gateway) as client:
        gateway.price(100)
        for code in (110, 321, 399, 2109):
            order, number = await resting(gateway, desk)
            trade = client.placeOrder(PLAIN_ACME, plain_limit())
            await until(partial(is_submitted, trade))
            say(gateway, OURS, number, code)
            say(gateway, THEIRS, trade.order.orderId, code)
            await settled()
            assert trade.orderStatus.status == "ValidationError"
            assert desk.of(OrderReport, order)[-1].status is ReportedStatus.SUBMITTED
            assert desk.of(OrderReport, order)[-1].working


@on_loop
async def test_trap_3_a_change_of_a_filled_order_sends_nothing(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk, plain(gateway) as client:
        gateway.price(100)
        trade = client.placeOrder(PLAIN_ACME, plain_limit(100))
        order = bound(Order.limit("BUY", 10, 100))
        await desk.place(order)
        await desk.standing(order, "FILLED")
        await until(lambda: trade.orderStatus.status == "Filled")
        before = len(gateway.placed)
        with pytest.raises(NotSent, match="no open order"):
            await desk.broker.modify(order, {"limit_price": D(99)})
        await settled()
        assert len(gateway.placed) == before
        trade.order.lmtPrice = 99
        with pytest.raises(AssertionError):
            client.placeOrder(PLAIN_ACME, trade.order)
        await settled()
        assert len(gateway.placed) == before + 1


@on_loop
async def test_trap_4_a_stale_status_does_not_bring_a_filled_order_back(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk, plain(gateway) as client:
        gateway.price(100)
        trade = client.placeOrder(PLAIN_ACME, plain_limit(100))
        order = bound(Order.limit("BUY", 10, 100))
        await desk.place(order)
        await desk.standing(order, "FILLED")
        await until(lambda: trade.orderStatus.status == "Filled")
        for client_id, number in ((OURS, gateway.numbers(order)[0]), (THEIRS, trade.order.orderId)):
            stale = IbOrderStatus(order_id=number, status="Submitted", remaining=D(10), client_id=client_id)
            gateway.say(client_id, messages.OrderStatus(stale))
        await settled()
        assert trade.orderStatus.status == "Submitted"
        with pytest.raises(NotSent, match="no open order"):
            await desk.broker.cancel(order)


@on_loop
async def test_trap_5_what_filled_while_nobody_was_connected_is_told(tmp_path: Path) -> None:
    async with tws() as gateway:
        gateway.price(100)
        order = bound(Order.limit("BUY", 10, 90))
        async with ib(gateway, tmp_path) as desk, plain(gateway) as client:
            await desk.place(order)
            client.placeOrder(PLAIN_ACME, plain_limit(90))
            await desk.standing(order, "SUBMITTED")
            await settled()
        gateway.price(89)
        async with ib(gateway, tmp_path) as desk:
            assert [row.fill.quantity for row in desk.of(FillReport, order)] == [10]
        told: list[object] = []
        again = IB()
        again.execDetailsEvent += told.append
        await again.connectAsync("127.0.0.1", gateway.gateway.port, clientId=THEIRS, timeout=4)
        await settled()
        assert again.fills()
        assert told == []
        again.disconnect()
        await asyncio.sleep(0)


@on_loop
async def test_trap_6_fills_that_are_asked_for_again_keep_their_commissions(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk, plain(gateway) as client:
        gateway.price(100)
        order = bound(Order.limit("BUY", 10, 100))
        await desk.place(order)
        client.placeOrder(PLAIN_ACME, plain_limit(100))
        await desk.standing(order, "FILLED")
        await settled()
        await client.reqExecutionsAsync()
        asked = await client.reqExecutionsAsync()
        assert {fill.commissionReport.execId for fill in asked} == {""}
        for _ in range(2):
            shown = await desk.broker.snapshot()
            assert {row.fill.commission for row in shown.fills} == {D(1)}


@on_loop
async def test_trap_7_a_correction_is_not_another_fill(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk, plain(gateway) as client:
        gateway.price(100)
        for client_id in (OURS, THEIRS):
            gateway.arm(When.message("ExecDetails", client_id=client_id), Correct(price=D("99.5")))
        order = bound(Order.limit("BUY", 10, 100))
        await desk.place(order)
        trade = client.placeOrder(PLAIN_ACME, plain_limit(100))
        await desk.heard(lambda: desk.of(FillCorrectionReport, order))
        await until(lambda: len(trade.fills) == 2)
        assert trade.filled() == 20
        assert len(desk.of(FillReport, order)) == 1
        (told,) = desk.of(FillCorrectionReport, order)
        assert told.replaces == desk.of(FillReport, order)[0].fill.execution_id


@on_loop
async def test_trap_8_a_status_that_comes_before_its_order_is_kept(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk, plain(gateway) as client:
        order = bound(Order.limit("BUY", 10, 90))
        for client_id in (OURS, THEIRS):
            status = IbOrderStatus(order_id=77, status="Submitted", filled=D(3), perm_id=77, client_id=client_id)
            shown = IbOrder(
                order_id=77, client_id=client_id, perm_id=77, order_ref=ref_of(order), action="BUY", order_type="LMT",
                total_quantity=D(10), lmt_price=D(90), tif="DAY",
            )  # fmt: skip
            gateway.say(client_id, messages.OrderStatus(status))
            contract = IbContract(symbol="ACME", sec_type="STK", exchange="SMART", currency="USD")
            gateway.say(client_id, messages.OpenOrder(contract, shown, IbOrderState(status="PreSubmitted")))
        await desk.standing(order, "PARTIALLY_FILLED")
        assert desk.of(OrderReport, order)[-1].filled_quantity == 3
        (trade,) = client.trades()
        assert trade.orderStatus.filled == 0


@on_loop
async def test_trap_9_orders_are_known_after_the_link_was_cut(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk, plain(gateway) as client:
        gateway.price(100)
        order, _ = await resting(gateway, desk)
        client.placeOrder(PLAIN_ACME, plain_limit(90))
        await settled()
        for client_id in (OURS, THEIRS):
            gateway.arm(When.now(client_id), Cut())
        await desk.link_is(LinkState.DOWN)
        await settled()
        assert client.trades() == []
        await desk.link_is(LinkState.UP)
        await desk.broker.cancel(order)
        await desk.standing(order, "CANCELLED")


@on_loop
async def test_trap_13_placing_returns_when_the_order_has_left_and_says_which_have_not(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path, rate=45) as desk, plain(gateway) as client:
        gateway.price(100)
        placed = [client.placeOrder(PLAIN_ACME, plain_limit(90)) for _ in range(60)]
        client.disconnect()
        await settled()
        theirs = sum(row.order.client_id == THEIRS or not row.order.order_ref for row in gateway.placed)
        assert len(placed) == 60
        assert theirs < 60
        orders = [bound(Order.limit("BUY", 1, 90)) for _ in range(60)]
        tasks = [asyncio.ensure_future(desk.place(order)) for order in orders]
        arrived: set[str] = set()

        def all_that_left_have_arrived() -> bool:
            arrived.update(row.order.order_ref for row in gateway.placed)
            left = [ref_of(order) for order, task in zip(orders, tasks, strict=True) if task.done()]
            return len(left) >= 30 and arrived.issuperset(left)

        await until(all_that_left_have_arrived)
        gateway.arm(When.now(OURS), Cut())
        done = await asyncio.gather(*tasks, return_exceptions=True)
        arrived.update(row.order.order_ref for row in gateway.placed)
        for order, outcome in zip(orders, done, strict=True):
            if isinstance(outcome, NotSent):
                assert ref_of(order) not in arrived
        assert any(isinstance(outcome, NotSent) for outcome in done)
        assert all(ref_of(o) in arrived for o, outcome in zip(orders, done, strict=True) if outcome is None)
