"""Positions and money."""

from __future__ import annotations

from decimal import Decimal

from v6_alpaca_plugin.records import Account, Position
from v6_alpaca_plugin.settings import is_paper
from v6_alpaca_plugin.translation.contracts import contract_of
from v6core.money import MOST_PLACES
from v6core.reports import Account as Money
from v6core.reports import BrokerPosition

_FINEST = Decimal(1).scaleb(-MOST_PLACES)


def _rounded(number: Decimal | None) -> Decimal | None:
    """Return an average or a value with as many places as v6 takes."""
    return None if number is None else number.quantize(_FINEST).normalize() + 0


def position_of(position: Position, account: str) -> BrokerPosition:
    """Return a position, negative where it is short."""
    quantity = -abs(position.qty) if position.side == "short" else position.qty
    return BrokerPosition(
        contract=contract_of(position.symbol, position.asset_class),
        quantity=quantity,
        avg_cost=_rounded(abs(position.avg_entry_price)) or Decimal(0),
        account=account,
    )


def money_of(account: Account) -> Money:
    """Return the account's money; the day's profit is counted from the last close."""
    daily = None if account.equity is None or account.last_equity is None else account.equity - account.last_equity
    return Money(
        account=account.account_number,
        paper=is_paper(account.account_number),
        currency=account.currency,
        cash=_rounded(account.cash) or Decimal(0),
        equity=_rounded(account.equity),
        buying_power=_rounded(account.buying_power),
        initial_margin=_rounded(account.initial_margin),
        maintenance_margin=_rounded(account.maintenance_margin),
        daily_pnl=_rounded(daily),
    )
