"""Single orders at the exchange: types, times in force, cancels, changes, latency."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from paper.exchange_bench import CLOSE, FAR, GOOG, NEAR, OPEN, Bench, facts, minute, order, row, tape
from v6_paper_plugin.exchange.rules import Rules
from v6core.contracts import Index, Stock
from v6core.orders import OrderType, TimeInForce

DAY = timedelta(days=1)


def quotes(*rows: tuple[object, object], size: int = 1000, latency: float = 0.0, slippage: str = "0") -> Bench:
    market = tape(row(at, GOOG, bid, ask, size, size) for at, (bid, ask) in enumerate(rows))
    return Bench(market, rules=Rules(latency=latency, margin=False), slippage=slippage)


FLAT = ((100, "100.10"),)
TWO_DAYS = [row(0, GOOG, 100, "100.10"), row(0, GOOG, 100, "100.10", days=1), row(1, GOOG, 95, "95.10", days=1)]


def test_a_market_order_fills_at_the_quote() -> None:
    bench = quotes(*FLAT)
    bench.place(order("BUY", 10, ref="a"), order("SELL", 4, ref="b"))
    assert bench.prices() == [("BUY", "10", "100.10"), ("SELL", "4", "100.00")]


def test_a_limit_is_told_accepted_then_filled_then_its_status() -> None:
    bench = quotes(*FLAT)
    bench.place(order("BUY", 10, ref="a", limit_price=101))
    assert [(told.what, told.order and told.order.status) for told in bench.log] == [
        ("order", "SUBMITTED"),
        ("execution", "FILLED"),
        ("order", "FILLED"),
    ]


def test_all_of_a_unit_are_accepted_before_any_fills() -> None:
    bench = quotes(*FLAT)
    bench.place(order("BUY", 1, ref="a"), order("BUY", 1, ref="b"))
    assert [told.what for told in bench.log][:3] == ["order", "order", "execution"]


def test_a_unit_is_refused_whole() -> None:
    bench = quotes(*FLAT)
    bench.place(order("BUY", 1, ref="a"), order("BUY", 1, Stock("NONE"), ref="b"))
    assert [each.code for each in (bench["a"], bench["b"])] == ["UNIT", "UNKNOWN_CONTRACT"]


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"contract": Stock("NONE")}, "UNKNOWN_CONTRACT"),
        ({"contract": Index("SPX")}, "NOT_TRADED"),
        ({"contract": Stock("SAP", currency="EUR")}, "CURRENCY"),
        ({"limit_price": "100.001"}, "OFF_TICK"),
        ({"tif": TimeInForce.OPG}, "NOT_TAKEN"),
        ({"order_type": OrderType.MARKET_ON_CLOSE, "tif": TimeInForce.GTC}, "NOT_TAKEN"),
        ({"tif": TimeInForce.GTD, "good_till": OPEN - DAY}, "PAST"),
    ],
)
def test_what_cannot_be_taken_is_refused(terms: dict[str, Any], code: str) -> None:
    bench = quotes(*FLAT)
    bench.place(order("BUY", 1, ref="a", **{"contract": GOOG, **terms}))
    assert facts(bench["a"].status, bench["a"].code, bench.exchange.next_time()) == ("REJECTED", code, CLOSE)


def test_an_option_whose_day_is_over_is_refused() -> None:
    bench = Bench(tape([row(0, NEAR, 4, 5), row(0, GOOG, 100, 101, days=1)]))
    bench.exchange.advance(OPEN + DAY)
    bench.place(order("BUY", 1, NEAR, ref="a"))
    assert bench["a"].code == "EXPIRED_CONTRACT"


def test_a_stop_rests_until_the_market_reaches_it() -> None:
    bench = quotes((100, "100.10"), (99, "99.10"), (98, "98.10"))
    bench.place(order("SELL", 1, ref="a", stop_price="98.50"))
    bench.exchange.advance(minute(1))
    assert not bench["a"].triggered
    bench.exchange.advance(minute(2))
    assert bench.prices("a") == [("SELL", "1", "98.00")]


def test_a_stop_limit_obeys_its_limit_after_it_has_fired() -> None:
    bench = quotes((100, "100.10"), (98, "98.10"), ("98.70", "98.80"))
    bench.place(order("SELL", 1, ref="a", stop_price=99, limit_price="98.60"))
    bench.exchange.advance(minute(1))
    assert facts(bench["a"].triggered, bench["a"].is_working, bench["a"].filled) == (True, True, 0)
    bench.exchange.advance(minute(2))
    assert bench.prices("a") == [("SELL", "1", "98.70")]


def test_a_trailing_stop_follows_the_market() -> None:
    bench = quotes((100, "100.10"), (105, "105.10"), ("103.50", "103.60"))
    bench.place(order("SELL", 1, ref="a", order_type=OrderType.TRAIL, trail_amount=1))
    bench.exchange.advance(minute(2))
    assert bench.prices("a") == [("SELL", "1", "103.50")]


def test_a_trail_goes_on_from_where_it_was_after_a_restart() -> None:
    bench = quotes((100, "100.10"), (105, "105.10"), ("104.50", "104.60"), ("103.80", "103.90"))
    bench.place(order("SELL", 1, ref="a", order_type=OrderType.TRAIL, trail_amount=1))
    bench.keep()
    bench.exchange.advance(minute(2))
    bench.restart()
    bench.exchange.advance(minute(3))
    assert bench.prices("a") == [("SELL", "1", "103.80")]


def test_slippage_worsens_market_orders_and_no_limits() -> None:
    bench = quotes(*FLAT, slippage="0.03")
    bench.place(order("BUY", 1, ref="a"), order("BUY", 1, ref="b", limit_price=101))
    assert [price for _, _, price in bench.prices()] == ["100.13", "100.10"]


def test_displayed_size_is_filled_once() -> None:
    bench = quotes(*FLAT, size=5)
    bench.place(order("BUY", 4, ref="a"), order("BUY", 4, ref="b"))
    assert [bench[ref].filled for ref in "ab"] == [4, 1]


@pytest.mark.parametrize(("tif", "filled"), [(TimeInForce.IOC, 5), (TimeInForce.FOK, 0)])
def test_what_is_not_filled_at_once_is_cancelled(tif: TimeInForce, filled: int) -> None:
    bench = quotes(*FLAT, size=5)
    bench.place(order("BUY", 8, ref="a", tif=tif))
    assert facts(bench["a"].status, bench["a"].filled) == ("CANCELLED", filled)


def test_an_order_for_the_day_expires_at_the_close() -> None:
    bench = quotes(*FLAT)
    bench.place(order("BUY", 1, ref="a", limit_price=90))
    bench.exchange.advance(CLOSE)
    assert facts(bench["a"].status, bench["a"].ended_at) == ("EXPIRED", CLOSE)


def test_an_order_good_till_cancelled_works_the_next_day() -> None:
    bench = Bench(tape(TWO_DAYS))
    bench.place(order("BUY", 1, ref="a", limit_price=96, tif=TimeInForce.GTC))
    bench.exchange.advance(CLOSE + timedelta(hours=1))
    assert facts(bench["a"].is_open, bench["a"].is_working) == (True, False)
    bench.exchange.advance(CLOSE + DAY)
    assert bench.prices("a") == [("BUY", "1", "95.10")]


def test_an_order_good_till_a_date_expires_then() -> None:
    bench = quotes((100, "100.10"), (100, "100.10"), (90, "90.10"))
    bench.place(order("BUY", 1, ref="a", limit_price=95, tif=TimeInForce.GTD, good_till=minute(1.5)))
    bench.exchange.advance(minute(3))
    assert facts(bench["a"].status, bench["a"].ended_at) == ("EXPIRED", minute(1.5))


def test_outside_the_session_an_order_waits_for_the_open() -> None:
    bench = Bench(tape(TWO_DAYS))
    bench.exchange.advance(CLOSE + timedelta(hours=1))
    bench.place(order("BUY", 1, ref="a"))
    assert not bench["a"].is_working
    bench.exchange.advance(OPEN + DAY)
    assert [fill.time for fill in bench.fills("a")] == [OPEN + DAY]


def test_outside_the_session_an_immediate_order_is_cancelled() -> None:
    bench = Bench(tape(TWO_DAYS))
    bench.exchange.advance(CLOSE + timedelta(hours=1))
    bench.place(order("BUY", 1, ref="a", tif=TimeInForce.IOC))
    assert facts(bench["a"].status, bench["a"].reason) == ("CANCELLED", "the market is closed, and its tif is IOC")


def test_an_order_meets_the_quote_that_stands_when_it_arrives() -> None:
    bench = quotes((100, "100.10"), (105, "105.10"), latency=90)
    bench.place(order("BUY", 1, ref="a"))
    bench.exchange.advance(minute(2))
    assert [(fill.time, fill.price) for fill in bench.fills()] == [(minute(1.5), Decimal("105.10"))]


def test_a_fill_wins_the_race_with_a_cancel() -> None:
    bench = quotes((100, "100.10"), (95, "95.10"), latency=60)
    bench.place(order("BUY", 1, ref="a", limit_price=96))
    bench.exchange.advance(minute(1))
    bench.exchange.cancel("a")
    bench.exchange.advance(minute(3))
    assert bench["a"].status == "FILLED"
    assert [told.detail.code for told in bench.log if told.what == "cancel refused a"] == ["TOO_LATE"]  # type: ignore[union-attr]


def test_a_cancelled_order_fills_no_more() -> None:
    bench = quotes((100, "100.10"), (90, "90.10"))
    bench.place(order("BUY", 1, ref="a", limit_price=95))
    bench.exchange.cancel("a")
    bench.exchange.advance(minute(2))
    assert facts(bench["a"].status, bench.fills()) == ("CANCELLED", [])


def test_a_cancel_after_a_partial_fill_keeps_the_fill() -> None:
    bench = quotes(*FLAT, size=3)
    bench.place(order("BUY", 5, ref="a"))
    bench.exchange.cancel("a")
    assert facts(bench["a"].status, bench["a"].filled, bench.position()) == ("CANCELLED", 3, 3)


def test_a_change_of_an_unknown_order_is_refused() -> None:
    bench = quotes(*FLAT)
    bench.exchange.change("nobody", {"quantity": Decimal(1)})
    assert bench.log[-1].what == "change refused nobody"


def test_a_new_price_counts_at_once() -> None:
    bench = quotes(*FLAT)
    bench.place(order("BUY", 1, ref="a", limit_price=99))
    bench.exchange.change("a", {"limit_price": Decimal("100.10")})
    assert bench["a"].status == "FILLED"


def test_a_new_quantity_keeps_what_has_filled() -> None:
    bench = quotes(*FLAT, size=3)
    bench.place(order("BUY", 5, ref="a"))
    bench.exchange.change("a", {"quantity": Decimal(9)})
    assert facts(bench["a"].filled, bench["a"].leaves, bench["a"].is_open) == (3, 6, True)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"quantity": Decimal(3)}, "BELOW_FILLED"),
        ({"limit_price": Decimal("100.001")}, "OFF_TICK"),
        ({"action": "SELL"}, "NOT_CHANGEABLE"),
    ],
)
def test_a_refused_change_leaves_the_order_as_it_was(changes: dict[str, object], code: str) -> None:
    bench = quotes(*FLAT, size=3)
    bench.place(order("BUY", 5, ref="a", limit_price=101))
    before = (bench["a"].quantity, bench["a"].limit_price, bench["a"].leaves)
    bench.exchange.change("a", changes)
    assert bench.log[-1].detail.code == code  # type: ignore[union-attr]
    assert (bench["a"].quantity, bench["a"].limit_price, bench["a"].leaves) == before


def test_a_change_of_a_filled_order_is_refused() -> None:
    bench = quotes(*FLAT)
    bench.place(order("BUY", 1, ref="a"))
    bench.exchange.change("a", {"quantity": Decimal(5)})
    assert bench.log[-1].detail.code == "TOO_LATE"  # type: ignore[union-attr]


def test_a_stop_price_can_be_changed() -> None:
    bench = quotes((100, "100.10"), (98, "98.10"))
    bench.place(order("SELL", 1, ref="a", stop_price=97))
    bench.exchange.change("a", {"stop_price": Decimal(99)})
    bench.exchange.advance(minute(1))
    assert bench["a"].status == "FILLED"


def test_an_order_for_the_day_made_good_till_cancelled_outlives_it() -> None:
    bench = Bench(tape(TWO_DAYS))
    bench.place(order("BUY", 1, ref="a", limit_price=90))
    bench.exchange.change("a", {"tif": TimeInForce.GTC})
    bench.exchange.advance(OPEN + DAY)
    assert bench["a"].is_open


@pytest.mark.parametrize("latency", [0.0, 0.5])
@pytest.mark.parametrize("tif", ["DAY", "GTC"])
def test_open_orders_expire_with_the_last_recorded_session(tif: str, latency: float) -> None:
    bench = quotes(*FLAT, latency=latency)
    bench.exchange.advance(CLOSE - timedelta(seconds=0.1))
    bench.place(order("BUY", 1, ref="a", limit_price=90, tif=TimeInForce(tif)))
    bench.exchange.advance(CLOSE + DAY)
    assert (bench["a"].status, bench["a"].ended_at) == ("EXPIRED", CLOSE)


@pytest.mark.parametrize("late", [timedelta(), 30 * DAY])
def test_no_order_is_taken_after_the_last_recorded_session(late: timedelta) -> None:
    bench = quotes(*FLAT)
    bench.exchange.advance(CLOSE + late)
    bench.place(order("BUY", 1, ref="a", limit_price=90))
    assert (bench["a"].code, bench["a"].reason) == (
        "QUOTES_END",
        "the recorded quotes end at 2026-06-01T20:00:00+00:00",
    )


def test_an_order_that_has_ended_leaves_nothing_on_the_agenda() -> None:
    bench = quotes(*FLAT)
    before = len(list(bench.exchange.agenda))
    bench.place(order("BUY", 1, ref="a", limit_price=90, tif=TimeInForce.GTD, good_till=CLOSE - timedelta(hours=1)))
    bench.exchange.cancel("a")
    assert len(list(bench.exchange.agenda)) == before


def test_what_is_kept_of_an_order_is_its_own_rows_whatever_came_before() -> None:
    bench = quotes(*FLAT)
    bench.place(*(order("BUY", 1, ref=f"before {number}") for number in range(20)))
    bench.place(order("BUY", 1, ref="rests", limit_price=90))
    bench.writer.rows(bench.exchange)
    bench.place(order("BUY", 1, ref="a"))
    assert {key for key in bench.writer.rows(bench.exchange) if key[0] != "exchange"} == {
        ("orders", 22),
        ("executions", 21),
    }


def test_quotes_of_one_moment_reach_contracts_in_the_order_of_their_names() -> None:
    rows = [row(at, contract, bid, ask) for at, bid, ask in ((0, 5, 6), (1, 2, 3)) for contract in (NEAR, FAR)]
    bench = Bench(tape(rows))
    bench.place(order("BUY", 1, FAR, ref="far", limit_price=4))
    bench.place(order("BUY", 1, NEAR, ref="near", limit_price=4))
    bench.exchange.advance(minute(1))
    assert [fill.ref for fill in bench.fills()] == ["near", "far"]
