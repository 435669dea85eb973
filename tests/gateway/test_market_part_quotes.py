"""From quotes to ticks, computations, bars and statements, without a wire."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.market_ends import DAY, on_paper
from v6_ib_plugin.gateway.market.bars import BarSize, Show, bar_size, began, candles, shown
from v6_ib_plugin.gateway.market.computations import Computations, computation
from v6_ib_plugin.gateway.market.feeds import net_quote
from v6_ib_plugin.gateway.market.hours import hours, read, told
from v6_ib_plugin.gateway.market.past import KeepsQuotes, Past
from v6_ib_plugin.gateway.market.refusals import Refused
from v6_ib_plugin.gateway.market.rules import MarketRules
from v6_ib_plugin.gateway.market.statements import Statement, statement
from v6_ib_plugin.gateway.market.ticks import ticks
from v6_ib_plugin.gateway.wire.messages import Bar, TickPrice, TickSize, TickString
from v6core.broker import Broker
from v6core.contracts import Combo, Contract, Index, Option, OrderAction, Stock, TickBand
from v6core.fills import Fill
from v6core.quotes import Quote
from v6core.reports import Account, BrokerPosition, FillReport, Snapshot

GOOG = Stock("GOOG")
NEAR, FAR = (Option("GOOG", DAY, strike, "CALL") for strike in (180, 190))
SPREAD = Combo("GOOG", [{"contract": NEAR}, {"contract": FAR, "action": "SELL", "ratio": 2}])
OPEN = datetime(2026, 6, 1, 13, 30, tzinfo=UTC)
PRICES = st.decimals("0.01", 500, places=2)


def quote(bid: Any = 100, ask: Any = 101, *, of: Contract = GOOG, at: float = 0, **more: Any) -> Quote:
    """Return a quote some seconds after the open."""
    sizes: dict[str, Any] = {"bid_size": 10, "ask_size": 20, **more}
    return Quote(contract=of, time=OPEN + timedelta(seconds=at), bid=bid, ask=ask, **sizes)


def facts(*values: object) -> tuple[object, ...]:
    """Return values side by side, whatever their types."""
    return values


# Ticks


def test_the_first_quote_is_told_whole() -> None:
    assert list(ticks(7, None, quote(), delayed=False)) == [
        TickPrice(7, 1, Decimal(100), Decimal(10), 1),
        TickSize(7, 0, Decimal(10)),
        TickPrice(7, 2, Decimal(101), Decimal(20), 1),
        TickSize(7, 3, Decimal(20)),
    ]


def test_of_the_next_quote_only_what_changed_is_told() -> None:
    assert list(ticks(7, quote(), quote(ask_size=30), delayed=False)) == [TickSize(7, 3, Decimal(30))]


def test_a_quote_that_changes_nothing_is_not_told() -> None:
    assert not list(ticks(7, quote(), quote(at=5), delayed=False))


def test_delayed_data_have_ticks_of_their_own() -> None:
    told = [message.tick_type for message in ticks(7, None, quote(last=100), delayed=True)]  # type: ignore[attr-defined]
    assert told == [66, 69, 67, 70, 88, 68]


def test_a_side_that_nobody_takes_has_the_price_minus_one_and_no_size() -> None:
    assert list(ticks(7, quote(), quote(bid=None, bid_size=0), delayed=False)) == [
        TickPrice(7, 1, Decimal(-1), Decimal(0), 1),
        TickSize(7, 0, Decimal(0)),
    ]


def test_a_price_whose_size_is_not_known_does_not_look_like_none() -> None:
    first = next(iter(ticks(7, None, quote(bid_size=None), delayed=False)))
    assert first == TickPrice(7, 1, Decimal(100), Decimal(1), 1)


def test_the_level_of_an_index_is_its_last_price() -> None:
    level = quote(6000, 6000, of=Index("SPX"))
    assert list(ticks(7, None, level, delayed=False)) == [
        TickString(7, 45, str(int(OPEN.timestamp()))),
        TickPrice(7, 4, Decimal(6000), Decimal(0)),
    ]


# Computations


def test_a_price_implies_a_volatility_and_greeks() -> None:
    computed = computation(7, 13, NEAR, Decimal("6.10"), spot=Decimal(182), now=OPEN)
    assert computed.implied_vol is not None
    assert 0 < computed.implied_vol < 1
    assert computed.delta is not None
    assert 0 < computed.delta < 1


@pytest.mark.parametrize(("price", "spot"), [(None, 182), (6, None), (1, 300)])
def test_where_nothing_can_be_implied_there_are_no_greeks(price: int | None, spot: int | None) -> None:
    numbers = [None if number is None else Decimal(number) for number in (price, spot)]
    computed = computation(7, 13, NEAR, numbers[0], spot=numbers[1], now=OPEN)
    assert facts(computed.implied_vol, computed.delta, computed.opt_price) == (None, None, numbers[0])


def test_a_computation_that_stays_is_not_told_again() -> None:
    computations = Computations(7, NEAR, delayed=False)
    first = list(computations.of(quote(5, 6, of=NEAR), quote()))
    assert facts(
        [each.tick_type for each in first], list(computations.of(quote(5, 6, of=NEAR, at=5), quote(at=5)))
    ) == (
        [10, 11, 13],
        [],
    )


def test_a_bid_that_goes_takes_its_computation_along() -> None:
    computations = Computations(7, NEAR, delayed=False)
    list(computations.of(quote(5, 6, of=NEAR), quote()))
    gone = next(iter(computations.of(quote(None, 6, of=NEAR), quote())))
    assert facts(gone.tick_type, gone.implied_vol, gone.opt_price) == (10, None, None)


# Combos


def test_a_combo_costs_the_net_of_its_legs() -> None:
    net = net_quote(SPREAD, [quote(6, 7, of=NEAR), quote(2, 3, of=FAR)])
    assert net is not None
    assert facts(net.bid, net.ask) == (0, 3)


def test_a_combo_s_price_ends_with_a_digit_that_says_something() -> None:
    net = net_quote(SPREAD, [quote(Decimal("6.10"), 70, of=NEAR), quote(2, 3, of=FAR)])
    assert net is not None
    assert (str(net.bid), str(net.ask)) == ("0.1", "66")


def test_the_size_of_a_combo_is_how_many_units_its_legs_make_up() -> None:
    net = net_quote(SPREAD, [quote(6, 7, of=NEAR), quote(2, 3, of=FAR, bid_size=9)])
    assert net is not None
    assert facts(net.bid_size, net.ask_size) == (10, 4)


def test_a_combo_has_no_side_that_a_leg_lacks() -> None:
    net = net_quote(SPREAD, [quote(6, 7, of=NEAR), quote(None, 3, of=FAR)])
    assert net is not None
    assert facts(net.bid, net.ask) == (0, None)


def test_a_combo_has_no_quote_while_a_leg_has_none() -> None:
    assert net_quote(SPREAD, [quote(6, 7, of=NEAR)]) is None


# Bars


def bars(quotes: list[Quote], size: str = "1 min", show: Show = Show.TRADES) -> list[Bar]:
    """Return the bars of quotes."""
    chosen = bar_size(size)
    return [candle.bar(chosen.tell(candle.start, 1)) for candle in candles(quotes, chosen, show)]


def levels(*prices: int) -> list[Quote]:
    """Return quotes of no width, twenty seconds apart."""
    return [quote(price, price, at=20 * n) for n, price in enumerate(prices)]


def test_a_bar_opens_with_its_first_price_and_closes_with_its_last() -> None:
    first = bars(levels(5, 7, 3, 9))[0]
    assert facts(first.open, first.high, first.low, first.close) == (5, 7, 3, 3)


def test_a_bar_bears_the_time_at_which_it_began() -> None:
    assert [bar.date[-19:-11] for bar in bars(levels(5, 7, 3, 9))] == ["09:30:00", "09:31:00"]


def test_the_first_hourly_bar_begins_at_the_open() -> None:
    assert [bar.date[9:17] for bar in bars([quote(at=60), quote(at=2000)], "1 hour")] == ["09:30:00", "10:00:00"]


def test_a_daily_bar_bears_its_day() -> None:
    assert bars([quote()], "1 day")[0].date == "20260601"


def test_there_is_no_bar_where_there_was_no_quote() -> None:
    assert len(bars([quote(), quote(at=3600)])) == 2


@pytest.mark.parametrize(
    ("show", "first"), [(Show.BID, (1, 3, 1, 3)), (Show.ASK, (2, 6, 2, 6)), (Show.BID_ASK, (2, 6, 1, 4))]
)
def test_bars_are_of_what_was_asked_for(show: Show, first: tuple[int, ...]) -> None:
    bar = bars([quote(1, 2), quote(3, 6, at=5)], show=show)[0]
    assert facts(bar.open, bar.high, bar.low, bar.close) == first


def test_bars_without_trades_say_that_there_is_no_volume() -> None:
    bar = bars([quote()], show=Show.MIDPOINT)[0]
    assert facts(bar.volume, bar.wap, bar.count) == (-1, -1, -1)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20_000), PRICES), min_size=1, max_size=40))
def test_bars_hold_every_price_between_low_and_high_and_no_other(points: list[tuple[int, Decimal]]) -> None:
    quotes = [quote(price, price, at=at) for at, price in sorted(points)]
    made = bars(quotes)
    lowest, highest = min(bar.low for bar in made), max(bar.high for bar in made)
    assert facts(lowest, highest) == (min(p for _, p in points), max(p for _, p in points))
    assert all(bar.low <= bar.open <= bar.high and bar.low <= bar.close <= bar.high for bar in made)


@pytest.mark.parametrize(("text", "seconds"), [("1 secs", 1), ("5 mins", 300), ("1 hour", 3600), ("1 day", 0)])
def test_bar_sizes_are_read(text: str, seconds: int) -> None:
    assert bar_size(text).seconds == seconds


@pytest.mark.parametrize("text", ["", "7 mins", "1 year", "-1 mins", "5"])
def test_a_bar_size_that_tws_does_not_make_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="321"):
        bar_size(text)


@pytest.mark.parametrize("text", ["", "1", "D 1", "0 D", "1 H"])
def test_a_duration_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="321"):
        began(OPEN, text)


def test_a_day_is_a_trading_day() -> None:
    assert began(OPEN, "2 D").date().isoformat() == "2026-05-29"


def test_what_no_quote_can_show_is_refused() -> None:
    with pytest.raises(Refused, match="HISTORICAL_VOLATILITY"):
        shown("HISTORICAL_VOLATILITY")


def test_bars_of_a_week_begin_on_monday() -> None:
    assert BarSize(0, "week").start(OPEN + timedelta(days=3)).date().isoformat() == "2026-06-01"


# Times and rules


def test_hours_say_the_sessions_and_the_days_without_one() -> None:
    assert hours(OPEN.date() + timedelta(days=4)).split(";")[:2] == ["20260605:0930-20260605:1600", "20260606:CLOSED"]


@pytest.mark.parametrize("text", ["20260601 09:30:00 US/Eastern", "20260601 09:30:00", "20260601-13:30:00"])
def test_times_are_read_in_every_form_of_tws(text: str) -> None:
    assert read(text) == OPEN


def test_times_are_told_with_their_zone() -> None:
    assert told(OPEN) == "20260601 09:30:00 US/Eastern"


def test_a_text_that_is_no_time_is_refused() -> None:
    with pytest.raises(Refused, match="321"):
        read("yesterday")


def test_the_same_bands_have_the_same_rule_in_every_run() -> None:
    bands = (TickBand(), TickBand(from_price=Decimal(5), tick=Decimal("0.5")))
    assert MarketRules().number(bands) == MarketRules().number(bands)


def test_a_rule_tells_its_bands() -> None:
    rules = MarketRules()
    rule = rules.tell(rules.number((TickBand(), TickBand(from_price=Decimal(5), tick=Decimal("0.5")))))
    assert rule is not None
    assert [facts(band.low_edge, band.increment) for band in rule.increments] == [
        (0, Decimal("0.01")),
        (5, Decimal("0.5")),
    ]


def test_a_rule_that_nobody_was_told_is_not_known() -> None:
    assert MarketRules().tell(1) is None


# Statements


def fill(action: str, quantity: int, price: int, *, days: int = 0, number: int = 1) -> FillReport:
    """Return a fill, some days before."""
    time = OPEN - timedelta(days=days)
    one = Fill(
        execution_id=f"{action}{days}{number}",
        order_id=UUID(int=1),
        contract=GOOG,
        action=OrderAction(action),
        quantity=Decimal(quantity),
        price=Decimal(price),
        time=time,
    )
    return FillReport(time=time, order_ref="a", fill=one)


def stated(*fills: FillReport, held: int = 0, cost: int = 0, of: Contract = GOOG, at: Quote | None = None) -> Statement:
    """Return a statement after some fills."""
    position = BrokerPosition(contract=of, quantity=Decimal(held), avg_cost=Decimal(cost))
    account = Account(
        account="P",
        cash=Decimal(1000),
        equity=Decimal(1500),
        initial_margin=Decimal(200),
        maintenance_margin=Decimal(100),
    )
    snapshot = Snapshot(time=OPEN, fills=fills, positions=(position,) if held else (), account=account)
    return statement("DUSIM0001", snapshot, {} if at is None else {of.key: at})


def test_a_position_is_worth_its_middle_times_the_multiplier() -> None:
    row = stated(held=2, cost=4, of=NEAR, at=quote(5, 6, of=NEAR)).rows[0]
    assert facts(row.price, row.value, row.avg_cost, row.unrealized) == (Decimal("5.5"), 1100, 400, 300)


def test_a_position_without_a_quote_is_worth_its_cost() -> None:
    assert stated(held=2, cost=4).rows[0].unrealized == 0


def test_what_was_opened_today_made_all_of_it_today() -> None:
    row = stated(fill("BUY", 3, 10), fill("SELL", 1, 14), held=2, cost=10, at=quote(15, 15)).rows[0]
    assert facts(row.realized, row.unrealized, row.daily) == (4, 10, 14)


def test_what_is_held_since_yesterday_made_today_what_nobody_knows() -> None:
    row = stated(fill("BUY", 3, 10, days=1), fill("SELL", 1, 14), held=2, cost=10, at=quote(15, 15)).rows[0]
    assert facts(row.realized, row.daily) == (4, None)


def test_the_values_of_an_account_are_told_under_the_name_that_clients_know() -> None:
    assert stated().values()["AccountCode", ""] == "DUSIM0001"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("NetLiquidation", "1500.00"),
        ("TotalCashValue", "1000.00"),
        ("AvailableFunds", "1300.00"),
        ("ExcessLiquidity", "1400.00"),
        ("GrossPositionValue", "200.00"),
        ("StockMarketValue", "-200.00"),
    ],
)
def test_values_follow_from_the_account(key: str, value: str) -> None:
    assert stated(held=-2, cost=90, at=quote(100, 100)).values()[key, "USD"] == value


def test_cash_is_told_by_currency_and_in_all() -> None:
    ledger = stated().ledger()
    assert facts(ledger["CashBalance", "USD"], ledger["CashBalance", "BASE"]) == ("1000.00", "1000.00")


# The tape of the paper broker


def test_a_tape_shows_nothing_of_the_future() -> None:
    async def work(broker: Broker) -> list[datetime]:
        assert isinstance(broker, KeepsQuotes)
        later = broker.now() + timedelta(days=1)
        return [quote.time for quote in broker.past_quotes(GOOG, OPEN - timedelta(seconds=1), later)]

    assert on_paper(work) == [OPEN]


def test_a_broker_without_a_tape_has_the_past_that_was_seen() -> None:
    async def work(broker: Broker) -> list[Quote]:
        past = Past(broker)
        seen = quote(of=Stock("GOOG", currency="EUR"))
        past.keep(seen)
        return list(past.between(seen.contract, OPEN, OPEN))

    assert on_paper(work) == [quote(of=Stock("GOOG", currency="EUR"))]
