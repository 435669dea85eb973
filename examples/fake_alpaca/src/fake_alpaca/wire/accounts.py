"""The account, its positions and its executions as Alpaca shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from fake_alpaca.assets import Asset
from fake_alpaca.desk.executions import Execution
from fake_alpaca.wire.reference import EXCHANGE
from fake_alpaca.wire.texts import moment, money, number
from fake_alpaca.words import Status
from v6core.money import ZERO
from v6core.reports import Account

_MULTIPLIER = 2


@dataclass(frozen=True, slots=True)
class Valued:
    """A position at the market's price."""

    asset: Asset
    quantity: Decimal
    avg_cost: Decimal
    price: Decimal
    available: Decimal

    @property
    def _units(self) -> Decimal:
        return self.quantity * self.asset.contract.multiplier

    @property
    def value(self) -> Decimal:
        """What it is worth, negative where it was sold short."""
        return self._units * self.price

    @property
    def cost(self) -> Decimal:
        """What it cost, negative where it was sold short."""
        return self._units * self.avg_cost

    @property
    def profit(self) -> Decimal:
        """What it has won, before it is closed."""
        return self.value - self.cost


def account_json(account: Account, positions: list[Valued], account_id: UUID, now: datetime) -> dict[str, Any]:
    """Return the account: the schema Account. A margin account of twice its free equity, options up to spreads."""
    power = account.buying_power or ZERO
    free = power / _MULTIPLIER
    return {
        "id": str(account_id),
        "account_number": account.account,
        "status": "ACTIVE",
        "crypto_status": "INACTIVE",
        "currency": account.currency,
        **_balances(account, positions),
        "buying_power": money(power),
        "regt_buying_power": money(power),
        "non_marginable_buying_power": money(free),
        "options_buying_power": money(free),
        "options_approved_level": 3,
        "options_trading_level": 3,
        "multiplier": str(_MULTIPLIER),
        "balance_asof": now.date().isoformat(),
        "created_at": "2026-01-02T14:30:00Z",
        "shorting_enabled": True,
        **dict.fromkeys(_FLAGS, False),
        **dict.fromkeys(_NOTHING, "0"),
    }


_FLAGS = ("trading_blocked", "transfers_blocked", "account_blocked", "trade_suspended_by_user")
_NOTHING = ("accrued_fees", "pending_reg_taf_fees", "intraday_adjustments", "sma")


def _balances(account: Account, positions: list[Valued]) -> dict[str, Any]:
    equity = account.cash if account.equity is None else account.equity
    return {
        "cash": money(account.cash),
        "equity": money(equity),
        "portfolio_value": money(equity),
        "last_equity": money(equity - (account.daily_pnl or ZERO)),
        "long_market_value": money(sum((one.value for one in positions if one.quantity > 0), ZERO)),
        "short_market_value": money(sum((one.value for one in positions if one.quantity < 0), ZERO)),
        "initial_margin": money(account.initial_margin),
        "maintenance_margin": money(account.maintenance_margin),
        "last_maintenance_margin": money(account.maintenance_margin),
    }


def position_json(position: Valued) -> dict[str, Any]:
    """Return a position: the schema Position. Of yesterday the simulated market tells nothing: no change today."""
    asset, profit = position.asset, number(position.profit)
    share = number(position.profit / abs(position.cost) if position.cost else ZERO)
    return {
        "asset_id": str(asset.asset_id),
        "symbol": asset.symbol,
        "exchange": "" if asset.is_option else EXCHANGE,
        "asset_class": asset.asset_class.value,
        "asset_marginable": not asset.is_option,
        "qty": number(position.quantity),
        "qty_available": number(position.available),
        "side": "long" if position.quantity > 0 else "short",
        "avg_entry_price": number(position.avg_cost),
        "market_value": number(position.value),
        "cost_basis": number(position.cost),
        "unrealized_pl": profit,
        "unrealized_plpc": share,
        "unrealized_intraday_pl": profit,
        "unrealized_intraday_plpc": share,
        "current_price": number(position.price),
        "lastday_price": number(position.price),
        "change_today": "0",
    }


def activity_id(execution: Execution) -> str:
    """Return the id of an activity, by which pages of them go on."""
    return f"{execution.time:%Y%m%d%H%M%S}{execution.time.microsecond // 1000:03d}::{execution.execution_id}"


def activity_json(execution: Execution) -> dict[str, Any]:
    """Return an execution: the schema TradingActivities."""
    return {
        "id": activity_id(execution),
        "activity_type": "FILL",
        "type": "fill" if execution.order_status is Status.FILLED else "partial_fill",
        "transaction_time": moment(execution.time),
        "order_id": str(execution.order_id),
        "order_status": execution.order_status.value,
        "symbol": execution.symbol,
        "side": execution.side.value,
        "price": number(execution.price),
        "qty": number(execution.qty),
        "cum_qty": number(execution.cum_qty),
        "leaves_qty": number(execution.leaves_qty),
    }
