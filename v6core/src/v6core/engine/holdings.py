"""What the account holds, kept up to date between the broker's snapshots, and what of it nobody can explain.

The position is what the last snapshot that was taken said, plus our own fills that count, plus what the broker reports
of others' fills and adjustments. A snapshot that says something else is taken, and the difference is **drift**: moves
of a position that nothing known explains. An order that never arrived leaves no drift since it was sent.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from v6core.contracts import Combo
from v6core.engine.record import Change
from v6core.events import (
    EngineStarted,
    ForeignReported,
    OperatorDecided,
    OrderIntended,
    PositionsTaken,
    ReportReceived,
)
from v6core.fills import Fill
from v6core.lifecycle import OrderState
from v6core.lifecycle.ledger import OPERATOR, FillLedger
from v6core.money import ZERO
from v6core.orders import Order
from v6core.reports import Account, AdjustmentReport, BrokerPosition, FillCorrectionReport, FillReport

Quantities = dict[str, Decimal]
_CLOCK_ERROR = timedelta(hours=1)
_NOTHING_FILLED = FillLedger()
_OF_FILLS = (FillReport, FillCorrectionReport)


class Holdings:
    """Signed quantities per contract key; ``accounts`` are the broker's and ``account`` its own, until told none."""

    def __init__(self) -> None:
        self._others: Quantities = {}
        self._ours: Quantities = {}
        self._counted: dict[UUID, FillLedger] = {}
        self._foreign: set[str] = set()
        self._drift: Quantities = {}
        self._drift_at: dict[UUID, Quantities] = {}
        self._first_start: datetime | None = None
        self._fills_since: datetime | None = None
        self._watched: dict[UUID, FillLedger] | None = None
        self._others_lately: list[Fill] = []
        self.accounts: frozenset[str] = frozenset()
        self.account: Account | None = None

    def quantities(self) -> Mapping[str, Decimal]:
        """Return what is held, without what is flat."""
        sums = dict(self._others)
        for key, quantity in self._ours.items():
            _move(sums, key, quantity)
        return _without_zeros(sums)

    # A snapshot against what is known.

    def watch(self) -> None:
        """Remember what counted before the fills that come from here on: a snapshot under way may not have them."""
        self._watched, self._others_lately = {}, []

    def compared(
        self, positions: Iterable[BrokerPosition], listed: Mapping[str, Fill], since: datetime | None = None
    ) -> tuple[Mapping[str, Decimal], Mapping[str, Decimal]]:
        """Return by how much positions differ from what is known, and what filled while they were being told.

        ``listed`` are the executions that the snapshot lists, by id, as far back as ``since``: these are in its
        positions, and none that have taken their place.
        """
        meanwhile = Quantities()
        for fill in self._unlisted(listed, since):
            _move(meanwhile, fill.contract.key, fill.signed_quantity)
        for fill in self._listed_before_they_changed(listed):
            _move(meanwhile, fill.contract.key, -fill.signed_quantity)
        self._watched = None
        return _without_zeros(self._difference(positions, meanwhile)), _without_zeros(meanwhile)

    def _unlisted(self, listed: Container[str], since: datetime | None) -> Iterator[Fill]:
        """Yield what has come to count since the watch began and is not listed, though it would be if it were older.

        What was filled before the list begins, and what an operator told of, is in the positions all the same.
        """
        begins = [reach for reach in (since, self._fills_since) if reach is not None]
        ours = (fill for i, before in (self._watched or {}).items() for fill in _beyond(self._counted[i], before))
        for fill in (*ours, *self._others_lately):
            known = fill.execution_id in listed or fill.execution_id.startswith(OPERATOR)
            if not known and all(fill.time >= begin for begin in begins):
                yield fill

    def _listed_before_they_changed(self, listed: Mapping[str, Fill]) -> Iterator[Fill]:
        """Yield what is listed although it was corrected or taken back: that happened after the list."""
        for order_id, before in (self._watched or {}).items():
            after = self._counted[order_id]
            changed = (execution for execution in after.replaced if execution not in before.replaced)
            for execution in changed:
                if execution in listed and not any(later in listed for later in after.corrections_of(execution)):
                    yield listed[execution]

    def _difference(self, positions: Iterable[BrokerPosition], meanwhile: Mapping[str, Decimal]) -> Quantities:
        difference = Quantities(meanwhile)
        for position in positions:
            _move(difference, position.contract.key, position.quantity)
        for key, quantity in self.quantities().items():
            _move(difference, key, -quantity)
        return difference

    def unexplained(self, order_id: UUID) -> Mapping[str, Decimal]:
        """Return by how much the positions of an order's contracts moved since it was sent beyond what is known."""
        before = self._drift_at.get(order_id, {})
        moved = {key: self._drift.get(key, ZERO) - drift for key, drift in before.items()}
        return {key: quantity for key, quantity in moved.items() if quantity}

    def is_news(self, report: FillReport) -> bool:
        """Tell whether another's execution happened since the journal began and is not counted yet.

        The broker's clock may have been set back meanwhile. What is counted too much at the first look is taken off by
        the positions of that look, before anything was sent.
        """
        first, fill = self._first_start, report.fill
        return first is not None and fill.time > first - _CLOCK_ERROR and fill.execution_id not in self._foreign

    # Following events, live and in a replay.

    def learn(self, change: Change) -> None:
        """Follow an event."""
        event = change.event
        if isinstance(event, ReportReceived):
            if isinstance(event.report, _OF_FILLS):
                self._learn_fill(change.state, event.report)
        elif isinstance(event, OrderIntended):
            self._drift_at[event.order_id] = {key: self._drift.get(key, ZERO) for key in _keys(event.order)}
        elif isinstance(event, OperatorDecided):
            self._explain(self._count(change.state))
        elif isinstance(event, ForeignReported):
            self._follow_foreign(event)
        elif isinstance(event, PositionsTaken):
            self._take(event)
        elif isinstance(event, EngineStarted) and self._first_start is None:
            self._first_start = event.time
        if change.state is not None and change.state.is_settled:
            self._drift_at.pop(change.state.terms.order_id, None)

    def _learn_fill(self, state: OrderState | None, report: FillReport | FillCorrectionReport) -> None:
        moved, fill = self._count(state), report.fill
        if fill is not None and self._fills_since is not None and fill.time < self._fills_since:
            self._explain(moved)

    def _explain(self, moved: Mapping[str, Decimal]) -> None:
        """Take what was learnt late off the drift: the positions that were taken had it in them."""
        for key, quantity in moved.items():
            _move(self._others, key, -quantity)
            _move(self._drift, key, -quantity)

    def _take(self, event: PositionsTaken) -> None:
        for key, quantity in self._difference(event.positions, event.meanwhile).items():
            _move(self._others, key, quantity)
            _move(self._drift, key, quantity)
        self._fills_since = event.fills_since

    def _follow_foreign(self, event: ForeignReported) -> None:
        report = event.report
        if isinstance(report, AdjustmentReport) and report.adjustment_id not in self._foreign:
            self._foreign.add(report.adjustment_id)
            _move(self._others, report.contract.key, report.quantity)
        elif isinstance(report, FillReport) and report.fill.execution_id not in self._foreign:
            self._foreign.add(report.fill.execution_id)
            if self._watched is not None:
                self._others_lately.append(report.fill)
            _move(self._others, report.fill.contract.key, report.fill.signed_quantity)

    def _count(self, state: OrderState | None) -> Quantities:
        """Put an order's fills that count in the place of those that did, and return by how much that moves.

        The state is the one that the event led to: by the time it is told, the record may be further on.
        """
        moved: Quantities = {}
        if state is None:
            return moved
        order_id, after = state.terms.order_id, state.ledger
        before = self._counted.get(order_id, _NOTHING_FILLED)
        self._counted[order_id] = after
        if self._watched is not None:
            self._watched.setdefault(order_id, before)
        for fill in _beyond(after, before):
            _move(moved, fill.contract.key, fill.signed_quantity)
        for fill in _beyond(before, after):
            _move(moved, fill.contract.key, -fill.signed_quantity)
        for key, quantity in moved.items():
            _move(self._ours, key, quantity)
        return moved


def _keys(order: Order) -> tuple[str, ...]:
    contract = order.contract
    if contract is None:
        return ()
    return tuple(leg.contract.key for leg in contract.legs) if isinstance(contract, Combo) else (contract.key,)


def _beyond(ledger: FillLedger, other: FillLedger) -> Iterator[Fill]:
    """Yield the fills that count in the one ledger and not in the other."""
    return (fill for execution, fill in ledger.live.items() if execution not in other.live)


def _move(quantities: Quantities, key: str, change: Decimal) -> None:
    quantities[key] = quantities.get(key, ZERO) + change


def _without_zeros(quantities: Mapping[str, Decimal]) -> Quantities:
    return {key: quantity for key, quantity in quantities.items() if quantity}
