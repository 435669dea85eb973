"""What the engine knows: the fold of the journal, live and after a restart alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import singledispatchmethod
from uuid import UUID

from v6core.engine.garbage import without_collections
from v6core.events import (
    BaseOrderEvent,
    CancelRequested,
    EngineEvent,
    EngineStarted,
    Event,
    ForeignReported,
    ModifyRequested,
    OrderEvent,
    OrderIntended,
    OrderResent,
    Purpose,
    ReportReceived,
    SagaEnded,
    SagaPlanned,
    StrategyRecorded,
    Subject,
    TradingState,
    TradingStateChanged,
)
from v6core.fills import Fill
from v6core.identifiers import parse_order_ref
from v6core.lifecycle import OrderState, apply
from v6core.orders import Order
from v6core.positions import Position, fold_positions
from v6core.reports import AdjustmentReport, CommissionReport, FillCorrectionReport, FillReport, Report
from v6core.sagas import KeptBracket, Saga
from v6core.strategies import Strategy


@dataclass(frozen=True, slots=True)
class Change:
    """An event with the state that it leads to; None where it concerns no order."""

    event: OrderEvent | EngineEvent
    state: OrderState | None = None

    @property
    def order(self) -> Order | None:
        """The order as it is after the event."""
        return None if self.state is None else self.state.order


@dataclass(slots=True)
class Told:
    """What events of no order tell before they are durable: the names that are taken, and the last trading state."""

    names: set[str] = field(default_factory=set[str])
    trading: tuple[TradingState, str] | None = None

    def add(self, event: EngineEvent) -> None:
        """Take an event in."""
        if isinstance(event, TradingStateChanged):
            self.trading = event.state, event.reason
        elif (name := _name_of(event)) is not None:
            self.names.add(name)


_NOTHING_TOLD = Told()


@dataclass(slots=True)
class Record:
    """The orders, strategies and trading state that the journal's events add up to.

    ``connection`` numbers the connections to the broker, from 1 at each start; what a replay brings was sent through
    number 0. ``open`` are the orders that work, are on their way, or are in doubt; ``awaiting_ids`` are those of which
    the broker says that more filled than the fills that came. ``sagas`` are those that have not ended,
    ``past_brackets`` the kept brackets that have, by their entry; ``cancels`` say of orders that were asked to be
    cancelled what for.

    A journal may have served several brokers, one at a time. With ``broker`` named, the record is of that one's orders
    alone, and ``elsewhere`` are the ids of the others'; trading states hold for all.
    """

    engine_id: str
    broker: str | None = None
    elsewhere: set[UUID] = field(default_factory=set[UUID])
    states: dict[UUID, OrderState] = field(default_factory=dict[UUID, OrderState])
    open: dict[UUID, OrderState] = field(default_factory=dict[UUID, OrderState])
    doubtful_ids: dict[UUID, None] = field(default_factory=dict[UUID, None])
    doubled_ids: dict[UUID, None] = field(default_factory=dict[UUID, None])
    purposes: dict[UUID, Purpose] = field(default_factory=dict[UUID, Purpose])
    strategies: dict[str, Strategy] = field(default_factory=dict[str, Strategy])
    trading_state: TradingState = TradingState.ACTIVE
    trading_reason: str = ""
    adjustments: dict[str, AdjustmentReport] = field(default_factory=dict[str, AdjustmentReport])
    connection: int = 0
    awaiting_ids: dict[UUID, None] = field(default_factory=dict[UUID, None])
    last_start: EngineStarted | None = None
    sagas: dict[UUID, Saga] = field(default_factory=dict[UUID, Saga])
    past_brackets: dict[UUID, KeptBracket] = field(default_factory=dict[UUID, KeptBracket])
    cancels: dict[UUID, Purpose | None] = field(default_factory=dict[UUID, Purpose | None])
    _sent_through: dict[UUID, int] = field(default_factory=dict[UUID, int])
    _changed_through: dict[UUID, int] = field(default_factory=dict[UUID, int])
    _foreign_executions: set[str] = field(default_factory=set[str])
    _ahead: set[UUID] = field(default_factory=set[UUID])
    _accepted: set[UUID] = field(default_factory=set[UUID])
    _by_broker_id: dict[str, UUID] = field(default_factory=dict[str, UUID])
    _by_execution: dict[str, UUID] = field(default_factory=dict[str, UUID])
    _views: dict[int, tuple[OrderState, Order]] = field(default_factory=dict[int, tuple[OrderState, Order]])
    _by_strategy: dict[str, dict[UUID, None]] = field(default_factory=dict[str, dict[UUID, None]])

    def work_out(
        self, events: Iterable[Event], ahead: Mapping[UUID, OrderState], told: Told = _NOTHING_TOLD
    ) -> list[Change]:
        """Return what events would change without changing anything.

        ``ahead`` are states, and ``told`` is what events of no order tell, that are not durable yet. A report that
        teaches nothing is left out: hearing a thing twice is hearing it once.
        """
        states: dict[UUID, OrderState] = {}
        own: Told | None = None
        changes: list[Change] = []
        for event in events:
            if isinstance(event, BaseOrderEvent):
                order_id = event.order_id
                before = states.get(order_id) if states else None
                before = before or ahead.get(order_id) or self.states.get(order_id)
                state = apply(before, event)
                if isinstance(event, ReportReceived) and state == before:
                    continue
                states[order_id] = state
                changes.append(Change(event, state))
            else:
                own = own or Told()
                if not self._is_known(event, (own, told)):
                    own.add(event)
                    changes.append(Change(event))
        return changes

    def absorb(self, change: Change) -> None:
        """Make a change that is durable part of what is known."""
        if not isinstance(change.event, BaseOrderEvent):
            self._note(change.event)
        elif change.state is not None:
            self._keep(change.event, change.state)

    def replay(self, events: Iterable[Event], follow: Callable[[Change], None] = lambda _: None) -> None:
        """Absorb the events of a journal, leaving out what happened at other brokers; ``follow`` hears the rest."""
        with without_collections():
            self._absorb_all(events, follow)

    def _absorb_all(self, events: Iterable[Event], follow: Callable[[Change], None]) -> None:
        serving: str | None = None
        for event in events:
            if isinstance(event, EngineStarted):
                serving = event.broker
            if (
                serving is not None
                and self.broker not in {None, serving}
                and not isinstance(event, TradingStateChanged)
            ):
                self._note_elsewhere(event)
                continue
            if isinstance(event, BaseOrderEvent):
                state = apply(self.states.get(event.order_id), event)
                self._keep(event, state)
                follow(Change(event, state))
            else:
                self._note(event)
                follow(Change(event))

    def _note_elsewhere(self, event: Event) -> None:
        if isinstance(event, BaseOrderEvent):
            self.elsewhere.add(event.order_id)
        elif isinstance(event, ForeignReported):
            self._see(event.report)

    def _see(self, report: Report) -> None:
        """Remember an order of ours that the journal does not know, until somebody resumes."""
        if self.is_ahead_of_journal(report):
            self._ahead.update(self._referred_to(report))

    def _keep(self, event: OrderEvent, state: OrderState) -> None:
        order_id = state.terms.order_id  # the very object that the dictionaries hold: they find it without comparing
        before = self.states.get(order_id)
        self.states[order_id] = state
        if before is None:
            self._file(event, state)
        else:
            self._views.pop(id(before), None)
        if state.status.is_open:
            self.open[order_id] = state
        elif before is not None and before.status.is_open:
            del self.open[order_id]
        _mark(self.doubtful_ids, order_id, state.is_doubtful)
        _mark(self.doubled_ids, order_id, bool(state.incarnations))
        _mark(self.awaiting_ids, order_id, state.awaits_fills)
        if isinstance(event, OrderIntended | OrderResent):
            self._sent_through[order_id] = self.connection
        elif isinstance(event, ModifyRequested):
            self._changed_through[order_id] = self.connection
        elif isinstance(event, CancelRequested):
            self.cancels[order_id] = event.purpose
        elif state.is_settled:
            self._sent_through.pop(order_id, None)
            self._changed_through.pop(order_id, None)
        if before is None or before.broker_order_ids is not state.broker_order_ids:
            self._by_broker_id.update(dict.fromkeys(state.broker_order_ids, order_id))
        if before is None or before.ledger.live is not state.ledger.live:
            self._by_execution.update(dict.fromkeys(state.ledger.live, order_id))

    def _file(self, event: OrderEvent, state: OrderState) -> None:
        """Put an order where its strategy's are, and remember what it was sent for."""
        order_id = state.terms.order_id
        if state.terms.strategy_id is not None:
            self._by_strategy.setdefault(state.terms.strategy_id, {})[order_id] = None
        if isinstance(event, OrderIntended) and event.purpose is not None:
            self.purposes[order_id] = event.purpose

    def sent_through(self, order_id: UUID, subject: Subject = Subject.ORDER) -> int:
        """Return the number of the connection that an order, or the last change of it, was sent through."""
        return (self._changed_through if subject is Subject.MODIFY else self._sent_through).get(order_id, 0)

    @singledispatchmethod
    def _note(self, event: EngineEvent) -> None:
        """Take note of an event that concerns no order; most are history and change nothing."""

    @_note.register
    def _(self, event: TradingStateChanged) -> None:
        self.trading_state = event.state
        self.trading_reason = event.reason
        if event.state is TradingState.ACTIVE:
            # Whoever resumes knows why it was halted, and leaves what the journal does not know to others.
            self._accepted |= self._ahead
            self._ahead.clear()

    @_note.register
    def _(self, event: EngineStarted) -> None:
        self.last_start = event

    @_note.register
    def _(self, event: StrategyRecorded) -> None:
        self.strategies[event.strategy.strategy_id] = event.strategy

    @_note.register
    def _(self, event: SagaPlanned) -> None:
        self.sagas[event.plan.saga_id] = event.plan

    @_note.register
    def _(self, event: SagaEnded) -> None:
        plan = self.sagas.pop(event.saga_id, None)
        if isinstance(plan, KeptBracket):
            self.past_brackets[event.saga_id] = plan

    @_note.register
    def _(self, event: ForeignReported) -> None:
        if isinstance(event.report, AdjustmentReport):
            self.adjustments[event.report.adjustment_id] = event.report
        elif isinstance(event.report, FillReport):
            self._foreign_executions.add(event.report.fill.execution_id)
        self._see(event.report)

    def _is_known(self, event: EngineEvent, told: Sequence[Told]) -> bool:
        """Tell whether an event says nothing that is not known, or ``told`` already, the latest first."""
        if isinstance(event, TradingStateChanged):
            known = next((one.trading for one in told if one.trading is not None), None)
            return (event.state, event.reason) == (known or (self.trading_state, self.trading_reason))
        name = _name_of(event)
        if name is None:
            return False
        return name in self._foreign_executions or name in self.adjustments or any(name in one.names for one in told)

    def know_names(self, report: Report, order_id: UUID) -> None:
        """Remember what a report calls an order of ours and its execution.

        The next report may come by these names alone, before this one is durable.
        """
        if isinstance(report, CommissionReport):
            return  # it names what is known already
        self.know_as(getattr(report, "broker_order_id", None), order_id)
        if isinstance(report, FillReport | FillCorrectionReport) and report.fill is not None:
            self._by_execution.setdefault(report.fill.execution_id, order_id)

    def know_as(self, broker_order_id: str | None, order_id: UUID) -> None:
        """Remember what the broker calls an order."""
        if broker_order_id is not None:
            # The last to be called so: a broker that starts its numbers anew means the later of two orders.
            self._by_broker_id[broker_order_id] = order_id

    def named_by(self, report: Report) -> UUID | None:
        """Return the order of ours that a report names, remembering nothing."""
        if isinstance(report, CommissionReport):
            return self._by_execution.get(report.commission.execution_id)
        reference: str | None = getattr(report, "order_ref", None)
        broker_id: str | None = getattr(report, "broker_order_id", None)
        if reference is not None:
            parsed = parse_order_ref(reference)
            if parsed is None or parsed[0] != self.engine_id:
                return None
            known = self.states.get(parsed[1])
            return None if known is None else known.terms.order_id  # which the dictionaries find without comparing
        return None if broker_id is None else self._by_broker_id.get(broker_id)

    def is_ahead_of_journal(self, report: Report) -> bool:
        """Tell whether a report carries our engine's reference of an order that the journal does not know.

        An order that was unknown when somebody resumed trading is accepted as it is: it halts no more.
        """
        return any(
            order_id not in self.states and order_id not in self.elsewhere and order_id not in self._accepted
            for order_id in self._referred_to(report)
        )

    def is_left_to_others(self, report: Report) -> bool:
        """Tell whether a report is about an order of ours that another broker's engine, or nobody, looks after."""
        referred = self._referred_to(report)
        return any(i not in self.states and (i in self.elsewhere or i in self._accepted) for i in referred)

    def _referred_to(self, report: Report) -> tuple[UUID, ...]:
        """Return the order id in a report's reference, where this engine made that."""
        reference: str | None = getattr(report, "order_ref", None)
        parsed = parse_order_ref(reference) if reference is not None else None
        return (parsed[1],) if parsed is not None and parsed[0] == self.engine_id else ()

    def open_orders(self) -> tuple[Order, ...]:
        """Return the orders that work, are on their way, or are in doubt, as users see them."""
        return tuple(map(self.view, self.open.values()))

    def order(self, order_id: UUID) -> Order:
        """Return an order as users see it; while it is open the view is kept, since every check looks at it."""
        return self.view(self.states[order_id])

    def view(self, state: OrderState) -> Order:
        """Return the order that is in this state now, as users see it; see ``order``."""
        _, view = self._views.get(id(state), (None, None))
        if view is None:
            view = state.order
            if self.open.get(state.terms.order_id) is state:
                self._views[id(state)] = (state, view)  # which keeps the state, and so its identity, while it is here
        return view

    def of_strategy(self, strategy_id: str) -> tuple[OrderState, ...]:
        """Return the orders of a strategy, oldest first."""
        return tuple(self.states[order_id] for order_id in self._by_strategy.get(strategy_id, ()))

    def fills(self) -> Iterator[Fill]:
        """Yield the fills that count, of all orders."""
        for state in self.states.values():
            yield from state.fills

    def positions(self, strategy_id: str | None = None) -> tuple[Position, ...]:
        """Return what fills and adjustments leave, of all strategies or of one, flat ones left out."""
        rows = fold_positions(self.fills(), self.adjustments.values()).values()
        return tuple(row for row in rows if row.quantity and strategy_id in {None, row.strategy_id})

    def was_opened(self, strategy_id: str) -> bool:
        """Tell whether v6 opened a strategy, or set out to: what it holds is then what the journal says, if nothing."""
        ending = {Purpose.CLOSE, Purpose.ROLL}
        return any(
            purpose is Purpose.OPEN or (state.ledger.live and purpose not in ending)
            for state in self.of_strategy(strategy_id)
            for purpose in (self.purposes.get(state.terms.order_id),)
        )


def _name_of(event: EngineEvent) -> str | None:
    """Return the id by which a report of no order of ours is known when it is said again; None where it has none."""
    report = event.report if isinstance(event, ForeignReported) else None
    if isinstance(report, FillReport):
        return report.fill.execution_id
    return report.adjustment_id if isinstance(report, AdjustmentReport) else None


def _mark(ids: dict[UUID, None], order_id: UUID, marked: bool) -> None:
    if marked:
        ids[order_id] = None
    elif ids:
        ids.pop(order_id, None)
