"""A broker on a wire: what its client promises, and how its server may behave."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from v6core.broker import Broker, BrokerContext
from v6core.clock import SimulatedClock, SimulatedLoop
from v6core.contracts import Stock
from v6core.errors import NotConnected, NotSent, Unavailable
from v6core.identifiers import SeededIds, make_order_ref
from v6core.orders import OcaType, Order
from v6core.reports import (
    CancelRefusedReport,
    FillCorrectionReport,
    FillReport,
    LinkReport,
    LinkState,
    OrderReport,
    RejectionReport,
    Report,
    ReportedStatus,
)
from v6core.testing import SimulatedNetwork, SimulatedNetworkLoop, run_on_network
from v6core.testing.remote import (
    BadFrame,
    Behaviour,
    BrokerServer,
    Desk,
    DeskTerms,
    RemoteBroker,
    RemoteControl,
    RemoteSettings,
    load,
    obey,
    remote_spec,
    save,
)
from v6core.testing.remote.messages import request_in

D = Decimal
GOOG = Stock("GOOG")
IDS = SeededIds(5)
START = datetime(2026, 12, 1, 15, tzinfo=UTC)


def remote(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    @functools.wraps(test)
    def run() -> None:
        run_on_network(test(), SimulatedNetwork(1))

    return run


@dataclass
class Ends:
    """Both ends, and what the client was told."""

    broker: Broker
    server: BrokerServer
    desk: Desk
    port: int
    heard: list[Report] = field(default_factory=list[Report])

    @property
    def statuses(self) -> list[ReportedStatus]:
        return [report.status for report in self.heard if isinstance(report, OrderReport)]

    @property
    def links(self) -> list[LinkState]:
        return [report.state for report in self.heard if isinstance(report, LinkReport)]

    async def place(self, order: Order | None = None, behaviour: Behaviour | None = None) -> Order:
        """Place an order, by default one to buy ten, and wait until whatever comes of it has come."""
        bound = a_buy() if order is None else order
        if behaviour is not None:
            self.desk.behaviour = behaviour
        await self.broker.place([bound])
        await asyncio.sleep(0.5)
        return bound


def a_buy(quantity: int = 10, **fields: Any) -> Order:
    order_id = IDS.order_id()
    ref = make_order_ref("abcdefgh", order_id)
    return Order.limit("BUY", quantity, 100, order_id=order_id, contract=GOOG, order_ref=ref, **fields)


async def nobody(name: str) -> Broker:
    raise Unavailable(name)


def client(port: int, clock: SimulatedClock, heard: list[Report], client_id: int = 1, **settings: Any) -> RemoteBroker:
    context = BrokerContext(
        name="remote",
        clock=clock,
        report=heard.append,
        folder=Path(),
        logger=logging.getLogger("remote"),
        open_broker=nobody,
    )
    broker = remote_spec().create(RemoteSettings(port=port, client_id=client_id, **settings), context)
    assert isinstance(broker, RemoteBroker)
    return broker


@contextlib.asynccontextmanager
async def ends(terms: DeskTerms | None = None, **settings: Any) -> AsyncGenerator[Ends]:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimulatedLoop)
    clock = SimulatedClock(START, loop)
    desk = Desk(clock, terms, seed=1)
    server = BrokerServer(desk, on_control=obey)
    port = await server.start()
    heard: list[Report] = []
    async with client(port, clock, heard, **settings) as broker:
        yield Ends(broker, server, desk, port, heard)
    await server.stop()
    await asyncio.sleep(1)


def network() -> SimulatedNetwork:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimulatedNetworkLoop)
    return loop.network


@remote
async def test_an_order_is_acknowledged_and_its_fill_told() -> None:
    async with ends() as both:
        await both.place(behaviour=Behaviour(fills=1, fills_within=0.1))
        assert both.statuses == [ReportedStatus.SUBMITTED, ReportedStatus.FILLED]
        assert [r.fill.quantity for r in both.heard if isinstance(r, FillReport)] == [D(10)]


@remote
async def test_nothing_is_sent_without_a_connection_and_that_is_said() -> None:
    async with ends() as both:
        await both.broker.disconnect()
        with pytest.raises(NotSent):
            await both.broker.place([a_buy()])
        assert both.desk.arrivals == []


@remote
async def test_what_was_written_before_the_cut_is_no_not_sent() -> None:
    async with ends() as both:
        network().links.popitem()[0].cut()
        await both.broker.place([a_buy()])  # into the void: the client does not know of the cut yet
        await asyncio.sleep(1)
        assert both.desk.arrivals == []


@remote
async def test_an_order_too_long_for_a_frame_is_not_sent() -> None:
    async with ends(frame_cap=1024) as both:
        with pytest.raises(NotSent, match="longer"):
            await both.broker.place([a_buy(), a_buy(), a_buy()])


@remote
async def test_nobody_there_is_not_connected() -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimulatedLoop)
    with pytest.raises(NotConnected, match="did not answer"):
        await client(9, SimulatedClock(START, loop), []).connect()


@remote
async def test_a_cut_link_comes_back_by_itself() -> None:
    async with ends() as both:
        both.server.drop_links()
        await asyncio.sleep(5)
        assert both.links == [LinkState.DOWN, LinkState.UP]
        await both.place()
        assert both.statuses == [ReportedStatus.SUBMITTED]


@remote
async def test_a_half_open_link_is_noticed_within_two_heartbeats() -> None:
    async with ends(heartbeat=5) as both:
        network().links.copy().popitem()[0].fall_silent(to_server=False)
        await asyncio.sleep(10.5)
        assert both.links[0] is LinkState.DOWN


@remote
async def test_what_is_no_message_is_a_gap() -> None:
    for odd in (Behaviour(garbles=1), Behaviour(overlong=1)):
        async with ends(frame_cap=1024) as both:
            both.server.frame_cap = 2048
            await both.place(behaviour=odd)
            both.desk.behaviour = Behaviour()
            await asyncio.sleep(5)
            assert both.links == [LinkState.DOWN, LinkState.UP]


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_no_bytes_are_a_request_by_accident(junk: bytes) -> None:
    with pytest.raises(BadFrame):
        request_in(junk)


@remote
async def test_what_happens_while_nobody_listens_is_learnt_from_a_snapshot() -> None:
    async with ends() as both:
        order = await both.place()
        await both.broker.disconnect()
        both.desk.fill(both.desk.book.under(str(order.order_ref))[0], D(4))
        await both.broker.connect()
        assert not any(isinstance(report, FillReport) for report in both.heard)
        snapshot = await both.broker.snapshot()
        assert [(report.order_ref, report.fill.quantity) for report in snapshot.fills] == [(order.order_ref, D(4))]
        assert [row.quantity for row in snapshot.positions] == [D(4)]


@remote
async def test_a_snapshot_reaches_back_to_midnight() -> None:
    async with ends() as both:
        order = await both.place(behaviour=Behaviour(fills=1, fills_within=0.1))
        both.desk.change_day()
        snapshot = await both.broker.snapshot()
        assert not snapshot.fills
        assert not snapshot.completed_orders
        assert snapshot.fills_since is not None
        assert snapshot.fills_since > START
        assert [row.quantity for row in snapshot.positions] == [D(10)]
        assert (await both.broker.find(str(order.order_ref))).is_empty


@remote
async def test_orders_for_the_day_expire_with_it() -> None:
    async with ends() as both:
        day, lasting = await both.place(), await both.place(a_buy(tif="GTC"))
        both.desk.change_day()
        snapshot = await both.broker.snapshot()
        assert [row.order_ref for row in snapshot.open_orders] == [lasting.order_ref]
        assert both.desk.book.under(str(day.order_ref))[0].held.status is ReportedStatus.EXPIRED


@remote
async def test_a_late_message_is_treated_after_the_reconnect() -> None:
    async with ends() as both:
        order = await both.place(behaviour=Behaviour(late=1, latest=20))
        both.server.drop_links()
        await asyncio.sleep(1)
        both.desk.behaviour = Behaviour()
        assert (await both.broker.find(str(order.order_ref))).is_empty
        await asyncio.sleep(20)
        assert not (await both.broker.find(str(order.order_ref))).is_empty


@remote
async def test_messages_of_one_session_keep_their_order_however_late() -> None:
    async with ends() as both:
        both.desk.behaviour = Behaviour(late=0.5, latest=3)
        orders = [await both.place() for _ in range(10)]
        await asyncio.sleep(10)
        assert [one.held.ref for one in both.desk.book.orders] == [order.order_ref for order in orders]


@remote
async def test_a_placement_can_vanish_and_still_stands_among_the_arrivals() -> None:
    async with ends() as both:
        order = await both.place(behaviour=Behaviour(drops_placement=1))
        assert both.heard == []
        (arrival,) = both.desk.arrivals
        assert (arrival.order_ref, arrival.treated_at) == (order.order_ref, None)


@remote
async def test_references_are_not_enforced_unless_told() -> None:
    for identity, count in (("QUERYABLE", 2), ("ENFORCED", 1)):
        async with ends(DeskTerms.model_validate({"submit_identity": identity})) as both:
            order = await both.place()
            await both.place(order)
            assert len(both.desk.book.under(str(order.order_ref))) == count
            assert both.statuses == [ReportedStatus.SUBMITTED] * 2


@remote
async def test_references_are_remembered_for_a_window() -> None:
    async with ends(DeskTerms.model_validate({"submit_identity": "WINDOW", "identity_window": 60})) as both:
        order = await both.place()
        await both.place(order)
        await asyncio.sleep(60)
        await both.place(order)
        assert len(both.desk.book.under(str(order.order_ref))) == 2


@remote
async def test_a_cancel_reaches_every_incarnation() -> None:
    async with ends() as both:
        order = await both.place(behaviour=Behaviour(splits_modify=1))
        await both.broker.modify(order, {"limit_price": D(101)})
        await asyncio.sleep(0.5)
        assert len(list(both.desk.book.live())) == 2
        await both.broker.cancel(order)
        await asyncio.sleep(0.5)
        assert list(both.desk.book.live()) == []


@remote
async def test_only_the_client_that_placed_an_order_cancels_it_or_hears_of_it() -> None:
    async with ends() as both:
        order, heard = await both.place(), list[Report]()
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimulatedLoop)
        async with client(both.port, SimulatedClock(START, loop), heard, client_id=2) as other:
            await other.cancel(order)
            await asyncio.sleep(0.5)
            assert [type(report) for report in heard] == [CancelRefusedReport]
            await other.cancel_everything()
            await asyncio.sleep(0.5)
        assert both.statuses == [ReportedStatus.SUBMITTED, ReportedStatus.CANCELLED]
        assert len(heard) == 1


@remote
async def test_an_order_can_be_rejected_and_a_cancel_refused() -> None:
    async with ends() as both:
        await both.place(behaviour=Behaviour(rejects=1))
        order = await both.place(behaviour=Behaviour(refuses_cancel=1))
        await both.broker.cancel(order)
        await asyncio.sleep(0.5)
        assert [type(report) for report in both.heard] == [RejectionReport, OrderReport, CancelRefusedReport]


@remote
async def test_a_correction_that_nobody_heard_is_told_with_the_next_snapshot() -> None:
    async with ends() as both:
        await both.place(behaviour=Behaviour(fills=1, fills_within=0.1))
        await both.broker.disconnect()
        (report,) = both.desk.book.executions.values()
        both.desk.correct(report, {"price": D(99)})
        await both.broker.connect()
        snapshot = await both.broker.snapshot()
        assert [r.replaces for r in both.heard if isinstance(r, FillCorrectionReport)] == [report.fill.execution_id]
        assert [r.fill.price for r in snapshot.fills] == [D(99)]


@remote
async def test_a_brackets_exits_wait_for_its_entry_and_one_cancels_the_other() -> None:
    async with ends() as both:
        entry = a_buy()
        exits = [
            a_buy(parent_order_id=entry.order_id, oca_group="x", oca_type=OcaType.CANCEL_WITH_BLOCK) for _ in range(2)
        ]
        await both.broker.place([entry, *exits])
        await asyncio.sleep(0.5)
        held = [one.held for one in both.desk.book.orders]
        assert [one.working for one in held] == [True, False, False]
        both.desk.fill(both.desk.book.orders[0])
        assert [one.working for one in held] == [True, True, True]
        both.desk.fill(both.desk.book.orders[1])
        assert [one.status for one in held] == [
            ReportedStatus.FILLED,
            ReportedStatus.FILLED,
            ReportedStatus.CANCELLED,
        ]


@remote
async def test_exits_go_with_an_entry_that_never_filled_and_cover_one_that_did() -> None:
    for filled, (working, quantity) in ((0, (False, D(10))), (4, (True, D(4)))):
        async with ends() as both:
            entry = a_buy()
            await both.broker.place([entry, a_buy(parent_order_id=entry.order_id)])
            await asyncio.sleep(0.5)
            if filled:
                both.desk.fill(both.desk.book.orders[0], D(filled))
            await both.broker.cancel(entry)
            await asyncio.sleep(0.5)
            exit_ = both.desk.book.orders[1].held
            assert (exit_.is_open, exit_.order.quantity) == (working, quantity)


@remote
async def test_a_degraded_server_says_so_and_treats_what_came_when_it_is_restored() -> None:
    async with ends() as both:
        both.server.degrade()
        order = await both.place()
        assert both.links == [LinkState.DEGRADED]
        assert both.desk.book.under(str(order.order_ref)) == ()
        both.server.restore()
        await asyncio.sleep(0.5)
        assert both.links == [LinkState.DEGRADED, LinkState.UP]
        assert len(both.desk.book.under(str(order.order_ref))) == 1


@remote
async def test_a_restarted_server_gives_its_ids_from_the_first_on_again() -> None:
    async with ends() as both:
        await both.place()
        both.server.restart()
        await asyncio.sleep(5)
        await both.place()
        assert [one.held.broker_order_id for one in both.desk.book.orders] == ["b-1", "b-1"]


@remote
async def test_others_trade_unheard_and_stand_in_every_snapshot() -> None:
    async with ends() as both:
        async with RemoteControl("127.0.0.1", both.port) as control:
            await control.ask("trade", contract=GOOG, action="BUY", quantity="3", price="99")
            await control.ask("adjust", contract=GOOG, quantity="-1")
        snapshot = await both.broker.snapshot()
        assert [report.order_ref for report in snapshot.fills] == [None]
        assert [row.quantity for row in snapshot.positions] == [D(2)]


@remote
async def test_a_checker_asks_the_server_what_ever_arrived() -> None:
    async with ends() as both, RemoteControl("127.0.0.1", both.port) as control:
        order = await both.place()
        await both.broker.cancel(order)
        await asyncio.sleep(0.5)
        assert [(row.verb, row.order_ref) for row in await control.arrivals()] == [
            ("PLACE", order.order_ref),
            ("CANCEL", order.order_ref),
        ]
        assert [row.status for row in await control.orders()] == [ReportedStatus.CANCELLED]
        assert not await control.executions()
        assert not await control.corrections()
        with pytest.raises(Unavailable, match="no command"):
            await control.ask("dance")


def test_a_server_remembers_what_was_saved(tmp_path: Path) -> None:
    async def keep() -> None:
        async with ends() as both:
            await both.place(behaviour=Behaviour(fills=1, fills_within=0.1))
            await both.place(a_buy(tif="GTC"))
            other = Desk(SimulatedClock(both.desk.now()))
            save(both.desk, tmp_path / "state.json")
            load(other, tmp_path / "state.json")
            assert other.snapshot().positions == both.desk.snapshot().positions
            assert [one.held for one in other.book.orders] == [one.held for one in both.desk.book.orders]
            assert other.arrivals == both.desk.arrivals

    run_on_network(keep(), SimulatedNetwork(1))


def test_a_server_is_a_process_of_its_own_on_loopback(tmp_path: Path) -> None:
    async def talk(port: int) -> list[str]:
        async with RemoteControl("127.0.0.1", port) as control:
            await control.ask("adjust", contract=GOOG, quantity="5")
            return [row.contract.key for row in (await control.snapshot()).positions]

    command = [sys.executable, "-m", "v6core.testing.remote", "--port", "0", "--state", str(tmp_path / "state.json")]
    for _ in range(2):  # the second goes on with what the first wrote
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            assert asyncio.run(talk(port)) == [GOOG.key]
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
    assert '"quantity":"5"' in (tmp_path / "state.json").read_text()
