"""Positions under any history: no money is lost, and the parts add up to the broker's figure."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from core import position_laws as laws
from v6core.contracts import Contract, OrderAction, Stock
from v6core.fills import Fill
from v6core.positions import Holding, Position, PositionBook, fold_positions, held_by, split_by_strategy
from v6core.reports import AdjustmentReason, AdjustmentReport, BrokerPosition

CONTRACTS = (Stock("GOOG"), laws.CALL)
START = datetime(2026, 12, 1, tzinfo=UTC)
_sizes = st.integers(-9, 9).filter(bool)


@st.composite
def fills(draw: st.DrawFn) -> list[Fill]:
    rows = draw(
        st.lists(
            st.tuples(
                st.sampled_from(CONTRACTS), st.sampled_from(["s", "t", None]), st.sampled_from(["A", "B"]), _sizes
            ),
            max_size=15,
        )
    )
    return [
        Fill(
            execution_id=f"e{number}",
            contract=contract,
            strategy_id=strategy,
            account=account,
            action=OrderAction.BUY if size > 0 else OrderAction.SELL,
            quantity=Decimal(abs(size)),
            price=draw(st.decimals("0.01", "99", places=2)),
            commission=draw(st.none() | st.just(Decimal(1))),
            time=START + timedelta(seconds=number),
        )
        for number, (contract, strategy, account, size) in enumerate(rows)
    ]


def adjustment(contract: Contract, size: int, account: str, price: Decimal | None, at: int) -> AdjustmentReport:
    return AdjustmentReport(
        time=START + timedelta(seconds=at),
        adjustment_id="a",
        contract=contract,
        quantity=Decimal(size),
        price=price,
        reason=AdjustmentReason.EXTERNAL,
        account=account,
    )


def claim(contract: Contract, size: int, strategy: str, account: str) -> Position:
    return Position(
        contract=contract, quantity=Decimal(size), avg_cost=Decimal(5), strategy_id=strategy, account=account
    )


def at_broker(contract: Contract, size: int, account: str) -> BrokerPosition:
    return BrokerPosition(contract=contract, quantity=Decimal(size), avg_cost=Decimal(7), account=account)


_contracts, _accounts, _any_size = st.sampled_from(CONTRACTS), st.sampled_from(["A", "B"]), st.integers(-9, 9)
_no_price_or_one = st.none() | st.decimals("0", "99", places=2)
adjustments = st.lists(
    st.builds(adjustment, _contracts, _sizes, _accounts, _no_price_or_one, st.integers(0, 20)), max_size=5
)
claims = st.lists(
    st.builds(claim, _contracts, _any_size, st.sampled_from(["s", "t", "u"]), _accounts),
    max_size=8,
    unique_by=lambda row: row.key,
)
broker_rows = st.lists(st.builds(at_broker, _contracts, _any_size, _accounts), max_size=5)


def totals(*rows: tuple[str | None, Contract, Decimal]) -> dict[tuple[str | None, str], Decimal]:
    found: dict[tuple[str | None, str], Decimal] = defaultdict(Decimal)
    for account, contract, quantity in rows:
        found[account, contract.key] += quantity
    return {key: total for key, total in found.items() if total}


def test_realized_and_cost_are_the_cash() -> None:
    laws.realized_and_cost_are_the_cash(Holding)


def test_profit_is_that_of_fifo() -> None:
    laws.profit_is_that_of_fifo(Holding)


def test_the_average_moves_as_it_should() -> None:
    laws.the_average_moves_as_it_should(Holding)


def test_pieces_make_no_difference() -> None:
    laws.pieces_make_no_difference(Holding)


@laws.law_settings
@given(fills(), adjustments)
def test_positions_are_the_signed_sum_of_fills_and_adjustments(
    rows: list[Fill], changes: list[AdjustmentReport]
) -> None:
    held = fold_positions(rows, changes).values()
    assert totals(*((row.account, row.contract, row.quantity) for row in held)) == totals(
        *((row.account, row.contract, row.signed_quantity) for row in rows),
        *((row.account, row.contract, row.quantity) for row in changes),
    )


@laws.law_settings
@given(fills(), adjustments)
def test_realized_and_cost_of_a_book_are_its_cash(rows: list[Fill], changes: list[AdjustmentReport]) -> None:
    book = PositionBook()
    for fill in rows:
        book.apply_fill(fill)
    for change in changes:
        book.apply_adjustment(change)
    cash = sum((fill.cash_flow for fill in rows), Decimal(0))
    cash -= sum(row.quantity * (row.price or 0) * row.contract.multiplier for row in changes)
    profit = sum((row.realized - row.cost for row in book.holdings.values()), Decimal(0))
    assert abs(profit - cash) < Decimal("1e-20")  # the sum here, in 28 digits, is what rounds


@laws.law_settings
@given(fills())
def test_commissions_known_late_change_no_position(rows: list[Fill]) -> None:
    assert fold_positions(rows) == fold_positions([fill.replace(commission=Decimal(3)) for fill in rows])


@laws.law_settings
@given(broker_rows, claims)
def test_the_split_adds_up_to_the_broker(broker: list[BrokerPosition], claimed: list[Position]) -> None:
    rows = split_by_strategy(broker, claimed)
    assert totals(*((row.account, row.contract, row.quantity) for row in rows)) == totals(
        *((row.account, row.contract, row.quantity) for row in broker)
    )
    assert all(row.quantity for row in rows)


@laws.law_settings
@given(broker_rows, claims)
def test_no_strategy_is_given_more_than_it_claims(broker: list[BrokerPosition], claimed: list[Position]) -> None:
    claim = {row.key: row.quantity for row in claimed}
    for row in split_by_strategy(broker, claimed):
        if row.strategy_id is not None:
            assert row.quantity * claim[row.key] > 0
            assert abs(row.quantity) <= abs(claim[row.key])


@laws.law_settings
@given(broker_rows, claims)
def test_closing_what_a_strategy_can_close_crosses_zero_nowhere(
    broker: list[BrokerPosition], claimed: list[Position]
) -> None:
    own = [row for row in claimed if row.strategy_id == "s" and row.account == "A"]
    mine = totals(*((None, row.contract, row.quantity) for row in own))
    account = totals(*((None, row.contract, row.quantity) for row in broker if row.account == "A"))
    for contract, quantity in held_by(own, broker):
        for whole in (mine[None, contract.key], account[None, contract.key]):
            assert whole * quantity > 0
            assert abs(quantity) <= abs(whole)
