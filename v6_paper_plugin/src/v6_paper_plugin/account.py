"""The account and its positions, as v6 tells them."""

from __future__ import annotations

from decimal import Decimal

from v6_paper_plugin.exchange.exchange import Exchange
from v6_paper_plugin.translation import rounded
from v6core.money import ZERO
from v6core.reports import Account, BrokerPosition

_CENT = Decimal("0.01")
_STOCK_LEVERAGE = 2


def account_of(exchange: Exchange, name: str) -> Account:
    """Return the account's money; ``buying_power`` is what shares the free equity could buy on margin."""
    prices, ledger = exchange.prices(), exchange.ledger
    equity = ledger.equity(prices.mark)
    tied = exchange.admission.tied(prices)
    reserved = sum((order.reserved for order in exchange.orders.open()), ZERO)
    free = max(equity - tied.initial - reserved, ZERO)
    return Account(
        account=name,
        paper=True,
        currency=exchange.rules.currency,
        cash=ledger.cash,
        equity=rounded(equity),
        buying_power=(free * _STOCK_LEVERAGE).quantize(_CENT),
        initial_margin=tied.initial.quantize(_CENT),
        maintenance_margin=tied.maintenance.quantize(_CENT),
        realized_pnl=rounded(ledger.realized),
        unrealized_pnl=rounded(ledger.unrealized(prices.mark)),
        daily_pnl=rounded(equity - ledger.equity_at_open),
        commissions=ledger.commissions,
    )


def positions_of(exchange: Exchange, account: str) -> tuple[BrokerPosition, ...]:
    """Return what is held, by contract."""
    return tuple(
        BrokerPosition(contract=holding.contract, quantity=holding.quantity, avg_cost=holding.avg_cost, account=account)
        for _, holding in sorted(exchange.ledger.holdings.items())
    )
