"""What a what-if order would cost: IB's order state and v6's preview."""

from __future__ import annotations

from decimal import Decimal

from v6_ib_plugin.numbers import bounded, told
from v6_ib_plugin.terms import IbOrderState
from v6core.fills import Preview
from v6core.identifiers import plainly
from v6core.reports import Account


def preview_of(state: IbOrderState) -> Preview:
    """Return what an order would cost; where IB tells a range of commissions, the most. Raises Untranslatable."""
    commission = told(state.commission)
    return Preview(
        commission=_figure(commission if commission is not None else state.max_commission, "commission"),
        initial_margin_change=_figure(state.init_margin_change, "init_margin_change"),
        maintenance_margin_change=_figure(state.maint_margin_change, "maint_margin_change"),
        warning=plainly(state.warning_text) or None,
    )


def _figure(value: Decimal | None, field: str) -> Decimal | None:
    figure = told(value)
    return None if figure is None else bounded(figure, field)


def ib_what_if(preview: Preview, account: Account) -> IbOrderState:
    """Return a preview as TWS answers a what-if order, beside what the account's margins are."""
    initial, maintenance = account.initial_margin or Decimal(0), account.maintenance_margin or Decimal(0)
    equity, cost = account.equity if account.equity is not None else account.cash, preview.commission or Decimal(0)
    initial_change = preview.initial_margin_change or Decimal(0)
    maintenance_change = preview.maintenance_margin_change or Decimal(0)
    return IbOrderState(
        status="PreSubmitted",
        init_margin_before=initial,
        maint_margin_before=maintenance,
        equity_with_loan_before=equity,
        init_margin_change=initial_change,
        maint_margin_change=maintenance_change,
        equity_with_loan_change=-cost,
        init_margin_after=initial + initial_change,
        maint_margin_after=maintenance + maintenance_change,
        equity_with_loan_after=equity - cost,
        commission=preview.commission,
        commission_currency=account.currency,
        warning_text=preview.warning or "",
    )
