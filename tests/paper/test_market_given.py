"""The market of a dry run: what was given is what is quoted."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from v6_paper_plugin.market import Tape
from v6_paper_plugin.market.given import GivenMarket
from v6core.contracts import Combo, ComboLeg, Contract, Future, FutureOption, Option, Stock
from v6core.sessions import session_on

GOOG = Stock("GOOG")
SUNDAY = datetime(2026, 11, 22, 12, tzinfo=UTC)
CALL = Option("GOOG", "2026-12-18", 180, "CALL")
COVERED = Combo("GOOG", (ComboLeg(GOOG, ratio=100), ComboLeg(CALL, "SELL")))


def quoted(market: GivenMarket, contract: Contract) -> Decimal | None:
    tick = market.tick(contract, SUNDAY)
    assert tick is not None
    assert tick.bid == tick.ask
    return tick.bid


def test_a_contract_without_a_price_is_worth_the_default() -> None:
    assert quoted(GivenMarket(), CALL) == 100
    assert quoted(GivenMarket(default_price="12.5"), CALL) == Decimal("12.5")


def test_configured_prices_go_by_the_text_of_the_contract() -> None:
    market = GivenMarket({"goog": 180, "GOOG261218C00180000": "4.25"})
    assert quoted(market, GOOG) == 180
    assert quoted(market, CALL) == Decimal("4.25")


def test_the_last_price_given_holds() -> None:
    market = GivenMarket({"GOOG": 180})
    tick = market.give(GOOG, 181.5, SUNDAY)
    assert (tick.bid, tick.ask, tick.time) == (Decimal("181.5"), Decimal("181.5"), SUNDAY)
    assert quoted(market, GOOG) == Decimal("181.5")


@pytest.mark.parametrize("price", [0, -1, "nan", "ten"])
def test_a_price_that_is_none_is_refused_by_name(price: str) -> None:
    with pytest.raises(ValueError, match="price of GOOG must be"):
        GivenMarket({"GOOG": price})
    with pytest.raises(ValueError, match="default_price must be"):
        GivenMarket(default_price=price)


def test_a_combo_has_no_price_of_its_own() -> None:
    market = GivenMarket()
    assert market.tick(COVERED, SUNDAY) is None
    assert market.details(COVERED) is None
    with pytest.raises(ValueError, match="legs"):
        market.give(COVERED, 1, SUNDAY)


def test_ticks_carry_one_object_per_contract() -> None:
    market = GivenMarket()
    first, second = (market.tick(Stock("GOOG", exchange=exchange), SUNDAY) for exchange in ("SMART", "ISLAND"))
    assert first is not None
    assert second is not None
    assert first.contract is second.contract


def test_nothing_ticks_of_itself() -> None:
    tape = Tape(GivenMarket(), SUNDAY)
    tape.watch(GOOG)
    assert tape.next_time() is None


def test_a_session_is_the_whole_day_in_new_york_on_any_day() -> None:
    session = GivenMarket().session(SUNDAY)
    assert session is not None
    assert (session.open, session.close) == (SUNDAY.replace(hour=5), SUNDAY.replace(hour=5) + timedelta(days=1))
    following = GivenMarket().next_session(SUNDAY)
    assert following is not None
    assert following.open == session.close


def test_a_session_has_the_hours_of_the_day_that_the_clocks_change() -> None:
    session = GivenMarket().session(datetime(2026, 3, 8, 12, tzinfo=UTC))
    assert session is not None
    assert session.close - session.open == timedelta(hours=23)


def test_the_chain_lists_two_years_of_week_ends_on_trading_days() -> None:
    days = [row.expiration for row in GivenMarket().chain("ANY", SUNDAY).expirations]
    assert len(days) == 104
    assert all(session_on(day) is not None for day in days)
    assert date(2026, 12, 24) in days  # Christmas is a Friday


def test_the_chain_shares_one_grid_of_strikes() -> None:
    first, *_, last = GivenMarket().chain("ANY", SUNDAY).expirations
    assert first.strikes is last.strikes
    assert (first.strikes[0], first.strikes[-1]) == (Decimal("0.5"), Decimal(10_000))
    assert {Decimal("182.5"), Decimal(1000), Decimal(6005)} <= set(first.strikes)


def test_any_option_is_settled_by_its_stock_or_future() -> None:
    market = GivenMarket()
    option = FutureOption("ES", "2026-12-18", 6000, "PUT", multiplier=50)
    assert market.underlying(CALL) == GOOG
    assert market.underlying(option) == Future("ES", "2026-12-18", multiplier=50)
    assert market.underlying(GOOG) is None
