"""Which brackets and which combos a broker takes, where it takes some and not all."""

from __future__ import annotations

import pytest

from v6core.capabilities import BracketSupport, Capabilities, ExitRelease, OrderSupport
from v6core.contracts import Combo, ComboLeg, Option, Stock
from v6core.orders import Order, OrderType, TimeInForce

GOOG = Stock("GOOG")
CALL = Option("GOOG", "2026-12-18", 100, "CALL")
OTHER = Option("GOOG", "2026-12-18", 110, "CALL")
ROW = BracketSupport(
    kinds=frozenset({"STOCK"}),
    entry_types=frozenset({OrderType.MARKET, OrderType.LIMIT}),
    exit_types=frozenset({OrderType.LIMIT, OrderType.STOP}),
    tifs=frozenset({TimeInForce.DAY, TimeInForce.GTC}),
    one_tif=True,
)


def _capabilities(*rows: BracketSupport, leg_kinds: frozenset[str] = frozenset(), bracket: bool = True) -> Capabilities:
    orders = OrderSupport(
        kinds=frozenset({"STOCK", "OPTION", "COMBO"}),
        order_types=frozenset(OrderType),
        tifs=frozenset(TimeInForce),
    )
    return Capabilities(
        simulated=True,
        orders=(orders,),
        bracket=bracket,
        brackets=rows,
        exit_release=ExitRelease.FULL_FILL if bracket else None,
        max_combo_legs=4,
        combo_leg_kinds=leg_kinds,
    )


def _entry(**changes: object) -> Order:
    return Order.limit("BUY", 1, 100, contract=GOOG).replace(**changes)


def _stop(**changes: object) -> Order:
    return Order.stop("SELL", 1, 90, contract=GOOG).replace(**changes)


def test_without_rows_every_bracket_is_taken() -> None:
    assert _capabilities().takes_bracket(_entry(contract=CALL), [_stop(contract=OTHER, tif="IOC")])


def test_who_takes_no_brackets_takes_none() -> None:
    assert not _capabilities(bracket=False).takes_bracket(_entry(), [_stop()])


def test_a_bracket_of_a_row_is_taken() -> None:
    assert _capabilities(ROW).takes_bracket(_entry(), [Order.limit("SELL", 1, 110, contract=GOOG), _stop()])


@pytest.mark.parametrize(
    ("entry", "stop_loss"),
    [
        (_entry(contract=CALL), _stop(contract=CALL)),
        (_entry(), _stop(contract=CALL)),
        (_entry(), _stop(tif="GTC")),
        (_entry(tif="IOC"), _stop(tif="IOC")),
        (Order.stop("BUY", 1, 101, contract=GOOG), _stop()),
        (_entry(), Order.trailing_stop("SELL", 1, trail_amount=1, contract=GOOG)),
    ],
    ids=["kind", "exit elsewhere", "two times in force", "time in force", "entry type", "exit type"],
)
def test_a_bracket_of_no_row_is_not_taken(entry: Order, stop_loss: Order) -> None:
    assert not _capabilities(ROW).takes_bracket(entry, [stop_loss])


def test_times_in_force_may_differ_where_the_row_lets_them() -> None:
    row = ROW.model_copy(update={"one_tif": False})
    assert _capabilities(row).takes_bracket(_entry(), [_stop(tif="GTC")])


def test_rows_of_brackets_belong_to_a_broker_that_takes_brackets() -> None:
    with pytest.raises(ValueError, match="brackets belongs to a broker that takes brackets"):
        _capabilities(ROW, bracket=False)


def test_a_combo_with_a_leg_of_another_kind_is_refused() -> None:
    covered = Combo("GOOG", [ComboLeg(GOOG, "BUY", 100), ComboLeg(CALL, "SELL")])
    order = Order.market("BUY", 1, contract=covered)
    assert _capabilities().why_not(order) is None
    why = _capabilities(leg_kinds=frozenset({"OPTION"})).why_not(order)
    assert why == "it takes no STOCK as a leg of a combo"
