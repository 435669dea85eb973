"""What TWS tells of prices of the past."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from v6_ib_plugin.gateway.wire.messages.message import Message


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar that began at ``date``, written as it was asked for. -1 stands where there were no trades."""

    date: str
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    wap: Decimal
    count: int


@dataclass(frozen=True, slots=True)
class HistoricalData(Message):
    """All bars that were asked for; their end needs no message of its own."""

    req_id: int
    start: str
    end: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class HistoricalDataUpdate(Message):
    """The bar that is under way, or a new one."""

    req_id: int
    bar: Bar


@dataclass(frozen=True, slots=True)
class HeadTimestamp(Message):
    """Since when there are bars."""

    req_id: int
    head_timestamp: str
