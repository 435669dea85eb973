"""The matching core: who is filled, at what price, how much, and when it fires."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from v6_paper_plugin.exchange.matching import (
    Book,
    BookOrder,
    Kind,
    Lifetime,
    Matched,
    Triggered,
    Unfilled,
    from_price_units,
    to_lots,
    to_percent_units,
    to_price_units,
)


def shown(bid: int | None, ask: int | None, size: int = 10, **settings: Any) -> Book:
    book = Book(**settings)
    book.quote(bid, size, ask, size)
    return book


def buy(number: int, kind: Kind, quantity: int = 5, **terms: Any) -> BookOrder:
    return BookOrder(number=number, buy=True, kind=kind, quantity=quantity, **terms)


def sell(number: int, kind: Kind, quantity: int = 5, **terms: Any) -> BookOrder:
    return BookOrder(number=number, buy=False, kind=kind, quantity=quantity, **terms)


# --- Prices at the edge


def test_a_price_converts_exactly_both_ways() -> None:
    assert to_price_units(Decimal("101.5025")) == 1_015_025
    assert from_price_units(1_015_025) == Decimal("101.5025")


@pytest.mark.parametrize("convert", [to_price_units, to_percent_units])
def test_a_fifth_decimal_place_is_refused(convert: Any) -> None:
    with pytest.raises(ValueError, match=r"must be a multiple of 0\.0001 here, not 1\.00001"):
        convert(Decimal("1.00001"))


def test_a_fraction_of_a_lot_is_refused() -> None:
    with pytest.raises(ValueError, match=r"quantity must be whole here, not 1\.5"):
        to_lots(Decimal("1.5"))


# --- Market orders


def test_a_market_buy_fills_at_the_ask_and_a_sell_at_the_bid() -> None:
    book = shown(99, 101)
    assert book.add(buy(1, Kind.MARKET)) == [Matched(1, 5, 101)]
    assert book.add(sell(2, Kind.MARKET)) == [Matched(2, 5, 99)]


@pytest.mark.parametrize(("ask", "size"), [(None, 10), (0, 10), (101, 0)])
def test_a_market_order_waits_while_nobody_is_there(ask: int | None, size: int) -> None:
    book = Book()
    book.quote(99, 10, ask, size)
    assert book.add(buy(1, Kind.MARKET)) == []
    assert book.quote(99, 10, 102, 10) == [Matched(1, 5, 102)]


def test_a_market_order_beyond_the_displayed_size_waits_for_the_next_quote() -> None:
    book = shown(99, 101, size=3)
    assert book.add(buy(1, Kind.MARKET)) == [Matched(1, 3, 101)]
    assert book.quote(99, 3, 103, 3) == [Matched(1, 2, 103)]


def test_slippage_worsens_a_market_order_and_leaves_a_limit_alone() -> None:
    book = shown(99, 101, slippage=2)
    assert book.add(buy(1, Kind.MARKET, 1)) == [Matched(1, 1, 103)]
    assert book.add(sell(2, Kind.MARKET, 1)) == [Matched(2, 1, 97)]
    assert book.add(buy(3, Kind.LIMIT, 1, limit=101)) == [Matched(3, 1, 101)]


def test_slippage_never_brings_a_sell_to_zero() -> None:
    assert shown(3, 5, slippage=9).add(sell(1, Kind.MARKET)) == [Matched(1, 5, 1)]


def test_negative_slippage_is_refused() -> None:
    with pytest.raises(ValueError, match="it never improves a price"):
        Book(slippage=-1)


# --- Market-to-limit orders


def test_a_market_to_limit_order_fills_as_a_market_order_does() -> None:
    book = shown(99, 101, slippage=2)
    assert book.add(buy(1, Kind.MARKET_TO_LIMIT)) == [Matched(1, 5, 103)]


def test_the_rest_of_a_market_to_limit_order_is_a_limit_at_its_first_fill() -> None:
    book = shown(99, 101, size=3)
    book.add(sell(1, Kind.MARKET_TO_LIMIT))
    assert book.standing(1).order.limit == 99
    assert book.quote(98, 10, 100, 10) == []
    assert book.quote(100, 1, 102, 10) == [Matched(1, 1, 100)]
    assert book.quote(99, 10, 101, 10) == [Matched(1, 1, 99)]


def test_a_market_to_limit_order_with_nobody_there_waits_for_the_market() -> None:
    book = Book()
    assert book.add(buy(1, Kind.MARKET_TO_LIMIT)) == []
    assert book.quote(99, 10, 150, 3) == [Matched(1, 3, 150)]
    assert book.quote(99, 10, 151, 10) == []


def test_the_rest_of_a_market_to_limit_order_has_nobody_before_it() -> None:
    book = shown(99, 101, size=3, queue="through")
    book.add(buy(1, Kind.MARKET_TO_LIMIT))
    assert book.quote(99, 3, 101, 10) == [Matched(1, 2, 101)]


def test_the_rest_of_a_market_to_limit_order_goes_before_limits_that_come_later() -> None:
    book = shown(99, 101, size=3)
    book.add(buy(1, Kind.MARKET_TO_LIMIT))
    book.add(buy(2, Kind.LIMIT, limit=101))
    assert book.quote(99, 3, 101, 3) == [Matched(1, 2, 101), Matched(2, 1, 101)]


def test_a_limit_of_a_better_price_goes_before_the_rest_of_a_market_to_limit_order() -> None:
    book = shown(99, 101, size=3)
    book.add(buy(1, Kind.MARKET_TO_LIMIT))
    book.add(buy(2, Kind.LIMIT, limit=102))
    assert book.quote(99, 3, 101, 6) == [Matched(2, 5, 101), Matched(1, 1, 101)]


# --- Limits


def test_a_passive_limit_rests() -> None:
    book = shown(99, 101)
    assert book.add(buy(1, Kind.LIMIT, limit=100)) == []
    assert 1 in book
    assert book.standing(1).order.limit == 100


def test_a_marketable_limit_fills_at_the_better_quote() -> None:
    assert shown(99, 101).add(buy(1, Kind.LIMIT, limit=105)) == [Matched(1, 5, 101)]


def test_a_gap_through_a_limit_fills_at_the_gap_price() -> None:
    book = shown(99, 101)
    book.add(sell(1, Kind.LIMIT, limit=105))
    assert book.quote(120, 10, 121, 10) == [Matched(1, 5, 120)]


def test_queue_touch_fills_at_the_price_and_queue_through_only_past_it() -> None:
    touch, through = shown(99, 101), shown(99, 101, queue="through")
    for book in (touch, through):
        book.add(buy(1, Kind.LIMIT, limit=100))
    assert touch.quote(98, 10, 100, 10) == [Matched(1, 5, 100)]
    assert through.quote(98, 10, 100, 10) == []
    assert through.quote(98, 10, 99, 10) == [Matched(1, 5, 99)]


def test_by_through_what_was_marketable_on_arrival_has_no_queue_before_it() -> None:
    book = shown(99, 101, size=3, queue="through")
    assert book.add(buy(1, Kind.LIMIT, limit=101)) == [Matched(1, 3, 101)]
    assert book.quote(99, 3, 101, 3) == [Matched(1, 2, 101)]


def test_two_orders_cannot_take_the_same_lot() -> None:
    book = shown(99, 101, size=7)
    assert book.add(buy(1, Kind.LIMIT, limit=101)) == [Matched(1, 5, 101)]
    assert book.add(buy(2, Kind.LIMIT, limit=101)) == [Matched(2, 2, 101)]
    assert book.ask_size == 0


def test_the_better_price_is_filled_first_then_the_earlier() -> None:
    book = shown(99, 110)
    for number, limit in ((1, 100), (2, 101), (3, 101)):
        book.add(buy(number, Kind.LIMIT, limit=limit))
    assert book.quote(98, 12, 100, 12) == [Matched(2, 5, 100), Matched(3, 5, 100), Matched(1, 2, 100)]


def test_ioc_fills_what_is_there_and_the_rest_is_unfilled() -> None:
    book = shown(99, 101, size=3)
    assert book.add(buy(1, Kind.LIMIT, limit=101, lifetime=Lifetime.IOC)) == [Matched(1, 3, 101), Unfilled(1, 2)]
    assert 1 not in book


@pytest.mark.parametrize(("size", "whole"), [(5, True), (4, False)])
def test_fok_is_whole_or_nothing(size: int, whole: bool) -> None:
    outcomes = shown(99, 101, size=size).add(buy(1, Kind.MARKET, lifetime=Lifetime.FOK))
    assert outcomes == ([Matched(1, 5, 101)] if whole else [Unfilled(1, 5)])


def test_a_killed_fok_leaves_the_lots_to_the_next_in_line() -> None:
    book = shown(99, 101)
    book.add(buy(1, Kind.STOP, 20, stop=105, lifetime=Lifetime.FOK))
    book.add(buy(2, Kind.STOP, 5, stop=105))
    assert book.quote(104, 10, 105, 10) == [Triggered(1), Triggered(2), Unfilled(1, 20), Matched(2, 5, 105)]


# --- Stops and touches


def test_a_stop_is_silent_until_it_is_reached_and_fills_at_the_gap() -> None:
    book = shown(99, 101)
    assert book.add(sell(1, Kind.STOP, stop=95)) == []
    assert book.quote(96, 10, 97, 10) == []
    assert book.quote(90, 10, 91, 10) == [Triggered(1), Matched(1, 5, 90)]


def test_a_stop_that_is_through_on_arrival_fires_at_once() -> None:
    assert shown(99, 101).add(buy(1, Kind.STOP, stop=100)) == [Triggered(1), Matched(1, 5, 101)]


def test_a_fired_stop_limit_obeys_its_limit_and_does_not_unfire() -> None:
    book = shown(99, 101)
    book.add(sell(1, Kind.STOP_LIMIT, stop=95, limit=94))
    assert book.quote(90, 10, 91, 10) == [Triggered(1)]
    assert book.quote(96, 10, 97, 10) == [Matched(1, 5, 96)]


def test_a_stop_fires_even_where_all_displayed_lots_are_taken() -> None:
    book = shown(99, 101, size=5)
    book.add(buy(1, Kind.MARKET))
    assert book.add(buy(2, Kind.STOP, stop=100)) == [Triggered(2)]
    assert book.quote(99, 5, 102, 5) == [Matched(2, 5, 102)]


def test_an_if_touched_fires_on_the_favourable_side() -> None:
    book = shown(99, 101)
    book.add(buy(1, Kind.MARKET_IF_TOUCHED, 4, stop=97))
    book.add(sell(2, Kind.LIMIT_IF_TOUCHED, 4, stop=103, limit=103))
    assert book.quote(96, 10, 97, 10) == [Triggered(1), Matched(1, 4, 97)]
    assert book.quote(104, 10, 105, 10) == [Triggered(2), Matched(2, 4, 104)]


# --- Trails


def test_a_trail_by_amount_follows_up_and_never_back() -> None:
    book = shown(100, 101)
    book.add(sell(1, Kind.TRAIL, trail=5))
    stops: list[int | None] = []
    for bid in (103, 101, 104, 100):
        book.quote(bid, 10, bid + 1, 10)
        stops.append(book.stop(1))
    assert stops == [98, 98, 99, 99]
    assert book.quote(99, 10, 100, 10) == [Triggered(1), Matched(1, 5, 99)]


def test_a_trail_by_percent_is_rounded_away_from_the_market() -> None:
    book = shown(1_005, 1_007)
    book.add(sell(1, Kind.TRAIL, percent=to_percent_units(Decimal("1.5"))))
    book.add(buy(2, Kind.TRAIL, percent=to_percent_units(Decimal("1.5"))))
    assert (book.stop(1), book.stop(2)) == (989, 1_023)  # 989.925 and 1022.105


def test_a_trail_takes_its_first_stop_from_the_first_quote() -> None:
    book = Book()
    book.add(buy(1, Kind.TRAIL, trail=5))
    assert book.stop(1) is None
    book.quote(99, 10, 101, 10)
    assert book.stop(1) == 106


def test_a_trail_cancelled_before_the_first_quote_stays_away() -> None:
    book = Book()
    book.add(buy(1, Kind.TRAIL, trail=5))
    book.cancel(1)
    book.quote(99, 10, 101, 10)
    assert book.quote(109, 10, 111, 10) == []


def test_a_trail_keeps_the_stop_it_was_given_until_the_market_takes_it_further() -> None:
    book = shown(100, 101)
    book.add(sell(1, Kind.TRAIL, trail=5, stop=98))
    book.quote(102, 10, 103, 10)
    assert book.stop(1) == 98
    book.quote(104, 10, 105, 10)
    assert book.stop(1) == 99


def test_a_trailing_stop_limit_keeps_its_offset_from_the_stop() -> None:
    book = shown(100, 101)
    book.add(sell(1, Kind.TRAIL_LIMIT, trail=5, offset=2))
    book.quote(110, 10, 111, 10)
    assert book.quote(102, 10, 103, 10) == [Triggered(1)]
    assert book.standing(1).order.limit == 103
    assert book.quote(103, 10, 104, 10) == [Matched(1, 5, 103)]


# --- Changes


def test_a_lower_quantity_keeps_its_place_and_a_higher_loses_it() -> None:
    lower, higher = shown(99, 110), shown(99, 110)
    for book, quantity in ((lower, 4), (higher, 6)):
        book.add(buy(1, Kind.LIMIT, limit=100))
        book.add(buy(2, Kind.LIMIT, limit=100))
        book.change(1, quantity=quantity)
    assert lower.quote(99, 4, 100, 4) == [Matched(1, 4, 100)]
    assert higher.quote(99, 4, 100, 4) == [Matched(2, 4, 100)]


def test_a_limit_changed_to_marketable_fills_at_once() -> None:
    book = shown(99, 101)
    book.add(buy(1, Kind.LIMIT, limit=100))
    assert book.change(1, limit=102) == [Matched(1, 5, 101)]


def test_a_quantity_that_is_already_filled_is_refused_and_nothing_changes() -> None:
    book = shown(99, 101, size=3)
    book.add(buy(1, Kind.MARKET))
    with pytest.raises(ValueError, match="quantity must be above what is filled, 3, not 3"):
        book.change(1, quantity=3)
    assert book.standing(1).remaining == 2


def test_the_stop_of_an_order_that_has_fired_cannot_change() -> None:
    book = shown(99, 101)
    book.add(buy(1, Kind.STOP_LIMIT, stop=101, limit=90))
    with pytest.raises(ValueError, match="order 1 has fired"):
        book.change(1, stop=120)


def test_a_trail_changed_to_percent_keeps_the_stop_it_has_reached() -> None:
    book = shown(100, 101)
    book.add(sell(1, Kind.TRAIL, trail=5))
    book.change(1, percent=to_percent_units(Decimal(20)))
    assert book.stop(1) == 95
    book.quote(150, 10, 151, 10)
    assert book.stop(1) == 120


def test_a_limit_moved_away_from_the_market_joins_a_queue() -> None:
    book = shown(99, 101, size=3, queue="through")
    book.add(buy(1, Kind.LIMIT, limit=101))
    book.change(1, limit=100)
    assert book.quote(98, 3, 100, 3) == []
    assert book.quote(98, 3, 99, 3) == [Matched(1, 2, 99)]


def test_a_trail_whose_stop_lies_below_zero_can_still_change() -> None:
    book = shown(3, 5)
    book.add(sell(1, Kind.TRAIL, trail=5))
    assert book.change(1, quantity=9) == []
    assert book.stop(1) == -2


def test_reduce_takes_from_what_remains_and_removes_at_nothing() -> None:
    book = shown(99, 101)
    book.add(buy(1, Kind.LIMIT, limit=100))
    assert book.reduce(1, 2) == 3
    assert book.reduce(1, 7) == 0
    assert 1 not in book


def test_cancel_tells_whether_it_was_in_time() -> None:
    book = shown(99, 101)
    book.add(buy(1, Kind.LIMIT, limit=100))
    assert [book.cancel(1), book.cancel(1)] == [True, False]
    assert book.quote(90, 10, 91, 10) == []


def test_what_is_not_in_the_book_cannot_be_changed() -> None:
    with pytest.raises(LookupError, match="order 7 is not in the book"):
        Book().change(7, quantity=1)


# --- Groups, from within a match


def test_a_group_member_is_out_before_the_next_fill() -> None:
    book = Book(on_match=lambda matched: book.cancel(3 - matched.number))
    book.quote(99, 10, 110, 10)
    book.add(buy(1, Kind.LIMIT, limit=101))
    book.add(buy(2, Kind.LIMIT, limit=100))
    assert book.quote(90, 10, 91, 10) == [Matched(1, 5, 91)]
    assert len(book) == 0


def test_an_order_cannot_be_added_from_within_a_match() -> None:
    book = Book(on_match=lambda _: book.add(buy(9, Kind.MARKET)))
    book.quote(99, 10, 101, 10)
    with pytest.raises(RuntimeError, match="may cancel and reduce orders, nothing else"):
        book.add(buy(1, Kind.MARKET))


# --- Books and orders


def test_a_signed_book_trades_at_zero_and_below() -> None:
    book = shown(-3, 0, signed=True)
    assert book.add(buy(1, Kind.LIMIT, limit=2)) == [Matched(1, 5, 0)]
    assert book.add(sell(2, Kind.MARKET)) == [Matched(2, 5, -3)]


def test_a_number_is_taken_once() -> None:
    book = Book()
    book.add(buy(1, Kind.MARKET))
    with pytest.raises(ValueError, match="order 1 is in the book already"):
        book.add(buy(1, Kind.MARKET))


@pytest.mark.parametrize(
    ("kind", "terms", "refusal"),
    [
        (Kind.LIMIT, {}, "a LIMIT needs a limit"),
        (Kind.MARKET, {"limit": 1}, "a MARKET takes no limit"),
        (Kind.STOP, {}, "a STOP needs a stop"),
        (Kind.LIMIT, {"limit": 1, "stop": 1}, "a LIMIT takes no stop"),
        (Kind.STOP, {"stop": 1, "trail": 1}, "a STOP takes no trail"),
        (Kind.TRAIL, {}, "needs either a trail or a percent"),
        (Kind.TRAIL, {"trail": 0}, "trail must be positive"),
        (Kind.TRAIL, {"percent": 1_000_000}, "percent must lie between"),
        (Kind.TRAIL_LIMIT, {"trail": 1}, "a TRAIL_LIMIT needs an offset"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(kind: Kind, terms: dict[str, int], refusal: str) -> None:
    with pytest.raises(ValueError, match=refusal):
        buy(1, kind, **terms)


def test_two_thousand_cancelled_orders_leave_little_behind() -> None:
    book: Any = shown(99, 101)
    book.add(sell(-1, Kind.TRAIL, trail=1))  # at the top of their ladders, so that the others lie below them
    book.add(buy(-2, Kind.LIMIT, limit=60))
    for number in range(2_000):
        book.add(sell(number, Kind.TRAIL, trail=number + 2))
        book.cancel(number)
        book.add(buy(number, Kind.LIMIT, limit=50))
        book.cancel(number)
    assert len(book._buys._live.entries) < 200
    assert sum(len(group) for group in book._sells._trails._stack) < 200
