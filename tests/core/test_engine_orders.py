"""Placing, cancelling and modifying, with a broker that answers, refuses, or does neither."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from uuid import uuid4

import pytest
from pydantic import ValidationError

from core.engine_desk import GOOG, MSFT, BreakingJournal, buy, engine_on, kinds, sell, settle, simulated, told
from v6core.capabilities import ModifyKind
from v6core.contracts import ContractDetails, TickBand
from v6core.errors import ModifyRejected, NotSent, NotSupported, OrderDenied, OutcomeUnknown, UnknownOrder
from v6core.events import OrderIntended, RequestUnsent
from v6core.identifiers import parse_order_ref
from v6core.orders import Anomaly, BracketOrder, Order, OrderStatus, OrderType, Pending
from v6core.reports import ReportedStatus
from v6core.risk import RiskLimits
from v6core.testing import ScriptedBroker, scripted_capabilities
from v6core.testing.scripted import accepts, confirms, fills, hangs, later, raises, refuses, rejects, takes

D = Decimal


@simulated
async def test_place_a_market_order() -> None:
    broker = ScriptedBroker()
    broker.on("place", fills(price="101.25", commission="0.35"))
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy(10, None))
        assert (order.status, order.filled_quantity, order.avg_fill_price) == (OrderStatus.FILLED, D(10), D("101.25"))
        assert (order.commission, order.filled_at is not None, order.remaining_quantity) == (D("0.35"), True, D(0))


@simulated
async def test_place_a_limit_order() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy(10, "99.50"))
        assert (order.status, order.working, order.limit_price) == (OrderStatus.SUBMITTED, True, D("99.50"))
        assert order.order_type is OrderType.LIMIT
        assert order.broker_order_id == "b-1"
        assert parse_order_ref(str(order.order_ref)) == (engine.journal.engine_id, order.order_id)
        assert broker.arrivals == [order.order_ref]


@simulated
async def test_a_refusal_of_the_broker_is_a_status() -> None:
    broker = ScriptedBroker()
    broker.on("place", rejects("no margin", "201"))
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        assert (order.status, order.reason) == (OrderStatus.REJECTED, "201: no margin")


@simulated
async def test_the_answer_may_come_after_the_call_has_returned() -> None:
    broker = ScriptedBroker()
    broker.on("place", later(2, accepts))
    async with engine_on(broker) as engine:
        assert (await engine.place_order(GOOG, buy())).status is OrderStatus.SUBMITTED


@simulated
async def test_a_fill_may_come_before_the_acknowledgement() -> None:
    broker = ScriptedBroker()
    broker.on("place", fills(4), accepts)
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        assert (order.status, order.filled_quantity) == (OrderStatus.PARTIALLY_FILLED, D(4))


@simulated
async def test_the_intent_is_durable_before_the_send() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        seen: list[str] = []
        broker.on("place", lambda _, refs: seen.extend(kinds(engine)), accepts)
        order = await engine.place_order(GOOG, buy())
        assert seen == ["STARTED", "INTENDED"]
        intent = told(engine, order.order_id)[0]
        assert isinstance(intent, OrderIntended)
        assert intent.order.order_ref == order.order_ref


def test_an_invalid_order_is_refused() -> None:
    with pytest.raises(ValidationError, match="quantity must be positive"):
        Order.market("BUY", 0)


@simulated
async def test_an_order_for_another_contract_is_refused() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        with pytest.raises(ValueError, match="is for"):
            await engine.place_order(GOOG, buy(contract=MSFT))
    assert broker.arrivals == []


@simulated
async def test_an_order_in_a_wrong_status_is_refused() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        placed = await engine.place_order(GOOG, buy())
        with pytest.raises(ValueError, match="only a CREATED order can be placed"):
            await engine.place_order(GOOG, placed)
    assert len(broker.arrivals) == 1


@simulated
async def test_the_same_order_id_twice_is_refused() -> None:
    broker = ScriptedBroker()
    order = buy()
    async with engine_on(broker) as engine:
        await engine.place_order(GOOG, order)
        with pytest.raises(ValueError, match="placed before"):
            await engine.place_order(GOOG, order)
    assert len(broker.arrivals) == 1


@simulated
async def test_the_same_order_id_twice_at_the_same_moment_is_refused() -> None:
    broker = ScriptedBroker()
    order = buy()
    async with engine_on(broker) as engine:
        calls = (engine.place_order(GOOG, order) for _ in range(5))
        answers = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(answer).__name__ for answer in answers] == ["Order", *["ValueError"] * 4]
    assert len(broker.arrivals) == 1


@simulated
async def test_a_denied_order_id_is_spent() -> None:
    broker = ScriptedBroker()
    order = buy(501)
    async with engine_on(broker) as engine:
        with pytest.raises(OrderDenied, match="MAX_ORDER_QUANTITY"):
            await engine.place_order(GOOG, order)
        with pytest.raises(ValueError, match="placed before"):
            await engine.place_order(GOOG, order)


@simulated
async def test_an_order_that_gives_up_waiting_is_still_known() -> None:
    broker = ScriptedBroker()
    broker.on("place", later(3, accepts))
    order = buy()
    async with engine_on(broker) as engine:
        waiting = asyncio.create_task(engine.place_order(GOOG, order))
        await settle(1)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert (await engine.order(order.order_id)).status is OrderStatus.PENDING_SUBMIT
        assert (await engine.wait_for(order.order_id, "SUBMITTED")).status is OrderStatus.SUBMITTED
        assert (await engine.place_order(GOOG, buy(11))).status is OrderStatus.SUBMITTED


@pytest.mark.parametrize("steps", range(6))
@simulated
async def test_a_caller_who_gives_up_at_any_point_leaves_the_order_sent_once_or_not_at_all(steps: int) -> None:
    broker = ScriptedBroker()
    order = buy()
    async with engine_on(broker) as engine:
        waiting = asyncio.create_task(engine.place_order(GOOG, order))
        for _ in range(steps):
            await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        second = (await asyncio.gather(engine.place_order(GOOG, order), return_exceptions=True))[0]
        await settle()
        assert isinstance(second, Order | ValueError)
        assert (await engine.order(order.order_id)).status is OrderStatus.SUBMITTED
    assert len(broker.arrivals) == 1


@simulated
async def test_cancel() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        assert await engine.cancel_order(order.order_id) is True
        assert (await engine.order(order.order_id)).status is OrderStatus.CANCELLED
        assert kinds(engine, order.order_id) == ["INTENDED", "REPORTED", "CANCEL_REQUESTED", "REPORTED"]


@simulated
async def test_cancel_of_an_order_that_has_ended_is_false_and_asks_nobody() -> None:
    broker = ScriptedBroker()
    broker.on("place", fills())
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        assert await engine.cancel_order(order.order_id) is False
    assert broker.received("cancel") == ()


@simulated
async def test_cancel_of_an_unknown_order_says_so() -> None:
    async with engine_on(ScriptedBroker()) as engine:
        with pytest.raises(UnknownOrder, match="the journal knows no order"):
            await engine.cancel_order(uuid4())


@simulated
async def test_cancel_failing_gives_false() -> None:
    broker = ScriptedBroker()
    broker.on("cancel", refuses("too late to cancel"))
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        assert await engine.cancel_order(order.order_id) is False
        after = await engine.order(order.order_id)
        assert (after.status, after.pending_cancel) == (OrderStatus.SUBMITTED, None)


@simulated
async def test_cancel_that_is_proved_unsent_gives_false() -> None:
    broker = ScriptedBroker()
    broker.on("cancel", raises(NotSent("the socket is closed")), arrives=False)
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        assert await engine.cancel_order(order.order_id) is False
        assert isinstance(told(engine, order.order_id)[-1], RequestUnsent)


@pytest.mark.parametrize("script", [(), (hangs,), (raises(OSError("reset")),)], ids=["silence", "hangs", "raises"])
@simulated
async def test_cancel_unanswered_is_an_unknown_outcome(script: tuple[object, ...]) -> None:
    broker = ScriptedBroker()
    broker.on("cancel", *script)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        with pytest.raises(OutcomeUnknown, match="nobody answered the cancel"):
            await engine.cancel_order(order.order_id)
        after = await engine.order(order.order_id)
        assert (after.status, after.pending_cancel) == (OrderStatus.SUBMITTED, Pending.IN_DOUBT)


@simulated
async def test_cancel_may_be_asked_for_again_once_it_is_in_doubt() -> None:
    broker = ScriptedBroker()
    broker.on("cancel")
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        with pytest.raises(OutcomeUnknown):
            await engine.cancel_order(order.order_id)
        assert await engine.cancel_order(order.order_id) is True
    assert len(broker.received("cancel")) == 2


@simulated
async def test_two_cancels_at_once_are_one_request() -> None:
    broker = ScriptedBroker()
    broker.on("cancel", later(1, confirms))
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        both = await asyncio.gather(engine.cancel_order(order.order_id), engine.cancel_order(order.order_id))
        assert tuple(both) == (True, True)
    assert len(broker.received("cancel")) == 1


@simulated
async def test_a_fill_that_crosses_the_cancel_wins_where_it_is_whole() -> None:
    broker = ScriptedBroker()
    broker.on("cancel", fills(), refuses("the order is filled"))
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        assert await engine.cancel_order(order.order_id) is False
        assert (await engine.order(order.order_id)).status is OrderStatus.FILLED


@simulated
async def test_a_late_fill_after_the_cancel_is_kept_and_flagged() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        assert await engine.cancel_order(order.order_id) is True
        broker.fill(order, 4)
        await settle()
        after = await engine.order(order.order_id)
        assert (after.status, after.filled_quantity, after.anomalies) == (
            OrderStatus.CANCELLED,
            D(4),
            (Anomaly.LATE_FILL,),
        )


@simulated
async def test_cancel_all_cancels_one_strategy_or_everything() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        mine = await engine.place_order(GOOG, buy(strategy_id="a"))
        other = await engine.place_order(MSFT, buy(strategy_id="b"))
        assert [order.order_id for order in await engine.cancel_all("a")] == [mine.order_id]
        assert (await engine.order(other.order_id)).status is OrderStatus.SUBMITTED
        (last,) = await engine.cancel_all()
        assert (last.order_id, last.status) == (other.order_id, OrderStatus.CANCELLED)


@simulated
async def test_cancel_all_carries_all_out_and_names_the_unanswered() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        first, second = await engine.place_order(GOOG, buy()), await engine.place_order(MSFT, buy())
        broker.on("cancel", order=first)
        with pytest.raises(OutcomeUnknown, match=str(first.order_id)):
            await engine.cancel_all()
        assert (await engine.order(second.order_id)).status is OrderStatus.CANCELLED


@simulated
async def test_modify_confirmed() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy(10, "99"))
        changed = await engine.modify_order(order.order_id, limit_price="99.50", quantity=12)
        assert (changed.limit_price, changed.quantity, changed.pending_modify) == (D("99.50"), D(12), None)
        assert changed.anomalies == ()
    assert broker.book.find(order).order.limit_price == D("99.50")


@simulated
async def test_modify_refused() -> None:
    broker = ScriptedBroker()
    broker.on("modify", refuses("not now"))
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy(10, "99"))
        with pytest.raises(ModifyRejected, match="was not changed: the broker refused: not now"):
            await engine.modify_order(order.order_id, limit_price="99.50")
        after = await engine.order(order.order_id)
        assert (after.status, after.limit_price, after.pending_modify) == (OrderStatus.SUBMITTED, D(99), None)


@simulated
async def test_modify_that_is_proved_unsent_says_so() -> None:
    broker = ScriptedBroker()
    broker.on("modify", raises(NotSent("the socket is closed")), arrives=False)
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy(10, "99"))
        with pytest.raises(ModifyRejected, match="was not changed: it did not leave: the socket is closed"):
            await engine.modify_order(order.order_id, limit_price="99.50")


@simulated
async def test_modify_that_the_plugin_cannot_do_after_all_says_so() -> None:
    broker = ScriptedBroker()
    broker.on("modify", raises(NotSupported("it changes nothing")))
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        with pytest.raises(ModifyRejected, match="was not changed: it did not leave: it changes nothing"):
            await engine.modify_order(order.order_id, quantity=12)


@simulated
async def test_modify_unanswered_is_an_unknown_outcome_and_a_second_is_denied() -> None:
    broker = ScriptedBroker()
    broker.on("modify")
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy(10, "99"))
        with pytest.raises(OutcomeUnknown, match="nobody answered the modify"):
            await engine.modify_order(order.order_id, limit_price="99.50")
        with pytest.raises(OrderDenied, match="IN_DOUBT"):
            await engine.modify_order(order.order_id, limit_price="99.60")
        after = await engine.order(order.order_id)
        assert (after.limit_price, after.pending_modify) == (D(99), Pending.IN_DOUBT)


@simulated
async def test_a_modify_in_doubt_is_settled_by_what_the_broker_shows() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy(10, "99"))
        broker.on("modify", lambda b, refs: silently(b, refs[0]))
        with pytest.raises(OutcomeUnknown):
            await engine.modify_order(order.order_id, limit_price="99.50")
        await settle(20)
        after = await engine.order(order.order_id)
        assert (after.limit_price, after.pending_modify, after.anomalies) == (D("99.50"), None, ())


def silently(broker: ScriptedBroker, ref: str) -> None:
    with broker.muted():
        broker.confirm(ref)


@simulated
async def test_of_two_modifies_at_once_the_second_is_denied() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy(10, "99"))
        changes = [engine.modify_order(order.order_id, limit_price=price) for price in ("99.50", "99.60")]
        first, second = await asyncio.gather(*changes, return_exceptions=True)
        assert isinstance(first, Order)
        assert isinstance(second, OrderDenied)
        assert second.code == "CHANGE_PENDING"
    assert len(broker.received("modify")) == 1


@simulated
async def test_a_change_while_another_is_unanswered_is_pending_and_not_in_doubt() -> None:
    broker = ScriptedBroker()
    broker.on("modify", takes(3), confirms)
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy(10, "99"))
        first = asyncio.ensure_future(engine.modify_order(order.order_id, limit_price="99.50"))
        await settle(1)
        with pytest.raises(OrderDenied, match="has a change under way; nothing was sent") as denied:
            await engine.modify_order(order.order_id, limit_price="99.60")
        assert denied.value.code == "CHANGE_PENDING"
        assert (await first).limit_price == D("99.50")


@simulated
async def test_an_entry_does_not_grow_past_its_exits() -> None:
    broker = ScriptedBroker()
    bracket = BracketOrder(buy(5), sell(5, "110"), Order.stop("SELL", 5, "95"))
    async with engine_on(broker) as engine:
        entry = (await engine.place_bracket_order(bracket, GOOG)).order_ids[0]
        with pytest.raises(OrderDenied, match="has exits for 5, which would not close 10") as denied:
            await engine.modify_order(entry, quantity=10)
        assert (denied.value.code, denied.value.hint) == (
            "EXITS_TOO_SMALL",
            "place what is to be added as another bracket",
        )
        assert (await engine.modify_order(entry, quantity=4)).quantity == 4
        assert (await engine.modify_order(entry, quantity=5)).quantity == 5
    assert len(broker.received("modify")) == 2


@simulated
async def test_modify_of_an_order_in_doubt_is_denied() -> None:
    broker = ScriptedBroker()
    broker.on("place")
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        with pytest.raises(OrderDenied, match="IN_DOUBT"):
            await engine.modify_order(order.order_id, limit_price="99.50")
    assert broker.received("modify") == ()


@simulated
async def test_modify_of_an_order_that_has_ended_is_rejected() -> None:
    broker = ScriptedBroker()
    broker.on("place", fills())
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        with pytest.raises(ModifyRejected, match="is FILLED and takes no changes"):
            await engine.modify_order(order.order_id, limit_price="99.50")


@simulated
async def test_modify_below_what_has_filled_is_rejected() -> None:
    broker = ScriptedBroker()
    broker.on("place", fills(4))
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        with pytest.raises(ModifyRejected, match="below the 4 filled already"):
            await engine.modify_order(order.order_id, quantity=3)
    assert broker.received("modify") == ()


@simulated
async def test_modify_of_what_cannot_be_modified_is_refused() -> None:
    async with engine_on(ScriptedBroker()) as engine:
        order = await engine.place_order(GOOG, buy())
        with pytest.raises(ValueError, match="action cannot be modified"):
            await engine.modify_order(order.order_id, action="SELL")
        with pytest.raises(ValueError, match="nothing to modify"):
            await engine.modify_order(order.order_id)


@simulated
async def test_modify_passes_the_checks_and_the_tick_like_a_placement() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker, limits=RiskLimits(round_to_tick=True)) as engine:
        order = await engine.place_order(GOOG, buy(10, "99"))
        with pytest.raises(OrderDenied, match="MAX_ORDER_QUANTITY"):
            await engine.modify_order(order.order_id, quantity=501)
        assert (await engine.modify_order(order.order_id, limit_price="99.509")).limit_price == D("99.50")


@simulated
async def test_modify_where_the_broker_changes_nothing_is_not_supported() -> None:
    broker = ScriptedBroker(scripted_capabilities(modify=ModifyKind.NONE))
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        with pytest.raises(NotSupported, match="changes no working orders"):
            await engine.modify_order(order.order_id, limit_price="99.50")


@simulated
async def test_an_off_tick_price_is_denied_or_rounded_to_the_safe_side() -> None:
    broker = ScriptedBroker()
    broker.details[GOOG.key] = ContractDetails(contract=GOOG, ticks=(TickBand(tick=D("0.05")),))
    async with engine_on(broker) as engine:
        with pytest.raises(OrderDenied, match=r"OFF_TICK: limit_price 99\.99 is not a multiple of the tick 0\.05"):
            await engine.place_order(GOOG, buy(10, "99.99"))
    async with engine_on(broker, limits=RiskLimits(round_to_tick=True)) as engine:
        assert (await engine.place_order(GOOG, buy(10, "99.99"))).limit_price == D("99.95")
        assert (await engine.place_order(GOOG, sell(10, "99.99"))).limit_price == D("100.00")


@simulated
async def test_an_order_that_expires_is_expired() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        broker.end(order, ReportedStatus.EXPIRED)
        assert (await engine.wait_for(order.order_id)).status is OrderStatus.EXPIRED


@simulated
async def test_a_commission_told_with_the_fill_or_before_it_is_counted_once() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        with broker.keeping_back() as reports:
            broker.fill(order)
            broker.charge("e-2", "1.25")
            reports.reverse()
        broker.repeat()
        await settle()
        assert (await engine.order(order.order_id)).commission == D("1.25")
        other = await engine.place_order(GOOG, buy(11))
        broker.fill(other)
        broker.charge("e-4", "0.75")
        await settle()
        assert (await engine.order(other.order_id)).commission == D("0.75")


@simulated
async def test_a_report_by_the_brokers_id_alone_finds_its_order_at_once() -> None:
    broker = ScriptedBroker()

    def without_ref(_: ScriptedBroker, refs: tuple[str, ...]) -> None:
        with broker.keeping_back() as reports:
            broker.accept(refs[0])
            broker.fill(refs[0])
            reports[1:] = [report.model_copy(update={"order_ref": None}) for report in reports[1:]]

    broker.on("place", without_ref)
    async with engine_on(broker) as engine:
        await engine.place_order(GOOG, buy())
        (order,) = await engine.orders()
        assert order.status is OrderStatus.FILLED


@simulated
async def test_a_cancel_goes_out_although_the_journal_has_failed() -> None:
    broker, journal = ScriptedBroker(), BreakingJournal()
    async with engine_on(broker, lambda: journal) as engine:
        order = await engine.place_order(GOOG, buy())
        journal.is_full = True
        with pytest.raises(OutcomeUnknown, match="the journal cannot take its answer"):
            await engine.cancel_order(order.order_id)
    assert not broker.book.find(order).is_open
