"""What the account holds, kept up to date between the broker's snapshots.

At a snapshot the broker's position minus those of our own fills that are in it is what others brought. From there on
the position is that rest, plus our fills that count, plus what the broker reports of others' fills and adjustments.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from uuid import UUID

from v6core.engine.record import Change, Record
from v6core.events import ForeignReported, ReportReceived
from v6core.fills import Fill
from v6core.money import ZERO
from v6core.reports import AdjustmentReport, BrokerPosition, FillCorrectionReport, FillReport

Quantities = dict[str, Decimal]


class Holdings:
    """Signed quantities per contract key; ``accounts`` are the broker's, empty until it has told them."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._others: Quantities = {}
        self._ours: Quantities = {}
        self._of_order: dict[UUID, Quantities] = {}
        self._foreign: set[str] = set()
        self.accounts: frozenset[str] = frozenset()

    def quantities(self) -> Mapping[str, Decimal]:
        """Return what is held, without what is flat."""
        keys = self._others.keys() | self._ours.keys()
        sums = {key: self._others.get(key, ZERO) + self._ours.get(key, ZERO) for key in keys}
        return {key: quantity for key, quantity in sums.items() if quantity}

    def start_from(self, positions: Iterable[BrokerPosition], included: Iterable[Fill]) -> None:
        """Take the broker's word for what is held, in which some of our fills are included."""
        self._others = {}
        for position in positions:
            _move(self._others, position.contract.key, position.quantity)
        for fill in included:
            _move(self._others, fill.contract.key, -fill.signed_quantity)
        self._ours, self._of_order = {}, {}
        for order_id in self._record.states:
            self._count(order_id)

    def learn(self, change: Change) -> None:
        """Follow an event."""
        event = change.event
        if isinstance(event, ReportReceived) and isinstance(event.report, FillReport | FillCorrectionReport):
            self._count(event.order_id)
        elif isinstance(event, ForeignReported):
            self._follow_foreign(event)

    def _follow_foreign(self, event: ForeignReported) -> None:
        report = event.report
        if isinstance(report, AdjustmentReport):
            _move(self._others, report.contract.key, report.quantity)
        elif isinstance(report, FillReport) and report.fill.execution_id not in self._foreign:
            self._foreign.add(report.fill.execution_id)
            _move(self._others, report.fill.contract.key, report.fill.signed_quantity)

    def _count(self, order_id: UUID) -> None:
        """Put an order's fills that count in the place of those that did."""
        live = self._record.states[order_id].ledger.live
        before, after = self._of_order.get(order_id, {}), Quantities()
        for fill in live.values():
            _move(after, fill.contract.key, fill.signed_quantity)
        self._of_order[order_id] = after
        for key in before.keys() | after.keys():
            _move(self._ours, key, after.get(key, ZERO) - before.get(key, ZERO))


def _move(quantities: Quantities, key: str, change: Decimal) -> None:
    quantities[key] = quantities.get(key, ZERO) + change
