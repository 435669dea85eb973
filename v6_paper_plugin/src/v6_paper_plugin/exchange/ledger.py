"""Cash and positions, exact: every sum is of Decimals that were given, and nothing is rounded but an average.

* cash = cash at the start − Σ signed quantity × price × multiplier − commissions + settlements
* equity = cash + Σ quantity × mark × multiplier
* realized + unrealized = equity + commissions − cash at the start

A position keeps what it cost in all (``basis``), signed as its quantity. Reducing takes a part of the basis away in
proportion and realizes the difference; rounding that part (at ten places) moves money between realized and
unrealized, never in or out. Turning through zero closes what is held and opens the rest. Commissions are kept apart
from profit and loss. All contracts are paid in full, futures too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from v6core.contracts import Contract
from v6core.money import ZERO

PLACES = Decimal("1E-10")
Mark = Callable[[Contract], Decimal | None]


@dataclass(slots=True)
class Holding:
    """A position: its signed quantity and what it cost in all, signed alike."""

    contract: Contract
    quantity: Decimal = ZERO
    basis: Decimal = ZERO

    @property
    def avg_cost(self) -> Decimal:
        """The average cost of one unit, without commission and multiplier."""
        return (self.basis / (self.quantity * self.contract.multiplier)).quantize(PLACES).normalize() + ZERO

    def value(self, price: Decimal) -> Decimal:
        """Return what it is worth at a price."""
        return self.quantity * price * self.contract.multiplier

    def trade(self, quantity: Decimal, price: Decimal) -> Decimal:
        """Add a signed quantity at a price and return the profit that this realizes."""
        closing = self._closing(quantity)
        paid = closing * price * self.contract.multiplier
        released = self._release(closing)
        opening = quantity - closing
        self.quantity += opening
        self.basis += opening * price * self.contract.multiplier
        return -paid - released

    def _closing(self, quantity: Decimal) -> Decimal:
        """Return how much of a trade goes against what is held."""
        if self.quantity * quantity >= 0:
            return ZERO
        return quantity if abs(quantity) <= abs(self.quantity) else -self.quantity

    def _release(self, closing: Decimal) -> Decimal:
        """Take a part off the position and return what that part had cost."""
        if not closing:
            return ZERO
        left = self.quantity + closing
        basis = (self.basis * left / self.quantity).quantize(PLACES) if left else ZERO
        released = self.basis - basis
        self.quantity, self.basis = left, basis
        return released


@dataclass(slots=True)
class Ledger:
    """One account's money and positions, by contract key."""

    cash_start: Decimal
    cash: Decimal = ZERO
    settlements: Decimal = ZERO
    commissions: Decimal = ZERO
    realized: Decimal = ZERO
    equity_at_open: Decimal = ZERO
    holdings: dict[str, Holding] = field(default_factory=dict[str, Holding])

    @classmethod
    def open(cls, cash: Decimal) -> Ledger:
        """Return the ledger of an account that holds nothing but cash."""
        return cls(cash_start=cash, cash=cash, equity_at_open=cash)

    def trade(self, contract: Contract, quantity: Decimal, price: Decimal, commission: Decimal) -> None:
        """Book a fill of a signed quantity."""
        self.cash -= quantity * price * contract.multiplier + commission
        self.commissions += commission
        self._move(contract, quantity, price)

    def settle(self, contract: Contract, price: Decimal) -> Decimal:
        """Close a position for cash at a price without an order; return its signed change."""
        change = -self.quantity(contract)
        self.adjust(contract, change, price)
        return change

    def adjust(self, contract: Contract, quantity: Decimal, price: Decimal) -> None:
        """Change a position by a signed quantity without an order, for cash at a price."""
        amount = -quantity * price * contract.multiplier
        self.cash += amount
        self.settlements += amount
        self._move(contract, quantity, price)

    def quantity(self, contract: Contract) -> Decimal:
        """Return the signed quantity held."""
        holding = self.holdings.get(contract.key)
        return holding.quantity if holding else ZERO

    def value(self, mark: Mark) -> Decimal:
        """Return what the positions are worth; one without a mark at its cost."""
        return sum((self._value(holding, mark) for holding in self.holdings.values()), ZERO)

    def equity(self, mark: Mark) -> Decimal:
        """Return what the account is worth."""
        return self.cash + self.value(mark)

    def unrealized(self, mark: Mark) -> Decimal:
        """Return what the positions have gained since they were opened."""
        return self.value(mark) - sum((holding.basis for holding in self.holdings.values()), ZERO)

    def _move(self, contract: Contract, quantity: Decimal, price: Decimal) -> None:
        holding = self.holdings.setdefault(contract.key, Holding(contract))
        self.realized += holding.trade(quantity, price)
        if not holding.quantity:
            del self.holdings[contract.key]

    @staticmethod
    def _value(holding: Holding, mark: Mark) -> Decimal:
        price = mark(holding.contract)
        return holding.basis if price is None else holding.value(price)
