"""Accounts and positions: IB's rows of values and v6's records.

A value stands under a key and a currency. ``BASE`` is the account's own currency, whose name the rows of
``NetLiquidation`` say; what is held in another currency is not added up here, for TWS has done so already.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, localcontext

from v6_ib_plugin.numbers import bounded, number_of, told
from v6_ib_plugin.settings import is_paper
from v6_ib_plugin.terms import IbContract
from v6_ib_plugin.translation.contracts import Known, contract_of, nothing_known
from v6_ib_plugin.untranslatable import Untranslatable, translating
from v6core.contracts import Combo
from v6core.money import EXACT
from v6core.reports import Account, BrokerPosition

Values = Mapping[tuple[str, str], str]
"""An account's values by key and currency, as ``("NetLiquidation", "USD")``."""

BASE = "BASE"
_KEYS: dict[str, tuple[str, ...]] = {
    "cash": ("TotalCashValue", "TotalCashBalance", "CashBalance"),
    "equity": ("NetLiquidation", "NetLiquidationByCurrency"),
    "buying_power": ("BuyingPower",),
    "initial_margin": ("InitMarginReq", "FullInitMarginReq"),
    "maintenance_margin": ("MaintMarginReq", "FullMaintMarginReq"),
    "realized_pnl": ("RealizedPnL",),
    "unrealized_pnl": ("UnrealizedPnL",),
}


def base_currency(values: Values) -> str | None:
    """Return the currency in which an account is told, or None where no row says it."""
    for key in ("NetLiquidation", "TotalCashValue", "BuyingPower"):
        for name, currency in values:
            if name == key and currency not in {"", BASE}:
                return currency
    told_as = values.get(("Currency", BASE), "")
    return told_as if told_as not in {"", BASE} else None


def account_of(account: str, values: Values, *, daily_pnl: Decimal | None = None) -> Account:
    """Return an account's money in its base currency. Raises Untranslatable, also where no row tells the cash."""
    currency = base_currency(values) or "USD"
    figures = {name: _figure(values, keys, currency) for name, keys in _KEYS.items()}
    if figures["cash"] is None:
        raise Untranslatable("TotalCashValue", None, f"the values of account {account} do not tell its cash")
    with translating(f"account {account}"):
        return Account.model_validate(
            {"account": account, "paper": is_paper(account), "currency": currency, "daily_pnl": told(daily_pnl)}
            | figures
        )


def _figure(values: Values, keys: tuple[str, ...], currency: str) -> Decimal | None:
    for key in keys:
        for name in (currency, BASE):
            number = number_of(values.get((key, name), ""), key)
            if number is not None:
                return bounded(number, key)
    return None


def account_values(account: Account) -> dict[tuple[str, str], str]:
    """Return an account's money as TWS tells it, each figure under its key and currency."""
    rows = {
        (keys[0], account.currency): f"{value:.2f}"
        for name, keys in _KEYS.items()
        if (value := getattr(account, name)) is not None
    }
    return {
        ("AccountType", ""): "INDIVIDUAL",
        ("Currency", BASE): BASE,
        ("ExchangeRate", account.currency): "1.00",
        **rows,
        ("CashBalance", BASE): f"{account.cash:.2f}",
        ("TotalCashBalance", BASE): f"{account.cash:.2f}",
    }


def position_of(
    account: str, contract: IbContract, position: Decimal, avg_cost: Decimal, *, known: Known = nothing_known
) -> BrokerPosition:
    """Return a position. IB's average cost is of one contract: it is divided by the multiplier to be a price.

    It holds commissions, which IB does not tell apart. Raises Untranslatable.
    """
    held = contract_of(contract, known)
    if isinstance(held, Combo):
        raise Untranslatable("sec_type", contract.sec_type, "a combo is held in its legs")
    cost = told(avg_cost) or Decimal(0)
    with localcontext(EXACT):
        per_unit = bounded(cost / held.multiplier, "avg_cost")
    with translating(f"the position in {held.key}"):
        return BrokerPosition(
            contract=held, quantity=bounded(position, "position"), avg_cost=per_unit, account=account or None
        )


def ib_avg_cost(position: BrokerPosition) -> Decimal:
    """Return a position's average cost as IB tells it: of one contract, times the multiplier."""
    with localcontext(EXACT):
        return position.avg_cost * position.contract.multiplier
