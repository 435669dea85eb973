"""Prices, greeks and implied volatilities of the gateway's option computations."""

from __future__ import annotations

from dataclasses import replace
from math import exp

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from v6_ib_plugin.gateway.market.black_scholes import DAYS_A_YEAR, European

HULL = European(is_call=True, spot=42, strike=40, years=0.5, rate=0.1)
# A stock at 49, struck at 50, 20 weeks to go, 5 % and a volatility of 20 %: the greeks' example in Hull's book.
HULL_GREEKS = European(is_call=True, spot=49, strike=50, years=0.3846, rate=0.05)

OPTIONS = st.builds(
    European,
    is_call=st.booleans(),
    spot=st.floats(20, 500),
    strike=st.floats(20, 500),
    years=st.floats(0.01, 3),
    rate=st.floats(0, 0.1),
)
VOLATILITIES = st.floats(0.05, 2)
LAWS = settings(deadline=None, max_examples=200)


@pytest.mark.parametrize(("is_call", "price"), [(True, 4.76), (False, 0.81)])
def test_prices_are_those_of_hulls_example(is_call: bool, price: float) -> None:
    assert round(replace(HULL, is_call=is_call).price(0.2), 2) == price


@pytest.mark.parametrize(
    ("name", "value"), [("delta", 0.522), ("gamma", 0.066), ("vega", 0.121), ("theta", -4.31 / DAYS_A_YEAR)]
)
def test_greeks_are_those_of_hulls_example(name: str, value: float) -> None:
    assert getattr(HULL_GREEKS.greeks(0.2), name) == pytest.approx(value, abs=6e-4)


@LAWS
@given(OPTIONS, VOLATILITIES)
def test_a_call_less_a_put_is_the_forward(option: European, volatility: float) -> None:
    call, put = (replace(option, is_call=is_call).price(volatility) for is_call in (True, False))
    assert call - put == pytest.approx(option.spot - option.strike * exp(-option.rate * option.years), abs=1e-9)


@LAWS
@given(OPTIONS, VOLATILITIES)
def test_the_implied_volatility_leads_back_to_the_price(option: European, volatility: float) -> None:
    price = option.price(volatility)
    implied = option.implied_volatility(price)
    assert implied is None or option.price(implied) == pytest.approx(price, abs=1e-8)


@LAWS
@given(OPTIONS, VOLATILITIES)
def test_the_greeks_are_the_slopes_of_the_price(option: European, volatility: float) -> None:
    step = option.spot * 1e-4
    up, down = (replace(option, spot=option.spot + move).price(volatility) for move in (step, -step))
    assert option.greeks(volatility).delta == pytest.approx((up - down) / (2 * step), abs=1e-3)


# A future at 20, struck at 20, four months to go, 9 % and a volatility of 25 %: Black's model in Hull's book.
HULL_FUTURE = European(is_call=False, spot=20, strike=20, years=4 / 12, rate=0.09, on_future=True)


def test_an_option_on_a_future_has_the_price_of_hulls_example() -> None:
    assert round(HULL_FUTURE.price(0.25), 2) == 1.12


@LAWS
@given(OPTIONS, VOLATILITIES)
def test_a_call_less_a_put_on_a_future_is_what_it_gains_today(option: European, volatility: float) -> None:
    call, put = (replace(option, is_call=is_call, on_future=True).price(volatility) for is_call in (True, False))
    gain = (option.spot - option.strike) * exp(-option.rate * option.years)
    assert call - put == pytest.approx(gain, abs=1e-9)


@LAWS
@given(OPTIONS, VOLATILITIES)
def test_the_greeks_on_a_future_are_the_slopes_of_the_price(option: European, volatility: float) -> None:
    option = replace(option, on_future=True)
    greeks, step, day = option.greeks(volatility), option.spot * 1e-4, 1e-3 / DAYS_A_YEAR
    up, down = (replace(option, spot=option.spot + move).price(volatility) for move in (step, -step))
    assert greeks.delta == pytest.approx((up - down) / (2 * step), abs=1e-3)
    sooner, later = (replace(option, years=option.years + move).price(volatility) for move in (day, -day))
    assert greeks.theta == pytest.approx((later - sooner) / (2 * day * DAYS_A_YEAR), abs=1e-3)


def test_the_implied_volatility_of_an_ordinary_price_is_found() -> None:
    assert HULL.implied_volatility(HULL.price(0.37)) == pytest.approx(0.37)


@pytest.mark.parametrize("price", [0.0, 1.0, 41.99999, 50.0, float("nan")])
def test_a_price_that_no_volatility_explains_implies_none(price: float) -> None:
    assert HULL.implied_volatility(price) is None


def test_an_expired_option_implies_no_volatility() -> None:
    assert replace(HULL, years=0.0).implied_volatility(3.0) is None
