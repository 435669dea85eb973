"""What reaches an account beside its engine's orders: orders of others, adjustments, corrections."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from paper.exchange_bench import facts
from paper.paper_bench import GOOG, Desk, simulated
from v6core.orders import Order
from v6core.reports import AdjustmentReason, AdjustmentReport, FillCorrectionReport, OrderReport


def test_an_order_of_somebody_else_is_told_under_no_reference(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, fills="never") as desk:
            number = desk.broker.place_foreign(GOOG, Order.limit("BUY", 5, 90))
            (theirs,) = (await desk.broker.snapshot()).open_orders
            assert facts(theirs.order_ref, theirs.broker_order_id) == facts(None, number)
            assert (await desk.broker.find("foreign-1")).orders == ()

    simulated(main())


def test_a_fill_of_somebody_else_changes_the_position_and_names_no_order_of_ours(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path) as desk:
            desk.broker.place_foreign(GOOG, Order.market("BUY", 5))
            (report,) = desk.fills()
            (position,) = (await desk.broker.snapshot()).positions
            assert facts(report.order_ref, report.fill.order_id, position.quantity) == facts(None, None, 5)

    simulated(main())


def test_an_order_of_somebody_else_is_cancelled_by_its_number(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, fills="never") as desk:
            desk.broker.cancel_foreign(desk.broker.place_foreign(GOOG, Order.limit("BUY", 5, 90)))
            assert desk.reports[-1].model_dump()["status"] == "CANCELLED"
            with pytest.raises(LookupError, match="P000007"):
                desk.broker.cancel_foreign("P000007")

    simulated(main())


def test_somebody_elses_orders_are_still_theirs_after_a_restart(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, fills="never") as desk:
            desk.broker.place_foreign(GOOG, Order.limit("BUY", 5, 90))
        async with Desk(tmp_path, fills="never") as desk:
            assert [order.order_ref for order in (await desk.broker.snapshot()).open_orders] == [None]

    simulated(main())


def test_a_position_is_adjusted_for_cash(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path) as desk:
            number = desk.broker.adjust_position(GOOG, 10, 95, AdjustmentReason.CORPORATE_ACTION)
            report = desk.reports[-1]
            assert isinstance(report, AdjustmentReport)
            assert facts(report.adjustment_id, report.quantity, report.price) == facts(number, 10, 95)
            snapshot = await desk.broker.snapshot()
            assert facts(snapshot.positions[0].quantity, snapshot.account.cash) == facts(10, 100_000 - 950)

    simulated(main())


def test_a_corrected_execution_takes_the_place_of_the_first(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path) as desk:
            order = await desk.place(Order.market("BUY", 10))
            wrong = desk.fills()[0].fill
            right = desk.broker.correct_execution(wrong.execution_id, "99.50")
            report = desk.reports[-1]
            assert isinstance(report, FillCorrectionReport)
            assert report.fill is not None
            assert facts(report.order_ref, report.replaces, right, report.fill.time) == facts(
                order.order_ref, "X000001", "X000001.01", wrong.time
            )
            snapshot = await desk.broker.snapshot()
            assert [fill.fill.price for fill in snapshot.fills] == [Decimal("99.50")]
            assert facts(snapshot.account.cash, snapshot.positions[0].avg_cost) == facts(100_000 - 995, Decimal("99.5"))

    simulated(main())


def test_a_correction_is_corrected_in_its_turn_and_the_first_one_not_again(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path) as desk:
            await desk.place(Order.market("BUY", 10))
            assert desk.broker.correct_execution("X000001", 99) == "X000001.01"
            assert desk.broker.correct_execution("X000001.01", 98) == "X000001.02"
            with pytest.raises(LookupError, match="X000001"):
                desk.broker.correct_execution("X000001", 97)

    simulated(main())


def test_a_correction_after_the_position_is_closed_changes_the_cash_alone(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path) as desk:
            await desk.place(Order.market("BUY", 10))
            await desk.place(Order.market("SELL", 10))
            desk.broker.correct_execution("X000001", 99)
            snapshot = await desk.broker.snapshot()
            assert facts(snapshot.positions, snapshot.account.cash, snapshot.account.realized_pnl) == facts(
                (), 100_010, 10
            )

    simulated(main())


@pytest.mark.parametrize("quantity", [None, 4, 0])
def test_corrections_survive_a_restart(tmp_path: Path, quantity: int | None) -> None:
    async def main() -> None:
        async with Desk(tmp_path) as desk:
            await desk.place(Order.market("BUY", 10))
            desk.broker.correct_execution("X000001", 99, quantity)
            before = await desk.broker.snapshot()
        async with Desk(tmp_path) as desk:
            assert (await desk.broker.snapshot()).model_dump(exclude={"time"}) == before.model_dump(exclude={"time"})

    simulated(main())


def test_a_liquidation_is_an_order_of_somebody_else_that_closes_the_position(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path) as desk:
            await desk.place(Order.market("BUY", 10))
            desk.broker.place_foreign(GOOG, Order.market("SELL", 10))
            last = [report for report in desk.reports if isinstance(report, OrderReport)][-1]
            assert facts(last.order_ref, last.status, (await desk.broker.snapshot()).positions) == facts(
                None, "FILLED", ()
            )

    simulated(main())


def test_an_execution_that_is_taken_back_leaves_nothing_but_its_order(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path) as desk:
            order = await desk.place(Order.market("BUY", 10))
            desk.broker.correct_execution("X000001", quantity=0)
            assert desk.told(order)[-2:] == ["FILL_CORRECTION", "CANCELLED"]
            snapshot = await desk.broker.snapshot()
            assert facts(snapshot.fills, snapshot.positions, snapshot.account.cash) == facts((), (), 100_000)
            assert snapshot.completed_orders[0].filled_quantity == 0

    simulated(main())


def test_what_is_taken_back_of_an_order_that_is_open_is_filled_again(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, fills="realistic", quotes="given", latency=0) as desk:
            desk.broker.set_quote(GOOG, 99, 101, ask_size=6)
            order = await desk.place(Order.limit("BUY", 10, 101))
            desk.broker.correct_execution("X000001", quantity=2)
            desk.broker.set_quote(GOOG, 99, 101)
            assert [f"{fill.fill.quantity:f}" for fill in desk.fills()] == ["6", "8"]
            assert desk.told(order)[-1] == "FILLED"

    simulated(main())


@pytest.mark.parametrize("quantity", [11, -1])
def test_an_execution_is_not_corrected_to_what_cannot_have_been(tmp_path: Path, quantity: int) -> None:
    async def main() -> None:
        async with Desk(tmp_path) as desk:
            await desk.place(Order.market("BUY", 10))
            with pytest.raises(ValueError, match="X000001 cannot be of"):
                desk.broker.correct_execution("X000001", quantity=quantity)
            assert (await desk.broker.snapshot()).positions[0].quantity == 10

    simulated(main())
