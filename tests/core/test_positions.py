"""Positions from fills and adjustments, and the broker's figure split by strategy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count

import pytest

from v6core.contracts import Combo, ComboLeg, Contract, Option, Stock
from v6core.fills import Fill
from v6core.positions import Position, PositionBook, PositionKey, fold_positions, held_by, split_by_strategy
from v6core.reports import AdjustmentReason, AdjustmentReport, BrokerPosition

D = Decimal
GOOG = Stock("GOOG")
CALL = Option("GOOG", "2026-12-18", 750, "CALL")
START = datetime(2026, 12, 1, 15, tzinfo=UTC)
_NUMBER = count()


def fill(quantity: str, price: str, contract: Contract = GOOG, strategy: str | None = "s", at: int = 0) -> Fill:
    number = D(quantity)
    return Fill.model_validate(
        {
            "execution_id": f"e{next(_NUMBER)}",
            "strategy_id": strategy,
            "contract": contract,
            "action": "BUY" if number > 0 else "SELL",
            "quantity": abs(number),
            "price": price,
            "time": START + timedelta(seconds=at),
            "account": "DU1",
        }
    )


def adjustment(quantity: str, price: str | None = None, contract: Contract = GOOG, at: int = 100) -> AdjustmentReport:
    return AdjustmentReport(
        time=START + timedelta(seconds=at),
        adjustment_id="a1",
        contract=contract,
        quantity=D(quantity),
        price=None if price is None else D(price),
        reason=AdjustmentReason.EXPIRY,
        account="DU1",
    )


def position(*fills: Fill) -> Position:
    (only,) = fold_positions(fills).values()
    return only


def test_a_buy_opens_at_its_price() -> None:
    opened = position(fill("10", "100"))
    assert (opened.quantity, opened.avg_cost, opened.realized_pnl) == (D(10), D(100), D(0))


def test_adding_averages_the_cost() -> None:
    assert position(fill("10", "100"), fill("30", "104")).avg_cost == 103


def test_reducing_realizes_and_leaves_the_average() -> None:
    reduced = position(fill("10", "100"), fill("-4", "103"))
    assert (reduced.quantity, reduced.avg_cost, reduced.realized_pnl) == (D(6), D(100), D(12))


def test_buying_back_a_short_lower_is_a_profit() -> None:
    reduced = position(fill("-10", "100"), fill("4", "97"))
    assert (reduced.quantity, reduced.avg_cost, reduced.realized_pnl) == (-D(6), D(100), D(12))


def test_passing_zero_closes_all_and_opens_the_rest_at_the_price() -> None:
    flipped = position(fill("10", "100"), fill("-15", "103"))
    assert (flipped.quantity, flipped.avg_cost, flipped.realized_pnl) == (-D(5), D(103), D(30))


def test_a_flat_position_keeps_what_it_realized() -> None:
    flat = position(fill("10", "100"), fill("-10", "99"))
    assert (flat.quantity, flat.avg_cost, flat.realized_pnl) == (D(0), D(0), D(-10))


def test_realized_profit_counts_the_multiplier_and_the_average_does_not() -> None:
    option = position(fill("2", "1.50", CALL), fill("-1", "2.00", CALL))
    assert (option.avg_cost, option.realized_pnl) == (D("1.5"), D(50))


def test_unrealized_profit_counts_the_multiplier() -> None:
    assert position(fill("-2", "1.50", CALL)).unrealized_pnl(D("1.20")) == 60


def test_commission_is_not_part_of_a_position() -> None:
    paid = [row.replace(commission=D(1)) for row in (fill("10", "100"), fill("-4", "103"))]
    assert position(*paid) == position(fill("10", "100"), fill("-4", "103"))


def test_the_average_reads_without_trailing_zeros() -> None:
    assert str(position(fill("10", "75.00"), fill("10", "76.00")).avg_cost) == "75.5"


def test_a_recurring_average_is_rounded_to_ten_places() -> None:
    assert str(position(fill("1", "1"), fill("2", "2")).avg_cost) == "1.6666666667"


def test_each_account_strategy_and_contract_has_its_own_position() -> None:
    folded = fold_positions(
        [fill("1", "5"), fill("2", "5", strategy="t"), fill("3", "5", CALL), fill("4", "5", strategy=None)]
    )
    assert {key: row.quantity for key, row in folded.items()} == {
        PositionKey("DU1", "s", "GOOG"): 1,
        PositionKey("DU1", "t", "GOOG"): 2,
        PositionKey("DU1", "s", CALL.key): 3,
        PositionKey("DU1", None, "GOOG"): 4,
    }


def test_a_position_names_its_own_key() -> None:
    assert all(key == row.key for key, row in fold_positions([fill("1", "5"), fill("2", "5", CALL)]).items())


def test_fills_are_folded_in_the_order_of_their_times() -> None:
    mixed = [fill("10", "100", at=1), fill("10", "110", at=3), fill("-10", "120", at=2)]
    assert (position(*mixed).avg_cost, position(*mixed).realized_pnl) == (D(110), D(200))


def test_an_expiry_takes_the_option_off_at_zero() -> None:
    (expired,) = fold_positions([fill("2", "1.50", CALL)], [adjustment("-2", contract=CALL)]).values()
    assert (expired.quantity, expired.realized_pnl) == (D(0), D(-300))


def test_an_expiry_reaches_every_strategy_that_holds_the_contract() -> None:
    fills = [fill("2", "1", CALL, "s"), fill("3", "1", CALL, "t")]
    assert [row.quantity for row in fold_positions(fills, [adjustment("-5", contract=CALL)]).values()] == [0, 0]


def test_an_adjustment_takes_what_belongs_to_no_strategy_first() -> None:
    fills = [fill("5", "1", strategy="s"), fill("5", "1", strategy=None)]
    assert [row.quantity for row in fold_positions(fills, [adjustment("-6", "1")]).values()] == [4, 0]


def test_what_an_adjustment_adds_belongs_to_no_strategy() -> None:
    folded = fold_positions([fill("5", "1")], [adjustment("3", "2")])
    assert folded[PositionKey("DU1", None, "GOOG")].quantity == 3


def test_an_adjustment_of_another_account_touches_nothing_here() -> None:
    elsewhere = adjustment("-5").model_copy(update={"account": "DU2"})
    assert fold_positions([fill("5", "1")], [elsewhere])[PositionKey("DU1", "s", "GOOG")].quantity == 5


def test_a_combo_cannot_be_adjusted_itself() -> None:
    combo = Combo("GOOG", (ComboLeg(CALL), ComboLeg(GOOG, "SELL", 100)))
    with pytest.raises(ValueError, match="held in its legs"):
        PositionBook().apply_adjustment(adjustment("1", contract=combo))


def at_broker(quantity: str, avg_cost: str = "100", contract: Contract = GOOG, account: str = "DU1") -> BrokerPosition:
    return BrokerPosition(contract=contract, quantity=D(quantity), avg_cost=D(avg_cost), account=account)


def claim(quantity: str, strategy: str = "s", contract: Contract = GOOG) -> Position:
    return Position(contract=contract, quantity=D(quantity), avg_cost=D(90), account="DU1", strategy_id=strategy)


def split(broker: list[BrokerPosition], *claims: Position) -> list[tuple[str | None, Decimal]]:
    return [(row.strategy_id, row.quantity) for row in split_by_strategy(broker, claims)]


def test_what_no_strategy_claims_is_of_none_at_the_brokers_cost() -> None:
    _, rest = split_by_strategy([at_broker("10")], [claim("4")])
    assert (rest.strategy_id, rest.quantity, rest.avg_cost) == (None, D(6), D(100))


def test_strategies_that_add_up_leave_no_rest() -> None:
    assert split([at_broker("10")], claim("4"), claim("6", "t")) == [("s", D(4)), ("t", D(6))]


def test_strategies_on_both_sides_keep_their_claims() -> None:
    assert split([], claim("10"), claim("-10", "t")) == [("s", D(10)), ("t", D(-10))]


def test_what_the_broker_has_beside_claims_on_both_sides_is_of_none() -> None:
    assert split([at_broker("4")], claim("10"), claim("-10", "t")) == [("s", D(10)), ("t", D(-10)), (None, D(4))]


def test_a_position_of_no_strategy_is_no_claim() -> None:
    unattributed = claim("7").model_copy(update={"strategy_id": None})
    assert split([at_broker("10")], unattributed) == [(None, D(10))]


def test_a_claim_beyond_the_broker_is_cut_the_last_opened_first() -> None:
    assert split([at_broker("9")], claim("6"), claim("6", "t")) == [("s", D(6)), ("t", D(3))]


def test_a_claim_on_what_the_broker_does_not_have_is_no_row() -> None:
    assert split([], claim("10")) == []


def test_a_broker_on_the_other_side_leaves_the_strategy_nothing() -> None:
    assert split([at_broker("-3")], claim("10")) == [(None, D(-3))]


def test_a_position_told_in_parts_is_added_up() -> None:
    (whole,) = split_by_strategy([at_broker("1", "100"), at_broker("3", "104")], [])
    assert (whole.quantity, whole.avg_cost) == (D(4), D(103))


@pytest.mark.parametrize(
    ("strategy", "account", "closable"),
    [("5", "9", 5), ("9", "5", 5), ("-5", "-3", -3), ("5", "-5", None), ("5", "0", None), ("0", "5", None)],
)
def test_a_strategy_can_close_the_smaller_of_both_on_its_side(
    strategy: str, account: str, closable: int | None
) -> None:
    expected = () if closable is None else ((GOOG, D(closable)),)
    assert held_by([claim(strategy)], [at_broker(account)]) == expected


def test_what_another_account_holds_cannot_be_closed() -> None:
    assert held_by([claim("5")], [at_broker("5", account="DU2")]) == ()
