"""A machine that drives an engine and a scripted broker at random, and watches what must always hold.

Names like I19 are those of the list of invariants in the design's facts on reliability.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from core.engine_desk import GOOG, engine_for
from v6core import hookimpl
from v6core.broker import Receipt
from v6core.clock import SimulatedLoop
from v6core.engine import OrderExecutionEngine
from v6core.engine.record import Record
from v6core.errors import ModifyRejected, NotSent, OrderDenied, OutcomeUnknown
from v6core.events import EngineEvent, OrderEvent, event_from_json, event_to_json
from v6core.identifiers import SeededIds
from v6core.journal import MemoryJournal
from v6core.lifecycle import TRANSITIONS
from v6core.money import ZERO
from v6core.orders import Anomaly, Order, OrderStatus
from v6core.reports import FillReport, LinkState, ReportedStatus
from v6core.risk import RiskLimits
from v6core.testing import ScriptedBroker
from v6core.testing.scripted import HeldOrder, Step, accepts, confirms, hangs, later, raises, refuses, rejects

T = TypeVar("T")
MOST = Decimal(60)
ALLOWED = {(before, row.status) for (before, _), row in TRANSITIONS.items()} | {(None, OrderStatus.PENDING_SUBMIT)}
Script = tuple[tuple[Step, ...], bool]
LOST = NotSent("the socket is closed")


def fills_open(quantity: int | None = None) -> Step:
    """Fill orders that are still open: a fill after the end would break the limit at the broker, not in the engine."""

    def step(broker: ScriptedBroker, refs: tuple[str, ...]) -> None:
        for ref in refs:
            if broker.book.find(ref).is_open:
                broker.fill(ref, quantity)

    return step


PLACING: dict[str, Script] = {
    "accepted": ((accepts,), True),
    "filled": ((fills_open(),), True),
    "filled in part": ((fills_open(1), accepts), True),
    "filled, then acknowledged": ((later(1, fills_open(), accepts),), True),
    "acknowledged late": ((later(7, accepts),), True),
    "rejected": ((rejects("no margin"),), True),
    "silent": ((), True),
    "swallowed": ((), False),
    "hanging": ((hangs,), True),
    "failing after it left": ((accepts, raises(OSError("reset"))), True),
    "failing before it left": ((raises(OSError("reset")),), False),
    "not sent": ((raises(LOST),), False),
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
PLACE, ASK = st.sampled_from(sorted(PLACING)), st.sampled_from(sorted(ASKING))


class KeptJournal(MemoryJournal):
    """A journal in memory that a next engine can go on with."""

    def close(self) -> None:
        """Stay open."""


class WatchingBroker(ScriptedBroker):
    """A broker that looks into the journal whenever an order reaches it."""

    def __init__(self, journal: MemoryJournal) -> None:
        super().__init__()
        self._journal = journal
        self.unwritten: list[str] = []

    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        """Take note of orders that are sent without being durable, and place them."""
        written = {row.order_id for row in self._journal.rows(kinds={"INTENDED"})}
        self.unwritten += [str(order.order_ref) for order in orders if order.order_id not in written]
        return await super().place(orders)


class Witness:
    """An observer that keeps what it hears, and what was durable by then."""

    def __init__(self, journal: MemoryJournal) -> None:
        self._journal = journal
        self.heard: list[str] = []
        self.too_early: list[str] = []
        self.statuses: dict[UUID, OrderStatus] = {}
        self.jumps: list[tuple[OrderStatus | None, OrderStatus]] = []

    @hookimpl
    def v6_order_event(self, event: OrderEvent | EngineEvent, order: Order | None) -> None:
        """Hear an event."""
        self.heard.append(event_to_json(event))
        if len(self.heard) > self._journal.last_seq:
            self.too_early.append(event.event)
        if order is not None and order.status is not OrderStatus.DENIED:
            step = (self.statuses.get(order.order_id), order.status)
            self.statuses[order.order_id] = order.status
            if step[0] is not step[1] and step not in ALLOWED:
                self.jumps.append(step)


class EngineMachine(RuleBasedStateMachine):
    """Random orders, answers, silences, cuts and restarts."""

    @initialize()
    def start(self) -> None:
        """Start an engine on an empty journal."""
        self.runner = asyncio.Runner(loop_factory=SimulatedLoop)
        self.ids = SeededIds(1)
        self.journal = KeptJournal(ids=SeededIds(2))
        self.broker = WatchingBroker(self.journal)
        self.witness = Witness(self.journal)
        self.placed: list[UUID] = []
        self.denied: list[UUID] = []
        self.placing: list[asyncio.Task[None]] = []
        self.asking: list[asyncio.Task[None]] = []
        self.surprises: list[BaseException] = []
        self.engine = self.run(self._started())

    async def _started(self) -> OrderExecutionEngine:
        limits = RiskLimits(max_position=MOST)
        engine = engine_for(self.broker, lambda: self.journal, extensions=[self.witness], limits=limits)
        await engine.start()
        return engine

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something on the machine's loop."""
        return self.runner.run(work)

    def wait(self, seconds: float) -> None:
        """Let simulated time pass."""
        self.run(asyncio.sleep(seconds))

    @property
    def record(self) -> Record:
        """What the engine knows."""
        return self.engine._run.record  # pyright: ignore[reportPrivateUsage]

    def _an_order(self, data: st.DataObject) -> UUID | None:
        known = [order_id for order_id in self.placed if order_id in self.record.states]
        return data.draw(st.sampled_from(known)) if known else None

    def _held(self, data: st.DataObject) -> HeldOrder | None:
        held = [one for one in self.broker.book.orders.values() if one.is_open and one.rest]
        return data.draw(st.sampled_from(held)) if held else None

    # What a program does.

    @rule(
        quantities=st.lists(st.integers(1, 25), min_size=1, max_size=3), script=PLACE, wait=st.sampled_from([0.1, 12])
    )
    def place(self, quantities: list[int], script: str, wait: float) -> None:
        """Place orders at the same moment."""

        async def go() -> None:
            for quantity in quantities:
                order = Order.limit("BUY", quantity, 100, order_id=self.ids.order_id())
                steps, arrives = PLACING[script]
                self.broker.on("place", *steps, order=order, arrives=arrives)
                self.placed.append(order.order_id)
                self.placing.append(asyncio.create_task(self._place(order)))
            await asyncio.sleep(wait)

        self.run(go())

    async def _place(self, order: Order) -> None:
        try:
            placed = await self.engine.place_order(GOOG, order)
        except OrderDenied as denied:
            self.denied.append(order.order_id)
            if denied.order is None or denied.order.status is not OrderStatus.DENIED:
                self.surprises.append(denied)
        except Exception as error:  # noqa: BLE001 -- whatever it is, the machine tells
            self.surprises.append(error)
        else:
            if placed.status in {OrderStatus.CREATED, OrderStatus.PENDING_SUBMIT, OrderStatus.DENIED}:
                self.surprises.append(AssertionError(f"placed and {placed.status}"))

    @rule(data=st.data(), script=ASK, wait=st.sampled_from([0.1, 12]))
    def cancel(self, data: st.DataObject, script: str, wait: float) -> None:
        """Cancel an order."""
        order_id = self._an_order(data)
        if order_id is not None:
            self._ask("cancel", order_id, script, self._cancel(order_id), wait)

    async def _cancel(self, order_id: UUID) -> None:
        try:
            done = await self.engine.cancel_order(order_id)
        except OutcomeUnknown:
            return
        if done and self.record.states[order_id].status not in {OrderStatus.CANCELLED, OrderStatus.FILLED}:
            self.surprises.append(AssertionError("told as cancelled, and is not"))

    @rule(
        data=st.data(),
        script=ASK,
        quantity=st.integers(1, 25),
        price=st.integers(90, 110),
        wait=st.sampled_from([0.1, 12]),
    )
    def modify(self, data: st.DataObject, script: str, quantity: int, price: int, wait: float) -> None:
        """Modify an order."""
        order_id = self._an_order(data)
        if order_id is not None:
            self._ask("modify", order_id, script, self._modify(order_id, quantity, price), wait)

    async def _modify(self, order_id: UUID, quantity: int, price: int) -> None:
        before = self.record.states[order_id].terms
        try:
            await self.engine.modify_order(order_id, quantity=quantity, limit_price=price)
        except (OutcomeUnknown, OrderDenied):
            return
        except ModifyRejected:
            after = self.record.states[order_id]
            if after.terms != before and not after.status.is_terminal and after.pending_modify is None:
                self.surprises.append(AssertionError("I16: a refused modify changed the order"))

    def _ask(self, call: str, order_id: UUID, script: str, work: Coroutine[Any, Any, None], wait: float) -> None:
        async def go() -> None:
            steps, arrives = ASKING[script]
            self.broker.on(call, *steps, order=self.record.states[order_id].terms, arrives=arrives)
            self.asking.append(asyncio.create_task(work))
            await asyncio.sleep(wait)

        self.run(go())

    @rule()
    def crash(self) -> None:
        """End the engine as a kill does, and start another on the same journal."""
        old, self.broker.is_connected = self.engine, False

        async def end() -> None:
            tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        self.run(end())
        assert old is self.engine
        self.broker.link = LinkState.UP
        self.engine = self.run(self._started())

    @rule()
    def restart(self) -> None:
        """End the engine in good order, and start another."""
        self.broker.link = LinkState.UP
        self.run(self.engine.stop())
        self.engine = self.run(self._started())

    # What a broker does.

    @rule(data=st.data(), quantity=st.integers(1, 25))
    def fill(self, data: st.DataObject, quantity: int) -> None:
        """Fill an open order, in part or whole."""
        held = self._held(data)
        if held is not None:
            self._do(lambda: self.broker.fill(held.ref, min(Decimal(quantity), held.rest)))

    @rule(data=st.data(), how=st.sampled_from(["CANCELLED", "EXPIRED"]))
    def end(self, data: st.DataObject, how: str) -> None:
        """End an open order."""
        held = self._held(data)
        if held is not None:
            self._do(lambda: self.broker.end(held.ref, ReportedStatus(how)))

    @rule(data=st.data(), take_back=st.booleans())
    def correct(self, data: st.DataObject, take_back: bool) -> None:
        """Correct the price of a fill, or take it back."""
        if self.broker.book.executions:
            execution = data.draw(st.sampled_from(sorted(self.broker.book.executions)))
            if take_back:
                self._do(lambda: self.broker.bust(execution))
            else:
                self._do(lambda: self.broker.correct(execution, price=Decimal(101)))

    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        """Say again what was said of fills, once or several times."""
        said = [report for report in self.broker.said if isinstance(report, FillReport)]
        if said:
            again = data.draw(st.lists(st.sampled_from(said), min_size=1, max_size=4))
            self._do(lambda: self.broker.repeat(*again))

    @rule()
    def say_nothing_for_a_while(self) -> None:
        """Fill everything unheard."""

        def unheard() -> None:
            with self.broker.muted():
                for held in self.broker.book.orders.values():
                    if held.is_open and held.rest:
                        self.broker.fill(held.ref, 1)

        self._do(unheard)

    @rule(wait=st.sampled_from([0.1, 20]))
    def cut_the_link(self, wait: float) -> None:
        """Lose the link for a while or until it comes back."""
        self._do(self.broker.drop_link)
        self.wait(wait)

    @rule()
    def mend_the_link(self) -> None:
        """Have the link back."""
        self._do(self.broker.restore_link)

    def _do(self, what: Any) -> None:
        async def go() -> None:
            what()
            await asyncio.sleep(0.01)

        self.run(go())

    # What must hold.

    @invariant()
    def nothing_surprises(self) -> None:
        """Calls end as they promise."""
        assert self.surprises == []
        for task in self.asking:
            if task.done() and not task.cancelled():
                assert task.exception() is None

    @invariant()
    def quantities_add_up(self) -> None:
        """I1 to I6, I9, I10, I18."""
        for state in self.record.states.values():
            order = state.order
            live = sum((fill.quantity for fill in state.fills), ZERO)
            assert order.filled_quantity == live
            assert order.filled_quantity <= order.quantity or Anomaly.OVERFILL in order.anomalies
            left = ZERO if order.status.is_terminal else max(order.quantity - live, ZERO)
            assert order.remaining_quantity == left
            assert (order.avg_fill_price is None) == (live == 0)
            assert order.status is not OrderStatus.FILLED or live >= order.quantity
            assert (
                order.status is not OrderStatus.REJECTED or not live or Anomaly.REJECTED_WITH_FILLS in order.anomalies
            )

    @invariant()
    def statuses_follow_the_table(self) -> None:
        """I12, I13, I15."""
        assert self.witness.jumps == []

    @invariant()
    def what_is_denied_was_never_sent(self) -> None:
        """I14, and every denial stands in the journal."""
        for order_id in self.denied:
            assert order_id in self.record.states, "a denial is not in the journal"
            state = self.record.states[order_id]
            assert state.status is OrderStatus.DENIED
            assert state.terms.order_ref not in self.broker.received("place")
            assert not state.is_shown

    @invariant()
    def what_is_lost_never_arrived(self) -> None:
        """I17: no exception but a proof says that an order did not arrive."""
        for state in self.record.states.values():
            assert state.status is not OrderStatus.LOST or state.terms.order_ref not in self.broker.arrivals
            assert Anomaly.RESURRECTED not in state.anomalies

    @invariant()
    def each_order_reaches_the_broker_at_most_once_and_after_its_intent(self) -> None:
        """I19, I20, I21."""
        sent = self.broker.received("place")
        assert len(sent) == len(set(sent))
        assert self.broker.unwritten == []
        known = {state.terms.order_ref for state in self.record.states.values()}
        assert set(sent) <= known

    @invariant()
    def nobody_hears_of_what_is_not_durable(self) -> None:
        """I28, I29."""
        assert self.witness.too_early == []
        assert self.witness.heard == [row.payload for row in self.journal.rows()]

    @invariant()
    def the_limit_holds(self) -> None:
        """I51: what has filled and what may still fill stays within the limit, at the broker."""
        held = self.broker.book.orders.values()
        reach = sum((one.filled + (one.rest if one.is_open else ZERO) for one in held), ZERO)
        assert reach <= MOST

    @invariant()
    def replay_is_the_live_state(self) -> None:
        """I25, I26."""
        again = Record(self.journal.engine_id)
        again.replay(event_from_json(row.payload) for row in self.journal.rows())
        assert again.states == self.record.states
        assert [s.order.model_dump_json() for s in again.states.values()] == [
            s.order.model_dump_json() for s in self.record.states.values()
        ]
        assert (again.open_ids, again.trading_state) == (self.record.open_ids, self.record.trading_state)

    @invariant()
    def an_answer_that_is_overdue_is_a_doubt(self) -> None:
        """No order is on its way when nobody sends one."""
        if all(task.done() for task in self.placing):
            statuses = {state.status for state in self.record.states.values()}
            assert OrderStatus.PENDING_SUBMIT not in statuses

    def teardown(self) -> None:
        """Let everything be said and asked, and compare with the broker; say it all again, and nothing changes."""
        if not hasattr(self, "runner"):
            return
        try:
            self._do(self.broker.restore_link)
            self.wait(60)
            self._do(self.broker.drop_link)
            self._do(self.broker.restore_link)
            self.wait(1)
            self.agrees_with_the_broker()
            rows = self.journal.last_seq
            said = tuple(self.broker.book.executions.values())
            self._do(lambda: self.broker.repeat(*said) if said else None)
            assert self.journal.last_seq == rows, "I22: what was heard twice was written twice"
            self.run(self.engine.stop())
        finally:
            self.runner.close()

    def agrees_with_the_broker(self) -> None:
        """I20, I40, I41: what the engine knows is what the broker holds."""
        for ref, held in self.broker.book.orders.items():
            state = self.record.states[held.order.order_id]
            assert state.terms.order_ref == ref
            assert state.status is not OrderStatus.IN_DOUBT or held.filled < held.order.quantity
            if not held.is_open and held.filled == held.order.quantity:
                assert state.status in {OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.EXPIRED}
            if held.is_open and state.status is not OrderStatus.FILLED:
                assert state.status in {OrderStatus.SUBMITTED, OrderStatus.PARTIALLY_FILLED}
        positions = self.run(self.engine.positions())
        assert sum((row.quantity for row in positions), ZERO) == sum(
            (row.quantity for row in self.broker.book.positions()), ZERO
        )
        live = {fill.execution_id for state in self.record.states.values() for fill in state.fills}
        assert set(self.broker.book.executions) <= live
