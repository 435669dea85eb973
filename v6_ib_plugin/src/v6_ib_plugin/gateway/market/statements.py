"""What an account is worth at one time: its money, its positions, and each at its market price."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from v6_ib_plugin.translation.accounts import BASE, account_values, ib_avg_cost
from v6core.money import ZERO
from v6core.positions import Holding
from v6core.quotes import Quote
from v6core.reports import Account, BrokerPosition, FillReport, Snapshot
from v6core.sessions import trading_day

_CENT = Decimal("0.01")


@dataclass(slots=True)
class Day:
    """What today's fills in one contract realized, and whether all that is held was opened today."""

    realized: Decimal = ZERO
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """One position at its market price; money is in the contract's currency."""

    position: BrokerPosition
    price: Decimal
    day: Day

    @property
    def value(self) -> Decimal:
        """What it is worth, negative where it is short."""
        return self.position.quantity * self.price * self.position.contract.multiplier

    @property
    def avg_cost(self) -> Decimal:
        """What one contract cost: the price times the multiplier."""
        return ib_avg_cost(self.position)

    @property
    def unrealized(self) -> Decimal:
        """What closing it would realize."""
        return cents(self.value - self.position.quantity * self.avg_cost)

    @property
    def realized(self) -> Decimal:
        """What was realized in it today."""
        return cents(self.day.realized)

    @property
    def daily(self) -> Decimal | None:
        """What it made today; None where it is held since before, at a price of yesterday that nobody told."""
        return self.unrealized + self.realized if self.day.is_whole else None


@dataclass(frozen=True, slots=True)
class Statement:
    """An account at one time, told under the name that clients know."""

    account: Account
    rows: tuple[Row, ...]
    closed: Mapping[str, Day] = field(default_factory=dict[str, Day])
    """What today's fills realized, by the key of the contract, whether it is held or not."""

    @property
    def gross(self) -> Decimal:
        """What all positions are worth, long or short."""
        return sum((abs(row.value) for row in self.rows), ZERO)

    @property
    def cash(self) -> Decimal:
        """The cash with what futures have made: TWS takes no money for them, the broker behind takes all they cost."""
        return self.account.cash + self._worth("FUTURE")

    def values(self) -> dict[tuple[str, str], str]:
        """Return the values of the account by key and currency, as TWS tells them."""
        account, currency = self.account, self.account.currency
        equity = account.cash if account.equity is None else account.equity
        initial, maintenance = account.initial_margin or ZERO, account.maintenance_margin or ZERO
        money = {
            "NetLiquidation": equity,
            "EquityWithLoanValue": equity,
            "TotalCashValue": self.cash,
            "SettledCash": self.cash,
            "BuyingPower": account.buying_power or ZERO,
            "InitMarginReq": initial,
            "MaintMarginReq": maintenance,
            "AvailableFunds": equity - initial,
            "ExcessLiquidity": equity - maintenance,
            "GrossPositionValue": self.gross,
        }
        return {
            ("AccountCode", ""): account.account,
            ("AccountReady", ""): "true",
            ("Cushion", ""): f"{(equity - maintenance) / equity:.6f}" if equity > 0 else "0",
            **account_values(account),
            **{(key, currency): f"{value:.2f}" for key, value in money.items()},
            **{(f"Full{key}", currency): f"{money[key]:.2f}" for key in _FULL},
            **self.ledger(),
        }

    def ledger(self) -> dict[tuple[str, str], str]:
        """Return what is held in each currency, of which there is one, and in all of them together."""
        account = self.account
        equity = account.cash if account.equity is None else account.equity
        rows = {
            "Currency": account.currency,
            "CashBalance": f"{self.cash:.2f}",
            "TotalCashBalance": f"{self.cash:.2f}",
            "NetLiquidationByCurrency": f"{equity:.2f}",
            "StockMarketValue": f"{self._worth('STOCK'):.2f}",
            "OptionMarketValue": f"{self._worth('OPTION'):.2f}",
            "RealizedPnL": f"{account.realized_pnl or ZERO:.2f}",
            "UnrealizedPnL": f"{account.unrealized_pnl or ZERO:.2f}",
            "ExchangeRate": "1.00",
        }
        own = {(key, account.currency): value for key, value in rows.items()}
        base = {(key, BASE): value for key, value in rows.items()} | {("Currency", BASE): BASE}
        return {**own, **base}

    def _worth(self, kind: str) -> Decimal:
        return sum((row.value for row in self.rows if row.position.contract.kind == kind), ZERO)


_FULL = ("InitMarginReq", "MaintMarginReq", "AvailableFunds", "ExcessLiquidity")
LEDGER_KEYS = frozenset(
    {
        "Currency",
        "CashBalance",
        "TotalCashBalance",
        "NetLiquidationByCurrency",
        "StockMarketValue",
        "OptionMarketValue",
        "RealizedPnL",
        "UnrealizedPnL",
        "ExchangeRate",
    }
)
"""The keys that are told for each currency."""


def statement(name: str, snapshot: Snapshot, quotes: Mapping[str, Quote]) -> Statement:
    """Return an account at the time of a snapshot, with each position at its quote, else at its cost."""
    days = _days(snapshot.fills, trading_day(snapshot.time)) if snapshot.fills_since is None else {}
    rows = tuple(
        Row(position, _price(position, quotes.get(position.contract.key)), _day(days, position))
        for position in snapshot.positions
        if position.quantity
    )
    return Statement(snapshot.account.model_copy(update={"account": name}), rows, days)


def _price(position: BrokerPosition, quote: Quote | None) -> Decimal:
    candidates = () if quote is None else (quote.mid, quote.last, quote.bid if position.quantity > 0 else quote.ask)
    return next((price for price in candidates if price is not None), position.avg_cost)


def _day(days: Mapping[str, Day], position: BrokerPosition) -> Day:
    return days.get(position.contract.key) or Day(is_whole=False)


def _days(fills: Iterable[FillReport], today: date) -> dict[str, Day]:
    """Return what today's fills realized, by contract, from all fills that there ever were."""
    holdings: dict[str, Holding] = {}
    days: dict[str, Day] = {}
    for report in fills:
        fill = report.fill
        key = fill.contract.key
        holding = holdings.setdefault(key, Holding(fill.contract))
        day = days.setdefault(key, Day())
        before = holding.realized
        holding.trade(fill.signed_quantity, fill.price)
        if trading_day(fill.time) == today:
            day.realized += holding.realized - before
        elif holding.quantity:
            day.is_whole = False
        else:
            day.is_whole = True
    return days


def cents(money: Decimal) -> Decimal:
    """Return an amount rounded to cents."""
    return money.quantize(_CENT)
