"""Tells listeners what becomes of orders, each time with the order as it was then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from fake_alpaca.desk.records import AlpacaOrder
from fake_alpaca.desk.updates import TradeUpdate
from fake_alpaca.words import Event, Status

Listener = Callable[[TradeUpdate], None]


class Announcer:
    """The desk's voice."""

    def __init__(self, new_id: Callable[[], UUID], now: Callable[[], datetime]) -> None:
        self._new_id = new_id
        self._now = now
        self.listeners: list[Listener] = []

    def move(self, order: AlpacaOrder, status: Status, event: Event | None = None) -> None:
        """Put an order, and the contracts of a multi-leg one, into a status, and tell it."""
        now = self._now()
        for one in (order, *(order.legs if order.is_mleg else ())):
            one.status, one.updated_at = status, now
            _stamp(one, status, now)
        self.tell(event or Event(status.value), order)

    def tell(
        self,
        event: Event,
        order: AlpacaOrder,
        *,
        execution_id: UUID | None = None,
        price: Decimal | None = None,
        qty: Decimal | None = None,
        position_qty: Decimal | None = None,
        at: datetime | None = None,
    ) -> None:
        """Tell one event, of this moment unless another is named: the market may have been behind."""
        update = TradeUpdate(
            event=event,
            order=order.as_it_is(),
            timestamp=at or self._now(),
            execution_id=execution_id or self._new_id(),
            price=price,
            qty=qty,
            position_qty=position_qty,
        )
        for listener in tuple(self.listeners):
            listener(update)


def _stamp(order: AlpacaOrder, status: Status, now: datetime) -> None:
    match status:
        case Status.CANCELED:
            order.canceled_at = now
        case Status.EXPIRED:
            order.expired_at = now
        case Status.REJECTED:
            order.failed_at = now
        case Status.REPLACED:
            order.replaced_at = now
        case Status.FILLED:
            order.filled_at = now
        case _:
            pass
