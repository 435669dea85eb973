"""What many orders come to together: bursts, days, one underlying, a change that is not confirmed."""

from decimal import Decimal
from typing import Any

import pytest

from core.checks_desk import CALL, CONDOR, GOOG, context, limits, told
from v6core.contracts import Combo, ComboLeg, Contract, Crypto, Future, Option, Stock
from v6core.orders import Order
from v6core.risk import CheckContext

D = Decimal
PUT = Option("GOOG", "2026-12-18", 600, "PUT")
ES = Future("ES", "2026-12-18", multiplier=50)


def sent(*ages: float) -> tuple[tuple[float, Order], ...]:
    """Return orders that were sent so long ago, at the monotonic time of ``context``, which is 100."""
    return tuple((100.0 - age, Order.market("BUY", 1, contract=GOOG)) for age in sorted(ages, reverse=True))


def bucket(*ages: float) -> CheckContext:
    return context(limits(max_orders_per_second=5, order_burst=10), recent=sent(*ages))


def test_a_burst_may_go_at_once_and_no_more() -> None:
    order = Order.market("SELL", 1, contract=GOOG)
    assert told(order, bucket(*[0.0] * 9)) is None
    assert told(order, bucket(*[0.0] * 10)) == (
        "MAX_ORDERS_PER_SECOND: 11 > 10.00 orders in 0.00 s: 10 at once and 5 a second"
    )


def test_after_a_burst_the_rate_holds() -> None:
    order = Order.market("SELL", 1, contract=GOOG)
    assert told(order, bucket(*[0.2] * 10)) is None
    assert told(order, bucket(*[0.19] * 10)) is not None
    assert told(order, bucket(*[2.0] * 10, *[0.0] * 9)) is None
    assert told(order, bucket(*[1.0] * 10, *[0.0] * 5)) == (
        "MAX_ORDERS_PER_SECOND: 16 > 15.00 orders in 1.00 s: 10 at once and 5 a second"
    )


def test_changes_of_one_order_count_like_orders() -> None:
    order = Order.market("BUY", 1, contract=GOOG)
    recent = tuple((99.9, order) for _ in range(4))
    assert told(order, context(limits(max_orders_per_second=4), recent=recent, before=order)) == (
        "MAX_ORDERS_PER_SECOND: 5 > 4 orders in one second"
    )


@pytest.mark.parametrize(("today", "change", "denied"), [(9, False, False), (10, False, True), (10, True, False)])
def test_the_orders_of_a_day_are_bounded_and_a_change_is_none(today: int, change: bool, denied: bool) -> None:
    order = Order.market("BUY", 1, contract=GOOG)
    around = context(limits(max_orders_per_day=10), orders_today=today, before=order if change else None)
    assert (told(order, around) == "MAX_ORDERS_PER_DAY: 11 > 10 orders today") is denied


@pytest.mark.parametrize(
    ("order", "reach"),
    [
        (Order.market("BUY", 7, contract=GOOG), "7 > 1 of GOOG, long"),
        (Order.market("SELL", 7, contract=GOOG), "7 > 1 of GOOG, short"),
        (Order.market("BUY", 2, contract=CALL), "200 > 1 of GOOG, long"),
        (Order.market("BUY", 2, contract=PUT), "200 > 1 of GOOG, short"),
        (Order.market("SELL", 2, contract=PUT), "200 > 1 of GOOG, long"),
        (Order.market("SELL", 3, contract=ES), "150 > 1 of futures on ES, short"),
        (Order.market("BUY", 3, contract=Crypto("BTC")), "3 > 1 of CRYPTO:BTC, long"),
        (Order.market("BUY", 3, contract=Stock("00700")), "3 > 1 of 00700, long"),
    ],
)
def test_an_underlying_counts_in_units_of_itself_each_side_apart(order: Order, reach: str) -> None:
    assert told(order, context(limits(max_underlying_position=1))) == (
        f"MAX_UNDERLYING_POSITION: {reach}: held, in open orders and in this one"
    )


def test_contracts_of_one_underlying_count_together_with_what_works() -> None:
    held = {"GOOG": D(100), CALL.key: D(1), PUT.key: D(-1), "MSFT": D(10**6)}
    around = context(
        limits(max_underlying_position=500), positions=held, open_orders=(Order.market("BUY", 1, contract=CALL),)
    )
    assert told(Order.market("BUY", 100, contract=GOOG), around) is None
    assert str(told(Order.market("BUY", 101, contract=GOOG), around)).startswith("MAX_UNDERLYING_POSITION: 501 > 500")


def test_the_two_sides_of_an_underlying_do_not_offset_each_other() -> None:
    around = context(limits(max_underlying_position=150), positions={CALL.key: D(-1)})
    assert told(Order.market("BUY", 150, contract=GOOG), around) is None
    assert str(told(Order.market("SELL", 1, contract=CALL), around)).startswith("MAX_UNDERLYING_POSITION: 200 > 150")


def test_a_combo_counts_each_leg_on_its_side() -> None:
    assert told(Order.market("BUY", 2, contract=CONDOR), context(limits(max_underlying_position=400))) is None
    assert str(told(Order.market("BUY", 3, contract=CONDOR), context(limits(max_underlying_position=400)))).startswith(
        "MAX_UNDERLYING_POSITION: 600 > 400 of GOOG, "
    )


def test_what_brings_one_side_nearer_to_zero_passes_a_limit_that_is_broken_already() -> None:
    around = context(limits(max_underlying_position=100), positions={CALL.key: D(-5), "GOOG": D(50)})
    assert told(Order.market("BUY", 4, contract=CALL), around) is None
    assert told(Order.market("BUY", 50, contract=GOOG), around) is None


@pytest.mark.parametrize("contract", [GOOG, Combo("GOOG", (ComboLeg(GOOG, "BUY"), ComboLeg(CALL, "SELL")))])
@pytest.mark.parametrize("name", ["max_position", "max_underlying_position"])
def test_a_change_counts_the_larger_of_what_it_is_and_what_it_was(contract: Contract, name: str) -> None:
    small = Order.market("BUY", 5, contract=contract)
    large = small.replace(quantity=20)
    rules: dict[str, Any] = {name: 15}
    before = told(small, context(limits(**rules), before=large))
    after = told(large, context(limits(**rules), before=small))
    assert str(before).startswith(f"{name.upper()}: 20 > 15")
    assert after == before
