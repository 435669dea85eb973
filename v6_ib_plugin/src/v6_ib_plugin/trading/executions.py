"""What has been executed: every execution once, a correction in the place of what it corrects, commissions at any time.

TWS corrects an execution by sending it again under an id whose last part, the revision, is one higher. A combo has an
execution of its own beside those of its legs; only the legs' count, or the same contracts would be held twice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
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
    """The latest revision of an execution; ``fill`` is None where it was taken back."""

    exec_id: str
    revision: int
    fill: FillReport | None


@dataclass(slots=True)
class Executions:
    """The executions of the account, whoever's they are; kept over connections, so that none is told twice.

    ``fill_of`` makes a fill of an execution, or None where that is none of the account's; it raises Untranslatable
    where v6 has no word for it.
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
        self._latest[named.stem] = _Execution(execution.exec_id, named.revision, fill)
        if known is not None:
            return [self._correction(Names.of(execution), known.exec_id, fill)]
        if named.revision <= _FIRST:
            return [] if fill is None else [fill]
        # What it corrects may have been heard before this program ran; the first revision stands for all of those.
        correction = self._correction(Names.of(execution), f"{named.stem}.{_FIRST:02d}", fill)
        # Where it was taken back by then, nothing is left to correct, and the fill is told for itself.
        return [correction] if fill is None else [correction, fill]

    def _correction(self, names: Names, replaces: str, fill: FillReport | None) -> FillCorrectionReport:
        return FillCorrectionReport(
            time=self.now(),
            order_ref=names.order_ref,
            broker_order_id=names.broker_order_id,
            replaces=replaces,
            fill=None if fill is None else fill.fill,
        )

    def _fill(self, contract: IbContract, execution: IbExecution) -> FillReport | None:
        names = Names.of(execution)
        try:
            fill = self.fill_of(contract, execution)
        except Untranslatable as error:
            _LOG.warning("execution %s of order %s is left out: %s", plainly(execution.exec_id), names, error)
            return None
        if fill is None:
            return None
        return FillReport(
            time=self.now(),
            order_ref=names.order_ref,
            broker_order_id=names.broker_order_id,
            fill=self._charged(fill),
        )

    def _charged(self, fill: Fill) -> Fill:
        told = self._commissions.get(fill.execution_id)
        return fill if told is None else fill.replace(commission=told.amount, currency=told.currency)

    def _report_of(self, row: _Execution) -> FillReport | None:
        """Return the fill of an execution, with the commission that came after it."""
        told = self._commissions.get(row.exec_id)
        if row.fill is not None and told is not None:
            fill = row.fill.fill
            if (fill.commission, fill.currency) != (told.amount, told.currency):
                row.fill = row.fill.model_copy(update={"fill": self._charged(fill)})
        return row.fill

    def charge(self, told: IbCommission) -> list[Report]:
        """Return what an execution cost, where that was not known; the execution itself may come later."""
        try:
            commission = commission_of(told)
        except Untranslatable as error:
            _LOG.warning("a commission is left out: %s", error)
            return []
        if commission is None or self._commissions.get(told.exec_id) == commission:
            return []
        self._commissions[told.exec_id] = commission
        return [CommissionReport(time=self.now(), commission=commission)]

    def fills(self, exec_ids: Iterable[str] | None = None) -> tuple[FillReport, ...]:
        """Return the fills that count, each with its commission where known; of some executions where given."""
        stems = self._latest if exec_ids is None else dict.fromkeys(execution_id_of(one).stem for one in exec_ids)
        rows = (self._latest.get(stem) for stem in stems)
        reports = (self._report_of(row) for row in rows if row is not None)
        return tuple(report for report in reports if report is not None)
