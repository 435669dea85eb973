"""One complete look at what the broker holds, and what several looks in a row prove.

A look asks for a snapshot, takes its evidence in, takes its positions where they are not what was known, and judges
what it does not show. The last looks are remembered for as long as anything is in doubt.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from v6core.broker import Broker
from v6core.config import EngineSection
from v6core.engine.calls import answered
from v6core.engine.holdings import Holdings
from v6core.engine.inbox import Inbox
from v6core.engine.record import Record
from v6core.engine.scribe import Scribe
from v6core.events import (
    AbsenceProved,
    DoubtRaised,
    Event,
    ExpiryInferred,
    ForeignReported,
    OrderEvent,
    PositionsTaken,
    RequestUnsent,
    Subject,
    TradingStateChanged,
)
from v6core.lifecycle import OrderState
from v6core.orders import OrderStatus, Pending
from v6core.reconciliation import Asked, Look, Patience, Reconciliation, absent, day_is_over, reconcile, unchanged
from v6core.redaction import mask_in_logs
from v6core.reports import FillReport, Report, Snapshot

_MOST_LOOKS = 16
WITHOUT_FILLS = "the broker calls it filled, and does not show all its fills"
"""Why an order is in doubt of which nobody can tell any more at what it filled."""
_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Taken:
    """A snapshot that was taken in: what was in doubt before it was asked for, and when that was, in loop seconds."""

    snapshot: Snapshot
    doubtful: tuple[OrderState, ...]
    at: float


class Looking:
    """Looks, and settles what looks prove."""

    def __init__(
        self,
        *,
        broker: Broker,
        record: Record,
        scribe: Scribe,
        inbox: Inbox,
        holdings: Holdings,
        deadlines: EngineSection,
    ) -> None:
        self._broker = broker
        self._record = record
        self._scribe = scribe
        self._inbox = inbox
        self._holdings = holdings
        self._deadlines = deadlines
        self._patience = Patience(settle=deadlines.settle, grace=deadlines.grace)
        self._ready_at = 0.0
        self._looks: deque[Look] = deque(maxlen=_MOST_LOOKS)

    async def take(self) -> Taken:
        """Take a complete snapshot in; BrokerError where the broker gives none. Doing it twice changes nothing."""
        record, at = self._record, asyncio.get_running_loop().time()
        # Only what was sent before the snapshot was asked for can be missing from it.
        sent_before = tuple(record.open.values())
        doubtful = tuple(record.states[order_id] for order_id in record.doubtful_ids)
        self._holdings.watch()
        snapshot = await self._snapshot()
        await self._scribe.drain()
        found = reconcile(sent_before, snapshot, record.engine_id, self._overtaken(sent_before))
        # The loop gets its turn in between: thousands of open orders must not keep it from everything else.
        for first in range(0, len(found.evidence), _AT_ONCE):
            await self._scribe.write(*self._events_of(found.evidence[first : first + _AT_ONCE]))
        # Also where there is none: what was heard meanwhile is to count before positions are compared.
        for first in range(0, len(found.foreign_fills) or 1, _AT_ONCE):
            await self._scribe.write(*self._news_of(found.foreign_fills[first : first + _AT_ONCE]))
        await self._take_positions(snapshot)
        await self._judge_missing(found)
        return Taken(snapshot, doubtful, at)

    def begin_anew(self) -> None:
        """Count the time of a connection from here on: it has just become ready."""
        self._ready_at = asyncio.get_running_loop().time()

    async def settle(self, taken: Taken) -> None:
        """Remember a look, and settle what the looks prove by then."""
        self._remember(taken)
        states = [self._record.states[state.terms.order_id] for state in taken.doubtful]
        events = [event for state in states for event in self._proofs(state)]
        if events:
            await self._scribe.write(*events)

    def _overtaken(self, sent_before: Iterable[OrderState]) -> dict[str, OrderState]:
        """Return the open orders of which something was heard since these were their states, by their references."""
        before = {state.terms.order_id: state for state in sent_before}
        states = self._record.states
        changed = (
            states[order_id]
            for order_id in {**before, **self._record.open}
            if states[order_id] is not before.get(order_id)
        )
        return {str(state.terms.order_ref): state for state in changed}

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

    def _news_of(self, fills: Iterable[FillReport]) -> list[Event]:
        """Return what others' executions become of which nothing is known."""
        news = (report for report in fills if self._holdings.is_news(report))
        return [ForeignReported(time=report.time, report=report) for report in news]

    async def _take_positions(self, snapshot: Snapshot) -> None:
        """Journal what is held where it is not what was known: the next start must know what could not be explained."""
        listed = {report.fill.execution_id: report.fill for report in snapshot.fills}
        difference, meanwhile = self._holdings.compared(snapshot.positions, listed, snapshot.fills_since)
        if difference:
            taken = PositionsTaken(
                time=self._broker.now(),
                positions=snapshot.positions,
                meanwhile=meanwhile,
                fills_since=snapshot.fills_since,
            )
            await self._scribe.write(taken)
        self._holdings.account = snapshot.account
        if not self._broker.capabilities.simulated:
            mask_in_logs(snapshot.account.account)
        self._holdings.accounts = frozenset(
            {snapshot.account.account, *(row.account for row in snapshot.positions if row.account is not None)}
        )

    async def _judge_missing(self, found: Reconciliation) -> None:
        """Doubt what should be there and is not, or take it as expired where the day that it was good for is over."""
        now = self._broker.now()
        doubts = (DoubtRaised(time=now, order_id=i, reason=WITHOUT_FILLS) for i in found.completed if self._is_open(i))
        states = (self._record.states[order_id] for order_id in found.missing if self._is_open(order_id))
        await self._scribe.write(*doubts, *map(self._judged, states))

    def _is_open(self, order_id: UUID) -> bool:
        return not self._record.states[order_id].status.is_terminal

    def _judged(self, state: OrderState) -> OrderEvent:
        order_id, now = state.terms.order_id, self._broker.now()
        if self._is_over(state):
            why = "its day is over, and the broker's complete lists do not show it"
            return ExpiryInferred(
                time=now, order_id=order_id, evidence=why, unexplained=self._holdings.unexplained(order_id)
            )
        return DoubtRaised(time=now, order_id=order_id, reason="the broker's complete lists do not show it")

    def _is_over(self, state: OrderState) -> bool:
        sent_at = state.submitted_at
        return sent_at is not None and day_is_over(state.terms, sent_at, self._broker.now())

    async def _snapshot(self) -> Snapshot:
        name, seconds = self._record.broker or "broker", self._deadlines.question_deadline
        return await answered(self._broker.snapshot(), "the broker gave no snapshot", name=name, seconds=seconds)

    def _remember(self, taken: Taken) -> None:
        rows = [(str(state.terms.order_ref), state.terms.order_id) for state in taken.doubtful]
        if not rows:
            self._looks.clear()
            return
        look = Look.at(
            taken.snapshot,
            connection=self._record.connection,
            ready_at=self._ready_at,
            taken_at=taken.at,
            about=frozenset(reference for reference, _ in rows),
            unexplained=frozenset(reference for reference, i in rows if self._holdings.unexplained(i)),
        )
        self._looks.append(look)

    def _proofs(self, state: OrderState) -> Iterable[OrderEvent]:
        order_id, now = state.terms.order_id, self._broker.now()
        if state.status is OrderStatus.IN_DOUBT:
            if state.is_shown:
                if self._is_over(state) and not self._is_shown_last(state):
                    yield self._judged(state)
                return
            evidence = absent(self._asked(state), self._looks, self._patience, self._broker.capabilities)
            if evidence is not None:
                yield AbsenceProved(time=now, order_id=order_id, evidence=evidence)
        elif state.pending_modify is Pending.IN_DOUBT:
            reason = unchanged(self._asked(state, Subject.MODIFY), self._looks, self._patience)
            if reason is not None:
                yield RequestUnsent(time=now, order_id=order_id, subject=Subject.MODIFY, reason=reason)

    def _asked(self, state: OrderState, subject: Subject = Subject.ORDER) -> Asked:
        terms = state.terms
        sent_at = state.submitted_at or terms.created_at or self._broker.now()
        return Asked(str(terms.order_ref), self._record.sent_through(terms.order_id, subject), sent_at)

    def _is_shown_last(self, state: OrderState) -> bool:
        return bool(self._looks) and state.terms.order_ref in self._looks[-1].shown
