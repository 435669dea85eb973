"""What a journal says beside what the broker's own book says, order by order and execution by execution."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from v6core.engine.holdings import Holdings
from v6core.engine.record import Change, Record
from v6core.events import AbsenceProved, event_from_json
from v6core.journal import open_for_reading
from v6core.lifecycle import OrderState
from v6core.money import ZERO
from v6core.orders import Anomaly, OrderStatus
from v6core.reports import FillReport, ReportedStatus
from v6core.testing.remote import Arrival, OrderRow, RemoteControl, Verb

_S = OrderStatus
_ENDED = {ReportedStatus.CANCELLED: _S.CANCELLED, ReportedStatus.EXPIRED: _S.EXPIRED, ReportedStatus.FILLED: _S.FILLED}


class Findings(BaseModel):
    """What the comparisons found; each list names one order a line, and is empty where all is well.

    ``doubts`` are orders in doubt that no evidence can settle; those that evidence settles are ``wrong``. ``fallen``
    are programs that ended by themselves.
    """

    model_config = ConfigDict(extra="forbid")

    kills: int = 0
    orders: int = 0
    executions: int = 0
    statuses: Counter[str] = Field(default_factory=Counter[str])
    duplicates: list[str] = []
    orphans: list[str] = []
    lost: list[str] = []
    wrong: list[str] = []
    doubts: list[str] = []
    fallen: list[str] = []

    @property
    def bad(self) -> list[str]:
        """All that must not be."""
        named = ("duplicates", "orphans", "lost", "wrong", "fallen")
        return [f"{name}: {line}" for name in named for line in getattr(self, name)]

    def add(self, other: Findings) -> None:
        """Add what another found."""
        for name in Findings.model_fields:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True, slots=True)
class BrokersWord:
    """All that ever reached the broker, all that it holds, and since when its lists tell of the past."""

    arrivals: tuple[Arrival, ...]
    orders: tuple[OrderRow, ...]
    executions: tuple[FillReport, ...]
    since: datetime | None

    @classmethod
    async def ask(cls, control: RemoteControl) -> BrokersWord:
        """Ask the broker's process."""
        arrivals, orders, executions = await control.arrivals(), await control.orders(), await control.executions()
        return cls(tuple(arrivals), tuple(orders), tuple(executions), (await control.snapshot()).completed_since)


@dataclass(slots=True)
class JournalsWord:
    """What a journal comes to: its orders, which of them it ever proved absent, and what it cannot explain."""

    record: Record
    holdings: Holdings
    called_absent: set[UUID] = field(default_factory=set[UUID])

    @classmethod
    def read(cls, path: Path) -> JournalsWord:
        """Replay a journal."""
        with open_for_reading(path) as journal:
            record = Record(journal.engine_id)
            word = cls(record, Holdings())
            record.replay((event_from_json(row.payload) for row in journal.rows()), word._follow)
        return word

    def _follow(self, change: Change) -> None:
        self.holdings.learn(change)
        if isinstance(change.event, AbsenceProved):
            self.called_absent.add(change.event.order_id)


def compare(journal: JournalsWord, broker: BrokersWord) -> Findings:
    """Hold a journal against the broker's book."""
    return _Comparison(journal, broker).findings()


class _Comparison:
    def __init__(self, journal: JournalsWord, broker: BrokersWord) -> None:
        self._journal, self._broker = journal, broker
        self._states = {str(state.terms.order_ref): state for state in journal.record.states.values()}
        self._rows = {str(row.order.order_ref): row for row in broker.orders}
        self._fills: defaultdict[str, dict[str, Decimal]] = defaultdict(dict)
        for report in broker.executions:
            self._fills[str(report.order_ref)][report.fill.execution_id] = report.fill.quantity

    def findings(self) -> Findings:
        """Return what is wrong, and the counts."""
        broker, states = self._broker, self._states
        sent = Counter(one.order_ref for one in broker.arrivals if one.verb is Verb.PLACE)
        kept = Counter(str(row.order.order_ref) for row in broker.orders)
        return Findings(
            orders=len(states),
            executions=len(broker.executions),
            statuses=Counter(str(state.status) for state in states.values()),
            duplicates=[ref for ref, times in (sent | kept).items() if times > 1],
            orphans=[ref for ref in sent | kept if ref not in states],
            lost=[ref for ref, state in states.items() if self._is_lost(ref, state, sent)],
            wrong=[f"{ref} {why}" for ref, state in states.items() for why in self._wrong(ref, state)],
            doubts=[ref for ref, state in states.items() if self._is_beyond_evidence(ref, state)],
        )

    def _is_lost(self, ref: str, state: OrderState, sent: Counter[str]) -> bool:
        """Tell whether the broker has what the journal says, or once said, never left or never arrived.

        A late truth wins and flags the order; that the proof was none stays a finding.
        """
        denied = state.status is _S.DENIED and ref in sent
        absent = state.status is _S.LOST or state.terms.order_id in self._journal.called_absent
        return denied or (ref in self._rows and absent)

    def _wrong(self, ref: str, state: OrderState) -> Iterator[str]:
        row = self._rows.get(ref)
        if row is None:
            yield from self._wrong_of_absent(ref, state)
            return
        known = {execution: fill.quantity for execution, fill in state.ledger.live.items()}
        if known != self._fills[ref]:
            yield f"has the fills {known}; at the broker they are {self._fills[ref]}"
        if state.totals.quantity != sum(self._fills[ref].values(), ZERO):
            yield f"has {state.totals.quantity:f} filled, not the sum of its fills"
        if _is_cut(state, row):
            return  # taken back below its quantity: how it stands since, the broker's last word does not say
        expected = _standing(row)
        if state.status is not expected:
            yield f"is {state.status} with {state.totals.quantity:f} filled; at the broker it is {expected}"
        elif not state.status.is_terminal:
            yield from _wrong_terms(state, row)

    def _wrong_of_absent(self, ref: str, state: OrderState) -> Iterator[str]:
        unsettled = state.status is _S.IN_DOUBT and self._is_beyond_evidence(ref, state)
        if state.status not in {_S.LOST, _S.DENIED} and not unsettled:
            yield f"is {state.status}; the broker never had it"
        if state.ledger.live:
            yield "has fills; the broker never had it"

    def _is_beyond_evidence(self, ref: str, state: OrderState) -> bool:
        """Tell whether an order is in doubt that neither the broker's lists nor the position can settle."""
        if state.status is not _S.IN_DOUBT or state.submitted_at is None:
            return False
        if ref in self._rows:
            return _is_cut(state, self._rows[ref])
        since = self._broker.since
        forgotten = since is not None and state.submitted_at < since
        return forgotten or bool(self._journal.holdings.unexplained(state.terms.order_id))


def _is_cut(state: OrderState, row: OrderRow) -> bool:
    cut = row.status is ReportedStatus.FILLED and row.filled < row.order.quantity
    return cut or Anomaly.FILL_BUSTED in state.anomalies


def _standing(row: OrderRow) -> OrderStatus:
    if row.rejection is not None:
        return _S.REJECTED
    return _ENDED.get(row.status) or (_S.PARTIALLY_FILLED if row.filled else _S.SUBMITTED)


def _wrong_terms(state: OrderState, row: OrderRow) -> Iterator[str]:
    for name in ("quantity", "limit_price"):
        ours, theirs = getattr(state.terms, name), getattr(row.order, name)
        if ours != theirs:
            yield f"has {name} {ours}; at the broker it is {theirs}"
