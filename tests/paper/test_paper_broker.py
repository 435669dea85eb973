"""The paper broker without market data: what a dry run gets, fact by fact."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from paper.exchange_bench import facts
from paper.paper_bench import GOOG, START, Desk, simulated
from v6_paper_plugin import v6_brokers
from v6_paper_plugin.settings import PaperSettings
from v6core.clock import SimulatedLoop
from v6core.contracts import Combo, ComboLeg, Option, Stock
from v6core.errors import BrokerError, ConfigurationError, NotConnected, NotSent
from v6core.orders import BracketOrder, Order
from v6core.reports import (
    CancelRefusedReport,
    LinkReport,
    LinkState,
    ModifyRefusedReport,
    OrderReport,
    RejectionReport,
)

CONDOR = Combo(
    "GOOG",
    [
        ComboLeg(Option("GOOG", "2026-07-17", strike, right), action)
        for strike, right, action in ((90, "P", "BUY"), (95, "P", "SELL"), (105, "C", "SELL"), (110, "C", "BUY"))
    ],
)


def d(number: object) -> Decimal:
    return Decimal(str(number))


def prices(desk: Desk) -> list[Decimal]:
    return [report.fill.price for report in desk.fills()]


def test_a_market_order_fills_at_the_default_price(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path) as desk:
            order = await desk.place(Order.market("BUY", 10))
            assert desk.told(order) == ["SUBMITTED", "FILL", "FILLED"]
            assert prices(desk) == [100]

    simulated(main())


def test_a_market_order_fills_at_the_price_of_the_configuration(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, prices={"goog": 740}, default_price=5) as desk:
            await desk.place(Order.market("BUY", 1))
            await desk.place(Order.market("BUY", 1), Stock("IBM"))
            assert prices(desk) == [740, 5]

    simulated(main())


def test_a_market_order_fills_at_the_last_price_that_was_given(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path) as desk:
            desk.broker.set_price(GOOG, "51.25")
            await desk.place(Order.market("SELL", 1))
            assert prices(desk) == [d("51.25")]

    simulated(main())


@pytest.mark.parametrize(
    ("order", "price"),
    [
        (Order.limit("BUY", 3, "7.50"), "7.50"),
        (Order.stop("SELL", 3, "250"), "250"),
        (Order.stop_limit("BUY", 3, "101", "102"), "102"),
        (Order.limit("SELL", 3, "9", tif="FOK"), "9"),
        (Order.limit("SELL", 3, "9", tif="IOC"), "9"),
        (Order.trailing_stop("SELL", 3, trail_amount=1), "100"),
    ],
)
def test_an_order_fills_at_its_own_price(order: Order, price: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path) as desk:
            await desk.place(order)
            assert prices(desk) == [d(price)]

    simulated(main())


def test_an_orders_own_price_is_a_price_that_the_program_gave(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path) as desk:
            await desk.place(Order.limit("BUY", 10, 740))
            await desk.place(Order.market("SELL", 10))
            assert prices(desk) == [740, 740]

    simulated(main())


def test_an_option_of_the_past_can_be_tried_out(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path) as desk:
            await desk.place(Order.limit("BUY", 1, "12.30"), Option("GOOG", "2015-12-31", 750, "CALL"))
            await asyncio.sleep(3 * 86_400)
            assert len((await desk.broker.snapshot()).positions) == 1

    simulated(main())


def test_a_combo_with_a_limit_comes_to_it_exactly(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path) as desk:
            await desk.place(Order.limit("BUY", 2, "-1.25"), CONDOR)
            fills = [report.fill for report in desk.fills()]
            assert sum(-fill.cash_flow for fill in fills) == d("-1.25") * 100 * 2
            assert min(fill.price for fill in fills) >= 0

    simulated(main())


def test_a_combo_without_a_limit_fills_each_leg_at_its_price(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path) as desk:
            await desk.place(Order.market("BUY", 1), CONDOR)
            assert prices(desk) == [100] * 4

    simulated(main())


def test_a_brackets_entry_fills_and_its_exits_rest(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path) as desk:
            orders = desk.bracket(
                BracketOrder(Order.limit("BUY", 10, 100), Order.limit("SELL", 10, 120), Order.stop("SELL", 10, 90))
            )
            await desk.broker.place(orders)
            snapshot = await desk.broker.snapshot()
            assert [facts(each.order_ref, each.status, each.working) for each in snapshot.open_orders] == [
                (orders[1].order_ref, "SUBMITTED", True),
                (orders[2].order_ref, "SUBMITTED", False),
            ]

    simulated(main())


def test_a_resting_exit_can_be_changed_and_cancelled(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path) as desk:
            orders = desk.bracket(BracketOrder(Order.market("BUY", 10), Order.limit("SELL", 10, 120)))
            await desk.broker.place(orders)
            await desk.broker.modify(orders[1], {"limit_price": "125"})
            report = desk.reports[-1]
            assert isinstance(report, OrderReport)
            assert report.terms is not None
            assert report.terms.limit_price == 125
            await desk.broker.cancel(orders[1])
            assert desk.told(orders[1])[-1] == "CANCELLED"

    simulated(main())


def test_cash_follows_fills_to_the_cent(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, cash="1000.10", commission_per_share="0.01", commission_minimum=0) as desk:
            await desk.place(Order.limit("BUY", 3, "7.77"))
            account = (await desk.broker.snapshot()).account
            assert facts(account.cash, account.commissions) == (d("976.76"), d("0.03"))

    simulated(main())


@pytest.mark.parametrize(("fills", "at_once", "later"), [("delayed", 0, 10), ("partial", 5, 10), ("never", 0, 0)])
def test_fills_that_wait(fills: str, at_once: int, later: int, tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, fills=fills, delay=30) as desk:
            await desk.place(Order.limit("BUY", 10, 50))
            assert sum(report.fill.quantity for report in desk.fills()) == at_once
            await asyncio.sleep(31)
            assert sum(report.fill.quantity for report in desk.fills()) == later

    simulated(main())


def test_a_delayed_fill_carries_its_time(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, fills="delayed", delay=30) as desk:
            await desk.place(Order.limit("BUY", 10, 50))
            await asyncio.sleep(31)
            assert round((desk.fills()[0].fill.time - START).total_seconds(), 3) == 30

    simulated(main())


def test_a_broker_told_to_reject_rejects(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, fills="reject") as desk:
            order = await desk.place(Order.market("BUY", 10))
            assert desk.told(order) == ["REJECTION"]
            snapshot = await desk.broker.snapshot()
            assert [each.order_ref for each in snapshot.rejections] == [order.order_ref]
            assert not snapshot.positions

    simulated(main())


def test_a_reference_that_is_known_is_told_again_and_placed_no_more(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path) as desk:
            order = await desk.place(Order.market("BUY", 10))
            first = (await desk.broker.snapshot()).positions
            (receipt,) = await desk.broker.place([order])
            assert receipt.broker_order_id == "P000001"
            assert desk.told(order) == ["SUBMITTED", "FILL", "FILLED", "FILL", "FILLED"]
            assert desk.fills()[0] == desk.fills()[1]
            assert (await desk.broker.snapshot()).positions == first

    simulated(main())


def test_find_knows_an_order_by_its_reference(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path) as desk:
            order = await desk.place(Order.market("BUY", 10))
            evidence = await desk.broker.find(order.order_ref or "")
            assert ([each.status for each in evidence.orders], len(evidence.fills)) == (["FILLED"], 1)
            assert (await desk.broker.find("v6-nobody")).is_empty

    simulated(main())


def test_a_cancel_of_what_has_filled_is_refused(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path) as desk:
            order = await desk.place(Order.market("BUY", 10))
            await desk.broker.cancel(order)
            assert isinstance(desk.reports[-1], CancelRefusedReport)
            assert desk.reports[-1].code == "TOO_LATE"

    simulated(main())


def test_a_cancel_of_what_is_unknown_is_refused(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path) as desk:
            await desk.broker.cancel(desk.bind(Order.market("BUY", 10)))
            assert isinstance(desk.reports[-1], CancelRefusedReport)
            assert desk.reports[-1].code == "UNKNOWN_ORDER"

    simulated(main())


@pytest.mark.parametrize("changes", [{"quantity": -1}, {"stop_price": 5}, {"account": "OTHER"}])
def test_a_change_that_makes_no_sense_is_refused(changes: dict[str, Any], tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, fills="never") as desk:
            order = await desk.place(Order.limit("BUY", 10, 99))
            await desk.broker.modify(order, changes)
            assert isinstance(desk.reports[-1], ModifyRefusedReport)

    simulated(main())


def test_the_link_is_told_up(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path) as desk:
            assert [(type(each), getattr(each, "state", None)) for each in desk.reports] == [(LinkReport, LinkState.UP)]
            await desk.broker.connect()
            assert len(desk.reports) == 1

    simulated(main())


CALLS: list[Callable[[Desk], Coroutine[Any, Any, Any]]] = [
    lambda desk: desk.place(Order.market("BUY", 1)),
    lambda desk: desk.broker.cancel(desk.bind(Order.market("BUY", 1))),
    lambda desk: desk.broker.modify(desk.bind(Order.market("BUY", 1)), {"quantity": 2}),
    lambda desk: desk.broker.snapshot(),
    lambda desk: desk.broker.find("v6"),
    lambda desk: desk.broker.qualify(GOOG),
    lambda desk: desk.broker.quote(GOOG),
    lambda desk: desk.broker.option_chain(GOOG),
    lambda desk: desk.broker.preview([desk.bind(Order.market("BUY", 1))]),
]


@pytest.mark.parametrize("place", range(len(CALLS)))
def test_nothing_is_answered_before_connect(place: int, tmp_path: Path) -> None:
    async def main() -> None:
        with pytest.raises(NotConnected):
            await CALLS[place](Desk(tmp_path))

    simulated(main())


def test_streaming_needs_a_connection(tmp_path: Path) -> None:
    async def main() -> None:
        with pytest.raises(NotConnected):
            Desk(tmp_path).broker.quotes([GOOG])

    simulated(main())


@pytest.mark.parametrize("lost", ["order_ref", "contract"])
def test_an_order_that_is_not_bound_is_not_sent(lost: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path) as desk:
            with pytest.raises(NotSent, match=lost):
                await desk.broker.place([desk.bind(Order.market("BUY", 1)).replace(**{lost: None})])

    simulated(main())


def test_an_order_for_another_account_is_not_sent(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path) as desk:
            with pytest.raises(NotSent, match="U1234567"):
                await desk.place(Order.market("BUY", 1), account="U1234567")

    simulated(main())


def test_a_quote_is_the_given_price_on_both_sides(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, prices={"GOOG": 740}) as desk:
            quote = await desk.broker.quote(GOOG)
            assert facts(quote.bid, quote.ask, quote.contract) == (740, 740, GOOG)

    simulated(main())


def test_a_combos_quote_is_the_net_of_its_legs(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, prices={CONDOR.legs[1].contract.key: 103}) as desk:
            quote = await desk.broker.quote(CONDOR)
            assert facts(quote.bid, quote.ask) == (-3, -3)

    simulated(main())


def test_a_stream_gives_prices_as_they_are_given(tmp_path: Path) -> None:
    async def main() -> None:
        seen: list[Decimal | None] = []
        async with Desk(tmp_path) as desk:

            async def read() -> None:
                seen.extend([quote.bid async for quote in desk.broker.quotes([GOOG])])

            reader = asyncio.create_task(read())
            for price in (101, 102):
                await asyncio.sleep(1)
                desk.broker.set_price(GOOG, price)
        await reader
        assert seen == [100, 101, 102]

    simulated(main())


def test_a_preview_places_nothing(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, commission_minimum=1, commission_per_share="0.005") as desk:
            preview = await desk.broker.preview([desk.bind(Order.limit("BUY", 10, 90))])
            assert facts(preview.commission, preview.cash_change, preview.initial_margin_change) == (1, -900, 500)
            assert not (await desk.broker.snapshot()).completed_orders

    simulated(main())


def test_the_snapshot_tells_what_was_reported(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path) as desk:
            await desk.place(Order.market("BUY", 10))
            await desk.place(Order.limit("SELL", 4, 101))
            snapshot = await desk.broker.snapshot()
            assert list(snapshot.fills) == desk.fills()
            assert [each.status for each in snapshot.completed_orders] == ["FILLED", "FILLED"]
            assert [facts(each.quantity, each.avg_cost) for each in snapshot.positions] == [(6, 100)]

    simulated(main())


def test_prices_are_only_given_where_they_are_asked_for(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, fills="realistic", quotes="synthetic") as desk:
            with pytest.raises(BrokerError, match="synthetic"):
                desk.broker.set_price(GOOG, 5)

    simulated(main())


def test_a_day_in_a_moment_needs_a_loop_that_can_jump(tmp_path: Path) -> None:
    async def main() -> None:
        with pytest.raises(ConfigurationError, match="can jump") as caught:
            await Desk(tmp_path, speed="max").broker.connect()
        assert "run_simulated" in (caught.value.hint or "")

    asyncio.run(main())


def test_the_plugin_names_the_loop_that_its_settings_need() -> None:
    (spec,) = v6_brokers()
    assert spec.event_loop(PaperSettings(speed="max")) is SimulatedLoop
    assert spec.event_loop(PaperSettings()) is None


def test_every_rejection_says_why(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path) as desk:
            await desk.place(Order.limit("BUY", 1, "100.001"))
            report = desk.reports[-1]
            assert isinstance(report, RejectionReport)
            assert report.reason == "limit_price 100.001 is no multiple of the tick 0.01"

    simulated(main())
