"""Settling what nobody knows, in the background and by evidence alone.

In rounds, for as long as anything is open: each order in question is asked after by its reference. Where the broker
knows nothing of it and refuses a second order under one reference, the same order goes out again; a cancel that nobody
answered is asked for again, because asking twice cancels once; and where silence can prove something, another complete
look is taken. What none of this settles is left to the operator, and asked about less often.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final
from uuid import UUID

from v6core.broker import Broker
from v6core.config import EngineSection
from v6core.engine.calls import within
from v6core.engine.dispatch import Dispatch
from v6core.engine.inbox import Inbox
from v6core.engine.looking import WITHOUT_FILLS
from v6core.engine.record import Change, Record
from v6core.engine.recovery import Recovery
from v6core.engine.scribe import Scribe
from v6core.events import DoubtRaised, ReportReceived, Subject
from v6core.orders import OrderStatus, Pending
from v6core.plugins.attaching import told
from v6core.reconciliation import reports_in
from v6core.reports import CancelRefusedReport, Evidence, OrderReport, ReportedStatus

_LOG = logging.getLogger(__name__)
_EAGER_ROUNDS: Final = 24
_SLOWER: Final = 12


class Doubts:
    """Asks, in rounds, about all that is open."""

    def __init__(
        self,
        *,
        broker: Broker,
        record: Record,
        scribe: Scribe,
        inbox: Inbox,
        recovery: Recovery,
        dispatch: Dispatch,
        deadlines: EngineSection,
    ) -> None:
        self._broker = broker
        self._record = record
        self._scribe = scribe
        self._inbox = inbox
        self._recovery = recovery
        self._dispatch = dispatch
        self._deadlines = deadlines
        self._suspects: dict[UUID, None] = {}
        self._rounds: dict[UUID, int] = {}
        self._connection = record.connection

    def learn(self, change: Change) -> None:
        """Suspect an order of which the broker said what does not fit: it is asked after once."""
        event = change.event
        if not isinstance(event, ReportReceived) or change.state is None or change.state.status.is_terminal:
            return
        report = event.report
        unknown = isinstance(report, OrderReport) and report.status is ReportedStatus.UNKNOWN
        if unknown or isinstance(report, CancelRefusedReport):
            self.look_into(event.order_id)

    def look_into(self, order_id: UUID) -> None:
        """Ask about an order in the next round."""
        self._suspects[order_id] = None

    def _questions(self) -> tuple[UUID, ...]:
        """Return the orders that a broker's answer could settle."""
        record = self._record
        unfinished = (i for i in record.doubtful_ids if i in record.open)
        return tuple(dict.fromkeys((*unfinished, *record.awaiting_ids, *self._suspects)))

    async def run(self) -> None:
        """Go on for as long as the journal can be written."""
        while self._scribe.failure is None:
            await self._scribe.until(lambda: bool(self._questions()))
            await self._pause()
            await self._recovery.wait_until_ready()
            await self._round(self._questions())

    async def _pause(self) -> None:
        """Wait between two rounds: longer where many have settled nothing, until there is another connection."""
        connection = self._record.connection
        if connection != self._connection:
            self._rounds, self._connection = {}, connection
        self._rounds = {i: self._rounds.get(i, 0) + 1 for i in self._questions()}
        eager = any(rounds <= _EAGER_ROUNDS for rounds in self._rounds.values())
        for _ in range(1 if eager else _SLOWER):
            await asyncio.sleep(self._deadlines.settle)
            if self._record.connection != connection:
                return

    async def _round(self, questions: tuple[UUID, ...]) -> None:
        for order_id in questions:
            self._suspects.pop(order_id, None)
            evidence = await self._ask(order_id)
            if evidence is None:
                self._suspects[order_id] = None
            elif self._recovery.is_ready:
                await self._act(order_id, evidence)
        if any(map(self._can_be_proved, questions)) and self._recovery.is_ready:
            await self._look()

    async def _ask(self, order_id: UUID) -> Evidence | None:
        """Take in all that the broker knows under an order's reference, or return None where it does not answer."""
        before = self._record.states[order_id]
        reference = str(before.terms.order_ref)
        try:
            evidence = await within(self._deadlines.question_deadline, self._broker.find(reference))
            await self._scribe.drain()
            after = self._record.states[order_id]
            for report in reports_in(evidence, overtaken=None if after is before else after):
                self._inbox.report(report)
        except Exception as error:  # noqa: BLE001 -- whatever a plugin raises or answers, it is asked again
            _LOG.info("the broker did not answer about %s: %s", reference, told(error))
            return None
        await self._scribe.drain()
        return evidence

    async def _act(self, order_id: UUID, evidence: Evidence) -> None:
        """Send again what may be sent again, and doubt what the broker calls filled without the fills to it."""
        state = self._record.states[order_id]
        if evidence.is_empty:
            await self._dispatch.resend(order_id)
        elif state.status.is_open and any(row.status is ReportedStatus.FILLED for row in evidence.orders):
            doubt = DoubtRaised(time=self._broker.now(), order_id=order_id, reason=WITHOUT_FILLS)
            self._scribe.note(*(() if state.status is OrderStatus.IN_DOUBT else (doubt,)))
        elif state.pending_cancel is Pending.IN_DOUBT and state.status is not OrderStatus.IN_DOUBT:
            await self._dispatch.repeat_cancel(order_id)

    def _can_be_proved(self, order_id: UUID) -> bool:
        """Whether the broker's complete lists can settle an order: it was sent through an older connection."""
        record, state = self._record, self._record.states[order_id]
        if state.status is OrderStatus.IN_DOUBT:
            return state.is_shown or record.sent_through(order_id) < record.connection
        changed = record.sent_through(order_id, Subject.MODIFY)
        return state.pending_modify is Pending.IN_DOUBT and changed < record.connection

    async def _look(self) -> None:
        try:
            await self._recovery.reconcile()
        except Exception as error:  # noqa: BLE001 -- whatever a plugin raises, it is asked again
            _LOG.info("the broker gave no complete lists: %s", told(error))
