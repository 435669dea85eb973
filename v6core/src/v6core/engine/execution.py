"""What opening, closing and rolling have in common: what is held, an order seen through, and what it all came to."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine, Hashable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from v6core.broker import Broker
from v6core.config import EngineSection
from v6core.contracts import Contract
from v6core.engine.alarms import Alarms
from v6core.engine.dispatch import Dispatch
from v6core.engine.gate import Gate
from v6core.engine.holdings import Holdings
from v6core.engine.market import Market
from v6core.engine.record import Record
from v6core.engine.room import Held, Room
from v6core.engine.scribe import Scribe
from v6core.errors import BrokerError, OutcomeUnknown, UnknownOrder
from v6core.events import EngineEvent, Purpose, TradingState, TradingStateChanged
from v6core.fills import ActionTaken, ExecutionResult
from v6core.money import ZERO, round_to_tick
from v6core.orders import Order, OrderAction, OrderStatus
from v6core.planning import Placement, PlanningCode, PlanningError, far_side, netted, strategy_after
from v6core.planning.changes import Changes
from v6core.planning.room import SpokenFor, free_of, spoken_for
from v6core.positions import Position, held_by
from v6core.reports import BrokerPosition
from v6core.risk import is_undecided
from v6core.strategies import Strategy
from v6core.strategies.claims import SignedLeg

_UNPROTECTED: Final = "UNPROTECTED"
_OVERFILL: Final = "OCA_OVERFILL"
_DONE = {Purpose.OPEN: ActionTaken.OPENED, Purpose.CLOSE: ActionTaken.CLOSED, Purpose.ROLL: ActionTaken.ROLLED}


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """The engine's parts, as far as a strategy's orders need them."""

    broker: Broker
    record: Record
    scribe: Scribe
    gate: Gate
    dispatch: Dispatch
    market: Market
    placement: Placement
    holdings: Holdings
    alarms: Alarms
    deadlines: EngineSection
    wait_until_ready: Callable[[], Coroutine[Any, Any, None]]
    is_ready: Callable[[], bool]

    # What is held.

    async def look(self, strategy: Strategy, *, despite_doubt: bool = False) -> Room:
        """Return what can be closed of a strategy: the smaller of what it holds and of what the account does.

        Of the account's, what others' orders may take already is not there to be closed; the strategy's own are
        cancelled before it is closed, or are steps of closing it. With ``despite_doubt`` orders of which nobody knows
        whether they work take nothing.
        """
        snapshot = await self.market.answer(self.broker.snapshot(), "no snapshot of positions came")
        figures: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
        for row in snapshot.positions:
            figures[row.contract.key] += row.quantity
        others = self._orders_beside(strategy, despite_doubt=despite_doubt)
        free = free_of(snapshot.positions, spoken_for(others, self._group_of))
        return Room(
            held=self._held_of(strategy, free),
            account=figures,
            then=self.holdings.quantities(),
            now=self.holdings.quantities,
            spoken=lambda order: self._spoken_beside(order, despite_doubt=despite_doubt),
        )

    def _orders_beside(self, strategy: Strategy, *, despite_doubt: bool) -> Iterable[Order]:
        """Return others' open orders; where other strategies' claims are taken off whole, their orders are in these."""
        opened = self.record.was_opened(strategy.strategy_id)
        for order in self._open_orders(despite_doubt=despite_doubt):
            if order.strategy_id is None or (opened and order.strategy_id != strategy.strategy_id):
                yield order

    def _spoken_beside(self, order: Order, *, despite_doubt: bool) -> SpokenFor:
        open_orders = self._open_orders(despite_doubt=despite_doubt)
        beside = (other for other in open_orders if other.order_id != order.order_id)
        return spoken_for(beside, self._group_of)

    def _open_orders(self, *, despite_doubt: bool) -> tuple[Order, ...]:
        reserved = self.gate.surroundings.reserved.values()
        passed = (order for order in reserved if order.order_id not in self.record.states)
        known = (order for order in self.record.open_orders() if not (despite_doubt and is_undecided(order)))
        return (*known, *passed)

    def _group_of(self, order: Order) -> Hashable:
        return self.gate.surroundings.groups.get(order.order_id) or order.oca_group

    def _held_of(self, strategy: Strategy, positions: tuple[BrokerPosition, ...]) -> Held:
        claims: Iterable[Position] = self.record.positions(strategy.strategy_id)
        account: Iterable[BrokerPosition | Position] = positions
        if not self.record.was_opened(strategy.strategy_id):
            # Not opened by v6: the caller's word for what the strategy is, the account's for what is there, without
            # what other strategies claim of it.
            others = [row for row in self.record.positions() if row.strategy_id not in {None, strategy.strategy_id}]
            account = (*account, *(row.model_copy(update={"quantity": -row.quantity}) for row in others))
            accounts = {position.account for position in positions} or {None}
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

    def held_of_record(self, strategy: Strategy) -> Held:
        """Return what a strategy holds by our own fills."""
        return netted((row.contract, row.quantity) for row in self.record.positions(strategy.strategy_id))

    def left_of(self, held: Iterable[SignedLeg], order_ids: Iterable[UUID]) -> Held:
        """Return what is left of what was held after the fills of some orders."""
        fills = [(fill.contract, fill.signed_quantity) for i in order_ids for fill in self.dispatch.state(i).fills]
        return netted((*held, *fills))

    def remaining(self, strategy: Strategy, order_ids: Iterable[UUID] = ()) -> Strategy | None:
        """Return what is left of a strategy: by our fills, or by the caller's word minus those of some orders."""
        opened = self.record.was_opened(strategy.strategy_id)
        held = self.held_of_record(strategy) if opened else self.left_of(strategy.signed_legs, order_ids)
        return strategy_after(strategy, held)

    # An order seen through.

    async def place(
        self,
        order: Order,
        purpose: Purpose,
        *along: EngineEvent,
        far_side: bool = False,
        room: Room | None = None,
        despite_doubt: bool = False,
    ) -> Order:
        """Place one order; the events ``along`` become durable together with its intent.

        A price that v6 made of the quotes (``far_side``) goes onto its tick towards the market: it still reaches. With
        ``room`` it leaves only if what it closes is still there at that moment: OrderDenied POSITION_CHANGED.
        """
        contract = order.contract
        assert contract is not None
        if far_side:
            order = await self._reaching(order, contract)
        if room is not None:
            self.gate.last_looks[order.order_id] = room.why_not
        try:
            request = ((contract, order),)
            (placed,) = await self.dispatch.place(request, purpose, along=along, despite_doubt=despite_doubt)
        finally:
            self.gate.last_looks.pop(order.order_id, None)
        return placed

    async def priced_anew(self, order: Order, changes: Changes) -> Order:
        """Return an order at the far side of the quotes as they are by now; PlanningError where there are none."""
        quotes = await self.market.known_quotes(contract for contract, _ in changes)
        price = far_side(changes, quotes)
        if price is None:
            raise PlanningError(PlanningCode.NO_QUOTE, f"there is no quote to price {order.contract} by")
        return order.replace(limit_price=order.action.sign * price)

    async def _reaching(self, order: Order, contract: Contract) -> Order:
        price = order.limit_price
        if price is None:
            return order
        try:
            tick = (await self.gate.details(contract)).tick_at(price)
        except BrokerError:
            return order  # the gate says what is wrong with it
        return order.replace(limit_price=round_to_tick(price, tick, up=order.action is OrderAction.BUY))

    async def ended(self, order_ids: tuple[UUID, ...], deadline: Deadline) -> None:
        """Wait until all the orders have ended or are in doubt, or the time is over."""
        await self.scribe.until(lambda: all(map(self.has_ended, order_ids)), *order_ids, timeout=deadline.left)

    def has_ended(self, order_id: UUID) -> bool:
        """Whether waiting for an order is of use no longer: it has ended, or nobody can know yet."""
        status = self.dispatch.state(order_id).status
        return status.is_terminal or status is OrderStatus.IN_DOUBT

    def may_still_fill(self, order_id: UUID) -> Decimal:
        """Return what of an order may still fill."""
        return self.dispatch.state(order_id).order.remaining_quantity

    async def cancel_own_orders(
        self, strategy: Strategy, *, despite_doubt: bool = False
    ) -> tuple[UUID, ...] | ExecutionResult:
        """Cancel the strategy's working orders, prove them gone and return them; a result where that did not succeed.

        What filled or ended by itself meanwhile is gone too, and not among those that were cancelled. With
        ``despite_doubt`` those of which nobody knows whether they work are left as they are.
        """
        own = self._own_orders(strategy, despite_doubt=despite_doubt)
        answers = await asyncio.gather(*(self.dispatch.cancel(i) for i in own), return_exceptions=True)
        # One that was being placed may have been refused without a trace: it never was there.
        own = tuple(order_id for order_id in own if order_id in self.record.states)
        for answer in answers:
            if isinstance(answer, OutcomeUnknown):
                return self.stopped(ActionTaken.UNKNOWN, own, f"{answer}; nothing was sent", strategy)
            if isinstance(answer, BaseException) and not isinstance(answer, UnknownOrder):
                raise answer
        left = [state for state in map(self.dispatch.state, own) if not state.status.is_terminal]
        if not left:
            return tuple(i for i in own if self.dispatch.state(i).status is OrderStatus.CANCELLED)
        named = ", ".join(str(state.terms.order_id) for state in left)
        message = f"the broker did not cancel {named}; closing beside it could close twice; nothing was sent"
        doubt = any(state.status is OrderStatus.IN_DOUBT for state in left)
        return self.stopped(ActionTaken.UNKNOWN if doubt else ActionTaken.FAILED, own, message, strategy)

    def _own_orders(self, strategy: Strategy, *, despite_doubt: bool) -> tuple[UUID, ...]:
        """Return the orders of a strategy that work, and those that are being placed for it."""
        states = (state for state in self.record.of_strategy(strategy.strategy_id) if state.status.is_open)
        working = (s.terms.order_id for s in states if not (despite_doubt and is_undecided(s.order)))
        placing = (o.order_id for o in self.dispatch.placing() if o.strategy_id == strategy.strategy_id)
        return tuple(dict.fromkeys((*working, *placing)))

    # What somebody must look at.

    def tell_unprotected(self, message: str, order_id: UUID) -> None:
        """Raise the alarm that something is held without its exit, and let out only what reduces from here on."""
        now = self.broker.now()
        reducing = TradingStateChanged(time=now, state=TradingState.REDUCING, reason=f"{_UNPROTECTED}: {message}")
        limits = (reducing,) if self.record.trading_state is TradingState.ACTIVE else ()
        self.alarms.raise_once(_UNPROTECTED, message, order_id, now, *limits)

    def tell_overfill(self, excess: Decimal, order_id: UUID) -> None:
        """Raise the alarm that orders of one group filled more together than they should."""
        message = f"orders of one group filled at the same moment, {excess:f} more together than they should"
        self.alarms.raise_once(_OVERFILL, message, order_id, self.broker.now())

    # What it came to.

    def stopped(
        self, action: ActionTaken, order_ids: tuple[UUID, ...], message: str, strategy: Strategy | None = None
    ) -> ExecutionResult:
        """Return the result where no order of the operation itself was sent, and what was cancelled before that."""
        orders = tuple(self.dispatch.state(i).order for i in order_ids)
        gone = [str(order.order_id) for order in orders if order.status is OrderStatus.CANCELLED]
        told = f"{message}; cancelled before that: {', '.join(gone)}" if gone else message
        after = None if strategy is None else self.remaining(strategy)
        return ExecutionResult.of(action, orders, error_message=told, strategy=after)

    def result(
        self,
        purpose: Purpose,
        order_ids: tuple[UUID, ...],
        after: Strategy | None,
        problems: Iterable[str] = (),
    ) -> ExecutionResult:
        """Return what the orders of an operation came to; with problems it is no success."""
        orders = tuple(self.dispatch.state(order_id).order for order_id in order_ids)
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
