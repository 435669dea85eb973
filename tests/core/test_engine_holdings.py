"""What the account holds and what has filled, where it is told late or changes while a snapshot is being told."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable
from decimal import Decimal

import pytest

from core.engine_desk import GOOG, buy, engine_on, kinds, sell, settle, simulated
from v6core.contracts import OrderAction
from v6core.engine import OrderExecutionEngine
from v6core.errors import OrderDenied
from v6core.fills import Fill
from v6core.orders import Anomaly, Order
from v6core.reports import FillCorrectionReport, FillReport, Snapshot
from v6core.risk import RiskLimits
from v6core.testing import ScriptedBroker
from v6core.testing.scripted import HeldOrder

D = Decimal
Act = Callable[[], object]
Change = Callable[["SlowBroker", str], object]


class SlowBroker(ScriptedBroker):
    """A broker of which something is heard while its snapshot is on its way."""

    heard_meanwhile: Act = staticmethod(lambda: None)

    async def snapshot(self) -> Snapshot:
        """Tell everything, and then what came after it."""
        whole = await super().snapshot()
        self.heard_meanwhile()
        return whole

    def retell(self) -> None:
        """Say the corrections again."""
        self.repeat(*(report for report in self.said if isinstance(report, FillCorrectionReport)))

    async def be_looked_at(self, heard_meanwhile: Act | None = None) -> None:
        """Be asked for a snapshot: by default it lists what counts, and says beside it what was corrected."""
        self.heard_meanwhile = heard_meanwhile or self.retell
        self.drop_link()
        self.restore_link()
        await settle()


@contextlib.asynccontextmanager
async def filled(broker: SlowBroker) -> AsyncGenerator[tuple[OrderExecutionEngine, str]]:
    """Have an order filled by one execution, which is heard."""
    async with engine_on(broker) as engine:
        broker.fill(await engine.place_order(GOOG, buy(10)), 10)
        await settle()
        yield engine, next(iter(broker.book.executions))


def corrected(broker: SlowBroker, execution: str, quantity: int) -> str:
    """Correct an execution, and return the id of what took its place."""
    broker.correct(execution, quantity=D(quantity))
    return list(broker.book.executions)[-1]


CHANGES: dict[str, Change] = {
    "taken back": lambda broker, execution: broker.bust(execution),
    "corrected": lambda broker, execution: corrected(broker, execution, 7),
    "corrected and taken back": lambda broker, execution: broker.bust(corrected(broker, execution, 7)),
}


@simulated
async def test_a_correction_and_its_end_that_are_told_late_leave_nothing_unexplained() -> None:
    broker = SlowBroker()
    async with filled(broker) as (engine, execution):
        with broker.muted():
            broker.bust(corrected(broker, execution, 7))
        await broker.be_looked_at()
        assert "POSITIONS" not in kinds(engine)


@simulated
async def test_a_correction_that_is_told_after_its_end_leaves_nothing_unexplained() -> None:
    broker = SlowBroker()
    async with filled(broker) as (engine, execution):
        with broker.muted():
            second = corrected(broker, execution, 7)
        broker.bust(second)
        await broker.be_looked_at()
        assert "POSITIONS" not in kinds(engine)


@pytest.mark.parametrize("act", CHANGES.values(), ids=CHANGES.keys())
@simulated
async def test_what_changes_after_the_positions_were_read_leaves_nothing_unexplained(
    act: Change,
) -> None:
    broker = SlowBroker()
    async with filled(broker) as (engine, execution):
        await broker.be_looked_at(lambda: execution in broker.book.executions and act(broker, execution))
        assert "POSITIONS" not in kinds(engine)


@simulated
async def test_what_others_trade_after_the_positions_were_read_leaves_nothing_unexplained() -> None:
    broker = SlowBroker()
    async with filled(broker) as (engine, _):
        fill = Fill(
            execution_id="x", contract=GOOG, action=OrderAction.BUY, quantity=D(3), price=D(100), time=broker.now()
        )
        await broker.be_looked_at(lambda: broker.say(FillReport(time=fill.time, broker_order_id="theirs", fill=fill)))
        assert "POSITIONS" not in kinds(engine)


@simulated
async def test_a_second_broker_order_is_found_also_where_the_first_fills_while_the_snapshot_is_told() -> None:
    broker = SlowBroker()
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy(10))
        broker.book.orders["twin"] = HeldOrder(order, "b-twin")
        await broker.be_looked_at(lambda: broker.fill(order, 1))
        assert Anomaly.TWO_BROKER_ORDERS in (await engine.order(order.order_id)).anomalies


async def ended_with_unheard_fills(broker: ScriptedBroker, engine: OrderExecutionEngine, order: Order) -> None:
    """Place an order that ends with 6 filled, of which no execution was heard."""
    placed = await engine.place_order(GOOG, order)
    with broker.muted():
        broker.fill(placed, 6)
    broker.end(placed)
    await settle()


@simulated
async def test_what_an_ended_order_has_filled_counts_before_its_executions_are_heard() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker, limits=RiskLimits(max_position=D(15))) as engine:
        await ended_with_unheard_fills(broker, engine, buy(10))
        with pytest.raises(OrderDenied, match="MAX_POSITION: 16 > 15"):
            await engine.place_order(GOOG, buy(10, "99"))


@simulated
async def test_it_counts_once_when_they_are_heard() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker, limits=RiskLimits(max_position=D(15))) as engine:
        await ended_with_unheard_fills(broker, engine, buy(10))
        broker.repeat(*broker.book.executions.values())
        await settle()
        await engine.place_order(GOOG, buy(9, "99"))


@pytest.mark.parametrize(
    ("quantity", "despite_doubt", "leaves"), [(4, False, True), (5, False, False), (5, True, True)]
)
@simulated
async def test_what_an_ended_order_may_have_sold_is_not_sold_again_but_despite_doubt(
    quantity: int, despite_doubt: bool, leaves: bool
) -> None:
    broker = SlowBroker()
    async with filled(broker) as (engine, _):
        await ended_with_unheard_fills(broker, engine, sell(10))
        await engine.halt("the test says so")
        refused = contextlib.nullcontext() if leaves else pytest.raises(OrderDenied, match="HALTED")
        with refused:
            await engine.place_order(GOOG, sell(quantity, "99"), despite_doubt=despite_doubt)
