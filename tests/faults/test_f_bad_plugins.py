"""A broker's plugin that answers late, never, twice, or with what cannot be."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.engine_desk import (
    GOOG,
    MSFT,
    START,
    BreakingJournal,
    buy,
    engine_for,
    engine_on,
    kinds,
    sell,
    settle,
    simulated,
    told,
)
from faults.garbage import Shape, empty, honest, nonsense, spoilt, things
from v6core.broker import Broker, BrokerContext, Receipt
from v6core.capabilities import SubmitIdentity
from v6core.engine import OrderExecutionEngine
from v6core.engine.assembly import Parts
from v6core.engine.boundary import Boundary
from v6core.engine.quarantine import MOST_RAW, described
from v6core.engine.record import Record
from v6core.engine.soundness import LONGEST_TEXT, Nonsense, sound_report
from v6core.errors import BrokerError, OrderDenied, Unavailable, V6Error
from v6core.events import OrderEvent, ReportReceived, ReportRefused, TradingState
from v6core.identifiers import make_order_ref, plainly
from v6core.journal import MemoryJournal
from v6core.lifecycle import OrderState, apply
from v6core.orders import Anomaly, Order, OrderStatus
from v6core.quotes import Quote
from v6core.reports import (
    Account,
    BrokerPosition,
    CommissionReport,
    Evidence,
    FillReport,
    LinkReport,
    OrderReport,
    RejectionReport,
    ReportedStatus,
    Snapshot,
)
from v6core.testing import ScriptedBroker
from v6core.testing.scripted import hangs, refuses, scripted_capabilities

D = Decimal
THINGS = tuple(things())
SPOILT = tuple(spoilt(START))


def report(broker: ScriptedBroker, value: object) -> None:
    """Let a plugin report whatever it likes."""
    inside: Any = broker
    inside._context.report(value)


def parts_of(engine: OrderExecutionEngine) -> Parts:
    """Return what an engine is made of."""
    inside: Any = engine
    return inside._run  # type: ignore[no-any-return]


def refusals(engine: OrderExecutionEngine) -> list[ReportRefused]:
    """Return what was refused."""
    return [event for event in told(engine) if isinstance(event, ReportRefused)]


# Garbage.


@pytest.mark.parametrize("shape", THINGS, ids=str)
@simulated
async def test_F40_what_is_no_report_is_refused_and_harms_no_order(shape: Shape) -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        report(broker, shape.value)
        await settle()
        assert await engine.order(order.order_id) == order
        assert len(refusals(engine)) == 1
        assert engine.trading_state is TradingState.HALTED


def _nonsense_names() -> list[str]:
    order = buy().replace(contract=GOOG, account="MINE", order_ref=make_order_ref("aaaaaaaa", buy().order_id))
    return [shape.name for shape in nonsense(order, START)]


@pytest.mark.parametrize("name", _nonsense_names())
@simulated
async def test_F40_a_report_that_cannot_be_leaves_its_order_untouched(name: str) -> None:
    broker = ScriptedBroker()
    broker_accounts = buy(account="SCRIPTED")
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, broker_accounts)
        (shape,) = (one for one in nonsense(order, broker.now()) if one.name == name)
        report(broker, shape.value)
        await settle()
        assert await engine.order(order.order_id) == order
        assert len(refusals(engine)) == 1


def test_F40_more_than_two_hundred_shapes_are_tried() -> None:
    assert len(SPOILT) > 1000
    assert len(THINGS) + len(_nonsense_names()) >= 40


@settings(deadline=None, max_examples=300)
@given(shape=st.sampled_from(SPOILT))
def test_F40_a_report_with_one_thing_spoilt_is_sound_as_it_is_made_or_refused(shape: Shape) -> None:
    try:
        sound = sound_report(shape.value, START)
    except Nonsense as nonsense_told:
        told_of_it = str(nonsense_told)
    else:
        told_of_it = sound.model_dump_json()
        assert type(sound).model_validate_json(told_of_it) == sound
    assert told_of_it.isprintable()


@settings(deadline=None, max_examples=20)
@given(shapes=st.lists(st.sampled_from((*THINGS, *SPOILT)), max_size=20))
def test_F40_garbage_never_stops_the_engine_nor_makes_it_forget(shapes: Sequence[Shape]) -> None:
    @simulated
    async def run() -> None:
        broker, journal = ScriptedBroker(), MemoryJournal()
        async with engine_on(broker, lambda: journal) as engine:
            order = await engine.place_order(GOOG, buy())
            for shape in shapes:
                report(broker, shape.value)
            await settle()
            assert await engine.order(order.order_id) == order
            assert await engine.cancel_order(order.order_id)

    run()


@pytest.mark.parametrize("sound", honest(START), ids=lambda one: type(one).__name__)
def test_F40_an_honest_report_passes_as_it_is(sound: Any) -> None:
    assert sound_report(sound, START) is sound or sound_report(sound, START) == sound


@simulated
async def test_F40_a_broker_that_talks_nonsense_is_quarantined_until_somebody_resumes() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker, name="mine") as engine:
        held = await engine.place_order(GOOG, buy(10))
        broker.fill(held)
        working = await engine.place_order(GOOG, buy(5))
        report(broker, None)
        with pytest.raises(OrderDenied, match="QUARANTINED: mine"):
            await engine.place_order(GOOG, buy())
        assert await engine.cancel_order(working.order_id)
        assert (await engine.place_order(GOOG, sell(10))).status is OrderStatus.SUBMITTED
        await engine.resume("the plugin was mended")
        assert (await engine.place_order(MSFT, buy())).status is OrderStatus.SUBMITTED


@simulated
async def test_F40_nonsense_after_a_resume_halts_again() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        report(broker, None)
        await engine.resume("looked at")
        report(broker, None)
        assert engine.trading_state is TradingState.HALTED


@simulated
async def test_F40_the_halt_comes_before_whatever_is_placed_at_the_same_moment() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        report(broker, None)
        assert engine.trading_state is TradingState.HALTED  # nothing was awaited


@simulated
async def test_F40_what_was_said_stands_in_the_journal_cut_and_printable() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        report(broker, ["\x1b[2J", "x" * 1_000_000] * 1000)
        (refused,) = refusals(engine)
        assert "\\x1b" in refused.raw
        assert len(refused.raw) <= MOST_RAW + 1


@simulated
async def test_F40_garbage_before_the_engine_is_ready_is_refused_once_it_is() -> None:
    broker = ScriptedBroker()
    broker.on("connect", lambda one, _: report(one, None))
    async with engine_on(broker) as engine:
        assert len(refusals(engine)) == 1
        assert engine.trading_state is TradingState.HALTED


def test_F40_what_cannot_even_be_shown_is_named_by_its_type() -> None:
    shapes = {shape.name: shape.value for shape in THINGS}
    assert "Hostile" in described(shapes["a Hostile"])


@pytest.mark.parametrize("reason", ["a\x00b\x1b[2J\r\nEvil", "\u202egnihtyna", "<b>" + "x" * 10_000])
@simulated
async def test_F40_a_brokers_words_are_kept_printable_and_short(reason: str) -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        report(broker, RejectionReport(time=broker.now(), order_ref=order.order_ref, reason=reason))
        after = await engine.wait_for(order.order_id, "REJECTED")
        assert after.reason == plainly(reason, LONGEST_TEXT)
        assert str(after.reason).isprintable()
        assert engine.trading_state is TradingState.ACTIVE


# What is odd and no nonsense.


@simulated
async def test_F40_what_honest_brokers_do_quarantines_nobody() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy(10))
        broker.fill(order, 15)  # more than there was
        broker.repeat()
        report(
            broker, OrderReport(time=broker.now(), order_ref=order.order_ref, status=ReportedStatus.UNKNOWN, word="Odd")
        )
        stranger = honest(broker.now(), "somebody else's")
        for one in stranger:
            report(broker, one)
        await settle()
        after = await engine.order(order.order_id)
        assert Anomaly.OVERFILL in after.anomalies
        assert not refusals(engine)
        assert engine.trading_state is TradingState.ACTIVE


@simulated
async def test_F40_a_claim_beyond_the_quantity_counts_once_the_fills_bear_it_out() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy(10))
        broker.fill(order, 15)  # fills and claim in one breath, before anything is durable
        await settle()
        assert not refusals(engine)


@simulated
async def test_F40_an_order_made_larger_by_hand_may_fill_beyond_what_it_was() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy(10))
        sound = broker.book.find(order).report(broker.now())
        assert sound.terms is not None
        larger = sound.terms.model_copy(update={"quantity": D(30)})
        report(broker, sound.model_copy(update={"terms": larger, "filled_quantity": D(20)}))
        await settle()
        assert not refusals(engine)


# Floods.


@simulated
async def test_F40_a_flood_of_nonsense_is_counted_and_not_written_out() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        for _ in range(5_000):
            report(broker, None)
        assert len(refusals(engine)) < 120
        assert "refusal 4096" in refusals(engine)[-1].problem
        assert kinds(engine).count("TRADING_STATE") == 1


@simulated
async def test_F40_fills_of_a_flood_are_all_journaled_though_nobody_awaits() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy(110))
        (fill,) = (one for one in honest(broker.now(), str(order.order_ref)) if isinstance(one, FillReport))
        for number in range(1_100):
            one = fill.fill.model_copy(update={"execution_id": f"e-{number}", "quantity": D("0.1")})
            report(broker, fill.model_copy(update={"fill": one}))
        assert parts_of(engine).scribe.backlog < 1_000
        await settle()
        assert (await engine.order(order.order_id)).status is OrderStatus.FILLED


@simulated
async def test_F40_a_flood_of_commissions_of_no_fill_is_kept_bounded_and_journaled() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        (cost,) = (one for one in honest(broker.now()) if isinstance(one, CommissionReport))
        for number in range(10_100):
            other = cost.commission.model_copy(update={"execution_id": f"e-{number}"})
            report(broker, cost.model_copy(update={"commission": other}))
        await settle()
        assert kinds(engine).count("FOREIGN") == 100


@simulated
async def test_F40_a_flood_before_the_connection_is_kept_bounded_and_told() -> None:
    class Early(ScriptedBroker):
        def attach(self, context: BrokerContext) -> ScriptedBroker:
            (link,) = (one for one in honest(START) if isinstance(one, LinkReport))
            for _ in range(10_007):
                context.report(link)
            return super().attach(context)

    async with engine_on(Early()) as engine:
        assert [one.problem.split()[0] for one in refusals(engine)] == ["10007"]
        assert kinds(engine).count("FOREIGN") == 10_000


# Answers.


class Answering(ScriptedBroker):
    """A broker that answers one question with whatever it was given."""

    def __init__(self, question: str, answer: object) -> None:
        super().__init__()
        self.question: str | None = question
        self.answer = answer

    def _given(self, question: str, otherwise: Any) -> Any:
        return self.answer if self.question == question else otherwise

    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        """Place."""
        return self._given("place", await super().place(orders))  # type: ignore[no-any-return]

    async def snapshot(self) -> Snapshot:
        """Tell everything, or anything."""
        return self._given("snapshot", await super().snapshot())  # type: ignore[no-any-return]

    async def find(self, order_ref: str) -> Evidence:
        """Tell what is known of an order, or anything."""
        return self._given("find", await super().find(order_ref))  # type: ignore[no-any-return]

    async def qualify(self, contract: Any) -> Any:
        """Tell what is known of a contract, or anything."""
        return self._given("qualify", await super().qualify(contract))

    async def quote(self, contract: Any) -> Any:
        """Quote, or anything."""
        return self.answer if self.question == "quote" else await super().quote(contract)

    async def option_chain(self, contract: Any) -> Any:
        """List options, or anything."""
        return self.answer if self.question == "chain" else await super().option_chain(contract)

    async def preview(self, orders: Any) -> Any:
        """Preview, or anything."""
        return self._given("preview", await super().preview(orders))


ASKED: dict[str, Callable[[OrderExecutionEngine], Awaitable[object]]] = {
    "snapshot": lambda engine: engine.positions(),
    "qualify": lambda engine: engine.contract_details(GOOG),
    "quote": lambda engine: engine.quote(GOOG),
    "chain": lambda engine: engine.option_chain(GOOG),
    "preview": lambda engine: engine.preview_order(GOOG, buy()),
}
NO_ANSWERS: tuple[object, ...] = (None, 1, "text", [], {}, object(), empty(Snapshot), empty(Quote), Evidence())


@pytest.mark.parametrize("answer", NO_ANSWERS, ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("question", ASKED)
@simulated
async def test_F40_an_answer_that_is_none_is_refused_and_quarantines(question: str, answer: object) -> None:
    broker = Answering("", answer)
    async with engine_on(broker) as engine:
        broker.question = question
        with pytest.raises(V6Error):
            await ASKED[question](engine)
        assert len(refusals(engine)) == 1
        assert refusals(engine)[0].problem.startswith(question if question != "chain" else "option_chain")
        assert engine.trading_state is TradingState.HALTED


def _contradictions() -> dict[str, dict[str, Any]]:
    order, fill, *_ = honest(START)
    assert isinstance(fill, FillReport)
    other = fill.model_copy(update={"fill": fill.fill.model_copy(update={"price": D(7)})})
    row = BrokerPosition(contract=GOOG, quantity=D(1), avg_cost=D(1), account="A")
    return {
        "one position twice": {"positions": (row, row.model_copy(update={"quantity": D(2)}))},
        "one execution twice": {"fills": (fill, other)},
        "working and completed": {"completed_orders": (order,)},
        "a list": {"fills": [fill]},
        "no reports": {"open_orders": (1, 2)},
        "no money": {"account": Account.model_construct(account="A", cash=D("NaN"))},
        "no positions": {"positions": (empty(BrokerPosition),)},
        "tomorrow": {"time": START + timedelta(days=3)},
    }


@pytest.mark.parametrize("name", _contradictions())
@simulated
async def test_F40_a_snapshot_that_contradicts_itself_is_none(name: str) -> None:
    sound: dict[str, Any] = {"time": START, "account": Account(account="A", cash=D(1))}
    snapshot = Snapshot.model_construct(**{**dict(Snapshot(**sound)), **_contradictions()[name]})
    engine = engine_for(Answering("snapshot", snapshot))
    with pytest.raises(BrokerError, match="snapshot with nonsense"):
        await engine.start()


@pytest.mark.parametrize(
    "receipts",
    [None, 5, (None,), (Receipt(buy().order_id),), (Receipt(None),)],  # type: ignore[arg-type]
    ids=["none", "number", "of none", "of another order", "of no order"],
)
@simulated
async def test_F40_an_order_whose_receipts_are_nonsense_is_in_doubt_or_as_the_broker_says(receipts: object) -> None:
    broker = Answering("place", receipts)
    broker.on("place")
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        assert order.status is OrderStatus.IN_DOUBT
        assert len(refusals(engine)) == 1
        broker.accept(order)
        assert (await engine.wait_for(order.order_id, "SUBMITTED", timeout=1)).status is OrderStatus.SUBMITTED


@simulated
async def test_F40_evidence_about_another_order_is_not_taken_for_ones_own() -> None:
    broker = Answering("", None)
    broker.on("place", hangs)
    async with engine_on(broker) as engine:
        other = await engine.place_order(GOOG, buy())
        broker.answer = Evidence(orders=tuple(one for one in honest(START) if isinstance(one, OrderReport)))
        broker.question = "find"
        await asyncio.sleep(60)
        assert (await engine.order(other.order_id)).status is OrderStatus.IN_DOUBT
        assert refusals(engine)


@simulated
async def test_F40_details_of_another_contract_send_no_order_for_that_one() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        broker.details[GOOG.key] = await engine.contract_details(MSFT)
        with pytest.raises(OrderDenied, match="UNKNOWN_CONTRACT"):
            await engine.place_order(GOOG, buy())
        assert not broker.arrivals


@simulated
async def test_F40_a_stream_of_quotes_ends_at_nonsense() -> None:
    broker = Answering("", None)
    async with engine_on(broker) as engine:
        broker.question = "quote"
        with pytest.raises(BrokerError):
            _ = [quote async for quote in engine.quotes([GOOG])]
        assert refusals(engine)[0].problem.startswith("quotes")


@pytest.mark.parametrize("now", [None, datetime(2026, 1, 1), RuntimeError("no")])  # noqa: DTZ001 -- a naive time is meant
@simulated
async def test_F40_a_broker_that_tells_no_time_is_given_the_clocks(now: object) -> None:
    class Timeless(ScriptedBroker):
        answer: object = START

        def now(self) -> datetime:
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer  # type: ignore[return-value]

    broker = Timeless()
    async with engine_on(broker) as engine:
        broker.answer = now
        assert engine.now().year == START.year
        assert len(refusals(engine)) == 1


def test_F40_every_method_of_a_broker_goes_through_the_boundary() -> None:
    methods = {name for name in vars(Broker) if not name.startswith("_")}
    assert methods <= set(vars(Boundary))


# Hanging.


@pytest.mark.parametrize("question", ["snapshot", "qualify", "quote", "chain"])
@simulated
async def test_F39_a_question_that_hangs_is_unavailable(question: str) -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        broker.on(question, hangs)
        with pytest.raises(Unavailable, match="within"):
            await ASKED[question](engine)


@simulated
async def test_F39_a_preview_that_hangs_is_unavailable() -> None:
    class Slow(ScriptedBroker):
        async def preview(self, orders: Any) -> Any:
            await asyncio.Event().wait()

    async with engine_on(Slow()) as engine:
        with pytest.raises(Unavailable):
            await engine.preview_order(GOOG, buy())


@simulated
async def test_F39_a_place_that_hangs_leaves_the_order_in_doubt() -> None:
    broker = ScriptedBroker()
    broker.on("place", hangs)
    async with engine_on(broker) as engine:
        assert (await engine.place_order(GOOG, buy())).status is OrderStatus.IN_DOUBT


@pytest.mark.parametrize("call", ["cancel", "modify"])
@simulated
async def test_F39_a_request_that_hangs_is_in_doubt(call: str) -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        broker.on(call, hangs)
        request = (
            engine.cancel_order(order.order_id)
            if call == "cancel"
            else engine.modify_order(order.order_id, limit_price="99")
        )
        with pytest.raises(V6Error) as unknown:
            await request
        assert unknown.value.code == "OUTCOME_UNKNOWN"


@simulated
async def test_F39_a_find_that_hangs_keeps_nobody_else_from_being_asked_about() -> None:
    broker = ScriptedBroker(scripted_capabilities(submit_identity=SubmitIdentity.NONE))
    async with engine_on(broker) as engine:
        broker.on("place", always=True)
        lost = [await engine.place_order(contract, buy()) for contract in (GOOG, MSFT)]
        broker.on("find", hangs)
        await asyncio.sleep(120)
        assert {str(order.order_ref) for order in lost} <= set(broker.received("find"))


@simulated
async def test_F39_a_connection_that_hangs_fails_the_start() -> None:
    broker = ScriptedBroker()
    broker.on("connect", hangs)
    with pytest.raises(Unavailable, match="did not connect within"):
        await engine_for(broker).start()


@simulated
async def test_F39_a_disconnect_that_hangs_ends_all_the_same() -> None:
    broker, journal = ScriptedBroker(), BreakingJournal()
    broker.on("disconnect", hangs)
    async with engine_on(broker, lambda: journal):
        pass


# A cancel refused.


@simulated
async def test_F12_a_cancel_answered_not_found_ends_nothing_and_the_broker_is_asked() -> None:
    broker = ScriptedBroker()
    broker.on("cancel", refuses("OrderId 7 that needs to be cancelled is not found", "10147"))
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        assert not await engine.cancel_order(order.order_id)
        assert (await engine.order(order.order_id)).status is OrderStatus.SUBMITTED
        await asyncio.sleep(30)
        assert broker.received("find") == (str(order.order_ref),)


@simulated
async def test_F12_an_order_that_had_filled_when_its_cancel_was_refused_is_filled() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        with broker.muted():
            broker.fill(order)
        broker.on("cancel", refuses("cannot be cancelled, state: Filled", "161"))
        assert not await engine.cancel_order(order.order_id)
        await engine.wait_for(order.order_id, "FILLED", timeout=60)


# Duplicates, stale statuses, corrections.


@simulated
async def test_F26_what_is_said_twice_counts_once() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy(10))
        broker.fill(order, 4, commission="1")
        await settle()
        before, rows = await engine.order(order.order_id), len(told(engine))
        for _ in range(3):
            broker.repeat()
        await settle()
        assert await engine.order(order.order_id) == before
        assert len(told(engine)) == rows


@simulated
async def test_F27_a_stale_status_after_a_newer_one_takes_nothing_back() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy(10))
        stale = broker.said[-1]
        broker.fill(order)
        broker.repeat(stale)
        await settle()
        after = await engine.order(order.order_id)
        assert (after.status, after.filled_quantity) == (OrderStatus.FILLED, D(10))


@simulated
async def test_F28_a_correction_takes_the_place_of_the_fill() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy(10))
        broker.fill(order, 4, "100")
        await settle()
        (fill,) = await engine.fills()
        broker.correct(fill.execution_id, price=D(101))
        await settle()
        (corrected,) = await engine.fills()
        assert (corrected.quantity, corrected.price) == (D(4), D(101))


@simulated
async def test_F28_a_bust_that_takes_a_filled_order_below_its_quantity_puts_it_in_doubt() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy(10))
        broker.fill(order)
        await settle()
        broker.bust((await engine.fills())[0].execution_id)
        await settle()
        after = await engine.order(order.order_id)
        assert (after.status, after.filled_quantity) == (OrderStatus.IN_DOUBT, D(0))
        assert Anomaly.FILL_BUSTED in after.anomalies


# What v6 itself cannot take in.


def apply_but_fills(before: OrderState | None, event: OrderEvent) -> OrderState:
    if isinstance(event, ReportReceived) and isinstance(event.report, FillReport):
        raise AttributeError("planted")
    return apply(before, event)


@simulated
async def test_F40_a_report_that_v6_fails_to_take_in_is_kept_and_halts(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy(10))
        monkeypatch.setattr("v6core.engine.record.apply", apply_but_fills)
        broker.fill(order, 4)
        await settle()
        assert "AttributeError: planted" in refusals(engine)[0].problem
        assert "FillReport" in refusals(engine)[0].raw
        assert engine.trading_state is TradingState.HALTED


@simulated
async def test_F40_a_report_that_v6_failed_to_take_in_counts_once_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy(10))
        with monkeypatch.context() as patched:
            patched.setattr("v6core.engine.record.apply", apply_but_fills)
            broker.fill(order, 4)
            await settle()
        await engine.reconnect()
        assert (await engine.order(order.order_id)).filled_quantity == 4


@simulated
async def test_F40_where_what_is_durable_cannot_be_followed_nothing_more_leaves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        monkeypatch.setattr(Record, "absorb", planted_failure)
        for _ in range(2):
            with pytest.raises(V6Error, match="following the journal failed with AttributeError: planted"):
                await engine.place_order(GOOG, buy(10))
        assert broker.received("place") == ()


def planted_failure(*_: object) -> None:
    raise AttributeError("planted")
