"""A desk for the tests of our own checks: contracts, limits of which only some are on, and what a check is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from v6core.capabilities import Capabilities
from v6core.contracts import Combo, ComboLeg, Contract, Option, Stock
from v6core.events import TradingState
from v6core.orders import Order
from v6core.quotes import Quote
from v6core.reports import Account
from v6core.risk import CheckContext, RiskLimits
from v6core.standard_checks import v6_check_order

OPEN = datetime(2026, 1, 5, 15, tzinfo=UTC)  # a Monday, 10:00 in New York
GOOG = Stock("GOOG")
CALL = Option("GOOG", "2026-12-18", 750, "CALL")
LIVE = Capabilities(simulated=False, orders=())
SIMULATED = Capabilities(simulated=True, orders=())
OFF: dict[str, Any] = dict.fromkeys(
    (
        "max_order_quantity",
        "max_contracts",
        "max_order_value",
        "price_collar",
        "option_price_collar",
        "duplicate_window",
        "max_orders_per_second",
        "order_burst",
        "max_open_orders",
    ),
    "off",
)


def limits(**only: Any) -> RiskLimits:
    """Return limits of which only these are on."""
    return RiskLimits(**{**OFF, **only})


def context(rules: RiskLimits, **changes: Any) -> CheckContext:
    """Return what a check is told, calm and with a paper account but for the changes."""
    fields: dict[str, Any] = {
        "now": OPEN,
        "monotonic": 100.0,
        "limits": rules,
        "capabilities": LIVE,
        "trading_state": TradingState.ACTIVE,
        "reducing": False,
        "account": Account(account="DU1", paper=True, cash=Decimal(100_000)),
    }
    return CheckContext(**(fields | changes))


def quote(contract: Contract, bid: str | None, ask: str | None, last: str | None = None, age: float = 0) -> Quote:
    """Return a quote of some age in seconds."""
    fields = {"contract": contract, "time": OPEN - timedelta(seconds=age), "bid": bid, "ask": ask, "last": last}
    return Quote.model_validate(fields)


def told(order: Order, around: CheckContext) -> str | None:
    """Return the first denial of our own checks as one text."""
    denial = v6_check_order(order, around)
    return None if denial is None else f"{denial.code}: {denial.message}"


def combo(*strikes: tuple[int, int, str]) -> Combo:
    """Return a combo of options on GOOG: how many, which strike, which right."""
    legs = [
        ComboLeg(Option("GOOG", "2026-12-18", strike, right), "BUY" if n > 0 else "SELL", abs(n))
        for n, strike, right in strikes
    ]
    return Combo("GOOG", tuple(legs))


CONDOR = combo((1, 570, "P"), (-1, 580, "P"), (-1, 620, "C"), (1, 630, "C"))
