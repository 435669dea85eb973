"""Laws of strategies: payoff, break-evens, bounds, cover, on any legs that can be held."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from v6core.contracts import Contract, Option, Stock
from v6core.strategies import (
    LegSpec,
    Strategy,
    break_evens,
    max_loss,
    max_loss_of,
    max_profit,
    payoff,
    releasable,
    uncovered_shorts,
)

laws = settings(deadline=None, max_examples=60)
DAYS = [date(2026, 12, 18) + timedelta(days=28 * month) for month in range(4)]
SignedLegs = list[tuple[Contract, int]]

strikes = st.integers(1, 400).map(lambda halves: Decimal(halves) / 2)
prices = st.decimals(min_value=0, max_value=300, places=2)
nets = st.decimals(min_value=-50, max_value=50, places=2)
rights = st.sampled_from(["CALL", "PUT"])
actions = st.sampled_from(["BUY", "SELL"])
quantities = st.integers(1, 5)


@st.composite
def strategies_of_one_day(draw: st.DrawFn) -> Strategy:
    terms = draw(st.lists(st.tuples(rights, strikes), max_size=5, unique=True))
    legs = [
        LegSpec(right=right, strike=strike, action=draw(actions), quantity=draw(quantities), expiration=DAYS[0])
        for right, strike in terms
    ]
    if not legs or draw(st.booleans()):
        legs.append(LegSpec(action=draw(actions), quantity=100 * draw(quantities)))
    return Strategy(strategy_id="law", symbol="SPY", legs=legs)


@st.composite
def positions_of_many_days(draw: st.DrawFn, *, shares: bool = True) -> SignedLegs:
    signed = st.integers(-3, 3).filter(bool)
    terms = draw(st.lists(st.tuples(rights, strikes, st.sampled_from(DAYS)), min_size=1, max_size=7, unique=True))
    held: SignedLegs = [(Option("SPY", day, strike, right), draw(signed)) for right, strike, day in terms]
    if shares and draw(st.booleans()):
        held.append((Stock("SPY"), draw(st.integers(-400, 400).filter(bool))))
    return held


def _intrinsic(contract: Contract, price: Decimal) -> Decimal:
    """What one contract is worth at a price, written down a second time and in another way."""
    if not isinstance(contract, Option):
        return price
    gap = price - contract.strike
    in_the_money = gap > 0 if contract.right == "CALL" else gap < 0
    return abs(gap) * 100 if in_the_money else Decimal(0)


def _cost(strategy: Strategy, net: Decimal) -> Decimal:
    only_shares = all(not leg.is_option for leg in strategy.legs)
    return net * strategy.quantity * (1 if only_shares else 100)


@laws
@given(strategies_of_one_day(), prices, nets)
def test_payoff_is_the_worth_of_the_legs_less_the_cost(strategy: Strategy, price: Decimal, net: Decimal) -> None:
    worth = sum(quantity * _intrinsic(contract, price) for contract, quantity in strategy.signed_legs)
    assert payoff(strategy, price, net) == worth - _cost(strategy, net)


@laws
@given(strategies_of_one_day(), nets, st.data())
def test_payoff_is_straight_between_strikes_and_beyond(strategy: Strategy, net: Decimal, data: st.DataObject) -> None:
    kinks = sorted({Decimal(0), *(leg.strike for leg in strategy.option_legs if leg.strike is not None)})
    low, high = data.draw(st.sampled_from(list(pairwise([*kinks, kinks[-1] + 100]))))
    share = Decimal(data.draw(st.integers(0, 100))) / 100
    middle = payoff(strategy, low + share * (high - low), net)
    assert middle == payoff(strategy, low, net) * (1 - share) + payoff(strategy, high, net) * share


@laws
@given(strategies_of_one_day(), prices, nets)
def test_payoff_is_continuous(strategy: Strategy, price: Decimal, net: Decimal) -> None:
    step = Decimal("1e-8")
    steepest = sum(leg.quantity * (100 if leg.is_option else 1) for leg in strategy.legs)
    assert abs(payoff(strategy, price + step, net) - payoff(strategy, price, net)) <= steepest * step


@laws
@given(strategies_of_one_day(), nets)
def test_break_evens_are_zeros_of_the_payoff(strategy: Strategy, net: Decimal) -> None:
    evens = break_evens(strategy, net)
    assert list(evens) == sorted(set(evens))
    for price in evens:
        assert abs(payoff(strategy, price.quantize(Decimal("1e-10")), net)) < Decimal("1e-6")


@laws
@given(strategies_of_one_day(), nets, prices, prices)
def test_between_a_profit_and_a_loss_lies_a_break_even(
    strategy: Strategy, net: Decimal, one: Decimal, other: Decimal
) -> None:
    low, high = sorted((one, other))
    if payoff(strategy, low, net) * payoff(strategy, high, net) < 0:
        assert any(low < price < high for price in break_evens(strategy, net))


@laws
@given(strategies_of_one_day(), prices, nets)
def test_maximum_profit_and_loss_bound_the_payoff(strategy: Strategy, price: Decimal, net: Decimal) -> None:
    profit, most, least = payoff(strategy, price, net), max_profit(strategy, net), max_loss(strategy, net)
    assert most is None or profit <= most
    assert least is None or -least <= profit


@laws
@given(strategies_of_one_day(), nets)
def test_maximum_profit_and_loss_are_reached_at_a_strike_or_at_zero(strategy: Strategy, net: Decimal) -> None:
    kinks = [Decimal(0), *(leg.strike for leg in strategy.option_legs if leg.strike is not None)]
    reached = {payoff(strategy, price, net) for price in kinks}
    most, least = max_profit(strategy, net), max_loss(strategy, net)
    assert most is None or most in reached
    assert least is None or -least in reached


@laws
@given(strategies_of_one_day(), nets)
def test_what_has_no_bound_passes_any(strategy: Strategy, net: Decimal) -> None:
    far = payoff(strategy, 10**9, net)
    assert (max_profit(strategy, net) is None) == (far > 10**8)
    assert (max_loss(strategy, net) is None) == (far < -(10**8))


@laws
@given(strikes, prices, nets)
def test_long_call_less_long_put_is_a_forward(strike: Decimal, price: Decimal, net: Decimal) -> None:
    legs = [
        LegSpec(right="CALL", strike=strike, action="BUY", expiration=DAYS[0]),
        LegSpec(right="PUT", strike=strike, action="SELL", expiration=DAYS[0]),
    ]
    strategy = Strategy(strategy_id="law", symbol="SPY", legs=legs)
    assert payoff(strategy, price, net) == 100 * (price - strike - net)


@laws
@given(strategies_of_one_day(), prices, nets, nets)
def test_a_strategy_and_its_opposite_leave_only_their_costs(
    strategy: Strategy, price: Decimal, net: Decimal, back: Decimal
) -> None:
    both = payoff(strategy, price, net) + payoff(strategy.opposite, price, back)
    assert both == -_cost(strategy, net + back)


@laws
@given(strategies_of_one_day(), nets)
def test_the_loss_of_one_side_is_the_profit_of_the_other(strategy: Strategy, net: Decimal) -> None:
    assert max_loss(strategy, net) == max_profit(strategy.opposite, -net)
    assert break_evens(strategy, net) == break_evens(strategy.opposite, -net)


@laws
@given(strategies_of_one_day(), prices, nets, st.integers(2, 50))
def test_payoff_scales_with_the_quantity(strategy: Strategy, price: Decimal, net: Decimal, times: int) -> None:
    scaled = strategy.replace_legs(leg.replace(quantity=leg.quantity * times) for leg in strategy.legs)
    assert scaled.as_combo()[0] == strategy.as_combo()[0]
    assert payoff(scaled, price, net) == times * payoff(strategy, price, net)


@laws
@given(strategies_of_one_day())
def test_a_combo_times_its_units_is_the_legs(strategy: Strategy) -> None:
    contract, units = strategy.as_combo()
    legs = [(contract, 1)] if len(strategy.legs) == 1 else getattr(contract, "signed_legs", ())
    assert [(leg, ratio * units) for leg, ratio in legs] == list(strategy.signed_legs)


@laws
@given(strategies_of_one_day(), nets)
def test_the_bound_of_any_legs_is_exact_for_one_expiration(strategy: Strategy, net: Decimal) -> None:
    contract, units = strategy.as_combo()
    side = 1 if units > 0 else -1
    assert max_loss_of([(contract, side)], net, abs(units)) == max_loss(strategy, net)


@laws
@given(strategies_of_one_day())
def test_a_strategy_comes_back_from_json(strategy: Strategy) -> None:
    assert Strategy.model_validate_json(strategy.model_dump_json()) == strategy


@settings(deadline=None, max_examples=200)
@given(positions_of_many_days(), nets, st.lists(prices, min_size=len(DAYS), max_size=len(DAYS)))
def test_no_path_of_prices_loses_more_than_the_bound(held: SignedLegs, net: Decimal, path: list[Decimal]) -> None:
    """Shorts settle on their days, longs on the best day until theirs: a holder who errs nowhere keeps to the bound."""
    bound = max_loss_of(held, net)
    if bound is None:
        return
    days = sorted({contract.expiration for contract, _ in held if isinstance(contract, Option)})
    price_on = dict(zip(days, path, strict=False))
    worth = Decimal(0)
    for contract, quantity in held:
        last = contract.expiration if isinstance(contract, Option) else days[-1]
        worths = [quantity * _intrinsic(contract, price_on[day]) for day in days if day <= last]
        worth += worths[-1] if quantity < 0 and isinstance(contract, Option) else max(worths)
    assert worth - net * 100 >= -bound


@laws
@given(positions_of_many_days(shares=False), nets)
def test_a_loss_has_no_bound_exactly_where_a_short_call_is_uncovered(held: SignedLegs, net: Decimal) -> None:
    naked = [row for row in uncovered_shorts(held) if isinstance(row[0], Option) and row[0].right == "CALL"]
    assert (max_loss_of(held, net) is None) == bool(naked)


def _fewest_uncovered(held: SignedLegs, right: str) -> Decimal:
    """By Hall's theorem: the worst deficiency over the shorts that expire on or after some day."""
    options = [(c.expiration, q) for c, q in held if isinstance(c, Option) and c.right == right]
    shares = sum(q for c, q in held if isinstance(c, Stock)) if right == "CALL" else 0
    deficits = [-100 * sum(q for expires, q in options if expires >= day) - max(shares, 0) for day in DAYS]
    return max(Decimal(0), *(Decimal(deficit) for deficit in deficits))


@laws
@given(positions_of_many_days())
def test_as_much_is_covered_as_can_be(held: SignedLegs) -> None:
    """The uncovered amount is the least there can be; counted in whole contracts, it may be rounded up once a short."""
    for right in ("CALL", "PUT"):
        naked = [count for c, count in uncovered_shorts(held) if isinstance(c, Option) and c.right == right]
        least = _fewest_uncovered(held, right) / 100
        assert least <= sum(naked) < least + max(1, len(naked))


@laws
@given(positions_of_many_days())
def test_uncovered_counts_lie_within_what_is_short(held: SignedLegs) -> None:
    short = {contract.key: -quantity for contract, quantity in held if quantity < 0}
    assert all(0 < count <= short[contract.key] for contract, count in uncovered_shorts(held))


@laws
@given(positions_of_many_days())
def test_cover_does_not_depend_on_the_order_of_positions(held: SignedLegs) -> None:
    one, other = uncovered_shorts(held), uncovered_shorts(reversed(held))
    assert sum(count for _, count in one) == sum(count for _, count in other)


@laws
@given(positions_of_many_days())
def test_one_more_long_never_uncovers(held: SignedLegs) -> None:
    before = sum(count for _, count in uncovered_shorts(held))
    more = Option("SPY", DAYS[-1], 1000, "CALL")
    assert sum(count for _, count in uncovered_shorts([*held, (more, 1)])) <= before


@laws
@given(positions_of_many_days(), st.data())
def test_what_is_releasable_uncovers_nothing_and_one_more_does(held: SignedLegs, data: st.DataObject) -> None:
    contract, quantity = data.draw(st.sampled_from(held))
    count = releasable(held, contract)
    assert 0 <= count <= max(quantity, 0)
    exposed = _exposed(held)
    assert _exposed([*held, (contract, -count)]) == exposed
    if count < quantity:
        assert _exposed([*held, (contract, -count - 1)]) > exposed


def _exposed(held: SignedLegs) -> Decimal:
    netted: dict[str, tuple[Contract, int]] = {}
    for contract, quantity in held:
        netted[contract.key] = (contract, netted.get(contract.key, (contract, 0))[1] + quantity)
    return sum((_fewest_uncovered(list(netted.values()), right) for right in ("CALL", "PUT")), Decimal(0))
