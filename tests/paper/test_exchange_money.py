"""The exchange's money: ledger, commissions, margin, settlement at expiration."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paper.exchange_bench import CLOSE, FAR, GOOG, NEAR, SPREAD, Bench, facts, order, row, tape
from v6_paper_plugin.exchange.commissions import Commissions
from v6_paper_plugin.exchange.ledger import Ledger
from v6_paper_plugin.exchange.margin import requirement
from v6_paper_plugin.exchange.rules import Rules
from v6core.contracts import Contract, Option
from v6core.money import ZERO
from v6core.orders import TimeInForce

DAY = timedelta(days=1)
PUT = Option("GOOG", "2026-06-12", 95, "PUT")
LOWER_PUT = Option("GOOG", "2026-06-12", 90, "PUT")
HIGHER_CALL = Option("GOOG", "2026-06-12", 110, "CALL")


def d(number: object) -> Decimal:
    return Decimal(str(number))


def test_adding_to_a_position_averages_its_cost() -> None:
    ledger = Ledger.open(d(1000))
    ledger.trade(GOOG, d(1), d(10), ZERO)
    ledger.trade(GOOG, d(3), d(14), ZERO)
    assert ledger.holdings["GOOG"].avg_cost == 13


def test_reducing_a_position_keeps_its_average_and_realizes_the_rest() -> None:
    ledger = Ledger.open(d(1000))
    ledger.trade(GOOG, d(4), d(10), ZERO)
    ledger.trade(GOOG, d(-1), d(12), ZERO)
    assert facts(ledger.holdings["GOOG"].avg_cost, ledger.realized) == (10, 2)


def test_turning_through_zero_opens_the_rest_at_the_new_price() -> None:
    ledger = Ledger.open(d(1000))
    ledger.trade(GOOG, d(2), d(10), ZERO)
    ledger.trade(GOOG, d(-5), d(11), ZERO)
    holding = ledger.holdings["GOOG"]
    assert facts(holding.quantity, holding.avg_cost, ledger.realized) == (-3, 11, 2)


def test_a_round_trip_at_one_price_loses_its_commissions() -> None:
    ledger = Ledger.open(d(1000))
    ledger.trade(GOOG, d(2), d(10), d(1))
    ledger.trade(GOOG, d(-2), d(10), d(1))
    assert facts(ledger.cash, ledger.holdings) == (998, {})


trades = st.lists(
    st.tuples(st.integers(-20, 20).filter(bool), st.integers(1, 5000).map(lambda number: d(number) / 100)),
    min_size=1,
    max_size=12,
)


@settings(deadline=None, max_examples=200)
@given(trades=trades, mark=st.integers(1, 5000).map(lambda number: d(number) / 100))
def test_profit_is_what_equity_has_grown_by(trades: list[tuple[int, Decimal]], mark: Decimal) -> None:
    ledger = Ledger.open(d(1000))
    for quantity, price in trades:
        ledger.trade(NEAR, d(quantity), price, d("0.65"))
    profit = ledger.realized + ledger.unrealized(lambda _: mark)
    assert profit == ledger.equity(lambda _: mark) + ledger.commissions - 1000


@settings(deadline=None, max_examples=200)
@given(trades=trades, parts=st.integers(2, 5))
def test_profit_does_not_depend_on_how_fills_are_split(trades: list[tuple[int, Decimal]], parts: int) -> None:
    whole, split = Ledger.open(ZERO), Ledger.open(ZERO)
    for quantity, price in trades:
        whole.trade(GOOG, d(quantity * parts), price, ZERO)
        for _ in range(parts):
            split.trade(GOOG, d(quantity), price, ZERO)
    assert abs(whole.realized - split.realized) < d("0.000001")
    assert whole.cash == split.cash


@pytest.mark.parametrize(
    ("contract", "quantity", "fee"),
    [(GOOG, 10, "1.00"), (GOOG, 1000, "5.00"), (NEAR, 1, "1.00"), (NEAR, 10, "6.50")],
)
def test_an_order_costs_its_rate_and_at_least_the_minimum(contract: Contract, quantity: int, fee: str) -> None:
    each = order("BUY", quantity, contract, ref="a")
    assert Commissions().charge(each, contract, d(quantity), d(10)) == d(fee)


def test_the_minimum_is_charged_once_an_order() -> None:
    each, rates = order("BUY", 300, ref="a"), Commissions()
    assert [rates.charge(each, GOOG, d(100), d(10)) for _ in range(3)] == [d("1.00"), ZERO, d("0.50")]


PRICES = {"GOOG": d(100), FAR.key: d(3), HIGHER_CALL.key: d(1), PUT.key: d(2), LOWER_PUT.key: d(1)}


def tied(positions: Sequence[tuple[Contract, int]]) -> Decimal:
    marks = [(contract, d(quantity)) for contract, quantity in positions]
    return requirement(marks, lambda contract: PRICES[contract.key], lambda _: d(100)).initial


@pytest.mark.parametrize(
    ("positions", "initial"),
    [
        pytest.param([(GOOG, 100)], 5000, id="long stock: half its value"),
        pytest.param([(GOOG, -100)], 5000, id="short stock: half its value beside the proceeds"),
        pytest.param([(FAR, 2)], 600, id="long option: in full"),
        pytest.param([(FAR, -1), (HIGHER_CALL, 1)], 300, id="credit spread: its width less what closing it costs"),
        pytest.param([(FAR, 1), (HIGHER_CALL, -1)], 200, id="debit spread: what it is worth"),
        pytest.param([(FAR, -1)], 1500, id="naked call: a fifth of the stock less what it is out of the money"),
        pytest.param([(PUT, -1)], 1500, id="naked put: a fifth of the stock less what it is out of the money"),
        pytest.param([(GOOG, 100), (FAR, -1)], 5000, id="covered call: the stock alone"),
        pytest.param(
            [(FAR, -1), (HIGHER_CALL, 1), (PUT, -1), (LOWER_PUT, 1)], 200, id="iron condor: its wider side only"
        ),
    ],
)
def test_positions_tie_up(positions: list[tuple[Contract, int]], initial: int) -> None:
    assert tied(positions) == initial


def account(cash: int) -> Bench:
    rows = [row(0, GOOG, "99.90", "100.10"), row(0, NEAR, "4.00", "4.10"), row(0, FAR, "3.00", "3.10")]
    return Bench(tape(rows), rules=Rules(margin=True), cash=cash)


def test_an_order_beyond_the_buying_power_is_refused_and_leaves_nothing() -> None:
    bench = account(cash=5_000)
    bench.place(order("BUY", 100, ref="a"))
    assert facts(bench["a"].code, bench.fills(), bench.exchange.orders.open()) == ("BUYING_POWER", [], [])
    assert facts(bench.exchange.ledger.cash, bench.exchange.ledger.holdings) == (5_000, {})


def test_an_order_within_the_buying_power_is_taken() -> None:
    bench = account(cash=5_030)
    bench.place(order("BUY", 100, ref="a"))
    assert bench["a"].status == "FILLED"


def test_what_open_orders_would_tie_up_is_not_free() -> None:
    bench = account(cash=5_000)
    bench.place(order("BUY", 60, ref="a", limit_price=99))
    bench.place(order("BUY", 60, ref="b", limit_price=99))
    assert bench.status("a", "b") == ["SUBMITTED", "REJECTED"]


def test_what_a_cancelled_order_would_have_tied_up_is_free_again() -> None:
    bench = account(cash=5_000)
    bench.place(order("BUY", 60, ref="a", limit_price=99))
    bench.exchange.cancel("a")
    bench.place(order("BUY", 60, ref="b", limit_price=99))
    assert bench.status("b") == ["SUBMITTED"]


def test_an_order_that_reduces_passes_though_nothing_is_free() -> None:
    bench = account(cash=5_030)
    bench.place(order("BUY", 100, ref="a"))
    bench.exchange.ledger.cash -= 4_000
    bench.place(order("SELL", 50, ref="b"))
    assert bench["b"].status == "FILLED"


def test_a_change_beyond_the_buying_power_is_refused() -> None:
    bench = account(cash=5_000)
    bench.place(order("BUY", 10, ref="a", limit_price=99))
    bench.exchange.change("a", {"quantity": d(500)})
    assert facts(bench.log[-1].what, bench["a"].quantity) == ("change refused a", 10)


def expiring(stock: int, days: int = 0) -> Bench:
    """Return an exchange with both calls, the near one on its last day, and a stock that ends at a price."""
    rows = [row(0, GOOG, 100, 100), row(0, NEAR, 4, 4), row(0, FAR, 3, 3), row(300, GOOG, stock, stock)]
    return Bench(tape([*rows, row(0, GOOG, stock, stock, days=1)]))


@pytest.mark.parametrize(
    ("stock", "quantity", "cash", "reason"),
    [(106, 1, 600, "EXERCISE"), (106, -1, -600, "ASSIGNMENT"), (99, 1, 0, "EXPIRY"), (99, -1, 0, "EXPIRY")],
)
def test_an_option_is_settled_for_cash_at_its_last_close(stock: int, quantity: int, cash: int, reason: str) -> None:
    bench = expiring(stock)
    bench.place(order("BUY" if quantity > 0 else "SELL", 1, NEAR, ref="a"))
    before = bench.exchange.ledger.cash
    bench.exchange.advance(CLOSE)
    assert [facts(each.reason, each.quantity, each.time) for each in bench.exchange.adjustments] == [
        (reason, -quantity, CLOSE)
    ]
    assert facts(bench.exchange.ledger.cash - before, bench.position(NEAR)) == (cash, 0)


def test_an_option_of_a_later_day_stays() -> None:
    bench = expiring(106)
    bench.place(order("BUY", 1, FAR, ref="a"))
    bench.exchange.advance(CLOSE + timedelta(hours=2))
    assert bench.position(FAR) == 1


def test_orders_in_what_has_expired_end() -> None:
    bench = expiring(106)
    bench.place(order("BUY", 1, NEAR, ref="a", limit_price=1, tif=TimeInForce.GTC))
    bench.place(order("BUY", 1, SPREAD, ref="b", limit_price=-50, tif=TimeInForce.GTC))
    bench.exchange.advance(CLOSE)
    assert bench.status("a", "b") == ["EXPIRED", "EXPIRED"]


def test_the_days_profit_starts_from_the_last_close() -> None:
    bench = expiring(106)
    bench.place(order("BUY", 100, ref="a"))
    bench.exchange.advance(CLOSE + DAY)
    ledger = bench.exchange.ledger
    assert ledger.equity_at_open == ledger.equity(bench.exchange.prices().mark)
