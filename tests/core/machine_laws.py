"""What must hold of an engine and its broker, after every step and at the end of a run.

Names like I19 are those of the list of invariants in the design's facts on reliability.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant

from core.engine_desk import START
from core.machine_broker import IDENTITY_WINDOW, MachineBroker, Witness
from v6core.capabilities import SubmitIdentity
from v6core.clock import SimulatedClock, SimulatedLoop
from v6core.config import EngineSection
from v6core.engine import OrderExecutionEngine
from v6core.engine.holdings import Holdings
from v6core.engine.record import Record
from v6core.events import event_from_json
from v6core.identifiers import SeededIds
from v6core.journal import MemoryJournal
from v6core.lifecycle import OrderState
from v6core.lifecycle.ledger import OPERATOR
from v6core.money import ZERO
from v6core.orders import Anomaly, OrderAction, OrderStatus
from v6core.plugins import load_extensions
from v6core.risk import RiskLimits
from v6core.testing import ScriptedSettings
from v6core.testing.scripted import HeldOrder
from v6core.words import Word

T = TypeVar("T")
MOST = Decimal(60)
IDENTITIES = (SubmitIdentity.QUERYABLE, SubmitIdentity.ENFORCED, SubmitIdentity.WINDOW)


class Trouble(Word):
    """What may happen in a run, beside what always may; a law that it takes the ground from is not asked then."""

    SELLS = "SELLS"
    LATE = "LATE"
    TWINS = "TWINS"
    OTHERS = "OTHERS"
    DAYS = "DAYS"
    OPERATOR = "OPERATOR"


class KeptJournal(MemoryJournal):
    """A journal in memory that a next engine can go on with."""

    def close(self) -> None:
        """Stay open."""


class EngineLaws(RuleBasedStateMachine):
    """An engine in front of a broker, on a journal that outlives it, and the laws that are asked of them."""

    @initialize(
        troubles=st.frozensets(st.sampled_from(list(Trouble)), max_size=3),
        identity=st.sampled_from([SubmitIdentity.QUERYABLE, *IDENTITIES]),
    )
    def start(self, troubles: frozenset[Trouble], identity: SubmitIdentity) -> None:
        """Start an engine on an empty journal."""
        self.troubles, self.identity = troubles, identity
        self.runner = asyncio.Runner(loop_factory=SimulatedLoop)
        self.ids = SeededIds(1)
        self.journal = KeptJournal(ids=SeededIds(2))
        # How long the loop is blocked is a matter of real time, which a repeatable run knows nothing of.
        self.deadlines = EngineSection(watchdog=86_400, block_limit=86_400)
        self.broker = MachineBroker(self.journal, identity)
        self.witness = Witness(self.journal, self.broker, self.deadlines.grace)
        self.extensions = load_extensions((), [self.witness])
        self.placed: list[UUID] = []
        self.denied: list[UUID] = []
        self.placing: list[asyncio.Task[None]] = []
        self.asking: list[asyncio.Task[None]] = []
        self.surprises: list[BaseException] = []
        self.is_beyond_limit = self.is_moved = False
        self.added_up: dict[UUID, OrderState] = {}
        self.heard_rows: list[str] = []
        self.replayed, self.replayed_rows = Record(self.journal.engine_id), 0
        self.replayed_holdings = Holdings()
        self.engine = self.run(self._first_start())

    async def _first_start(self) -> OrderExecutionEngine:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimulatedLoop)
        self.clock = SimulatedClock(START, loop)
        return await self._started()

    async def _started(self) -> OrderExecutionEngine:
        self.broker.engine += 1
        engine = OrderExecutionEngine.from_spec(
            self.broker.spec,
            ScriptedSettings(),
            open_journal=lambda: self.journal,
            limits=RiskLimits(max_position=MOST),
            deadlines=self.deadlines,
            extensions=self.extensions,
            clock=self.clock,
        )
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

    def _do(self, what: Callable[[], object], *, unheard: bool = False) -> None:
        async def go() -> None:
            if unheard:
                with self.broker.muted():
                    what()
            else:
                what()
            await asyncio.sleep(0.01)

        self.run(go())

    # What must hold.

    @invariant()
    def nothing_surprises(self) -> None:
        """Calls end as they promise."""
        assert not self.surprises, self.surprises
        for task in self.asking:
            if task.done() and not task.cancelled():
                assert task.exception() is None

    @invariant()
    def quantities_add_up(self) -> None:
        """I1 to I6, I9, I10, I18; a state cannot change, so it is looked at once."""
        for order_id, state in self.record.states.items():
            if self.added_up.get(order_id) is state:
                continue
            self.added_up[order_id] = state
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
        assert not self.witness.jumps, self.witness.jumps

    @invariant()
    def what_is_denied_was_never_sent(self) -> None:
        """I14, and every denial stands in the journal."""
        sent = self.broker.received("place")
        for order_id in self.denied:
            assert order_id in self.record.states, "a denial is not in the journal"
            state = self.record.states[order_id]
            assert state.status is OrderStatus.DENIED
            assert state.terms.order_ref not in sent
            assert not state.is_shown

    @invariant()
    def absence_is_proved(self) -> None:
        """I17: no exception but a proof says that an order did not arrive, and late truth wins."""
        assert self.witness.false_proofs == []
        for state in self.record.states.values():
            ref, presumed = str(state.terms.order_ref), state.terms.order_id in self.witness.presumed
            assert state.status is not OrderStatus.LOST or ref in self.witness.called_absent or presumed
            came = ref in self.broker.arrivals and ref in self.witness.called_absent
            doubled = Anomaly.TWO_BROKER_ORDERS in state.anomalies
            assert Anomaly.RESURRECTED not in state.anomalies or came or presumed or doubled

    @invariant()
    def each_order_reaches_the_broker_at_most_once_and_after_its_intent(self) -> None:
        """I19, I20, I21."""
        sent = self.broker.received("place")
        assert self.identity is not SubmitIdentity.QUERYABLE or len(sent) == len(set(sent))
        assert self.broker.unwritten == []
        known = {state.terms.order_ref for state in self.record.states.values()}
        assert set(sent) <= known

    @invariant()
    def what_is_sent_again_is_sent_in_time_by_who_sent_it(self) -> None:
        """I21: only to a broker that refuses a second one, while it does, and by the process that knows since when."""
        most = IDENTITY_WINDOW / 2 if self.identity is SubmitIdentity.WINDOW else self.deadlines.resend_window
        first: dict[str, Any] = {}
        for one in self.broker.sendings:
            before = first.setdefault(one.ref, one)
            assert one.engine == before.engine
            assert one.at - before.at < most

    @invariant()
    def nothing_opens_while_halted(self) -> None:
        """I50."""
        if not {Trouble.SELLS, Trouble.OTHERS} & self.troubles:
            assert self.broker.let_out == []

    @invariant()
    def nobody_hears_of_what_is_not_durable(self) -> None:
        """I28, I29."""
        assert self.witness.too_early == []
        self.heard_rows += [row.payload for row in self.journal.rows(after=len(self.heard_rows))]
        assert self.witness.heard == self.heard_rows

    @invariant()
    def the_limit_holds(self) -> None:
        """I51: what has filled and what may still fill stays within the limit, at the broker."""
        if self.is_beyond_limit:
            return
        held = self.broker.book.orders.values()
        net = sum((one.order.action.sign * one.filled for one in held), ZERO)
        for side in OrderAction:
            working = sum((one.rest for one in held if one.is_open and one.order.action is side), ZERO)
            assert side.sign * net + working <= MOST

    @invariant()
    def replay_is_the_live_state(self) -> None:
        """I26: what was replayed so far, and the rest."""
        rows = list(self.journal.rows(after=self.replayed_rows))
        self.replayed_rows += len(rows)
        self.replayed.replay((event_from_json(row.payload) for row in rows), self.replayed_holdings.learn)
        self._is_live(self.replayed, self.replayed_holdings)

    def _is_live(self, again: Record, holdings: Holdings) -> None:
        assert again.states == self.record.states
        assert (again.open, again.trading_state) == (self.record.open, self.record.trading_state)
        assert (again.doubtful_ids, again.awaiting_ids) == (self.record.doubtful_ids, self.record.awaiting_ids)
        live = self.engine._run.holdings  # pyright: ignore[reportPrivateUsage]
        assert holdings.quantities() == live.quantities()
        for order_id in again.doubtful_ids:
            assert holdings.unexplained(order_id) == live.unexplained(order_id)

    @invariant()
    def positions_agree_with_what_is_known(self) -> None:
        """A5: no position is unexplained but by what nobody tells: a move without a trade, or what is past."""
        if not (self.is_moved or {Trouble.DAYS, Trouble.OPERATOR} & self.troubles):
            assert list(self.journal.rows(kinds={"POSITIONS"})) == []

    @invariant()
    def an_answer_that_is_overdue_is_a_doubt(self) -> None:
        """No order is on its way when nobody sends one."""
        if all(task.done() for task in self.placing):
            statuses = {state.status for state in self.record.states.values()}
            assert OrderStatus.PENDING_SUBMIT not in statuses

    def teardown(self) -> None:
        """Let everything be said and asked, and compare with the broker; say it all again, and nothing changes."""
        if not hasattr(self, "engine"):
            return
        try:
            self.broker.after_reading.clear()  # the last look is one that nothing overtakes
            self._do(self.broker.restore_link)
            self.wait(60)
            self._do(self.broker.drop_link)
            self._do(self.broker.restore_link)
            self.wait(60)
            self.replay_gives_the_same()
            self.agrees_with_the_broker()
            rows = self.journal.last_seq
            said = tuple(
                report
                for execution, report in self.broker.book.executions.items()
                if report.order_ref is not None and execution not in self.broker.past_executions
            )
            self._do(lambda: self.broker.repeat(*said) if said else None)
            assert self.journal.last_seq == rows, "I22: what was heard twice was written twice"
            self.run(self.engine.stop())
        finally:
            self.runner.close()

    def replay_gives_the_same(self) -> None:
        """I25: the whole journal, byte for byte."""
        again = Record(self.journal.engine_id)
        holdings = Holdings()
        again.replay((event_from_json(row.payload) for row in self.journal.rows()), holdings.learn)
        self._is_live(again, holdings)
        assert [state.order.model_dump_json() for state in again.states.values()] == [
            state.order.model_dump_json() for state in self.record.states.values()
        ]

    def agrees_with_the_broker(self) -> None:
        """I20, I40, I41: what the engine knows is what the broker holds, as far as the broker remembers."""
        for key, held in self.broker.book.orders.items():
            assert held.order.order_id in self.record.states, "the broker has what the journal does not know"
            state = self.record.states[held.order.order_id]
            assert state.terms.order_ref == held.ref
            if key in self.broker.forgotten:
                self._agrees_with_the_past(state, held)
            elif held.ref in self.broker.twins:
                self._knows_of_two(state)
            else:
                self._agrees(state, held)
        self._agrees_on_fills()
        self._doubts_nothing_that_can_be_settled()

    def _agrees(self, state: OrderState, held: HeldOrder) -> None:
        status = state.status
        assert status is not OrderStatus.IN_DOUBT or held.filled < held.order.quantity
        if not held.is_open and held.filled == held.order.quantity:
            assert status in {OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.EXPIRED}
        if held.is_open and status is not OrderStatus.FILLED:
            assert status in {OrderStatus.SUBMITTED, OrderStatus.PARTIALLY_FILLED}
        assert state.totals.quantity == held.filled

    def _agrees_with_the_past(self, state: OrderState, held: HeldOrder) -> None:
        """P3: of what the broker no longer tells, nothing is called known that is not."""
        assert state.status.is_terminal or state.status is OrderStatus.IN_DOUBT
        if self.troubles == frozenset({Trouble.DAYS}) and state.totals.quantity < held.filled:
            assert state.is_doubtful

    def _knows_of_two(self, state: OrderState) -> None:
        """F15: the fills of both count, and it has ended when both have."""
        ref = str(state.terms.order_ref)
        both = (self.broker.book.orders[ref], self.broker.twins[ref])
        assert Anomaly.TWO_BROKER_ORDERS in state.anomalies
        assert state.totals.quantity == sum((one.filled for one in both), ZERO)
        if any(one.is_open for one in both) and state.status is not OrderStatus.FILLED:
            assert state.status.is_open, "no cancel would reach what works"

    def _agrees_on_fills(self) -> None:
        book, past = self.broker.book, self.broker.past_executions
        live = {fill.execution_id for state in self.record.states.values() for fill in state.fills}
        ours = {execution for execution, report in book.executions.items() if report.order_ref is not None}
        assert ours - past <= live
        assert {one for one in live - ours - past if not one.startswith(OPERATOR)} == set()
        held = {row.contract.key: row.quantity for row in book.positions()}
        assert self.engine._run.holdings.quantities() == held  # pyright: ignore[reportPrivateUsage]

    def _doubts_nothing_that_can_be_settled(self) -> None:
        """I17: what evidence can settle is settled in the end, and a position that moved as known leaves no doubt."""
        for order_id in self.record.doubtful_ids:
            state = self.record.states[order_id]
            unexplained = self.engine._run.holdings.unexplained(order_id)  # pyright: ignore[reportPrivateUsage]
            if not (self.is_moved or {Trouble.DAYS, Trouble.OPERATOR} & self.troubles):
                assert not unexplained
                if state.status is OrderStatus.IN_DOUBT:
                    assert state.is_shown, "it never arrived, which can be proved"
