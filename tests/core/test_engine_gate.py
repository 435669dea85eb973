"""Before sending: checks of v6 and of others, limits, trading states, and a journal that fails."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from core.engine_desk import (
    GOOG,
    MSFT,
    BreakingJournal,
    buy,
    engine_on,
    journal_in,
    kinds,
    sell,
    settle,
    simulated,
    told,
)
from v6core import hookimpl
from v6core.contracts import Stock
from v6core.errors import JournalError, NotConnected, NotSupported, OrderDenied, OutcomeUnknown, Unavailable
from v6core.events import EngineEvent, OrderEvent, OrderWasDenied, TradingState
from v6core.fills import ActionTaken
from v6core.journal import Entry, MemoryJournal, Row
from v6core.orders import BracketOrder, Order, OrderStatus, TimeInForce
from v6core.reports import FillCorrectionReport, OrderReport, ReportedStatus, Snapshot
from v6core.risk import CheckContext, Denial, RiskLimits
from v6core.testing import ScriptedBroker, scripted_capabilities
from v6core.testing.scripted import Step, fills, hangs, raises, takes

D = Decimal


class Compliance:
    """A third party's check that denies, fails or passes by symbol."""

    def __init__(self) -> None:
        self.asked: list[tuple[Order, CheckContext]] = []

    @hookimpl
    def v6_check_order(self, order: Order, context: CheckContext) -> Denial | None:
        self.asked.append((order, context))
        if order.contract == MSFT:
            return Denial("RESTRICTED_LIST", "MSFT is on the restricted list")
        if order.quantity == 13:
            raise ZeroDivisionError("a bug in the check")
        return None


class Gossip:
    """An observer that always fails."""

    @hookimpl
    def v6_order_event(self, event: OrderEvent | EngineEvent) -> None:
        raise RuntimeError(f"cannot bear {event.event}")


class Listener:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, OrderStatus | None]] = []

    @hookimpl
    def v6_order_event(self, event: OrderEvent | EngineEvent, order: Order | None) -> None:
        self.heard.append((event.event, None if order is None else order.status))


@simulated
async def test_a_denial_is_journaled_with_its_code_and_raised_with_the_order() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = buy(501)
        with pytest.raises(OrderDenied, match="MAX_ORDER_QUANTITY: 501 > 500 shares; nothing was sent") as denied:
            await engine.place_order(GOOG, order)
        assert (denied.value.code, denied.value.order_id) == ("MAX_ORDER_QUANTITY", order.order_id)
        assert denied.value.order is not None
        assert denied.value.order.status is OrderStatus.DENIED
        (event,) = told(engine, order.order_id)
        assert isinstance(event, OrderWasDenied)
        assert (event.code, event.denied_by) == ("MAX_ORDER_QUANTITY", "v6")
        assert await engine.order(order.order_id) == denied.value.order
    assert broker.arrivals == []


@simulated
async def test_a_third_partys_check_denies_in_its_own_name() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker, extensions=[Compliance()]) as engine:
        order = buy()
        with pytest.raises(OrderDenied, match=r"RESTRICTED_LIST: .* \(Compliance\)"):
            await engine.place_order(MSFT, order)
        (event,) = told(engine, order.order_id)
        assert isinstance(event, OrderWasDenied)
        assert event.denied_by == "Compliance"
        assert (await engine.place_order(GOOG, buy())).status is OrderStatus.SUBMITTED
    assert len(broker.arrivals) == 1


@simulated
async def test_a_check_that_fails_denies() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker, extensions=[Compliance()]) as engine:
        with pytest.raises(OrderDenied, match=r"CHECK_FAILED: .*ZeroDivisionError"):
            await engine.place_order(GOOG, buy(13))
    assert broker.arrivals == []


@simulated
async def test_every_order_of_a_unit_is_judged() -> None:
    broker, check = ScriptedBroker(), Compliance()
    async with engine_on(broker, extensions=[check]) as engine:
        bracket = BracketOrder(buy(10, "100"), sell(10, "110"), Order.stop("SELL", 10, "95"))
        await engine.place_bracket_order(bracket, GOOG)
    assert [order.action for order, _ in check.asked] == ["BUY", "SELL", "SELL"]


@simulated
async def test_calling_itself_a_child_gets_no_order_past_the_checks() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        await engine.halt("lunch")
        entry = buy()
        with pytest.raises(OrderDenied, match="TRADING_HALTED"):
            await engine.place_order(GOOG, sell(10, parent_order_id=entry.order_id))


@simulated
async def test_an_observer_that_fails_harms_nobody() -> None:
    broker, listener = ScriptedBroker(), Listener()
    async with engine_on(broker, extensions=[Gossip(), listener]) as engine:
        assert (await engine.place_order(GOOG, buy())).status is OrderStatus.SUBMITTED
    assert listener.heard == [
        ("STARTED", None),
        ("INTENDED", OrderStatus.PENDING_SUBMIT),
        ("REPORTED", OrderStatus.SUBMITTED),
    ]


@simulated
async def test_concurrent_orders_cannot_break_a_limit_together() -> None:
    broker = ScriptedBroker()
    limits = RiskLimits(max_position=D(25))
    async with engine_on(broker, limits=limits) as engine:
        calls = (engine.place_order(GOOG, buy(10)) for _ in range(5))
        answers = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(answer).__name__ for answer in answers] == ["Order", "Order", *["OrderDenied"] * 3]
    assert len(broker.arrivals) == 2


@simulated
async def test_what_is_in_doubt_counts_against_a_limit() -> None:
    broker = ScriptedBroker()
    broker.on("place", arrives=False)
    async with engine_on(broker, limits=RiskLimits(max_position=D(15))) as engine:
        assert (await engine.place_order(GOOG, buy(10))).status is OrderStatus.IN_DOUBT
        with pytest.raises(OrderDenied, match="MAX_POSITION: 19 > 15"):
            await engine.place_order(GOOG, buy(9))


@simulated
async def test_what_a_filled_order_is_said_to_have_filled_beyond_counts_against_a_limit() -> None:
    broker = ScriptedBroker()
    broker.on("place", fills(5))
    async with engine_on(broker, limits=RiskLimits(max_position=D(15))) as engine:
        filled = await engine.place_order(GOOG, buy(5))
        (report,) = broker.book.executions.values()
        more = report.fill.model_copy(update={"execution_id": "more"})
        broker.say(report.model_copy(update={"fill": more}))
        now, ref = broker.now(), filled.order_ref
        broker.say(OrderReport(time=now, order_ref=ref, status=ReportedStatus.FILLED, filled_quantity=D(10)))
        broker.say(FillCorrectionReport(time=now, order_ref=ref, replaces="more"))
        await settle()
        with pytest.raises(OrderDenied, match="MAX_POSITION: 16 > 15"):
            await engine.place_order(GOOG, buy(6))


@simulated
async def test_an_order_equal_to_one_in_doubt_is_a_duplicate_also_where_the_window_is_off() -> None:
    broker = ScriptedBroker()
    broker.on("place", arrives=False)
    async with engine_on(broker, limits=RiskLimits(duplicate_window=None)) as engine:
        await engine.place_order(GOOG, buy(10))
        with pytest.raises(OrderDenied, match=r"DUPLICATE: equal to order .*, which is IN_DOUBT"):
            await engine.place_order(GOOG, buy(10))


@simulated
async def test_a_change_that_may_have_taken_effect_counts_against_a_limit() -> None:
    broker = ScriptedBroker()
    broker.on("modify")
    async with engine_on(broker, limits=RiskLimits(max_position=D(25))) as engine:
        order = await engine.place_order(GOOG, buy(10))
        with pytest.raises(OutcomeUnknown):
            await engine.modify_order(order.order_id, quantity=20)
        with pytest.raises(OrderDenied, match="MAX_POSITION: 30 > 25"):
            await engine.place_order(GOOG, buy(10))


@simulated
async def test_a_change_and_an_order_at_once_cannot_break_a_limit_together() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker, limits=RiskLimits(max_position=D(25))) as engine:
        order = await engine.place_order(GOOG, buy(10))
        calls = (engine.modify_order(order.order_id, quantity=20), engine.place_order(GOOG, buy(10)))
        changed, placed = await asyncio.gather(*calls, return_exceptions=True)
        assert isinstance(changed, Order)
        assert isinstance(placed, OrderDenied)


@simulated
async def test_an_order_refused_by_a_check_leaves_no_reservation() -> None:
    broker = ScriptedBroker()
    limits = RiskLimits(max_position=D(10), duplicate_window=D(2))
    async with engine_on(broker, limits=limits, extensions=[Compliance()]) as engine:
        with pytest.raises(OrderDenied, match="RESTRICTED_LIST"):
            await engine.place_oca_group([buy(5), buy(5, "99")], [GOOG, MSFT])
        assert (await engine.place_order(GOOG, buy(5))).status is OrderStatus.SUBMITTED


@simulated
async def test_a_reducing_order_passes_halt_and_limits() -> None:
    broker = ScriptedBroker()
    broker.adjust(GOOG, 1000)
    async with engine_on(broker, limits=RiskLimits(max_order_quantity=D(5))) as engine:
        await engine.halt("limit of the day")
        broker.on("place", fills())
        assert (await engine.place_order(GOOG, sell(600))).status is OrderStatus.FILLED
        with pytest.raises(OrderDenied, match="TRADING_HALTED"):
            await engine.place_order(GOOG, sell(500))


@simulated
async def test_what_already_works_against_a_position_is_taken_off_what_can_be_reduced() -> None:
    broker = ScriptedBroker()
    broker.adjust(GOOG, 100)
    async with engine_on(broker) as engine:
        await engine.halt("the close")
        assert (await engine.place_order(GOOG, sell(60))).status is OrderStatus.SUBMITTED
        with pytest.raises(OrderDenied, match="TRADING_HALTED"):
            await engine.place_order(GOOG, sell(60))


@simulated
async def test_two_reducing_orders_at_once_do_not_pass_together() -> None:
    broker = ScriptedBroker()
    broker.adjust(GOOG, 100)
    async with engine_on(broker) as engine:
        await engine.halt("the close")
        calls = (engine.place_order(GOOG, sell(60)) for _ in range(3))
        answers = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(answer).__name__ for answer in answers] == ["Order", "OrderDenied", "OrderDenied"]


@simulated
async def test_halt_lets_cancels_through() -> None:
    async with engine_on(ScriptedBroker()) as engine:
        order = await engine.place_order(GOOG, buy())
        await engine.halt("panic")
        assert await engine.cancel_order(order.order_id) is True


@simulated
async def test_halt_and_resume_last_over_a_restart(tmp_path: Path) -> None:
    broker, journal = ScriptedBroker(), journal_in(tmp_path)
    async with engine_on(broker, journal) as engine:
        await engine.halt("until the desk has looked")
    async with engine_on(broker, journal) as engine:
        assert engine.trading_state is TradingState.HALTED
        with pytest.raises(OrderDenied, match="TRADING_HALTED"):
            await engine.place_order(GOOG, buy())
        await engine.resume("the desk has looked")
    async with engine_on(broker, journal) as engine:
        assert engine.trading_state is TradingState.ACTIVE
        assert (await engine.place_order(GOOG, buy())).status is OrderStatus.SUBMITTED


@simulated
async def test_halt_and_resume_want_a_reason() -> None:
    async with engine_on(ScriptedBroker()) as engine:
        with pytest.raises(ValueError, match="say why"):
            await engine.halt(" ")


@simulated
async def test_reducing_is_a_state_of_its_own() -> None:
    async with engine_on(ScriptedBroker()) as engine:
        await engine.halt("end of day", reducing=True)
        with pytest.raises(OrderDenied, match="TRADING_REDUCING"):
            await engine.place_order(GOOG, buy())


@simulated
async def test_a_halt_file_halts_and_resume_removes_it(tmp_path: Path) -> None:
    halt_file = tmp_path / "HALT"
    async with engine_on(ScriptedBroker(), halt_file=halt_file) as engine:
        halt_file.touch()
        assert engine.trading_state is TradingState.HALTED
        with pytest.raises(OrderDenied, match="TRADING_HALTED"):
            await engine.place_order(GOOG, buy())
        await engine.resume("all is well")
        assert not halt_file.exists()
        assert (await engine.place_order(GOOG, buy())).status is OrderStatus.SUBMITTED


@simulated
async def test_a_journal_that_cannot_be_written_denies_and_halts() -> None:
    broker, journal = ScriptedBroker(), BreakingJournal()
    async with engine_on(broker, lambda: journal) as engine:
        journal.is_full = True
        with pytest.raises(OrderDenied, match=r"JOURNAL_FAILED: .*no space left.*nothing was sent") as denied:
            await engine.place_order(GOOG, buy())
        assert denied.value.order is not None
        assert denied.value.order.status is OrderStatus.DENIED
        assert engine.trading_state is TradingState.HALTED
        journal.is_full = journal.failed = False
        with pytest.raises(OrderDenied, match="JOURNAL_FAILED"):
            await engine.place_order(GOOG, buy())
    assert broker.arrivals == []
    assert "INTENDED" not in [row.kind for row in journal.rows()]


@simulated
async def test_whatever_a_journal_raises_denies() -> None:
    broker = ScriptedBroker()

    class Odd(MemoryJournal):
        def append(self, entries: Sequence[Entry]) -> tuple[Row, ...]:
            if entries[0].kind == "INTENDED":
                raise OSError(28, "No space left on device")
            return super().append(entries)

    async with engine_on(broker, Odd) as engine:
        with pytest.raises(OrderDenied, match=r"JOURNAL_FAILED: .*OSError"):
            await engine.place_order(GOOG, buy())
    assert broker.arrivals == []


@simulated
async def test_a_journal_that_cannot_take_the_denial_denies_all_the_same() -> None:
    journal = BreakingJournal()
    async with engine_on(ScriptedBroker(), lambda: journal) as engine:
        journal.is_full = True
        with pytest.raises(OrderDenied, match="MAX_ORDER_QUANTITY"):
            await engine.place_order(GOOG, buy(501))
        with pytest.raises(JournalError):
            await engine.halt("the journal is broken")


@simulated
async def test_what_the_broker_does_not_declare_is_not_sent() -> None:
    broker = ScriptedBroker(scripted_capabilities(fractional=False))
    async with engine_on(broker) as engine:
        with pytest.raises(NotSupported, match="NOT_SUPPORTED: it takes whole quantities") as denied:
            await engine.place_order(GOOG, Order.limit("BUY", "1.5", 100))
        assert kinds(engine, denied.value.order_id) == ["DENIED"]


@pytest.mark.parametrize("failure", [raises(Unavailable("who?")), raises(KeyError("GOOG")), hangs])
@simulated
async def test_a_contract_that_cannot_be_looked_up_is_denied(failure: object) -> None:
    broker = ScriptedBroker()
    broker.on("qualify", failure)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    async with engine_on(broker) as engine:
        with pytest.raises(OrderDenied, match="UNKNOWN_CONTRACT"):
            await engine.place_order(GOOG, buy())
        assert (await engine.place_order(GOOG, buy())).status is OrderStatus.SUBMITTED


@simulated
async def test_a_contract_that_cannot_be_looked_up_since_the_link_broke_is_denied_for_the_link() -> None:
    broker = ScriptedBroker()
    broker.on("qualify", raises(NotConnected("gone")))
    async with engine_on(broker) as engine:
        with pytest.raises(OrderDenied, match=r"LINK_DOWN: .*GOOG.* could not be looked up: gone"):
            await engine.place_order(GOOG, buy())


@simulated
async def test_the_broker_s_way_out_is_told_with_a_contract_that_it_does_not_know() -> None:
    broker = ScriptedBroker()
    broker.on("qualify", raises(Unavailable("who?", hint="give the conid")))
    async with engine_on(broker) as engine:
        with pytest.raises(OrderDenied) as denied:
            await engine.place_order(GOOG, buy())
    assert denied.value.hint == "give the conid"


@simulated
async def test_a_quote_that_does_not_come_denies_where_a_limit_needs_it() -> None:
    broker = ScriptedBroker(scripted_capabilities(simulated=False))
    broker.on("quote", hangs)
    async with engine_on(broker) as engine:
        with pytest.raises(OrderDenied, match="NO_REFERENCE"):
            await engine.place_order(GOOG, buy())
        broker.set_quote(GOOG, "99.99", "100.01")
        assert (await engine.place_order(GOOG, buy())).status is OrderStatus.SUBMITTED


@pytest.mark.parametrize(
    ("failure", "why", "way_out"),
    [
        (hangs, "broker 'scripted' gave none within 10 s", "v6 quote GOOG asks for it again"),
        (raises(Unavailable("GOOG is not subscribed", hint="say delayed")), "GOOG is not subscribed", "say delayed"),
        (raises(KeyError("bid")), "broker 'scripted' failed: KeyError: 'bid'", "a fault of the plugin"),
    ],
)
@simulated
async def test_the_question_that_failed_is_told_before_the_check_is_offered_off(
    failure: Step, why: str, way_out: str
) -> None:
    broker = ScriptedBroker(scripted_capabilities(simulated=False))
    broker.on("quote", failure)
    async with engine_on(broker) as engine:
        with pytest.raises(OrderDenied) as denied:
            await engine.place_order(GOOG, buy())
    assert denied.value.message.startswith(f"NO_REFERENCE: no quote of GOOG to check the price by: {why}")
    hint = str(denied.value.hint)
    assert hint.startswith(f"the quote of GOOG failed: {way_out}")
    assert hint.endswith('; [risk] price_collar = "off" sends it unchecked')


@simulated
async def test_the_link_lost_while_an_order_is_judged_denies_it() -> None:
    broker = ScriptedBroker()
    broker.on("qualify", takes(1))
    async with engine_on(broker) as engine:
        placing = asyncio.create_task(engine.place_order(GOOG, buy()))
        await settle(0.5)
        broker.drop_link()
        with pytest.raises(OrderDenied, match="LINK_DOWN"):
            await placing
    assert broker.arrivals == []


@simulated
async def test_a_preview_sends_nothing_and_spends_no_id() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = buy()
        result = await engine.preview_order(GOOG, order)
        assert (result.action_taken, result.success) == (ActionTaken.DRY_RUN, True)
        assert result.preview == broker.previewed
        with pytest.raises(OrderDenied, match="MAX_ORDER_QUANTITY"):
            await engine.preview_order(GOOG, buy(501))
        assert kinds(engine) == ["STARTED"]
        assert (await engine.place_order(GOOG, order)).status is OrderStatus.SUBMITTED
    assert len(broker.arrivals) == 1


@simulated
async def test_options_that_the_broker_does_not_take_are_denied() -> None:
    async with engine_on(ScriptedBroker()) as engine:
        with pytest.raises(OrderDenied, match="ORDER_OPTIONS: scripted takes no options of its own, not hidden"):
            await engine.place_order(GOOG, buy(options={"hidden": True}))


@simulated
async def test_the_checks_are_told_what_is_held_and_what_works() -> None:
    broker, check = ScriptedBroker(), Compliance()
    broker.adjust(GOOG, 7)
    async with engine_on(broker, extensions=[check]) as engine:
        working = await engine.place_order(GOOG, buy(10, tif=TimeInForce.GTC))
        broker.fill(working, 4)
        await settle()
        bust = next(iter(broker.book.executions))
        await engine.place_order(GOOG, buy(3))
        context = check.asked[-1][1]
        assert context.positions == {GOOG.key: 11}
        assert [(order.order_id, order.remaining_quantity) for order in context.open_orders] == [
            (working.order_id, D(6))
        ]
        broker.bust(bust)
        broker.repeat(*broker.said[1:])
        broker.adjust(GOOG, -2)
        await settle()
        await engine.place_order(GOOG, buy(2))
        assert check.asked[-1][1].positions == {GOOG.key: 5}


@simulated
async def test_what_is_held_is_right_after_the_link_was_cut() -> None:
    broker, check = ScriptedBroker(), Compliance()
    broker.adjust(GOOG, 7)
    async with engine_on(broker, extensions=[check]) as engine:
        order = await engine.place_order(GOOG, buy(10))
        broker.fill(order, 4)
        await settle()
        broker.drop_link()
        broker.fill(order, 3)
        broker.restore_link()
        await engine.ready(timeout=1)
        await engine.place_order(GOOG, buy(1))
    assert check.asked[-1][1].positions == {GOOG.key: 14}


@simulated
async def test_a_fill_that_comes_after_the_snapshot_was_taken_is_counted_once() -> None:
    class Slow(ScriptedBroker):
        async def snapshot(self) -> Snapshot:
            taken = await super().snapshot()
            for held in self.book.orders.values():
                self.fill(held.ref, 3)
            return taken

    broker, check = Slow(), Compliance()
    async with engine_on(broker, extensions=[check]) as engine:
        order = await engine.place_order(GOOG, buy(10))
        broker.drop_link()
        broker.restore_link()
        await engine.ready(timeout=1)
        assert (await engine.order(order.order_id)).filled_quantity == 3
        await engine.place_order(GOOG, buy(1))
    assert check.asked[-1][1].positions == {GOOG.key: 3}


@simulated
async def test_an_account_that_is_not_the_brokers_is_denied_before_the_intent() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = buy(account="U7654321")
        with pytest.raises(OrderDenied, match="U7654321 is no account of this broker, which has SCRIPTED") as denied:
            await engine.place_order(GOOG, order)
        assert (denied.value.code, kinds(engine, order.order_id)) == ("ACCOUNT", ["DENIED"])
        assert (await engine.place_order(GOOG, buy(account="SCRIPTED"))).status is OrderStatus.SUBMITTED


@simulated
async def test_an_account_in_which_the_broker_holds_something_is_its_own() -> None:
    broker = ScriptedBroker()
    broker.adjust(GOOG, 5, account="U2")
    async with engine_on(broker) as engine:
        assert (await engine.place_order(GOOG, buy(account="U2"))).status is OrderStatus.SUBMITTED


@simulated
async def test_a_denial_by_the_halt_file_names_it(tmp_path: Path) -> None:
    file = tmp_path / "HALT"
    file.touch()
    async with engine_on(ScriptedBroker(), halt_file=file) as engine:
        with pytest.raises(OrderDenied, match=f"the halt file {file} is there"):
            await engine.place_order(GOOG, buy())


@simulated
async def test_a_quote_that_the_plugins_library_cancels_is_no_quote() -> None:
    broker = ScriptedBroker()
    broker.on("quote", raises(asyncio.CancelledError()))
    async with engine_on(broker, limits=RiskLimits(price_collar=D("0.05"))) as engine:
        assert (await engine.place_order(GOOG, buy())).status is OrderStatus.SUBMITTED


@simulated
async def test_a_contract_whose_lookup_the_plugins_library_cancels_is_denied() -> None:
    broker = ScriptedBroker()
    broker.on("qualify", raises(asyncio.CancelledError()))
    async with engine_on(broker) as engine:
        with pytest.raises(OrderDenied, match="UNKNOWN_CONTRACT"):
            await engine.place_order(GOOG, buy())


@simulated
async def test_an_order_goes_to_the_exchange_that_it_names_also_behind_one_that_names_another() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        await engine.place_order(GOOG, buy())
        direct = await engine.place_order(Stock("GOOG", exchange="ARCA"), buy(11))
    assert direct.contract is not None
    assert direct.contract.exchange == "ARCA"
