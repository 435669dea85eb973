"""More of what ib_async makes of what TWS says, each beside what v6 makes of the same, in one test.

Each assertion on ``ib_async`` pins down what it gets wrong; were one to fail, that hazard would be gone.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ib_async import IB, Contract, Fill, MarketOrder, Stock, Trade
from ib_async import ComboLeg as PlainLeg

from ib.data_tws import CALL, PUT, Floor, on_floor
from ib.ib_desk import (
    ACME,
    PLAIN_ACME,
    D,
    Tws,
    bound,
    engine_on,
    ib,
    legs,
    on_loop,
    plain,
    plain_limit,
    ref_of,
    tws,
    until,
)
from ib.scripted_tws import ScriptedTws
from ib.transport_desk import plain as plain_on_script
from v6_ib_plugin.gateway.faults import Connectivity, Delay, Silence, When
from v6_ib_plugin.gateway.session import Session
from v6_ib_plugin.gateway.wire import messages, requests
from v6_ib_plugin.terms import IbContract, IbExecution, IbOrderState, IbOrderStatus
from v6core.contracts import Combo, ComboLeg
from v6core.contracts import Stock as OurStock
from v6core.errors import Unavailable
from v6core.orders import Order
from v6core.reports import FillReport, LinkState, OrderReport

OURS, THEIRS = 6, 9
WIRE_ACME = IbContract(con_id=11, symbol="ACME", sec_type="STK", exchange="SMART", currency="USD")


@pytest.fixture(autouse=True)
def _quiet() -> None:
    logging.getLogger("ib_async").setLevel(logging.CRITICAL)


async def settled() -> None:
    await asyncio.sleep(0.05)


def is_submitted(trade: Trade) -> bool:
    return trade.orderStatus.status == "Submitted"


def say_inactive(gateway: Tws, client_id: int, number: int) -> None:
    status = IbOrderStatus(order_id=number, status="Inactive", remaining=D(10), client_id=client_id)
    gateway.say(client_id, messages.OrderStatus(status))


@on_loop
async def test_an_inactive_order_is_not_over(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk, plain(gateway) as client:
        gateway.price(100)
        trade, order = client.placeOrder(PLAIN_ACME, plain_limit()), bound(Order.limit("BUY", 10, 90))
        await desk.place(order)
        await desk.standing(order, "SUBMITTED")
        await until(lambda: is_submitted(trade))
        say_inactive(gateway, THEIRS, trade.order.orderId)
        say_inactive(gateway, OURS, gateway.numbers(order)[0])
        await desk.standing(order, "INACTIVE")
        await until(lambda: trade.orderStatus.status == "Inactive")
        assert trade.isDone()
        gateway.arm(When.request("CancelOrder"), Silence())
        await desk.broker.cancel(order)
        await settled()
        assert desk.of(OrderReport, order)[-1].status == "INACTIVE"
        await desk.broker.cancel(order)
        await desk.standing(order, "CANCELLED")


@on_loop
async def test_an_order_that_was_never_released_is_not_cancelled_before_tws_says_so(tmp_path: Path) -> None:
    async with tws() as gateway, plain(gateway) as client:
        gateway.price(100)
        order = plain_limit()
        order.transmit = False
        trade = client.placeOrder(PLAIN_ACME, order)
        await until(lambda: gateway.placed)
        gateway.arm(When.request("CancelOrder"), Silence())
        client.cancelOrder(order)
        await settled()
        assert trade.orderStatus.status == "Cancelled"
        assert len(gateway.parked) == 1
        async with ib(gateway, tmp_path) as desk:
            ours = legs()
            gateway.lose(ours[1])  # so that the bracket is taken back
            gateway.arm(When.request("CancelOrder", client_id=OURS), Silence())
            await desk.place(*ours)
            await settled()
            assert "CANCELLED" not in {row.status for row in desk.of(OrderReport)}


@on_loop
async def test_a_group_and_a_time_in_force_that_tws_rewrites_are_told(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk, plain(gateway) as client:
        gateway.price(100)
        trade, order = client.placeOrder(PLAIN_ACME, plain_limit()), bound(Order.limit("BUY", 10, 90))
        await desk.place(order)
        await desk.standing(order, "SUBMITTED")
        await until(lambda: is_submitted(trade))
        for asked in gateway.placed:
            client_id = OURS if asked.order.order_ref else THEIRS
            rewritten = asked.order.replace(client_id=client_id, oca_group="1377295418", oca_type=3, tif="GTC")
            shown = messages.OpenOrder(asked.contract, rewritten, IbOrderState(status="Submitted"))
            gateway.say(client_id, shown)
        await settled()
        assert (trade.order.ocaGroup, trade.order.tif) == ("", "DAY")
        terms = desk.of(OrderReport, order)[-1].terms
        assert terms is not None
        assert (terms.oca_group, terms.tif) == ("1377295418", "GTC")


@on_loop
async def test_an_order_that_is_told_to_be_filled_has_its_fills(tmp_path: Path) -> None:
    async with tws() as gateway, engine_on(gateway, tmp_path) as engine, plain(gateway) as client:
        gateway.price(100)
        for client_id in (OURS, THEIRS):
            gateway.arm(When.message("ExecDetails", client_id=client_id), Delay(seconds=0.05))
        trade = client.placeOrder(PLAIN_ACME, MarketOrder("BUY", 10))
        fills_when_told: list[int] = []

        def hear(told: Trade) -> None:
            fills_when_told.append(len(told.fills))

        trade.filledEvent += hear
        await until(lambda: fills_when_told)
        assert fills_when_told == [0]
        placed = await engine.place_order(ACME, Order.market("BUY", 10))
        filled = await engine.wait_for(placed.order_id, "FILLED", timeout=5)
        assert (filled.filled_quantity, filled.avg_fill_price) == (D(10), D(100))
        assert [fill.quantity for fill in await engine.fills()] == [10]


def say_fill_by_hand(gateway: Tws, client_id: int) -> None:
    execution = IbExecution(
        exec_id="0000e0d5.67fe667b.01.01",
        time="20260102-15:30:00",
        acct_number=gateway.gateway.account,
        side="BOT",
        shares=D(5),
        price=D(100),
        cum_qty=D(5),
        avg_price=D(100),
        perm_id=555,
    )
    gateway.say(client_id, messages.ExecDetails(-1, WIRE_ACME, execution))


@on_loop
async def test_the_fill_of_an_order_given_by_hand_is_told(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk, plain(gateway) as client:
        gateway.price(100)
        told: list[Fill] = []

        def hear(_: Trade, fill: Fill) -> None:
            told.append(fill)

        client.execDetailsEvent += hear
        for client_id in (OURS, THEIRS):
            say_fill_by_hand(gateway, client_id)
        await desk.heard(lambda: desk.of(FillReport))
        await until(client.fills)
        assert told == []
        (row,) = desk.of(FillReport)
        assert (row.order_ref, row.fill.quantity) == (None, D(5))


@on_loop
async def test_the_time_of_a_fill_is_the_moment_that_tws_says(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk, plain(gateway) as client:
        client.TimezoneTWS = "America/New_York"  # whatever it is: a time with a dash is in UTC
        for client_id in (OURS, THEIRS):
            say_fill_by_hand(gateway, client_id)
        await desk.heard(lambda: desk.of(FillReport))
        await until(client.fills)
        assert client.fills()[0].execution.time == datetime(2026, 1, 2, 20, 30, tzinfo=UTC)
        assert desk.of(FillReport)[0].fill.time == datetime(2026, 1, 2, 15, 30, tzinfo=UTC)


@on_loop
async def test_open_orders_are_seen_by_who_comes_later(tmp_path: Path) -> None:
    async with tws() as gateway:
        gateway.price(100)
        order = bound(Order.limit("BUY", 10, 90))
        async with ib(gateway, tmp_path) as desk:
            await desk.place(order)
            await desk.standing(order, "SUBMITTED")
        client = IB()
        await client.connectAsync("127.0.0.1", gateway.gateway.port, clientId=OURS, timeout=4, readonly=True)
        assert client.openTrades() == []
        client.disconnect()
        await settled()
        async with ib(gateway, tmp_path) as desk:
            shown = await desk.broker.snapshot()
            assert [row.order_ref for row in shown.open_orders] == [ref_of(order)]


@on_loop
async def test_what_tws_lost_with_its_servers_is_asked_for_again(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk, plain(gateway):
        asked: dict[int, set[type[requests.Request]]] = {OURS: set(), THEIRS: set()}
        take = gateway.gateway.take

        async def noted(session: Session, request: requests.Request) -> None:
            asked[session.client_id].add(type(request))
            await take(session, request)

        gateway.gateway.take = noted  # type: ignore[method-assign]  # to see what has reached it
        gateway.arm(When.now(), Connectivity(code=1100))
        await desk.link_is(LinkState.DEGRADED)
        gateway.arm(When.now(), Connectivity(code=1101))
        await desk.link_is(LinkState.UP)
        await settled()
        assert asked[THEIRS] == set()
        lists = {requests.ReqPositions, requests.ReqAllOpenOrders, requests.ReqCompletedOrders, requests.ReqExecutions}
        assert asked[OURS] >= lists


def test_a_contract_that_nobody_knows_is_an_error() -> None:
    async def work(floor: Floor) -> None:
        with pytest.raises(Unavailable, match="NOPE"):
            await floor.desk.instruments.qualify(OurStock("NOPE"))
        async with plain_on_script(floor.tws) as client:
            assert await client.qualifyContractsAsync(Stock("NOPE", "SMART", "USD")) == [None]

    on_floor(work)


def test_a_combo_is_looked_up_by_its_legs_because_tws_does_not_answer_for_one() -> None:
    async def work(floor: Floor) -> None:
        combo = Combo("GOOG", [ComboLeg(CALL, "BUY", 1), ComboLeg(PUT, "SELL", 1)])
        await floor.desk.instruments.qualify(combo)
        assert {fields[5] for fields in floor.tws.sent(9)} == {"OPT"}
        silent_of_combos(floor.tws)
        async with plain_on_script(floor.tws) as client:
            parts = [PlainLeg(12, 1, "BUY", "SMART"), PlainLeg(13, 1, "SELL", "SMART")]
            bag = Contract("BAG", symbol="GOOG", exchange="SMART", currency="USD", comboLegs=parts)
            asking = asyncio.ensure_future(client.reqContractDetailsAsync(bag))
            await floor.tws.until_sent(9, len(floor.tws.sent(9)) + 1)
            await settled()
            assert not asking.done()
            asking.cancel()

    on_floor(work)


def silent_of_combos(server: ScriptedTws) -> None:
    listed = server.answers[9]
    server.answers[9] = lambda asked: () if asked[5] == "BAG" else listed(asked)
