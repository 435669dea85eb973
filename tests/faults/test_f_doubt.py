"""What nobody can know is in doubt, and only evidence settles it: rows of the fault matrix around sending."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.engine_desk import GOOG, MSFT, START, buy, engine_for, engine_on, journal_in, kinds, settle, simulated, told
from v6core.capabilities import SubmitIdentity
from v6core.clock import SimulatedClock, SimulatedLoop
from v6core.contracts import OrderAction
from v6core.engine import OrderExecutionEngine
from v6core.errors import ModifyRejected, NotSent, OrderDenied, OutcomeUnknown, Unavailable
from v6core.events import AbsenceProved, ExpiryInferred, OrderResent, TradingState
from v6core.fills import Fill
from v6core.orders import Anomaly, Order, OrderStatus, Pending
from v6core.reports import Evidence, FillReport, ReportedStatus, Snapshot
from v6core.testing import ScriptedBroker, ScriptedSettings, scripted_capabilities
from v6core.testing.scripted import accepts, fills, hangs, later, raises, refuses, takes

D = Decimal
LONG_ENOUGH = 45.0


def crash(engine: OrderExecutionEngine) -> None:
    """End an engine as a kill does: nothing is finished, only the journal's lock is let go."""
    engine.journal.close()


async def place_and_crash(broker: ScriptedBroker, folder: Path, *, arrives: bool) -> None:
    """Place an order whose sending never returns, and die meanwhile."""
    engine = engine_for(broker, journal_in(folder))
    await engine.start()
    broker.on("place", hangs, arrives=arrives)
    placing = asyncio.create_task(engine.place_order(GOOG, buy()))
    await settle()
    crash(engine)
    placing.cancel()
    await asyncio.gather(placing, return_exceptions=True)
    broker.is_connected = False


async def only(engine: OrderExecutionEngine) -> Order:
    (order,) = await engine.orders()
    return order


@simulated
async def test_F03_an_intent_that_was_never_sent_is_lost_after_a_restart_and_never_resent(tmp_path: Path) -> None:
    broker = ScriptedBroker()
    await place_and_crash(broker, tmp_path, arrives=False)
    async with engine_on(broker, journal_in(tmp_path)) as engine:
        assert (await only(engine)).status is OrderStatus.IN_DOUBT
        await settle(LONG_ENOUGH)
        assert (await only(engine)).status is OrderStatus.LOST
        assert kinds(engine)[-1] == "ABSENT"
    assert len(broker.received("place")) == 1


@simulated
async def test_F03_a_broker_that_enforces_ids_is_not_sent_what_an_earlier_process_sent(tmp_path: Path) -> None:
    broker = ScriptedBroker(scripted_capabilities(submit_identity=SubmitIdentity.ENFORCED))
    await place_and_crash(broker, tmp_path, arrives=False)
    async with engine_on(broker, journal_in(tmp_path)) as engine:
        await settle(LONG_ENOUGH)
        assert (await only(engine)).status is OrderStatus.LOST
    assert len(broker.received("place")) == 1


@simulated
async def test_F04_an_order_that_arrived_before_the_crash_is_adopted_by_its_reference(tmp_path: Path) -> None:
    broker = ScriptedBroker()
    await place_and_crash(broker, tmp_path, arrives=True)
    async with engine_on(broker, journal_in(tmp_path)) as engine:
        assert (await only(engine)).status is OrderStatus.SUBMITTED
    assert len(broker.arrivals) == 1


@simulated
async def test_F04_what_filled_before_the_restart_is_adopted_once(tmp_path: Path) -> None:
    broker = ScriptedBroker()
    await place_and_crash(broker, tmp_path, arrives=True)
    broker.fill(broker.arrivals[0], 4)
    for _ in range(2):
        async with engine_on(broker, journal_in(tmp_path)) as engine:
            assert (await only(engine)).filled_quantity == 4
    assert len(broker.arrivals) == 1


@simulated
async def test_F04_a_link_that_breaks_before_the_acknowledgement_leaves_one_order() -> None:
    broker = ScriptedBroker()
    broker.on("place", lambda b, _: b.drop_link())
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        assert order.status is OrderStatus.IN_DOUBT
        broker.restore_link()
        assert (await engine.wait_for(order.order_id, "SUBMITTED", timeout=5)).status is OrderStatus.SUBMITTED
    assert len(broker.arrivals) == 1


@simulated
async def test_F05_an_acknowledgement_that_was_not_recorded_is_read_again_from_the_broker(tmp_path: Path) -> None:
    broker = ScriptedBroker()
    engine = engine_for(broker, journal_in(tmp_path))
    await engine.start()
    broker.on("place", lambda b, refs: crash(engine), accepts)
    with pytest.raises(OutcomeUnknown):
        await engine.place_order(GOOG, buy())
    broker.is_connected = False
    async with engine_on(broker, journal_in(tmp_path)) as again:
        assert (await only(again)).status is OrderStatus.SUBMITTED
    assert len(broker.arrivals) == 1


@pytest.mark.parametrize("error", [ConnectionResetError("reset"), OSError(5, "I/O"), Unavailable("busy")])
@simulated
async def test_F06_a_send_that_raises_is_in_doubt(error: Exception) -> None:
    broker = ScriptedBroker()
    broker.on("place", raises(error), arrives=False)
    async with engine_on(broker) as engine:
        assert (await engine.place_order(GOOG, buy())).status is OrderStatus.IN_DOUBT


@simulated
async def test_F06_a_send_that_is_proved_not_to_have_left_is_lost() -> None:
    broker = ScriptedBroker()
    broker.on("place", raises(NotSent("no connection")), arrives=False)
    async with engine_on(broker) as engine:
        assert (await engine.place_order(GOOG, buy())).status is OrderStatus.LOST


@simulated
async def test_F07_an_order_that_nobody_answers_is_in_doubt_and_not_an_exception() -> None:
    broker = ScriptedBroker()
    broker.on("place", arrives=False)
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        assert order.status is OrderStatus.IN_DOUBT
        await settle(600)  # through the same connection silence proves nothing, however long
        assert (await engine.order(order.order_id)).status is OrderStatus.IN_DOUBT


@simulated
async def test_F07_a_younger_connection_proves_it_absent() -> None:
    broker = ScriptedBroker()
    broker.on("place", arrives=False)
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        await engine.reconnect()
        await settle(LONG_ENOUGH)
        assert (await engine.order(order.order_id)).status is OrderStatus.LOST
    assert len(broker.received("place")) == 1


@simulated
async def test_F07_an_order_that_a_queue_delivers_after_the_reconnect_is_not_called_lost() -> None:
    broker = ScriptedBroker()
    broker.on("place", arrives=False)
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        await engine.reconnect()
        await settle(20)
        broker.book.add(await engine.order(order.order_id))
        await settle(LONG_ENOUGH)
        assert (await engine.order(order.order_id)).status is OrderStatus.SUBMITTED
        assert "ABSENT" not in kinds(engine)


@asynccontextmanager
async def doubtful_at_an_enforcing_broker(
    *steps: Any, arrives: bool, **abilities: Any
) -> AsyncGenerator[tuple[ScriptedBroker, OrderExecutionEngine, Order]]:
    """Give an order in doubt at a broker that refuses a second one under the same reference."""
    identity = abilities or {"submit_identity": SubmitIdentity.ENFORCED}
    broker = ScriptedBroker(scripted_capabilities(**identity))
    broker.on("place", *steps, arrives=arrives)
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        assert order.status is OrderStatus.IN_DOUBT
        yield broker, engine, order


@simulated
async def test_F07_the_same_order_goes_out_again_to_a_broker_that_enforces_ids() -> None:
    async with doubtful_at_an_enforcing_broker(arrives=False) as (broker, engine, order):
        await settle(10)
        assert (await engine.order(order.order_id)).status is OrderStatus.SUBMITTED
        assert kinds(engine, order.order_id)[-3:] == ["DOUBTED", "RESENT", "REPORTED"]
        assert len(broker.arrivals) == 1


@simulated
async def test_F07_a_duplicate_is_answered_with_the_first_and_nothing_is_bought_twice() -> None:
    async with doubtful_at_an_enforcing_broker(hangs, arrives=True) as (broker, engine, order):
        broker.on("find", raises(Unavailable("busy")))
        await settle(20)
        assert (await engine.order(order.order_id)).status is OrderStatus.SUBMITTED
        assert len(broker.book.orders) == 1


@simulated
async def test_F07_nothing_goes_out_again_once_trading_is_halted() -> None:
    async with doubtful_at_an_enforcing_broker(arrives=False) as (broker, engine, _):
        await engine.halt("enough")
        await settle(60)
        assert len(broker.received("place")) == 1


@simulated
async def test_F07_nothing_goes_out_again_after_half_of_the_window_in_which_ids_are_remembered() -> None:
    window = {"submit_identity": SubmitIdentity.WINDOW, "identity_window": 18}
    async with doubtful_at_an_enforcing_broker(arrives=False, **window) as (broker, engine, order):
        await settle(60)
        assert len(broker.received("place")) == 1
        assert not any(isinstance(event, OrderResent) for event in told(engine, order.order_id))


@simulated
async def test_F08_a_cancel_that_was_under_way_at_the_crash_is_asked_for_again(tmp_path: Path) -> None:
    broker = ScriptedBroker()
    engine = engine_for(broker, journal_in(tmp_path))
    await engine.start()
    order = await engine.place_order(GOOG, buy())
    broker.on("cancel", hangs)
    cancelling = asyncio.create_task(engine.cancel_order(order.order_id))
    await settle()
    crash(engine)
    cancelling.cancel()
    await asyncio.gather(cancelling, return_exceptions=True)
    broker.is_connected = False
    async with engine_on(broker, journal_in(tmp_path)) as again:
        assert (await again.order(order.order_id)).pending_cancel is Pending.IN_DOUBT
        assert (await again.wait_for(order.order_id, timeout=10)).status is OrderStatus.CANCELLED


@pytest.mark.parametrize("cancel_first", [True, False])
@simulated
async def test_F09_cancel_and_fill_cross_and_the_fill_stands(cancel_first: bool) -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        ref = broker.arrivals[0]
        broker.on("cancel")
        cancelling = asyncio.create_task(engine.cancel_order(order.order_id))
        await settle()
        with broker.keeping_back() as kept:
            broker.fill(ref)
            broker.refuse(ref, "too late")
            if cancel_first:
                kept.reverse()
        assert await cancelling is False
        assert (await engine.order(order.order_id)).status is OrderStatus.FILLED


@simulated
async def test_F10_what_filled_before_a_cancel_is_kept_and_held() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy(10))
        broker.fill(order, 4)
        assert await engine.cancel_order(order.order_id) is True
        ended = await engine.order(order.order_id)
        assert (ended.status, ended.filled_quantity) == (OrderStatus.CANCELLED, D(4))
        assert [row.quantity for row in await engine.positions()] == [4]


@pytest.mark.parametrize("ending", ["CANCELLED", "EXPIRED"])
@simulated
async def test_F11_a_late_fill_counts_and_is_flagged(ending: str) -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy(10))
        broker.end(order, ending)
        broker.fill(order, 4)
        await settle()
        ended = await engine.order(order.order_id)
        assert (ended.status, ended.filled_quantity) == (OrderStatus(ending), D(4))
        assert Anomaly.LATE_FILL in ended.anomalies
        assert [row.quantity for row in await engine.positions()] == [4]


@simulated
async def test_F11_evidence_of_a_lost_order_brings_it_back() -> None:
    broker = ScriptedBroker()
    broker.on("place", raises(NotSent("a plugin that lies")))
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy(10))
        assert order.status is OrderStatus.LOST
        broker.fill(order, 4)
        await settle()
        back = await engine.order(order.order_id)
        assert (back.status, back.filled_quantity) == (OrderStatus.PARTIALLY_FILLED, D(4))
        assert Anomaly.RESURRECTED in back.anomalies


@simulated
async def test_F13_a_refused_modify_leaves_the_order_as_it_was() -> None:
    broker = ScriptedBroker()
    broker.on("modify", refuses("no"))
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy(10, "100"))
        with pytest.raises(ModifyRejected):
            await engine.modify_order(order.order_id, limit_price="101")
        kept = await engine.order(order.order_id)
        assert (kept.status, kept.limit_price, kept.pending_modify) == (OrderStatus.SUBMITTED, D(100), None)


@simulated
async def test_F13_a_modify_that_the_link_swallowed_is_in_doubt_until_the_old_terms_go_on_being_shown() -> None:
    broker = ScriptedBroker()
    broker.on("modify", lambda b, _: b.drop_link(), arrives=False)
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy(10, "100"))
        with pytest.raises(OutcomeUnknown):
            await engine.modify_order(order.order_id, limit_price="101")
        broker.restore_link()
        await settle(10)
        assert (await engine.order(order.order_id)).pending_modify is Pending.IN_DOUBT
        await settle(LONG_ENOUGH)
        kept = await engine.order(order.order_id)
        assert (kept.pending_modify, kept.limit_price) == (None, D(100))


@simulated
async def test_F13_a_modify_that_took_effect_unheard_is_confirmed_by_the_terms_shown() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy(10, "100"))
        broker.on("modify", lambda b, _: b.drop_link(), lambda b, refs: b.confirm(refs[0]))
        with pytest.raises(OutcomeUnknown):
            await engine.modify_order(order.order_id, limit_price="101")
        broker.restore_link()
        await settle(1)
        changed = await engine.order(order.order_id)
        assert (changed.pending_modify, changed.limit_price) == (None, D(101))


async def doubled(broker: ScriptedBroker, engine: OrderExecutionEngine) -> Order:
    """Return an order of which the broker has made two."""
    order = await engine.place_order(GOOG, buy(10, "100"))
    held = broker.book.find(order)
    broker.say(held.report(broker.now()).model_copy(update={"broker_order_id": "b-second"}))
    await settle()
    return await engine.order(order.order_id)


@simulated
async def test_F15_two_broker_orders_under_one_reference_raise_the_alarm_and_stop_trading() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await doubled(broker, engine)
        assert Anomaly.TWO_BROKER_ORDERS in order.anomalies
        assert engine.trading_state is TradingState.HALTED
        assert kinds(engine).count("ALARM") == 1
        with pytest.raises(OrderDenied, match="two orders under"):
            await engine.place_order(MSFT, buy())


@simulated
async def test_F15_the_fills_of_both_count() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await doubled(broker, engine)
        broker.fill(order)
        broker.fill(order, 10)
        await settle()
        filled = await engine.order(order.order_id)
        assert filled.filled_quantity == 20
        assert Anomaly.OVERFILL in filled.anomalies


@simulated
async def test_F15_the_end_of_one_of_two_is_not_the_end_of_the_order() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await doubled(broker, engine)
        broker.end(order)
        await settle()
        assert (await engine.order(order.order_id)).status is OrderStatus.SUBMITTED
        ended = broker.book.find(order).report(broker.now())
        broker.say(ended.model_copy(update={"broker_order_id": "b-second"}))
        await settle()
        assert (await engine.order(order.order_id)).status is OrderStatus.CANCELLED


@simulated
async def test_F23_lists_that_did_not_all_come_give_no_verdict() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        broker.drop_link()
        broker.book.orders.clear()
        broker.on("snapshot", raises(Unavailable("the completed orders never ended")), always=True)
        broker.restore_link()
        await settle(60)
        assert (await engine.order(order.order_id)).status is OrderStatus.SUBMITTED
        with pytest.raises(OrderDenied, match="NOT_READY"):
            await engine.place_order(MSFT, buy())


@simulated
async def test_F23_a_link_that_breaks_while_the_lists_come_proves_nothing() -> None:
    broker = ScriptedBroker()
    broker.on("place", arrives=False)
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        broker.on("snapshot", takes(1), lambda b, _: b.drop_link(), lambda b, _: b.restore_link(), always=True)
        broker.drop_link()
        broker.restore_link()
        await settle(120)
        assert (await engine.order(order.order_id)).status is OrderStatus.IN_DOUBT


@simulated
async def test_F24_a_fill_missed_while_the_link_was_down_is_told_once() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        for _ in range(2):
            broker.drop_link()
            broker.fill(order)
            broker.restore_link()
            await engine.ready(5)
        assert (await engine.order(order.order_id)).status is OrderStatus.FILLED
        fills_told = [e for e in told(engine, order.order_id) if isinstance(getattr(e, "report", None), FillReport)]
        assert len(fills_told) == 1


@simulated
async def test_F25_a_fill_alone_moves_the_order_before_any_status() -> None:
    broker = ScriptedBroker()

    def fill_only(b: ScriptedBroker, refs: tuple[str, ...]) -> None:
        with b.keeping_back() as kept:
            b.fill(refs[0])
            kept[:] = [report for report in kept if isinstance(report, FillReport)]

    broker.on("place", fill_only)
    async with engine_on(broker) as engine:
        assert (await engine.place_order(GOOG, buy())).status is OrderStatus.FILLED


@simulated
async def test_F25_a_fill_before_the_acknowledgement_is_no_surprise() -> None:
    broker = ScriptedBroker()
    broker.on("place", fills(4), later(1, accepts))
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        assert (order.status, order.filled_quantity) == (OrderStatus.PARTIALLY_FILLED, D(4))


class Night:
    """A night between two runs of an engine: the broker's lists begin anew, and what it had of the day is gone."""

    def __init__(self, broker: ScriptedBroker, days: float = 1) -> None:
        self.broker = broker
        self.start = START + timedelta(days=days)

    def engine(self, folder: Path) -> OrderExecutionEngine:
        """Return an engine of the next morning."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimulatedLoop)
        clock = SimulatedClock(self.start, loop)
        return OrderExecutionEngine.from_spec(
            self.broker.spec, ScriptedSettings(), open_journal=journal_in(folder), clock=clock
        )

    def forget_the_day(self) -> None:
        """Drop what ended, as a broker does at midnight; its executions are forgotten, its positions are not."""
        kept = self.broker.book.positions()
        sound = self.broker.snapshot

        async def snapshot() -> Snapshot:
            told_ = await sound()
            morning = self.start.replace(hour=5, minute=0)
            held = told_.positions or kept
            return told_.model_copy(
                update={
                    "fills": (),
                    "completed_orders": (),
                    "positions": held,
                    "fills_since": morning,
                    "completed_since": morning,
                }
            )

        async def find(order_ref: str) -> Evidence:
            return Evidence()

        self.broker.book.orders.clear()
        self.broker.snapshot = snapshot  # type: ignore[method-assign]
        self.broker.find = find  # type: ignore[method-assign]


async def held_overnight(folder: Path, tif: str, filled: int = 0) -> tuple[ScriptedBroker, Night]:
    """Place an order that the broker accepts, and let it fill in part after the engine has gone."""
    broker = ScriptedBroker()
    async with engine_on(broker, journal_in(folder)) as engine:
        order = await engine.place_order(GOOG, buy(10, tif=tif))
    if filled:
        broker.fill(order, filled)
    night = Night(broker)
    night.forget_the_day()
    return broker, night


@simulated
async def test_F29_the_morning_after_an_order_of_the_day_is_expired(tmp_path: Path) -> None:
    _, night = await held_overnight(tmp_path, "DAY")
    async with night.engine(tmp_path) as engine:
        order = await only(engine)
        assert order.status is OrderStatus.EXPIRED
        assert Anomaly.FILLS_UNPROVEN not in order.anomalies


@simulated
async def test_F29_its_fills_are_unproven_while_the_position_does_not_agree(tmp_path: Path) -> None:
    _, night = await held_overnight(tmp_path, "DAY", filled=4)
    async with night.engine(tmp_path) as engine:
        order = await only(engine)
        assert order.status is OrderStatus.EXPIRED
        assert Anomaly.FILLS_UNPROVEN in order.anomalies
        (inferred,) = [event for event in told(engine) if isinstance(event, ExpiryInferred)]
        assert inferred.unexplained == {GOOG.key: 4}


@simulated
async def test_F29_fills_that_come_late_prove_them(tmp_path: Path) -> None:
    broker, night = await held_overnight(tmp_path, "DAY", filled=4)
    (report,) = broker.book.executions.values()
    async with night.engine(tmp_path) as engine:
        broker.say(report)
        await settle()
        order = await only(engine)
        assert (order.filled_quantity, Anomaly.FILLS_UNPROVEN in order.anomalies) == (D(4), False)


@simulated
async def test_F29_an_order_good_until_cancelled_is_in_doubt_and_not_expired(tmp_path: Path) -> None:
    _, night = await held_overnight(tmp_path, "GTC")
    async with night.engine(tmp_path) as engine:
        await settle(LONG_ENOUGH)
        assert (await only(engine)).status is OrderStatus.IN_DOUBT


@simulated
async def test_F29_lists_that_begin_after_it_was_sent_never_prove_an_order_lost(tmp_path: Path) -> None:
    broker = ScriptedBroker()
    await place_and_crash(broker, tmp_path, arrives=False)
    night = Night(broker)
    night.forget_the_day()
    async with night.engine(tmp_path) as engine:
        await settle(LONG_ENOUGH)
        assert (await only(engine)).status is OrderStatus.IN_DOUBT


@simulated
async def test_F29_a_position_that_moved_and_nobody_knows_why_keeps_the_doubt(tmp_path: Path) -> None:
    broker = ScriptedBroker()
    await place_and_crash(broker, tmp_path, arrives=False)
    with broker.muted():
        broker.adjust(GOOG, 10)
    async with engine_on(broker, journal_in(tmp_path)) as engine:
        await settle(LONG_ENOUGH)
        assert (await only(engine)).status is OrderStatus.IN_DOUBT


@simulated
async def test_F29_what_another_client_traded_explains_the_position(tmp_path: Path) -> None:
    broker = ScriptedBroker()
    await place_and_crash(broker, tmp_path, arrives=False)
    fill = Fill(
        execution_id="theirs",
        contract=GOOG,
        action=OrderAction.BUY,
        quantity=D(10),
        price=D(100),
        time=broker.now() + timedelta(seconds=1),
    )
    broker.book.executions["theirs"] = FillReport(time=fill.time, order_ref="theirs", fill=fill)
    async with engine_on(broker, journal_in(tmp_path)) as engine:
        await settle(LONG_ENOUGH)
        assert (await only(engine)).status is OrderStatus.LOST
        assert [event.evidence[:9] for event in told(engine) if isinstance(event, AbsenceProved)] == ["none of i"]


@simulated
async def test_F31_an_id_that_the_broker_gives_again_is_the_later_orders() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        first = await engine.place_order(GOOG, buy())
        broker.fill(first)
        broker.book.begin_anew()
        second = await engine.place_order(MSFT, buy())
        held = broker.book.find(second)
        nameless = held.report(broker.now()).model_copy(
            update={"order_ref": None, "status": ReportedStatus.CANCELLED, "working": False}
        )
        broker.say(nameless)
        await settle()
        statuses = [(await engine.order(order.order_id)).status for order in (first, second)]
        assert statuses == [OrderStatus.FILLED, OrderStatus.CANCELLED]


@simulated
async def test_reconciling_twice_changes_nothing(tmp_path: Path) -> None:
    broker = ScriptedBroker()
    async with engine_on(broker, journal_in(tmp_path)) as engine:
        order = await engine.place_order(GOOG, buy(10))
        broker.fill(order, 4)
    async with engine_on(broker, journal_in(tmp_path)) as engine:
        rows = engine.journal.last_seq
    async with engine_on(broker, journal_in(tmp_path)) as engine:
        assert engine.journal.last_seq == rows + 1  # that an engine started


@simulated
async def test_F15_a_cancel_goes_to_the_second_order_also_where_the_first_has_filled() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await doubled(broker, engine)
        broker.fill(order)
        await settle()
        assert (await engine.order(order.order_id)).status is OrderStatus.FILLED
        await engine.cancel_all()
        assert len(broker.received("cancel")) == 1


@simulated
async def test_F28_a_claim_to_be_filled_does_not_settle_what_was_taken_back() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy(10))
        broker.fill(order)
        (execution,) = broker.book.executions
        broker.bust(execution)
        broker.accept(order)
        await settle()
        assert (await engine.order(order.order_id)).status is OrderStatus.IN_DOUBT


@simulated
async def test_F27_lists_that_were_taken_before_a_change_do_not_undo_it() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy(10, "100"))
        old = await broker.snapshot()
        await engine.modify_order(order.order_id, limit_price="101")
        assert old.open_orders[0].terms is not None
        sound = broker.snapshot

        async def late() -> Snapshot:
            broker.snapshot = sound  # type: ignore[method-assign]
            held = broker.book.find(order)
            broker.say(held.report(broker.now()).model_copy(update={"working": False}))
            return old

        broker.snapshot = late  # type: ignore[method-assign]
        await engine.reconnect()
        kept = await engine.order(order.order_id)
        assert (kept.limit_price, kept.anomalies) == (D(101), ())


@simulated
async def test_F28_an_order_that_filled_and_was_taken_back_unheard_is_in_doubt(tmp_path: Path) -> None:
    broker = ScriptedBroker()
    async with engine_on(broker, journal_in(tmp_path)) as engine:
        order = await engine.place_order(GOOG, buy(10))
    broker.fill(order)
    (execution,) = broker.book.executions
    broker.bust(execution)
    async with engine_on(broker, journal_in(tmp_path)) as engine:
        assert (await only(engine)).status is OrderStatus.IN_DOUBT
        await settle(LONG_ENOUGH)
        assert (await only(engine)).status is OrderStatus.IN_DOUBT
        assert kinds(engine).count("DOUBTED") == 1


@simulated
async def test_F07_an_old_doubt_is_looked_into_as_soon_as_there_is_another_connection() -> None:
    broker = ScriptedBroker()
    broker.on("place", arrives=False)
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        await settle(3600)
        await engine.reconnect()
        await settle(LONG_ENOUGH)
        assert (await engine.order(order.order_id)).status is OrderStatus.LOST


@simulated
async def test_F25_a_fill_that_is_missing_from_an_order_that_ended_is_asked_for() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy(10))
        with broker.muted():
            broker.fill(order, 4)
        broker.end(order)
        await settle()
        assert [row.order_id for row in await engine.orders(in_doubt=True)] == [order.order_id]
        await settle(10)
        ended = await engine.order(order.order_id)
        assert (ended.status, ended.filled_quantity) == (OrderStatus.CANCELLED, D(4))
        assert not await engine.orders(in_doubt=True)


class SetClock(SimulatedClock):
    """A wall clock that can be set."""

    ahead = timedelta()

    def now(self) -> datetime:
        """Return the time that it was set to."""
        return super().now() + self.ahead


@pytest.mark.parametrize("ahead", [timedelta(days=1), timedelta(minutes=-10)])
@simulated
async def test_F30_an_order_does_not_go_out_again_after_the_clock_was_set(ahead: timedelta) -> None:
    broker = ScriptedBroker(scripted_capabilities(submit_identity=SubmitIdentity.WINDOW, identity_window=120))
    broker.on("place", arrives=False)
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimulatedLoop)
    clock = SetClock(START, loop)
    async with OrderExecutionEngine.from_spec(broker.spec, ScriptedSettings(), clock=clock) as engine:
        await engine.place_order(GOOG, buy())
        clock.ahead = ahead
        await settle(60)
    assert len(broker.received("place")) == 1
