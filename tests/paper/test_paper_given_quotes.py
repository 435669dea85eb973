"""Quotes that a program gives: two sides with their sizes, each lot of them taken once."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from paper.exchange_bench import facts
from paper.paper_bench import GOOG, START, Desk, simulated
from v6core.contracts import Combo, ComboLeg, Option
from v6core.errors import BrokerError
from v6core.orders import Order

REALISTIC: dict[str, Any] = {"fills": "realistic", "quotes": "given", "latency": 0, "state": "off"}
KEPT: dict[str, Any] = {**REALISTIC, "state": None}
CALL = Option("GOOG", "2026-07-17", 100, "CALL")


def with_fills(fills: str) -> dict[str, Any]:
    return {**REALISTIC, "fills": fills}


def d(number: object) -> Decimal:
    return Decimal(str(number))


def took(desk: Desk) -> list[tuple[str, str]]:
    """Return quantity and price of each fill."""
    return [(f"{report.fill.quantity:f}", f"{report.fill.price:f}") for report in desk.fills()]


def test_a_quote_has_both_its_sides(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, **REALISTIC) as desk:
            desk.broker.set_quote(GOOG, "99.5", 100.5, bid_size=300, ask_size=200)
            quote = await desk.broker.quote(GOOG)
            assert facts(quote.bid, quote.bid_size, quote.ask, quote.ask_size) == facts(d(99.5), 300, d(100.5), 200)

    simulated(main())


def test_a_buy_takes_the_ask_and_a_sell_the_bid(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, **REALISTIC) as desk:
            desk.broker.set_quote(GOOG, 99, 101)
            await desk.place(Order.market("BUY", 5))
            await desk.place(Order.market("SELL", 5))
            assert took(desk) == [("5", "101.00"), ("5", "99.00")]

    simulated(main())


def test_two_orders_do_not_take_the_same_lot(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, **REALISTIC) as desk:
            desk.broker.set_quote(GOOG, 99, 101, ask_size=100)
            await desk.place(Order.limit("BUY", 80, 101))
            await desk.place(Order.limit("BUY", 80, 101))
            desk.clock.advance(60)
            await desk.place(Order.limit("BUY", 80, 101))
            assert took(desk) == [("80", "101.00"), ("20", "101.00")]

    simulated(main())


def test_the_same_quote_given_again_at_the_same_moment_shows_its_size_again(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, **REALISTIC) as desk:
            for _ in range(2):
                desk.broker.set_quote(GOOG, 99, 101, ask_size=100)
                if not desk.fills():
                    await desk.place(Order.limit("BUY", 150, 101))
            assert took(desk) == [("100", "101.00"), ("50", "101.00")]

    simulated(main())


def test_midnight_does_not_renew_a_quote_around_the_clock(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, **REALISTIC) as desk:
            desk.broker.set_quote(GOOG, 99, 101, ask_size=100)
            await desk.place(Order.limit("BUY", 150, 101, tif="GTC"))
            desk.clock.advance(86_400)
            await desk.place(Order.limit("BUY", 1, 101))
            assert took(desk) == [("100", "101.00")]

    simulated(main())


def test_a_quote_of_yesterday_holds_for_a_contract_that_nobody_has_traded(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, **REALISTIC) as desk:
            desk.broker.set_quote(GOOG, 99, 101)
            desk.clock.advance(86_400)
            await desk.place(Order.market("BUY", 1))
            assert took(desk) == [("1", "101.00")]

    simulated(main())


@pytest.mark.parametrize("fills", ["realistic", "immediate"])
def test_an_order_waits_where_nobody_is_on_the_other_side(tmp_path: Path, fills: str) -> None:
    async def main() -> None:
        async with Desk(tmp_path, **with_fills(fills)) as desk:
            desk.broker.set_quote(GOOG, 99, None)
            order = await desk.place(Order.market("BUY", 5))
            waited = desk.told(order)
            desk.broker.set_quote(GOOG, 99, 102)
            assert facts(waited, took(desk)[0][0], desk.fills()[0].fill.price) == facts(["SUBMITTED"], "5", 102)

    simulated(main())


@pytest.mark.parametrize("fills", ["realistic", "immediate"])
def test_an_ioc_order_does_not_wait_for_somebody(tmp_path: Path, fills: str) -> None:
    async def main() -> None:
        async with Desk(tmp_path, **with_fills(fills)) as desk:
            desk.broker.set_quote(GOOG, 99, None)
            order = await desk.place(Order.market("BUY", 5, tif="IOC"))
            assert desk.told(order)[-1] == "CANCELLED"

    simulated(main())


def test_an_order_that_was_cancelled_while_it_waited_does_not_fill(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, state="off") as desk:
            desk.broker.set_quote(GOOG, 99, None)
            order = await desk.place(Order.market("BUY", 5))
            await desk.broker.cancel(order)
            desk.broker.set_quote(GOOG, 99, 101)
            assert desk.told(order) == ["SUBMITTED", "CANCELLED"]

    simulated(main())


def test_of_two_siblings_that_wait_for_a_quote_one_fills(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, state="off") as desk:
            desk.broker.set_quote(GOOG, 99, None)
            pair = [await desk.place(Order.market("BUY", 5, oca_group="pair")) for _ in range(2)]
            desk.broker.set_quote(GOOG, 99, 101)
            assert [desk.told(order)[-1] for order in pair] == ["FILLED", "CANCELLED"]

    simulated(main())


def test_an_order_that_waits_for_a_quote_waits_on_after_a_restart(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path) as desk:
            desk.broker.set_quote(GOOG, 99, None)
            order = await desk.place(Order.market("BUY", 5))
        async with Desk(tmp_path) as desk:
            desk.broker.set_quote(GOOG, 99, 101)
            assert desk.told(order) == ["FILL", "FILLED"]

    simulated(main())


def test_immediate_fills_take_the_side_that_is_quoted_and_leave_the_quote_as_it_is(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, state="off") as desk:
            desk.broker.set_quote(GOOG, 99, 101)
            await desk.place(Order.market("BUY", 5))
            await desk.place(Order.market("SELL", 5))
            assert took(desk) == [("5", "101"), ("5", "99")]

    simulated(main())


def test_a_price_takes_the_place_of_a_quote(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, **REALISTIC) as desk:
            desk.broker.set_quote(GOOG, 99, 101)
            desk.broker.set_price(GOOG, 50)
            quote = await desk.broker.quote(GOOG)
            assert facts(quote.bid, quote.ask) == facts(50, 50)

    simulated(main())


def test_a_combo_takes_what_the_quotes_of_its_legs_show(tmp_path: Path) -> None:
    async def main() -> None:
        other = Option("GOOG", "2026-07-17", 110, "CALL")
        spread = Combo("GOOG", [ComboLeg(CALL, "BUY"), ComboLeg(other, "SELL")])
        async with Desk(tmp_path, **REALISTIC) as desk:
            desk.broker.set_quote(CALL, 4, 5, ask_size=3)
            desk.broker.set_quote(other, 2, 3, bid_size=2)
            await desk.place(Order.limit("BUY", 5, 3), spread)
            assert took(desk) == [("2", "5.00"), ("2", "2.00")]

    simulated(main())


@pytest.mark.parametrize(
    ("sides", "sizes", "why"),
    [
        ((101, 99), {}, "crossed: bid 101 is above ask 99"),
        ((0, 99), {}, "bid of GOOG must be positive"),
        ((98, 99), {"ask_size": 0}, "ask_size of GOOG must be positive"),
        (("x", 99), {}, "bid of GOOG"),
    ],
)
def test_a_quote_that_is_none_is_refused(tmp_path: Path, sides: Any, sizes: dict[str, Any], why: str) -> None:
    async def main() -> None:
        async with Desk(tmp_path, **REALISTIC) as desk:
            with pytest.raises(ValueError, match=why):
                desk.broker.set_quote(GOOG, *sides, **sizes)
            assert (await desk.broker.quote(GOOG)).bid == 100

    simulated(main())


def test_quotes_are_refused_where_the_market_has_its_own(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, fills="realistic", quotes="synthetic", speed="max") as desk:
            with pytest.raises(BrokerError, match="takes its prices from synthetic"):
                desk.broker.set_quote(GOOG, 1, 2)

    simulated(main())


def test_a_quote_and_what_is_left_of_it_survive_a_restart(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, **KEPT) as desk:
            desk.broker.set_quote(GOOG, 99, 101, ask_size=100)
            await desk.place(Order.limit("BUY", 80, 101))
            given = await desk.broker.quote(GOOG)
        async with Desk(tmp_path, seed=2, **KEPT) as desk:
            assert await desk.broker.quote(GOOG) == given
            await desk.place(Order.limit("BUY", 80, 101))
            assert took(desk) == [("20", "101.00")]

    simulated(main())


def advance_to(desk: Desk, moment: datetime) -> None:
    desk.clock.advance((moment - desk.clock.now()).total_seconds())
    desk.broker.catch_up()


CLOSE = START.replace(hour=20)
OPEN = START.replace(hour=13, minute=30) + timedelta(days=1)


def test_a_day_order_is_gone_after_the_regular_session_and_a_gtc_order_is_not(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, **REALISTIC, hours="regular") as desk:
            desk.broker.set_quote(GOOG, 99, 101)
            day = await desk.place(Order.limit("BUY", 1, 98))
            gtc = await desk.place(Order.limit("BUY", 1, 98, tif="GTC"))
            advance_to(desk, CLOSE)
            assert desk.told(day)[-1] == "EXPIRED"
            advance_to(desk, OPEN)
            desk.broker.set_quote(GOOG, 97, 98)
            assert desk.told(gtc)[-2:] == ["FILL", "FILLED"]

    simulated(main())


def test_an_order_outside_the_regular_session_waits_for_the_open(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, **REALISTIC, hours="regular") as desk:
            desk.broker.set_quote(GOOG, 99, 101)
            advance_to(desk, CLOSE)
            order = await desk.place(Order.limit("BUY", 1, 101))
            assert desk.told(order) == ["SUBMITTED"]
            advance_to(desk, OPEN)
            assert desk.told(order)[-2:] == ["FILL", "FILLED"]

    simulated(main())


def test_a_gtd_order_ends_at_its_time_when_the_exchange_catches_up(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, **REALISTIC) as desk:
            good_till = START + timedelta(minutes=5)
            order = await desk.place(Order.limit("BUY", 1, 98, tif="GTD", good_till=good_till))
            desk.clock.advance(300)
            before = desk.told(order)
            desk.broker.catch_up()
            assert facts(before, desk.told(order)[-1]) == facts(["SUBMITTED"], "EXPIRED")
            assert desk.reports[-1].time == good_till

    simulated(main())


def test_on_a_loop_that_runs_by_itself_the_exchange_catches_up_with_its_clock(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, **REALISTIC, hours="regular") as desk:
            order = await desk.place(Order.limit("BUY", 1, 98))
            advance_to(desk, CLOSE)
            assert desk.told(order)[-1] == "EXPIRED"
            assert desk.broker.now() - CLOSE < timedelta(minutes=1)

    asyncio.run(main())


def test_hours_around_the_clock_are_refused_for_quotes_of_a_market(tmp_path: Path) -> None:
    async def main() -> None:
        with pytest.raises(ValueError, match='hours = "all" belongs to quotes = "given"'):
            Desk(tmp_path, fills="realistic", hours="all")

    simulated(main())
