"""Where the broker's reports arrive: each becomes an event of the order that it is about, or of none."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

from v6core.engine.record import Record
from v6core.engine.scribe import Scribe
from v6core.events import Event, ForeignReported, ReportReceived, TradingState, TradingStateChanged
from v6core.reports import CommissionReport, FillReport, LinkReport, Report

_REPORTS: tuple[type, ...] = get_args(get_args(Report)[0])
_MOST_EARLY_COMMISSIONS = 10_000
_BEHIND = "JOURNAL_BEHIND"


class Inbox:
    """The sink that a broker reports into, at any time on the loop, also before the engine is ready."""

    def __init__(self) -> None:
        self._scribe: Scribe | None = None
        self._record: Record | None = None
        self._early: list[Report] = []
        self._commissions: dict[str, CommissionReport] = {}
        self._on_link: Callable[[LinkReport], None] = lambda _: None

    def open(self, record: Record, scribe: Scribe, on_link: Callable[[LinkReport], None]) -> None:
        """Start to take reports in; those that came earlier are taken now."""
        self._record, self._scribe, self._on_link = record, scribe, on_link
        early, self._early = self._early, []
        for report in early:
            self.report(report)

    def report(self, report: Report) -> None:
        """Take a report in. What is no report is refused to its sender's face, and changes nothing."""
        if not isinstance(report, _REPORTS):
            raise TypeError(f"a broker reports with the models of v6core.reports, not {type(report).__name__}")
        if self._record is None or self._scribe is None:
            self._early.append(report)
            return
        self._scribe.note(*self.events_of(report, self._record))
        if isinstance(report, LinkReport):
            self._on_link(report)

    def events_of(self, report: Report, record: Record) -> tuple[Event, ...]:
        """Return the events that a report becomes."""
        order_id = record.order_of(report)
        if order_id is not None:
            events: tuple[Event, ...] = (ReportReceived(time=report.time, order_id=order_id, report=report),)
            if isinstance(report, FillReport):
                commission = self._commissions.pop(report.fill.execution_id, None)
                if commission is not None:
                    events += (ReportReceived(time=commission.time, order_id=order_id, report=commission),)
            return events
        if isinstance(report, CommissionReport):
            return self._keep_early(report, record)
        if record.is_ahead_of_journal(report):
            halt = () if _is_told(record) else (_behind(report),)
            return (ForeignReported(time=report.time, report=report), *halt)
        return (ForeignReported(time=report.time, report=report),)

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
