"""What TWS says of a market: ticks, bars, the options listed on an underlying, profit and loss."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class IbPriceTick:
    """A tickPrice. ``attributes`` is a mask: 1 can execute at once, 2 beyond the day's limit, 4 before the open."""

    tick_type: int
    price: Decimal | None
    size: Decimal | None = None
    attributes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class IbSizeTick:
    """A tickSize."""

    tick_type: int
    size: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IbNumberTick:
    """A tickGeneric."""

    tick_type: int
    value: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IbTextTick:
    """A tickString."""

    tick_type: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IbOptionTick:
    """A tickOptionComputation; None where TWS says -1, or -2 for a greek, which is its way to say nothing."""

    tick_type: int
    attribute: int = 0
    implied_volatility: Decimal | None = None
    delta: Decimal | None = None
    price: Decimal | None = None
    pv_dividend: Decimal | None = None
    gamma: Decimal | None = None
    vega: Decimal | None = None
    theta: Decimal | None = None
    underlying_price: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IbDataType:
    """A marketDataType: 1 live, 2 frozen, 3 delayed, 4 delayed and frozen."""

    market_data_type: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IbTickParameters:
    """A tickReqParams."""

    min_tick: Decimal | None
    bbo_exchange: str = ""
    snapshot_permissions: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class IbSnapshotEnd:
    """A tickSnapshotEnd: nothing follows."""


IbTick = (
    IbPriceTick | IbSizeTick | IbNumberTick | IbTextTick | IbOptionTick | IbDataType | IbTickParameters | IbSnapshotEnd
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IbBar:
    """One bar. ``date`` is text as TWS writes it; ``count`` is of trades; TWS says -1 where a number has no meaning."""

    date: str
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal = Decimal(-1)
    wap: Decimal = Decimal(-1)
    count: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class IbPnl:
    """Profit and loss of an account, in its currency; None where TWS does not say."""

    daily: Decimal | None = None
    unrealized: Decimal | None = None
    realized: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionParameters:
    """One row of an option chain: not every expiration has every strike."""

    exchange: str
    underlying_con_id: int
    trading_class: str
    multiplier: str
    expirations: tuple[str, ...]
    strikes: tuple[Decimal, ...]
