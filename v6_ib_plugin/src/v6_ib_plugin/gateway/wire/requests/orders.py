"""What a client asks about orders and executions."""

from __future__ import annotations

from dataclasses import dataclass

from v6_ib_plugin.gateway.wire.requests.request import Request
from v6_ib_plugin.terms import IbContract, IbOrder


@dataclass(frozen=True, slots=True)
class PlaceOrder(Request):
    """Place the order ``order.order_id``, or modify it where it is known."""

    contract: IbContract
    order: IbOrder


@dataclass(frozen=True, slots=True)
class CancelOrder(Request):
    """Cancel an order of this client."""

    order_id: int
    manual_cancel_time: str = ""


@dataclass(frozen=True, slots=True)
class ReqGlobalCancel(Request):
    """Cancel every order of the account, whoever placed it."""


@dataclass(frozen=True, slots=True)
class ReqOpenOrders(Request):
    """Ask for the open orders of this client."""


@dataclass(frozen=True, slots=True)
class ReqAllOpenOrders(Request):
    """Ask for the open orders of all clients."""


@dataclass(frozen=True, slots=True)
class ReqAutoOpenOrders(Request):
    """Client 0 asks to be told of, and with ``bind`` to be bound to, the orders made by hand."""

    bind: bool


@dataclass(frozen=True, slots=True)
class ReqCompletedOrders(Request):
    """Ask for the orders that ended; with ``api_only`` only for those placed through the API."""

    api_only: bool


@dataclass(frozen=True, slots=True)
class ReqExecutions(Request):
    """Ask for executions; an empty or zero word filters nothing."""

    req_id: int
    client_id: int = 0
    acct_code: str = ""
    time: str = ""
    symbol: str = ""
    sec_type: str = ""
    exchange: str = ""
    side: str = ""


@dataclass(frozen=True, slots=True)
class ExerciseOptions(Request):
    """Exercise (``action`` 1) or let lapse (2) so many options."""

    req_id: int
    contract: IbContract
    action: int
    quantity: int
    account: str
    override: bool
