"""What a client asks about prices at this time."""

from __future__ import annotations

from dataclasses import dataclass

from v6_ib_plugin.gateway.wire.requests.request import Request
from v6_ib_plugin.terms import IbContract


@dataclass(frozen=True, slots=True)
class ReqMktData(Request):
    """Subscribe to the quotes of a contract, or ask for a ``snapshot``.

    ``generic_ticks`` are numbers separated by commas; ``delta_neutral_contract`` is (conId, delta, price) or None.
    """

    req_id: int
    contract: IbContract
    generic_ticks: str = ""
    snapshot: bool = False
    regulatory_snapshot: bool = False
    options: str = ""
    delta_neutral_contract: tuple[str, str, str] | None = None


@dataclass(frozen=True, slots=True)
class CancelMktData(Request):
    """End a subscription to quotes."""

    req_id: int


@dataclass(frozen=True, slots=True)
class ReqMarketDataType(Request):
    """Choose live (1), frozen (2), delayed (3) or delayed frozen (4) data for what is asked from here on."""

    market_data_type: int


@dataclass(frozen=True, slots=True)
class ReqMktDepth(Request):
    """Subscribe to the book of a contract."""

    req_id: int
    contract: IbContract
    rows: int
    is_smart: bool
    options: str = ""


@dataclass(frozen=True, slots=True)
class CancelMktDepth(Request):
    """End a subscription to a book."""

    req_id: int
    is_smart: bool


@dataclass(frozen=True, slots=True)
class ReqRealTimeBars(Request):
    """Subscribe to bars of five seconds."""

    req_id: int
    contract: IbContract
    bar_size: int
    what_to_show: str
    use_rth: bool
    options: str = ""


@dataclass(frozen=True, slots=True)
class CancelRealTimeBars(Request):
    """End a subscription to bars of five seconds."""

    req_id: int


@dataclass(frozen=True, slots=True)
class ReqTickByTickData(Request):
    """Subscribe to every trade, quote or midpoint: ``tick_type`` Last, AllLast, BidAsk or MidPoint."""

    req_id: int
    contract: IbContract
    tick_type: str
    number_of_ticks: int
    ignore_size: bool


@dataclass(frozen=True, slots=True)
class CancelTickByTickData(Request):
    """End a subscription to ticks."""

    req_id: int
