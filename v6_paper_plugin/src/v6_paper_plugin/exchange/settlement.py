"""What becomes of positions whose contracts expire with a session: they are closed for cash.

An option is settled at what exercise brings by the last quote of its underlying, a long one as EXERCISE, a short one as
ASSIGNMENT; one that is worth nothing, and a future, is EXPIRY. No shares change hands, so that an account never wakes
up with a position that nobody ordered.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from v6_paper_plugin.exchange.ledger import Ledger
from v6_paper_plugin.exchange.listener import Adjustment
from v6_paper_plugin.exchange.orders import ExchangeOrder
from v6_paper_plugin.exchange.prices import Prices
from v6core.contracts import Contract, FutureOption, Option
from v6core.reports import AdjustmentReason


@dataclass(frozen=True, slots=True)
class LastDay:
    """The day of a session that ends, and that of the next, if there is one."""

    day: date
    next_day: date | None

    def is_of(self, contract: Contract) -> bool:
        """Tell whether a contract expires with this session: on its day, or on one without a session after it."""
        expiration: date | None = getattr(contract, "expiration", None)
        if expiration is None or expiration < self.day:
            return False
        return expiration == self.day or (self.next_day is not None and expiration < self.next_day)

    def ends(self, order: ExchangeOrder) -> bool:
        """Tell whether anything that an order trades expires with this session."""
        return any(self.is_of(leg) for leg, _ in order.legs)


def settle(ledger: Ledger, last_day: LastDay, prices: Prices, now: datetime, count: int) -> list[Adjustment]:
    """Close what expires and return what that changed, numbered on from ``count``."""
    over = [holding.contract for holding in ledger.holdings.values() if last_day.is_of(holding.contract)]
    return [
        _settle_one(ledger, contract, prices.settlement(contract), f"A{number:06d}", now)
        for number, contract in enumerate(over, count + 1)
    ]


def _settle_one(ledger: Ledger, contract: Contract, price: Decimal, adjustment_id: str, now: datetime) -> Adjustment:
    change = ledger.settle(contract, price)
    reason = AdjustmentReason.EXPIRY
    if price and isinstance(contract, Option | FutureOption):
        reason = AdjustmentReason.EXERCISE if change < 0 else AdjustmentReason.ASSIGNMENT
    return Adjustment(adjustment_id, contract, change, price, reason, now)
