"""Our own risk checks: each with its code and its numbers, on both sides of its limit."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from core.checks_desk import CALL, CONDOR, GOOG, OFF, OPEN, SIMULATED, combo, context, limits, quote, told
from v6core.capabilities import Capabilities
from v6core.contracts import Combo, ComboLeg, Contract, Crypto, Forex, Future, Stock
from v6core.events import TradingState
from v6core.orders import Order, OrderStatus
from v6core.quotes import Quote
from v6core.reports import Account
from v6core.risk import RiskLimits, only_reduces


def test_without_limits_nothing_is_denied() -> None:
    assert told(Order.market("BUY", 10**6, contract=GOOG), context(limits())) is None


def test_shares_are_bounded() -> None:
    around = context(limits(max_order_quantity=500))
    assert told(Order.market("BUY", 500, contract=GOOG), around) is None
    assert told(Order.market("BUY", 501, contract=GOOG), around) == "MAX_ORDER_QUANTITY: 501 > 500 shares"


@pytest.mark.parametrize("contract", [Forex("EUR/USD"), Crypto("BTC"), CALL])
def test_only_shares_are_bounded_by_shares(contract: Contract) -> None:
    assert told(Order.market("BUY", 501, contract=contract), context(limits(max_order_quantity=500))) is None


@pytest.mark.parametrize("contract", [CALL, Future("ES", "2026-12-18", multiplier=50)])
def test_contracts_are_bounded(contract: Contract) -> None:
    around = context(limits(max_contracts=50))
    assert told(Order.market("SELL", 50, contract=contract), around) is None
    assert told(Order.market("SELL", 51, contract=contract), around) == "MAX_CONTRACTS: 51 > 50 contracts"


def test_a_combo_counts_its_units_times_its_largest_ratio() -> None:
    ratio = combo((1, 570, "C"), (-3, 580, "C"))
    around = context(limits(max_contracts=50))
    assert told(Order.market("BUY", 16, contract=ratio), around) is None
    assert told(Order.market("BUY", 17, contract=ratio), around) == "MAX_CONTRACTS: 51 > 50 contracts"


def test_a_combos_stock_leg_counts_as_shares() -> None:
    covered = Combo("GOOG", (ComboLeg(GOOG, "BUY", 100), ComboLeg(CALL, "SELL")))
    assert told(Order.market("BUY", 6, contract=covered), context(limits(max_order_quantity=500))) == (
        "MAX_ORDER_QUANTITY: 600 > 500 shares"
    )


def test_the_value_of_an_order_is_told_with_its_currency() -> None:
    around = context(limits(max_order_value=50_000))
    assert told(Order.limit("BUY", 100, 612, contract=GOOG), around) == "MAX_ORDER_VALUE: 61200.00 > 50000.00 USD"
    assert told(Order.limit("BUY", 100, 500, contract=GOOG), around) is None


@pytest.mark.parametrize(
    ("order", "worth"),
    [
        (Order.market("BUY", 1, contract=GOOG), "101.00"),
        (Order.market("SELL", 1, contract=GOOG), "99.00"),
        (Order.limit("BUY", 1, 90, contract=GOOG), "90.00"),
        (Order.limit("SELL", 1, "0.01", contract=GOOG), "99.00"),
        (Order.limit("SELL", 1, 120, contract=GOOG), "120.00"),
        (Order.stop("BUY", 1, 110, contract=GOOG), "110.00"),
        (Order.stop("SELL", 1, 90, contract=GOOG), "99.00"),
        (Order.stop_limit("BUY", 1, 110, 112, contract=GOOG), "112.00"),
        (Order.trailing_stop("SELL", 1, trail_amount=2, contract=GOOG), "99.00"),
        (Order.market("BUY", 2, contract=CALL), "20200.00"),
    ],
)
def test_the_worse_of_the_own_price_and_the_far_side_counts(order: Order, worth: str) -> None:
    around = context(limits(max_order_value=1), quote=quote(GOOG, "99", "101"))
    assert told(order, around) == f"MAX_ORDER_VALUE: {worth} > 1.00 USD"


@pytest.mark.parametrize(
    ("order", "worth"),
    [
        (Order.limit("BUY", 2, "-2.45", contract=CONDOR), "1510.00"),
        (Order.limit("SELL", 2, "-2.45", contract=CONDOR), "490.00"),
        (Order.limit("BUY", 1, "3", contract=combo((1, 570, "C"), (-1, 580, "C"))), "300.00"),
        (Order.limit("BUY", 1, "-4", contract=combo((-1, 570, "P"), (-1, 630, "C"))), "400.00"),
    ],
)
def test_a_combo_counts_as_the_most_it_can_lose(order: Order, worth: str) -> None:
    """The last has no bound, and counts by its price as a single option does."""
    assert told(order, context(limits(max_order_value=1))) == f"MAX_ORDER_VALUE: {worth} > 1.00 USD"


def test_a_combo_that_cannot_lose_is_worth_nothing() -> None:
    order = Order.limit("SELL", 2, "2.45", contract=CONDOR)
    assert told(order, context(limits(max_order_value=1))) is None


def test_a_market_order_without_a_quote_is_denied_at_a_live_broker_alone() -> None:
    order = Order.market("BUY", 1, contract=GOOG)
    rules = limits(max_order_value=50_000)
    message = told(order, context(rules))
    assert message is not None
    assert message.startswith("NO_REFERENCE: no quote of GOOG to check the price by")
    assert told(order, context(rules, capabilities=SIMULATED)) is None


def test_a_value_in_another_currency_needs_a_rate() -> None:
    order = Order.limit("BUY", 100, 400, contract=Stock("SAP", currency="EUR"))
    rules = limits(max_order_value=40_000)
    assert "NO_RATE: no rate from EUR to USD" in str(told(order, context(rules)))
    assert told(order, context(rules, rates={"EUR": Decimal("1.1")})) == "MAX_ORDER_VALUE: 44000.00 > 40000.00 USD"


def test_a_currency_pair_is_its_own_rate() -> None:
    order = Order.limit("BUY", 60_000, 150, contract=Forex("USD/JPY"))
    assert told(order, context(limits(max_order_value=50_000))) == "MAX_ORDER_VALUE: 60000.00 > 50000.00 USD"


@pytest.mark.parametrize(
    ("order", "denied"),
    [
        (Order.limit("BUY", 1, "105", contract=GOOG), False),
        (Order.limit("BUY", 1, "105.01", contract=GOOG), True),
        (Order.limit("BUY", 1, "1", contract=GOOG), False),
        (Order.limit("SELL", 1, "95", contract=GOOG), False),
        (Order.limit("SELL", 1, "94.99", contract=GOOG), True),
        (Order.limit("SELL", 1, "500", contract=GOOG), False),
        (Order.stop_limit("BUY", 1, 200, "210", contract=GOOG), False),
        (Order.stop_limit("BUY", 1, 200, "210.01", contract=GOOG), True),
        (Order.stop("SELL", 1, 50, contract=GOOG), False),
        (Order.market("BUY", 1, contract=GOOG), False),
    ],
)
def test_the_collar_holds_on_the_losing_side_of_the_middle(order: Order, denied: bool) -> None:
    around = context(limits(price_collar="0.05"), quote=quote(GOOG, "99", "101"))
    assert str(told(order, around)).startswith("PRICE_COLLAR") is denied


def test_the_collar_tells_its_numbers() -> None:
    around = context(limits(price_collar="0.05"), quote=quote(GOOG, "99", "101"))
    assert told(Order.limit("BUY", 1, 120, contract=GOOG), around) == (
        "PRICE_COLLAR: 120 is 20 above 100; at most 5.00 ([risk] price_collar 0.05)"
    )


def test_a_market_order_into_too_wide_a_quote_is_denied() -> None:
    around = context(limits(price_collar="0.05"), quote=quote(GOOG, "80", "120"))
    assert str(told(Order.market("SELL", 1, contract=GOOG), around)).startswith("PRICE_COLLAR: 80 is 20 below 100")


def test_options_have_a_collar_of_ten_cents_at_least() -> None:
    around = context(limits(option_price_collar="0.15"), quote=quote(CALL, "0.04", "0.06"))
    assert told(Order.limit("BUY", 1, "0.15", contract=CALL), around) is None
    assert str(told(Order.limit("BUY", 1, "0.16", contract=CALL), around)).startswith("PRICE_COLLAR")


def test_a_combos_collar_takes_prices_below_zero() -> None:
    around = context(limits(option_price_collar="0.2"), quote=quote(CONDOR, "-2.50", "-2.30"))
    assert told(Order.limit("BUY", 1, "-1.92", contract=CONDOR), around) is None
    assert str(told(Order.limit("BUY", 1, "-1.91", contract=CONDOR), around)).startswith("PRICE_COLLAR")


def test_a_combos_collar_is_ten_cents_a_leg_at_least() -> None:
    around = context(limits(option_price_collar="0.15"), quote=quote(CONDOR, "-0.65", "-0.44"))
    assert told(Order.limit("BUY", 1, "-0.15", contract=CONDOR), around) is None
    assert str(told(Order.limit("BUY", 1, "-0.14", contract=CONDOR), around)).startswith("PRICE_COLLAR")


@pytest.mark.parametrize(
    "seen", [None, quote(GOOG, "99", "101", age=61), quote(GOOG, "99", None), quote(GOOG, None, None)]
)
def test_without_a_reference_a_live_order_is_denied(seen: Quote | None) -> None:
    order = Order.limit("BUY", 1, 100, contract=GOOG)
    assert str(told(order, context(limits(price_collar="0.05"), quote=seen))).startswith("NO_REFERENCE")
    assert told(order, context(limits(price_collar="0.05"), quote=seen, capabilities=SIMULATED)) is None


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        (quote(GOOG, "99", "101", age=61), "no quote of the last minute of GOOG to check the price by: the last is"),
        (quote(GOOG, "99", None), "with a price on both sides or a last one: bid 99, ask none, last none"),
    ],
)
def test_a_quote_that_is_no_reference_is_told_as_it_is(seen: Quote, why: str) -> None:
    order = Order.limit("BUY", 1, 100, contract=GOOG)
    assert why in str(told(order, context(limits(price_collar="0.05"), quote=seen)))


def test_a_broker_that_gives_no_quotes_is_told_as_one() -> None:
    around = context(limits(price_collar="0.05"), capabilities=Capabilities(simulated=False, orders=(), quotes=False))
    assert str(told(Order.limit("BUY", 1, 100, contract=GOOG), around)).endswith("the broker declares none")


def test_the_last_price_is_the_reference_where_a_side_is_missing() -> None:
    around = context(limits(price_collar="0.05"), quote=quote(GOOG, None, None, last="100"))
    assert told(Order.limit("BUY", 1, 105, contract=GOOG), around) is None
    assert str(told(Order.limit("BUY", 1, 106, contract=GOOG), around)).startswith("PRICE_COLLAR")


def test_an_equal_order_within_the_window_is_a_duplicate() -> None:
    first, again = Order.limit("BUY", 1, 100, contract=GOOG), Order.limit("BUY", 1, "100.0", contract=GOOG)
    rules = limits(duplicate_window=2)
    message = told(again, context(rules, recent=((98.5, first),)))
    assert message == f"DUPLICATE: equal to order {first.order_id} sent 1.5 s ago; within 2 s"
    assert told(again, context(rules, recent=((98.0, first),))) is None
    assert told(first, context(rules, recent=((99.0, first),), open_orders=(first,))) is None


@pytest.mark.parametrize(
    "change",
    [
        {"action": "SELL"},
        {"quantity": 2},
        {"limit_price": 101},
        {"account": "U2"},
        {"contract": Stock("IBM")},
    ],
)
def test_an_order_that_differs_is_no_duplicate(change: dict[str, Any]) -> None:
    first = Order.limit("BUY", 1, 100, contract=GOOG)
    other = Order.limit("BUY", 1, 100, contract=GOOG).replace(**change)
    around = context(limits(duplicate_window=2), recent=((99.9, first),), capabilities=SIMULATED)
    assert told(other, around) is None


def test_the_brokers_own_account_named_or_not_is_the_same_account() -> None:
    first, again = Order.limit("BUY", 1, 100, contract=GOOG), Order.limit("BUY", 1, 100, contract=GOOG, account="DU1")
    assert str(told(again, context(limits(duplicate_window=2), recent=((99.9, first),)))).startswith("DUPLICATE")


@pytest.mark.parametrize(
    ("status", "denied"),
    [(OrderStatus.PENDING_SUBMIT, True), (OrderStatus.IN_DOUBT, True), (OrderStatus.SUBMITTED, False)],
)
def test_an_equal_order_that_is_unanswered_is_a_duplicate_at_any_age(status: OrderStatus, denied: bool) -> None:
    first = Order.market("BUY", 1, contract=GOOG, status=status)
    message = told(Order.market("BUY", 1, contract=GOOG), context(limits(duplicate_window=2), open_orders=(first,)))
    assert (message == f"DUPLICATE: equal to order {first.order_id}, which is {status}") is denied


def test_orders_in_one_second_are_bounded() -> None:
    sent = tuple((99.0 + n / 4, Order.market("BUY", n + 1, contract=GOOG)) for n in range(5))
    order = Order.market("SELL", 1, contract=GOOG)
    assert told(order, context(limits(max_orders_per_second=5), recent=sent)) is None
    assert told(order, context(limits(max_orders_per_second=4), recent=sent)) == (
        "MAX_ORDERS_PER_SECOND: 5 > 4 orders in one second"
    )


def test_open_orders_are_bounded_and_an_order_is_not_counted_twice() -> None:
    order = Order.market("SELL", 1, contract=GOOG)
    around = context(limits(max_open_orders=2), open_orders=(Order.market("BUY", 1, contract=GOOG), order))
    assert told(order, around) is None
    more = context(limits(max_open_orders=2), open_orders=(*around.open_orders, Order.market("BUY", 2, contract=GOOG)))
    assert told(order, more) == "MAX_OPEN_ORDERS: 3 > 2 open orders"


def test_a_position_counts_what_is_held_what_is_open_and_this_order() -> None:
    around = context(
        limits(max_position=10),
        positions={"GOOG": Decimal(4)},
        open_orders=(Order.market("BUY", 3, contract=GOOG), Order.market("SELL", 9, contract=GOOG)),
    )
    assert told(Order.market("BUY", 3, contract=GOOG), around) is None
    assert told(Order.market("BUY", 4, contract=GOOG), around) == (
        "MAX_POSITION: 11 > 10 of GOOG: held, in open orders and in this one"
    )
    assert told(Order.market("SELL", 5, contract=GOOG), around) is None
    assert str(told(Order.market("SELL", 6, contract=GOOG), around)).startswith("MAX_POSITION: 11 > 10")


def test_a_position_above_its_limit_may_come_nearer_to_zero() -> None:
    around = context(limits(max_position=1), positions={"GOOG": Decimal(-4)})
    assert told(Order.market("BUY", 2, contract=GOOG), around) is None
    assert told(Order.market("BUY", 5, contract=GOOG), around) is None
    assert str(told(Order.market("BUY", 6, contract=GOOG), around)).startswith("MAX_POSITION: 2 > 1")


def test_each_leg_of_a_combo_is_a_position() -> None:
    around = context(limits(max_position=10), positions={"GOOG261218C00620000": Decimal(-9)})
    assert told(Order.market("BUY", 1, contract=CONDOR), around) is None
    assert str(told(Order.market("BUY", 2, contract=CONDOR), around)).startswith("MAX_POSITION: 11 > 10 of GOOG261218C")


def bracket() -> tuple[Order, Order, Order]:
    entry = Order.limit("BUY", 10, 100, contract=GOOG)
    child: dict[str, Any] = {"contract": GOOG, "parent_order_id": entry.order_id, "oca_group": "exits"}
    return entry, Order.limit("SELL", 10, 110, **child), Order.stop("SELL", 10, 90, **child)


def test_a_bracket_fits_where_its_entry_fits() -> None:
    orders = bracket()
    around = context(limits(max_position=10, max_order_value=1000), open_orders=orders, quote=quote(GOOG, "99", "101"))
    assert [told(order, around) for order in orders] == [None, None, None]


@pytest.mark.parametrize("change", [{"quantity": 11}, {"action": "BUY"}, {"contract": Stock("IBM")}])
def test_calling_itself_an_exit_is_not_enough(change: dict[str, Any]) -> None:
    entry, take, _ = bracket()
    around = context(
        limits(max_position=10, max_order_value=1000), open_orders=(entry,), quote=quote(GOOG, "99", "101")
    )
    assert told(take, around) is None
    assert "MAX_ORDER_VALUE" in str(told(take.replace(**change), around))
    assert "MAX_ORDER_VALUE" in str(told(take, context(around.limits, quote=around.quote)))


def test_of_a_one_cancels_all_group_only_the_largest_counts() -> None:
    group = tuple(Order.limit("BUY", n, 90 + n, contract=GOOG, oca_group="g") for n in (3, 5))
    around = context(limits(max_position=10), open_orders=group)
    assert told(Order.market("BUY", 5, contract=GOOG), around) is None
    assert told(Order.market("BUY", 6, contract=GOOG), around) is not None


@pytest.mark.parametrize(
    ("profit", "message"),
    [
        ("-999.99", None),
        ("-1000", "MAX_DAILY_LOSS: 1000.00 lost today, of 1000.00 USD at most"),
        ("5000", None),
        (None, "NO_DAILY_PNL: [risk] max_daily_loss is 1000, and the broker does not tell today's profit"),
    ],
)
def test_a_days_loss_is_bounded(profit: str | None, message: str | None) -> None:
    account = Account.model_validate({"account": "DU1", "paper": True, "cash": 1, "daily_pnl": profit})
    assert told(Order.market("BUY", 1, contract=GOOG), context(limits(max_daily_loss=1000), account=account)) == message


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ({"deny": ["goog"]}, "SYMBOL_DENIED"),
        ({"deny": ["GOOG261218C00750000"]}, None),
        ({"allow": ["SPY"]}, "SYMBOL_NOT_ALLOWED"),
        ({"allow": ["Goog", "SPY"]}, None),
        ({"allow": ["GOOG"], "deny": ["GOOG"]}, "SYMBOL_DENIED"),
    ],
)
def test_lists_of_symbols(rules: dict[str, Any], code: str | None) -> None:
    message = told(Order.market("BUY", 1, contract=GOOG), context(limits(**rules)))
    assert (message.partition(":")[0] if message else None) == code


def test_a_denied_contract_is_denied_inside_a_combo() -> None:
    rules = limits(deny=["GOOG261218P00570000"])
    assert str(told(Order.market("BUY", 1, contract=CONDOR), context(rules))).startswith("SYMBOL_DENIED")


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        (OPEN, True),
        (datetime(2026, 1, 5, 14, 29, 59, tzinfo=UTC), False),
        (datetime(2026, 1, 4, 15, tzinfo=UTC), False),
        (datetime(2026, 1, 1, 15, tzinfo=UTC), False),
        (datetime(1999, 1, 5, 15, tzinfo=UTC), False),
    ],
)
def test_regular_hours(moment: datetime, is_open: bool) -> None:
    around = context(limits(regular_hours_only=True), now=moment)
    message = told(Order.market("BUY", 1, contract=GOOG), around)
    assert (message is None) is is_open
    assert is_open or str(message).startswith("OUTSIDE_REGULAR_HOURS")


def test_an_order_that_may_fill_outside_regular_hours_is_denied() -> None:
    order = Order.limit("BUY", 1, 1, contract=GOOG, outside_rth=True)
    assert str(told(order, context(limits(regular_hours_only=True)))).startswith("OUTSIDE_REGULAR_HOURS")


@pytest.mark.parametrize(
    ("state", "code"), [(TradingState.HALTED, "TRADING_HALTED"), (TradingState.REDUCING, "TRADING_REDUCING")]
)
def test_a_trading_state_lets_only_reducing_orders_out(state: TradingState, code: str) -> None:
    order = Order.market("SELL", 1, contract=GOOG)
    assert str(told(order, context(limits(), trading_state=state))).startswith(code)
    assert told(order, context(limits(), trading_state=state, reducing=True)) is None


def test_a_reducing_order_passes_every_limit_but_read_only() -> None:
    tight: dict[str, Any] = dict.fromkeys(OFF, "0.0001")
    tight |= dict.fromkeys(("max_position", "max_underlying_position", "max_orders_per_day", "max_daily_loss"), 1)
    tight |= {"deny": ("GOOG",), "regular_hours_only": True}
    order = Order.limit("SELL", 10**6, 1, contract=GOOG)
    around = context(RiskLimits(**tight), reducing=True, now=datetime(2026, 1, 4, tzinfo=UTC), recent=((100.0, order),))
    assert told(order, around) is None
    read_only = context(limits(read_only=True), reducing=True)
    assert told(order, read_only) == "READ_ONLY: [risk] read_only is on"


def test_an_order_without_a_contract_reduces_nothing() -> None:
    assert not only_reduces(Order.market("SELL", 1), {"GOOG": Decimal(1)}, ())
