"""What TWS tells of prices at this time."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from v6_ib_plugin.gateway.wire.messages.message import Message


@dataclass(frozen=True, slots=True)
class TickPrice(Message):
    """A price with its size. ``attr_mask``: 1 can be executed at once, 2 past the limit, 4 before the opening."""

    req_id: int
    tick_type: int
    price: Decimal
    size: Decimal | None = None
    attr_mask: int = 0


@dataclass(frozen=True, slots=True)
class TickSize(Message):
    """A size."""

    req_id: int
    tick_type: int
    size: Decimal


@dataclass(frozen=True, slots=True)
class TickOptionComputation(Message):
    """Implied volatility and greeks. ``tick_attrib``: 0 from returns, 1 from prices. None where TWS has no value."""

    req_id: int
    tick_type: int
    tick_attrib: int = 0
    implied_vol: Decimal | None = None
    delta: Decimal | None = None
    opt_price: Decimal | None = None
    pv_dividend: Decimal | None = None
    gamma: Decimal | None = None
    vega: Decimal | None = None
    theta: Decimal | None = None
    und_price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class TickGeneric(Message):
    """A number that is neither price nor size."""

    req_id: int
    tick_type: int
    value: Decimal


@dataclass(frozen=True, slots=True)
class TickString(Message):
    """A text, such as the time of the last trade."""

    req_id: int
    tick_type: int
    value: str


@dataclass(frozen=True, slots=True)
class TickByTick(Message):
    """One trade, quote or midpoint, at ``time`` in seconds since the epoch.

    By ``tick_type``, what it tells: of a trade (1 Last, 2 AllLast) price, size, exchange and conditions, of a quote (3)
    bid and ask, of a midpoint (4) the price that it is. ``attr_mask`` of a trade: 1 past the limit, 2 unreported; of a
    quote: 1 the bid is below the day's low, 2 the ask is above its high.
    """

    req_id: int
    tick_type: int
    time: int
    price: Decimal = Decimal(0)
    size: Decimal = Decimal(0)
    bid_price: Decimal = Decimal(0)
    ask_price: Decimal = Decimal(0)
    bid_size: Decimal = Decimal(0)
    ask_size: Decimal = Decimal(0)
    mid_point: Decimal = Decimal(0)
    attr_mask: int = 0
    exchange: str = ""
    special_conditions: str = ""


@dataclass(frozen=True, slots=True)
class TickReqParams(Message):
    """What holds for a whole subscription."""

    req_id: int
    min_tick: Decimal
    bbo_exchange: str
    snapshot_permissions: int


@dataclass(frozen=True, slots=True)
class TickSnapshotEnd(Message):
    """All ticks of a snapshot were told."""

    req_id: int


@dataclass(frozen=True, slots=True)
class MarketDataType(Message):
    """What follows is live (1), frozen (2), delayed (3) or delayed frozen (4)."""

    req_id: int
    market_data_type: int


@dataclass(frozen=True, slots=True)
class RealtimeBar(Message):
    """A bar of five seconds that began at ``time``, in seconds since the epoch."""

    req_id: int
    time: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    wap: Decimal
    count: int
