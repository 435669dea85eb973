"""Plans that roll a strategy: where to, in how many orders, and what is refused."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.planning_market import (
    CHAIN,
    FAR,
    LATE,
    MIDDLE,
    NEAR,
    STRIKES,
    TODAY,
    all_quoted,
    broker,
    call,
    condor,
    held,
    put,
    signed,
)
from v6core.contracts import Combo, Option, OptionRight
from v6core.planning import PlanningCode, PlanningError, RollPlan, netted, plan_roll
from v6core.quotes import ChainExpiration, OptionChain
from v6core.strategies import (
    LegSpec,
    Strategy,
    StrategyType,
    calendar_spread,
    covered_call,
    uncovered_shorts,
    vertical_spread,
)

D = Decimal
DAYS = {day: (day - TODAY).days for day in (NEAR, MIDDLE, FAR, LATE)}


def roll(strategy: Strategy | None = None, **terms: Any) -> RollPlan:
    rolled = strategy or condor()
    given: dict[str, Any] = {
        "held": held(rolled),
        "chain": CHAIN,
        "today": TODAY,
        "capabilities": broker(8),
        "quotes": all_quoted(),
        "new_dte": DAYS[FAR],
        **terms,
    }
    return plan_roll(rolled, **given)


def refusal(strategy: Strategy | None = None, **terms: Any) -> PlanningError:
    with pytest.raises(PlanningError) as error:
        roll(strategy, **terms)
    return error.value


def vertical(quantity: int = 1) -> Strategy:
    return vertical_spread("SPY", NEAR, "PUT", 570, 580, quantity, strategy_id="v")


def test_a_roll_is_one_order_of_old_legs_closed_and_new_ones_opened() -> None:
    (order,) = roll(vertical(3)).orders
    assert isinstance(order.contract, Combo)
    assert order.quantity == 3
    assert signed((leg, D(ratio)) for leg, ratio in order.contract.signed_legs) == {
        put(570).key: -1,
        put(580).key: 1,
        put(570, FAR).key: 1,
        put(580, FAR).key: -1,
    }


def test_the_target_is_what_is_held_afterwards() -> None:
    assert roll(vertical(3)).target == vertical_spread("SPY", FAR, "PUT", 570, 580, 3, strategy_id="v")


@pytest.mark.parametrize(("dte", "day"), [(17, NEAR), (20, NEAR), (21, MIDDLE), (34, MIDDLE), (35, FAR), (100, LATE)])
def test_a_roll_goes_to_the_nearest_listed_expiration(dte: int, day: date) -> None:
    assert roll(vertical(), new_dte=dte, strike_offset=-5).target.expirations == (day,)


@pytest.mark.parametrize("dte", [110, 3000, 10**12])
def test_an_expiration_far_from_what_is_asked_for_is_not_taken(dte: int) -> None:
    refused = refusal(vertical(), new_dte=dte, strike_offset=-5)
    assert refused.code == "ROLL_UNKNOWN_EXPIRATION"
    assert f"the nearest is {LATE}, {DAYS[LATE]} days from today" in refused.message
    assert str(FAR) in str(refused.hint)


def test_a_quarter_of_the_way_is_near_enough() -> None:
    assert roll(vertical(), chain=listing(500), new_dte=400, at_market=True).target.expirations == (
        TODAY + timedelta(days=500),
    )


def listing(days: int) -> OptionChain:
    row = ChainExpiration(expiration=TODAY + timedelta(days=days), strikes=STRIKES)
    return OptionChain(symbol="SPY", expirations=(row,))


def test_strikes_move_by_the_offset() -> None:
    assert roll(vertical(), strike_offset="-5").target.legs[0].strike == 565


def test_strikes_move_by_right() -> None:
    target = roll(strike_offset={OptionRight.PUT: -5, OptionRight.CALL: 10}).target
    assert [leg.strike for leg in target.legs] == [565, 575, 630, 640]


def test_the_side_to_roll_is_taken_as_text() -> None:
    terms: dict[str, Any] = {"strike_offset": -5, "new_dte": DAYS[MIDDLE], "capabilities": broker(4)}
    assert signed(roll(only="put", **terms).changes) == signed(roll(only=OptionRight.PUT, **terms).changes)


def test_only_the_tested_side_rolls() -> None:
    plan = roll(only=OptionRight.PUT, strike_offset=-5, new_dte=DAYS[MIDDLE], capabilities=broker(4))
    assert signed(plan.changes) == {
        put(570).key: -1,
        put(580).key: 1,
        put(565, MIDDLE).key: 1,
        put(575, MIDDLE).key: -1,
    }
    assert {(leg.right, leg.expiration) for leg in plan.target.legs} == {
        (OptionRight.PUT, MIDDLE),
        (OptionRight.CALL, NEAR),
    }
    assert plan.target.strategy_type is StrategyType.IRON_CONDOR


def test_chosen_legs_roll_and_the_others_stay() -> None:
    short_put = condor().legs[1]
    assert signed(roll(only=[short_put]).changes) == {put(580).key: 1, put(580, FAR).key: -1}


def test_a_leg_that_is_not_the_strategys_cannot_roll() -> None:
    other = LegSpec(right="PUT", strike=500, expiration=NEAR, action="BUY")
    assert refusal(only=[other]).code == PlanningCode.ROLL_UNKNOWN_LEG


def test_a_right_without_legs_cannot_roll() -> None:
    assert refusal(vertical(), only=OptionRight.CALL).code == PlanningCode.ROLL_UNKNOWN_LEG


def test_a_contract_in_both_old_and_new_is_netted() -> None:
    assert signed(roll(vertical(), new_dte=DAYS[NEAR], strike_offset=-10).changes) == {
        put(580).key: 1,
        put(570).key: -2,
        put(560).key: 1,
    }


def test_shares_stay_as_they_are() -> None:
    plan = roll(covered_call("SPY", NEAR, 620, 2, strategy_id="cc"))
    assert signed(plan.changes) == {call(620).key: 2, call(620, FAR).key: -2}
    assert plan.target == covered_call("SPY", FAR, 620, 2, strategy_id="cc")


def test_legs_of_several_expirations_keep_their_distance() -> None:
    plan = roll(calendar_spread("SPY", NEAR, FAR, "CALL", 620, strategy_id="c"))
    assert plan.target.expirations == (FAR, LATE)
    assert signed(plan.changes) == {call(620).key: 1, call(620, FAR).key: -2, call(620, LATE).key: 1}


def test_target_legs_are_taken_as_given() -> None:
    legs = [leg.replace(expiration=LATE, strike=leg.strike + 20, quantity=2) for leg in vertical().legs if leg.strike]
    assert signed(roll(vertical(), target_legs=legs, new_dte=None).changes) == {
        put(570).key: -1,
        put(580).key: 1,
        put(590, LATE).key: 2,
        put(600, LATE).key: -2,
    }


def test_target_legs_are_scaled_to_what_is_held() -> None:
    legs = [leg.replace(expiration=LATE) for leg in vertical(10).legs]
    assert roll(vertical(10), held=held(vertical(10), 3), target_legs=legs).target.quantity == 3


def test_target_legs_for_what_is_out_of_ratio_are_refused() -> None:
    legs = [leg.replace(expiration=LATE) for leg in vertical(2).legs]
    error = refusal(vertical(2), held=[(put(570), 2), (put(580), -1)], target_legs=legs)
    assert error.code == PlanningCode.OUT_OF_RATIO


def test_target_legs_that_scale_to_parts_of_a_contract_are_refused() -> None:
    legs = [leg.replace(expiration=LATE, quantity=5) for leg in vertical(10).legs]
    error = refusal(vertical(10), held=held(vertical(10), 3), target_legs=legs)
    assert error.code == PlanningCode.OUT_OF_RATIO


def test_a_limit_asks_only_the_legs_that_change_to_be_in_ratio() -> None:
    now = [(contract, 2 if contract.right is OptionRight.PUT else -1) for contract in (put(570), call(620))]
    moved = roll(condor(2), held=now, new_dte=DAYS[NEAR], strike_offset={OptionRight.PUT: -5}, limit_price="-0.10")
    assert signed(moved.changes) == {put(570).key: -2, put(565).key: 2}


def test_a_roll_moves_only_what_is_held() -> None:
    assert roll(vertical(5), held=held(vertical(5), 2)).target.quantity == 2


def test_nothing_held_is_not_rolled() -> None:
    assert refusal(held=()).code == PlanningCode.NOTHING_HELD


def test_a_leg_held_the_other_way_is_not_rolled() -> None:
    assert refusal(vertical(), held=[(put(580), 1)]).code == PlanningCode.NOTHING_HELD


@pytest.mark.parametrize("whose", ["the original", "what is held"])
def test_a_roll_filled_in_part_is_completed_by_rolling_again(whose: str) -> None:
    new = vertical_spread("SPY", FAR, "PUT", 570, 580, 7, strategy_id="v")
    now = netted([*held(vertical(10), 3), *held(new)])
    original = vertical(10)
    mixed = original.replace_legs([*vertical(3).legs, *new.legs])
    plan = roll(original if whose == "the original" else mixed, held=now, limit_price="0.40", quotes={})
    assert signed(plan.changes) == {put(570).key: -3, put(580).key: 3, put(570, FAR).key: 3, put(580, FAR).key: -3}
    assert (plan.orders[0].quantity, plan.orders[0].limit_price) == (D(3), D("0.40"))
    assert signed(held(plan.target)) == {put(570, FAR).key: 10, put(580, FAR).key: -10}


def test_a_roll_to_what_is_held_is_refused() -> None:
    error = refusal(new_dte=DAYS[NEAR])
    assert error.code == PlanningCode.ROLL_IDENTICAL
    assert "BUY 570 PUT 2026-12-18" in error.message


@pytest.mark.parametrize("dte", [0, -5])
def test_a_target_that_is_not_after_today_is_refused(dte: int) -> None:
    assert refusal(new_dte=dte).code == PlanningCode.ROLL_EXPIRED_TARGET


def test_a_chain_without_later_days_is_refused() -> None:
    assert refusal(today=LATE, strategy=vertical_spread("SPY", LATE, "PUT", 570, 580)).code == (
        PlanningCode.ROLL_EXPIRED_TARGET
    )


def test_a_target_leg_in_the_past_is_refused() -> None:
    legs = [leg.replace(expiration=TODAY) for leg in vertical().legs]
    assert refusal(vertical(), target_legs=legs).code == PlanningCode.ROLL_EXPIRED_TARGET


def test_an_expiration_that_is_not_listed_is_refused_with_those_that_are() -> None:
    legs = [leg.replace(expiration=FAR + timedelta(days=1)) for leg in vertical().legs]
    error = refusal(vertical(), target_legs=legs)
    assert error.code == PlanningCode.ROLL_UNKNOWN_EXPIRATION
    assert str(FAR) in error.message


def test_a_strike_that_is_not_listed_is_refused_with_its_neighbours() -> None:
    error = refusal(vertical(), strike_offset="-3")
    assert error.code == PlanningCode.ROLL_UNKNOWN_STRIKE
    assert "lists no strike 567; nearest are 560, 565, 570, 575" in error.message


def test_an_offset_below_zero_is_refused() -> None:
    assert refusal(vertical(), strike_offset=-600).code == PlanningCode.ROLL_UNKNOWN_STRIKE


def test_a_leg_that_has_expired_is_not_rolled() -> None:
    error = refusal(vertical(), today=NEAR + timedelta(days=1), new_dte=20)
    assert error.code == PlanningCode.ROLL_EXPIRED


def test_legs_that_would_meet_each_other_are_refused() -> None:
    near = calendar_spread("SPY", NEAR, FAR, "CALL", 620, strategy_id="c")
    assert refusal(near, only=[near.legs[0]]).code == PlanningCode.ROLL_COLLIDES


def test_legs_that_would_meet_in_part_are_refused() -> None:
    near = calendar_spread("SPY", NEAR, FAR, "CALL", 620, strategy_id="c")
    two = near.replace_legs([near.legs[0].replace(quantity=2), near.legs[1]])
    assert refusal(two, only=[two.legs[0]]).code == PlanningCode.ROLL_COLLIDES


def test_a_chain_of_another_multiplier_is_no_target() -> None:
    minis = OptionChain(symbol="SPY", expirations=(ChainExpiration(expiration=FAR, strikes=STRIKES, multiplier=D(10)),))
    assert refusal(chain=minis).code == PlanningCode.ROLL_EXPIRED_TARGET


def test_a_leg_keeps_its_trading_class_where_that_is_listed_and_takes_the_others_where_not() -> None:
    weekly = OptionChain(
        symbol="SPX",
        expirations=(
            ChainExpiration(expiration=MIDDLE, strikes=STRIKES, trading_class="SPXW"),
            ChainExpiration(expiration=FAR, strikes=STRIKES, trading_class="SPXW"),
            ChainExpiration(expiration=FAR, strikes=STRIKES, trading_class="SPX"),
        ),
    )
    monthly = vertical_spread("SPX", NEAR, "PUT", 570, 580, trading_class="SPX", strategy_id="v")
    for day, expected in ((MIDDLE, "SPXW"), (FAR, "SPX")):
        plan = roll(monthly, chain=weekly, new_dte=DAYS[day], limit_price=0)
        assert {leg.trading_class for leg in plan.target.legs} == {expected}


def test_of_two_trading_classes_a_leg_keeps_its_own() -> None:
    both = OptionChain(
        symbol="SPX",
        expirations=tuple(
            ChainExpiration(expiration=FAR, strikes=STRIKES, trading_class=name) for name in ("SPX", "SPXW")
        ),
    )
    weekly = vertical_spread("SPX", NEAR, "PUT", 570, 580, trading_class="SPXW", strategy_id="v")
    assert {leg.trading_class for leg in roll(weekly, chain=both, limit_price=0).target.legs} == {"SPXW"}


def test_on_the_last_day_a_roll_goes_to_a_later_one() -> None:
    assert roll(vertical(), today=NEAR, new_dte=1).target.expirations == (MIDDLE,)


def test_the_limit_is_the_net_of_the_whole_roll() -> None:
    assert roll(limit_price="-0.40").orders[0].limit_price == D("-0.40")


def test_without_a_limit_a_roll_takes_the_far_side() -> None:
    assert roll(vertical()).orders[0].limit_price == D("0.20")


def test_a_roll_past_the_leg_limit_is_refused_with_the_way_out() -> None:
    error = refusal(capabilities=broker(4))
    assert error.code == PlanningCode.ROLL_TOO_MANY_LEGS
    assert "the roll has 8 legs" in error.message
    assert error.hint is not None
    assert "sequential=True sends 2 orders" in error.hint


def test_a_roll_without_combos_is_refused_unless_asked_for_by_name() -> None:
    assert "it takes no combos" in refusal(vertical(), capabilities=broker(0)).message


def test_a_roll_past_the_leg_limit_goes_puts_first_and_then_calls() -> None:
    first, second = roll(capabilities=broker(4), sequential=True).steps
    assert {contract.right for contract, _ in first.changes if isinstance(contract, Option)} == {OptionRight.PUT}
    assert {contract.right for contract, _ in second.changes if isinstance(contract, Option)} == {OptionRight.CALL}


def test_leg_by_leg_a_roll_closes_before_it_opens() -> None:
    plan = roll(vertical(), capabilities=broker(0), sequential=True)
    assert [step.changes for step in plan.steps] == [
        ((put(580), D(1)),),
        ((put(570), D(-1)),),
        ((put(570, FAR), D(1)),),
        ((put(580, FAR), D(-1)),),
    ]


def test_a_covered_short_is_covered_between_any_two_orders() -> None:
    plan = roll(capabilities=broker(0), sequential=True)
    now = list(held(condor()))
    for step in plan.steps:
        now += step.changes
        assert uncovered_shorts(now) == ()


def test_a_roll_within_the_limit_is_one_order_also_where_sequential() -> None:
    assert len(roll(sequential=True).steps) == 1


def test_orders_in_sequence_keep_the_limit_by_their_quotes() -> None:
    terms: dict[str, Any] = {"capabilities": broker(4), "sequential": True}
    assert [order.limit_price for order in roll(limit_price="0.40", **terms).orders] == [D("0.20"), D("0.20")]
    assert refusal(limit_price="0.39", **terms).code == PlanningCode.LIMIT_AWAY


def test_a_roll_needs_to_know_where_to() -> None:
    with pytest.raises(ValueError, match="needs new_dte"):
        roll(new_dte=None)


def test_a_roll_of_too_many_legs_even_to_split_says_so() -> None:
    legs = [LegSpec(right="PUT", strike=strike, expiration=NEAR, action="BUY") for strike in STRIKES[:6]]
    wide = Strategy(strategy_id="w", symbol="SPY", legs=legs)
    assert refusal(wide, sequential=True).hint == "roll some of the legs at a time (only=)"
