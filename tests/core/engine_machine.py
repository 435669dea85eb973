"""A machine that drives an engine and a scripted broker at random; ``machine_laws`` says what must hold meanwhile.

A run draws a few troubles beside what may always happen: more of them at once would leave most laws without ground.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from core.engine_desk import GOOG
from core.machine_broker import ASKING, PLACING
from core.machine_laws import EngineLaws, Trouble
from v6core.errors import DecisionRefused, ModifyRejected, OrderDenied, OutcomeUnknown
from v6core.events import TradingState, Verdict
from v6core.lifecycle import OrderState
from v6core.money import ZERO
from v6core.orders import Order, OrderAction, OrderStatus
from v6core.reports import FillReport, LinkState, ReportedStatus
from v6core.testing.scripted import HeldOrder

PLACE, ASK = st.sampled_from(sorted(PLACING)), st.sampled_from(sorted(ASKING))
WAIT = st.sampled_from([0.1, 12])
SATURDAY = 5


def among(trouble: Trouble) -> Callable[[EngineLaws], bool]:
    """Return the condition that a run knows a trouble."""
    return lambda machine: trouble in machine.troubles


class EngineMachine(EngineLaws):
    """Random orders, answers, silences, cuts and restarts."""

    def _an_order(self, data: st.DataObject) -> UUID | None:
        known = [order_id for order_id in self.placed if order_id in self.record.states]
        return data.draw(st.sampled_from(known)) if known else None

    def _held(self, data: st.DataObject) -> HeldOrder | None:
        held = [one for one in self.broker.book.orders.values() if one.is_open and one.rest]
        return data.draw(st.sampled_from(held)) if held else None

    # What a program does.

    @rule(quantities=st.lists(st.integers(1, 25), min_size=1, max_size=3), script=PLACE, wait=WAIT, sells=st.booleans())
    def place(self, quantities: list[int], script: str, wait: float, sells: bool) -> None:
        """Place orders at the same moment."""
        side = OrderAction.SELL if sells and Trouble.SELLS in self.troubles else OrderAction.BUY

        async def go() -> None:
            for quantity in quantities:
                order = Order.limit(side, quantity, 100, order_id=self.ids.order_id())
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

    @rule(data=st.data(), script=ASK, wait=WAIT)
    def cancel(self, data: st.DataObject, script: str, wait: float) -> None:
        """Cancel an order."""
        order_id = self._an_order(data)
        if order_id is not None:
            self._ask("cancel", order_id, script, self._cancel(order_id), wait)

    async def _cancel(self, order_id: UUID) -> None:
        record = self.record  # of the engine that is asked: it may be stopped before it answers
        try:
            done = await self.engine.cancel_order(order_id)
        except OutcomeUnknown:
            return
        if done and record.states[order_id].status not in {OrderStatus.CANCELLED, OrderStatus.FILLED}:
            self.surprises.append(AssertionError("told as cancelled, and is not"))

    @rule(
        data=st.data(),
        script=ASK,
        quantity=st.integers(1, 25),
        price=st.integers(90, 110),
        wait=WAIT,
    )
    def modify(self, data: st.DataObject, script: str, quantity: int, price: int, wait: float) -> None:
        """Modify an order."""
        order_id = self._an_order(data)
        if order_id is not None:
            self._ask("modify", order_id, script, self._modify(order_id, quantity, price), wait)

    async def _modify(self, order_id: UUID, quantity: int, price: int) -> None:
        record = self.record
        before = record.states[order_id].terms
        try:
            await self.engine.modify_order(order_id, quantity=quantity, limit_price=price)
        except (OutcomeUnknown, OrderDenied):
            return
        except ModifyRejected:
            after = record.states[order_id]
            if after.terms != before and not after.status.is_terminal and after.pending_modify is None:
                self.surprises.append(AssertionError("I16: a refused modify changed the order"))

    def _ask(self, call: str, order_id: UUID, script: str, work: Coroutine[Any, Any, None], wait: float) -> None:
        async def go() -> None:
            steps, arrives = ASKING[script]
            self.broker.on(call, *steps, order=self.record.states[order_id].terms, arrives=arrives)
            self.asking.append(asyncio.create_task(work))
            await asyncio.sleep(wait)

        self.run(go())

    @rule(how=st.sampled_from(["killed", "killed", "stopped", "reconnected"]))
    def begin_again(self, how: str) -> None:
        """Start another engine on the same journal, after one that was killed or stopped, or another connection."""
        self.broker.link, self.broker.is_connected = LinkState.UP, how == "reconnected"
        if how == "reconnected":
            self.run(self.engine.reconnect())
            return
        self.run(self._killed() if how == "killed" else self.engine.stop())
        self.engine = self.run(self._started())

    async def _killed(self) -> None:
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @rule(state=st.sampled_from([TradingState.ACTIVE, TradingState.ACTIVE, TradingState.REDUCING, TradingState.HALTED]))
    def let_out(self, state: TradingState) -> None:
        """Let everything out, or nothing that opens."""
        if state is TradingState.ACTIVE:
            self.broker.is_halted = False
            self.run(self.engine.resume("the machine says so"))
        else:
            self.run(self.engine.halt("the machine says so", reducing=state is TradingState.REDUCING))
            self.broker.is_halted = True

    @rule(seconds=st.sampled_from([1, 10, 45, 120]))
    def let_time_pass(self, seconds: float) -> None:
        """Wait for what settles by itself."""
        self.wait(seconds)

    @precondition(among(Trouble.OPERATOR))
    @rule(data=st.data(), verdict=st.sampled_from(list(Verdict)))
    def decide(self, data: st.DataObject, verdict: Verdict) -> None:
        """Decide about an order in doubt, rightly or wrongly; what is told to have filled has filled."""
        doubtful = list(self.record.doubtful_ids)
        if not doubtful:
            return
        state = self.record.states[data.draw(st.sampled_from(doubtful))]
        told = self._unheard_of(state) if verdict is Verdict.FILLED else {}
        self.is_beyond_limit = True
        try:
            self.run(self.engine.resolve(state.terms.order_id, verdict, "looked it up", **told))
        except DecisionRefused:
            assert self.record.states[state.terms.order_id] == state

    def _unheard_of(self, state: OrderState) -> dict[str, Any]:
        held = self.broker.book.orders.get(str(state.terms.order_ref))
        filled = ZERO if held is None else held.filled - state.totals.quantity
        return {"quantity": filled, "price": 100} if filled > 0 else {}

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

    @rule(data=st.data(), take_back=st.booleans(), unheard=st.booleans())
    def correct(self, data: st.DataObject, take_back: bool, unheard: bool) -> None:
        """Correct the price of a fill, or take it back."""
        ours = self._executions()
        if not ours:
            return
        execution = data.draw(st.sampled_from(ours))
        self.is_beyond_limit |= take_back and Trouble.SELLS in self.troubles
        change = {} if take_back else {"price": Decimal(101)}
        self._do(
            lambda: self.broker.correct(execution, **change) if change else self.broker.bust(execution), unheard=unheard
        )

    def _executions(self) -> list[str]:
        """Return the executions of ours that can still be corrected."""
        book = self.broker.book
        return [
            execution
            for execution, report in book.executions.items()
            if report.order_ref in book.orders
            and report.broker_order_id == book.orders[report.order_ref].broker_order_id
            and execution not in self.broker.past_executions
        ]

    @rule(
        number=st.integers(0, 9),
        what=st.sampled_from(["fills", "is corrected", "is taken back", "is corrected and taken back"]),
    )
    def happen_while_being_told(self, number: int, what: str) -> None:
        """Let something happen to one of our fills, or fill, when a snapshot has been read and not yet told."""
        self.is_beyond_limit |= what.endswith("taken back") and Trouble.SELLS in self.troubles
        self.broker.after_reading.append(lambda: self._happen(number, what))

    def _happen(self, number: int, what: str) -> None:
        broker, ours = self.broker, self._executions()
        working = [held for held in broker.book.orders.values() if held.is_open and held.rest]
        if what == "fills" and working:
            broker.fill(working[number % len(working)].ref, 1)
        elif what != "fills" and ours:
            execution = ours[number % len(ours)]
            if "corrected" in what:
                broker.correct(execution, price=Decimal(101))
                execution = next(reversed(broker.book.executions))
            if "taken back" in what:
                broker.bust(execution)

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

    @rule(
        state=st.sampled_from([LinkState.DOWN, LinkState.DEGRADED]), wait=st.sampled_from([0.1, 20]), back=st.booleans()
    )
    def lose_the_link(self, state: LinkState, wait: float, back: bool) -> None:
        """Lose the link, or what is behind it, for a while or until it comes back."""
        self._do(lambda: self.broker.drop_link(state=state))
        self.wait(wait)
        if back:
            self._do(self.broker.restore_link)

    @rule()
    def mend_the_link(self) -> None:
        """Have the link back."""
        self._do(self.broker.restore_link)

    @precondition(among(Trouble.LATE))
    @rule(data=st.data())
    def arrive_late(self, data: st.DataObject) -> None:
        """Let an order arrive that was under way all the time."""
        if self.broker.under_way:
            ref = data.draw(st.sampled_from(self.broker.under_way))
            self.is_beyond_limit |= ref in self.witness.called_absent
            self._do(lambda: self.broker.arrive(ref))

    @precondition(among(Trouble.TWINS))
    @rule(data=st.data(), unheard=st.booleans())
    def split(self, data: st.DataObject, unheard: bool) -> None:
        """Let an order become two under its reference."""
        held = self._held(data)
        if held is not None and held.ref not in self.broker.twins:
            self.is_beyond_limit = True
            self._do(lambda: self.broker.split(held.ref), unheard=unheard)

    @precondition(among(Trouble.OTHERS))
    @rule(action=st.sampled_from(OrderAction), quantity=st.integers(1, 9), trade=st.booleans(), unheard=st.booleans())
    def move_the_position(self, action: OrderAction, quantity: int, trade: bool, unheard: bool) -> None:
        """Let somebody else trade in the account, or the position change without any trade."""
        self.is_beyond_limit = True
        if trade:
            self._do(lambda: self.broker.trade_for_others(action, quantity), unheard=unheard)
            return
        self.is_moved |= unheard or self.broker.link is not LinkState.UP
        self._do(lambda: self.broker.adjust(GOOG, action.sign * quantity), unheard=unheard)

    @precondition(among(Trouble.DAYS))
    @rule(unheard=st.booleans())
    def begin_a_day(self, unheard: bool) -> None:
        """End the orders of the day, and go on next morning: the broker remembers nothing, and its link breaks."""

        def end_the_day() -> None:
            for key, held in self.broker.book.orders.items():
                if held.is_open:
                    self.broker.end(key, ReportedStatus.EXPIRED)

        def next_morning() -> None:
            days = 1 if (self.clock.now() + timedelta(days=1)).weekday() < SATURDAY else 3
            self.clock.advance(days * 86_400)
            self.broker.forget_the_past()
            self.broker.drop_link()

        self._do(end_the_day, unheard=unheard)
        self._do(next_morning)
        self._do(self.broker.restore_link)
