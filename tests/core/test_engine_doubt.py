"""What cannot be known is in doubt, and evidence alone settles it; nothing is ever sent again."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import cast

import pytest

from core.engine_desk import GOOG, BreakingJournal, buy, engine_for, engine_on, kinds, settle, simulated, told
from v6core.errors import NotSent, OrderDenied, OutcomeUnknown, Unavailable
from v6core.events import DoubtRaised, Subject
from v6core.orders import OrderStatus, Pending
from v6core.reports import Evidence, LinkState
from v6core.testing import ScriptedBroker
from v6core.testing.scripted import Call, Step, accepts, fills, hangs, later, raises

D = Decimal
DOUBTFUL: dict[str, tuple[Step, ...]] = {
    "an exception": (raises(ConnectionResetError("reset by peer")),),
    "an exception after it was taken": (lambda b, refs: quietly(b, refs[0]), raises(RuntimeError("?"))),
    "no answer": (),
    "a call that hangs": (hangs,),
}


def quietly(broker: ScriptedBroker, ref: str) -> None:
    with broker.muted():
        broker.accept(ref)


@pytest.mark.parametrize("script", DOUBTFUL.values(), ids=DOUBTFUL.keys())
@simulated
async def test_what_is_not_answered_is_in_doubt(script: tuple[Step, ...]) -> None:
    broker = ScriptedBroker()
    broker.on("place", *script)
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        assert order.status is OrderStatus.IN_DOUBT
        assert order.reason
    assert len(broker.arrivals) == 1


@simulated
async def test_what_is_proved_not_to_have_left_is_lost() -> None:
    broker = ScriptedBroker()
    broker.on("place", raises(NotSent("the socket is closed")), arrives=False)
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        assert (order.status, order.reason) == (OrderStatus.LOST, "not sent: the socket is closed")


@simulated
async def test_no_other_exception_is_proof_that_nothing_left() -> None:
    broker = ScriptedBroker()
    broker.on("place", raises(Unavailable("busy")), arrives=False)
    async with engine_on(broker) as engine:
        assert (await engine.place_order(GOOG, buy())).status is OrderStatus.IN_DOUBT


@simulated
async def test_an_answer_that_comes_later_settles_the_doubt() -> None:
    broker = ScriptedBroker()
    broker.on("place", later(30, fills()))
    async with engine_on(broker) as engine:
        broker.on("find", raises(Unavailable("busy")), always=True)
        order = await engine.place_order(GOOG, buy())
        assert order.status is OrderStatus.IN_DOUBT
        assert (await engine.wait_for(order.order_id)).status is OrderStatus.FILLED


@pytest.mark.parametrize("failure", [Unavailable("busy"), KeyError("a bug in the plugin")])
@simulated
async def test_the_broker_is_asked_until_it_tells(failure: Exception) -> None:
    broker = ScriptedBroker()
    broker.on("place")
    broker.on("find", raises(failure))
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        found = await engine.wait_for(order.order_id, "SUBMITTED", timeout=30)
        assert found.status is OrderStatus.SUBMITTED
    assert broker.received("find") == (order.order_ref,) * 2


@simulated
async def test_not_to_be_found_proves_nothing() -> None:
    broker = ScriptedBroker()
    broker.on("place", arrives=False)
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        await settle(60)
        assert (await engine.order(order.order_id)).status is OrderStatus.IN_DOUBT
    assert len(broker.received("place")) == 1


@simulated
async def test_evidence_after_a_proof_of_absence_brings_the_order_back() -> None:
    broker = ScriptedBroker()
    broker.on("place", raises(NotSent("said the plugin, wrongly")))
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        broker.fill(order)
        await settle()
        after = await engine.order(order.order_id)
        assert after.status is OrderStatus.FILLED
        assert "RESURRECTED" in after.anomalies


@simulated
async def test_a_lost_link_puts_what_is_unanswered_in_doubt() -> None:
    broker = ScriptedBroker()
    broker.on("place", later(1, lambda b, refs: b.drop_link()))
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        assert order.status is OrderStatus.IN_DOUBT
        assert "the link was lost" in str(order.reason)


@simulated
async def test_a_lost_link_puts_an_unanswered_cancel_in_doubt_and_its_return_settles_it() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        broker.on("cancel", lambda b, refs: b.drop_link(), lambda b, refs: b.confirm(refs[0]))
        with pytest.raises(OutcomeUnknown):
            await engine.cancel_order(order.order_id)
        assert (await engine.order(order.order_id)).pending_cancel is Pending.IN_DOUBT
        broker.restore_link()
        await engine.ready(timeout=1)
        assert (await engine.order(order.order_id)).status is OrderStatus.CANCELLED


@simulated
async def test_while_the_link_is_down_nothing_is_placed() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        broker.drop_link()
        with pytest.raises(OrderDenied, match="LINK_DOWN") as denied:
            await engine.place_order(GOOG, buy())
        assert denied.value.code == "LINK_DOWN"
        with pytest.raises(Unavailable, match="not ready within 5 s"):
            await engine.ready(timeout=5)
        broker.restore_link()
        await engine.ready(timeout=1)
        assert (await engine.place_order(GOOG, buy())).status is OrderStatus.SUBMITTED


@simulated
async def test_a_link_that_has_itself_lost_the_broker_is_no_link() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        broker.drop_link("1100", LinkState.DEGRADED)
        with pytest.raises(OrderDenied, match="LINK_DEGRADED"):
            await engine.place_order(GOOG, buy())


@simulated
async def test_what_was_filled_while_the_link_was_down_is_adopted_once() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        broker.drop_link()
        broker.fill(order, 4)
        broker.restore_link()
        await engine.ready(timeout=1)
        broker.repeat()
        await settle()
        after = await engine.order(order.order_id)
        assert (after.status, after.filled_quantity) == (OrderStatus.PARTIALLY_FILLED, D(4))
        (position,) = await engine.positions()
        assert position.quantity == 4


@simulated
async def test_a_snapshot_from_before_a_second_cut_does_not_make_ready() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        broker.drop_link()

        async def cut_again(b: ScriptedBroker, _: tuple[str, ...]) -> None:
            b.drop_link()
            b.restore_link()

        broker.on("snapshot", cut_again)
        broker.restore_link()
        before = len(broker.calls)
        await engine.ready(timeout=1)
        assert [call.call for call in broker.calls[before:]] == ["SNAPSHOT", "SNAPSHOT"]


@simulated
async def test_after_a_snapshot_that_failed_another_is_asked_for() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        broker.drop_link()
        broker.on("snapshot", raises(Unavailable("pacing")))
        broker.on("snapshot", hangs)
        broker.restore_link()
        await engine.ready(timeout=60)
        assert (await engine.place_order(GOOG, buy())).status is OrderStatus.SUBMITTED


@simulated
async def test_an_order_that_a_complete_snapshot_does_not_show_is_in_doubt() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        gone = broker.book.orders.pop(str(order.order_ref))
        broker.drop_link()
        broker.restore_link()
        await engine.ready(timeout=1)
        assert (await engine.order(order.order_id)).status is OrderStatus.IN_DOUBT
        broker.book.orders[gone.ref] = gone
        assert (await engine.wait_for(order.order_id, "SUBMITTED", timeout=20)).status is OrderStatus.SUBMITTED


@simulated
async def test_before_the_engine_is_started_orders_are_denied_at_once() -> None:
    broker = ScriptedBroker()
    engine = engine_for(broker)
    with pytest.raises(OrderDenied, match="NOT_READY"):
        await engine.place_order(GOOG, buy())
    assert broker.calls == []


@simulated
async def test_a_broker_that_cannot_be_asked_at_the_start_stops_it_and_lets_go_of_everything() -> None:
    broker, journal = ScriptedBroker(), BreakingJournal()
    broker.on("snapshot", hangs)
    engine = engine_for(broker, lambda: journal)
    with pytest.raises(Unavailable, match="no snapshot within 10 s"):
        await engine.start()
    assert not broker.is_connected
    with pytest.raises(OrderDenied, match="NOT_READY"):
        await engine.place_order(GOOG, buy())


@simulated
async def test_a_link_that_is_not_up_when_the_engine_starts_leaves_it_unready() -> None:
    broker = ScriptedBroker()

    def degraded(b: ScriptedBroker, _: tuple[str, ...]) -> None:
        b.is_connected = True
        b.drop_link("1100", LinkState.DEGRADED)

    broker.on("connect", degraded)
    async with engine_on(broker) as engine:
        with pytest.raises(OrderDenied, match="LINK_DEGRADED"):
            await engine.place_order(GOOG, buy())
        broker.restore_link()
        await engine.ready(timeout=1)


@simulated
async def test_the_journal_failing_after_the_send_is_an_unknown_outcome() -> None:
    broker, journal = ScriptedBroker(), BreakingJournal()
    async with engine_on(broker, lambda: journal) as engine:
        journal.breaks_on = lambda entry: entry.kind == "REPORTED"
        with pytest.raises(OutcomeUnknown, match="the journal failed before their answers"):
            await engine.place_order(GOOG, buy())
    assert len(broker.arrivals) == 1


@simulated
async def test_a_cancel_is_asked_for_until_somebody_answers() -> None:
    broker = ScriptedBroker()
    broker.on("cancel")
    broker.on("cancel")
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        with pytest.raises(OutcomeUnknown):
            await engine.cancel_order(order.order_id)
        await engine.wait_for(order.order_id, "CANCELLED", timeout=60)
    assert [call.call for call in broker.calls].count(Call.CANCEL) == 3


@simulated
async def test_a_doubt_names_what_it_is_about() -> None:
    broker = ScriptedBroker()
    broker.on("cancel")
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        with pytest.raises(OutcomeUnknown):
            await engine.cancel_order(order.order_id)
        doubts = [event for event in told(engine, order.order_id) if isinstance(event, DoubtRaised)]
        assert [doubt.subject for doubt in doubts] == [Subject.CANCEL]


@simulated
async def test_a_reference_that_the_journal_does_not_know_halts_the_engine() -> None:
    broker, first, empty = ScriptedBroker(), BreakingJournal(), BreakingJournal()
    async with engine_on(broker, lambda: first) as engine:
        await engine.place_order(GOOG, buy())
    empty.engine_id = first.engine_id
    async with engine_on(broker, lambda: empty) as engine:
        assert engine.trading_state == "HALTED"
        with pytest.raises(OrderDenied, match="TRADING_HALTED"):
            await engine.place_order(GOOG, buy())
        halts = kinds(engine).count("TRADING_STATE")
        broker.drop_link()
        broker.restore_link()
        await engine.ready(timeout=1)
        assert kinds(engine).count("TRADING_STATE") == halts == 1


@simulated
async def test_accepting_twice_is_accepting_once() -> None:
    broker = ScriptedBroker()
    broker.on("place", accepts, accepts, accepts)
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        assert kinds(engine, order.order_id) == ["INTENDED", "REPORTED"]


@pytest.mark.parametrize("arrives", [True, False])
@simulated
async def test_a_plugin_whose_library_cancels_the_place_leaves_a_doubt(*, arrives: bool) -> None:
    broker = ScriptedBroker()
    broker.on("place", raises(asyncio.CancelledError()), arrives=arrives)
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        assert (order.status, "broke the call off" in (order.reason or "")) == (OrderStatus.IN_DOUBT, True)


@pytest.mark.parametrize("call", ["cancel", "modify"])
@simulated
async def test_a_plugin_whose_library_cancels_a_request_leaves_it_in_doubt(call: str) -> None:
    broker = ScriptedBroker()
    broker.on(call, raises(asyncio.CancelledError()))
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        asking = (
            engine.cancel_order(order.order_id) if call == "cancel" else engine.modify_order(order.order_id, tif="GTC")
        )
        with pytest.raises(OutcomeUnknown):
            await asking
        after = await engine.order(order.order_id)
        assert Pending.IN_DOUBT in {after.pending_cancel, after.pending_modify}


@pytest.mark.parametrize("call", ["connect", "snapshot"])
@simulated
async def test_a_start_that_the_plugins_library_cancels_fails_in_words(call: str) -> None:
    broker = ScriptedBroker()
    broker.on(call, raises(asyncio.CancelledError()))
    with pytest.raises(Unavailable, match="broke the call off"):
        await engine_for(broker).start()


class ForgetfulBroker(ScriptedBroker):
    """A broker whose first answer about a doubt is not one."""

    async def find(self, order_ref: str) -> Evidence:
        """Answer with nothing at all the first time."""
        evidence = await super().find(order_ref)
        asked = sum(call.call == "FIND" for call in self.calls)
        return cast("Evidence", None) if asked == 1 else evidence


@simulated
async def test_an_answer_that_is_none_does_not_end_the_asking() -> None:
    broker = ForgetfulBroker()
    broker.on("place")
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        assert (await engine.wait_for(order.order_id, "SUBMITTED", timeout=60)).status is OrderStatus.SUBMITTED


@simulated
async def test_a_question_that_the_plugins_library_cancels_is_asked_again() -> None:
    broker = ScriptedBroker()
    broker.on("place")
    broker.on("find", raises(asyncio.CancelledError()))
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        assert (await engine.wait_for(order.order_id, "SUBMITTED", timeout=60)).status is OrderStatus.SUBMITTED


class UnheardOf(BaseException):
    """What no plugin should raise: it is no Exception."""


@simulated
async def test_what_ends_in_the_background_is_told_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    broker = ScriptedBroker()
    broker.on("place")
    broker.on("find", raises(UnheardOf("?")))
    async with engine_on(broker) as engine:
        await engine.place_order(GOOG, buy())
        await settle(60)
    assert "what runs in the background ended: UnheardOf: ?" in caplog.text
