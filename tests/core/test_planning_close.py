"""Net prices, combo orders, and plans that close what is held."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest

from core.planning_market import (
    FAR,
    NEAR,
    SPY,
    all_quoted,
    broker,
    call,
    condor,
    held,
    put,
    quotes,
    signed,
)
from v6core.contracts import Combo, Contract, OrderAction
from v6core.errors import OrderDenied
from v6core.identifiers import SeededIds
from v6core.orders import OrderType, TimeInForce
from v6core.planning import (
    ClosePlan,
    CloseStep,
    Placement,
    PlanningCode,
    PlanningError,
    combo_order,
    far_side,
    next_steps,
    plan_close,
    strategy_after,
)
from v6core.quotes import Quote
from v6core.strategies import Strategy, StrategyType, covered_call, straddle, vertical_spread

D = Decimal
VERTICAL = [(put(570), 3), (put(580), -3)]


def refused(error: pytest.ExceptionInfo[PlanningError]) -> str:
    return error.value.code


def test_a_net_price_buys_at_the_ask_and_sells_at_the_bid() -> None:
    shown = quotes((put(570), "1.00", "1.10"), (put(580), "2.00", "2.20"))
    assert far_side(VERTICAL, shown) == D("-0.90")
    assert far_side([(contract, -quantity) for contract, quantity in VERTICAL], shown) == D("1.20")


def test_a_net_price_is_per_unit_in_lowest_terms() -> None:
    shown = quotes((put(570), "1.00", "1.10"), (put(580), "2.00", "2.20"))
    assert far_side([(put(570), 2), (put(580), -4)], shown) == D("-2.90")


def test_a_net_price_of_shares_and_an_option_is_per_share() -> None:
    shown = quotes((SPY, "599.90", "600.00"), (call(620), "2.00", "2.20"))
    assert far_side([(SPY, 200), (call(620), -2)], shown) == D("598.00")


def test_a_net_price_of_one_contract_sold_is_received() -> None:
    assert far_side([(SPY, -7)], quotes((SPY, "599.90", "600.00"))) == D("-599.90")


@pytest.mark.parametrize("shown", [quotes((put(570), "1", "2")), quotes((put(570), "1", "2"), (put(580), None, "3"))])
def test_there_is_no_net_price_where_a_side_is_missing(shown: dict[str, Quote]) -> None:
    assert far_side(VERTICAL, shown) is None


def test_a_bid_of_zero_is_a_price_in_a_combo_and_none_alone() -> None:
    shown = quotes((put(570), "0", "0.05"), (put(580), "0.05", "0.10"))
    assert far_side([(put(570), -1), (put(580), 1)], shown) == D("0.10")
    assert far_side([(put(570), -1)], shown) is None


def test_a_net_price_that_does_not_end_is_rounded_up_so_that_it_reaches() -> None:
    shown = quotes((SPY, "1", "1"), (call(620), "1", "1"))
    third = SPY.model_copy(update={"multiplier": D(300)})
    assert far_side([(third, 1), (call(620), 1)], {**shown, third.key: shown[SPY.key]}) == D("1.3333333334")


def test_several_changes_are_one_combo_that_is_bought() -> None:
    order = combo_order(VERTICAL, D("-0.90"), strategy_id="v")
    assert isinstance(order.contract, Combo)
    assert signed((leg, D(ratio)) for leg, ratio in order.contract.signed_legs) == {put(570).key: 1, put(580).key: -1}
    assert (order.action, order.quantity, order.limit_price, order.strategy_id) == (
        OrderAction.BUY,
        D(3),
        D("-0.90"),
        "v",
    )


@pytest.mark.parametrize(
    ("quantity", "net", "action", "limit"),
    [(2, "1.20", OrderAction.BUY, "1.20"), (-2, "-1.20", OrderAction.SELL, "1.20")],
)
def test_one_change_is_a_plain_order(quantity: int, net: str, action: OrderAction, limit: str) -> None:
    order = combo_order([(put(570), quantity)], D(net))
    assert (order.contract, order.action, order.quantity, order.limit_price) == (put(570), action, D(2), D(limit))


def test_without_a_price_it_is_a_market_order() -> None:
    assert combo_order(VERTICAL).order_type is OrderType.MARKET


@pytest.mark.parametrize(("quantity", "net"), [(1, "-1"), (1, "0"), (-1, "1")])
def test_a_single_contract_refuses_a_net_price_of_the_wrong_sign(quantity: int, net: str) -> None:
    with pytest.raises(ValueError, match="its net price is") as error:
        combo_order([(put(570), quantity)], D(net))
    assert error.value.code == PlanningCode.PRICE_CONFLICT  # type: ignore[attr-defined]


def test_changes_of_one_contract_are_netted() -> None:
    assert combo_order([(put(570), 3), (put(570), -1)]).quantity == 2


def test_changes_that_net_to_nothing_are_no_order() -> None:
    with pytest.raises(PlanningError, match="no change"):
        combo_order([(put(570), 1), (put(570), -1)])


def close(strategy: Strategy | None = None, **terms: Any) -> ClosePlan:
    closed = strategy or condor(2)
    given: dict[str, Any] = {"held": held(closed), "capabilities": broker(), "quotes": all_quoted(), **terms}
    return plan_close(closed, **given)


def test_a_condor_closes_as_one_order_for_the_exact_opposite() -> None:
    order = close().whole
    assert order is not None
    assert isinstance(order.contract, Combo)
    assert signed((leg, D(ratio) * order.quantity) for leg, ratio in order.contract.signed_legs) == signed(
        (contract, -quantity) for contract, quantity in held(condor(2))
    )


def test_closing_without_a_price_takes_the_far_side() -> None:
    order = close().whole
    assert order is not None
    assert order.limit_price == D("0.20")  # two shorts bought at 1.10, two longs sold at 1.00


def test_closing_takes_the_limit_that_is_given() -> None:
    order = close(limit_price="0.05", quotes={}).whole
    assert order is not None
    assert order.limit_price == D("0.05")


def test_closing_at_market_needs_no_quotes() -> None:
    order = close(at_market=True, quotes={}).whole
    assert order is not None
    assert order.order_type is OrderType.MARKET


def test_closing_without_quote_limit_or_market_is_denied_before_sending() -> None:
    with pytest.raises(OrderDenied, match="no bid for") as error:
        close(quotes={})
    assert error.value.code == PlanningCode.NO_QUOTE


def test_closing_nothing_is_refused() -> None:
    with pytest.raises(PlanningError) as error:
        close(held=())
    assert refused(error) == PlanningCode.NOTHING_HELD


def test_a_limit_and_the_market_at_once_are_refused() -> None:
    with pytest.raises(PlanningError) as error:
        close(limit_price=1, at_market=True)
    assert refused(error) == PlanningCode.PRICE_CONFLICT


def test_a_limit_says_nothing_for_what_is_out_of_ratio() -> None:
    with pytest.raises(PlanningError) as error:
        close(held=[(put(570), 2), (put(580), -1)], limit_price=1)
    assert refused(error) == PlanningCode.OUT_OF_RATIO


def test_what_is_out_of_ratio_closes_at_the_far_side() -> None:
    order = close(held=[(put(570), 2), (put(580), -1)]).whole
    assert order is not None
    assert (order.quantity, order.limit_price) == (D(1), D("-0.90"))


def test_a_single_long_leg_is_sold_at_the_limit_received() -> None:
    order = close(held=[(put(570), 2)], limit_price="-1.05", capabilities=broker(0)).whole
    assert order is not None
    assert (order.action, order.quantity, order.limit_price) == (OrderAction.SELL, D(2), D("1.05"))


def test_the_orders_carry_what_they_share() -> None:
    placement = Placement(account="DU1", tif=TimeInForce.GTC, ids=SeededIds(1))
    order = close(placement=placement).whole
    assert order is not None
    assert (order.strategy_id, order.account, order.tif, order.order_id) == (
        "ic",
        "DU1",
        TimeInForce.GTC,
        SeededIds(1).order_id(),
    )


@pytest.mark.parametrize("legs", [0, 2, 3])
def test_a_broker_of_fewer_legs_closes_leg_by_leg(legs: int) -> None:
    plan = close(capabilities=broker(legs))
    assert plan.whole is None
    assert [step.quantity > 0 for step in plan.steps] == [True, True, False, False]


def test_a_broker_without_such_combo_orders_closes_leg_by_leg() -> None:
    plan = close(capabilities=broker(combo_types=frozenset({OrderType.LIMIT})), at_market=True)
    assert plan.whole is None
    assert plan.reason == "it takes no MARKET orders for COMBO contracts"


def test_leg_by_leg_each_leg_goes_at_its_far_side() -> None:
    steps = close(capabilities=broker(0), limit_price="0.20").steps
    assert [step.order.limit_price for step in steps] == [D("1.10"), D("1.10"), D("1.00"), D("1.00")]


def test_leg_by_leg_a_limit_that_the_quotes_do_not_reach_is_refused() -> None:
    with pytest.raises(PlanningError, match=r"40\.00 and not to the limit of 38\.00") as error:
        close(capabilities=broker(0), limit_price="0.19")
    assert refused(error) == PlanningCode.LIMIT_AWAY


def test_a_long_names_the_short_that_it_covers() -> None:
    covers = {step.key: step.covers for step in close(capabilities=broker(0)).steps}
    assert covers[put(570).key] == (put(580).key,)
    assert covers[call(630).key] == (call(620).key,)


def keys(steps: Iterable[CloseStep]) -> list[str]:
    return [step.key for step in steps]


def test_only_the_buy_backs_go_first() -> None:
    plan = close(capabilities=broker(0))
    assert keys(next_steps(plan, held(condor(2)), {})) == [put(580).key, call(620).key]


def test_a_long_waits_while_its_short_is_bought_back() -> None:
    plan = close(capabilities=broker(0))
    working = {step.order.order_id: step.order.quantity for step in plan.steps[:2]}
    assert next_steps(plan, held(condor(2)), working) == ()


def test_a_long_goes_once_its_short_is_gone_whatever_the_other_side_does() -> None:
    plan = close(capabilities=broker(0))
    (short_put, short_call, *_) = plan.steps
    now = [row for row in held(condor(2)) if row[0] != put(580)]
    sent = {short_put.order.order_id: D(0), short_call.order.order_id: D(2)}
    assert keys(next_steps(plan, now, sent)) == [put(570).key]


def test_a_long_whose_short_could_not_be_bought_back_stays() -> None:
    plan = close(capabilities=broker(0))
    ended = {step.order.order_id: D(0) for step in plan.steps[:2]}
    assert next_steps(plan, held(condor(2)), ended) == ()


def test_a_buy_back_that_failed_in_part_lets_a_part_of_the_long_go() -> None:
    strategy = vertical_spread("SPY", NEAR, "PUT", 570, 580, 5, strategy_id="v")
    plan = close(strategy, capabilities=broker(0))
    (sale,) = next_steps(plan, [(put(570), 5), (put(580), -2)], {plan.steps[0].order.order_id: D(0)})
    assert (sale.key, sale.order.quantity, sale.order.order_id) == (put(570).key, D(3), plan.steps[1].order.order_id)


def test_longs_that_cover_nothing_go_at_once() -> None:
    strategy = straddle("SPY", NEAR, 600, 2, strategy_id="s")
    plan = close(strategy, capabilities=broker(0))
    assert len(next_steps(plan, held(strategy), {})) == 2


def test_shares_wait_for_the_call_that_they_cover() -> None:
    strategy = covered_call("SPY", NEAR, 620, 2, strategy_id="cc")
    plan = close(strategy, capabilities=broker(0))
    assert keys(next_steps(plan, held(strategy), {})) == [call(620).key]
    assert keys(next_steps(plan, [(SPY, 200)], {plan.steps[0].order.order_id: D(0)})) == [SPY.key]


def test_a_call_waits_for_the_shares_owed_that_it_covers() -> None:
    owed = strategy_after(condor(), [(SPY, -100), (call(620), 1)])
    assert owed is not None
    plan = close(owed, capabilities=broker(0))
    assert keys(next_steps(plan, held(owed), {})) == [SPY.key]


def test_a_ratio_that_no_combo_has_closes_leg_by_leg() -> None:
    plan = close(held=[(SPY, 10_001), (call(620), -1)])
    assert plan.reason == "no leg of a combo has a ratio above 10000"


def test_a_step_is_no_larger_than_what_is_left() -> None:
    plan = close(capabilities=broker(0))
    (back, *_) = next_steps(plan, [(put(570), 2), (put(580), -1)], {})
    assert (back.key, back.order.quantity) == (put(580).key, D(1))


def test_a_step_whose_leg_changed_sides_is_not_sent() -> None:
    assert next_steps(close(capabilities=broker(0)), [(put(580), 2)], {}) == ()


def test_nothing_left_is_no_strategy() -> None:
    assert strategy_after(condor(), [(put(570), 1), (put(570), -1)]) is None


def test_what_is_left_keeps_id_order_and_type() -> None:
    assert strategy_after(condor(3), reversed(held(condor(3), 2))) == condor(2)


def test_another_shape_is_a_custom_strategy() -> None:
    left = strategy_after(condor(), held(condor())[:2])
    assert left is not None
    assert (left.strategy_type, len(left.legs), left.strategy_id) == (StrategyType.CUSTOM, 2, "ic")


def test_the_same_legs_at_another_day_keep_the_type() -> None:
    later = strategy_after(condor(), [(put(570, FAR), 1), (put(580, FAR), -1), (call(620), -1), (call(630), 1)])
    assert later is not None
    assert later.strategy_type is StrategyType.IRON_CONDOR


@pytest.mark.parametrize(
    "row",
    [
        (put(570).model_copy(update={"symbol": "QQQ"}), D(1)),
        (put(570), D("0.5")),
        (SPY.model_copy(update={"currency": "EUR"}), 1),
    ],
)
def test_what_cannot_be_a_leg_is_refused(row: tuple[Contract, Decimal]) -> None:
    with pytest.raises(ValueError, match=r"leg is whole|has not the symbol"):
        strategy_after(condor(), [row])
