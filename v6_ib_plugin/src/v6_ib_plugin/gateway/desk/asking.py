"""What the desk asks of the broker, one thing after the other and in the order in which it came up."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping

from v6_ib_plugin.gateway.desk.orders import DeskOrder
from v6_ib_plugin.gateway.desk.steps import Asking, Cancel, CancelEverything, Change, Find, Place
from v6_ib_plugin.gateway.house import House
from v6core.errors import NotConnected, NotSent, OrderDenied, V6Error
from v6core.reports import (
    CancelRefusedReport,
    ModifyRefusedReport,
    OrderReport,
    RejectionReport,
    Report,
    ReportedStatus,
)


class Asker:
    """Gives orders, changes and cancels to the broker; what it refuses at once is heard as if it had reported it.

    Where nobody can say whether something arrived, the broker is asked what it has; what it then does not say stays in
    doubt until it reports.
    """

    def __init__(self, house: House, hear: Callable[[Report], None], leave_in_doubt: Callable[[Asking], None]) -> None:
        self._house = house
        self._hear = hear
        self._leave_in_doubt = leave_in_doubt
        self._due: deque[Asking] = deque()
        self._is_asking = False
        self._task: asyncio.Task[None] | None = None

    def put(self, asking: Asking) -> None:
        """Put something down to be asked."""
        self._due.append(asking)

    async def ask(self) -> None:
        """Ask what was put down, unless that is under way."""
        if self._is_asking:
            return
        self._is_asking = True
        try:
            while self._due:
                await self._ask(self._due.popleft())
        finally:
            self._is_asking = False

    def ask_soon(self) -> None:
        """Have asked what was put down outside a request."""
        if self._due and not self._is_asking and (self._task is None or self._task.done()):
            self._task = asyncio.get_running_loop().create_task(self.ask())

    async def stop(self) -> None:
        """Ask nothing more."""
        self._due.clear()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _ask(self, asking: Asking) -> None:
        broker = self._house.broker
        match asking:
            case Place(orders=orders, terms=terms):
                await self._try(asking, orders, broker.place(terms), RejectionReport)
            case Change(order=order, terms=before, changes=changes):
                await self._try(asking, (order,), broker.modify(before, changes), ModifyRefusedReport)
            case Cancel(order=order, terms=placed):
                await self._try(asking, (order,), broker.cancel(placed), CancelRefusedReport)
            case CancelEverything(orders=orders):
                await self._try(asking, orders, broker.cancel_everything(), CancelRefusedReport)
            case Find(order=order, refused=refused):
                await self._find_or_end(order, refused)

    async def _try(
        self, asking: Asking, orders: tuple[DeskOrder, ...], asked: Awaitable[object], refused: type[_Refused]
    ) -> None:
        what = _VERBS[type(asking)]
        try:
            await asked
        except _PROOFS as error:
            self._house.logger.warning("the broker did not %s %s: %s", what, _named(orders), error)
            for order in orders:
                self._hear(refused(time=self._house.now(), order_ref=order.ref, code=error.code, reason=error.message))
        except Exception:
            self._house.logger.exception("nobody knows whether the broker did %s %s", what, _named(orders))
            for order in orders:
                await self._find(order)
            self._leave_in_doubt(asking)

    async def _find(self, order: DeskOrder) -> bool | None:
        """Hear what the broker knows of an order; return whether that is anything, None where it does not answer."""
        try:
            evidence = await self._house.broker.find(order.ref)
        except V6Error as error:
            self._house.logger.warning("the broker does not say what it has of %s: %s", _named((order,)), error)
            return None
        found: tuple[Report, ...] = (*evidence.fills, *evidence.orders, *evidence.rejections)
        for report in found:
            self._hear(report)
        return bool(found)

    async def _find_or_end(self, order: DeskOrder, refused: CancelRefusedReport) -> None:
        if await self._find(order) is False:
            why, now, status = "the broker never had it", self._house.now(), ReportedStatus.CANCELLED
            self._hear(OrderReport(time=now, order_ref=order.ref, status=status, reason=why))
        elif order.is_unacknowledged:
            order.cancel_in_doubt = True
        else:
            self._hear(refused)


_Refused = RejectionReport | ModifyRefusedReport | CancelRefusedReport
_PROOFS = (NotSent, NotConnected, OrderDenied)
"""What proves that the broker got nothing."""
_VERBS: Mapping[type[Asking], str] = {Place: "place", Change: "change", Cancel: "cancel", CancelEverything: "cancel"}


def _named(orders: tuple[DeskOrder, ...]) -> str:
    return ", ".join(f"order {order.order_id} of client {order.client_id}" for order in orders)
