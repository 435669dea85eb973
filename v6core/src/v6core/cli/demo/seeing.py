"""An order seen through: waited for, re-priced to the far side of the quotes, and in the end taken back."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from v6core.cli.demo.market import Pace, net_price
from v6core.cli.demo.telling import Kind, Step
from v6core.contracts import Combo, Contract
from v6core.engine import OrderExecutionEngine
from v6core.errors import ModifyRejected
from v6core.orders import Order, OrderStatus, OrderType

_ATTEMPTS = 2


async def see_through(engine: OrderExecutionEngine, order_id: UUID, pace: Pace, step: Step) -> Order:
    """Return an order once it has ended: filled, also at another price, else cancelled."""
    order = await _ended(engine, order_id, pace.fill)
    for _ in range(_ATTEMPTS):
        if order.status.is_terminal:
            return order
        await _reprice(engine, order, step)
        order = await _ended(engine, order_id, pace.fill)
    if not order.status.is_terminal:
        await engine.cancel_order(order_id)
        order = await engine.order(order_id)
        step.say(engine.now(), Kind.NOTE, f"it did not fill at the far side of the quotes: {order.status}")
    return order


async def _ended(engine: OrderExecutionEngine, order_id: UUID, seconds: float) -> Order:
    try:
        return await engine.wait_for(order_id, OrderStatus.IN_DOUBT, timeout=seconds)
    except TimeoutError:
        return await engine.order(order_id)


async def _reprice(engine: OrderExecutionEngine, order: Order, step: Step) -> None:
    price = await _far_price(engine, order)
    if price is None or order.order_type is not OrderType.LIMIT or price == order.limit_price:
        return
    try:
        await engine.modify_order(order.order_id, limit_price=price)
    except ModifyRejected:
        return  # it filled or ended meanwhile, which is what is being waited for
    step.say(engine.now(), Kind.NOTE, f"not filled yet: its limit moved to {price:.2f}")


async def _far_price(engine: OrderExecutionEngine, order: Order) -> Decimal | None:
    """Return the limit at which an order fills at once."""
    contract = order.contract
    if contract is None:
        return None
    legs: tuple[tuple[Contract, int], ...] = ((contract, 1),)
    if isinstance(contract, Combo):
        legs = contract.signed_legs
    price = await net_price(engine, ((leg, ratio * order.action.sign) for leg, ratio in legs))
    return None if price is None else price * order.action.sign
