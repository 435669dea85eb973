"""A contract, and the legs of a BAG."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class IbComboLeg:
    """One leg of a BAG: ``ratio`` of a contract, bought or sold when the BAG is bought."""

    con_id: int = 0
    ratio: int = 1
    action: str = "BUY"
    exchange: str = ""
    open_close: int = 0
    short_sale_slot: int = 0
    designated_location: str = ""
    exempt_code: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class IbContract:
    """A contract as TWS names it. ``strike`` is zero and ``right`` empty where it is no option."""

    con_id: int = 0
    symbol: str = ""
    sec_type: str = ""
    last_trade_date_or_contract_month: str = ""
    strike: Decimal = Decimal(0)
    right: str = ""
    multiplier: str = ""
    exchange: str = ""
    primary_exchange: str = ""
    currency: str = ""
    local_symbol: str = ""
    trading_class: str = ""
    combo_legs: tuple[IbComboLeg, ...] = ()
