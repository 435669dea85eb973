"""Opening, closing and rolling a strategy: what is held decides, a plan is made of it, and its orders are seen through.

One operation runs on a strategy at a time: a second close or roll while one works, or is in doubt, is that one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from v6core.broker import Broker
from v6core.contracts import Contract, Stock
from v6core.engine.dispatch import Dispatch
from v6core.engine.market import Market
from v6core.engine.record import Record
from v6core.engine.scribe import Scribe
from v6core.errors import OrderDenied, OutcomeUnknown
from v6core.events import EngineEvent, Purpose, StrategyRecorded
from v6core.fills import ActionTaken, ExecutionResult
from v6core.identifiers import IdSource
from v6core.money import ZERO
from v6core.orders import Order, OrderStatus
from v6core.planning import (
    ClosePlan,
    CloseStep,
    Placement,
    PlanningCode,
    PlanningError,
    RollPlan,
    RollStep,
    combo_order,
    far_side,
    netted,
    next_steps,
    plan_close,
    plan_roll,
    strategy_after,
)
from v6core.planning.prices import Pricing
from v6core.planning.targets import Only, StrikeOffset
from v6core.positions import Position, held_by
from v6core.reports import BrokerPosition
from v6core.sessions import trading_day
from v6core.strategies import LegSpec, Strategy
from v6core.strategies.claims import SignedLeg

Held = tuple[tuple[Contract, Decimal], ...]
_DONE = {Purpose.OPEN: ActionTaken.OPENED, Purpose.CLOSE: ActionTaken.CLOSED, Purpose.ROLL: ActionTaken.ROLLED}


@dataclass(frozen=True, slots=True, kw_only=True)
class RollTerms:
    """Where a roll goes to."""

    new_dte: int | None
    strike_offset: StrikeOffset = 0
    target_legs: tuple[LegSpec, ...] | None = None
    only: Only | None = None
    sequential: bool = False


@dataclass(slots=True)
class Deadline:
    """How long a caller waits, in the seconds of the event loop; None: until the orders have ended."""

    seconds: float | None
    _ends: float | None = field(init=False)

    def __post_init__(self) -> None:
        now = asyncio.get_running_loop().time()
        self._ends = None if self.seconds is None else now + self.seconds

    @property
    def left(self) -> float | None:
        """The seconds that are left, zero where they are over."""
        return None if self._ends is None else max(self._ends - asyncio.get_running_loop().time(), 0.0)


class Operations:
    """What the engine does with strategies."""

    def __init__(
        self,
        *,
        broker: Broker,
        record: Record,
        scribe: Scribe,
        dispatch: Dispatch,
        market: Market,
        ids: IdSource,
    ) -> None:
        self._broker = broker
        self._record = record
        self._scribe = scribe
        self._dispatch = dispatch
        self._market = market
        self._placement = Placement(ids=ids)
        self._running: dict[str, asyncio.Task[ExecutionResult]] = {}
        self._opening: set[str] = set()

    async def stop(self) -> None:
        """End what still waits for its orders; the orders themselves work on."""
        running = tuple(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def open(
        self, strategy: Strategy, limit_price: Decimal | None, timeout: float | None, *, at_market: bool
    ) -> ExecutionResult:
        """Open a strategy as one order."""
        deadline = Deadline(timeout)
        self._refuse_second_opening(strategy)
        self._opening.add(strategy.strategy_id)
        try:
            order = await self._opening_order(strategy, limit_price, at_market=at_market)
            opened = StrategyRecorded(time=self._broker.now(), strategy=strategy)
            placed = await self._place(order, Purpose.OPEN, opened)
        finally:
            self._opening.discard(strategy.strategy_id)
        await self._ended((placed.order_id,), deadline)
        held = self._held_of_record(strategy)
        return self._result(Purpose.OPEN, (placed.order_id,), strategy_after(strategy, held))

    async def _opening_order(self, strategy: Strategy, limit_price: Decimal | None, *, at_market: bool) -> Order:
        Pricing.of({}, limit_price, at_market=at_market)
        if limit_price is None and not at_market:
            limit_price = await self._far_side(strategy)
        return combo_order(strategy.signed_legs, limit_price, **self._placement.terms(strategy.strategy_id))

    def _refuse_second_opening(self, strategy: Strategy) -> None:
        known = self._record.of_strategy(strategy.strategy_id)
        is_open = any(state.status.is_open for state in known) or strategy.strategy_id in self._opening
        if is_open or self._held_of_record(strategy):
            raise OrderDenied(
                f"ALREADY_OPEN: {strategy.strategy_id} is held or being opened; a second one needs its own strategy_id",
                code="ALREADY_OPEN",
            )

    async def _far_side(self, strategy: Strategy) -> Decimal:
        quotes = await self._market.known_quotes(contract for contract, _ in strategy.signed_legs)
        price = far_side(strategy.signed_legs, quotes)
        if price is None:
            missing = [contract.key for contract, _ in strategy.signed_legs if contract.key not in quotes]
            raise PlanningError(
                PlanningCode.NO_QUOTE,
                f"there is no quote to price {strategy.strategy_id} by ({', '.join(missing) or 'a side is missing'})",
                hint="give a limit_price, or at_market=True",
            )
        return price

    async def close(
        self, strategy: Strategy, limit_price: Decimal | None, timeout: float | None, *, at_market: bool
    ) -> ExecutionResult:
        """Close what is held of a strategy."""
        deadline = Deadline(timeout)
        return await self._one_at_a_time(
            strategy, deadline, lambda: self._close(strategy, limit_price, deadline, at_market=at_market)
        )

    async def roll(
        self,
        strategy: Strategy,
        terms: RollTerms,
        limit_price: Decimal | None,
        timeout: float | None,
        *,
        at_market: bool,
    ) -> ExecutionResult:
        """Roll what is held of a strategy."""
        deadline = Deadline(timeout)
        return await self._one_at_a_time(
            strategy, deadline, lambda: self._roll(strategy, terms, limit_price, deadline, at_market=at_market)
        )

    async def _one_at_a_time(
        self, strategy: Strategy, deadline: Deadline, work: Callable[[], Awaitable[ExecutionResult]]
    ) -> ExecutionResult:
        name = strategy.strategy_id
        running = self._running.get(name)
        if running is None:
            running = asyncio.ensure_future(self._join_or_start(strategy, deadline, work))
            self._running[name] = running
            running.add_done_callback(lambda _: self._running.pop(name, None))
            return await asyncio.shield(running)
        await asyncio.wait({running}, timeout=deadline.left)
        if running.done():
            return await running
        return self._joined(strategy, self._under_way(strategy))

    def _under_way(self, strategy: Strategy) -> tuple[UUID, ...]:
        """Return the orders of a close or roll that work or are in doubt."""
        return tuple(
            state.terms.order_id
            for state in self._record.of_strategy(strategy.strategy_id)
            if state.status.is_open and self._record.purposes.get(state.terms.order_id) in {Purpose.CLOSE, Purpose.ROLL}
        )

    async def _join_or_start(
        self, strategy: Strategy, deadline: Deadline, work: Callable[[], Awaitable[ExecutionResult]]
    ) -> ExecutionResult:
        under_way = self._under_way(strategy)
        if not under_way:
            return await work()
        await self._ended(under_way, deadline)
        return self._joined(strategy, under_way)

    def _joined(self, strategy: Strategy, order_ids: tuple[UUID, ...]) -> ExecutionResult:
        if not order_ids:
            return ExecutionResult.of(ActionTaken.WORKING, strategy=strategy)
        opened = self._record.was_opened(strategy.strategy_id)
        held = self._held_of_record(strategy) if opened else self._left_of(strategy.signed_legs, order_ids)
        return self._result(self._record.purposes[order_ids[0]], order_ids, strategy_after(strategy, held))

    async def _close(
        self, strategy: Strategy, limit_price: Decimal | None, deadline: Deadline, *, at_market: bool
    ) -> ExecutionResult:
        # What cannot be closed keeps its exits, so there is a plan before they are cancelled.
        if held := await self._held(strategy):
            await self._plan_close(strategy, held, limit_price, at_market=at_market)
        blocked = await self._cancel_own_orders(strategy)
        if blocked is not None:
            return blocked
        # What the exits filled before they were gone is no longer there to be closed.
        held = await self._held(strategy)
        if not held:
            return ExecutionResult.of(ActionTaken.FAILED, error_message=f"nothing is held of {strategy.strategy_id}")
        plan = await self._plan_close(strategy, held, limit_price, at_market=at_market)
        if plan.whole is None:
            return await self._leg_by_leg(strategy, plan, held, deadline)
        placed = await self._place(plan.whole, Purpose.CLOSE)
        await self._ended((placed.order_id,), deadline)
        return self._closed(strategy, (placed.order_id,), held)

    async def _plan_close(
        self, strategy: Strategy, held: Held, limit_price: Decimal | None, *, at_market: bool
    ) -> ClosePlan:
        quotes = await self._market.known_quotes(contract for contract, _ in held)
        return plan_close(
            strategy,
            held,
            self._broker.capabilities,
            quotes=quotes,
            limit_price=limit_price,
            at_market=at_market,
            placement=self._placement,
        )

    def _closed(
        self, strategy: Strategy, order_ids: tuple[UUID, ...], held: Held, problems: Iterable[str] = ()
    ) -> ExecutionResult:
        left = self._left_of(held, order_ids)
        kept = [f"{quantity:+f} {contract.key} is still held" for contract, quantity in left]
        whole = all(self._dispatch.state(order_id).status is OrderStatus.FILLED for order_id in order_ids)
        told = (*problems, *kept) if whole or problems else ()
        return self._result(Purpose.CLOSE, order_ids, strategy_after(strategy, left), told)

    async def _leg_by_leg(self, strategy: Strategy, plan: ClosePlan, held: Held, deadline: Deadline) -> ExecutionResult:
        """Send the steps as they become safe, until all that can be done is done, in doubt, or out of time."""
        sent: dict[UUID, Decimal] = {}
        placed: list[UUID] = []
        problems: list[str] = []
        while True:
            sent.update({order_id: self._may_still_fill(order_id) for order_id in placed})
            steps = next_steps(plan, self._left_of(held, tuple(placed)), sent)
            for step, outcome in zip(steps, await asyncio.gather(*map(self._try_step, steps)), strict=True):
                sent[step.order.order_id] = ZERO
                if isinstance(outcome, Order):
                    placed.append(outcome.order_id)
                else:
                    problems.append(f"{step.key}: {outcome}")
            if steps:
                continue
            if not await self._something_ends(tuple(placed), deadline):
                return self._closed(strategy, tuple(placed), held, problems)

    async def _try_step(self, step: CloseStep) -> Order | OrderDenied:
        try:
            return await self._place(step.order, Purpose.CLOSE)
        except OrderDenied as denied:
            return denied

    def _may_still_fill(self, order_id: UUID) -> Decimal:
        return self._dispatch.state(order_id).order.remaining_quantity

    async def _something_ends(self, order_ids: tuple[UUID, ...], deadline: Deadline) -> bool:
        """Wait until a working order has ended or filled further; False where none works or the time is over."""
        working = tuple(i for i in order_ids if not self._has_ended(i))
        if not working:
            return False
        before = {i: self._may_still_fill(i) for i in working}
        return await self._scribe.until(
            lambda: any(self._has_ended(i) or self._may_still_fill(i) != before[i] for i in working),
            *working,
            timeout=deadline.left,
        )

    async def _roll(
        self,
        strategy: Strategy,
        terms: RollTerms,
        limit_price: Decimal | None,
        deadline: Deadline,
        *,
        at_market: bool,
    ) -> ExecutionResult:
        await self._plan_roll(strategy, await self._held(strategy), terms, limit_price, at_market=at_market)
        blocked = await self._cancel_own_orders(strategy)
        if blocked is not None:
            return blocked
        # What the exits filled before they were gone is no longer there to be rolled.
        held = await self._held(strategy)
        plan = await self._plan_roll(strategy, held, terms, limit_price, at_market=at_market)
        done: list[UUID] = []
        problems: list[str] = []
        for step in plan.steps:
            try:
                stale = bool(done) and limit_price is None and not at_market
                order = await self._priced_anew(step) if stale else step.order
                placed = await self._place(order, Purpose.ROLL)
            except OrderDenied as denied:
                if not done:
                    raise
                problems.append(str(denied))
                break
            done.append(placed.order_id)
            await self._ended((placed.order_id,), deadline)
            if self._dispatch.state(placed.order_id).status is not OrderStatus.FILLED:
                break
        return await self._rolled(strategy, plan, held, tuple(done), problems)

    async def _priced_anew(self, step: RollStep) -> Order:
        """Return a later step's order at the far side of the quotes as they are by then."""
        quotes = await self._market.known_quotes(contract for contract, _ in step.changes)
        price = far_side(step.changes, quotes)
        if price is None:
            raise PlanningError(PlanningCode.NO_QUOTE, f"there is no quote to price {step.order.contract} by")
        return step.order.replace(limit_price=step.order.action.sign * price)

    async def _plan_roll(
        self, strategy: Strategy, held: Held, terms: RollTerms, limit_price: Decimal | None, *, at_market: bool
    ) -> RollPlan:
        if not held:
            raise PlanningError(PlanningCode.NOTHING_HELD, f"nothing is held of {strategy.strategy_id}")
        underlying = Stock(strategy.symbol, currency=strategy.currency)
        chain = await self._market.chain(underlying)
        details: dict[str, Any] = {
            "new_dte": terms.new_dte,
            "strike_offset": terms.strike_offset,
            "target_legs": terms.target_legs,
            "only": terms.only,
            "sequential": terms.sequential,
            "placement": self._placement,
        }
        today = trading_day(self._broker.now())
        shape = plan_roll(strategy, held, chain, today, self._broker.capabilities, quotes={}, at_market=True, **details)
        quotes = await self._market.known_quotes(contract for contract, _ in shape.changes)
        return plan_roll(
            strategy,
            held,
            chain,
            today,
            self._broker.capabilities,
            quotes=quotes,
            limit_price=limit_price,
            at_market=at_market,
            **details,
        )

    async def _rolled(
        self, strategy: Strategy, plan: RollPlan, held: Held, order_ids: tuple[UUID, ...], problems: Iterable[str]
    ) -> ExecutionResult:
        states = [self._dispatch.state(order_id) for order_id in order_ids]
        if len(states) == len(plan.steps) and all(state.status is OrderStatus.FILLED for state in states):
            await self._scribe.write(StrategyRecorded(time=self._broker.now(), strategy=plan.target))
            return self._result(Purpose.ROLL, order_ids, plan.target)
        if not any(state.ledger.live for state in states):
            return self._result(Purpose.ROLL, order_ids, strategy)
        after = strategy_after(strategy, self._left_of(held, order_ids))
        if after is not None:
            await self._scribe.write(StrategyRecorded(time=self._broker.now(), strategy=after))
        sent = f"{len(states)} of {len(plan.steps)} orders were sent"
        unsent = (sent,) if len(states) < len(plan.steps) else ()
        return self._result(Purpose.ROLL, order_ids, after, (*problems, *unsent))

    async def _cancel_own_orders(self, strategy: Strategy) -> ExecutionResult | None:
        """Cancel the strategy's working orders and prove them gone; a result where that did not succeed."""
        own = tuple(
            state.terms.order_id for state in self._record.of_strategy(strategy.strategy_id) if state.status.is_open
        )
        answers = await asyncio.gather(*(self._dispatch.cancel(i) for i in own), return_exceptions=True)
        for answer in answers:
            if isinstance(answer, OutcomeUnknown):
                return self._blocked(ActionTaken.UNKNOWN, own, f"{answer}; nothing was sent")
            if isinstance(answer, BaseException):
                raise answer
        left = [state for state in map(self._dispatch.state, own) if not state.status.is_terminal]
        if left:
            named = ", ".join(str(state.terms.order_id) for state in left)
            message = f"the broker did not cancel {named}; closing beside it could close twice; nothing was sent"
            doubt = any(state.status is OrderStatus.IN_DOUBT for state in left)
            return self._blocked(ActionTaken.UNKNOWN if doubt else ActionTaken.FAILED, own, message)
        return None

    def _blocked(self, action: ActionTaken, order_ids: tuple[UUID, ...], message: str) -> ExecutionResult:
        orders = tuple(self._dispatch.state(i).order for i in order_ids)
        return ExecutionResult.of(action, orders, error_message=message)

    async def _held(self, strategy: Strategy) -> Held:
        """Return what can be closed of a strategy: the smaller of what it and what the account holds."""
        snapshot = await self._market.answer(self._broker.snapshot(), "no snapshot of positions came")
        claims: Iterable[Position] = self._record.positions(strategy.strategy_id)
        account: Iterable[BrokerPosition | Position] = snapshot.positions
        if not self._record.was_opened(strategy.strategy_id):
            # Not opened by v6: the caller's word for what the strategy is, the account's for what is there, without
            # what other strategies claim of it.
            others = [row for row in self._record.positions() if row.strategy_id not in {None, strategy.strategy_id}]
            account = (*account, *(row.model_copy(update={"quantity": -row.quantity}) for row in others))
            accounts = {position.account for position in snapshot.positions} or {None}
            claims = [
                Position(
                    contract=contract,
                    quantity=Decimal(quantity),
                    avg_cost=ZERO,
                    account=account,
                    strategy_id=strategy.strategy_id,
                )
                for account in accounts
                for contract, quantity in strategy.signed_legs
            ]
        return held_by(claims, account)

    def _held_of_record(self, strategy: Strategy) -> Held:
        return netted((row.contract, row.quantity) for row in self._record.positions(strategy.strategy_id))

    def _left_of(self, held: Iterable[SignedLeg], order_ids: Iterable[UUID]) -> Held:
        """Return what is left of what was held after the fills of some orders."""
        fills = [(fill.contract, fill.signed_quantity) for i in order_ids for fill in self._dispatch.state(i).fills]
        return netted((*held, *fills))

    async def _place(self, order: Order, purpose: Purpose, *along: EngineEvent) -> Order:
        assert order.contract is not None
        (placed,) = await self._dispatch.place(((order.contract, order),), purpose, along=along)
        return placed

    async def _ended(self, order_ids: tuple[UUID, ...], deadline: Deadline) -> None:
        await self._scribe.until(lambda: all(map(self._has_ended, order_ids)), *order_ids, timeout=deadline.left)

    def _has_ended(self, order_id: UUID) -> bool:
        """Whether waiting for an order is of use no longer: it has ended, or nobody can know yet."""
        status = self._dispatch.state(order_id).status
        return status.is_terminal or status is OrderStatus.IN_DOUBT

    def _result(
        self,
        purpose: Purpose,
        order_ids: tuple[UUID, ...],
        after: Strategy | None,
        problems: Iterable[str] = (),
    ) -> ExecutionResult:
        orders = tuple(self._dispatch.state(order_id).order for order_id in order_ids)
        problems = tuple(problems)
        action = _came_to(purpose, orders, failed=bool(problems))
        message = None if action.is_success else _told(orders, problems)
        return ExecutionResult.of(action, orders, error_message=message, strategy=after)


def _came_to(purpose: Purpose, orders: tuple[Order, ...], *, failed: bool) -> ActionTaken:
    statuses = {order.status for order in orders}
    if OrderStatus.IN_DOUBT in statuses or OrderStatus.PENDING_SUBMIT in statuses:
        return ActionTaken.UNKNOWN
    if statuses == {OrderStatus.FILLED} and not failed:
        return _DONE[purpose]
    if any(status.is_open for status in statuses):
        ended = any(status.is_terminal and status is not OrderStatus.FILLED for status in statuses)
        return ActionTaken.PARTIAL if failed or ended else ActionTaken.WORKING
    return ActionTaken.PARTIAL if any(order.filled_quantity for order in orders) else ActionTaken.FAILED


def _told(orders: tuple[Order, ...], problems: tuple[str, ...]) -> str:
    """Say of each order what was filled and why the rest was not."""
    told = [
        f"{order.action} {order.quantity:f} {order.contract}: {order.status}, {order.filled_quantity:f} filled"
        + (f" ({order.reason})" if order.reason else "")
        for order in orders
    ]
    return "; ".join((*told, *problems)) or "no order was sent"
