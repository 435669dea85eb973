"""Combos: net prices, legs, sizes, limits."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paper.exchange_bench import FAR, GOOG, NEAR, RATIO, SPREAD, Bench, facts, minute, order, row, tape
from v6_paper_plugin.exchange.combos import leg_prices, net_price
from v6core.contracts import Combo, ComboLeg, Contract
from v6core.orders import TimeInForce


def legs(near: tuple[object, object, int], far: tuple[object, object, int], *later: str) -> Bench:
    """Return an exchange where the two calls show bid, ask and size."""
    rows = [row(0, NEAR, near[0], near[1], near[2], near[2]), row(0, FAR, far[0], far[1], far[2], far[2])]
    return Bench(tape([*rows, *later]))


def test_a_combo_costs_the_net_of_its_legs_far_sides() -> None:
    bench = legs(("4.00", "4.10", 50), ("3.00", "3.10", 50))
    bench.place(order("BUY", 2, SPREAD, ref="a", limit_price="1.20"))
    assert bench.prices("a") == [("BUY", "2", "4.10"), ("SELL", "2", "3.00")]


def test_a_combo_beyond_its_limit_rests() -> None:
    bench = legs(("4.00", "4.10", 50), ("3.00", "3.10", 50))
    bench.place(order("BUY", 2, SPREAD, ref="a", limit_price="1.09"))
    assert facts(bench["a"].is_working, bench.fills()) == (True, [])


def test_a_combo_sold_turns_its_legs_round() -> None:
    bench = legs(("4.00", "4.10", 50), ("3.00", "3.10", 50))
    bench.place(order("SELL", 1, SPREAD, ref="a", limit_price="0.90"))
    assert bench.prices("a") == [("SELL", "1", "4.00"), ("BUY", "1", "3.10")]


def test_a_credit_is_a_negative_price() -> None:
    bench = legs(("4.00", "4.10", 50), ("3.00", "3.10", 50))
    bench.place(order("BUY", 1, RATIO, ref="a", limit_price="-1.90"))
    assert bench.prices("a") == [("BUY", "1", "4.10"), ("SELL", "2", "3.00")]


def test_a_combo_fills_as_many_units_as_its_smallest_leg_shows() -> None:
    bench = legs(("4.00", "4.10", 50), ("3.00", "3.10", 7))
    bench.place(order("BUY", 9, RATIO, ref="a", limit_price=0))
    assert bench.prices("a") == [("BUY", "3", "4.10"), ("SELL", "6", "3.00")]


def test_a_combo_takes_its_lots_off_its_legs_books() -> None:
    bench = legs(("4.00", "4.10", 5), ("3.00", "3.10", 5))
    bench.place(order("BUY", 4, SPREAD, ref="a", limit_price=2))
    bench.place(order("BUY", 4, NEAR, ref="b", limit_price=5))
    assert bench["b"].filled == 1


def test_a_combo_finds_what_single_orders_have_left() -> None:
    bench = legs(("4.00", "4.10", 5), ("3.00", "3.10", 5))
    bench.place(order("BUY", 4, NEAR, ref="b", limit_price=5))
    bench.place(order("BUY", 4, SPREAD, ref="a", limit_price=2))
    assert bench["a"].filled == 1


def test_a_combo_fills_when_a_later_quote_of_a_leg_lets_it() -> None:
    bench = legs(("4.00", "4.10", 5), ("3.00", "3.10", 5), row(1, NEAR, "3.90", "3.95", 5, 5))
    bench.place(order("BUY", 2, SPREAD, ref="a", limit_price="1.00", tif=TimeInForce.GTC))
    bench.exchange.advance(minute(1))
    assert bench.prices("a") == [("BUY", "2", "3.95"), ("SELL", "2", "3.00")]


def test_a_combo_that_must_fill_whole_or_not_at_all_does_not_fill_in_part() -> None:
    bench = legs(("4.00", "4.10", 5), ("3.00", "3.10", 5))
    bench.place(order("BUY", 6, SPREAD, ref="a", limit_price=2, tif=TimeInForce.FOK))
    assert facts(bench["a"].status, bench.fills()) == ("CANCELLED", [])


def test_nothing_fills_while_a_leg_is_not_quoted() -> None:
    bench = Bench(tape([row(0, NEAR, 4, "4.10"), row(3, FAR, 3, "3.10")]))
    bench.place(order("BUY", 1, SPREAD, ref="a"))
    assert not bench.fills()


def test_a_combo_in_a_contract_that_is_not_listed_is_refused() -> None:
    bench = Bench(tape([row(0, NEAR, 4, "4.10")]))
    bench.place(order("BUY", 1, SPREAD, ref="a"))
    assert bench["a"].code == "UNKNOWN_CONTRACT"


def test_an_open_combo_is_there_after_a_restart() -> None:
    bench = legs(("4.00", "4.10", 5), ("3.00", "3.10", 5), row(1, NEAR, "3.90", "3.95", 5, 5))
    bench.place(order("BUY", 2, SPREAD, ref="a", limit_price="1.00"))
    bench.restart()
    bench.exchange.advance(minute(1))
    assert facts(bench["a"].contract, bench["a"].status) == (SPREAD, "FILLED")


def test_the_difference_to_a_limit_goes_to_a_leg_that_becomes_dearer() -> None:
    assert leg_prices(SPREAD.signed_legs, [Decimal(100), Decimal(100)], Decimal("1.20")) == [
        Decimal("101.20"),
        Decimal(100),
    ]


def test_legs_bought_for_less_than_they_are_worth_stay_at_zero_or_above() -> None:
    straddle = ((NEAR, 1), (FAR, 1))
    assert leg_prices(straddle, [Decimal(3), Decimal(4)], Decimal("2.50")) == [Decimal(0), Decimal("2.5")]


def test_shares_against_a_call_come_to_their_net() -> None:
    covered = Combo("GOOG", [ComboLeg(GOOG, "BUY", 100), ComboLeg(NEAR, "SELL")])
    prices = leg_prices(covered.signed_legs, [Decimal(100), Decimal(100)], Decimal("95.37"))
    assert net_price(covered.signed_legs, prices) == Decimal("95.37")


ratios = st.lists(st.integers(-4, 4).filter(bool), min_size=2, max_size=4)
cents = st.integers(0, 20_000).map(lambda number: Decimal(number) / 100)


@settings(deadline=None, max_examples=200)
@given(ratios=ratios, data=st.data(), net=st.integers(-500, 500).map(lambda number: Decimal(number) / 100))
def test_leg_prices_come_to_the_net_exactly(ratios: list[int], data: st.DataObject, net: Decimal) -> None:
    contracts: list[tuple[Contract, int]] = [
        (NEAR.model_copy(update={"strike": Decimal(place + 1)}), ratio) for place, ratio in enumerate(ratios)
    ]
    prices = [data.draw(cents) for _ in ratios]
    if _common_divisor(ratios) == 1:
        assert net_price(contracts, leg_prices(contracts, prices, net)) == net


def _common_divisor(numbers: list[int]) -> int:
    return max(n for n in range(1, 5) if all(number % n == 0 for number in numbers))


@pytest.mark.parametrize("net", ["-3", "0", "3"])
def test_legs_of_both_signs_never_go_below_zero(net: str) -> None:
    assert min(leg_prices(SPREAD.signed_legs, [Decimal(1), Decimal(1)], Decimal(net))) >= 0
