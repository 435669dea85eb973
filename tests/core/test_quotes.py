"""Quotes and option chains."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from v6core.contracts import FutureOption, Option, OptionRight, Stock
from v6core.quotes import ChainExpiration, Greeks, OptionChain, Quote

NOW = datetime(2026, 1, 5, 15, tzinfo=UTC)
NEAR, FAR = date(2026, 1, 16), date(2026, 2, 20)
STRIKES = (Decimal(95), Decimal(100))
CHAIN = OptionChain(
    symbol="GOOG",
    expirations=(
        ChainExpiration(expiration=FAR, strikes=STRIKES),
        ChainExpiration(expiration=NEAR, strikes=STRIKES, trading_class="GOOG"),
    ),
)


def quote(**fields: Any) -> Quote:
    return Quote.model_validate({"contract": Stock("GOOG"), "time": NOW, **fields})


def test_the_middle_needs_both_sides() -> None:
    assert quote(bid="10.00", ask="10.05").mid == Decimal("10.025")
    assert quote(bid="10.00").mid is None


def test_a_combo_may_be_quoted_below_zero() -> None:
    assert quote(bid="-1.10", ask="-1.00").mid == Decimal("-1.05")


def test_time_is_kept_in_utc_and_tells_the_age() -> None:
    local = quote(time=NOW.astimezone(timezone(timedelta(hours=-5))))
    assert local.time.tzinfo is UTC
    assert local.age(NOW + timedelta(seconds=3)) == 3.0


@pytest.mark.parametrize(
    "fields",
    [{"bid": "NaN"}, {"ask": float("inf")}, {"bid_size": -1}, {"time": datetime(2026, 1, 5)}, {"mid": 1}],  # noqa: DTZ001 -- naive on purpose
)
def test_bad_values_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        quote(**fields)


def test_a_quote_has_greeks_only_where_they_were_told() -> None:
    assert quote().greeks is None
    told = quote(greeks={"implied_volatility": "0.25", "delta": "-0.4"}).greeks
    assert told == Greeks(implied_volatility=Decimal("0.25"), delta=Decimal("-0.4"))


def test_an_implied_volatility_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="implied_volatility must not be negative"):
        Greeks(implied_volatility=Decimal(-1))


def test_a_chain_is_in_order_of_expiration() -> None:
    assert [row.expiration for row in CHAIN.expirations] == [NEAR, FAR]


def test_the_nearest_expiration_is_the_earlier_of_two_as_near() -> None:
    middle = NEAR + (FAR - NEAR) / 2
    found = [CHAIN.nearest(day) for day in (middle - timedelta(days=1), middle + timedelta(days=1))]
    assert [row and row.expiration for row in found] == [NEAR, FAR]
    even = OptionChain(
        symbol="X", expirations=tuple(ChainExpiration(expiration=date(2026, 1, day), strikes=()) for day in (3, 1))
    )
    assert even.nearest(date(2026, 1, 2)) == even.at(date(2026, 1, 1))


def test_an_empty_chain_has_no_nearest() -> None:
    assert OptionChain(symbol="GOOG", expirations=()).nearest(NEAR) is None


def test_only_listed_options_are_found() -> None:
    option = CHAIN.option(NEAR, Decimal(95), OptionRight.PUT)
    assert isinstance(option, Option)
    assert option.occ_symbol == "GOOG260116P00095000"
    assert option.trading_class == "GOOG"
    assert CHAIN.option(NEAR, Decimal(96), OptionRight.PUT) is None
    assert CHAIN.option(date(2026, 1, 17), Decimal(95), OptionRight.PUT) is None


def test_what_expired_can_be_left_out() -> None:
    assert [row.expiration for row in CHAIN.since(NEAR + timedelta(days=1)).expirations] == [FAR]


ON_ES = OptionChain(
    symbol="ES",
    expirations=(
        ChainExpiration(expiration=NEAR, strikes=(Decimal(6000),), multiplier=Decimal(50), trading_class="E3A"),
    ),
    exchange="CME",
    kind="FUTURE_OPTION",
)


def test_a_chain_on_a_future_makes_options_on_that_future() -> None:
    listed = ON_ES.option(NEAR, Decimal(6000), OptionRight.CALL)
    assert listed == FutureOption("ES", NEAR, 6000, "CALL", multiplier=50, exchange="CME", trading_class="E3A")


def test_a_chain_on_a_future_keeps_its_kind_over_json() -> None:
    assert OptionChain.model_validate_json(ON_ES.model_dump_json()) == ON_ES
