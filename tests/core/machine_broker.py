"""The broker that the engine's machine drives: a scripted one whose network, memory and past have faults of their own.

What it was sent may still be under way and come late; its lists may reach back to midnight only; under one reference
it may come to hold two orders. It notes of each sending when and through which connection it came.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from v6core import hookimpl
from v6core.broker import Receipt
from v6core.capabilities import SubmitIdentity
from v6core.contracts import Stock
from v6core.errors import NotSent
from v6core.events import (
    AbsenceProved,
    EngineEvent,
    ExpiryInferred,
    OperatorDecided,
    OrderEvent,
    event_to_json,
)
from v6core.fills import Fill
from v6core.journal import MemoryJournal
from v6core.lifecycle import TRANSITIONS
from v6core.orders import Anomaly, Order, OrderAction, OrderStatus
from v6core.reports import Evidence, FillCorrectionReport, FillReport, LinkState, Snapshot
from v6core.testing import ScriptedBroker, scripted_capabilities
from v6core.testing.scripted import HeldOrder, Step, accepts, confirms, hangs, later, raises, refuses, rejects
from v6core.testing.scripted.book import Which

Script = tuple[tuple[Step, ...], bool]
GOOG = Stock("GOOG")
IDENTITY_WINDOW = 20.0
ALLOWED = {(before, row.status) for (before, _), row in TRANSITIONS.items()} | {(None, OrderStatus.PENDING_SUBMIT)}
LOST = NotSent("the socket is closed")


@dataclass(frozen=True, slots=True)
class Sending:
    """One call that carried an order: in loop seconds, and the number of the engine that made it."""

    ref: str
    at: float
    engine: int


class MachineBroker(ScriptedBroker):
    """A scripted broker with a network and a memory, which looks into the journal whenever an order reaches it."""

    def __init__(self, journal: MemoryJournal, identity: SubmitIdentity = SubmitIdentity.QUERYABLE) -> None:
        window = IDENTITY_WINDOW if identity is SubmitIdentity.WINDOW else None
        super().__init__(scripted_capabilities(submit_identity=identity, identity_window=window))
        self._journal = journal
        self._sent: dict[str, Order] = {}
        self.engine = 0
        self.sendings: list[Sending] = []
        self.unwritten: list[str] = []
        self.is_halted = False
        self.let_out: list[str] = []
        self.unsent: set[str] = set()
        self.under_way: list[str] = []
        self.twins: dict[str, HeldOrder] = {}
        self.connected_at = 0.0
        self.since: datetime | None = None
        self.forgotten: set[str] = set()
        self.past_executions: set[str] = set()
        self.after_reading: list[Callable[[], object]] = []

    # The wire.

    async def connect(self) -> None:
        """Connect."""
        await super().connect()
        self.connected_at = asyncio.get_running_loop().time()

    def _tell_link(self, state: LinkState, detail: str) -> None:
        """Tell of the link; after a cut it is another connection, also where what is behind it is not back yet."""
        if self.link is LinkState.DOWN and state is not LinkState.DOWN:
            self.connected_at = asyncio.get_running_loop().time()
        super()._tell_link(state, detail)

    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        """Take note of the sending, and of orders that are sent without being durable, and place them."""
        written = {row.order_id for row in self._journal.rows(kinds={"INTENDED"})}
        for order in orders:
            ref = str(order.order_ref)
            self._sent[ref] = order
            self.unsent.discard(ref)
            self.sendings.append(Sending(ref, asyncio.get_running_loop().time(), self.engine))
            if order.order_id not in written:
                self.unwritten.append(ref)
            if self.is_halted:
                self.let_out.append(ref)
        return await super().place(orders)

    def sent(self, ref: str) -> list[Sending]:
        """Return the sendings of an order."""
        return [one for one in self.sendings if one.ref == ref]

    def arrive(self, ref: str) -> None:
        """Let come what was under way."""
        self.under_way.remove(ref)
        self.arrivals.append(ref)
        self._taken(self._sent[ref])
        self.accept(ref)

    # Two orders under one reference.

    def split(self, ref: str) -> None:
        """Make a second order of one."""
        first = self.book.orders[ref]
        twin = HeldOrder(first.order, f"b-{self.book.number()}")
        self.twins[ref] = self.book.orders[f"{ref}/2"] = twin
        self.say(twin.report(self.now()))

    def confirm(self, which: Which) -> None:
        """Do what was asked of an order: a cancel goes to both where there are two."""
        twin = self.twins.get(str(which))
        asks_change = bool(self.book.find(which).asked)
        if twin is None or asks_change or not twin.is_open:
            super().confirm(which)
            return
        if self.book.find(which).is_open:
            super().confirm(which)
        self.end(f"{which}/2")

    # Others, corrections, and the past.

    def trade_for_others(self, action: OrderAction, quantity: int) -> None:
        """Let somebody else trade in the account; it is told like every execution."""
        number, now = self.book.number(), self.now()
        fill = Fill(
            execution_id=f"x-{number}",
            contract=GOOG,
            action=action,
            quantity=Decimal(quantity),
            price=Decimal(100),
            time=now,
        )
        report = FillReport(time=now, broker_order_id=f"m-{number}", fill=fill)
        self.book.executions[fill.execution_id] = report
        self.say(report)

    def forget_the_past(self) -> None:
        """Begin a day: lists tell of it alone."""
        self.since = self.now()
        self.forgotten |= {key for key, held in self.book.orders.items() if not held.is_open}
        told = (report.fill for report in self.said if isinstance(report, FillReport | FillCorrectionReport))
        said = {fill.execution_id for fill in told if fill is not None}
        self.past_executions |= {*self.book.executions, *said}  # what was taken back unheard is told no more, either

    def retell_corrections(self) -> None:
        """Say again what was replaced today: a list of executions shows only what counts."""
        for report in self.said:
            if isinstance(report, FillCorrectionReport) and (self.since is None or report.time >= self.since):
                self.repeat(report)

    async def snapshot(self) -> Snapshot:
        """Tell everything, as far back as it reaches; what happens after it was read is on its way before it."""
        whole = await super().snapshot()
        self.retell_corrections()
        happening, self.after_reading = self.after_reading, []
        for happens in happening:
            happens()
        gone = {held.broker_order_id for key, held in self.book.orders.items() if key in self.forgotten}
        return whole.model_copy(
            update={
                "completed_orders": tuple(one for one in whole.completed_orders if one.broker_order_id not in gone),
                "rejections": tuple(one for one in whole.rejections if one.broker_order_id not in gone),
                "fills": tuple(one for one in whole.fills if one.fill.execution_id not in self.past_executions),
                "completed_since": self.since,
                "fills_since": self.since,
            }
        )

    async def find(self, order_ref: str) -> Evidence:
        """Tell what is known under a reference, as far back as that reaches."""
        await super().find(order_ref)
        self.retell_corrections()
        keys = [key for key in (order_ref, f"{order_ref}/2") if key in self.book.orders and key not in self.forgotten]
        held = [self.book.orders[key] for key in keys]
        fills = (report for report in self.book.executions.values() if report.order_ref == order_ref)
        return Evidence(
            orders=tuple(one.report(self.now()) for one in held if one.rejection is None),
            rejections=tuple(one.rejection for one in held if one.rejection is not None),
            fills=tuple(report for report in fills if report.fill.execution_id not in self.past_executions),
        )


def fills_open(quantity: int | None = None) -> Step:
    """Fill orders that are still open: a fill after the end would break the limit at the broker, not in the engine."""

    def step(broker: ScriptedBroker, refs: tuple[str, ...]) -> None:
        for ref in refs:
            if broker.book.find(ref).is_open:
                broker.fill(ref, quantity)

    return step


def strays(broker: ScriptedBroker, refs: tuple[str, ...]) -> None:
    """Stay under way: it may come yet."""
    assert isinstance(broker, MachineBroker)
    broker.under_way += refs


def unsent(broker: ScriptedBroker, refs: tuple[str, ...]) -> None:
    """Never leave the machine, which is proved."""
    assert isinstance(broker, MachineBroker)
    broker.unsent.update(refs)
    raise LOST


PLACING: dict[str, Script] = {
    "accepted": ((accepts,), True),
    "filled": ((fills_open(),), True),
    "filled in part": ((fills_open(1), accepts), True),
    "filled, then acknowledged": ((later(1, fills_open(), accepts),), True),
    "acknowledged late": ((later(7, accepts),), True),
    "rejected": ((rejects("no margin"),), True),
    "silent": ((), True),
    "swallowed": ((strays,), False),
    "hanging": ((hangs,), True),
    "failing after it left": ((accepts, raises(OSError("reset"))), True),
    "failing before it left": ((raises(OSError("reset")),), False),
    "not sent": ((unsent,), False),
}
ASKING: dict[str, Script] = {
    "confirmed": ((confirms,), True),
    "confirmed late": ((later(2, confirms),), True),
    "confirmed after a fill": ((fills_open(1), confirms), True),
    "refused": ((refuses("too late"),), True),
    "silent": ((), True),
    "swallowed": ((), False),
    "hanging": ((hangs,), True),
    "failing": ((raises(OSError("reset")),), True),
    "not sent": ((raises(LOST),), False),
}


class Witness:
    """An observer that keeps what it hears, what was durable by then, and which proofs of absence were none."""

    def __init__(self, journal: MemoryJournal, broker: MachineBroker, grace: float) -> None:
        self._journal = journal
        self._broker = broker
        self._grace = grace
        self.heard: list[str] = []
        self.too_early: list[str] = []
        self.presumed: set[object] = set()
        self.called_absent: set[str] = set()
        self.false_proofs: list[str] = []
        self.statuses: dict[object, OrderStatus] = {}
        self.jumps: list[tuple[OrderStatus | None, OrderStatus]] = []

    @hookimpl
    def v6_order_event(self, event: OrderEvent | EngineEvent, order: Order | None) -> None:
        """Hear an event."""
        self.heard.append(event_to_json(event))
        if len(self.heard) > self._journal.last_seq:
            self.too_early.append(event.event)
        if isinstance(event, ExpiryInferred | OperatorDecided):
            self.presumed.add(event.order_id)
        if order is None:
            return
        if isinstance(event, AbsenceProved):
            self._check_proof(str(order.order_ref))
        if order.status is not OrderStatus.DENIED:
            self._check_step(order)

    def _check_step(self, order: Order) -> None:
        step = (self.statuses.get(order.order_id), order.status)
        self.statuses[order.order_id] = order.status
        # What was presumed to have ended is corrected by the broker's word, whatever that is; and of two broker orders
        # under one reference the second may work when the first has ended.
        corrected = order.order_id in self.presumed or Anomaly.TWO_BROKER_ORDERS in order.anomalies
        if step[0] is not step[1] and step not in ALLOWED and not corrected:
            self.jumps.append(step)

    def _check_proof(self, ref: str) -> None:
        """A1, A3: absence is proved by NotSent at the only sending, or long after a connection younger than that."""
        broker, now = self._broker, asyncio.get_running_loop().time()
        self.called_absent.add(ref)
        sendings = broker.sent(ref)
        if ref in broker.unsent and len(sendings) == 1:
            return
        younger = all(one.at < broker.connected_at for one in sendings)
        if ref in broker.arrivals or not younger or now - broker.connected_at < self._grace:
            self.false_proofs.append(ref)
