"""What TWS tells of contracts."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from v6_ib_plugin.gateway.wire.messages.message import Message
from v6_ib_plugin.terms import IbContractDetails


@dataclass(frozen=True, slots=True)
class ContractDetails(Message):
    """One contract that fits. The expiration may carry a time and a zone, as ``20250620 08:30 US/Central``."""

    req_id: int
    details: IbContractDetails


@dataclass(frozen=True, slots=True)
class Bond:
    """What is told of a bond beside what is told of any contract. ``maturity`` may carry a time and a zone."""

    cusip: str = ""
    coupon: Decimal = Decimal(0)
    maturity: str = ""
    issue_date: str = ""
    ratings: str = ""
    bond_type: str = ""
    coupon_type: str = ""
    convertible: bool = False
    callable: bool = False
    putable: bool = False
    desc_append: str = ""
    next_option_date: str = ""
    next_option_type: str = ""
    next_option_partial: bool = False
    notes: str = ""


@dataclass(frozen=True, slots=True)
class BondContractDetails(Message):
    """One bond that fits."""

    req_id: int
    details: IbContractDetails
    bond: Bond


@dataclass(frozen=True, slots=True)
class ContractDetailsEnd(Message):
    """All contracts that fit were told."""

    req_id: int


@dataclass(frozen=True, slots=True)
class SecDefOptParams(Message):
    """The options of one exchange and trading class. TWS tells the sets, not which strike is of which expiration."""

    req_id: int
    exchange: str
    underlying_con_id: int
    trading_class: str
    multiplier: str
    expirations: tuple[str, ...]
    strikes: tuple[Decimal, ...]


@dataclass(frozen=True, slots=True)
class SecDefOptParamsEnd(Message):
    """All exchanges and trading classes were told."""

    req_id: int


@dataclass(frozen=True, slots=True)
class PriceIncrement:
    """The increment of prices from ``low_edge`` upwards."""

    low_edge: Decimal
    increment: Decimal


@dataclass(frozen=True, slots=True)
class MarketRule(Message):
    """The price increments of a rule, from the lowest price upwards."""

    rule_id: int
    increments: tuple[PriceIncrement, ...]


@dataclass(frozen=True, slots=True)
class SymbolSample:
    """A stock that a pattern fits, and the kinds of derivatives that it has."""

    con_id: int
    symbol: str
    sec_type: str
    primary_exchange: str
    currency: str
    derivative_sec_types: tuple[str, ...] = ()
    description: str = ""
    issuer_id: str = ""


@dataclass(frozen=True, slots=True)
class SymbolSamples(Message):
    """The stocks that a pattern fits."""

    req_id: int
    samples: tuple[SymbolSample, ...]


@dataclass(frozen=True, slots=True)
class SmartComponent:
    """The exchange that a letter of a consolidated quote stands for."""

    bit_number: int
    exchange: str
    exchange_letter: str


@dataclass(frozen=True, slots=True)
class SmartComponents(Message):
    """The exchanges of a consolidated quote."""

    req_id: int
    components: tuple[SmartComponent, ...]


@dataclass(frozen=True, slots=True)
class DepthExchange:
    """An exchange that tells its book."""

    exchange: str
    sec_type: str
    listing_exch: str
    service_data_type: str
    agg_group: int | None = None


@dataclass(frozen=True, slots=True)
class MktDepthExchanges(Message):
    """The exchanges that tell their book."""

    exchanges: tuple[DepthExchange, ...]
