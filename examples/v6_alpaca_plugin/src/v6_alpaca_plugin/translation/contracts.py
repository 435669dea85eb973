"""Symbols as contracts and back, and what Alpaca lists of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from itertools import groupby

from v6_alpaca_plugin.records import Asset, OptionListing
from v6core.contracts import Combo, Contract, ContractDetails, Crypto, Option, Stock, TickBand
from v6core.errors import Unavailable
from v6core.quotes import ChainExpiration, OptionChain

_CENT, _NICKEL, _DIME = Decimal("0.01"), Decimal("0.05"), Decimal("0.10")
# A share below a dollar moves by hundredths of a cent: Regulation NMS, rule 612.
SHARE_TICKS = (TickBand(tick=Decimal("0.0001")), TickBand(from_price=Decimal(1), tick=_CENT))
# Options move by nickels and dimes, those of the Penny Interval Program by cents and nickels: Cboe rule 5.4.
_FROM_THREE = Decimal(3)
PENNY_TICKS = (TickBand(tick=_CENT), TickBand(from_price=_FROM_THREE, tick=_NICKEL))
OPTION_TICKS = (TickBand(tick=_NICKEL), TickBand(from_price=_FROM_THREE, tick=_DIME))


def symbol_of(contract: Contract) -> str:
    """Return Alpaca's symbol of a share or an option; Unavailable for what it does not trade, or not here."""
    if contract.currency == "USD":
        if isinstance(contract, Stock):
            return contract.symbol.replace(" ", ".").replace("/", ".")
        if isinstance(contract, Option):
            try:
                return contract.occ_symbol
            except ValueError as error:
                raise Unavailable(f"Alpaca lists options by OCC symbol: {error}") from error
    raise Unavailable(f"this plugin trades US shares and options alone, not {contract.key}")


def contract_of(symbol: str, asset_class: str = "") -> Stock | Option | Crypto:
    """Return the contract of a symbol; what is not said to be an option is one where it reads like one."""
    if asset_class.startswith("crypto"):
        return Crypto(symbol.replace("/", "").removesuffix("USD"))
    if asset_class != "us_equity":
        try:
            return Option.from_occ(symbol)
        except ValueError:
            pass
    return Stock(symbol)


def share_details(contract: Contract, asset: Asset) -> ContractDetails:
    """Return what Alpaca knows of a share; Unavailable where it does not trade it."""
    if not asset.tradable or asset.status != "active":
        raise Unavailable(f"Alpaca does not trade {asset.symbol}: it is {asset.status}, and tradable: {asset.tradable}")
    completed = contract.model_copy(update={"symbol": asset.symbol, "primary_exchange": asset.exchange or None})
    return ContractDetails(contract=completed, long_name=asset.name, ticks=SHARE_TICKS)


def option_details(contract: Option, listing: OptionListing) -> ContractDetails:
    """Return what Alpaca knows of an option; Unavailable where it does not trade it, or it is another one."""
    if not listing.tradable or listing.status != "active":
        raise Unavailable(f"Alpaca does not trade {listing.symbol}: it is {listing.status}")
    if listing.multiplier != contract.multiplier:
        raise Unavailable(
            f"{listing.symbol} has multiplier {listing.multiplier:f} at Alpaca, not {contract.multiplier:f}"
        )
    ticks = PENNY_TICKS if listing.ppind else OPTION_TICKS
    return ContractDetails(contract=contract, long_name=listing.name, ticks=ticks)


def combo_details(combo: Combo) -> ContractDetails:
    """Return a combo as it is, priced in cents."""
    return ContractDetails(contract=combo, ticks=(TickBand(tick=_CENT),))


def chain_of(symbol: str, listings: Iterable[OptionListing]) -> OptionChain:
    """Return listed options as a chain; what cannot be traded is left out."""
    rows = sorted(
        (listing for listing in listings if listing.tradable and listing.status == "active"),
        key=lambda row: (row.expiration_date, row.root_symbol, row.multiplier),
    )
    expirations = tuple(
        ChainExpiration(
            expiration=date.fromisoformat(day),
            strikes=tuple(sorted({row.strike_price for row in group})),
            multiplier=multiplier,
            trading_class=root if root and root != symbol else None,
        )
        for (day, root, multiplier), group in groupby(
            rows, key=lambda row: (row.expiration_date, row.root_symbol, row.multiplier)
        )
    )
    return OptionChain(symbol=symbol, expirations=expirations)
