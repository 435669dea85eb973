"""Where the broker's reports arrive: each becomes an event of the order that it is about, or of none.

What is nonsense (``soundness`` says what is) becomes nothing: the broker is quarantined. All that is kept here is
bounded; reports of orders and fills go to the journal and are never dropped.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from v6core.engine.quarantine import Quarantine
from v6core.engine.record import Record
from v6core.engine.scribe import Scribe
from v6core.engine.soundness import Nonsense, check_of_order, claims_too_much, sound_report
from v6core.events import Event, ForeignReported, TradingState, TradingStateChanged, received
from v6core.reports import CommissionReport, FillReport, LinkReport, OrderReport, Report

_MOST_EARLY = 10_000
_MOST_EARLY_COMMISSIONS = 10_000
_MOST_WAITING = 1_000
_BEHIND = "JOURNAL_BEHIND"


class Inbox:
    """The sink that a broker reports into, at any time on the loop, also before the engine is ready."""

    def __init__(self) -> None:
        self._scribe: Scribe | None = None
        self._record: Record | None = None
        self._quarantine: Quarantine | None = None
        self._now: Callable[[], datetime] | None = None
        self._early: list[object] = []
        self._left_out = 0
        self._commissions: dict[str, CommissionReport] = {}
        self._on_link: Callable[[LinkReport], None] = lambda _: None
        self.heard: Callable[[], None] = lambda: None
        """Called at each report."""

    def serve(self, quarantine: Quarantine, now: Callable[[], datetime]) -> None:
        """Take the reports of this broker, which is quarantined for nonsense; ``now`` is its time."""
        self._quarantine, self._now = quarantine, now

    def open(self, record: Record, scribe: Scribe, on_link: Callable[[LinkReport], None]) -> None:
        """Start to take reports in; those that came earlier are taken now."""
        self._record, self._scribe, self._on_link = record, scribe, on_link
        if self._quarantine is not None:
            self._quarantine.open(record, scribe)
        early, self._early = self._early, []
        for report in early:
            self.report(report)
        if self._left_out:
            told = f"{_MOST_EARLY + self._left_out} reports before it was asked to connect; the last are left out"
            self._refuse(Nonsense(told), self._left_out)

    def report(self, report: object) -> None:
        """Take a report in. Nonsense is refused, and changes nothing but that the broker is quarantined."""
        if self._record is None or self._scribe is None or self._quarantine is None or self._now is None:
            self._keep(report)
            return
        try:
            sound = sound_report(report, self._now())
            self._check_claim(sound, self._record, self._scribe)
        except Nonsense as nonsense:
            self._quarantine.refuse(str(nonsense), report)
            return
        self.heard()
        self._scribe.note(*self.events_of(sound, self._record))
        if self._scribe.backlog >= _MOST_WAITING:
            self._scribe.flush()
        if isinstance(sound, LinkReport):
            self._on_link(sound)

    def _keep(self, report: object) -> None:
        """Keep what comes before there is a journal; the complete snapshot that follows tells what is too much."""
        if len(self._early) < _MOST_EARLY:
            self._early.append(report)
        else:
            self._left_out += 1

    def _check_claim(self, report: Report, record: Record, scribe: Scribe) -> None:
        """Raise Nonsense where an order is said to have filled beyond its quantity and its fills."""
        if not isinstance(report, OrderReport) or not report.filled_quantity:
            return
        order_id = record.named_by(report)
        if order_id is None or not claims_too_much(report, record.states[order_id]):
            return
        scribe.flush()  # the fills that bear it out may have been told a moment ago
        state = record.states[order_id]
        if claims_too_much(report, state):
            quantity = state.terms.quantity
            raise Nonsense(f"{report.filled_quantity:f} of {quantity:f} filled, of which {state.totals.most:f} is told")

    def events_of(self, report: Report, record: Record) -> tuple[Event, ...]:
        """Return the events that a sound report becomes; none where it does not fit the order that it refers to."""
        order_id = record.named_by(report)
        if order_id is not None:
            try:
                check_of_order(report, record.states[order_id])
            except Nonsense as nonsense:
                self._refuse(nonsense, report)
                return ()
            record.know_names(report, order_id)
            events: tuple[Event, ...] = (received(report, order_id),)
            if isinstance(report, FillReport):
                commission = self._commissions.pop(report.fill.execution_id, None)
                if commission is not None:
                    events += (received(commission, order_id),)
            return events
        if isinstance(report, CommissionReport):
            return self._keep_early(report, record)
        if record.is_ahead_of_journal(report):
            halt = () if _is_told(record) else (_behind(report),)
            return (ForeignReported(time=report.time, report=report), *halt)
        return (ForeignReported(time=report.time, report=report),)

    def _refuse(self, nonsense: Nonsense, report: object) -> None:
        if self._quarantine is not None:
            self._quarantine.refuse(str(nonsense), report)

    def _keep_early(self, report: CommissionReport, record: Record) -> tuple[Event, ...]:
        """Keep a commission that came before its fill, until the fill says whose it is."""
        if len(self._commissions) >= _MOST_EARLY_COMMISSIONS:
            oldest = self._commissions.pop(next(iter(self._commissions)))
            return (ForeignReported(time=oldest.time, report=oldest), *self._keep_early(report, record))
        self._commissions[report.commission.execution_id] = report
        return ()


def _behind(report: Report) -> TradingStateChanged:
    reference = getattr(report, "order_ref", None)
    return TradingStateChanged(
        time=report.time,
        state=TradingState.HALTED,
        reason=f"{_BEHIND}: the broker has {reference}, which the journal does not know; put the newest copy of the "
        "journal back, or resume, which leaves such orders to others",
    )


def _is_told(record: Record) -> bool:
    return record.trading_state is TradingState.HALTED and record.trading_reason.startswith(_BEHIND)
