"""Hearing what TWS says of orders: reported in the order of the wire, and told to whoever waits for it.

TWS tells what an execution cost in a message of its own, right behind it. From a fill on, what comes in together is
therefore reported at the end of it, the fill with its commission; nothing else runs on the loop between the two.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from decimal import Decimal

from v6_ib_plugin.terms import (
    IbAnswer,
    IbCommission,
    IbContract,
    IbExecution,
    IbOrder,
    IbOrderState,
    IbOrderStatus,
)
from v6_ib_plugin.trading.book import Book
from v6_ib_plugin.transport.hearing import SilentEar
from v6core.broker import ReportSink
from v6core.reports import Report

_LIVE = -1


class Hearing(SilentEar):
    """The Ear of the order side.

    ``followed`` is called after each message that leaves something to see to, when its reports have gone out.
    """

    def __init__(self, book: Book, report: ReportSink, client_id: Callable[[], int]) -> None:
        self._book = book
        self._report = report
        self._client_id = client_id
        self._held: list[Report] = []
        self._waiting: set[asyncio.Future[None]] = set()
        self.followed: Callable[[], None] = lambda: None
        self.missed: Callable[[], None] = lambda: None
        """Called when something was said that could not be read."""

    def on_open_order(self, contract: IbContract, order: IbOrder, state: IbOrderState) -> None:
        """Hear an openOrder."""
        self.tell(self._book.open_order(contract, order, state))
        if order.client_id == self._client_id():
            self._book.hang(order)

    def on_order_status(self, status: IbOrderStatus) -> None:
        """Hear an orderStatus."""
        self.tell(self._book.order_status(status))

    def on_execution(self, req_id: int, contract: IbContract, execution: IbExecution) -> None:
        """Hear an execution as it happens; those of a list are taken by who asked for it, newest revisions first."""
        if req_id == _LIVE:
            self._held += self._book.execution(contract, execution)
            self.tell(())

    def on_commission(self, commission: IbCommission) -> None:
        """Hear what an execution cost."""
        self.tell(self._book.commission(commission))

    def on_answer(self, answer: IbAnswer) -> None:
        """Hear an error message."""
        self.tell(self._book.answer(answer, self._client_id()))

    def on_position(
        self,
        account: str,  # noqa: ARG002
        contract: IbContract,  # noqa: ARG002
        position: Decimal,  # noqa: ARG002
        avg_cost: Decimal,  # noqa: ARG002
    ) -> None:
        """Hear a position, which says nothing of orders."""
        return

    def on_closed(self, reason: str) -> None:  # noqa: ARG002
        """Hear that the connection is gone, and with it what only it could say."""
        self._book.end_session()
        self.tell(())

    def on_undecodable(self, text: str) -> None:  # noqa: ARG002
        """Hear that something was said that nobody could read: it may have been about an order."""
        self.missed()

    def on_pause(self) -> None:
        """Report what was held back for the sake of a fill."""
        if self._held:
            self._held = self._book.executions.together(self._held)
            while self._held:
                self._report(self._held.pop(0))  # where that raises, the others are told at the next pause

    def tell(self, reports: Iterable[Report]) -> None:
        """Report, behind what is held back, and wake whoever waits."""
        if self._held:
            self._held.extend(reports)
        else:
            for report in reports:
                self._report(report)
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)
        if self._book.has_loose_ends:
            self.followed()

    async def until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait until something that is heard fulfils a condition; False where nothing does within so many seconds."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while not condition():
            waiting = loop.create_future()
            self._waiting.add(waiting)
            try:
                await asyncio.wait((waiting,), timeout=deadline - loop.time())
            finally:
                self._waiting.discard(waiting)
            if not waiting.done() and loop.time() >= deadline:
                return condition()
        return True
