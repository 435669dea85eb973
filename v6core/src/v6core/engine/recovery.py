"""The one way to start, and the way back after a lost link: replay, connect, reconcile, ready.

Until that is done nothing is placed. It is read-only towards the broker, and doing it twice changes nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterable
from typing import Any
from uuid import UUID

from v6core import __version__
from v6core.broker import Broker
from v6core.config import EngineSection
from v6core.engine.calls import answered, within
from v6core.engine.holdings import Holdings
from v6core.engine.inbox import Inbox
from v6core.engine.record import Record
from v6core.engine.scribe import Scribe
from v6core.errors import NotConnected
from v6core.events import DoubtRaised, EngineStarted, Event, Subject, TradingStateChanged, event_from_json
from v6core.journal import Journal
from v6core.orders import OrderStatus, Pending
from v6core.reconciliation import reconcile, reports_in
from v6core.reports import LinkReport, LinkState, Report, Snapshot

_LOG = logging.getLogger(__name__)


class Recovery:
    """Brings the engine to readiness, and back to it."""

    def __init__(
        self,
        *,
        broker: Broker,
        journal: Journal,
        record: Record,
        scribe: Scribe,
        inbox: Inbox,
        holdings: Holdings,
        deadlines: EngineSection,
    ) -> None:
        self._broker = broker
        self._journal = journal
        self._record = record
        self._scribe = scribe
        self._inbox = inbox
        self._holdings = holdings
        self._deadlines = deadlines
        self._ready = asyncio.Event()
        self._background: set[asyncio.Task[None]] = set()
        self._link = LinkState.DOWN
        self._link_changes = 0
        self._started = False
        self._reconciling = False

    @property
    def is_ready(self) -> bool:
        """Whether the engine has compared its orders with the broker's since the link last came up."""
        return self._ready.is_set()

    async def wait_until_ready(self) -> None:
        """Return when the engine is ready."""
        await self._ready.wait()

    def replay(self) -> None:
        """Fold the journal into what is known."""
        self._record.replay(event_from_json(row.payload) for row in self._journal.rows())

    async def start(self, name: str) -> None:
        """Connect, reconcile, be ready. Raises BrokerError where the broker cannot be reached or asked."""
        self._inbox.open(self._record, self._scribe, self._on_link)
        now = self._broker.now()
        doubts = self._doubts_of_unanswered("the engine ended before an answer came")
        await self._scribe.write(EngineStarted(time=now, broker=name, version=__version__), *doubts)
        self._link = LinkState.UP  # unless the broker says otherwise while it connects
        seconds = self._deadlines.connect_deadline
        await answered(self._broker.connect(), f"{name} did not connect", name=name, seconds=seconds)
        await self.reconcile()
        self._started = True
        if not self.is_ready and self._link is LinkState.UP:
            self._spawn(self._reconcile_until_ready())
        self._spawn(self._ask_about_doubts())

    async def reconcile(self) -> None:
        """Compare with a complete snapshot, take its evidence in, raise the doubts that it leaves, and be ready."""
        link_changes = self._link_changes
        included = {fill.execution_id for fill in self._record.fills()}
        snapshot = await self._snapshot()
        found = reconcile(self._record.states.values(), snapshot, self._record.engine_id)
        await self._scribe.write(*self._events_of(found.evidence))
        reason = "the broker's complete lists do not show it"
        await self._scribe.write(*(self._doubt(i, reason) for i in found.missing if self._is_open(i)))
        included |= {report.fill.execution_id for report in snapshot.fills}
        fills = (fill for fill in self._record.fills() if fill.execution_id in included)
        self._holdings.start_from(snapshot.positions, fills)
        self._holdings.accounts = frozenset(
            {snapshot.account.account, *(row.account for row in snapshot.positions if row.account is not None)}
        )
        # What was said while the link was down is lost: a snapshot from before that does not make ready.
        if self._link is LinkState.UP and self._link_changes == link_changes:
            self._ready.set()

    def _events_of(self, evidence: Iterable[Report]) -> list[Event]:
        """Return what a snapshot's evidence becomes; however many orders are unknown, it halts once."""
        events: list[Event] = []
        halted = False
        for report in evidence:
            if self._record.is_left_to_others(report):
                continue
            for event in self._inbox.events_of(report, self._record):
                halts = isinstance(event, TradingStateChanged)
                if not (halts and halted):
                    events.append(event)
                halted = halted or halts
        return events

    async def _snapshot(self) -> Snapshot:
        name, seconds = self._record.broker or "broker", self._deadlines.question_deadline
        return await answered(self._broker.snapshot(), "the broker gave no snapshot", name=name, seconds=seconds)

    def _is_open(self, order_id: UUID) -> bool:
        return not self._record.states[order_id].status.is_terminal

    def _doubt(self, order_id: UUID, reason: str, subject: Subject = Subject.ORDER) -> DoubtRaised:
        return DoubtRaised(time=self._broker.now(), order_id=order_id, subject=subject, reason=reason)

    def _doubts_of_unanswered(self, reason: str) -> tuple[DoubtRaised, ...]:
        """Return a doubt for each order, cancel and modify that was sent and not answered."""
        states = [self._record.states[order_id] for order_id in self._record.open_ids]
        return tuple(
            self._doubt(state.terms.order_id, reason, subject)
            for state in states
            for subject, waits in (
                (Subject.ORDER, state.status is OrderStatus.PENDING_SUBMIT),
                (Subject.CANCEL, state.pending_cancel is Pending.SENT),
                (Subject.MODIFY, state.pending_modify is Pending.SENT),
            )
            if waits
        )

    def _on_link(self, report: LinkReport) -> None:
        self._link = report.state
        self._link_changes += 1
        if report.state is LinkState.UP:
            if self._started and not self._ready.is_set() and not self._reconciling:
                self._spawn(self._reconcile_until_ready())
        else:
            self._ready.clear()
            reason = f"the link was lost before an answer came: {report.detail}"
            self._scribe.note(*self._doubts_of_unanswered(reason))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._background.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, NotConnected):
            _LOG.error("what runs in the background ended: %s: %s", type(error).__name__, error, exc_info=error)

    async def _reconcile_until_ready(self) -> None:
        self._reconciling = True
        try:
            while self._link is LinkState.UP and not self.is_ready and self._scribe.failure is None:
                await self._try_to_reconcile()
        finally:
            self._reconciling = False

    async def _try_to_reconcile(self) -> None:
        try:
            await self.reconcile()
        except Exception as error:  # noqa: BLE001 -- whatever a plugin raises, it is asked again
            _LOG.warning("not ready: %s: %s", type(error).__name__, error)
            await asyncio.sleep(self._deadlines.ack_deadline)

    async def _ask_about_doubts(self) -> None:
        """Ask the broker about what is in doubt, at intervals, for as long as there is anything."""
        while self._scribe.failure is None:
            await self._scribe.until(lambda: bool(self._record.doubtful_ids))
            await asyncio.sleep(self._deadlines.ack_deadline)
            await self._ready.wait()
            for order_id in tuple(self._record.doubtful_ids):
                reference = self._record.states[order_id].terms.order_ref
                if reference is not None:
                    await self._ask_about(reference)

    async def _ask_about(self, reference: str) -> None:
        try:
            evidence = await within(self._deadlines.question_deadline, self._broker.find(reference))
            for report in reports_in(evidence):
                self._inbox.report(report)
        except Exception as error:  # noqa: BLE001 -- whatever a plugin raises or answers, it is asked again
            _LOG.info("the broker did not answer about %s: %s: %s", reference, type(error).__name__, error)
        await self._scribe.drain()

    async def stop(self) -> None:
        """End what runs in the background."""
        self._ready.clear()
        for task in tuple(self._background):
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
