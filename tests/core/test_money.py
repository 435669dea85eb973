"""Numbers that enter as what they say, or not at all."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from v6core.money import LARGEST, MOST_PLACES, is_on_tick, plain, round_to_tick, to_decimal

law = settings(deadline=None, max_examples=80)
numbers = st.decimals(min_value=-(LARGEST - 1), max_value=LARGEST - 1, places=4)
ticks = st.sampled_from([Decimal(tick) for tick in ("0.01", "0.05", "0.25", "0.0001", "5", "0.03125")])


def test_a_float_is_taken_by_its_shortest_text() -> None:
    assert to_decimal(0.1) == Decimal("0.1")
    assert to_decimal(1e-7) == Decimal("0.0000001")


@pytest.mark.parametrize("value", ["NaN", "sNaN", "inf", "-Infinity", float("nan"), float("inf"), Decimal("NaN")])
def test_what_is_not_finite_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="limit_price must be finite"):
        to_decimal(value, "limit_price")


@pytest.mark.parametrize("value", [True, None, [], {}, object(), b"1", 1j, "", "one", "1,5", "1 2"])
def test_what_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="must be a number"):
        to_decimal(value)


@pytest.mark.parametrize("value", [LARGEST, -LARGEST, 10**400, "1e9999999", 1e300])
def test_magnitudes_that_nobody_trades_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match="must be below 10000000000000, not about"):
        to_decimal(value)


@pytest.mark.parametrize("value", ["0.00000000001", "1e-9999999", "0.1" + "0" * 40 + "1", 1e-300])
def test_places_that_would_be_lost_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match="at most 10 decimal places"):
        to_decimal(value)


@pytest.mark.parametrize(
    ("text", "read"),
    [("1E+3", "1000"), ("-0", "0"), ("-0.00", "0.00"), ("0e-9999999", "0"), ("0e9999999", "0"), (" 5 ", "5")],
)
def test_a_number_is_read_as_its_plain_text_will_be_read(text: str, read: str) -> None:
    assert str(to_decimal(text)) == read


def test_zeros_beyond_the_last_place_are_dropped() -> None:
    assert str(to_decimal("1.50" + "0" * 30)) == "1.5000000000"


@law
@given(st.decimals(allow_nan=False, allow_infinity=False) | numbers)
def test_a_number_that_enters_survives_its_text(number: Decimal) -> None:
    try:
        entered = to_decimal(number)
    except ValueError:
        return
    assert entered == number
    assert to_decimal(plain(entered)).as_tuple() == entered.as_tuple()
    assert 0 <= -int(entered.as_tuple().exponent) <= MOST_PLACES


@law
@given(st.floats(min_value=-1e9, max_value=1e9).map(lambda number: round(number, 6)))
def test_a_float_comes_back_as_itself(number: float) -> None:
    assert float(to_decimal(number)) == number


@law
@given(numbers, ticks, st.booleans())
def test_rounding_goes_to_the_nearest_tick_on_its_side(price: Decimal, tick: Decimal, up: bool) -> None:
    rounded = round_to_tick(price, tick, up=up)
    assert is_on_tick(rounded, tick)
    assert 0 <= (rounded - price if up else price - rounded) < tick
    assert round_to_tick(rounded, tick, up=not up) == rounded


def test_a_price_on_its_tick_stays() -> None:
    assert round_to_tick(Decimal("10.05"), Decimal("0.05"), up=True) == Decimal("10.05")
    assert not is_on_tick(Decimal("10.07"), Decimal("0.05"))
