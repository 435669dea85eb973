"""Orders as they will be sent: what is refused before it is, and what a combo's routing needs."""

from dataclasses import replace

import pytest

from ib.ib_desk import ACME, bound, call, put
from v6_ib_plugin.terms import IbComboLeg, IbContract, IbOrder, TagValue
from v6_ib_plugin.trading.drafts import Draft, check, check_texts, is_guaranteed, with_routing
from v6_ib_plugin.translation.orders import ib_order
from v6core.contracts import Combo, ComboLeg, Contract, Future, Stock
from v6core.errors import NotSent
from v6core.orders import OcaType, Order

ORDER = bound(Order.limit("BUY", 10, 90))
CONTRACT = IbContract(symbol="ACME", sec_type="STK", exchange="SMART", currency="USD")
VERTICAL = Combo("ACME", [ComboLeg(call(105), "BUY"), ComboLeg(call(110), "SELL")])
COVERED = Combo("ACME", [ComboLeg(ACME, "BUY", 100), ComboLeg(call(110), "SELL")])
PAIR = Combo("ACME", [ComboLeg(ACME, "BUY"), ComboLeg(Stock("OTHER"), "SELL")])
CALENDAR = Combo("ES", [ComboLeg(Future("ES", "2027-03-19"), "BUY"), ComboLeg(Future("ES", "2027-06-18"), "SELL")])


@pytest.mark.parametrize("odd", ["AC\x00ME", "AC\nME", "caf\u00e9", "\x7f"])
@pytest.mark.parametrize("field", ["symbol", "exchange", "local_symbol", "trading_class"])
def test_a_contract_with_an_odd_text_is_not_sent(field: str, odd: str) -> None:
    contract = replace(CONTRACT, **{field: odd})  # type: ignore[arg-type]
    with pytest.raises(NotSent, match=f"{field} must be printable ASCII"):
        check_texts(Draft(ORDER, contract, ib_order(ORDER)))


@pytest.mark.parametrize("field", ["oca_group", "account", "order_ref", "tif", "algo_strategy", "good_after_time"])
def test_an_order_with_an_odd_text_is_not_sent(field: str) -> None:
    ib: IbOrder = replace(ib_order(ORDER), **{field: "1\x00SELL\x009999"})  # type: ignore[arg-type]
    with pytest.raises(NotSent, match=f"{field} must be printable ASCII"):
        check_texts(Draft(ORDER, CONTRACT, ib))


def test_odd_texts_are_found_in_what_orders_and_contracts_hold() -> None:
    ib = replace(ib_order(ORDER), algo_params=(TagValue("adaptivePriority", "Nor\x00mal"),))
    with pytest.raises(NotSent, match="algo_params"):
        check_texts(Draft(ORDER, CONTRACT, ib))
    bag = replace(CONTRACT, combo_legs=(IbComboLeg(con_id=1, exchange="SM\x00ART"),))
    with pytest.raises(NotSent, match="combo_legs"):
        check_texts(Draft(ORDER, bag, ib_order(ORDER)))


def test_a_sound_order_passes() -> None:
    check_texts(Draft(ORDER, CONTRACT, ib_order(ORDER)))
    check(ORDER, {})


@pytest.mark.parametrize(("combo", "is_so"), [(VERTICAL, True), (COVERED, True), (PAIR, False), (CALENDAR, False)])
def test_smart_guarantees_combos_of_options_and_of_options_with_their_stock(combo: Combo, is_so: bool) -> None:
    assert is_guaranteed(combo) is is_so
    order = bound(Order.limit("BUY", 1, "1"), combo)
    params = with_routing(ib_order(order), order).smart_combo_routing_params
    assert params == (() if is_so else (TagValue("NonGuaranteed", "1"),))


def test_what_was_said_of_a_guarantee_stands() -> None:
    order = bound(Order.limit("BUY", 1, "1"), PAIR)
    asked = replace(ib_order(order), smart_combo_routing_params=(TagValue("NonGuaranteed", "0"),))
    assert with_routing(asked, order) == asked


def test_a_combo_is_in_no_group_but_one_that_reduces() -> None:
    grouped = bound(Order.limit("BUY", 1, "1", oca_group="g", oca_type=OcaType.CANCEL_WITH_BLOCK), VERTICAL)
    with pytest.raises(NotSent, match="type REDUCE alone"):
        check(grouped, {})
    check(grouped.replace(oca_type=OcaType.REDUCE), {})


@pytest.mark.parametrize(("entry", "exit_"), [(VERTICAL, ACME), (ACME, VERTICAL), (VERTICAL, VERTICAL)])
def test_a_bracket_has_no_combo_in_it(entry: Contract, exit_: Contract) -> None:
    parent = bound(Order.limit("BUY", 1, "10"), entry)
    take = bound(Order.limit("SELL", 1, "11", parent_order_id=parent.order_id), exit_)
    unit = {order.order_id: order for order in (parent, take)}

    def check_all() -> None:
        for order in unit.values():
            check(order, unit)

    with pytest.raises(NotSent, match="combo"):
        check_all()


def test_a_trailing_exit_hangs_on_a_limit_alone() -> None:
    for entry, passes in ((Order.market("BUY", 1), False), (Order.limit("BUY", 1, 90), True)):
        parent = bound(entry)
        trail = bound(Order.trailing_stop("SELL", 1, 5, parent_order_id=parent.order_id))
        unit = {order.order_id: order for order in (parent, trail)}
        if passes:
            check(trail, unit)
        else:
            with pytest.raises(NotSent, match="trailing exits"):
                check(trail, unit)


def test_what_has_no_reference_could_never_be_found_again() -> None:
    with pytest.raises(NotSent, match="no reference"):
        check(Order.limit("BUY", 1, 90, contract=put(90)), {})


def test_a_trailing_exit_hangs_on_no_limit_that_ib_works_in_its_own_way() -> None:
    parent = bound(Order.limit("BUY", 1, 90, options={"work_as": {"type": "MIDPRICE"}}))
    trail = bound(Order.trailing_stop("SELL", 1, 5, parent_order_id=parent.order_id))
    with pytest.raises(NotSent, match="LIMIT and STOP_LIMIT entries alone, not an entry with the option work_as"):
        check(trail, {parent.order_id: parent})
