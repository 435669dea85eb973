"""Strategies by example: legs, the named ones, textbook payoffs, cover, and the most that legs can lose."""

from __future__ import annotations

import decimal
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from v6core.contracts import Combo, Contract, Forex, Future, FutureOption, Index, Option, OptionRight, Stock
from v6core.identifiers import SeededIds
from v6core.strategies import (
    LegAction,
    LegSpec,
    Strategy,
    StrategyType,
    break_evens,
    butterfly,
    calendar_spread,
    cash_secured_put,
    covered_call,
    diagonal_spread,
    iron_butterfly,
    iron_condor,
    max_loss,
    max_loss_of,
    max_profit,
    payoff,
    releasable,
    straddle,
    strangle,
    uncovered_shorts,
    vertical_spread,
)

NEAR, FAR = "2026-12-18", "2027-01-15"
SignedLegs = list[tuple[Contract, int]]


def condor(quantity: int = 1) -> Strategy:
    return iron_condor("SPY", NEAR, 570, 580, 620, 630, quantity)


def call(strike: float, expiration: str = NEAR) -> Option:
    return Option("SPY", expiration, strike, "CALL")


def put(strike: float, expiration: str = NEAR) -> Option:
    return Option("SPY", expiration, strike, "PUT")


def decimals(*values: float | str) -> tuple[Decimal, ...]:
    return tuple(Decimal(str(value)) for value in values)


# --- legs


def test_a_leg_takes_words_and_numbers_as_people_write_them() -> None:
    leg = LegSpec(right="c", strike="620.50", quantity=2, action="sell", expiration="20261218")
    assert (leg.right, leg.strike, leg.signed_quantity, leg.expiration) == (
        OptionRight.CALL,
        Decimal("620.5"),
        -2,
        date(2026, 12, 18),
    )


def test_a_leg_with_a_right_is_an_option() -> None:
    leg = LegSpec(right="PUT", strike=570, action="BUY", expiration=NEAR, trading_class="SPXW")
    assert str(leg.contract("SPX", multiplier=100)) == "OPTION:SPX:20261218:570:P:USD:100:SPXW"


def test_a_leg_without_a_right_is_the_underlying() -> None:
    assert LegSpec(action="BUY", quantity=100).contract("spy", currency="EUR") == Stock("SPY", currency="EUR")


def test_a_leg_changed_is_validated_again() -> None:
    leg = LegSpec(right="PUT", strike=570, action="BUY", expiration=NEAR)
    assert leg.replace(expiration=FAR).expiration == date(2027, 1, 15)
    with pytest.raises(ValueError, match="strike must be positive, not -5"):
        leg.replace(strike=-5)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "action"),
        ({"action": "HOLD"}, "'BUY' or 'SELL'"),
        ({"action": "BUY", "right": "BOTH"}, "'CALL' or 'PUT'"),
        ({"action": "BUY", "right": "PUT"}, "needs a strike and an expiration"),
        ({"action": "BUY", "right": "PUT", "strike": 570}, "needs a strike and an expiration"),
        ({"action": "BUY", "strike": 570}, "without a right is the underlying"),
        ({"action": "BUY", "expiration": NEAR}, "without a right is the underlying"),
        ({"action": "BUY", "right": "PUT", "expiration": NEAR, "strike": float("nan")}, "strike must be finite"),
        ({"action": "BUY", "right": "PUT", "expiration": NEAR, "strike": -570}, "strike must be positive"),
        ({"action": "BUY", "right": "PUT", "expiration": NEAR, "strike": 10**15}, "strike must be below"),
        ({"action": "BUY", "right": "PUT", "expiration": "soon", "strike": 570}, "a day like 2026-12-18"),
        ({"action": "BUY", "quantity": 0}, "quantity must be positive"),
        ({"action": "BUY", "quantity": -3}, "quantity must be positive"),
        ({"action": "BUY", "quantity": 1.5}, "quantity must be a whole number, not 1.5"),
        ({"action": "BUY", "quantity": True}, "quantity must be a number"),
        ({"action": "BUY", "quantity": None}, "quantity must be a number"),
        ({"action": "BUY", "quantity": 10**20}, "quantity must be below"),
        ({"action": "BUY", "side": 1}, "not permitted"),
    ],
)
def test_a_bad_leg_is_refused_in_words(fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        LegSpec(**fields)


# --- strategies


def test_a_strategy_comes_back_from_json() -> None:
    strategy = iron_condor("SPX", NEAR, 570, 580, 620, 630, metadata={"idea": "range", "legs": [1, 2]})
    assert Strategy.model_validate_json(strategy.model_dump_json()) == strategy


def test_a_strategy_is_hashable_and_frozen() -> None:
    strategy = condor()
    assert {strategy: 1}[strategy] == 1
    with pytest.raises(ValueError, match="frozen"):
        strategy.symbol = "QQQ"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"legs": ()}, "at least one leg"),
        ({"legs": [LegSpec(action="BUY"), LegSpec(action="SELL", quantity=5)]}, "SPY is there twice"),
        ({"strategy_id": " "}, "strategy_id must not be empty"),
        ({"strategy_id": "a\nb"}, "printable"),
        ({"symbol": "S$Y"}, "symbol must be letters"),
        ({"symbol": 5}, "symbol"),
        ({"strategy_type": "HOPE"}, "IRON_CONDOR"),
        ({"metadata": {"price": float("nan")}}, "no NaN"),
        ({"metadata": {"deep": [{"price": float("inf")}]}}, "no infinity"),
        ({"metadata": {"thing": object()}}, "JSON"),
        ({"multiplier": 0}, "multiplier must be positive"),
        ({"currency": "dollars!"}, "currency must be a code"),
    ],
)
def test_a_bad_strategy_is_refused_in_words(changes: dict[str, Any], sentence: str) -> None:
    fields: dict[str, Any] = {"strategy_id": "mine", "symbol": "SPY", "legs": [LegSpec(action="BUY")], **changes}
    with pytest.raises(ValueError, match=sentence):
        Strategy(**fields)


def test_legs_too_uneven_for_one_combo_are_refused_when_made() -> None:
    option = LegSpec(right="CALL", strike=620, action="SELL", expiration=NEAR)
    with pytest.raises(ValueError, match="less than or equal to 10000"):
        Strategy(strategy_id="mine", symbol="SPY", legs=[LegSpec(action="BUY", quantity=10_001), option])


def test_a_strategy_is_traded_as_its_combo_in_lowest_terms() -> None:
    contract, units = condor(10).as_combo()
    assert (units, condor(10).action) == (10, LegAction.BUY)
    assert str(contract) == (
        "COMBO:SPY[+1*SPY261218C00630000,+1*SPY261218P00570000,-1*SPY261218C00620000,-1*SPY261218P00580000]"
    )


def test_the_legs_of_a_butterfly_keep_their_ratio() -> None:
    strategy = butterfly("SPY", NEAR, "CALL", 590, 600, 610, quantity=3)
    assert [leg.signed_ratio for leg in strategy.combo_legs()] == [1, -2, 1]
    assert strategy.quantity == 3


def test_a_single_leg_is_its_plain_contract_and_sold_where_the_leg_is() -> None:
    strategy = cash_secured_put("SPY", NEAR, 580, quantity=2)
    assert strategy.as_combo() == (put(580), -2)
    assert (strategy.action, strategy.quantity) == (LegAction.SELL, 2)


def test_signed_legs_carry_the_whole_quantities() -> None:
    assert [quantity for _, quantity in condor(10).signed_legs] == [10, -10, -10, 10]


def test_the_opposite_sells_what_was_bought_under_the_same_id() -> None:
    strategy = condor()
    assert [leg.action for leg in strategy.opposite.legs] == ["SELL", "BUY", "BUY", "SELL"]
    assert strategy.opposite.strategy_id == strategy.strategy_id


def test_replacing_legs_keeps_all_else() -> None:
    strategy = iron_condor("SPY", NEAR, 570, 580, 620, 630, metadata={"a": 1})
    rolled = strategy.replace_legs(leg.replace(expiration=FAR) for leg in strategy.legs)
    assert rolled.expirations == (date(2027, 1, 15),)
    assert rolled.model_copy(update={"legs": strategy.legs}) == strategy


def test_only_options_expire() -> None:
    strategy = covered_call("SPY", NEAR, 620)
    assert strategy.expirations == (date(2026, 12, 18),)
    assert [leg.right for leg in strategy.option_legs] == [OptionRight.CALL]


# --- the named ones

NAMED: list[tuple[Callable[[], Strategy], StrategyType, str]] = [
    (lambda: vertical_spread("SPY", NEAR, "PUT", 570, 580), StrategyType.VERTICAL_SPREAD, "+1P570 -1P580"),
    (condor, StrategyType.IRON_CONDOR, "+1P570 -1P580 -1C620 +1C630"),
    (
        lambda: iron_butterfly("SPY", NEAR, 590, 600, 610),
        StrategyType.IRON_BUTTERFLY,
        "+1P590 -1P600 -1C600 +1C610",
    ),
    (lambda: straddle("SPY", NEAR, 600), StrategyType.STRADDLE, "+1P600 +1C600"),
    (lambda: strangle("SPY", NEAR, 590, 610, action="SELL"), StrategyType.STRANGLE, "-1P590 -1C610"),
    (lambda: calendar_spread("SPY", NEAR, FAR, "CALL", 600), StrategyType.CALENDAR_SPREAD, "-1C600 +1C600"),
    (lambda: diagonal_spread("SPY", NEAR, FAR, "CALL", 610, 600), StrategyType.DIAGONAL_SPREAD, "-1C610 +1C600"),
    (lambda: butterfly("SPY", NEAR, "PUT", 590, 600, 610), StrategyType.BUTTERFLY, "+1P590 -2P600 +1P610"),
    (lambda: covered_call("SPY", NEAR, 620, 2), StrategyType.COVERED_CALL, "+200 -2C620"),
    (lambda: cash_secured_put("SPY", NEAR, 580), StrategyType.CASH_SECURED_PUT, "-1P580"),
]


def _legs_in_short(strategy: Strategy) -> str:
    return " ".join(
        f"{leg.signed_quantity:+d}{leg.right[0] if leg.right else ''}{leg.strike or ''}" for leg in strategy.legs
    )


@pytest.mark.parametrize(("make", "kind", "legs"), NAMED, ids=[str(kind) for _, kind, _ in NAMED])
def test_each_name_stands_for_its_legs(make: Callable[[], Strategy], kind: StrategyType, legs: str) -> None:
    strategy = make()
    assert (strategy.strategy_type, _legs_in_short(strategy)) == (kind, legs)


def test_every_type_but_custom_has_its_constructor() -> None:
    assert {kind for _, kind, _ in NAMED} == set(StrategyType) - {StrategyType.CUSTOM}


def test_a_calendar_sells_the_near_and_buys_the_far_expiration() -> None:
    near, far = calendar_spread("SPY", NEAR, FAR, "CALL", 600).legs
    assert (near.action, near.expiration, far.action, far.expiration) == (
        "SELL",
        date(2026, 12, 18),
        "BUY",
        date(2027, 1, 15),
    )


def test_two_of_the_same_are_two_strategies_with_readable_ids() -> None:
    first, second = condor(), condor()
    assert first.strategy_id != second.strategy_id
    assert first.strategy_id.startswith("SPY-iron-condor-20261218-")


def test_a_seeded_source_repeats_the_id() -> None:
    first, second = (straddle("BRK B", NEAR, 600, ids=SeededIds(7)).strategy_id for _ in range(2))
    assert first == second
    assert first.startswith("BRK-B-straddle-20261218-")


def test_terms_reach_the_contracts() -> None:
    strategy = vertical_spread(
        "SPX", NEAR, "CALL", 6000, 6100, strategy_id="mine", trading_class="SPXW", exchange="CBOE", multiplier=50
    )
    contract = strategy.signed_legs[0][0]
    assert (contract.trading_class, contract.exchange, contract.multiplier) == ("SPXW", "CBOE", Decimal(50))
    assert strategy.strategy_id == "mine"


def test_a_covered_call_holds_one_multiplier_of_shares_a_call() -> None:
    assert covered_call("SPY", NEAR, 620, 3, multiplier=10).legs[0].quantity == 30


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: iron_condor("SPY", NEAR, 580, 570, 620, 630), "long_put 580 must be below short_put 570"),
        (lambda: iron_condor("SPY", NEAR, 570, 620, 620, 630), "short_put 620 must be below short_call 620"),
        (lambda: iron_condor("SPY", NEAR, 570, 580, 630, 620), "short_call 630 must be below long_call 620"),
        (lambda: iron_butterfly("SPY", NEAR, 600, 600, 610), "long_put 600 must be below short_strike 600"),
        (lambda: strangle("SPY", NEAR, 610, 590), "put_strike 610 must be below call_strike 590"),
        (lambda: butterfly("SPY", NEAR, "PUT", 590, 615, 610), "middle_strike 615 must be below upper_strike 610"),
        (lambda: vertical_spread("SPY", NEAR, "PUT", 570, "570.00"), "long_strike and short_strike must differ"),
        (lambda: diagonal_spread("SPY", NEAR, FAR, "PUT", 570, 570), "near_strike and far_strike must differ"),
        (lambda: calendar_spread("SPY", FAR, NEAR, "PUT", 570), "near_expiration 2027-01-15 must be before"),
        (lambda: calendar_spread("SPY", NEAR, NEAR, "PUT", 570), "must be before far_expiration 2026-12-18"),
        (lambda: iron_condor("SPY", NEAR, float("nan"), 580, 620, 630), "long_put must be finite"),
        (lambda: straddle("SPY", NEAR, -600), "strike must be positive, not -600"),
        (lambda: straddle("SPY", NEAR, 600, quantity=0), "quantity must be positive"),
        (lambda: butterfly("SPY", NEAR, "PUT", 590, 600, 610, quantity=-1), "quantity must be positive"),
        (lambda: straddle("SPY", NEAR, 600, action="HOLD"), "'BUY' or 'SELL'"),
        (lambda: straddle("", NEAR, 600), "symbol must not be empty"),
        (lambda: covered_call("SPY", NEAR, 600, multiplier="0.5"), "multiplier must be a whole number"),
    ],
)
def test_a_bad_name_is_refused_in_words(make: Callable[[], Strategy], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        make()


# --- payoff: textbook figures; max profit, max loss, break-evens

TEXTBOOK: list[tuple[str, Strategy, str, float | None, float | None, tuple[Decimal, ...]]] = [
    ("iron condor", condor(), "-2.45", 245, 755, decimals("577.55", "622.45")),
    ("ten iron condors", condor(10), "-2.45", 2450, 7550, decimals("577.55", "622.45")),
    ("bull call spread", vertical_spread("SPY", NEAR, "CALL", 600, 610), "4", 600, 400, decimals(604)),
    ("bull put spread", vertical_spread("SPY", NEAR, "PUT", 570, 580), "-3", 300, 700, decimals(577)),
    ("iron butterfly", iron_butterfly("SPY", NEAR, 590, 600, 610), "-7", 700, 300, decimals(593, 607)),
    ("long straddle", straddle("SPY", NEAR, 600), "20", None, 2000, decimals(580, 620)),
    ("short straddle", straddle("SPY", NEAR, 600, action="SELL"), "-20", 2000, None, decimals(580, 620)),
    ("long strangle", strangle("SPY", NEAR, 590, 610), "8", None, 800, decimals(582, 618)),
    ("long butterfly", butterfly("SPY", NEAR, "CALL", 590, 600, 610), "2.5", 750, 250, decimals("592.5", "607.5")),
    ("covered call", covered_call("SPY", NEAR, 620), "595", 2500, 59500, decimals(595)),
    ("cash-secured put", cash_secured_put("SPY", NEAR, 580), "-6", 600, 57400, decimals(574)),
]


@pytest.mark.parametrize(
    ("strategy", "net", "profit", "loss", "evens"), [row[1:] for row in TEXTBOOK], ids=[row[0] for row in TEXTBOOK]
)
def test_the_textbook_figures_hold(
    strategy: Strategy, net: str, profit: float | None, loss: float | None, evens: tuple[Decimal, ...]
) -> None:
    assert (max_profit(strategy, net), max_loss(strategy, net), break_evens(strategy, net)) == (profit, loss, evens)


def test_payoff_is_profit_in_currency_for_the_whole_quantity() -> None:
    prices = (550, 570, 577.55, 600, 625, 700)
    assert [payoff(condor(2), price, "-2.45") for price in prices] == [-1510, -1510, 0, 490, -510, -1510]


def test_a_certain_profit_is_a_negative_maximum_loss() -> None:
    assert max_loss(condor(), -11) == -100


def test_break_evens_of_a_flat_stretch_are_its_ends() -> None:
    assert break_evens(vertical_spread("SPY", NEAR, "CALL", 600, 610), 0) == decimals(0, 600)


def test_a_break_even_between_digits_is_rounded_to_28() -> None:
    legs = [
        LegSpec(right="CALL", strike=100, action="BUY", expiration=NEAR, quantity=3),
        LegSpec(right="PUT", strike=50, action="BUY", expiration=NEAR),
    ]
    strategy = Strategy(strategy_id="mine", symbol="SPY", legs=legs)
    assert break_evens(strategy, 1) == (Decimal(49), Decimal("100.3333333333333333333333333"))


def test_payoff_does_not_depend_on_the_decimal_context() -> None:
    strategy, evens = condor(12345), decimals("577.55", "622.45")
    with decimal.localcontext(prec=4):
        assert break_evens(strategy, "-2.45") == evens
        assert max_loss(strategy, "-2.45") == 9320475


def test_the_largest_numbers_stay_exact() -> None:
    strategy = cash_secured_put("SPY", NEAR, "9999999999999.9999999999", 10**12)
    assert max_loss(strategy, 0) == 10**14 * Decimal("9999999999999.9999999999")


def test_payoff_of_two_expirations_says_that_it_needs_a_model() -> None:
    strategy = calendar_spread("SPY", NEAR, FAR, "CALL", 600)
    for figure in (break_evens, max_profit, max_loss):
        with pytest.raises(ValueError, match=r"needs a pricing model.*2026-12-18, 2027-01-15"):
            figure(strategy, 5)


@pytest.mark.parametrize(
    ("price", "net", "sentence"),
    [
        (-1, 0, "price must not be negative"),
        (float("nan"), 0, "price_at_expiration must be finite"),
        (600, float("inf"), "net_price must be finite"),
        ("much", 0, "price_at_expiration must be a number"),
        (10**14, 0, "price_at_expiration must be below"),
    ],
)
def test_a_bad_price_is_refused_in_words(price: Any, net: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        payoff(condor(), price, net)


# --- the most that legs can lose


def test_the_bound_of_one_expiration_is_exact() -> None:
    combo, units = condor(10).as_combo()
    assert max_loss_of([(combo, 1)], "-2.45", units) == 7550
    assert max_loss_of([(combo, -1)], "2.45", units) == 2450


def test_the_bound_of_a_combo_is_that_of_its_legs() -> None:
    combo, _ = condor().as_combo()
    assert isinstance(combo, Combo)
    assert max_loss_of(combo.signed_legs, "-2.45") == max_loss_of([(combo, 1)], "-2.45")


def test_shares_lose_their_price_and_short_shares_have_no_bound() -> None:
    assert max_loss_of([(Stock("SPY"), 1)], 50, 100) == 5000
    assert max_loss_of([(Stock("SPY"), -1)], -50, 100) is None


def test_a_calendar_loses_its_debit_at_most() -> None:
    assert max_loss_of([(call(600), -1), (call(600, FAR), 1)], 5) == 500


def test_a_diagonal_loses_its_width_besides() -> None:
    assert max_loss_of([(call(600), -1), (call(610, FAR), 1)], "-1") == 900


def test_a_long_that_expires_first_covers_nothing() -> None:
    assert max_loss_of([(call(600), 1), (call(600, FAR), -1)], -5) is None
    assert max_loss_of([(put(600), 1), (put(600, FAR), -1)], -5) == 59500


def test_two_condors_of_different_months_lose_the_worse_of_each() -> None:
    near = [(put(570), 1), (put(580), -1), (call(620), -1), (call(630), 1)]
    far = [(put(570, FAR), 1), (put(580, FAR), -1), (call(620, FAR), -1), (call(630, FAR), 1)]
    assert max_loss_of([*near, *far], -5) == 1500


def test_later_longs_cover_shorts_of_two_days() -> None:
    legs: SignedLegs = [(call(600), -1), (call(600, FAR), -1), (call(600, "2027-02-19"), 2)]
    assert max_loss_of(legs, 5) == 500


def test_a_long_to_spare_joins_the_last_short_before_it() -> None:
    near: SignedLegs = [(put(500), -1), (put(499), 1)]
    far: SignedLegs = [(put(600, FAR), -1), (put(550, FAR), 1)]
    assert max_loss_of([*near, *far], 0) == 100 + 5000
    assert max_loss_of([*near, *far, (put(590, "2027-02-19"), 1)], 0) == 100 + 1000


def test_a_put_protects_shares() -> None:
    assert max_loss_of([(Stock("SPY"), 100), (put(580), 1)], 605) == 2500


def test_short_shares_are_covered_by_calls_of_two_expirations() -> None:
    assert max_loss_of([(Stock("SPY"), -100), (call(600), 1), (put(500, FAR), 1)], -580) == 2000


def test_different_underlyings_are_each_taken_at_their_worst() -> None:
    assert max_loss_of([(Stock("SPY"), 1), (Stock("QQQ"), 1)], 1000) == 1000
    assert max_loss_of([(Stock("SPY"), 1), (Stock("QQQ"), -1)], 100) is None


def test_the_price_of_a_future_has_no_floor() -> None:
    option = FutureOption("CL", NEAR, 20, "PUT", multiplier=1000)
    lower = FutureOption("CL", NEAR, 10, "PUT", multiplier=1000)
    assert max_loss_of([(Future("CL", NEAR, multiplier=1000), 1)], 20) is None
    assert max_loss_of([(option, -1)], -1) is None
    assert max_loss_of([(option, -1), (lower, 1)], -1) == 9000
    assert max_loss_of([(option, 1)], 1) == 1000


@pytest.mark.parametrize(
    ("legs", "net", "quantity", "sentence"),
    [
        ([], 1, 1, "at least one contract"),
        ([(Index("SPX"), 1)], 1, 1, "an index cannot be held: INDEX:SPX"),
        ([(Stock("SPY"), 1), (Stock("SAP", currency="EUR"), 1)], 1, 1, "several currencies.*EUR, USD"),
        ([(Stock("SPY"), float("nan"))], 1, 1, "quantity must be finite"),
        ([(Stock("SPY"), 1)], "dear", 1, "net_price must be a number"),
        ([(Stock("SPY"), 1)], 1, -1, "quantity must be positive, not -1"),
    ],
)
def test_a_bound_of_nonsense_is_refused_in_words(legs: Any, net: Any, quantity: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        max_loss_of(legs, net, quantity)


# --- cover


@pytest.mark.parametrize(
    ("positions", "uncovered"),
    [
        ([(call(620), -1)], [(call(620), 1)]),
        ([(call(620), -1), (call(700), 1)], []),
        ([(call(620), -1), (put(620), 1)], [(call(620), 1)]),
        ([(call(620), -1), (call(620, FAR), 1)], []),
        ([(call(620, FAR), -1), (call(620), 1)], [(call(620, FAR), 1)]),
        ([(call(620), -3), (call(630), 2)], [(call(620), 1)]),
        ([(call(620), -2), (Stock("SPY"), 150)], [(call(620), 1)]),
        ([(call(620), -2), (Stock("SPY"), Decimal(200))], []),
        ([(call(620), -1), (Stock("QQQ"), 100)], [(call(620), 1)]),
        ([(put(580), -1), (Stock("SPY"), 100)], [(put(580), 1)]),
        ([(put(580), -1), (Stock("SPY"), -100)], [(put(580), 1)]),
        ([(call(620), -1), (call(620), 1)], []),
        ([(call(620), -1), (call(620, FAR), -1), (call(650), 1), (call(650, FAR), 1)], []),
        ([(call(620), -1), (call(620, FAR), -1), (call(650, FAR), 1)], [(call(620), 1)]),
        ([(Forex("EUR/USD"), -1000), (Stock("SPY"), -5)], []),
        ([], []),
    ],
)
def test_what_covers_a_short_option(positions: Any, uncovered: Any) -> None:
    assert list(uncovered_shorts(positions)) == uncovered


def test_a_condor_covers_itself_and_its_opposite_too() -> None:
    assert uncovered_shorts(condor(5).signed_legs) == ()
    assert uncovered_shorts(condor(5).opposite.signed_legs) == ()


def test_a_future_covers_calls_on_it_that_expire_no_later() -> None:
    option = FutureOption("ES", NEAR, 6000, "CALL", multiplier=50)
    assert uncovered_shorts([(option, -1), (Future("ES", NEAR, multiplier=50), 1)]) == ()
    assert uncovered_shorts([(option, -1), (Future("ES", "2026-09-18", multiplier=50), 1)]) == ((option, 1),)


@pytest.mark.parametrize(
    ("positions", "contract", "count"),
    [
        ([(call(620), -2), (call(630), 5)], call(630), 3),
        ([(call(620), -2), (call(630), 2)], call(630), 0),
        ([(call(630), 5)], call(630), 5),
        ([(put(580), -2), (call(630), 5)], call(630), 5),
        ([(call(620), -1), (Stock("SPY"), 150)], Stock("SPY"), 50),
        ([(call(620), -1), (Stock("SPY"), 100), (call(630), 1)], Stock("SPY"), 100),
        ([(call(620), -1)], call(620), 0),
        ([], call(620), 0),
    ],
)
def test_how_many_of_a_long_can_be_sold(positions: Any, contract: Contract, count: int) -> None:
    assert releasable(positions, contract) == count
