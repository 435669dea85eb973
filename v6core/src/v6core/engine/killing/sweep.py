"""Cancelling until nothing is left: what the broker shows is cancelled, again and again, until it shows nothing more.

An order that was under way when the engine ended comes to light later, so that one empty list proves nothing: complete
snapshots at least ``settle`` apart must show none, and where an order may be under way not before ``grace`` has passed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Final

from v6core.broker import Broker
from v6core.config import EngineSection
from v6core.engine.calls import plugin_failure, within
from v6core.engine.killing.notebook import Notebook
from v6core.engine.killing.report import StoppedOrder
from v6core.errors import ConfigurationError, V6Error
from v6core.events import CancelRequested
from v6core.identifiers import parse_order_ref
from v6core.orders import Order, OrderAction, Pending
from v6core.reports import OrderReport, RejectionReport, Report, ReportedStatus

_AGAIN: Final = 1.0
_LIVE = frozenset({ReportedStatus.SUBMITTED, ReportedStatus.PARTIALLY_FILLED, ReportedStatus.INACTIVE})


class Sweep:
    """Cancels our orders at one broker, or with ``everything`` those of the whole account.

    ``stopped`` are the orders that were asked to be cancelled, ``open`` those that the last complete snapshot showed.
    """

    def __init__(
        self, notebook: Notebook, deadlines: EngineSection, name: str, now: Callable[[], datetime], *, everything: bool
    ) -> None:
        self._notebook = notebook
        self._deadlines = deadlines
        self._name = name
        self._now = now
        self._everything = everything
        self._stirred = asyncio.Event()
        self._asked: dict[str, OrderReport] = {}
        self._said: dict[str, str] = {}
        self._trouble: dict[str, str] = {}
        self._strangers: set[str] = set()
        self._open: tuple[OrderReport, ...] = ()
        self._is_hopeless = False

    def hear(self, report: Report) -> None:
        """Take a report of the broker in, at any time; an order that comes to light late is looked at at once."""
        self._notebook.hear(report, self._now())
        if isinstance(report, RejectionReport):
            self._said[_name_of(report)] = "REJECTED"
        if isinstance(report, OrderReport):
            self._said[_name_of(report)] = str(report.status)
            is_late = report.status in _LIVE and _name_of(report) not in self._asked
            if is_late and (self._everything or self._notebook.is_ours(report.order_ref)):
                self._stirred.set()

    async def run(self, broker: Broker, seconds: float) -> bool:
        """Cancel until nothing is left; False where that is not proved within so many seconds."""
        self._now = broker.now
        until = asyncio.get_running_loop().time() + seconds
        if not await self._connect(broker, until):
            return False
        try:
            return await self._clear(broker, until)
        finally:
            with contextlib.suppress(Exception):
                await within(self._deadlines.connect_deadline, broker.disconnect())

    async def _connect(self, broker: Broker, until: float) -> bool:
        """Connect as the engine did; a broker may take a moment to notice that the engine is gone."""
        loop = asyncio.get_running_loop()
        while not await self._tried(
            f"{self._name} cannot be reached", broker.connect(), self._deadlines.connect_deadline
        ):
            if loop.time() >= until or self._is_hopeless:
                return False
            await asyncio.sleep(_AGAIN)
        return True

    async def _clear(self, broker: Broker, until: float) -> bool:
        loop = asyncio.get_running_loop()
        connected = loop.time()
        empty_since: float | None = None
        while True:
            self._stirred.clear()
            is_whole = await self._look(broker)
            now = loop.time()
            if not is_whole or self._open:
                empty_since = None
                await self._cancel(broker)
            elif empty_since is None:
                empty_since = now
            elif now >= self._provable_from(empty_since, connected):
                return not self._knows_nobody()
            if loop.time() >= until:
                return False
            due = now + _AGAIN if empty_since is None else self._provable_from(empty_since, connected)
            await self._pause(min(due, until) - loop.time())

    def _knows_nobody(self) -> bool:
        """Tell whether orders of another v6 work and our journal has sent none: it may have been begun in its place."""
        if not self._strangers or self._notebook.record.states:
            return False
        named = ", ".join(sorted(self._strangers))
        self._trouble["strangers"] = (
            f"the journal has sent no order, and orders of other v6 journals work (engine id {named}): if one of these "
            "was ours, call it by --engine-id, or cancel account-wide with --global"
        )
        return True

    def _provable_from(self, empty_since: float, connected: float) -> float:
        settled = empty_since + self._deadlines.settle
        return max(settled, connected + self._deadlines.grace) if self._notebook.may_be_under_way else settled

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(seconds, 0)):
                await self._stirred.wait()

    async def _look(self, broker: Broker) -> bool:
        """Take a complete snapshot in; False where none came, or where it makes no sense."""
        return await self._tried(
            f"{self._name} gave no snapshot", self._take(broker), self._deadlines.question_deadline
        )

    async def _take(self, broker: Broker) -> None:
        snapshot = await broker.snapshot()
        listed: tuple[Report, ...] = (*snapshot.fills, *snapshot.rejections, *snapshot.completed_orders)
        for report in (*listed, *snapshot.open_orders):
            self.hear(report)
        parsed = (parse_order_ref(report.order_ref or "") for report in snapshot.open_orders)
        self._strangers = {found[0] for found in parsed if found is not None} - {self._notebook.engine_id}
        self._open = tuple(
            report for report in snapshot.open_orders if self._everything or self._notebook.is_ours(report.order_ref)
        )
        shown = set(map(_cancel_of, self._open))
        for cancel in set(map(_cancel_of, self._asked.values())) - shown:
            self._trouble.pop(cancel, None)  # a cancel may come too late for an order that has ended: none is needed

    async def _cancel(self, broker: Broker) -> None:
        """Ask for each open order to be cancelled; asking twice asks once."""
        self._asked.update({_name_of(report): report for report in self._open})
        ours = [report for report in self._open if self._notebook.is_ours(report.order_ref)]
        self._note_requests(ours, broker.now())
        requests: list[Awaitable[object]] = [self._cancel_one(broker, report) for report in ours]
        if self._everything and self._open:
            what = f"{self._name} did not take the cancel of everything"
            requests.append(self._tried(what, broker.cancel_everything(), self._deadlines.cancel_deadline))
        await asyncio.gather(*requests)

    def _note_requests(self, reports: Iterable[OrderReport], now: datetime) -> None:
        """Journal the cancels that are about to be sent, all at once; one that is repeated stands there already."""
        states = (self._notebook.state_of(report.order_ref) for report in reports)
        unasked = [state for state in states if state is not None and state.pending_cancel is not Pending.SENT]
        self._notebook.write(*(CancelRequested(time=now, order_id=state.terms.order_id) for state in unasked))

    async def _cancel_one(self, broker: Broker, report: OrderReport) -> None:
        await self._tried(_cancel_of(report), broker.cancel(self._order_of(report)), self._deadlines.cancel_deadline)

    def _order_of(self, report: OrderReport) -> Order:
        """Return the order that a broker shows: as the journal knows it, else as much of it as names it."""
        state = self._notebook.state_of(report.order_ref)
        if state is not None:
            order = state.order
            return order if order.broker_order_id else order.replace(broker_order_id=report.broker_order_id)
        terms = report.terms
        parsed = parse_order_ref(report.order_ref or "")
        assert parsed is not None, "only an order of ours is cancelled by itself"
        return Order.market(
            (terms.action if terms else None) or OrderAction.BUY,
            (terms.quantity if terms else None) or 1,
            contract=terms.contract if terms else None,
            order_id=parsed[1],
            order_ref=report.order_ref,
            broker_order_id=report.broker_order_id,
        )

    async def _tried(self, what: str, call: Awaitable[object], seconds: float) -> bool:
        """Tell whether a call to the broker did not fail; what failed last is kept, since it may go better later."""
        self._trouble.pop(what, None)
        try:
            await within(seconds, call)
        except TimeoutError:
            self._trouble[what] = f"{what} within {seconds:g} s"
        except Exception as error:  # noqa: BLE001 -- whatever a plugin raises, the kill goes on
            told = error if isinstance(error, V6Error) else plugin_failure(self._name, error)
            self._is_hopeless = isinstance(error, ConfigurationError)
            self._trouble[what] = f"{what}: {told}"
        return what not in self._trouble

    @property
    def problems(self) -> tuple[str, ...]:
        """What failed last of each that was tried."""
        return tuple(self._trouble.values())

    @property
    def stopped(self) -> tuple[StoppedOrder, ...]:
        """The orders that were asked to be cancelled, with what became of them."""
        return self._told(self._asked.values())

    @property
    def open(self) -> tuple[StoppedOrder, ...]:
        """The orders that the last complete snapshot showed open."""
        return self._told(self._open)

    def _told(self, reports: Iterable[OrderReport]) -> tuple[StoppedOrder, ...]:
        return tuple(self._told_one(report) for report in reports)

    def _told_one(self, report: OrderReport) -> StoppedOrder:
        parsed = parse_order_ref(report.order_ref or "") if self._notebook.is_ours(report.order_ref) else None
        state = self._notebook.state_of(report.order_ref)
        contract = report.terms.contract if report.terms is not None else None
        contract = state.terms.contract if state is not None else contract
        return StoppedOrder(
            order_ref=report.order_ref,
            order_id=None if parsed is None else parsed[1],
            broker_order_id=report.broker_order_id,
            contract=None if contract is None else contract.key,
            in_journal=state is not None,
            outcome=str(state.status) if state is not None else self._said.get(_name_of(report)),
        )


def _cancel_of(report: OrderReport) -> str:
    return f"the cancel of {report.order_ref} was not taken"


def _name_of(report: OrderReport | RejectionReport) -> str:
    return report.order_ref if report.order_ref is not None else f"#{report.broker_order_id}"
