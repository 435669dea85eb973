"""What trades in a world: places, brackets, modifies and cancels, through whichever engine stands at the moment."""

from __future__ import annotations

from collections.abc import Coroutine
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from v6core.contracts import OrderAction
from v6core.errors import BrokerError, ModifyRejected, OrderDenied, OutcomeUnknown, UnknownOrder
from v6core.identifiers import SeededIds
from v6core.orders import BracketOrder, Order
from v6core.testing.world.plan import CONTRACTS, Deed

if TYPE_CHECKING:
    from v6core.testing.world.world import SimulatedWorld

_ANSWERS = (OrderDenied, OutcomeUnknown, ModifyRejected, UnknownOrder, BrokerError)


class Program:
    """A program that dies and comes back with its engine. ``surprises`` are answers that an engine never gives."""

    def __init__(self, world: SimulatedWorld, seed: int) -> None:
        self._world = world
        self._ids = SeededIds(seed)
        self.orders: list[UUID] = []
        self.surprises: list[str] = []

    def begin(self, deed: Deed) -> None:
        """Place what a deed says, and see to what is asked of it afterwards; nothing while no engine stands."""
        engine = self._world.engine
        if engine is None:
            return
        order_id = self._ids.order_id()
        order = Order.limit(deed.action, deed.quantity, deed.price, tif=deed.tif, order_id=order_id)
        self.orders.append(order_id)
        if deed.is_bracket:
            self._do(engine.place_bracket_order(self._bracket(order, deed.price), CONTRACTS[deed.symbol]))
        else:
            self._do(engine.place_order(CONTRACTS[deed.symbol], order))
        if deed.modify_after is not None:
            self._world.after(deed.modify_after, self._modify, order_id, deed.new_quantity, deed.new_price)
        if deed.cancel_after is not None:
            self._world.after(deed.cancel_after, self._cancel, order_id)

    def _bracket(self, entry: Order, price: Decimal) -> BracketOrder:
        side = OrderAction.SELL if entry.action is OrderAction.BUY else OrderAction.BUY
        away = 5 * entry.action.sign
        ids = self._ids.order_id(), self._ids.order_id()
        self.orders.extend(ids)
        return BracketOrder(
            parent_order=entry,
            take_profit=Order.limit(side, entry.quantity, price + away, order_id=ids[0]),
            stop_loss=Order.stop(side, entry.quantity, price - away, order_id=ids[1]),
        )

    def _modify(self, order_id: UUID, quantity: int, price: Decimal) -> None:
        if self._world.engine is not None:
            self._do(self._world.engine.modify_order(order_id, quantity=quantity, limit_price=price))

    def _cancel(self, order_id: UUID) -> None:
        if self._world.engine is not None:
            self._do(self._world.engine.cancel_order(order_id))

    def _do(self, call: Coroutine[Any, Any, object]) -> None:
        process = self._world.process

        async def do() -> None:
            try:
                await call
            except _ANSWERS:
                pass
            except Exception as error:  # noqa: BLE001 -- whatever it is, the world tells
                if process.is_alive:
                    self.surprises.append(f"a call raised {type(error).__name__}: {error}")

        process.run(do())
