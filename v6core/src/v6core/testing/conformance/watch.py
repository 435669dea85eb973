"""The laws that hold in every case: whoever breaks one fails the case, by the law's own id.

The watch is an observer of the engine, so it sees each order after each event, as any program would.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from v6core.contracts import Combo
from v6core.events import EngineEvent, OrderEvent, ReportReceived, TradingState, TradingStateChanged
from v6core.fills import Fill
from v6core.hookspecs import hookimpl
from v6core.money import ZERO
from v6core.orders import Anomaly, Order, OrderStatus
from v6core.reports import OrderReport, ReportedStatus, Snapshot
from v6core.testing.conformance.expecting import Broken

_LAW_OF = {
    Anomaly.OVERFILL: "SM-03",
    Anomaly.RESURRECTED: "SM-01",
    Anomaly.LATE_FILL: "CXL-01",
    Anomaly.UNKNOWN_STATUS: "SM-10",
    Anomaly.TWO_BROKER_ORDERS: "ID-01",
    Anomaly.FOREIGN_FILL: "REC-08",
    Anomaly.TERMS_CHANGED: "LMT-01",
}
"""The law that an anomaly breaks where the case did not bring it about."""
_CLOCKS_DIFFER = timedelta(minutes=1)
"""By how much a broker's clock may differ from ours; a time zone that was taken for another differs by more."""
_ENDED = {
    ReportedStatus.FILLED: OrderStatus.FILLED,
    ReportedStatus.CANCELLED: OrderStatus.CANCELLED,
    ReportedStatus.EXPIRED: OrderStatus.EXPIRED,
}


class Watch:
    """Sees what becomes of every order, and keeps what was against a law until somebody asks."""

    def __init__(self) -> None:
        self.broken: list[Broken] = []
        self.may_halt = False
        """Whether the case itself halts trading."""
        self.may_doubt = False
        """Whether the case itself leaves orders in doubt."""
        self.events: list[OrderEvent | EngineEvent] = []
        self.limits: dict[UUID, Decimal] = {}
        """The widest limit that each order ever had: what filled before a change was right by the earlier one."""
        self._allowed: set[Anomaly] = set()
        self._last: dict[UUID, Order] = {}
        self._times: dict[UUID, datetime] = {}

    def allow(self, *anomalies: Anomaly) -> None:
        """Take these anomalies for what the case itself brings about."""
        self._allowed.update(anomalies)

    @hookimpl
    def v6_order_event(self, event: OrderEvent | EngineEvent, order: Order | None) -> None:
        """See one event."""
        self.events.append(event)
        if order is None:
            return
        for law, what in (*self._step(order), *self._shape(order), *self._moment(event, order)):
            self.broken.append(Broken(f"order {order.order_ref}: {what}", law))
        self._last[order.order_id] = order
        if order.limit_price is not None:
            widest = max if order.action.sign > 0 else min
            self.limits[order.order_id] = widest(order.limit_price, self.limits.get(order.order_id, order.limit_price))

    def _step(self, order: Order) -> Iterator[tuple[str, str]]:
        """Yield what is wrong with how an order came to be what it is."""
        before = self._last.get(order.order_id)
        if before is None:
            return
        excused = self._allowed & {Anomaly.RESURRECTED, Anomaly.LATE_FILL, Anomaly.FILL_BUSTED}
        if before.status.is_terminal and order.status is not before.status and not excused:
            yield "SM-01", f"it went from {before.status} to {order.status}"
        if order.filled_quantity < before.filled_quantity and Anomaly.FILL_BUSTED not in self._allowed:
            yield "SM-03", f"its filled quantity fell from {before.filled_quantity} to {order.filled_quantity}"

    def _moment(self, event: OrderEvent | EngineEvent, order: Order) -> Iterator[tuple[str, str]]:
        """Yield where the broker's clock goes back; what is reported bears a time of its own, and may be late."""
        if isinstance(event, ReportReceived):
            return
        last = self._times.get(order.order_id)
        if last is not None and event.time < last:
            yield "SM-11", f"{event.event} is of {event.time}, and what came before of {last}"
        self._times[order.order_id] = event.time

    def broken_by_doubts(self, orders: Iterable[Order]) -> Iterator[Broken]:
        """Yield the orders of which nobody knows what became, where nothing went wrong on the way."""
        for order in orders:
            if order.status in {OrderStatus.PENDING_SUBMIT, OrderStatus.IN_DOUBT} and not self.may_doubt:
                yield Broken(f"order {order.order_ref} is left {order.status}: {order.reason}", "SM-02")

    def broken_by_claims(self, orders: Iterable[Order]) -> Iterator[Broken]:
        """Yield the orders that were told as filled, and have ended or work without."""
        told = [event.report for event in self.events if isinstance(event, ReportReceived)]
        filled = {
            report.order_ref or report.broker_order_id
            for report in told
            if isinstance(report, OrderReport) and report.status is ReportedStatus.FILLED
        }
        for order in orders:
            claimed = not filled.isdisjoint({order.order_ref, order.broker_order_id} - {None})
            if claimed and order.status is not OrderStatus.FILLED and not order.anomalies:
                what = f"{order.status} with {order.filled_quantity} of {order.quantity}"
                yield Broken(f"order {order.order_ref} was told as FILLED, and is {what}", "SM-04")

    def broken_by_reports(self, orders: Mapping[UUID, Order], now: datetime) -> Iterator[Broken]:
        """Yield the reports of an order that bear a time before it was made, or one that is yet to come."""
        for event in self.events:
            if not isinstance(event, ReportReceived) or event.order_id not in orders:
                continue
            order, told = orders[event.order_id], event.report.time
            made = order.created_at or told
            if not made - _CLOCKS_DIFFER <= told <= now + _CLOCKS_DIFFER:
                what = f"{event.report.report} is told as of {told}, made at {made}, heard before {now}"
                yield Broken(f"order {order.order_ref}: {what}", "SM-11")

    def broken_by_halts(self) -> Iterator[Broken]:
        """Yield where v6 itself stopped trading, as it does where a broker's words make no sense."""
        for event in self.events:
            if isinstance(event, TradingStateChanged) and _is_halt(event) and not self.may_halt:
                yield Broken(f"the engine went to {event.state}: {event.reason}", "CON-01")

    def _shape(self, order: Order) -> Iterator[tuple[str, str]]:
        """Yield what is wrong with an order as it stands."""
        before = self._last.get(order.order_id)
        told = () if before is None else before.anomalies
        for anomaly in frozenset(order.anomalies) - frozenset(told) - self._allowed:
            yield _LAW_OF.get(anomaly, "SM-01"), f"it is flagged {anomaly}"


def _is_halt(event: TradingStateChanged) -> bool:
    return event.operator is None and event.state is not TradingState.ACTIVE


def broken_by_fills(
    orders: Mapping[UUID, Order], fills: Sequence[Fill], limits: Mapping[UUID, Decimal]
) -> Iterator[Broken]:
    """Yield what is wrong with the fills of orders: their sum, their mean, their price by the limits they had."""
    of: defaultdict[UUID | None, list[Fill]] = defaultdict(list)
    for fill in fills:
        of[fill.order_id].append(fill)
    for order in orders.values():
        mine = of[order.order_id]
        limit = limits.get(order.order_id, order.limit_price)
        for law, what in (*_sums(order, mine), *_prices(order, mine, limit), *_times(order, mine)):
            yield Broken(f"order {order.order_ref}: {what}", law)


def _units(order: Order, fills: Sequence[Fill]) -> Decimal | None:
    """Return how many units of an order some fills are; None where the legs of a combo are not in ratio."""
    if not isinstance(order.contract, Combo):
        return sum((fill.quantity for fill in fills), ZERO)
    filled: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
    for fill in fills:
        filled[fill.contract.key] += fill.quantity
    units = {filled[leg.contract.key] / leg.ratio for leg in order.contract.legs}
    return units.pop() if len(units) == 1 else None


def _sums(order: Order, fills: Sequence[Fill]) -> Iterator[tuple[str, str]]:
    units = _units(order, fills)
    if units is None:
        yield "CMB-01", "its legs have not filled in ratio"
        return
    if units != order.filled_quantity:
        yield "SM-03", f"it says {order.filled_quantity} filled, its executions {units}"
    if (order.status is OrderStatus.FILLED) != (units == order.quantity) and not order.anomalies:
        yield "SM-04", f"it is {order.status} with {units} of {order.quantity} executed"


def _prices(order: Order, fills: Sequence[Fill], limit: Decimal | None) -> Iterator[tuple[str, str]]:
    if isinstance(order.contract, Combo) or not fills:
        return
    if any(fill.price <= 0 for fill in fills):
        yield "SM-05", f"it filled at {min(fill.price for fill in fills)}"
    quantity = sum((fill.quantity for fill in fills), ZERO)
    mean = sum((fill.quantity * fill.price for fill in fills), ZERO) / quantity
    if order.avg_fill_price is None or abs(order.avg_fill_price - mean) > Decimal("0.000001"):
        yield "SM-05", f"its average price is {order.avg_fill_price}, that of its executions {mean}"
    if any(fill.action is not order.action for fill in fills):
        yield "SM-03", f"it is to {order.action}, and an execution did the opposite"
    worst = max(order.action.sign * fill.price for fill in fills)
    if limit is not None and worst > order.action.sign * limit:
        yield "LMT-02", f"it filled at {order.action.sign * worst}, through its limit {limit}"


def _times(order: Order, fills: Sequence[Fill]) -> Iterator[tuple[str, str]]:
    for fill in fills:
        if order.submitted_at is not None and fill.time < order.submitted_at - _CLOCKS_DIFFER:
            yield "SM-11", f"it was sent at {order.submitted_at}, and filled at {fill.time}"


def broken_by_lists(
    orders: Mapping[str, Order], fills: Sequence[Fill], snapshot: Snapshot, *, lists_fills: bool
) -> Iterator[Broken]:
    """Yield where the lists of a complete snapshot tell of other executions or other ends than the events did."""
    told = {fill.execution_id: fill for fill in fills}
    listed = {row.fill.execution_id: row for row in snapshot.fills}
    for name, row in listed.items():
        if name in told:
            for what in _differs(told[name], row.fill):
                yield Broken(f"execution {name}: {what}", "SM-14")
        elif row.order_ref in orders:
            yield Broken(f"order {row.order_ref}: execution {name} is listed, and does not count", "SM-14")
    for name, fill in told.items():
        reached = snapshot.fills_since is None or fill.time >= snapshot.fills_since
        if lists_fills and reached and name not in listed:
            yield Broken(f"execution {name} counts, and the broker does not list it", "SM-14")
    for report in snapshot.completed_orders:
        order, end = orders.get(report.order_ref or ""), _ENDED.get(report.status)
        if order is not None and end is not None and order.status is not end and not order.anomalies:
            yield Broken(f"order {report.order_ref} is {order.status}, and the broker lists it as {end}", "SM-14")


def _differs(told: Fill, listed: Fill) -> Iterator[str]:
    """Yield in what an execution is listed otherwise than it counts; a commission that nobody has told yet is none."""
    for term in ("action", "quantity", "price"):
        counts, shown = getattr(told, term), getattr(listed, term)
        if counts != shown:
            yield f"its {term} counts as {counts}, and is listed as {shown}"
    if told.contract.key != listed.contract.key:
        yield f"it is of {told.contract.key}, and listed as one of {listed.contract.key}"
    if abs(told.time - listed.time) > _CLOCKS_DIFFER:
        yield f"it was at {told.time}, and is listed as of {listed.time}"
    if None not in {told.commission, listed.commission} and told.commission != listed.commission:
        yield f"it cost {told.commission}, and is listed with {listed.commission}"


def broken_by_age(snapshot: Snapshot, now: datetime) -> Iterator[Broken]:
    """Yield where a snapshot that was taken just now says that it is of another time."""
    if abs(snapshot.time - now) > _CLOCKS_DIFFER:
        yield Broken(f"a snapshot that was taken at {now} says that it is of {snapshot.time}", "SM-11")


def broken_by_snapshot(orders: Mapping[str, Order], snapshot: Snapshot) -> Iterator[Broken]:
    """Yield where a complete snapshot contradicts what the engine made of the reports."""
    listed = {ref: report for report in snapshot.open_orders if (ref := report.order_ref or "") in orders}
    for ref, order in orders.items():
        is_open = not order.status.is_terminal and order.status is not OrderStatus.IN_DOUBT
        if is_open and ref not in listed:
            yield Broken(f"order {ref} is {order.status}, and the broker does not list it as open", "SM-14")
        if order.status.is_terminal and ref in listed:
            yield Broken(f"order {ref} is {order.status}, and the broker lists it as open", "SM-14")
    for ref, report in listed.items():
        order = orders[ref]
        if report.filled_quantity is not None and report.filled_quantity != order.filled_quantity:
            yield Broken(
                f"order {ref}: the broker says {report.filled_quantity} filled, its executions {order.filled_quantity}",
                "SM-14",
            )


def broken_by_positions(fills: Sequence[Fill], before: Mapping[str, Decimal], snapshot: Snapshot) -> Iterator[Broken]:
    """Yield where positions are not those of before and the fills since."""
    wanted: defaultdict[str, Decimal] = defaultdict(lambda: ZERO, before)
    for fill in fills:
        wanted[fill.contract.key] += fill.action.sign * fill.quantity
    held: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
    for position in snapshot.positions:
        held[position.contract.key] += position.quantity
    for key in sorted({*wanted, *held}):
        if wanted[key] != held[key]:
            yield Broken(f"{held[key]} of {key} are held, and the executions make {wanted[key]}", "POS-01")
