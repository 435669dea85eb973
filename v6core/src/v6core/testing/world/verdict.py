"""The black-box checker: what an engine and its journal say, against what the server at the other end saw.

It knows nothing of how the engine works. What the server was sent, holds and has executed is the truth; what it can
still be asked for is what the engine could have known.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from v6core.capabilities import SubmitIdentity
from v6core.events import AbsenceProved, OrderEvent, OrderIntended, event_from_row
from v6core.fills import Fill
from v6core.identifiers import parse_order_ref
from v6core.journal import Row
from v6core.lifecycle import OrderState, apply
from v6core.money import ZERO
from v6core.orders import Anomaly, Order, OrderStatus, TimeInForce
from v6core.positions import Position
from v6core.reports import FillCorrectionReport, FillReport, ReportedStatus, Snapshot
from v6core.testing.remote.state import OrderRow
from v6core.testing.remote.terms import Arrival, Verb

_ENDS = frozenset({OrderStatus.CANCELLED, OrderStatus.EXPIRED, OrderStatus.REJECTED, OrderStatus.FILLED})
_WORKING = frozenset({OrderStatus.SUBMITTED, OrderStatus.PARTIALLY_FILLED, OrderStatus.INACTIVE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the server saw, and what it would tell at this moment."""

    identity: SubmitIdentity
    arrivals: Sequence[Arrival]
    orders: Sequence[OrderRow]
    executions: Sequence[FillReport]
    corrections: Sequence[FillCorrectionReport]
    snapshot: Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the engine says, and the rows of its journal."""

    orders: Sequence[Order]
    fills: Sequence[Fill]
    positions: Sequence[Position]
    halted: str | None
    rows: Sequence[Row]


@dataclass(slots=True)
class Findings:
    """What is wrong, in words, and how the orders stand."""

    violations: list[str] = field(default_factory=list[str])
    statuses: Counter[str] = field(default_factory=Counter[str])


def judge(seen: Seen, told: Told, *, is_over: bool = True) -> Findings:
    """Return all that contradicts a promise.

    What needs patience, or a connection younger than the doubt, is asked for only where it ``is_over``: once the engine
    was started anew and had a quiet minute.
    """
    case = _Case(seen, told)
    violations = (
        *case.duplicates(),
        *case.orphans(),
        *case.guesses(),
        *case.standings(is_over=is_over),
        *case.wrong_terms(),
        *case.fills(),
        *case.positions(),
        *case.halts(),
        *(case.false_ends() if is_over else ()),
        *(case.overlays() if is_over else ()),
        *(case.replays() if is_over else ()),
    )
    return Findings(list(violations), Counter(order.status.value for order in told.orders))


class _Case:
    def __init__(self, seen: Seen, told: Told) -> None:
        self._seen = seen
        self._told = told
        self._rows: defaultdict[str, list[OrderRow]] = defaultdict(list)
        for row in seen.orders:
            self._rows[str(row.order.order_ref)].append(row)
        self._filled: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
        for report in seen.executions:
            self._filled[report.order_ref or ""] += report.fill.quantity
        self._busted = {report.order_ref for report in seen.corrections if report.fill is None}
        events = (event_from_row(row.payload) for row in told.rows if row.order_id is not None)
        self._histories: dict[UUID, list[OrderState]] = {}
        self._events: defaultdict[UUID, list[OrderEvent]] = defaultdict(list)
        for event in events:
            if isinstance(event, OrderEvent):
                self._events[event.order_id].append(event)

    # P1 and P2: at most once, and never before it is durable.

    def duplicates(self) -> Iterator[str]:
        placed = Counter(row.order_ref for row in self._seen.arrivals if row.verb is Verb.PLACE)
        if self._seen.identity is SubmitIdentity.QUERYABLE:
            yield from (f"{ref} reached the broker {count} times" for ref, count in placed.items() if count > 1)
        for ref, rows in self._rows.items():
            count = sum(not row.is_split for row in rows)
            if count > 1:
                yield f"{ref} became {count} orders at the broker"

    def orphans(self) -> Iterator[str]:
        intended = {i for i, events in self._events.items() if isinstance(events[0], OrderIntended)}
        for ref in {row.order_ref: None for row in self._seen.arrivals}:
            parsed = parse_order_ref(ref)
            if parsed is None or parsed[1] not in intended:
                yield f"{ref} reached the broker, and the journal holds no intent of it"

    # P3: no guess, and nothing left open that evidence settles.

    def guesses(self) -> Iterator[str]:
        """Yield what was once taken for absent and came to be; that the truth was adopted then is no excuse."""
        for order in self._told.orders:
            rows = self._rows[order.order_ref or ""]
            proofs = (event for event in self._events[order.order_id] if isinstance(event, AbsenceProved))
            for proof in proofs if rows else ():
                yield f"{order.order_ref} was taken for absent ({proof.evidence}), and became {_standing(rows)}"

    def false_ends(self) -> Iterator[str]:
        """Yield what was once taken for ended and ended otherwise, or not at all; mending it later is no excuse."""
        for order in self._told.orders:
            rows = self._rows[order.order_ref or ""]
            if self._is_excused(order) or not any(map(self._is_shown, rows)):
                continue
            ends = {_end_of(row) for row in rows}
            for status in sorted({state.status for state in self._states(order.order_id)} & _ENDS - ends):
                yield f"{order.order_ref} was taken for {status}, and the broker holds {_standing(rows)}"

    def _states(self, order_id: UUID) -> list[OrderState]:
        """Return every state that an order went through, from its first event to its last."""
        if order_id not in self._histories:
            states: list[OrderState] = []
            for event in self._events[order_id]:
                states.append(apply(states[-1] if states else None, event))
            self._histories[order_id] = states
        return self._histories[order_id]

    def standings(self, *, is_over: bool) -> Iterator[str]:
        for order in self._told.orders:
            if order.status is OrderStatus.IN_DOUBT and not is_over:
                continue
            wrong = self._contradiction(order, self._rows[order.order_ref or ""])
            if wrong is not None:
                yield f"{order.order_ref} is {order.status}, and {wrong} ({order.reason})"

    def _contradiction(self, order: Order, rows: Sequence[OrderRow]) -> str | None:
        status, live = order.status, any(row.is_live for row in rows)
        if status is OrderStatus.IN_DOUBT:
            return self._why_not_in_doubt(order, rows)
        if status is OrderStatus.PENDING_SUBMIT:
            return "nobody doubted it"
        if live is not (status in _WORKING):
            missed = order.order_ref in self._busted or self._is_half_gone(order)
            return None if missed else f"the broker holds {_standing(rows)}"
        return None if live else self._wrong_end(order, rows)

    def _is_excused(self, order: Order) -> bool:
        """Tell whether no one status says how an order stands: there are two of it, or a fill of it was taken back."""
        return Anomaly.TWO_BROKER_ORDERS in order.anomalies or order.order_ref in self._busted

    @staticmethod
    def _is_half_gone(order: Order) -> bool:
        """Tell whether one of two orders under one reference has filled all that v6 ordered: the other works on."""
        return Anomaly.TWO_BROKER_ORDERS in order.anomalies and order.status is OrderStatus.FILLED

    def _wrong_end(self, order: Order, rows: Sequence[OrderRow]) -> str | None:
        """Tell whether an order ended otherwise at the broker; what that shows no more, nobody could know."""
        status = order.status
        if status in {OrderStatus.LOST, OrderStatus.DENIED}:
            return f"the broker had it: {_standing(rows)}" if rows else None
        if status is OrderStatus.FILLED:
            filled = self._filled[order.order_ref or ""]
            return None if filled >= order.quantity else f"{filled:f} of {order.quantity:f} filled"
        if not rows:
            return "it never reached the broker"
        if not any(map(self._is_shown, rows)):
            return None
        ends = {_end_of(row) for row in rows}
        return None if status in ends else f"the broker holds {_standing(rows)}"

    def _why_not_in_doubt(self, order: Order, rows: Sequence[OrderRow]) -> str | None:
        """Return by what the doubt should have been settled, or None where nothing could settle it."""
        if self._is_excused(order) or self._fills_are_forgotten(order):
            return None
        if any(map(self._is_shown, rows)):
            return f"the broker shows it: {_standing(rows)}"
        since = self._seen.snapshot.completed_since
        covered = since is None or (order.submitted_at is not None and order.submitted_at >= since)
        if not rows and covered and not self._position_moved_unheard(order):
            return "that it never arrived could be proved"
        if rows and order.broker_order_id is not None and order.tif is TimeInForce.DAY and not covered:
            return "its day is over"
        return None

    def _fills_are_forgotten(self, order: Order) -> bool:
        """Tell whether an order is called filled, by executions that are told no more and were never heard."""
        mine = [report for report in self._seen.executions if report.order_ref == order.order_ref]
        heard = {fill.execution_id for fill in self._told.fills}
        return any(report.fill.execution_id not in heard and not self._can_be_seen(report) for report in mine)

    def _position_moved_unheard(self, order: Order) -> bool:
        """Tell whether the position moved by executions that are told no more: they may as well be this order's."""
        heard = {fill.execution_id for fill in self._told.fills}
        here = (report for report in self._seen.executions if report.fill.contract == order.contract)
        return any(report.fill.execution_id not in heard and not self._can_be_seen(report) for report in here)

    def _is_shown(self, row: OrderRow) -> bool:
        since = self._seen.snapshot.completed_since
        return row.is_live or since is None or (row.ended_at is not None and row.ended_at >= since)

    def overlays(self) -> Iterator[str]:
        for order in self._told.orders:
            for name in ("pending_cancel", "pending_modify"):
                if order.status is not OrderStatus.IN_DOUBT and getattr(order, name) is not None:
                    yield f"{order.order_ref} is {order.status} with {name} {getattr(order, name)}"

    def wrong_terms(self) -> Iterator[str]:
        for order in self._told.orders:
            yield from self._wrong_terms(order)

    def _wrong_terms(self, order: Order) -> Iterator[str]:
        live = [row.order for row in self._rows[order.order_ref or ""] if row.is_live]
        if order.status in _WORKING and order.pending_modify is None and len(live) == 1:
            for name in ("quantity", "limit_price", "stop_price"):
                here, there = getattr(order, name), getattr(live[0], name)
                if here != there:
                    yield f"{order.order_ref} has {name} {here}, and {there} at the broker"

    # P4: every fill once.

    def fills(self) -> Iterator[str]:
        ours = {ref for order in self._told.orders if (ref := order.order_ref) is not None}
        there = {report.fill.execution_id: report for report in self._seen.executions if report.order_ref in ours}
        counted = Counter(fill.execution_id for fill in self._told.fills)
        here = {fill.execution_id: fill for fill in self._told.fills}
        yield from (f"{i} counts {count} times" for i, count in counted.items() if count > 1)
        for i in here.keys() - there.keys():
            if not self._was_amended_unseen(i):
                yield f"{i} counts, and the broker has no such execution"
        for i in there.keys() - here.keys():
            if self._can_be_seen(there[i]):
                yield f"{i} of {there[i].order_ref} is missing"
        for i in here.keys() & there.keys():
            if (here[i].quantity, here[i].price) != (there[i].fill.quantity, there[i].fill.price):
                yield f"{i} is another at the broker"

    def _can_be_seen(self, report: FillReport) -> bool:
        since = self._seen.snapshot.fills_since
        return since is None or report.fill.time >= since

    def _was_amended_unseen(self, execution_id: str) -> bool:
        since = self._seen.snapshot.fills_since
        return any(
            report.replaces == execution_id and since is not None and report.time < since
            for report in self._seen.corrections
        )

    def positions(self) -> Iterator[str]:
        here = _sums((row.contract.key, row.quantity) for row in self._told.positions)
        there = _sums((row.contract.key, row.quantity) for row in self._seen.snapshot.positions)
        for key in sorted(here.keys() | there.keys()):
            mine, theirs = here.get(key, ZERO), there.get(key, ZERO)
            if mine != theirs:
                yield f"the engine holds {mine:f} {key}, the broker {theirs:f}"

    # What stopped trading, and what a restart would know.

    def halts(self) -> Iterator[str]:
        halted = self._told.halted
        has_cause = any(len(rows) > 1 for rows in self._rows.values()) or "UNPROTECTED" in (halted or "")
        if halted is not None and not has_cause:
            yield f"trading stopped without a cause: {halted}"

    def replays(self) -> Iterator[str]:
        for order in self._told.orders:
            replayed = self._states(order.order_id)[-1].order
            if replayed != order:
                yield f"{order.order_ref} is {order.status}, and {replayed.status} when replayed"


def _end_of(row: OrderRow) -> OrderStatus | None:
    """Return how an order has ended at the broker, or None where it has not."""
    if row.is_live:
        return None
    return OrderStatus.REJECTED if row.rejection is not None else OrderStatus(row.status)


def _standing(rows: Sequence[OrderRow]) -> str:
    if not rows:
        return "nothing of it"
    words = (ReportedStatus.UNKNOWN if row.rejection is not None else row.status for row in rows)
    return " and ".join(words)


def _sums(rows: Iterable[tuple[str, Decimal]]) -> Mapping[str, Decimal]:
    sums: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
    for key, quantity in rows:
        sums[key] += quantity
    return sums
