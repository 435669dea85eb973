"""The synthetic market: one seed is one market, its days follow one another, and it lists what a demo trades."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from itertools import islice, pairwise, takewhile

import pytest

from v6_paper_plugin.market import Market, Tick
from v6_paper_plugin.market.synthetic import SyntheticMarket
from v6core.contracts import Combo, ComboLeg, Contract, Crypto, Forex, Future, FutureOption, Index, Option, Stock
from v6core.sessions import session_on, sessions

SPY = Stock("SPY")
CALL = Option("SPY", "2026-06-12", 600, "CALL")
EVERY_KIND: list[Contract] = [
    SPY,
    Index("SPX"),
    CALL,
    Future("ES", "2026-12-18", multiplier=50),
    FutureOption("ES", "2026-10-16", 6000, "PUT", multiplier=50),
    Forex("EUR/USD"),
    Crypto("BTC"),
]


@pytest.fixture(scope="module")
def market() -> SyntheticMarket:
    return SyntheticMarket()


def text(tick: Tick) -> str:
    return f"{tick.time.isoformat()} {tick.contract} {tick.bid} {tick.bid_size} {tick.ask} {tick.ask_size}\n"


def day(market: Market, contract: Contract, number: int = 0) -> Iterator[Tick]:
    session = next(islice(sessions(market.start.date()), number, None))
    after = session.open - timedelta(microseconds=1)
    return takewhile(lambda tick: tick.time <= session.close, market.ticks(contract, after))


def test_one_seed_gives_one_market_to_the_byte_on_every_python() -> None:
    market = SyntheticMarket(6, step=60)
    digest = sha256()
    for contract in EVERY_KIND:
        for tick in day(market, contract):
            digest.update(text(tick).encode())
    assert digest.hexdigest()[:16] == "091e04f45b3baf5e"


def test_another_seed_gives_another_day(market: SyntheticMarket) -> None:
    other = SyntheticMarket(7)
    assert [tick.mid for tick in day(other, SPY)] != [tick.mid for tick in day(market, SPY)]


def test_a_day_ticks_from_its_open_to_its_close(market: SyntheticMarket) -> None:
    times = [tick.time for tick in day(market, SPY)]
    session = session_on(date(2026, 6, 1))
    assert session is not None
    assert (times[0], times[-1], len(times)) == (session.open, session.close, 4681)
    assert {later - earlier for earlier, later in pairwise(times)} == {timedelta(seconds=5)}


def test_a_half_day_ends_at_one() -> None:
    market = SyntheticMarket(start=date(2026, 11, 27))
    assert max(tick.time for tick in day(market, SPY)) == datetime(2026, 11, 27, 18, tzinfo=UTC)


@pytest.mark.parametrize("contract", EVERY_KIND, ids=str)
def test_resumed_at_any_time_the_quotes_are_those_of_the_run_through(contract: Contract) -> None:
    through = list(islice(SyntheticMarket(step=300).ticks(contract, SyntheticMarket().start), 200))
    for stop in (0, 1, 77, 78, 79, 150):
        resumed = SyntheticMarket(step=300).ticks(contract, through[stop].time)
        assert list(islice(resumed, 20)) == through[stop + 1 : stop + 21]


def test_the_quote_at_a_moment_is_the_latest_tick(market: SyntheticMarket) -> None:
    ticks = list(islice(day(market, CALL), 3))
    moment = ticks[1].time + timedelta(seconds=4, microseconds=999)
    assert market.tick(CALL, moment) == ticks[1]
    assert market.tick(CALL, ticks[2].time) == ticks[2]


def test_overnight_the_quote_is_that_of_the_close(market: SyntheticMarket) -> None:
    *_, last = day(market, SPY)
    assert market.tick(SPY, last.time + timedelta(hours=9)) == last


def test_before_the_first_open_there_is_no_quote(market: SyntheticMarket) -> None:
    assert market.tick(SPY, market.start - timedelta(seconds=1)) is None


def test_after_the_close_the_next_tick_is_the_next_open(market: SyntheticMarket) -> None:
    *_, close = day(market, SPY)
    assert next(market.ticks(SPY, close.time)).time == market.next_session(close.time).open


def test_days_follow_with_a_gap_that_is_no_jump(market: SyntheticMarket) -> None:
    for number in range(5):
        *_, close = day(market, SPY, number)
        following = next(day(market, SPY, number + 1))
        assert close.mid is not None
        assert following.mid is not None
        assert close.mid != following.mid
        assert abs(following.mid / close.mid - 1) < Decimal("0.03")


def test_the_demo_day_moves_enough_to_reach_an_exit_and_to_test_a_condor(market: SyntheticMarket) -> None:
    mids = [tick.mid for tick in day(market, SPY) if tick.mid is not None]
    assert max(mids) / mids[0] > Decimal("1.010")
    assert min(mids) / mids[0] < Decimal("0.999")


@pytest.mark.parametrize("seed", range(10))
def test_on_every_seed_a_bracket_of_three_thousandths_exits_within_the_day(seed: int) -> None:
    mids = [tick.mid for tick in day(SyntheticMarket(seed, step=60), SPY) if tick.mid is not None]
    assert max(max(mids) / mids[0] - 1, 1 - min(mids) / mids[0]) > Decimal("0.003")


@pytest.mark.parametrize("contract", EVERY_KIND, ids=str)
def test_every_kind_is_quoted_on_its_ticks(market: SyntheticMarket, contract: Contract) -> None:
    details = market.details(contract)
    assert details is not None
    for tick in islice(day(market, contract), 50):
        assert tick.contract is details.contract
        assert tick.bid is not None
        assert tick.ask is not None
        assert details.on_tick(tick.bid)
        assert details.on_tick(tick.ask)


def test_an_index_shows_its_level_and_no_size(market: SyntheticMarket) -> None:
    tick = next(day(market, Index("SPX")))
    assert tick.bid == tick.ask
    assert (tick.bid_size, tick.ask_size) == (Decimal(0), Decimal(0))


def test_any_symbol_has_a_price_of_its_own(market: SyntheticMarket) -> None:
    prices = {next(day(market, Stock(symbol))).mid for symbol in ("XYZ", "ABC", "QWERTY")}
    assert len(prices) == 3
    assert all(price is not None and 10 < price < 1000 for price in prices)


@pytest.mark.parametrize(
    "contract",
    [
        Option("SPY", "2026-06-13", 600, "CALL"),
        Option("SPY", "2026-05-29", 600, "CALL"),
        Option("SPY", "2026-06-12", "600.5", "CALL"),
        Option("SPY", "2026-06-12", 600, "CALL", multiplier=10),
        Option("SPY", "2040-06-15", 600, "CALL"),
        Stock("SAP", currency="EUR"),
        Future("ES", "2026-12-17"),
        Combo("SPY", (ComboLeg(SPY), ComboLeg(CALL, "SELL"))),
    ],
    ids=str,
)
def test_what_is_not_listed_has_no_details_and_no_quotes(market: SyntheticMarket, contract: Contract) -> None:
    assert market.details(contract) is None
    assert market.tick(contract, market.start) is None
    assert list(market.ticks(contract, market.start)) == []


def test_an_option_ticks_until_the_close_of_its_expiration_and_keeps_that_quote(market: SyntheticMarket) -> None:
    option = Option("SPY", "2026-06-01", 580, "CALL")
    *_, last = market.ticks(option, market.start)
    close = datetime(2026, 6, 1, 20, tzinfo=UTC)
    assert last.time == close
    assert market.tick(option, close + timedelta(days=3)) == last


def test_at_its_expiration_an_option_is_worth_its_exercise(market: SyntheticMarket) -> None:
    close = datetime(2026, 6, 1, 20, tzinfo=UTC)
    stock, option = market.tick(SPY, close), market.tick(Option("SPY", "2026-06-01", 580, "CALL"), close)
    assert stock is not None
    assert option is not None
    assert stock.mid is not None
    assert option.mid is not None
    assert abs(option.mid - (stock.mid - 580)) < Decimal("0.10")


def test_a_worthless_option_has_no_bid(market: SyntheticMarket) -> None:
    tick = market.tick(Option("SPY", "2026-06-01", 700, "CALL"), market.start)
    assert tick is not None
    assert (tick.bid, tick.bid_size) == (None, Decimal(0))
    assert tick.ask == Decimal("0.01")


def test_an_option_has_its_stock_and_an_option_on_a_future_its_quarterly_future(market: SyntheticMarket) -> None:
    assert market.underlying(CALL) == SPY
    option = FutureOption("ES", "2026-10-16", 6000, "PUT", multiplier=50)
    assert market.underlying(option) == Future("ES", "2026-12-18", multiplier=50)
    assert market.underlying(SPY) is None


def test_the_chain_lists_today_the_weeklies_and_a_year_of_monthlies(market: SyntheticMarket) -> None:
    days = [row.expiration for row in market.chain("spy", market.start).expirations]
    assert days[0] == date(2026, 6, 1)
    assert {date(2026, 6, 5), date(2026, 6, 12), date(2026, 7, 17), date(2026, 12, 18), date(2027, 5, 21)} <= set(days)
    assert all(session_on(expiration) for expiration in days)


def test_juneteenth_friday_expires_on_thursday(market: SyntheticMarket) -> None:
    days = {row.expiration for row in market.chain("SPY", market.start).expirations}
    assert date(2026, 6, 18) in days
    assert date(2026, 6, 19) not in days


def test_the_chain_reaches_around_the_spot(market: SyntheticMarket) -> None:
    spot = next(day(market, SPY)).mid
    assert spot is not None
    for row in market.chain("SPY", market.start).expirations:
        assert row.strikes[0] < spot * Decimal("0.93")
        assert row.strikes[-1] > spot * Decimal("1.07")
        assert list(row.strikes) == sorted(set(row.strikes))


def test_everything_in_a_chain_is_listed_and_stays_so_the_day_after(market: SyntheticMarket) -> None:
    chain = market.chain("GOOG", market.start)
    row = chain.expirations[4]
    for strike in row.strikes[::10]:
        assert market.details(Option("GOOG", row.expiration, strike, "PUT")) is not None
    following = market.chain("GOOG", market.start + timedelta(days=1))
    assert {row.expiration for row in chain.expirations} - {row.expiration for row in following.expirations} == {
        date(2026, 6, 1)
    }


def test_sessions_are_those_of_the_calendar_from_the_start_on(market: SyntheticMarket) -> None:
    assert market.session(market.start) == session_on(date(2026, 6, 1))
    assert market.session(market.start - timedelta(days=3)) is None
    assert market.next_session(market.start - timedelta(days=3)) == session_on(date(2026, 6, 1))
    assert market.next_session(market.start + timedelta(days=4)).day == date(2026, 6, 8)


def test_a_start_that_is_no_trading_day_names_the_next() -> None:
    with pytest.raises(ValueError, match="2026-06-06 is none, 2026-06-08 is the next"):
        SyntheticMarket(start=date(2026, 6, 6))


@pytest.mark.parametrize("step", [0, -5, 7, 3600])
def test_a_step_that_does_not_divide_a_session_is_refused(step: int) -> None:
    with pytest.raises(ValueError, match="step must be"):
        SyntheticMarket(step=step)


def test_past_the_calendar_the_market_stops_loudly_each_time() -> None:
    market = SyntheticMarket(start=date(2032, 12, 30), step=1800)
    for _ in range(2):
        with pytest.raises(ValueError, match="known from"):
            list(market.ticks(SPY, market.start))
