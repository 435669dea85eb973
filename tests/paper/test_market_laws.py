"""Laws that every quote and price keeps, whatever the seed, the strike and the hour."""

from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from math import exp

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from v6_paper_plugin.market.black_scholes import delta, price
from v6_paper_plugin.market.listing import expirations, is_monthly, is_strike, strikes_between
from v6_paper_plugin.market.surface import Surface
from v6_paper_plugin.market.synthetic import SyntheticMarket
from v6core.contracts import Option, OptionRight, Stock
from v6core.sessions import session_on

CALL, PUT = OptionRight.CALL, OptionRight.PUT
spots = st.floats(1, 5000)
moneyness = st.floats(0.4, 2.5)
years = st.floats(1 / 365, 2)
volatilities = st.floats(0.05, 1.5)
rates = st.floats(0, 0.1)
seconds = st.integers(0, 23_400)
modest = settings(deadline=None, max_examples=60)


@cache
def market(seed: int) -> SyntheticMarket:
    return SyntheticMarket(seed, step=30)


@modest
@given(spots, moneyness, years, volatilities, rates)
def test_call_less_put_is_spot_less_present_strike(s: float, m: float, t: float, v: float, r: float) -> None:
    call, put = (price(right, s, s * m, t, volatility=v, rate=r) for right in (CALL, PUT))
    assert call - put == pytest.approx(s - s * m * exp(-r * t), abs=1e-9 * s)


@modest
@given(spots, moneyness, years, volatilities, rates)
def test_a_price_lies_within_its_bounds(s: float, m: float, t: float, v: float, r: float) -> None:
    call = price(CALL, s, s * m, t, volatility=v, rate=r)
    assert max(0.0, s - s * m * exp(-r * t)) - 1e-9 * s <= call <= s


@modest
@given(spots, moneyness, years, volatilities, rates)
def test_delta_is_how_the_price_moves(s: float, m: float, t: float, v: float, r: float) -> None:
    bump = 1e-5 * s
    up, down = (price(CALL, s + by, s * m, t, volatility=v, rate=r) for by in (bump, -bump))
    assert delta(CALL, s, s * m, t, volatility=v, rate=r) == pytest.approx((up - down) / (2 * bump), abs=1e-3)
    assert delta(PUT, s, s * m, t, volatility=v, rate=r) == delta(CALL, s, s * m, t, volatility=v, rate=r) - 1


@modest
@given(st.floats(0.05, 0.8), years, st.floats(0.5, 1.8), st.floats(0.005, 0.2))
def test_butterflies_on_the_surface_never_cost_less_than_nothing(v: float, t: float, m: float, wing: float) -> None:
    surface, spot = Surface(v), 100.0

    def call(strike: float) -> float:
        return price(CALL, spot, strike, t, volatility=surface.volatility(strike, spot, t), rate=0)

    low, middle, high = spot * (m - wing), spot * m, spot * (m + wing)
    assert call(low) - 2 * call(middle) + call(high) >= -1e-9


@modest
@given(st.floats(0.05, 0.8), years, years, st.floats(-0.5, 0.5))
def test_a_longer_option_on_the_surface_has_more_variance(v: float, t: float, longer: float, k: float) -> None:
    surface, strike = Surface(v), 100 * exp(k)
    near, far = (surface.volatility(strike, 100, x) ** 2 * x for x in (t, t + longer))
    assert near <= far + 1e-12


@modest
@given(st.integers(0, 3), st.sampled_from(["SPY", "GOOG", "XYZ"]), st.integers(0, 22), seconds)
@example(seed=0, symbol="SPY", row=0, second=3720)  # far options whose value rounds to below nothing
def test_quotes_of_a_chain_allow_no_arbitrage_by_themselves(seed: int, symbol: str, row: int, second: int) -> None:
    here = market(seed)
    moment = here.start + timedelta(seconds=second)
    stock = here.tick(Stock(symbol), moment)
    assert stock is not None
    assert stock.ask is not None
    listed = here.chain(symbol, moment).expirations[row]
    strikes = listed.strikes[:: max(1, len(listed.strikes) // 8)]
    quotes: dict[tuple[OptionRight, Decimal], tuple[Decimal, Decimal]] = {}
    for right in (CALL, PUT):
        for strike in strikes:
            tick = here.tick(Option(symbol, listed.expiration, strike, right), moment)
            assert tick is not None
            assert tick.ask is not None
            bid = tick.bid or Decimal(0)
            assert 0 <= bid < tick.ask
            assert (tick.bid is None) == (tick.bid_size == 0)
            assert bid <= (stock.ask if right is CALL else strike)
            quotes[right, strike] = (bid, tick.ask)
            exercise = stock.ask - strike if right is CALL else strike - stock.ask
            assert tick.ask >= exercise - Decimal("0.10")
    calls, puts = ([quotes[right, strike] for strike in strikes] for right in (CALL, PUT))
    for side in (0, 1):
        assert [quote[side] for quote in calls] == sorted((quote[side] for quote in calls), reverse=True)
        assert [quote[side] for quote in puts] == sorted(quote[side] for quote in puts)


@modest
@given(st.integers(0, 3), seconds)
def test_a_stock_is_offered_above_its_bid(seed: int, second: int) -> None:
    tick = market(seed).tick(Stock("SPY"), market(seed).start + timedelta(seconds=second))
    assert tick is not None
    assert tick.bid is not None
    assert tick.ask is not None
    assert 0 < tick.bid < tick.ask < tick.bid * Decimal("1.001")


@modest
@given(st.floats(0.3, 20_000), st.floats(1, 2))
def test_strikes_rise_on_the_lattice_within_their_bounds(low: float, factor: float) -> None:
    strikes = list(strikes_between(low, low * factor))
    assert all(is_strike(strike) and low <= strike <= low * factor for strike in strikes)
    assert strikes == sorted(set(strikes))


@modest
@given(st.dates(date(2010, 1, 4), date(2032, 12, 31)))
def test_expirations_of_any_day_are_trading_days_from_it_on(day: date) -> None:
    days = expirations(day)
    assert list(days) == sorted(set(days))
    assert all(expiration >= day and session_on(expiration) is not None for expiration in days)


@modest
@given(st.dates(date(2010, 1, 4), date(2031, 6, 30)))
def test_every_day_lists_thirteen_monthlies(day: date) -> None:
    assert len([expiration for expiration in expirations(day) if is_monthly(expiration)]) >= 13
