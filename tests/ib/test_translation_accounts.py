"""Account values, positions and previews between IB and v6."""

from __future__ import annotations

from decimal import Decimal

import pytest

from v6_ib_plugin.settings import is_paper
from v6_ib_plugin.terms import IbContract, IbOrderState
from v6_ib_plugin.translation.accounts import account_of, base_currency, position_of
from v6_ib_plugin.translation.previews import ib_what_if, preview_of
from v6_ib_plugin.untranslatable import Untranslatable
from v6core.contracts import Future
from v6core.fills import Preview
from v6core.reports import Account

VALUES = {
    ("AccountType", ""): "INDIVIDUAL",
    ("TotalCashValue", "CHF"): "1000.50",
    ("NetLiquidation", "CHF"): "5000",
    ("BuyingPower", "CHF"): "20000.00",
    ("InitMarginReq", "CHF"): "300",
    ("MaintMarginReq", "CHF"): "200",
    ("RealizedPnL", "BASE"): "-5.25",
    ("RealizedPnL", "USD"): "77",
    ("UnrealizedPnL", "BASE"): "12",
    ("CashBalance", "USD"): "500",
    ("InitMarginReq-C", "CHF"): "1",
}


def test_an_account_is_told_in_its_own_currency() -> None:
    assert account_of("DU1234567", VALUES, daily_pnl=Decimal(3)) == Account(
        account="DU1234567",
        paper=True,
        currency="CHF",
        cash=Decimal("1000.50"),
        equity=Decimal(5000),
        buying_power=Decimal(20000),
        initial_margin=Decimal(300),
        maintenance_margin=Decimal(200),
        realized_pnl=Decimal("-5.25"),
        unrealized_pnl=Decimal(12),
        daily_pnl=Decimal(3),
    )


@pytest.mark.parametrize(
    ("account", "paper"), [("DU1", True), ("DF1", True), ("du1", True), ("U1", False), ("F1", False)]
)
def test_the_names_of_paper_accounts_begin_with_d(account: str, *, paper: bool) -> None:
    assert is_paper(account) is paper
    assert account_of(account, VALUES).paper is paper


def test_an_account_without_cash_is_not_told_in_part() -> None:
    with pytest.raises(Untranslatable, match="TotalCashValue"):
        account_of("DU1", {("NetLiquidation", "USD"): "5"})


def test_a_value_that_is_no_number_is_named() -> None:
    with pytest.raises(Untranslatable, match="BuyingPower 'lots'"):
        account_of("DU1", VALUES | {("BuyingPower", "CHF"): "lots"})


def test_the_largest_double_is_no_value() -> None:
    values = VALUES | {("BuyingPower", "CHF"): "1.7976931348623157E308"}
    assert account_of("DU1", values, daily_pnl=Decimal("1.7976931348623157E308")).buying_power is None


def test_the_base_currency_is_not_called_base() -> None:
    assert base_currency({("NetLiquidation", "BASE"): "5", ("TotalCashValue", "EUR"): "5"}) == "EUR"
    assert base_currency({("NetLiquidation", "BASE"): "5"}) is None


def test_a_cost_of_a_contract_is_divided_by_its_multiplier() -> None:
    ib = IbContract(
        symbol="ES",
        sec_type="FUT",
        last_trade_date_or_contract_month="20261218",
        multiplier="50",
        exchange="CME",
        currency="USD",
    )
    position = position_of("DU1", ib, Decimal(-2), Decimal("300112.40"))
    assert position.contract == Future("ES", "2026-12-18", multiplier=50, exchange="CME")
    assert (position.quantity, position.avg_cost) == (Decimal(-2), Decimal("6002.248"))


def test_a_cost_that_does_not_divide_is_rounded_to_ten_places() -> None:
    ib = IbContract(symbol="A", sec_type="STK", currency="USD", multiplier="3")
    assert position_of("DU1", ib, Decimal(1), Decimal(10)).avg_cost == Decimal("3.3333333333")


def test_a_combo_is_no_position() -> None:
    with pytest.raises(Untranslatable):
        position_of("DU1", IbContract(symbol="A", sec_type="BAG"), Decimal(1), Decimal(1))


def test_a_what_if_order_is_a_preview() -> None:
    state = IbOrderState(
        status="PreSubmitted",
        init_margin_change=Decimal("1500.5"),
        maint_margin_change=Decimal(1200),
        commission=Decimal("1.7976931348623157E308"),
        min_commission=Decimal(1),
        max_commission=Decimal(2),
        warning_text="margin is thin",
    )
    assert preview_of(state) == Preview(
        commission=Decimal(2),
        initial_margin_change=Decimal("1500.5"),
        maintenance_margin_change=Decimal(1200),
        warning="margin is thin",
    )


def test_a_preview_is_told_and_read_back() -> None:
    preview = Preview(
        commission=Decimal(1),
        initial_margin_change=Decimal(100),
        maintenance_margin_change=Decimal(80),
        warning="look",
    )
    account = Account(account="DU1", cash=Decimal(1000), initial_margin=Decimal(50))
    state = ib_what_if(preview, account)
    assert preview_of(state) == preview
    after = (state.init_margin_before, state.init_margin_after, state.equity_with_loan_after)
    assert after == (Decimal(50), Decimal(150), Decimal(999))
