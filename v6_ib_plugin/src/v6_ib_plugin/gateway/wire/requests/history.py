"""What a client asks about prices of the past."""

from __future__ import annotations

from dataclasses import dataclass

from v6_ib_plugin.gateway.wire.requests.request import Request
from v6_ib_plugin.terms import IbContract


@dataclass(frozen=True, slots=True)
class ReqHistoricalData(Request):
    """Ask for bars, and with ``keep_up_to_date`` for those to come; ``format_date`` 1 is text, 2 is epoch seconds."""

    req_id: int
    contract: IbContract
    include_expired: bool
    end_date_time: str
    bar_size: str
    duration: str
    use_rth: bool
    what_to_show: str
    format_date: int
    keep_up_to_date: bool = False
    options: str = ""


@dataclass(frozen=True, slots=True)
class CancelHistoricalData(Request):
    """End a subscription to bars."""

    req_id: int


@dataclass(frozen=True, slots=True)
class ReqHeadTimeStamp(Request):
    """Ask since when there are bars of a contract."""

    req_id: int
    contract: IbContract
    include_expired: bool
    use_rth: bool
    what_to_show: str
    format_date: int


@dataclass(frozen=True, slots=True)
class CancelHeadTimeStamp(Request):
    """Withdraw that question."""

    req_id: int


@dataclass(frozen=True, slots=True)
class ReqHistoricalTicks(Request):
    """Ask for at most ``number_of_ticks`` ticks since ``start`` or until ``end``."""

    req_id: int
    contract: IbContract
    include_expired: bool
    start: str
    end: str
    number_of_ticks: int
    what_to_show: str
    use_rth: bool
    ignore_size: bool
    options: str = ""
