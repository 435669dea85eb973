"""Executions: fills, revisions, the own row of a combo, commissions that are not known yet."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from v6_ib_plugin.terms import IbCommission, IbContract, IbExecution
from v6_ib_plugin.translation.executions import (
    ExecutionId,
    commission_of,
    execution_id_of,
    execution_id_text,
    fill_of,
    ib_execution,
    is_bust,
    realized_pnl_of,
)
from v6_ib_plugin.untranslatable import Untranslatable
from v6core.contracts import OrderAction, Stock

CONTRACT = IbContract(con_id=265598, symbol="AAPL", sec_type="STK", exchange="ISLAND", currency="USD")
EXECUTION = IbExecution(
    exec_id="00025b46.63f8f39c.01.01",
    time="20230224  12:04:56",
    acct_number="DU1234567",
    side="BOT",
    shares=Decimal(100),
    price=Decimal("149.23"),
)
UNSET = Decimal("1.7976931348623157E308")


def test_an_execution_is_a_fill() -> None:
    fill = fill_of(CONTRACT, EXECUTION, zone="US/Eastern")
    assert fill is not None
    assert fill.contract == Stock("AAPL", conid=265598, exchange="ISLAND")
    assert (fill.action, fill.quantity, fill.price) == (OrderAction.BUY, Decimal(100), Decimal("149.23"))
    assert fill.time == datetime(2023, 2, 24, 17, 4, 56, tzinfo=UTC)
    assert (fill.account, fill.commission) == ("DU1234567", None)


def test_the_time_of_an_execution_without_a_zone_is_not_guessed() -> None:
    with pytest.raises(Untranslatable, match="names no time zone"):
        fill_of(CONTRACT, EXECUTION)


def test_the_own_row_of_a_combo_is_no_fill() -> None:
    assert fill_of(replace(CONTRACT, sec_type="BAG"), EXECUTION) is None


def test_the_program_s_own_contract_is_filled_where_its_number_is_known() -> None:
    fill = fill_of(CONTRACT, EXECUTION, known=lambda _: Stock("AAPL"), zone="US/Eastern")
    assert fill is not None
    assert fill.contract == Stock("AAPL")


@pytest.mark.parametrize(("side", "action"), [("BOT", "BUY"), ("SLD", "SELL"), ("BUY", "BUY"), ("SELL", "SELL")])
def test_a_side_is_told(side: str, action: str) -> None:
    fill = fill_of(CONTRACT, replace(EXECUTION, side=side), zone="UTC")
    assert fill is not None
    assert fill.action == action


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"side": "LENT"}, "side"),
        ({"shares": Decimal(0)}, "quantity"),
        ({"price": UNSET}, "price"),
        ({"exec_id": ""}, "execution_id"),
        ({"time": "soon"}, "time"),
    ],
)
def test_what_is_no_fill_is_named(changes: dict[str, object], field: str) -> None:
    with pytest.raises(Untranslatable) as refused:
        fill_of(CONTRACT, replace(EXECUTION, **changes), zone="UTC")  # type: ignore[arg-type]
    assert refused.value.field == field


def test_an_execution_id_has_a_stem_and_a_revision() -> None:
    assert execution_id_of("0000e0d5.6578.01.02") == ExecutionId("0000e0d5.6578", "0000e0d5.6578.01", 2)


def test_a_higher_revision_replaces_the_lower_of_its_stem_alone() -> None:
    first, second = execution_id_of("0000e0d5.6578.01.01"), execution_id_of("0000e0d5.6578.01.02")
    assert second.replaces(first)
    assert not first.replaces(second)
    assert not second.replaces(second)
    assert not second.replaces(execution_id_of("0000e0d5.6578.02.01"))


def test_the_rows_of_a_combo_share_a_group() -> None:
    rows = [execution_id_of(f"0000e0d5.6578.{row:02d}.01") for row in (1, 2, 3)]
    assert {row.group for row in rows} == {"0000e0d5.6578"}
    assert len({row.stem for row in rows}) == 3


@pytest.mark.parametrize("text", ["U+4711", "", "a.b", "....", "0000e0d5.6578.1.1"])
def test_an_id_of_another_form_is_a_row_of_its_own(text: str) -> None:
    assert execution_id_of(text) == ExecutionId(text, text, 0)


def test_an_execution_id_is_written_as_it_is_read() -> None:
    assert execution_id_of(execution_id_text("0000e0d5.6578", 3, 2)) == ExecutionId(
        "0000e0d5.6578", "0000e0d5.6578.03", 2
    )


@pytest.mark.parametrize(
    ("exec_id", "shares", "bust"), [("a.01.02", 0, True), ("a.01.01", 0, False), ("a.01.02", 5, False)]
)
def test_a_revision_to_nothing_takes_an_execution_back(exec_id: str, shares: int, *, bust: bool) -> None:
    assert is_bust(IbExecution(exec_id=exec_id, shares=Decimal(shares))) is bust


@pytest.mark.parametrize("amount", [None, Decimal(-1), Decimal("-1.0"), UNSET, Decimal("NaN")])
def test_a_commission_that_is_not_known_is_none(amount: Decimal | None) -> None:
    assert commission_of(IbCommission(exec_id="a.01.01", commission=amount, currency="USD")) is None


def test_a_rebate_is_a_commission_below_zero() -> None:
    rebate = commission_of(IbCommission(exec_id="a.01.01", commission=Decimal("-0.25"), currency="USD"))
    assert rebate is not None
    assert rebate.amount == Decimal("-0.25")


@pytest.mark.parametrize(("told", "pnl"), [(UNSET, None), (None, None), (Decimal(5), 5)])
def test_nothing_realized_is_none(told: Decimal | None, pnl: int | None) -> None:
    assert realized_pnl_of(IbCommission(exec_id="a.01.01", realized_pnl=told)) == pnl


def test_what_the_gateway_knows_beside_a_fill_is_told_with_it() -> None:
    fill = fill_of(CONTRACT, EXECUTION, zone="UTC")
    assert fill is not None
    told = ib_execution(fill, order_id=7, client_id=6, perm_id=8, order_ref="r", cum_qty=Decimal(100))
    assert (told.order_id, told.client_id, told.perm_id, told.order_ref, told.cum_qty) == (7, 6, 8, "r", Decimal(100))
    assert told.time == "20230224-12:04:56"
