"""What a look shows: others' orders and positions whatever they are, days by the zone of TWS, one look at a time."""

# What the broker keeps to itself is counted and set here.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ib.ib_desk import BrokerDesk, D, bound, ib, on_loop, tws, until
from v6_ib_plugin.broker import IbBroker
from v6_ib_plugin.gateway.faults import Announce, When
from v6_ib_plugin.gateway.wire import messages
from v6_ib_plugin.settings import IbSettings
from v6_ib_plugin.terms import IbCompletion, IbContract, IbExecution, IbOrder, IbOrderState, IbOrderStatus
from v6_ib_plugin.trading import looking
from v6_ib_plugin.transport import Transport
from v6core.broker import BrokerContext
from v6core.clock import SimulatedClock
from v6core.engine.soundness.answers import sound_snapshot
from v6core.errors import Unavailable
from v6core.orders import Order
from v6core.reports import FillReport, OrderReport, RejectionReport

ODD = ("BOND", "WAR", "IOPT", "CFD", "FUND", "CMDTY", "NEWS", "CONTFUT", "")


def odd(sec_type: str) -> IbContract:
    """Return a contract of a kind that v6 may not trade."""
    return IbContract(con_id=99, symbol="IBM", sec_type=sec_type, exchange="SMART", currency="USD")


async def look(desk: BrokerDesk) -> None:
    """Take a snapshot as the engine takes it."""
    sound_snapshot(await desk.broker.snapshot(), desk.broker.now())


@pytest.mark.parametrize("sec_type", ODD)
@on_loop
async def test_an_order_of_others_in_anything_breaks_no_look(
    tmp_path: Path, sec_type: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        order = IbOrder(
            client_id=3, order_id=1, perm_id=77, action="SSHORTX", order_type="PEG MID", total_quantity=D("1E30")
        )
        gateway.say(6, messages.OpenOrder(odd(sec_type), order, IbOrderState(status="Submitted")))
        status = IbOrderStatus(order_id=1, client_id=3, perm_id=77, status="Filled", filled=D("1E30"))
        gateway.say(6, messages.OrderStatus(status))
        execution = IbExecution(
            exec_id="x.01.01", order_id=1, client_id=3, perm_id=77, side="?", shares=D(1), cum_qty=D(1), time="soon"
        )
        gateway.say(6, messages.ExecDetails(-1, odd(sec_type), execution))
        completion = IbCompletion(status="Filled", filled_quantity=D(-1), completed_status="?")
        monkeypatch.setattr(Transport, "completed_orders", _answering([(odd(sec_type), order, completion)]))
        await look(desk)


@pytest.mark.parametrize("sec_type", ODD)
@on_loop
async def test_a_position_that_v6_cannot_name_is_left_out_and_told_once(
    tmp_path: Path, sec_type: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        rows = (("DUSIM0001", odd(sec_type), D(3), D("101.25")),)
        monkeypatch.setattr(Transport, "positions", _answering(rows))
        for _ in range(2):
            assert (await desk.broker.snapshot()).positions == ()
        said = [row for row in caplog.records if "position" in row.message and row.levelno == logging.WARNING]
        assert len(said) == 1


@on_loop
async def test_two_rows_of_one_instrument_are_one_position_within_what_v6_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        stock = {"symbol": "IBM", "sec_type": "STK", "exchange": "SMART", "currency": "USD"}
        rows = [
            ("DUSIM0001", IbContract(con_id=con_id, **stock), D(quantity), D(cost))  # type: ignore[arg-type]
            for con_id, quantity, cost in ((1, 1, 100), (2, 2, 101))
        ]
        monkeypatch.setattr(Transport, "positions", _answering(rows))
        await look(desk)


def _answering(answer: object) -> Callable[..., Awaitable[object]]:
    async def answered(*_: object, **__: object) -> object:
        return answer

    return answered


@on_loop
async def test_what_was_said_against_an_order_that_works_on_is_forgotten(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        gateway.price(100)
        order = bound(Order.limit("BUY", 10, 90))
        await desk.place(order)
        await desk.standing(order, "SUBMITTED")
        (number,) = gateway.numbers(order)
        gateway.arm(When.now(), Announce(code=201, text="Order rejected - reason:a whim", req_id=number))
        (known,) = desk.broker._trading._book.register.under(order.order_ref or "")
        await until(lambda: any(row.reason for row in desk.of(OrderReport, order)))
        await until(lambda: known.refusal is None)
        await desk.broker.cancel(order)
        await desk.standing(order, "CANCELLED")
        assert desk.of(RejectionReport) == []


@on_loop
async def test_looks_for_what_could_not_be_read_come_one_at_a_time_and_ever_more_slowly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        hearing = desk.broker._trading._hearing

        async def unreadable(_transport: Transport, **_: object) -> object:
            looks.append(0)
            hearing.on_undecodable("a list of TWS's own")
            raise Unavailable("the answer could not be read whole")

        monkeypatch.setattr(looking, "_pauses", lambda: iter([0.01, 0.01, 30]))
        monkeypatch.setattr(Transport, "positions", unreadable)
        for _ in range(100):
            hearing.on_undecodable("a message")
        await until(lambda: len(looks) == 3)
        await asyncio.sleep(0.05)
        assert len(looks) == 3


@pytest.mark.parametrize(("zone", "midnight"), [("America/New_York", 5), ("Europe/Berlin", 23)])
def test_the_lists_reach_back_to_the_later_of_two_midnights(tmp_path: Path, zone: str, midnight: int) -> None:
    now = datetime(2026, 12, 2, 23, 30, tzinfo=UTC)
    assert _broker(tmp_path, zone, now)._trading._looking._midnight() == now.replace(hour=midnight, minute=0)


def test_a_time_without_a_zone_is_read_in_that_of_tws(tmp_path: Path) -> None:
    broker = _broker(tmp_path, "Asia/Tokyo", datetime(2026, 12, 2, 15, tzinfo=UTC))
    stock = IbContract(symbol="IBM", sec_type="STK", exchange="SMART", currency="USD")
    row = IbExecution(exec_id="a.01.01", time="20261202 10:00:00", side="BOT", shares=D(1), price=D(1), order_ref="x")
    (told,) = broker._trading._book.execution(stock, row)
    assert isinstance(told, FillReport)
    assert told.fill.time == datetime(2026, 12, 2, 1, tzinfo=UTC)


def _broker(folder: Path, zone: str, now: datetime) -> IbBroker:
    context = BrokerContext(
        name="ib",
        clock=SimulatedClock(now),
        report=lambda _: None,
        folder=folder,
        logger=logging.getLogger("test.ib"),
        open_broker=_no_other,
    )
    return IbBroker(IbSettings(time_zone=zone), context)


@pytest.mark.parametrize(("account", "count"), [("DU1", 1), ("", 1), ("DU2", 0)])
def test_fills_of_another_account_of_the_login_are_not_told(tmp_path: Path, account: str, count: int) -> None:
    broker = _broker(tmp_path, "UTC", datetime(2026, 12, 2, 15, tzinfo=UTC))
    broker._link._account = "DU1"
    stock = IbContract(symbol="IBM", sec_type="STK", exchange="SMART", currency="USD")
    row = IbExecution(
        exec_id="a.01.01", time="20261202-10:00:00", side="BOT", shares=D(1), price=D(1), acct_number=account, perm_id=1
    )
    assert len(broker._trading._book.execution(stock, row)) == count


async def _no_other(name: str) -> IbBroker:
    raise AssertionError(name)
