"""Assets: the contracts that Alpaca trades, under its symbols and its ids."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid5

from fake_alpaca.words import AssetClass
from v6core.contracts import Option, Stock

_NAMESPACE = UUID("6b1f7a52-0b0f-5f0e-9a41-0f2ad6a0a1ca")
Tradable = Stock | Option


@dataclass(frozen=True, slots=True)
class Asset:
    """One contract with Alpaca's symbol for it: a share's own, an option's OCC symbol."""

    contract: Tradable

    @property
    def symbol(self) -> str:
        """What orders name it by."""
        return self.contract.occ_symbol if isinstance(self.contract, Option) else self.contract.symbol

    @property
    def asset_id(self) -> UUID:
        """What orders may name it by as well."""
        return asset_id(self.symbol)

    @property
    def asset_class(self) -> AssetClass:
        """Whether it is a share or an option."""
        return AssetClass.US_OPTION if self.is_option else AssetClass.US_EQUITY

    @property
    def is_option(self) -> bool:
        """Whether it is an option."""
        return isinstance(self.contract, Option)


def asset_id(symbol: str) -> UUID:
    """Return the id of a symbol's asset, always the same."""
    return uuid5(_NAMESPACE, symbol)


def asset_of(symbol: str) -> Asset:
    """Return the asset of a symbol; ValueError where it cannot be one."""
    try:
        return Asset(Option.from_occ(symbol))
    except ValueError:
        return Asset(Stock(symbol))


def asset_for(contract: object) -> Asset | None:
    """Return the asset that a contract is, or None where Alpaca does not trade its kind."""
    return Asset(contract) if isinstance(contract, Stock | Option) else None
