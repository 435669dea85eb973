"""Both sides of a trap: our Transport with an ear of the test's, and ib_async as anybody would use it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

from ib_async import IB, StartupFetch

from ib.scripted_tws import ScriptedTws
from v6_ib_plugin.pacing import Pacer
from v6_ib_plugin.terms import (
    IbAnswer,
    IbCommission,
    IbContract,
    IbExecution,
    IbOrder,
    IbOrderState,
    IbOrderStatus,
)
from v6_ib_plugin.transport import SilentEar, Transport

GOOG = IbContract(symbol="GOOG", sec_type="STK", exchange="SMART", currency="USD")


def limit_order(order_id: int, **terms: Any) -> IbOrder:
    """Return an order for ten at 101.50."""
    plain: dict[str, Any] = {
        "action": "BUY",
        "total_quantity": Decimal(10),
        "order_type": "LMT",
        "lmt_price": Decimal("101.50"),
        "tif": "DAY",
    }
    return IbOrder(order_id=order_id, **(plain | terms))


class NotingEar(SilentEar):
    """Notes all that it hears."""

    def __init__(self) -> None:
        self.orders: list[tuple[IbContract, IbOrder, IbOrderState]] = []
        self.statuses: list[IbOrderStatus] = []
        self.executions: list[tuple[int, IbContract, IbExecution]] = []
        self.commissions: list[IbCommission] = []
        self.answers: list[IbAnswer] = []
        self.positions: list[tuple[str, IbContract, Decimal, Decimal]] = []
        self.closed: list[str] = []
        self.undecodable: list[str] = []

    def on_open_order(self, contract: IbContract, order: IbOrder, state: IbOrderState) -> None:
        self.orders.append((contract, order, state))

    def on_order_status(self, status: IbOrderStatus) -> None:
        self.statuses.append(status)

    def on_execution(self, req_id: int, contract: IbContract, execution: IbExecution) -> None:
        self.executions.append((req_id, contract, execution))

    def on_commission(self, commission: IbCommission) -> None:
        self.commissions.append(commission)

    def on_answer(self, answer: IbAnswer) -> None:
        self.answers.append(answer)

    def on_position(self, account: str, contract: IbContract, position: Decimal, avg_cost: Decimal) -> None:
        self.positions.append((account, contract, position, avg_cost))

    def on_closed(self, reason: str) -> None:
        self.closed.append(reason)

    def on_undecodable(self, text: str) -> None:
        self.undecodable.append(text)


@asynccontextmanager
async def ours(server: ScriptedTws, pacer: Pacer | None = None) -> AsyncGenerator[tuple[Transport, NotingEar]]:
    """Connect our Transport for the length of a block."""
    transport, ear = Transport(pacer, deadline=2), NotingEar()
    transport.listen(ear)
    await transport.open("127.0.0.1", server.port, 7, 2)
    try:
        yield transport, ear
    finally:
        await transport.close()


@asynccontextmanager
async def plain(server: ScriptedTws) -> AsyncGenerator[IB]:
    """Connect ib_async as its own documentation does, without what it asks for at the start."""
    server.answers.setdefault(61, lambda _: [(62, 1)])
    ib = IB()
    await ib.connectAsync("127.0.0.1", server.port, 7, timeout=2, fetchFields=StartupFetch(0))
    try:
        yield ib
    finally:
        ib.disconnect()


async def heard(transport: Transport) -> None:
    """Return once all that the server has said before is heard."""
    await transport.current_time()


def tells_the_time(server: ScriptedTws) -> None:
    """Let the server answer reqCurrentTime."""
    server.answers[49] = lambda _: [(49, 1, 1_790_000_000)]
