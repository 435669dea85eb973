"""What opening, closing and rolling have in common: what is held, an order seen through, and what it all came to."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from v6core.broker import Broker
from v6core.contracts import Contract
from v6core.engine.dispatch import Dispatch
from v6core.engine.gate import Gate
from v6core.engine.market import Market
from v6core.engine.record import Record
from v6core.engine.scribe import Scribe
from v6core.errors import BrokerError, OutcomeUnknown
from v6core.events import EngineEvent, Purpose
from v6core.fills import ActionTaken, ExecutionResult
from v6core.money import ZERO, round_to_tick
from v6core.orders import Order, OrderAction, OrderStatus
from v6core.planning import Placement, netted, strategy_after
from v6core.positions import Position, held_by
from v6core.reports import BrokerPosition
from v6core.strategies import Strategy
from v6core.strategies.claims import SignedLeg

Held = tuple[tuple[Contract, Decimal], ...]
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

    # What is held.

    async def held(self, strategy: Strategy) -> Held:
        """Return what can be closed of a strategy: the smaller of what it and what the account holds."""
        snapshot = await self.market.answer(self.broker.snapshot(), "no snapshot of positions came")
        claims: Iterable[Position] = self.record.positions(strategy.strategy_id)
        account: Iterable[BrokerPosition | Position] = snapshot.positions
        if not self.record.was_opened(strategy.strategy_id):
            # Not opened by v6: the caller's word for what the strategy is, the account's for what is there, without
            # what other strategies claim of it.
            others = [row for row in self.record.positions() if row.strategy_id not in {None, strategy.strategy_id}]
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

    async def place(self, order: Order, purpose: Purpose, *along: EngineEvent, far_side: bool = False) -> Order:
        """Place one order; the events ``along`` become durable together with its intent.

        A price that v6 made of the quotes (``far_side``) goes onto its tick towards the market: it still reaches.
        """
        contract = order.contract
        assert contract is not None
        if far_side:
            order = await self._reaching(order, contract)
        (placed,) = await self.dispatch.place(((contract, order),), purpose, along=along)
        return placed

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

    async def cancel_own_orders(self, strategy: Strategy) -> tuple[UUID, ...] | ExecutionResult:
        """Cancel the strategy's working orders, prove them gone and return them; a result where that did not succeed.

        What filled or ended by itself meanwhile is gone too, and not among those that were cancelled.
        """
        states = self.record.of_strategy(strategy.strategy_id)
        own = tuple(state.terms.order_id for state in states if state.status.is_open)
        answers = await asyncio.gather(*(self.dispatch.cancel(i) for i in own), return_exceptions=True)
        for answer in answers:
            if isinstance(answer, OutcomeUnknown):
                return self.stopped(ActionTaken.UNKNOWN, own, f"{answer}; nothing was sent", strategy)
            if isinstance(answer, BaseException):
                raise answer
        left = [state for state in map(self.dispatch.state, own) if not state.status.is_terminal]
        if not left:
            return tuple(i for i in own if self.dispatch.state(i).status is OrderStatus.CANCELLED)
        named = ", ".join(str(state.terms.order_id) for state in left)
        message = f"the broker did not cancel {named}; closing beside it could close twice; nothing was sent"
        doubt = any(state.status is OrderStatus.IN_DOUBT for state in left)
        return self.stopped(ActionTaken.UNKNOWN if doubt else ActionTaken.FAILED, own, message, strategy)

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
