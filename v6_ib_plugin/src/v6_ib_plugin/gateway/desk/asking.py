"""What the desk asks of the broker, one thing after the other and in the order in which it came up."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from v6_ib_plugin.gateway.desk.orders import DeskOrder
from v6_ib_plugin.gateway.desk.steps import Asking, Cancel, CancelEverything, Change, Place
from v6_ib_plugin.gateway.house import House
from v6core.errors import NotConnected, NotSent, OrderDenied
from v6core.reports import CancelRefusedReport, ModifyRefusedReport, RejectionReport, Report


class Asker:
    """Gives orders, changes and cancels to the broker; what it refuses at once is heard as if it had reported it.

    An order of which nobody can say whether it arrived stays as it is: only the broker's reports decide.
    """

    def __init__(self, house: House, hear: Callable[[Report], None]) -> None:
        self._house = house
        self._hear = hear
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
                await self._try("place", orders, broker.place(terms), RejectionReport)
            case Change(order=order, terms=before, changes=changes):
                await self._try("change", (order,), broker.modify(before, changes), ModifyRefusedReport)
            case Cancel(order=order, terms=placed):
                await self._try("cancel", (order,), broker.cancel(placed), CancelRefusedReport)
            case CancelEverything(orders=orders):
                await self._try("cancel", orders, broker.cancel_everything(), CancelRefusedReport)

    async def _try(
        self, what: str, orders: tuple[DeskOrder, ...], asked: Awaitable[object], refused: type[_Refused]
    ) -> None:
        try:
            await asked
        except _PROOFS as error:
            self._house.logger.warning("the broker did not %s %s: %s", what, _named(orders), error)
            for order in orders:
                self._hear(refused(time=self._house.now(), order_ref=order.ref, code=error.code, reason=error.message))
        except Exception:
            self._house.logger.exception("nobody knows whether the broker did %s %s", what, _named(orders))


_Refused = RejectionReport | ModifyRefusedReport | CancelRefusedReport
_PROOFS = (NotSent, NotConnected, OrderDenied)
"""What proves that the broker got nothing."""


def _named(orders: tuple[DeskOrder, ...]) -> str:
    return ", ".join(f"order {order.order_id} of client {order.client_id}" for order in orders)
