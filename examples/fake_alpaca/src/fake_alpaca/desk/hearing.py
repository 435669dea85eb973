"""What the broker reports becomes what Alpaca says of its orders.

A report changes an order at most once: the broker repeats itself, Alpaca does not.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from fake_alpaca.desk.announcer import Announcer
from fake_alpaca.desk.executions import Execution, execution_id
from fake_alpaca.desk.floor import Floor, Working
from fake_alpaca.desk.groups import Groups
from fake_alpaca.desk.holdings import Holdings
from fake_alpaca.desk.records import AlpacaOrder
from fake_alpaca.words import Event, Side, Status
from v6core.fills import Fill
from v6core.money import ZERO
from v6core.reports import (
    AdjustmentReport,
    CancelRefusedReport,
    FillReport,
    ModifyRefusedReport,
    OrderReport,
    RejectionReport,
    Report,
    ReportedStatus,
)

_UNACKNOWLEDGED = frozenset({Status.PENDING_NEW, Status.ACCEPTED, Status.HELD, Status.SUSPENDED})
_ASKED = frozenset({Status.PENDING_CANCEL, Status.PENDING_REPLACE})


class Hearing:
    """Hears the broker's reports."""

    def __init__(self, floor: Floor, holdings: Holdings, announcer: Announcer, groups: Groups) -> None:
        self._floor = floor
        self._holdings = holdings
        self._announcer = announcer
        self._groups = groups
        self.executions: list[Execution] = []

    def hear(self, report: Report) -> None:
        """Take one report."""
        if isinstance(report, AdjustmentReport):
            self._holdings.adjust(report)
            return
        working = self._floor.at(getattr(report, "order_ref", None))
        if working is None:
            return
        match report:
            case OrderReport():
                self._stands(working, report)
            case FillReport():
                self._filled(working, report.fill)
            case RejectionReport():
                self._rejected(working, report)
            case ModifyRefusedReport():
                self._modify_refused(working, report)
            case CancelRefusedReport():
                self._cancel_refused(working)
            case _:
                pass

    # How an order stands

    def _stands(self, working: Working, report: OrderReport) -> None:
        match report.status:
            case ReportedStatus.SUBMITTED | ReportedStatus.PARTIALLY_FILLED:
                self._acknowledge(working.order)
                self._look_at_terms(working, report)
            case ReportedStatus.INACTIVE:
                self._announcer.move(working.order, Status.SUSPENDED)
            case ReportedStatus.CANCELLED:
                self._end(working, Status.CANCELED)
            case ReportedStatus.EXPIRED:
                self._end(working, Status.EXPIRED)
            case _:
                pass

    def _acknowledge(self, order: AlpacaOrder) -> None:
        if order.status in _UNACKNOWLEDGED:
            self._announcer.move(order, Status.NEW)

    def _look_at_terms(self, working: Working, report: OrderReport) -> None:
        if working.successor is not None and working.shows_wanted(report.terms):
            self._replace(working, working.successor)
            return
        shown = None if report.terms is None else report.terms.quantity
        if shown is not None and working.successor is None:
            self._restate(working.order, shown - working.filled_before)

    def _restate(self, order: AlpacaOrder, qty: Decimal) -> None:
        """Take over a quantity that the other exit's fill has lowered."""
        if order.is_open and qty != order.qty:
            order.qty = qty
            self._announcer.tell(Event.RESTATED, order)

    def _end(self, working: Working, status: Status) -> None:
        order, working.successor = working.order, None
        if order.is_open:
            self._announcer.move(order, status)
            self._groups.ended(order)

    # Replacing

    def _replace(self, working: Working, successor: AlpacaOrder) -> None:
        old = working.order
        working.filled_before += old.filled_qty
        working.sent = working.sent.replace(**working.wanted)
        working.order, working.successor, working.wanted = successor, None, {}
        take_place(old, successor)
        self._announcer.move(old, Status.REPLACED)
        self._announcer.move(successor, Status.NEW)

    def _modify_refused(self, working: Working, report: ModifyRefusedReport) -> None:
        successor, working.successor, working.wanted = working.successor, None, {}
        working.refusal = (report.code, report.reason)
        order = working.order
        if working.deciding:
            return
        if order.status is Status.PENDING_REPLACE:
            self._announcer.move(order, standing(order), Event.ORDER_REPLACE_REJECTED)
        if successor is not None:
            self._announcer.move(successor, Status.REJECTED)

    def _cancel_refused(self, working: Working) -> None:
        order = working.order
        if order.status is Status.PENDING_CANCEL:
            self._announcer.move(order, standing(order), Event.ORDER_CANCEL_REJECTED)

    def _rejected(self, working: Working, report: RejectionReport) -> None:
        working.refusal = (report.code, report.reason)
        if working.order.is_open and not working.deciding:
            self._announcer.move(working.order, Status.REJECTED)
            self._groups.ended(working.order)

    # Fills

    def _filled(self, working: Working, fill: Fill) -> None:
        self._acknowledge(working.order)
        self._holdings.fill(fill)
        if working.order.is_mleg:
            self._leg_filled(working, fill)
        else:
            self._book(working.order, fill)
            self._close_if_done(working.order)

    def _book(self, order: AlpacaOrder, fill: Fill) -> None:
        ident = execution_id(fill.execution_id)
        self._count(order, fill.quantity, fill.price, fill.time)
        held = self._holdings.of(fill.contract)
        self._list(order, fill, ident)
        self._tell_fill(order, ident, fill.quantity, fill.price, held, at=fill.time)

    def _count(self, order: AlpacaOrder, qty: Decimal, price: Decimal, time: datetime) -> None:
        order.filled_qty += qty
        order.filled_value += qty * price
        order.updated_at = time
        if order.filled_qty >= order.qty:
            order.status, order.filled_at = Status.FILLED, time
        elif order.status not in _ASKED:
            order.status = Status.PARTIALLY_FILLED

    def _tell_fill(
        self, order: AlpacaOrder, ident: UUID, qty: Decimal, price: Decimal, held: Decimal | None, *, at: datetime
    ) -> None:
        event = Event.FILL if order.status is Status.FILLED else Event.PARTIAL_FILL
        self._announcer.tell(event, order, execution_id=ident, price=price, qty=qty, position_qty=held, at=at)

    def _close_if_done(self, order: AlpacaOrder) -> None:
        if order.status is Status.FILLED:
            self._groups.filled(order)

    def _leg_filled(self, working: Working, fill: Fill) -> None:
        parent = working.order
        leg = next(leg for leg in parent.legs if leg.asset is not None and leg.asset.contract.key == fill.contract.key)
        self._book(leg, fill)
        working.unpaid += fill.signed_quantity * fill.price
        units = min(leg.filled_qty / (leg.ratio_qty or 1) for leg in parent.legs) - parent.filled_qty
        if units > 0:
            price, working.unpaid = working.unpaid / units, ZERO
            self._count(parent, units, price, fill.time)
            self._tell_fill(parent, execution_id(f"{fill.execution_id}/unit"), units, price, None, at=fill.time)

    def _list(self, order: AlpacaOrder, fill: Fill, ident: UUID) -> None:
        assert order.asset is not None
        self.executions.append(
            Execution(
                execution_id=ident,
                order_id=order.order_id,
                symbol=order.asset.symbol,
                side=order.side or Side.BUY,
                price=fill.price,
                qty=fill.quantity,
                cum_qty=order.filled_qty,
                leaves_qty=order.leaves,
                order_status=order.status,
                time=fill.time,
            )
        )


def standing(order: AlpacaOrder) -> Status:
    """Return the status of an order that works as if nothing had been asked of it."""
    return Status.PARTIALLY_FILLED if order.filled_qty else Status.NEW


def take_place(old: AlpacaOrder, new: AlpacaOrder) -> None:
    """Put an order in the place of another, in its family too."""
    old.replaced_by, new.replaces = new.order_id, old.order_id
    head = old.parent
    if head is not None:
        new.parent = head
        head.legs = [new if leg is old else leg for leg in head.legs]
    elif not old.is_mleg:
        new.legs, old.legs = old.legs, []
        for leg in new.legs:
            leg.parent = new
