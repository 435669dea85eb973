"""What an order costs: so much a share or a contract, and no less than a minimum once any of it has filled.

The figures are those of Interactive Brokers' fixed pricing for US stocks and options. An order's commission depends
on what has filled of it in all, never on how many fills that took: each fill is charged what the total grew by.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from v6_paper_plugin.exchange.orders import ExchangeOrder
from v6core.contracts import Contract
from v6core.money import ZERO

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Commissions:
    """Rates in currency per share, per option or future, and per unit of value in currencies and crypto."""

    per_share: Decimal = Decimal("0.005")
    per_contract: Decimal = Decimal("0.65")
    of_value: Decimal = Decimal("0.0002")
    minimum: Decimal = Decimal("1.00")

    @classmethod
    def free(cls) -> Commissions:
        """Return rates of nothing."""
        return cls(ZERO, ZERO, ZERO, ZERO)

    def base(self, contract: Contract, quantity: Decimal, price: Decimal) -> Decimal:
        """Return what a fill costs before minimum and rounding."""
        if contract.kind == "STOCK":
            return self.per_share * quantity
        if contract.kind in {"FOREX", "CRYPTO"}:
            return self.of_value * abs(quantity * price * contract.multiplier)
        return self.per_contract * quantity

    def total(self, base: Decimal) -> Decimal:
        """Return what an order costs in all, to the cent."""
        return max(base, self.minimum).quantize(CENT, ROUND_HALF_UP) if base else ZERO

    def charge(self, order: ExchangeOrder, contract: Contract, quantity: Decimal, price: Decimal) -> Decimal:
        """Add a fill to what the order costs and return by how much that grew."""
        order.commission_base += self.base(contract, quantity, price)
        charged = self.total(order.commission_base) - order.commission
        order.commission += charged
        return charged

    def estimate(self, order: ExchangeOrder, prices: list[Decimal]) -> Decimal:
        """Return what the rest of an order will cost, filled at these prices of its legs."""
        base = order.commission_base
        for (contract, ratio), price in zip(order.legs, prices, strict=True):
            base += self.base(contract, abs(ratio) * order.leaves, price)
        return self.total(base) - order.commission
