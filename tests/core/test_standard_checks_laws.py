"""Laws of our own risk checks: limits are monotone, reducing passes, nothing crashes, broken variants are caught."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from v6core import standard_checks
from v6core.capabilities import Capabilities
from v6core.contracts import Combo, ComboLeg, Contract, Option, Stock
from v6core.events import TradingState
from v6core.orders import Order, OrderStatus
from v6core.quotes import Quote
from v6core.reports import Account
from v6core.risk import CheckContext, RiskLimits, exposures, only_reduces
from v6core.standard_checks import v6_check_order

NOON = datetime(2026, 1, 5, 17, tzinfo=UTC)
CALLS = [Option("GOOG", "2026-12-18", strike, "CALL") for strike in (570, 580, 590)]
SPREAD = Combo("GOOG", (ComboLeg(CALLS[0], "BUY"), ComboLeg(CALLS[1], "SELL", 2)))
CONTRACTS: list[Contract] = [Stock("GOOG"), Stock("SPY"), *CALLS, SPREAD]
QUANTITIES = st.integers(1, 40).map(Decimal)
PRICES = st.integers(1, 400).map(lambda cents: Decimal(cents) / 4)

contracts = st.sampled_from(CONTRACTS)
ACCOUNTS = [Account(account="DU1", paper=True, cash=Decimal(1), daily_pnl=pnl) for pnl in (None, Decimal(-20))]
actions = st.sampled_from(["BUY", "SELL"])
statuses = st.sampled_from([OrderStatus.PENDING_SUBMIT, OrderStatus.IN_DOUBT, OrderStatus.SUBMITTED])


def market(action: str, quantity: Decimal, contract: Contract) -> Order:
    return Order.market(action, quantity, contract=contract)


def limit(action: str, quantity: Decimal, price: Decimal, contract: Contract) -> Order:
    return Order.limit(action, quantity, price, contract=contract)


def stop(action: str, quantity: Decimal, price: Decimal, contract: Contract) -> Order:
    return Order.stop(action, quantity, price, contract=contract)


def sent(order: Order, status: OrderStatus) -> Order:
    return order.replace(status=status)


def as_tuple(orders: list[Order]) -> tuple[Order, ...]:
    return tuple(orders)


orders: st.SearchStrategy[Order] = st.one_of(
    st.builds(market, actions, QUANTITIES, contracts),
    st.builds(limit, actions, QUANTITIES, PRICES, contracts),
    st.builds(stop, actions, QUANTITIES, PRICES, contracts),
)
open_orders = st.lists(st.builds(sent, orders, statuses), max_size=4).map(as_tuple)
positions = st.dictionaries(st.sampled_from([c.key for c in CONTRACTS[:5]]), st.integers(-30, 30).map(Decimal))
sizes = st.none() | st.integers(1, 40).map(Decimal)


@st.composite
def quotes(draw: st.DrawFn) -> Quote | None:
    bid, ask, last = draw(st.none() | PRICES), draw(st.none() | PRICES), draw(st.none() | PRICES)
    return draw(st.just(None) | st.just(Quote(contract=CONTRACTS[0], time=NOON, bid=bid, ask=ask, last=last)))


@st.composite
def contexts(draw: st.DrawFn, /, **fixed: Any) -> CheckContext:
    limits = RiskLimits(
        max_order_quantity=draw(sizes),
        max_contracts=draw(sizes),
        max_order_value=draw(st.none() | st.integers(1, 10**5).map(Decimal)),
        price_collar=draw(st.none() | st.just(Decimal("0.05"))),
        duplicate_window=draw(sizes),
        max_orders_per_second=draw(sizes),
        order_burst=draw(sizes),
        max_orders_per_day=draw(sizes),
        max_open_orders=draw(sizes),
        max_position=draw(sizes),
        max_underlying_position=draw(st.none() | st.integers(1, 4000).map(Decimal)),
        max_daily_loss=draw(sizes),
    )
    fields: dict[str, Any] = {
        "now": NOON,
        "monotonic": 100.0,
        "limits": limits,
        "capabilities": Capabilities(simulated=draw(st.booleans()), orders=()),
        "trading_state": draw(st.sampled_from(TradingState)),
        "reducing": False,
        "positions": draw(positions),
        "open_orders": draw(open_orders),
        "recent": tuple((draw(st.floats(90, 100)), order) for order in draw(open_orders)),
        "quote": draw(quotes()),
        "account": draw(st.sampled_from(ACCOUNTS)),
    }
    return CheckContext(**(fields | fixed))


@settings(deadline=None, max_examples=80)
@given(orders, contexts())
def test_every_answer_is_a_code_with_a_sentence(order: Order, context: CheckContext) -> None:
    denial = v6_check_order(order, context)
    assert denial is None or (denial.code == denial.code.upper() and denial.message)


@settings(deadline=None, max_examples=60)
@given(orders, contexts(reducing=True))
def test_a_reducing_order_always_passes(order: Order, context: CheckContext) -> None:
    assert v6_check_order(order, context) is None


@settings(deadline=None, max_examples=80)
@given(orders, contexts(), st.sampled_from(["max_order_quantity", "max_contracts", "max_order_value", "max_position"]))
def test_raising_a_limit_never_denies_more(order: Order, context: CheckContext, name: str) -> None:
    limit = getattr(context.limits, name)
    raised = context.limits.model_copy(update={name: None if limit is None else limit * 2})
    if v6_check_order(order, context) is None:
        assert v6_check_order(order, replace(context, limits=raised)) is None


@settings(deadline=None, max_examples=80)
@given(orders, contexts(trading_state=TradingState.ACTIVE), st.integers(2, 5))
def test_a_larger_order_is_never_denied_less(order: Order, context: CheckContext, factor: int) -> None:
    """Apart from the duplicate guard, which looks for equal ones."""
    denial = v6_check_order(order, context)
    if denial is not None and denial.code != "DUPLICATE":
        assert v6_check_order(order.replace(quantity=order.quantity * factor), context) is not None


small_orders = st.sampled_from(
    [Order.market(action, quantity, contract=Stock("GOOG")) for action in ("BUY", "SELL") for quantity in range(1, 7)]
).map(lambda order: order.model_copy(update={"order_id": uuid4()}))
BARE = CheckContext(
    now=NOON,
    monotonic=0.0,
    limits=RiskLimits(max_position=Decimal(5)),
    capabilities=Capabilities(simulated=True, orders=()),
    trading_state=TradingState.ACTIVE,
    reducing=False,
)
Rule = Callable[[Order, CheckContext], object]


def position_law(check: Rule) -> None:
    """Fill the order and any of the open ones: no contract that the order enlarges ends above the limit."""

    @settings(deadline=None, max_examples=250, database=None, derandomize=True, phases=[Phase.generate])
    @given(small_orders, st.integers(-5, 5), st.lists(st.tuples(small_orders, st.booleans()), max_size=2))
    def law(order: Order, held: int, working: list[tuple[Order, bool]]) -> None:
        context = replace(BARE, positions={"GOOG": Decimal(held)}, open_orders=tuple(other for other, _ in working))
        if check(order, context) is not None:
            return
        change = order.signed_quantity
        total = held + change + sum(other.signed_quantity for other, fills in working if fills)
        assert total * change <= 0 or abs(total) <= 5

    law()


def test_no_fills_bring_a_position_above_its_limit() -> None:
    position_law(standard_checks.position)


def _forget_open(order: Order, context: CheckContext) -> object:
    return standard_checks.position(order, replace(context, open_orders=()))


def _forget_held(order: Order, context: CheckContext) -> object:
    return standard_checks.position(order, replace(context, positions={}))


def _forget_sign(order: Order, context: CheckContext) -> object:
    return standard_checks.position(order.replace(action=order.action.opposite), context)


def _off_by_one(order: Order, context: CheckContext) -> object:
    limits = context.limits.model_copy(update={"max_position": Decimal(6)})
    return standard_checks.position(order, replace(context, limits=limits))


@pytest.mark.parametrize("broken", [_forget_open, _forget_held, _forget_sign, _off_by_one])
def test_a_broken_position_check_is_caught(broken: Rule) -> None:
    with pytest.raises(AssertionError):
        position_law(broken)


@settings(deadline=None, max_examples=100)
@given(orders, positions, open_orders, st.data())
def test_what_only_reduces_never_turns_a_position(
    order: Order, held: dict[str, Decimal], working: tuple[Order, ...], data: st.DataObject
) -> None:
    """Whatever of the open orders against the position fills."""
    if not only_reduces(order, held, working):
        return
    filled = [other for other in working if data.draw(st.booleans())]
    for key, change in exposures(order):
        before = held[key]
        against = sum((c for o in filled for k, c in exposures(o) if k == key and c * before < 0), Decimal(0))
        assert (before + against + change) * before >= 0
