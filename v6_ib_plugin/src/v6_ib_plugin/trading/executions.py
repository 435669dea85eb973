"""What has been executed: every execution once, a correction in the place of what it corrects, commissions at any time.

TWS corrects an execution by sending it again under an id whose last part, the revision, is one higher. A combo has an
execution of its own beside those of its legs; only the legs' count, or the same contracts would be held twice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from v6_ib_plugin.terms import IbCommission, IbContract, IbExecution
from v6_ib_plugin.trading.names import Names
from v6_ib_plugin.translation.contracts import is_combo
from v6_ib_plugin.translation.executions import commission_of, execution_id_of
from v6_ib_plugin.untranslatable import Untranslatable
from v6core.fills import Commission, Fill
from v6core.identifiers import plainly
from v6core.logs import Repeats
from v6core.reports import CommissionReport, FillCorrectionReport, FillReport, Report

_LOG = logging.getLogger(__name__)
_LOG.addFilter(Repeats())
_FIRST = 1
FillOf = Callable[[IbContract, IbExecution], Fill | None]


@dataclass(slots=True)
class _Execution:
    """The latest revision of an execution, which was heard ``at``; ``fill`` is None where it was taken back."""

    exec_id: str
    revision: int
    names: Names
    at: datetime
    fill: Fill | None

    def report(self) -> FillReport | None:
        """Return the fill as it is told."""
        if self.fill is None:
            return None
        return FillReport(
            time=self.at,
            order_ref=self.names.order_ref,
            broker_order_id=self.names.broker_order_id,
            fill=self.fill,
        )


@dataclass(slots=True)
class Executions:
    """The executions of the account, whoever's they are; kept over connections, so that none is told twice.

    ``fill_of`` makes a fill of an execution, or None where that is none of the account's; it raises Untranslatable
    where v6 has no word for it. ``_commissions`` are those whose execution has not come, or counts no more.
    """

    fill_of: FillOf
    now: Callable[[], datetime]
    _latest: dict[str, _Execution] = field(default_factory=dict[str, _Execution])
    _commissions: dict[str, Commission] = field(default_factory=dict[str, Commission])

    def hear(self, contract: IbContract, execution: IbExecution) -> list[Report]:
        """Return what an execution says that was not known: a fill, a correction of one, or nothing."""
        if is_combo(contract):
            return []
        named = execution_id_of(execution.exec_id)
        known = self._latest.get(named.stem)
        if known is not None and known.revision >= named.revision:
            return []
        fill = self._fill(contract, execution) if execution.shares > 0 else None
        if fill is None and execution.shares > 0:
            return []  # it was not understood: what was known of it stands, and it may be understood another time
        row = _Execution(execution.exec_id, named.revision, Names.of(execution), self.now(), fill)
        self._latest[named.stem] = row
        if known is not None:
            return [_correction(row, known.exec_id)]
        report = row.report()
        if named.revision <= _FIRST:
            return [] if report is None else [report]
        # What it corrects may have been heard before this program ran; the first revision stands for all of those.
        correction = _correction(row, f"{named.stem}.{_FIRST:02d}")
        # Where it was taken back by then, nothing is left to correct, and the fill is told for itself.
        return [correction] if report is None else [correction, report]

    def _fill(self, contract: IbContract, execution: IbExecution) -> Fill | None:
        try:
            fill = self.fill_of(contract, execution)
        except Untranslatable as error:
            names = Names.of(execution)
            _LOG.warning("execution %s of order %s is left out: %s", plainly(execution.exec_id), names, error)
            return None
        told = self._commissions.pop(execution.exec_id, None)
        return fill if fill is None or told is None else _charged(fill, told)

    def charge(self, told: IbCommission) -> list[Report]:
        """Return what an execution cost, where that was not known; the execution itself may come later."""
        try:
            commission = commission_of(told)
        except Untranslatable as error:
            _LOG.warning("a commission is left out: %s", error)
            return []
        if commission is None or not self._learn(commission):
            return []
        return [CommissionReport(time=self.now(), commission=commission)]

    def _learn(self, told: Commission) -> bool:
        """Keep a commission, and tell whether it was not known."""
        row = self._row(told.execution_id)
        if row is None or row.fill is None:
            is_known = self._commissions.get(told.execution_id) == told
            self._commissions[told.execution_id] = told
        else:
            is_known = (row.fill.commission, row.fill.currency) == (told.amount, told.currency)
            row.fill = row.fill if is_known else _charged(row.fill, told)
        return not is_known

    def _row(self, exec_id: str) -> _Execution | None:
        row = self._latest.get(execution_id_of(exec_id).stem)
        return None if row is None or row.exec_id != exec_id else row

    def together(self, reports: Sequence[Report]) -> list[Report]:
        """Return reports with each commission in the fill of its execution, where they tell both for the first time."""
        told = {report.commission.execution_id for report in reports if isinstance(report, CommissionReport)}
        for report in reports:
            # What stands in another's place was told with the correction, and that with what it cost by then.
            if isinstance(report, FillCorrectionReport) and report.fill is not None:
                told.discard(report.fill.execution_id)
        fills: dict[str, Fill] = {}
        for report in reports:
            if isinstance(report, FillReport) and report.fill.execution_id in told and report.fill.commission is None:
                row = self._row(report.fill.execution_id)
                if row is not None and row.fill is not None:
                    fills[row.exec_id] = row.fill
        one: list[Report] = []
        for report in reports:
            fill = fills.get(report.fill.execution_id) if isinstance(report, FillReport) else None
            if fill is not None:
                one.append(report.model_copy(update={"fill": fill}))
            elif not isinstance(report, CommissionReport) or report.commission.execution_id not in fills:
                one.append(report)
        return one

    def fills(self, exec_ids: Iterable[str] | None = None) -> tuple[FillReport, ...]:
        """Return the fills that count, each with its commission where known; of some executions where given."""
        stems = self._latest if exec_ids is None else dict.fromkeys(execution_id_of(one).stem for one in exec_ids)
        rows = (self._latest.get(stem) for stem in stems)
        reports = (row.report() for row in rows if row is not None)
        return tuple(report for report in reports if report is not None)


def _correction(row: _Execution, replaces: str) -> FillCorrectionReport:
    return FillCorrectionReport(
        time=row.at,
        order_ref=row.names.order_ref,
        broker_order_id=row.names.broker_order_id,
        replaces=replaces,
        fill=row.fill,
    )


def _charged(fill: Fill, told: Commission) -> Fill:
    return fill.model_copy(update={"commission": told.amount, "currency": told.currency})
