"""The laws of positions, each for any record that takes trades, so that broken ones can be held against them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from decimal import Decimal, localcontext

from hypothesis import example, given, settings
from hypothesis import strategies as st

from v6core.contracts import Option
from v6core.positions import Holding

CALL = Option("GOOG", "2026-12-18", 750, "CALL")
Trade = tuple[Decimal, Decimal]
HoldingType = Callable[[Option], Holding]

_quantities = st.decimals("-50", "50", places=2, allow_nan=False).filter(bool)
_prices = st.decimals("0", "900", places=2, allow_nan=False)
trades = st.lists(st.tuples(_quantities, _prices), min_size=1, max_size=12)
law_settings = settings(max_examples=100, deadline=None, database=None)


def held_after(rows: Iterable[Trade], make: HoldingType) -> Holding:
    holding = make(CALL)
    for quantity, price in rows:
        holding.trade(quantity, price)
    return holding


def fifo_realized(rows: Iterable[Trade]) -> tuple[Decimal, Decimal]:
    """Return realized profit and the cost of what is left, first in first out: another way to the same sum."""
    lots: deque[Trade] = deque()
    realized = Decimal(0)
    for trade_quantity, price in rows:
        quantity = trade_quantity
        while quantity and lots and lots[0][0] * quantity < 0:
            held, cost = lots.popleft()
            closed = min(abs(held), abs(quantity)).copy_sign(held)
            realized += closed * (price - cost)
            quantity += closed
            if held != closed:
                lots.appendleft((held - closed, cost))
        if quantity:
            lots.append((quantity, price))
    return realized, sum((quantity * price for quantity, price in lots), Decimal(0))


def realized_and_cost_are_the_cash(make: HoldingType, rules: settings = law_settings) -> None:
    """Realized profit - cost = the cash that flowed: realized + unrealized = cash + market value, at any price."""

    @rules
    @given(trades)
    @example([(Decimal(3), Decimal(1)), (Decimal(-1), Decimal(2)), (Decimal(-1), Decimal(2))])
    def law(rows: list[Trade]) -> None:
        holding = held_after(rows, make)
        with localcontext(prec=128):
            cash = -sum(quantity * price for quantity, price in rows) * 100
            assert holding.realized - holding.cost == cash
        assert holding.quantity == sum(quantity for quantity, _ in rows)

    law()


def profit_is_that_of_fifo(make: HoldingType, rules: settings = law_settings) -> None:
    """Total profit does not depend on which lot is thought to be sold."""

    @rules
    @given(trades, _prices)
    def law(rows: list[Trade], mark: Decimal) -> None:
        holding = held_after(rows, make)
        realized, cost = fifo_realized(rows)
        value = holding.quantity * mark
        with localcontext(prec=128):
            assert holding.realized + value * 100 - holding.cost == (realized + value - cost) * 100

    law()


def the_average_moves_as_it_should(make: HoldingType, rules: settings = law_settings) -> None:
    """Reducing leaves it, adding draws it towards the price, passing zero sets it to the price."""

    @rules
    @given(trades, _quantities, _prices)
    def law(rows: list[Trade], quantity: Decimal, price: Decimal) -> None:
        holding = held_after(rows, make)
        before, average = holding.quantity, holding.avg_cost
        holding.trade(quantity, price)
        if not holding.quantity:
            assert holding.cost == 0
        elif before * holding.quantity <= 0:
            assert holding.avg_cost == price
        elif before * quantity < 0:
            assert holding.avg_cost == average
        else:
            assert min(average, price) <= holding.avg_cost <= max(average, price)

    law()


def pieces_make_no_difference(make: HoldingType, rules: settings = law_settings) -> None:
    """n fills of q/n at one price are one fill of q."""

    @rules
    @given(trades, st.integers(2, 7))
    def law(rows: list[Trade], pieces: int) -> None:
        whole = held_after([(quantity * pieces, price) for quantity, price in rows], make)
        parts = held_after([(quantity, price) for quantity, price in rows for _ in range(pieces)], make)
        assert (whole.quantity, whole.avg_cost) == (parts.quantity, parts.avg_cost)
        with localcontext(prec=128):
            assert abs(whole.realized - parts.realized) < Decimal("1e-36")

    law()
