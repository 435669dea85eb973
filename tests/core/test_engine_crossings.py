"""What happens between a question and its answer: nothing is sent again, forgotten or counted twice because of it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from core.engine_desk import GOOG, MSFT, BreakingJournal, buy, engine_on, kinds, sell, settle, simulated
from v6core.capabilities import SubmitIdentity
from v6core.engine import OrderExecutionEngine
from v6core.errors import OrderDenied, Unavailable
from v6core.events import TradingState
from v6core.journal import Entry
from v6core.orders import Anomaly, OrderStatus
from v6core.reports import LinkState, RejectionReport, ReportedStatus
from v6core.risk import RiskLimits
from v6core.testing import ScriptedBroker, scripted_capabilities
from v6core.testing.scripted import raises, rejects

D = Decimal


def never(_: Entry) -> bool:
    return False


def enforcing() -> ScriptedBroker:
    return ScriptedBroker(scripted_capabilities(submit_identity=SubmitIdentity.ENFORCED))


async def held(engine: OrderExecutionEngine, broker: ScriptedBroker, quantity: int) -> None:
    order = await engine.place_order(GOOG, buy(quantity))
    broker.fill(order)
    await settle()


@simulated
async def test_an_order_does_not_go_out_again_once_another_was_let_out_beside_it() -> None:
    broker = enforcing()
    async with engine_on(broker) as engine:
        await held(engine, broker, 10)
        broker.on("place", arrives=False)
        first = await engine.place_order(GOOG, sell(10))
        second = await engine.place_order(GOOG, sell(10), despite_doubt=True)
        broker.fill(second)
        await settle(60)
        assert (await engine.order(first.order_id)).status is OrderStatus.IN_DOUBT
        assert not await engine.positions()


@simulated
async def test_an_order_that_its_user_cancelled_does_not_go_out_again() -> None:
    broker = enforcing()
    broker.on("place", arrives=False)
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        assert await engine.cancel_order(order.order_id) is False
        await settle(60)
        assert len(broker.received("place")) == 1


@simulated
async def test_of_a_unit_nothing_goes_out_again_once_one_of_it_was_answered() -> None:
    broker = enforcing()
    broker.on("place", lambda b, refs: rejects("no")(b, refs[:1]))
    async with engine_on(broker) as engine:
        result = await engine.place_oca_group([buy(1, "90"), buy(1, "91")], GOOG)
        assert [order.status for order in result.orders] == [OrderStatus.REJECTED, OrderStatus.IN_DOUBT]
        broker.book.orders.clear()
        await settle(60)
        assert len(broker.received("place")) == 2


@simulated
async def test_a_second_sending_that_is_held_back_still_counts_among_the_orders_of_the_day() -> None:
    broker = enforcing()
    broker.on("place", arrives=False)
    async with engine_on(broker, limits=RiskLimits(max_orders_per_day=D(1))) as engine:
        await engine.place_order(GOOG, buy())
        await engine.halt("wait")
        await settle(20)
        await engine.resume("go on")
        with pytest.raises(OrderDenied, match="MAX_ORDERS_PER_DAY"):
            await engine.place_order(MSFT, buy())


@simulated
async def test_the_rejection_of_a_second_broker_order_does_not_end_the_first() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        second = RejectionReport(time=broker.now(), order_ref=order.order_ref, broker_order_id="b-77", reason="no")
        broker.say(second)
        await settle()
        known = await engine.order(order.order_id)
        assert known.status is OrderStatus.SUBMITTED
        assert Anomaly.TWO_BROKER_ORDERS in known.anomalies


@simulated
async def test_a_link_that_is_degraded_while_it_comes_up_lets_nothing_out() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:

        def come_up_degraded(b: ScriptedBroker, _: tuple[str, ...]) -> None:
            b.is_connected = True
            b.drop_link("1100", LinkState.DEGRADED)

        broker.on("connect", come_up_degraded)
        await engine.reconnect()
        with pytest.raises(OrderDenied, match="LINK_DEGRADED"):
            await engine.place_order(GOOG, buy())


@pytest.mark.parametrize("between", [(), (LinkState.DEGRADED,)])
@simulated
async def test_a_link_that_was_down_is_another_connection_however_it_came_back(between: tuple[LinkState, ...]) -> None:
    broker = ScriptedBroker()
    broker.on("place", arrives=False)
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        for state in (LinkState.DOWN, *between):
            broker.drop_link("cut", state)
        broker.restore_link()
        await settle(60)
        assert (await engine.order(order.order_id)).status is OrderStatus.LOST


@simulated
async def test_a_change_is_confirmed_also_by_a_broker_whose_clock_was_set_back() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy(10))
        await engine.modify_order(order.order_id, quantity=12)

        def early(b: ScriptedBroker, refs: tuple[str, ...]) -> None:
            with b.keeping_back() as kept:
                b.confirm(refs[0])
                kept[:] = [report.model_copy(update={"time": report.time - timedelta(hours=1)}) for report in kept]

        broker.on("modify", early)
        assert (await engine.modify_order(order.order_id, quantity=20)).quantity == 20


@simulated
async def test_an_adjustment_that_is_told_twice_at_once_counts_once() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        broker.adjust(GOOG, 10)
        broker.repeat()
        await settle()
        await engine.halt("only what reduces")
        with pytest.raises(OrderDenied, match="TRADING_HALTED"):
            await engine.place_order(GOOG, sell(20))


@simulated
async def test_a_halt_that_follows_a_resume_at_once_holds() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        await engine.halt("stop")
        await asyncio.gather(engine.resume("go on"), engine.halt("stop"))
        assert engine.trading_state is TradingState.HALTED


@simulated
async def test_an_order_that_looked_strange_is_asked_after_until_the_broker_answers() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        broker.on("find", raises(Unavailable("busy")))
        with broker.muted():
            broker.end(order)
        strange = broker.book.find(order).report(broker.now())
        broker.say(strange.model_copy(update={"status": ReportedStatus.UNKNOWN, "word": "Odd"}))
        await settle(30)
        assert (await engine.order(order.order_id)).status is OrderStatus.CANCELLED


@simulated
async def test_an_alarm_that_could_not_be_recorded_is_raised_at_the_next_start() -> None:
    class LastingJournal(BreakingJournal):
        def close(self) -> None:
            """Stay open."""

    broker, journal = ScriptedBroker(), LastingJournal()
    journal.breaks_on = lambda entry: entry.kind == "ALARM"
    async with engine_on(broker, lambda: journal) as engine:
        order = await engine.place_order(GOOG, buy())
        broker.say(broker.book.find(order).report(broker.now()).model_copy(update={"broker_order_id": "b-2"}))
        await settle()
    journal.breaks_on = never
    journal.failed = False
    async with engine_on(broker, lambda: journal) as engine:
        assert "ALARM" in kinds(engine)
        assert engine.trading_state is TradingState.HALTED
