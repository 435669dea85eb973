"""What TWS tells of orders and executions."""

from __future__ import annotations

from dataclasses import dataclass

from v6_ib_plugin.gateway.wire.messages.message import Message
from v6_ib_plugin.terms import (
    IbCommission,
    IbCompletion,
    IbContract,
    IbExecution,
    IbOrder,
    IbOrderState,
    IbOrderStatus,
)


@dataclass(frozen=True, slots=True)
class OpenOrder(Message):
    """An order in full, how it stands, and what a what-if order would cost."""

    contract: IbContract
    order: IbOrder
    state: IbOrderState


@dataclass(frozen=True, slots=True)
class OpenOrderEnd(Message):
    """All open orders were told."""


@dataclass(frozen=True, slots=True)
class OrderStatus(Message):
    """How far an order is."""

    status: IbOrderStatus


@dataclass(frozen=True, slots=True)
class OrderBound(Message):
    """An order made by hand got an id of a client."""

    perm_id: int
    api_client_id: int
    api_order_id: int


@dataclass(frozen=True, slots=True)
class CompletedOrder(Message):
    """An order that ended. It names neither order id nor client id: it is joined by ``order.perm_id``."""

    contract: IbContract
    order: IbOrder
    completion: IbCompletion


@dataclass(frozen=True, slots=True)
class CompletedOrdersEnd(Message):
    """All completed orders were told."""


@dataclass(frozen=True, slots=True)
class ExecDetails(Message):
    """One execution; ``req_id`` is -1 where nobody asked for it."""

    req_id: int
    contract: IbContract
    execution: IbExecution


@dataclass(frozen=True, slots=True)
class ExecDetailsEnd(Message):
    """All executions were told."""

    req_id: int


@dataclass(frozen=True, slots=True)
class CommissionReport(Message):
    """What an execution cost."""

    commission: IbCommission
