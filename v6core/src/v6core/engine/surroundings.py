"""What an order is judged within: all else that may fill, what is held, what was sent, and what is let out.

An order counts from the moment it has passed, before anything is durable, and as large as it may be.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Generator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from v6core.broker import Broker
from v6core.clock import Clock
from v6core.engine.holdings import Holdings
from v6core.engine.record import Record
from v6core.errors import V6Error
from v6core.events import TradingState
from v6core.lifecycle import OrderState
from v6core.money import ZERO, to_decimal
from v6core.orders import Order, OrderStatus
from v6core.quotes import Quote
from v6core.reports import Account
from v6core.risk import Arming, CheckContext, RiskLimits, exposures, is_undecided, only_reduces, worst_case
from v6core.sessions import NEW_YORK

Around = tuple[frozenset[tuple[str, Decimal]], frozenset[tuple[UUID, Decimal]]]
"""What is held, by contract key, and what works beside, with how much of it has filled."""
_RECENT_SECONDS: Final = 60.0
_STRICTNESS: Final = {TradingState.ACTIVE: 0, TradingState.REDUCING: 1, TradingState.HALTED: 2}


class Surroundings:
    """Tells what is around an order. ``reserved`` are the orders that have passed and are not durable yet.

    ``groups`` name the group of an order that v6 keeps one itself, of which each takes off the others.
    """

    def __init__(
        self,
        *,
        broker: Broker,
        record: Record,
        holdings: Holdings,
        limits: RiskLimits,
        clock: Clock,
        arming: Arming,
        latched: Callable[[], str | None],
    ) -> None:
        self._broker = broker
        self._record = record
        self._holdings = holdings
        self._limits = limits
        self._clock = clock
        self._arming = arming
        self._latched = latched
        self._announced: list[tuple[TradingState, str]] = []
        self._recent: deque[tuple[float, Order]] = deque()
        self._despite_doubt: set[UUID] = set()
        self._today: tuple[date, set[UUID]] = (date.min, set())
        self.reserved: dict[UUID, Order] = {}
        self.groups: dict[UUID, UUID] = {}

    # What is let out.

    @contextlib.contextmanager
    def announcing(self, state: TradingState, reason: str) -> Generator[None]:
        """Hold orders back for a trading state from the moment it is asked for, while it is being made durable."""
        announced = (state, reason)
        if state is not TradingState.ACTIVE:
            self._announced.append(announced)
        try:
            yield
        finally:
            if announced in self._announced:
                self._announced.remove(announced)

    def trading_state(self) -> tuple[TradingState, str]:
        """Return what is let out and why: the strictest of the halt file, what is being journaled, and the journal."""
        halted_by = self._latched()
        if halted_by is not None:
            return TradingState.HALTED, halted_by
        stated = self._record.trading_state, self._record.trading_reason
        return max((stated, *self._announced), key=lambda row: _STRICTNESS[row[0]]) if self._announced else stated

    # What has passed.

    def reserve(self, order: Order) -> None:
        """Count an order, or a change of one, from here on."""
        self.reserved[order.order_id] = order
        self._recent.append((self._clock.monotonic(), order))
        if self._limits.max_orders_per_day is not None and order.order_id not in self._record.states:
            self._today[1].add(order.order_id)

    def release(self, order_id: UUID) -> None:
        """Let go of an order that is durable by now, or was refused."""
        self._despite_doubt.discard(order_id)
        self.reserved.pop(order_id, None)

    def ignore_doubt(self, orders: tuple[Order, ...]) -> None:
        """Judge until they are released whether orders reduce net of what works, whatever is in doubt."""
        self._despite_doubt.update(order.order_id for order in orders)

    def forget(self, orders: tuple[Order, ...]) -> None:
        """Take back what a unit had reserved before one of its orders was refused."""
        ids = {order.order_id for order in orders}
        for order_id in ids:
            self.reserved.pop(order_id, None)
        self._recent = deque(row for row in self._recent if row[1].order_id not in ids)
        self._today[1].difference_update(ids)

    # What is around an order.

    def context(
        self,
        order: Order,
        *,
        quote: Quote | V6Error | None = None,
        account: Account | None = None,
        before: Order | None = None,
    ) -> CheckContext:
        """Return what a check is told; ``before`` is the order as it stands, where a change of it is judged.

        ``quote`` is the failure of asking for one where that failed.
        """
        open_orders = self._open_beside(order)
        positions = self._holdings.quantities()
        state, reason = self.trading_state()
        now, today = self._clock.monotonic(), self._broker.now()
        while self._recent and now - self._recent[0][0] > _RECENT_SECONDS:
            self._recent.popleft()
        return CheckContext(
            now=today,
            monotonic=now,
            limits=self._limits,
            capabilities=self._broker.capabilities,
            trading_state=state,
            trading_reason=reason,
            reducing=self._only_reduces(order, before, positions, open_orders),
            positions=positions,
            open_orders=open_orders,
            before=before,
            recent=self._recent,
            orders_today=self._sent_today(today),
            quote=None if isinstance(quote, V6Error) else quote,
            quote_failure=quote if isinstance(quote, V6Error) else None,
            account=account,
            arming=self._arming,
        )

    def around(self, orders: tuple[Order, ...]) -> Around:
        """Return what is held of orders' contracts, and what else works on them: what they were let out beside."""
        ids = {order.order_id for order in orders}
        keys = {key for order in orders for key, _ in exposures(order)}
        held = frozenset((key, quantity) for key, quantity in self._holdings.quantities().items() if key in keys)
        others = (state for order_id, state in self._record.open.items() if order_id not in ids)
        touching = (state for state in others if any(key in keys for key, _ in exposures(state.terms)))
        return held, frozenset((state.terms.order_id, state.totals.quantity) for state in touching)

    def worst_case(self, order: Order) -> Mapping[str, Decimal] | None:
        """Return what an order that is let out beside one in doubt may come to; None where it is not."""
        if order.order_id not in self._despite_doubt:
            return None
        return worst_case(order, self._holdings.quantities(), self._open_beside(order))

    def _only_reduces(
        self, order: Order, before: Order | None, positions: Mapping[str, Decimal], beside: tuple[Order, ...]
    ) -> bool:
        group = self.groups.get(order.order_id)
        if group is not None:
            beside = tuple(other for other in beside if self.groups.get(other.order_id) != group)
        if order.order_id in self._despite_doubt:
            beside = tuple(other for other in beside if not is_undecided(other))
        # Until a change is confirmed the order may stay as it is, so it reduces only where both do.
        return only_reduces(order, positions, beside) and (before is None or only_reduces(before, positions, beside))

    def _open_beside(self, order: Order) -> tuple[Order, ...]:
        """Return all other orders that may fill, each as large as it may be, with those that have just passed."""
        # Of two broker orders under one reference one may work on where the other has filled the order; and of one that
        # has ended, fills may be known to have happened that have not come.
        record, order_id = self._record, order.order_id
        itself, anew = record.states.get(order_id), self.reserved.get(order_id)
        states = list(record.open.values())
        if record.doubled_ids or record.awaiting_ids:
            late = (i for i in record.doubled_ids | record.awaiting_ids if i not in record.open)
            states += map(record.states.__getitem__, late)
        beside = [self._at_most(state) for state in states if state is not itself]
        passed = [rest for i, rest in self.reserved.items() if rest is not anew and i not in record.states]
        return (*beside, *passed)

    def _at_most(self, state: OrderState) -> Order:
        """Return an open order as large as it may be.

        A change of it that is not answered may have taken effect, and each of two broker orders under one reference may
        fill whole. Of one that has ended, what the broker says has filled is still to come.
        """
        order, incarnations = self._record.view(state), state.incarnations
        if state.status.is_terminal and not incarnations:
            # One that has filled, of which the broker says more than it was for, would be no order as it stands.
            is_filled = order.status is OrderStatus.FILLED
            shown = order.replace(status=OrderStatus.SUBMITTED) if is_filled else order
            return shown.replace(quantity=state.reported_filled)
        asked = self.reserved.get(order.order_id, order).quantity
        if not state.requested and not incarnations and asked <= order.quantity:
            return order  # as nearly all are
        most = max(order.quantity, asked, to_decimal(state.requested.get("quantity") or ZERO))
        if incarnations:
            most = most * len(incarnations) + state.totals.quantity
            status = order.status if order.status.is_open else OrderStatus.SUBMITTED
            return order.replace(quantity=most, status=status)
        return order if most <= order.quantity else order.replace(quantity=most)

    def _sent_today(self, now: datetime) -> int:
        """Return how many orders went out on the day that it is in New York, before a restart included."""
        if self._limits.max_orders_per_day is None:
            return 0
        today = now.astimezone(NEW_YORK).date()
        if self._today[0] != today:
            terms = (state.terms for state in self._record.states.values() if state.status is not OrderStatus.DENIED)
            sent = ((order.order_id, order.created_at) for order in (*terms, *self.reserved.values()))
            self._today = (today, {i for i, at in sent if at is not None and at.astimezone(NEW_YORK).date() == today})
        return len(self._today[1])
