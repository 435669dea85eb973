"""Controls before sending hold under every fault, cannot be got round, and trap nobody (P11, I51, F14)."""

# pyright: reportPrivateUsage=false
# A bug is planted where the code is, behind its doors.

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.engine_desk import GOOG, START, buy, engine_on, journal_in, sell, settle, simulated
from faults import controls_laws as laws
from v6core import standard_checks
from v6core.clock import SimulatedClock, SimulatedLoop
from v6core.contracts import Stock
from v6core.engine import OrderExecutionEngine
from v6core.engine.gate import Gate
from v6core.engine.surroundings import Surroundings
from v6core.errors import OrderDenied, OutcomeUnknown
from v6core.lifecycle import OrderState
from v6core.orders import Anomaly, Order, OrderStatus
from v6core.reports import LinkState
from v6core.risk import CheckContext, Denial, RiskLimits
from v6core.standard_checks import denials, exposure, repetition
from v6core.testing import ScriptedBroker, ScriptedSettings, scripted_capabilities
from v6core.testing.scripted import Call

D = Decimal
CHANGES = {Call.PLACE, Call.MODIFY, Call.CANCEL}
NAMED: dict[str, Any] = {"max_order_quantity": 500, "max_contracts": 50, "max_order_value": 50_000}


# The laws hold, and each bug of the kind that costs money breaks one.


@pytest.mark.parametrize(
    "law",
    [
        laws.position_law,
        laws.underlying_law,
        laws.open_orders_law,
        laws.rate_law,
        laws.change_law,
        laws.reducing_law,
        laws.despite_law,
    ],
)
def test_a_control_holds_whatever_happens(law: laws.Law) -> None:
    law()


Plant = Callable[[pytest.MonkeyPatch], None]


def count_only_what_is_acknowledged(patch: pytest.MonkeyPatch) -> None:
    _leave_out(patch, OrderStatus.PENDING_SUBMIT, OrderStatus.CREATED)


def leave_out_what_is_in_doubt(patch: pytest.MonkeyPatch) -> None:
    _leave_out(patch, OrderStatus.IN_DOUBT)


def count_only_what_is_durable(patch: pytest.MonkeyPatch) -> None:
    _leave_out(patch, OrderStatus.CREATED)


def _leave_out(patch: pytest.MonkeyPatch, *statuses: OrderStatus) -> None:
    sound = Surroundings._open_beside

    def open_beside(self: Surroundings, order: Order) -> tuple[Order, ...]:
        return tuple(other for other in sound(self, order) if other.status not in statuses)

    patch.setattr(Surroundings, "_open_beside", open_beside)


def reserve_nothing(patch: pytest.MonkeyPatch) -> None:
    def reserve(self: Surroundings, order: Order) -> None: ...

    patch.setattr(Surroundings, "reserve", reserve)


def take_a_change_for_done(patch: pytest.MonkeyPatch) -> None:
    def at_most(self: Surroundings, state: OrderState) -> Order:
        asked = state.requested.get("quantity")
        order = self._record.order(state.terms.order_id)
        return order if asked is None else order.replace(quantity=asked)

    patch.setattr(Surroundings, "_at_most", at_most)


def forget_a_change_that_nobody_answered(patch: pytest.MonkeyPatch) -> None:
    def at_most(self: Surroundings, state: OrderState) -> Order:
        return self._record.order(state.terms.order_id)

    patch.setattr(Surroundings, "_at_most", at_most)


def let_one_more_through(patch: pytest.MonkeyPatch) -> None:
    sound = denials.above

    def above(code: str, number: Decimal, limit: Decimal | None, unit: str) -> Denial | None:
        return sound(code, number - 1, limit, unit)

    patch.setattr(exposure, "above", above)
    patch.setattr(repetition, "above", above)


def forget_what_is_held(patch: pytest.MonkeyPatch) -> None:
    def reach(key: str, grows: bool, order: Order, context: CheckContext) -> Decimal:
        sign = 1 if grows else -1
        own = sum((c for k, c in exposure._changes(order, context) if k == key and (c > 0) == grows), D(0))
        return sign * (exposure._open_change(key, grows, order, context) + own)

    patch.setattr(exposure, "_reach", reach)


def count_this_order_alone(patch: pytest.MonkeyPatch) -> None:
    def open_change(key: str, grows: bool, order: Order, context: CheckContext) -> Decimal:
        return D(0)

    patch.setattr(exposure, "_open_change", open_change)


def forget_the_multiplier(patch: pytest.MonkeyPatch) -> None:
    sound = exposure._underlying_of

    def underlying_of(key: str) -> Any:
        found = sound(key)
        return found._replace(units=found.units / abs(found.units))

    patch.setattr(exposure, "_underlying_of", underlying_of)


def take_a_put_for_a_call(patch: pytest.MonkeyPatch) -> None:
    sound = exposure._underlying_of

    def underlying_of(key: str) -> Any:
        found = sound(key)
        return found._replace(units=abs(found.units))

    patch.setattr(exposure, "_underlying_of", underlying_of)


def allow_the_burst_every_second(patch: pytest.MonkeyPatch) -> None:
    def rate(order: Order, context: CheckContext) -> Denial | None:
        burst = context.limits.order_burst
        number = 1 + sum(context.monotonic - at < 1 for at, _ in context.recent)
        return denials.above("MAX_ORDERS_PER_SECOND", D(number), burst, "orders at once")

    patch.setattr(standard_checks, "LIMITS", (*standard_checks.LIMITS, rate))
    _without(patch, standard_checks.rate)


def forget_the_rate(patch: pytest.MonkeyPatch) -> None:
    _without(patch, standard_checks.rate)


def _without(patch: pytest.MonkeyPatch, check: Any) -> None:
    patch.setattr(standard_checks, "LIMITS", tuple(one for one in standard_checks.LIMITS if one is not check))


def judge_what_reduces_like_the_rest(patch: pytest.MonkeyPatch) -> None:
    def only_reduces(self: Surroundings, *rest: Any) -> bool:
        return False

    patch.setattr(Surroundings, "_only_reduces", only_reduces)


def reduce_what_is_sold_already(patch: pytest.MonkeyPatch) -> None:
    sound = Surroundings._only_reduces

    def only_reduces(self: Surroundings, order: Order, before: Order | None, positions: Any, beside: Any) -> bool:
        return sound(self, order, before, positions, ())

    patch.setattr(Surroundings, "_only_reduces", only_reduces)


def ignore_doubt_unasked(patch: pytest.MonkeyPatch) -> None:
    sound = Gate.pass_through

    async def pass_through(self: Gate, orders: tuple[Order, ...], **options: Any) -> tuple[Order, ...]:
        return await sound(self, orders, **(options | {"despite_doubt": True}))

    patch.setattr(Gate, "pass_through", pass_through)


def ignore_what_works_too(patch: pytest.MonkeyPatch) -> None:
    def is_undecided(order: Order) -> bool:
        return True

    patch.setattr("v6core.engine.surroundings.is_undecided", is_undecided)


def forget_the_worst_case(patch: pytest.MonkeyPatch) -> None:
    def worst_case(self: Surroundings, order: Order) -> None: ...

    patch.setattr(Surroundings, "worst_case", worst_case)


@pytest.mark.parametrize(
    ("plant", "law"),
    [
        (count_only_what_is_acknowledged, laws.position_law),
        (leave_out_what_is_in_doubt, laws.position_law),
        (count_only_what_is_durable, laws.position_law),
        (reserve_nothing, laws.position_law),
        (forget_what_is_held, laws.position_law),
        (count_this_order_alone, laws.position_law),
        (leave_out_what_is_in_doubt, laws.underlying_law),
        (reserve_nothing, laws.underlying_law),
        (forget_the_multiplier, laws.underlying_law),
        (take_a_put_for_a_call, laws.underlying_law),
        (let_one_more_through, laws.open_orders_law),
        (count_only_what_is_durable, laws.open_orders_law),
        (leave_out_what_is_in_doubt, laws.open_orders_law),
        (allow_the_burst_every_second, laws.rate_law),
        (forget_the_rate, laws.rate_law),
        (reserve_nothing, laws.rate_law),
        (take_a_change_for_done, laws.change_law),
        (forget_a_change_that_nobody_answered, laws.change_law),
        (judge_what_reduces_like_the_rest, laws.reducing_law),
        (reduce_what_is_sold_already, laws.reducing_law),
        (ignore_doubt_unasked, laws.reducing_law),
        (ignore_what_works_too, laws.despite_law),
        (forget_the_worst_case, laws.despite_law),
    ],
)
def test_a_bug_that_is_planted_is_caught(plant: Plant, law: laws.Law, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        law()


# The link.


@pytest.mark.parametrize(("state", "code"), [(LinkState.DEGRADED, "LINK_DEGRADED"), (LinkState.DOWN, "LINK_DOWN")])
@simulated
async def test_F14_a_change_while_the_link_is_degraded_is_denied_here(state: LinkState, code: str) -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy(10))
        broker.drop_link("1100", state)
        calls = len(broker.calls)
        with pytest.raises(OrderDenied, match=f"{code}: .*; nothing was sent") as denied:
            await engine.modify_order(order.order_id, quantity=5)
        assert denied.value.hint is not None
        assert len(broker.calls) == calls
        after = await engine.order(order.order_id)
        assert (after.quantity, after.pending_modify, after.status) == (D(10), None, OrderStatus.SUBMITTED)


@simulated
async def test_F14_a_link_that_degrades_while_a_change_is_judged_denies_it() -> None:
    broker = real_account(paper=True)
    async with live_engine(broker, RiskLimits()) as engine:
        order = await engine.place_order(GOOG, buy(10))
        broker.on("quote", lambda b, _: b.drop_link("1100", LinkState.DEGRADED))
        with pytest.raises(OrderDenied, match="LINK_DEGRADED"):
            await engine.modify_order(order.order_id, quantity=5)
    assert broker.received("modify") == ()


# Reading only.


@simulated
async def test_P11_where_the_configuration_only_reads_nothing_at_all_is_sent(tmp_path: Path) -> None:
    broker, journal = ScriptedBroker(), journal_in(tmp_path)
    broker.adjust(GOOG, 100)
    async with engine_on(broker, journal) as engine:
        order = await engine.place_order(GOOG, buy(10))
    broker.calls.clear()
    async with engine_on(broker, journal, limits=RiskLimits(read_only=True)) as engine:
        for call in (
            engine.place_order(GOOG, buy(1)),
            engine.place_order(GOOG, sell(1), despite_doubt=True),
            engine.modify_order(order.order_id, quantity=5),
            engine.cancel_order(order.order_id),
            engine.cancel_all(),
        ):
            with pytest.raises(OrderDenied, match=r"READ_ONLY: .*nothing was sent") as denied:
                await call
            assert denied.value.code == "READ_ONLY"
            assert "read_only = false" in str(denied.value.hint)
        assert (await engine.order(order.order_id)).pending_cancel is None
    assert {one.call for one in broker.calls} <= {Call.CONNECT, Call.SNAPSHOT, Call.DISCONNECT}


# Real money.


@contextlib.asynccontextmanager
async def live_engine(
    broker: ScriptedBroker, limits: RiskLimits, **settings: Any
) -> AsyncGenerator[OrderExecutionEngine]:
    """Start an engine in front of a broker that is not simulated, with a fresh quote."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimulatedLoop)
    clock = SimulatedClock(START, loop)
    engine = OrderExecutionEngine.from_spec(
        broker.spec, ScriptedSettings(**settings), clock=clock, limits=limits, name="live"
    )
    async with engine:
        broker.set_quote(GOOG, "99.99", "100.01")
        yield engine


def real_account(paper: bool | None) -> ScriptedBroker:
    """Return a broker of an account that is not simulated."""
    broker = ScriptedBroker(scripted_capabilities(simulated=False))
    broker.paper = paper
    return broker


@pytest.mark.parametrize("paper", [None, False])
@pytest.mark.parametrize(
    ("settings", "limits", "missing"),
    [
        ({}, NAMED, "live = true in .brokers.live.; account = .SCRIPTED."),
        ({"live": True}, NAMED, "account = .SCRIPTED. in .brokers.live."),
        ({"account": "SCRIPTED"}, NAMED, "live = true in .brokers.live."),
        ({"live": True, "account": "U1"}, NAMED, "which names U1"),
        ({"live": True, "account": "SCRIPTED"}, {}, "max_order_quantity, max_contracts, max_order_value named"),
    ],
)
@simulated
async def test_P11_real_money_that_is_not_armed_moves_nowhere(
    paper: bool | None, settings: dict[str, Any], limits: dict[str, Any], missing: str
) -> None:
    broker = real_account(paper)
    broker.adjust(GOOG, 100)
    async with live_engine(broker, RiskLimits(**limits), **settings) as engine:
        for order in (buy(1), sell(1)):
            with pytest.raises(OrderDenied, match=missing) as denied:
                await engine.place_order(GOOG, order)
            assert denied.value.code == "LIVE_NOT_ARMED"
    assert broker.arrivals == []


@simulated
async def test_P11_real_money_that_is_armed_moves() -> None:
    broker = real_account(paper=False)
    async with live_engine(broker, RiskLimits(**NAMED), live=True, account="SCRIPTED") as engine:
        assert (await engine.place_order(GOOG, buy(1))).status is OrderStatus.SUBMITTED


@simulated
async def test_P11_a_real_paper_account_needs_no_arming() -> None:
    broker = real_account(paper=True)
    async with live_engine(broker, RiskLimits()) as engine:
        assert (await engine.place_order(GOOG, buy(1))).status is OrderStatus.SUBMITTED


@simulated
async def test_P11_an_order_that_works_in_an_account_that_is_not_armed_can_be_cancelled() -> None:
    broker = real_account(paper=True)
    async with live_engine(broker, RiskLimits()) as engine:
        order = await engine.place_order(GOOG, buy(1))
        broker.paper = False
        broker.drop_link()
        broker.restore_link()
        await engine.ready(timeout=1)
        with pytest.raises(OrderDenied, match="LIVE_NOT_ARMED"):
            await engine.place_order(GOOG, buy(2))
        with pytest.raises(OrderDenied, match="LIVE_NOT_ARMED"):
            await engine.modify_order(order.order_id, quantity=3)
        assert await engine.cancel_order(order.order_id) is True


# What counts.


@simulated
async def test_F15_two_broker_orders_under_one_reference_both_count() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker, limits=RiskLimits(max_position=D(25))) as engine:
        order = await engine.place_order(GOOG, buy(10))
        split = broker.book.find(order)
        split.broker_order_id = "another"
        broker.accept(order)
        await settle()
        await engine.resume("both were seen")
        assert Anomaly.TWO_BROKER_ORDERS in (await engine.order(order.order_id)).anomalies
        with pytest.raises(OrderDenied, match="MAX_POSITION: 26 > 25"):
            await engine.place_order(GOOG, buy(6))
        assert (await engine.place_order(GOOG, buy(5))).status is OrderStatus.SUBMITTED


@simulated
async def test_F15_one_of_two_broker_orders_counts_on_where_the_other_has_filled_the_order() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker, limits=RiskLimits(max_position=D(25))) as engine:
        order = await engine.place_order(GOOG, buy(10))
        split = broker.book.find(order)
        split.broker_order_id = "another"
        broker.accept(order)
        broker.fill(order)
        await settle()
        await engine.resume("both were seen")
        assert (await engine.order(order.order_id)).status is OrderStatus.FILLED
        with pytest.raises(OrderDenied, match="MAX_POSITION: 26 > 25"):
            await engine.place_order(GOOG, buy(6))


@simulated
async def test_I51_a_change_to_fewer_counts_in_full_until_it_is_confirmed() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker, limits=RiskLimits(max_position=D(25))) as engine:
        order = await engine.place_order(GOOG, buy(20))
        broker.on("modify")
        with pytest.raises(OutcomeUnknown):
            await engine.modify_order(order.order_id, quantity=1)
        with pytest.raises(OrderDenied, match="MAX_POSITION: 26 > 25"):
            await engine.place_order(GOOG, buy(6))


@simulated
async def test_I51_orders_of_a_day_are_counted_over_a_restart(tmp_path: Path) -> None:
    broker, journal, limits = ScriptedBroker(), journal_in(tmp_path), RiskLimits(max_orders_per_day=D(2))
    async with engine_on(broker, journal, limits=limits) as engine:
        await engine.place_order(GOOG, buy(1))
        with pytest.raises(OrderDenied, match="MAX_ORDER_QUANTITY"):
            await engine.place_order(GOOG, buy(501))
    async with engine_on(broker, journal, limits=limits) as engine:
        await engine.place_order(GOOG, buy(2))
        with pytest.raises(OrderDenied, match="MAX_ORDERS_PER_DAY: 3 > 2 orders today"):
            await engine.place_order(GOOG, buy(3))
        await settle(86_400)
        assert (await engine.place_order(GOOG, buy(3))).status is OrderStatus.SUBMITTED


@simulated
async def test_P11_a_value_in_another_currency_is_never_taken_for_the_accounts_own() -> None:
    broker = real_account(paper=True)
    sap = Stock("SAP", currency="EUR")
    broker.set_quote(sap, "99.99", "100.01")
    async with live_engine(broker, RiskLimits()) as engine:
        with pytest.raises(OrderDenied, match="NO_RATE: no rate from EUR to USD"):
            await engine.place_order(sap, buy(1))
