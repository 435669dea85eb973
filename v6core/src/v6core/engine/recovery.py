"""The one way to start, and the way back after a lost link: replay, connect, reconcile, ready.

Until that is done nothing is placed. Reconciling is one complete look at what the broker holds: it is read-only towards
the broker, and doing it twice changes nothing. What a look leaves open is ``doubts``' to settle.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from typing import Any
from uuid import UUID

from v6core import __version__
from v6core.broker import Broker
from v6core.config import EngineSection
from v6core.engine.calls import answered
from v6core.engine.inbox import Inbox
from v6core.engine.looking import Looking
from v6core.engine.record import Change, Record
from v6core.engine.scribe import Notify, Scribe
from v6core.errors import NotConnected
from v6core.events import DoubtRaised, EngineStarted, Subject, event_from_row
from v6core.journal import Journal
from v6core.orders import OrderStatus, Pending
from v6core.plugins.attaching import told
from v6core.reports import LinkReport, LinkState

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
        looking: Looking,
        deadlines: EngineSection,
        replayed: Sequence[Notify] = (),
    ) -> None:
        self._broker = broker
        self._journal = journal
        self._record = record
        self._scribe = scribe
        self._inbox = inbox
        self._looking = looking
        self._deadlines = deadlines
        self._replayed = replayed
        self._ready = asyncio.Event()
        self._background: set[asyncio.Task[None]] = set()
        self._link_changes = 0
        self._started = False
        self._reconciling = False
        self._connecting = False
        self._was_down = False
        self._one_at_a_time = asyncio.Lock()
        self.link = LinkState.DOWN

    @property
    def is_ready(self) -> bool:
        """Whether the engine has compared its orders with the broker's since the link last came up."""
        return self._ready.is_set()

    async def wait_until_ready(self) -> None:
        """Return when the engine is ready."""
        await self._ready.wait()

    def replay(self) -> None:
        """Fold the journal into what is known."""

        def follow(change: Change) -> None:
            for learn in self._replayed:
                learn(change)

        self._record.replay((event_from_row(row.payload) for row in self._journal.rows()), follow)

    async def start(self, name: str, fingerprint: dict[str, str] | None = None) -> None:
        """Connect, reconcile, be ready. Raises BrokerError where the broker cannot be reached or asked."""
        self._inbox.open(self._record, self._scribe, self._on_link)
        started = EngineStarted(
            time=self._broker.now(), broker=name, version=__version__, fingerprint=fingerprint or {}
        )
        doubts = self._doubts_of_unanswered("the engine ended before an answer came")
        await self._scribe.write(started, *doubts)
        self._record.connection = 1
        self.link = LinkState.UP  # unless the broker says otherwise while it connects
        seconds = self._deadlines.connect_deadline
        await answered(self._broker.connect(), f"{name} did not connect", name=name, seconds=seconds)
        await self.reconcile()
        self._started = True
        if not self.is_ready and self.link is LinkState.UP:
            self.spawn(self._reconcile_until_ready())

    async def reconnect(self, name: str) -> None:
        """Close the connection and open another: what was sent through the old one can be proved absent only then."""
        seconds = self._deadlines.connect_deadline
        self._lose_link("the connection is being closed")
        self._connecting = True
        try:
            self._note_link(LinkState.DOWN)
            await answered(self._broker.disconnect(), f"{name} did not disconnect", name=name, seconds=seconds)
            self._note_link(LinkState.UP)  # unless the broker says otherwise while it connects
            await answered(self._broker.connect(), f"{name} did not connect", name=name, seconds=seconds)
        except BaseException:
            self._note_link(LinkState.DOWN)
            raise
        finally:
            self._connecting = False
        if self.link is LinkState.UP:
            await self.reconcile()

    def _note_link(self, state: LinkState) -> None:
        """Take note of what was done to the link here, as if the broker had said it."""
        self._on_link(LinkReport(time=self._broker.now(), state=state, detail="v6 opens another connection"))

    # One complete look.

    async def reconcile(self) -> None:
        """Compare with a complete snapshot, take its evidence in, judge what it does not show, and be ready."""
        async with self._one_at_a_time:
            link_changes = self._link_changes
            look = await self._looking.take()
            if self.link is not LinkState.UP or self._link_changes != link_changes:
                return  # what was said while the link was down is lost: a snapshot from before that proves nothing
            if not self.is_ready:
                self._looking.begin_anew()
            await self._looking.settle(look)
            self._ready.set()

    # Doubts, and the link.

    def _doubt(self, order_id: UUID, reason: str, subject: Subject = Subject.ORDER) -> DoubtRaised:
        return DoubtRaised(time=self._broker.now(), order_id=order_id, subject=subject, reason=reason)

    def _doubts_of_unanswered(self, reason: str) -> tuple[DoubtRaised, ...]:
        """Return a doubt for each order, cancel and modify that was sent and not answered."""
        states = list(self._record.open.values())
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
        was, self.link = self.link, report.state
        self._link_changes += was is not report.state
        self._was_down = self._was_down or report.state is LinkState.DOWN
        if report.state is not LinkState.UP:
            self._lose_link(f"the link was lost before an answer came: {report.detail}")
            return
        # Back from DEGRADED alone it is the same connection, and what was sent through it may still be under way.
        self._record.connection += self._was_down
        self._was_down = False
        if self._started and not (self.is_ready or self._reconciling or self._connecting):
            self.spawn(self._reconcile_until_ready())

    def _lose_link(self, reason: str) -> None:
        self._ready.clear()
        self._scribe.note(*self._doubts_of_unanswered(reason))

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Let something run in the background until it ends or the engine stops."""
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
            while self.link is LinkState.UP and not self.is_ready and self._scribe.failure is None:
                await self._try_to_reconcile()
        finally:
            self._reconciling = False

    async def _try_to_reconcile(self) -> None:
        try:
            await self.reconcile()
        except Exception as error:  # noqa: BLE001 -- whatever a plugin raises, it is asked again
            _LOG.warning("not ready: %s", told(error))
            await asyncio.sleep(self._deadlines.ack_deadline)

    async def stop(self) -> None:
        """End what runs in the background."""
        self._ready.clear()
        for task in tuple(self._background):
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
