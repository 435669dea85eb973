"""Ticks folded into a quote: whatever comes makes a sound quote or none, and nothing is older than it says."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from ib.data_tws import GOOG, NOW
from v6_ib_plugin.data.quotes.picture import Picture
from v6_ib_plugin.terms import IbDataType, IbNumberTick, IbOptionTick, IbPriceTick, IbSizeTick, IbTextTick, IbTick

NUMBERS = st.one_of(
    st.none(),
    st.decimals(allow_nan=True, allow_infinity=True),
    st.sampled_from([Decimal(-1), Decimal(0), Decimal("1.7976931348623157E308"), Decimal("0.1234567890123456")]),
)
TYPES = st.integers(-1, 105)
TICKS: st.SearchStrategy[IbTick] = st.one_of(
    st.builds(IbPriceTick, tick_type=TYPES, price=NUMBERS, size=NUMBERS, attributes=st.integers(0, 7)),
    st.builds(IbSizeTick, tick_type=TYPES, size=NUMBERS),
    st.builds(IbNumberTick, tick_type=TYPES, value=NUMBERS),
    st.builds(IbTextTick, tick_type=TYPES, text=st.text()),
    st.builds(
        IbOptionTick,
        tick_type=TYPES,
        implied_volatility=NUMBERS,
        delta=NUMBERS,
        gamma=NUMBERS,
        vega=NUMBERS,
        theta=NUMBERS,
        underlying_price=NUMBERS,
    ),
    st.builds(IbDataType, market_data_type=st.integers(0, 9)),
)


def taken(*ticks: IbTick, net: bool = False) -> Picture:
    picture = Picture(net=net)
    for second, tick in enumerate(ticks):
        picture.take(tick, NOW + timedelta(seconds=second))
    return picture


def price(tick_type: int, value: str, size: str = "1") -> IbPriceTick:
    return IbPriceTick(tick_type=tick_type, price=Decimal(value), size=Decimal(size))


@settings(deadline=None, max_examples=60)
@given(st.lists(TICKS, max_size=12), st.booleans())
def test_whatever_comes_makes_a_sound_quote_or_none(ticks: list[IbTick], net: bool) -> None:
    picture = taken(*ticks, net=net)
    quote = picture.quote(GOOG)
    assert (quote is None) == (picture.time is None)
    if quote is not None and not net:
        assert all(side is None or side >= 0 for side in (quote.bid, quote.ask, quote.last))


@settings(deadline=None, max_examples=60)
@given(st.lists(TICKS, max_size=12))
def test_a_picture_is_as_old_as_the_last_tick_that_told_of_it(ticks: list[IbTick]) -> None:
    picture = Picture()
    last = None
    for second, tick in enumerate(ticks):
        if picture.take(tick, NOW + timedelta(seconds=second)):
            last = NOW + timedelta(seconds=second)
    assert picture.time == last


def test_the_later_tick_wins() -> None:
    quote = taken(price(1, "10"), price(1, "11")).quote(GOOG)
    assert quote is not None
    assert quote.bid == 11


def test_a_size_that_comes_alone_changes_the_size_alone() -> None:
    quote = taken(price(1, "10"), IbSizeTick(tick_type=0, size=Decimal(7))).quote(GOOG)
    assert quote is not None
    assert (quote.bid, quote.bid_size) == (Decimal(10), Decimal(7))


def test_a_price_of_zero_without_a_size_is_no_price() -> None:
    picture = taken(price(1, "0", "0"))
    assert picture.sides["bid"].price is None
    assert picture.sides["bid"].told


def test_a_combo_is_quoted_at_zero_and_below() -> None:
    quote = taken(price(1, "-1"), price(2, "0"), net=True).quote(GOOG)
    assert quote is not None
    assert (quote.bid, quote.ask) == (Decimal(-1), Decimal(0))


def test_nobody_bids_for_a_combo_at_minus_one_without_a_size() -> None:
    quote = taken(price(1, "-1", "0"), price(2, "1"), net=True).quote(GOOG)
    assert quote is not None
    assert quote.bid is None


def test_the_model_is_heard_before_the_bid() -> None:
    model = IbOptionTick(tick_type=13, delta=Decimal("0.5"))
    of_bid = IbOptionTick(tick_type=10, delta=Decimal("0.4"))
    greeks = taken(of_bid, model, of_bid).greeks
    assert greeks is not None
    assert greeks.delta == Decimal("0.5")


def test_the_bid_is_heard_where_there_is_no_model() -> None:
    greeks = taken(IbOptionTick(tick_type=80, delta=Decimal("0.4"))).greeks
    assert greeks is not None
    assert greeks.delta == Decimal("0.4")


def test_a_delayed_tick_makes_the_quote_delayed_by_itself() -> None:
    quote = taken(price(66, "10")).quote(GOOG)
    assert quote is not None
    assert quote.delayed


def test_live_data_after_delayed_ones_are_live() -> None:
    late = taken(IbDataType(market_data_type=3), price(66, "10"))
    assert late.delayed
    late.take(IbDataType(market_data_type=1), NOW)
    late.take(price(1, "10"), NOW)
    assert not late.delayed
