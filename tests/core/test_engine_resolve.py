"""An operator's decision about what nobody knows: when it holds, when it is refused, and that the broker still wins."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.engine_desk import GOOG, buy, engine_on, journal_in, sell, settle, simulated, told
from v6core.contracts import Combo, ComboLeg, parse_contract
from v6core.engine import OrderExecutionEngine
from v6core.errors import DecisionRefused, OutcomeUnknown, UnknownOrder
from v6core.events import OperatorDecided, Verdict
from v6core.orders import Anomaly, Order, OrderStatus
from v6core.testing import ScriptedBroker
from v6core.testing.scripted import accepts, fills

D = Decimal
DECIDED = {
    Verdict.ABSENT: OrderStatus.LOST,
    Verdict.CANCELLED: OrderStatus.CANCELLED,
    Verdict.EXPIRED: OrderStatus.EXPIRED,
}


async def doubtful(engine: OrderExecutionEngine, broker: ScriptedBroker, order: Order | None = None) -> Order:
    """Return an order that the broker never shows."""
    broker.on("place", arrives=False)
    placed = await engine.place_order(GOOG, order or buy())
    assert placed.status is OrderStatus.IN_DOUBT
    return placed


@pytest.mark.parametrize(("verdict", "status"), DECIDED.items())
@simulated
async def test_a_verdict_settles_what_is_in_doubt(verdict: Verdict, status: OrderStatus) -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await doubtful(engine, broker)
        decided = await engine.resolve(order.order_id, verdict, "looked at the web page", operator="ann")
        assert (decided.status, decided.reason) == (status, "ann: looked at the web page")
        assert await engine.orders(in_doubt=True) == ()


@simulated
async def test_a_fill_that_is_told_counts() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await doubtful(engine, broker)
        decided = await engine.resolve(order.order_id, "filled", "saw it", quantity=10, price="99.5")
        assert (decided.status, decided.filled_quantity, decided.avg_fill_price) == (
            OrderStatus.FILLED,
            D(10),
            D("99.5"),
        )


@pytest.mark.parametrize(
    ("verdict", "fill"), [("cancelled", {}), ("absent", {}), ("filled", {"quantity": 10, "price": 98})]
)
@simulated
async def test_the_broker_s_fills_win_over_a_verdict(verdict: str, fill: dict[str, Any]) -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await doubtful(engine, broker)
        await engine.resolve(order.order_id, verdict, "thought so", **fill)
        broker.fill(broker.book.add(order).ref, price=99)
        await settle()
        after = await engine.order(order.order_id)
        assert (after.status, after.filled_quantity, after.avg_fill_price) == (OrderStatus.FILLED, D(10), D(99))


@simulated
async def test_an_order_that_the_broker_shows_working_comes_back_from_a_verdict() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await doubtful(engine, broker)
        await engine.resolve(order.order_id, "cancelled", "thought so")
        broker.accept(broker.book.add(order).ref)
        await settle()
        assert (await engine.order(order.order_id)).status is OrderStatus.SUBMITTED


@simulated
async def test_the_decision_its_reason_and_its_operator_are_journaled() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await doubtful(engine, broker)
        await engine.resolve(order.order_id, "absent", "not on the page", operator="ann")
        (event,) = [event for event in told(engine, order.order_id) if isinstance(event, OperatorDecided)]
        assert (event.verdict, event.reason, event.operator) == (Verdict.ABSENT, "not on the page", "ann")


@simulated
async def test_a_decision_outlives_a_restart(tmp_path: Path) -> None:
    broker = ScriptedBroker()
    async with engine_on(broker, journal_in(tmp_path)) as engine:
        order = await doubtful(engine, broker)
        await engine.resolve(order.order_id, "absent", "not on the page")
    async with engine_on(broker, journal_in(tmp_path)) as engine:
        after = await engine.order(order.order_id)
        assert (after.status, Anomaly.DECIDED_BY_OPERATOR in after.anomalies) == (OrderStatus.LOST, True)


@simulated
async def test_what_is_in_doubt_is_listed() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        await engine.place_order(GOOG, sell())
        order = await doubtful(engine, broker)
        assert [one.order_id for one in await engine.orders(in_doubt=True)] == [order.order_id]


async def refused(engine: OrderExecutionEngine, order: Order, verdict: str, **fill: Any) -> str:
    """Return the code with which a decision is refused; it leaves no trace."""
    rows = engine.journal.last_seq
    with pytest.raises(DecisionRefused) as caught:
        await engine.resolve(order.order_id, verdict, "because", **fill)
    assert (engine.journal.last_seq, caught.value.order_id) == (rows, order.order_id)
    return str(caught.value.code)


@simulated
async def test_an_order_that_is_not_in_doubt_takes_no_verdict() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        assert await refused(engine, order, "cancelled") == "NOT_IN_DOUBT"


@simulated
async def test_what_the_broker_has_shown_is_not_absent() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        broker.on("place", accepts, fills())
        order = await engine.place_order(GOOG, buy())
        (fill,) = await engine.fills()
        broker.correct(fill.execution_id, quantity=D(4))
        await settle()
        assert (await engine.order(order.order_id)).status is OrderStatus.IN_DOUBT
        assert await refused(engine, order, "absent") == "SHOWN_BY_BROKER"
        assert (await engine.resolve(order.order_id, "cancelled", "busted")).status is OrderStatus.CANCELLED


@simulated
async def test_of_an_order_that_works_only_the_cancel_is_decided() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy())
        broker.on("cancel")
        with pytest.raises(OutcomeUnknown):
            await engine.cancel_order(order.order_id)
        assert await refused(engine, order, "cancelled") == "ONLY_REQUEST_IN_DOUBT"
        after = await engine.resolve(order.order_id, "unchanged", "it still works")
        assert (after.status, after.pending_cancel) == (OrderStatus.SUBMITTED, None)


@simulated
async def test_of_an_order_that_was_never_shown_nobody_says_that_nothing_changed() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await doubtful(engine, broker)
        assert await refused(engine, order, "unchanged") == "NO_REQUEST_IN_DOUBT"
        assert (await engine.resolve(order.order_id, "absent", "not on the page")).status is OrderStatus.LOST


@simulated
async def test_a_cancel_that_did_nothing_says_nothing_of_an_order_that_was_never_shown() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await doubtful(engine, broker)
        broker.on("cancel", arrives=False)
        with pytest.raises(OutcomeUnknown):
            await engine.cancel_order(order.order_id)
        after = await engine.resolve(order.order_id, "unchanged", "no cancel was heard of")
        assert (after.status, after.pending_cancel) == (OrderStatus.IN_DOUBT, None)
        assert await refused(engine, order, "unchanged") == "NO_REQUEST_IN_DOUBT"


@pytest.mark.parametrize("fill", [{}, {"quantity": 10}, {"price": 100}])
@simulated
async def test_a_fill_needs_its_quantity_and_its_price(fill: dict[str, Any]) -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await doubtful(engine, broker)
        assert await refused(engine, order, "filled", **fill) == "FILL_INCOMPLETE"


@simulated
async def test_no_more_can_have_filled_than_is_left() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await doubtful(engine, broker)
        assert await refused(engine, order, "filled", quantity=11, price=100) == "FILL_TOO_LARGE"


@simulated
async def test_a_quantity_belongs_to_a_fill_alone() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await doubtful(engine, broker)
        assert await refused(engine, order, "cancelled", quantity=1, price=100) == "FILL_NOT_ASKED"


PAIR = Combo(
    "GOOG", [ComboLeg(parse_contract("GOOG261218C00100000")), ComboLeg(parse_contract("GOOG261218C00110000"), "SELL")]
)


@simulated
async def test_nobody_tells_the_fills_of_a_combo() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        broker.on("place", arrives=False)
        order = await engine.place_order(PAIR, Order.limit("BUY", 1, "1"))
        assert await refused(engine, order, "filled", quantity=1, price=1) == "COMBO_FILL"


@simulated
async def test_a_reason_is_needed() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await doubtful(engine, broker)
        with pytest.raises(ValueError, match="say why"):
            await engine.resolve(order.order_id, "absent", " ")


@simulated
async def test_an_unknown_order_and_an_unknown_word_are_refused() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        order = await doubtful(engine, broker)
        with pytest.raises(UnknownOrder):
            await engine.resolve(buy().order_id, "absent", "because")
        with pytest.raises(ValueError, match="lost"):
            await engine.resolve(order.order_id, "lost", "because")
