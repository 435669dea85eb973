import pytest

from v6_paper_plugin.market.black_scholes import delta, price
from v6core.contracts import OptionRight

CALL, PUT = OptionRight.CALL, OptionRight.PUT


@pytest.mark.parametrize(("right", "worth"), [(CALL, 4.7594), (PUT, 0.8086)])
def test_the_price_is_the_one_in_hull(right: OptionRight, worth: float) -> None:
    """Hull, Options, Futures, and Other Derivatives: spot 42, strike 40, six months, 10 % rate, 20 % volatility."""
    assert price(right, 42, 40, 0.5, volatility=0.2, rate=0.1) == pytest.approx(worth, abs=5e-5)


@pytest.mark.parametrize(("right", "worth"), [(CALL, 2.13337), (PUT, 5.8463)])
def test_the_price_is_the_one_in_haug(right: OptionRight, worth: float) -> None:
    """Haug, The Complete Guide to Option Pricing Formulas: spot 60, strike 65, a quarter, 8 % rate, 30 % volatility."""
    assert price(right, 60, 65, 0.25, volatility=0.3, rate=0.08) == pytest.approx(worth, abs=5e-4)


def test_the_delta_is_the_one_in_hull() -> None:
    """Hull's example on delta: spot 49, strike 50, 20 weeks, 5 % rate, 20 % volatility."""
    assert delta(CALL, 49, 50, 0.3846, volatility=0.2, rate=0.05) == pytest.approx(0.522, abs=5e-4)
    assert delta(PUT, 49, 50, 0.3846, volatility=0.2, rate=0.05) == pytest.approx(-0.478, abs=5e-4)


@pytest.mark.parametrize(("right", "worth"), [(CALL, 2.0), (PUT, 0.0)])
def test_at_expiration_an_option_is_worth_its_exercise(right: OptionRight, worth: float) -> None:
    assert price(right, 42, 40, 0, volatility=0.2, rate=0.1) == worth


def test_at_expiration_the_delta_is_all_or_nothing() -> None:
    assert [delta(CALL, spot, 40, 0, volatility=0.2, rate=0.1) for spot in (39, 41)] == [0, 1]
