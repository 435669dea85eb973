"""Closing and rolling leave no short less covered than it was, in as few orders as can be."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from core import planning_laws as laws
from core.planning_market import all_quoted
from v6core.contracts import Combo
from v6core.planning import combo_order, far_side, next_steps, opposite
from v6core.planning.changes import Changes
from v6core.planning.exposure import exposure
from v6core.planning.splitting import split
from v6core.risk import exposures


def test_no_close_uncovers_a_short() -> None:
    laws.no_close_uncovers_a_short(next_steps)


def test_no_roll_uncovers_a_short() -> None:
    laws.no_roll_uncovers_a_short(split)


def test_no_roll_takes_fewer_orders() -> None:
    laws.no_roll_takes_fewer_orders(split)


@laws.law_settings
@given(laws.holdings)
def test_one_order_brings_about_its_changes(changes: Changes) -> None:
    order = combo_order(changes)
    assert sorted(exposures(order)) == sorted((contract.key, quantity) for contract, quantity in changes)


@laws.law_settings
@given(laws.holdings, st.decimals("0.01", "50", places=2), st.decimals("0", "5", places=2))
def test_the_far_side_is_the_money_of_the_trade(changes: Changes, bid: Decimal, width: Decimal) -> None:
    quotes = all_quoted(str(bid), str(bid + width))
    net = far_side(changes, quotes)
    assert net is not None
    order = combo_order(changes, net)
    assert order.contract is not None
    sign = 1 if isinstance(order.contract, Combo) else order.action.sign
    money = sum(
        quantity * (bid + width if quantity > 0 else bid) * contract.multiplier for contract, quantity in changes
    )
    assert order.limit_price is not None
    assert order.limit_price * sign * order.quantity * order.contract.multiplier == money


@laws.law_settings
@given(laws.holdings)
def test_the_opposite_leaves_nothing(changes: Changes) -> None:
    assert exposure([*changes, *opposite(changes)]) == {}
