"""What the account holds, as fills and adjustments make it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from fake_alpaca.assets import Asset
from v6core.contracts import Contract, Option
from v6core.fills import Fill
from v6core.money import ZERO
from v6core.reports import AdjustmentReport, BrokerPosition


class Holdings:
    """The signed quantity held of each contract."""

    def __init__(self) -> None:
        self._held: dict[str, Decimal] = {}
        self._contracts: dict[str, Contract] = {}

    def begin(self, positions: Iterable[BrokerPosition]) -> None:
        """Take up what the account held before."""
        self._held.clear()
        for position in positions:
            self._add(position.contract, position.quantity)

    def fill(self, fill: Fill) -> None:
        """Count a fill."""
        self._add(fill.contract, fill.signed_quantity)

    def adjust(self, report: AdjustmentReport) -> None:
        """Count a position that changed without an order."""
        self._add(report.contract, report.quantity)

    def _add(self, contract: Contract, quantity: Decimal) -> None:
        self._contracts[contract.key] = contract
        self._held[contract.key] = self._held.get(contract.key, ZERO) + quantity

    def of(self, contract: Contract) -> Decimal:
        """Return what is held of a contract, negative where it was sold short."""
        return self._held.get(contract.key, ZERO)

    def of_asset(self, asset: Asset) -> Decimal:
        """Return what is held of an asset."""
        return self.of(asset.contract)

    def contracts(self) -> list[Contract]:
        """Return the contracts that are held."""
        return [self._contracts[key] for key, quantity in self._held.items() if quantity]

    def options_on(self, symbol: str) -> dict[str, tuple[Option, Decimal]]:
        """Return the options held on an underlying, by key."""
        held = ((key, self._contracts[key], quantity) for key, quantity in self._held.items() if quantity)
        return {
            key: (contract, quantity)
            for key, contract, quantity in held
            if isinstance(contract, Option) and contract.symbol == symbol
        }
