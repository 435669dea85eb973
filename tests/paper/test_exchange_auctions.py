"""Orders that are not made by one quote after the other: at the open, at the close, and market-to-limit."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from paper.exchange_bench import CLOSE, FAR, GOOG, NEAR, OPEN, SPREAD, Bench, facts, minute, order, row, tape
from v6_paper_plugin.exchange.rules import Rules
from v6_paper_plugin.market.given import GivenMarket
from v6core.orders import OrderStatus, OrderType, TimeInForce

DAY = timedelta(days=1)
LATE = CLOSE - timedelta(minutes=10)
"""The cut-off of orders at the close."""
MOC, LOC = OrderType.MARKET_ON_CLOSE, OrderType.LIMIT_ON_CLOSE
MOO, LOO = OrderType.MARKET_ON_OPEN, OrderType.LIMIT_ON_OPEN
MTL = OrderType.MARKET_TO_LIMIT
LAST_MINUTE = 390


def two_days(*, latency: float = 0.0, slippage: str = "0") -> Bench:
    """Return a bench on a day that closes at 102 to 102.10, and one that opens at 105 to 105.10 after a while."""
    market = tape(
        [
            row(0, GOOG, 100, "100.10", 5, 5),
            row(LAST_MINUTE, GOOG, 102, "102.10", 5, 5),
            row(7, GOOG, 105, "105.10", 5, 5, days=1),
            row(8, GOOG, 90, "90.10", 5, 5, days=1),
        ]
    )
    return Bench(market, rules=Rules(latency=latency, margin=False), slippage=slippage)


def in_the_night(bench: Bench, *orders: Any) -> Bench:
    """Place orders between the two days."""
    bench.exchange.advance(CLOSE + timedelta(hours=3))
    bench.place(*orders)
    return bench


# --- The close


def test_an_order_at_the_close_fills_whole_in_the_middle_of_the_last_quote() -> None:
    bench = two_days()
    bench.place(order("BUY", 50, ref="a", order_type=MOC), order("SELL", 7, ref="b", order_type=MOC))
    bench.exchange.advance(CLOSE)
    assert bench.prices() == [("BUY", "50", "102.05"), ("SELL", "7", "102.05")]
    assert {fill.time for fill in bench.fills()} == {CLOSE}


def test_an_order_at_the_close_is_held_until_then() -> None:
    bench = two_days()
    bench.place(order("BUY", 5, ref="a", order_type=MOC))
    bench.exchange.advance(CLOSE - timedelta(seconds=1))
    assert facts(bench["a"].status, bench["a"].is_working, bench["a"].filled) == ("SUBMITTED", False, 0)


@pytest.mark.parametrize(
    ("action", "limit", "status"),
    [
        ("BUY", "102.05", "FILLED"),
        ("BUY", "102.04", "EXPIRED"),
        ("SELL", "102.05", "FILLED"),
        ("SELL", "102.06", "EXPIRED"),
    ],
)
def test_a_limit_at_the_close_fills_where_the_close_is_as_good(action: str, limit: str, status: str) -> None:
    bench = two_days()
    bench.place(order(action, 5, ref="a", order_type=LOC, limit_price=limit))
    bench.exchange.advance(CLOSE)
    assert bench["a"].status == status


def test_a_limit_that_the_close_is_beyond_says_so() -> None:
    bench = two_days()
    bench.place(order("BUY", 5, ref="a", order_type=LOC, limit_price=101))
    bench.exchange.advance(CLOSE)
    assert bench["a"].reason == "the close was at 102.05, beyond its limit 101"


def test_the_price_of_an_auction_is_on_the_tick_and_a_half_goes_to_the_even_one() -> None:
    bench = Bench(tape([row(0, GOOG, "100.00", "100.01"), row(0, GOOG, "100.01", "100.02", days=1)]))
    bench.place(order("BUY", 1, ref="a", order_type=MOC))
    bench.exchange.advance(CLOSE)
    bench.place(order("BUY", 1, ref="b", order_type=MOC))
    bench.exchange.advance(CLOSE + DAY)
    assert [price for _, _, price in bench.prices()] == ["100.00", "100.02"]


def test_slippage_does_not_reach_into_an_auction() -> None:
    bench = two_days(slippage="0.05")
    bench.place(order("BUY", 5, ref="a", order_type=MOC))
    bench.exchange.advance(CLOSE)
    assert bench.prices() == [("BUY", "5", "102.05")]


def test_there_is_no_close_where_nobody_is_on_one_side() -> None:
    bench = Bench(tape([row(0, GOOG, 100, "100.10"), row(1, GOOG, "", "100.10", 0, 5)]))
    bench.place(order("BUY", 1, ref="a", order_type=MOC))
    bench.exchange.advance(CLOSE)
    assert facts(bench["a"].status, bench["a"].reason) == ("EXPIRED", "nobody was on both sides at the close")


def test_a_contract_that_was_not_quoted_that_day_has_no_close() -> None:
    rows = [row(0, GOOG, 100, "100.10"), row(0, FAR, 3, "3.10", days=1)]
    bench = Bench(tape(rows))
    bench.exchange.advance(CLOSE)
    bench.place(order("BUY", 1, ref="a", order_type=MOC))
    bench.exchange.advance(CLOSE + DAY)
    assert bench["a"].reason == "nobody was on both sides at the close"


def test_an_order_of_the_night_is_for_the_next_close() -> None:
    bench = in_the_night(two_days(), order("SELL", 3, ref="a", order_type=MOC))
    bench.exchange.advance(CLOSE + DAY)
    assert bench.prices() == [("SELL", "3", "90.05")]


@pytest.mark.parametrize("order_type", [MOC, LOC])
def test_orders_at_the_close_are_taken_until_ten_minutes_before_it(order_type: OrderType) -> None:
    bench = two_days()
    terms: dict[str, Any] = {"limit_price": 200} if order_type is LOC else {}
    bench.exchange.advance(LATE - timedelta(seconds=1))
    bench.place(order("BUY", 1, ref="a", order_type=order_type, **terms))
    bench.exchange.advance(LATE)
    bench.place(order("BUY", 1, ref="b", order_type=order_type, **terms))
    assert facts(bench["a"].is_open, bench["b"].code) == (True, "CUT_OFF")


def test_a_refusal_after_the_cut_off_names_the_moment() -> None:
    bench = two_days()
    bench.exchange.advance(LATE)
    bench.place(order("BUY", 1, ref="a", order_type=MOC))
    assert bench["a"].reason == (
        "MARKET_ON_CLOSE orders are taken, changed and cancelled until 2026-06-01T19:50:00+00:00 only"
    )


def test_an_order_at_the_close_can_be_cancelled_until_the_cut_off() -> None:
    bench = two_days()
    bench.place(order("BUY", 1, ref="a", order_type=MOC), order("BUY", 1, ref="b", order_type=MOC))
    bench.exchange.advance(LATE - timedelta(seconds=1))
    bench.exchange.cancel("a")
    bench.exchange.advance(LATE)
    bench.exchange.cancel("b")
    bench.exchange.advance(CLOSE)
    assert bench.status("a", "b") == ["CANCELLED", "FILLED"]
    assert [told.detail.code for told in bench.log if told.what == "cancel refused b"] == ["CUT_OFF"]  # type: ignore[union-attr]


def test_an_order_at_the_close_can_be_changed_until_the_cut_off() -> None:
    bench = two_days()
    bench.place(order("BUY", 1, ref="a", order_type=LOC, limit_price=90))
    bench.exchange.change("a", {"limit_price": Decimal(95)})
    bench.exchange.advance(LATE)
    bench.exchange.change("a", {"limit_price": Decimal(105)})
    assert facts(bench["a"].limit_price, bench.log[-1].detail.code) == (95, "CUT_OFF")  # type: ignore[union-attr]


def test_an_order_without_an_auction_is_cancelled_as_late_as_one_likes() -> None:
    bench = two_days()
    bench.place(order("BUY", 1, ref="a", limit_price=90))
    bench.exchange.advance(LATE)
    bench.exchange.cancel("a")
    assert bench["a"].status == "CANCELLED"


def test_an_order_at_the_close_takes_the_others_of_its_group_out() -> None:
    bench = two_days()
    bench.place(
        order("SELL", 5, ref="a", order_type=MOC, oca_group="g"),
        order("SELL", 5, ref="b", order_type=MOC, oca_group="g"),
        order("SELL", 5, ref="c", limit_price=120, oca_group="g"),
    )
    bench.exchange.advance(CLOSE)
    assert bench.status("a", "b", "c") == ["FILLED", "CANCELLED", "CANCELLED"]


def test_an_exit_at_the_close_sells_what_its_entry_has_filled() -> None:
    bench = two_days()
    entry = order("BUY", 8, ref="a", limit_price="100.10")
    bench.place(entry, order("SELL", 8, ref="b", order_type=MOC, parent_ref="a"))
    bench.exchange.advance(CLOSE)
    assert bench.prices("b") == [("SELL", "5", "102.05")]


def test_what_an_entry_at_the_close_sets_free_does_not_fill_on_the_quotes_of_that_day() -> None:
    bench = two_days()
    exit_ = order("SELL", 5, ref="b", limit_price=101, parent_ref="a", tif=TimeInForce.GTC)
    bench.place(order("BUY", 5, ref="a", order_type=MOC), exit_)
    bench.exchange.advance(CLOSE + timedelta(hours=1))
    assert facts(bench["a"].status, bench["b"].filled) == ("FILLED", 0)
    bench.exchange.advance(OPEN + DAY + timedelta(minutes=7))
    assert bench.prices("b") == [("SELL", "5", "105.00")]


# --- The open


def test_an_order_at_the_open_fills_whole_in_the_middle_of_the_first_quote() -> None:
    bench = in_the_night(
        two_days(),
        order("BUY", 50, ref="a", order_type=MOO),
        order("SELL", 7, ref="b", order_type=MOO, tif=TimeInForce.OPG),
    )
    bench.exchange.advance(CLOSE + DAY)
    assert bench.prices() == [("BUY", "50", "105.05"), ("SELL", "7", "105.05")]
    assert {fill.time for fill in bench.fills()} == {minute(7) + DAY}


def test_an_order_at_the_open_is_never_working() -> None:
    bench = in_the_night(two_days(), order("BUY", 5, ref="a", order_type=MOO))
    bench.exchange.advance(OPEN + DAY + timedelta(minutes=1))
    assert facts(bench["a"].status, bench["a"].at_market, bench["a"].is_working) == ("SUBMITTED", True, False)


def test_a_quote_at_the_very_open_is_the_opening_one() -> None:
    rows = [row(0, GOOG, 100, "100.10"), row(0, GOOG, 95, "95.10", days=1), row(1, GOOG, 99, "99.10", days=1)]
    bench = in_the_night(Bench(tape(rows)), order("BUY", 5, ref="a", order_type=MOO))
    bench.exchange.advance(OPEN + DAY)
    assert bench.prices() == [("BUY", "5", "95.05")]


@pytest.mark.parametrize("at", [OPEN, OPEN + timedelta(hours=1)])
def test_an_order_at_the_open_that_comes_once_it_is_open_is_for_the_next_one(at: Any) -> None:
    bench = two_days()
    bench.exchange.advance(at)
    bench.place(order("BUY", 5, ref="a", order_type=MOO))
    bench.exchange.advance(CLOSE + timedelta(hours=1))
    assert facts(bench["a"].status, bench["a"].filled) == ("SUBMITTED", 0)
    bench.exchange.advance(CLOSE + DAY)
    assert bench.prices() == [("BUY", "5", "105.05")]


def test_an_order_that_is_on_its_way_at_the_open_is_for_the_next_one() -> None:
    rows = [row(0, GOOG, 100 + days, f"{100 + days}.10", days=days) for days in range(3)]
    bench = Bench(tape(rows), rules=Rules(latency=60, margin=False))
    bench.exchange.advance(OPEN + DAY - timedelta(seconds=30))
    bench.place(order("BUY", 5, ref="a", order_type=MOO))
    bench.exchange.advance(CLOSE + 2 * DAY)
    assert [(fill.time, f"{fill.price:f}") for fill in bench.fills()] == [(OPEN + 2 * DAY, "102.05")]


@pytest.mark.parametrize(("action", "limit"), [("BUY", 105), ("SELL", 106)])
def test_a_limit_at_the_open_that_it_is_beyond_ends_there(action: str, limit: int) -> None:
    bench = in_the_night(two_days(), order(action, 5, ref="a", order_type=LOO, limit_price=limit))
    bench.exchange.advance(minute(7) + DAY)
    assert facts(bench["a"].status, bench["a"].ended_at) == ("EXPIRED", minute(7) + DAY)
    assert bench["a"].reason == f"the open was at 105.05, beyond its limit {limit}"


def test_a_limit_at_the_open_fills_where_the_open_is_as_good() -> None:
    bench = in_the_night(two_days(), order("BUY", 5, ref="a", order_type=LOO, limit_price="105.05"))
    bench.exchange.advance(minute(7) + DAY)
    assert bench.prices() == [("BUY", "5", "105.05")]


def test_the_first_quote_with_both_sides_is_the_opening_one() -> None:
    rows = [row(0, GOOG, 100, 101), row(1, GOOG, "", 110, 0, 5, days=1), row(2, GOOG, 103, 104, days=1)]
    bench = in_the_night(Bench(tape(rows)), order("BUY", 5, ref="a", order_type=MOO))
    bench.exchange.advance(CLOSE + DAY)
    assert bench.prices() == [("BUY", "5", "103.50")]


def test_an_order_at_an_open_without_quotes_ends_with_the_session() -> None:
    rows = [row(0, GOOG, 100, 101), row(0, FAR, 3, 4, days=1), row(0, FAR, 3, 4, days=2)]
    bench = in_the_night(Bench(tape(rows)), order("BUY", 5, ref="a", order_type=MOO))
    bench.exchange.advance(CLOSE + 2 * DAY)
    assert facts(bench["a"].status, bench["a"].ended_at) == ("EXPIRED", CLOSE + DAY)


def test_an_order_at_the_open_can_be_cancelled_in_the_night() -> None:
    bench = in_the_night(two_days(), order("BUY", 5, ref="a", order_type=MOO))
    bench.exchange.cancel("a")
    bench.exchange.advance(CLOSE + DAY)
    assert facts(bench["a"].status, bench.fills()) == ("CANCELLED", [])


def test_an_exit_at_the_open_that_its_entry_sets_free_later_has_missed_it() -> None:
    rows = [row(at, GOOG, *sides, days=1) for at, sides in enumerate([(95, 96), (89, 90), (92, 93)])]
    bench = Bench(tape([row(0, GOOG, 95, 96), *rows]))
    exit_ = order("SELL", 5, ref="b", order_type=MOO, parent_ref="a")
    in_the_night(bench, order("BUY", 5, ref="a", limit_price=90), exit_)
    bench.exchange.advance(CLOSE + DAY)
    assert facts(bench["a"].status, bench["b"].status, bench["b"].ended_at) == ("FILLED", "EXPIRED", CLOSE + DAY)


def test_options_have_an_open() -> None:
    rows = [row(0, FAR, 3, 4), row(0, FAR, 5, 6, days=1)]
    bench = in_the_night(Bench(tape(rows)), order("BUY", 5, FAR, ref="a", order_type=MOO))
    bench.exchange.advance(OPEN + DAY)
    assert bench.prices() == [("BUY", "5", "5.50")]


@pytest.mark.parametrize("order_type", [MOC, MOO])
def test_a_quote_that_was_given_the_day_before_makes_an_auction(order_type: OrderType) -> None:
    market = GivenMarket(hours="regular", start=OPEN)
    bench = Bench(market)
    market.quote(GOOG, 99, 101, at=OPEN)
    in_the_night(bench, order("BUY", 5, ref="a", order_type=order_type))
    bench.exchange.advance(CLOSE + DAY)
    assert bench.prices() == [("BUY", "5", "100.00")]


# --- What there is no auction for


@pytest.mark.parametrize(
    ("contract", "terms"),
    [
        (NEAR, {"order_type": MOC}),
        (SPREAD, {"order_type": MOC}),
        (SPREAD, {"order_type": MOO}),
        (SPREAD, {"order_type": MTL}),
        (GOOG, {"order_type": MTL, "tif": TimeInForce.IOC}),
        (GOOG, {"tif": TimeInForce.OPG}),
        (GOOG, {"order_type": MOO, "tif": TimeInForce.GTC}),
    ],
)
def test_what_no_auction_takes_is_refused(contract: Any, terms: dict[str, Any]) -> None:
    bench = Bench(tape([row(0, each, 4, 5) for each in (GOOG, NEAR, FAR)]))
    bench.place(order("BUY", 1, contract, ref="a", **terms))
    assert bench["a"].code == "NOT_TAKEN"


@pytest.mark.parametrize("order_type", [MOC, MOO])
def test_a_market_around_the_clock_has_neither_open_nor_close(order_type: OrderType) -> None:
    bench = Bench(GivenMarket(start=OPEN))
    bench.place(order("BUY", 1, ref="a", order_type=order_type))
    assert facts(bench["a"].code, bench["a"].reason) == (
        "NO_AUCTION",
        f"{order_type} orders are not taken: the market is open around the clock",
    )


def test_there_is_no_open_after_the_last_session_of_a_tape() -> None:
    bench = Bench(tape([row(0, GOOG, 4, 5)]))
    bench.place(order("BUY", 1, ref="a", order_type=MOO))
    assert facts(bench["a"].code, bench["a"].reason) == (
        "NO_AUCTION",
        "MARKET_ON_OPEN orders are not taken: no session follows",
    )


# --- Market-to-limit


def partly_turned() -> Bench:
    """Return a bench with an order to buy 8 of which 5 have filled at 100.10."""
    rows = [(100, "100.10"), ("100.10", "100.20"), (100, "100.10")]
    bench = Bench(tape(row(at, GOOG, bid, ask, 5, 5) for at, (bid, ask) in enumerate(rows)))
    bench.place(order("BUY", 8, ref="a", order_type=MTL))
    return bench


def test_the_rest_of_a_market_to_limit_order_is_a_limit_at_its_first_price() -> None:
    bench = partly_turned()
    assert facts(bench["a"].turned_limit, bench["a"].is_working, bench["a"].leaves) == (Decimal("100.10"), True, 3)


def test_the_rest_of_a_market_to_limit_order_waits_for_that_price() -> None:
    bench = partly_turned()
    bench.exchange.advance(minute(1))
    assert bench["a"].filled == 5
    bench.exchange.advance(minute(2))
    assert bench.prices() == [("BUY", "5", "100.10"), ("BUY", "3", "100.10")]


def test_the_rest_of_a_market_to_limit_order_is_a_limit_on_the_next_day_too() -> None:
    bench = two_days()
    bench.place(order("BUY", 8, ref="a", order_type=MTL, tif=TimeInForce.GTC))
    bench.exchange.advance(minute(7) + DAY)
    assert bench["a"].filled == 5
    bench.exchange.advance(minute(8) + DAY)
    assert bench.prices("a") == [("BUY", "5", "100.10"), ("BUY", "3", "90.10")]


# --- Restarts


@pytest.mark.parametrize("place", [minute(1), CLOSE - timedelta(minutes=1)])
def test_an_order_at_the_close_outlives_a_restart(place: Any) -> None:
    bench = two_days()
    bench.place(order("BUY", 5, ref="a", order_type=MOC))
    bench.exchange.advance(place)
    bench.restart()
    bench.exchange.advance(CLOSE)
    assert bench.prices() == [("BUY", "5", "102.05")]


@pytest.mark.parametrize("place", [CLOSE + timedelta(hours=4), OPEN + DAY + timedelta(minutes=1)])
def test_an_order_at_the_open_outlives_a_restart(place: Any) -> None:
    bench = in_the_night(two_days(), order("BUY", 5, ref="a", order_type=MOO))
    bench.exchange.advance(place)
    bench.restart()
    bench.exchange.advance(CLOSE + DAY)
    assert bench.prices() == [("BUY", "5", "105.05")]


def test_a_restart_does_not_bring_an_order_at_the_next_open_to_this_session() -> None:
    rows = [row(0, GOOG, 95, 96), row(2, GOOG, 95, 96), row(0, GOOG, 97, 98, days=1)]
    bench = Bench(tape(rows))
    bench.place(order("BUY", 5, ref="a", order_type=MOO))
    bench.exchange.advance(minute(1))
    bench.restart()
    bench.exchange.advance(CLOSE + DAY)
    assert bench.prices() == [("BUY", "5", "97.50")]


def test_the_limit_of_a_market_to_limit_order_outlives_a_restart() -> None:
    bench = partly_turned()
    bench.restart()
    bench.exchange.advance(minute(1))
    assert facts(bench["a"].filled, bench["a"].status) == (5, OrderStatus.PARTIALLY_FILLED)
    bench.exchange.advance(minute(2))
    assert bench["a"].status == "FILLED"
