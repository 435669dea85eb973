"""Closing every position at the market, the engine's ordinary way: journaled, judged, one order for each contract."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from decimal import Decimal

from v6core.config import Configuration
from v6core.contracts import Contract
from v6core.engine.engine import OrderExecutionEngine
from v6core.errors import V6Error
from v6core.orders import Order, OrderAction
from v6core.positions import Position


@dataclass(slots=True)
class Flattening:
    """The orders that were sent to flatten, as they stand; ``is_complete`` once the broker holds nothing any more."""

    orders: list[Order] = field(default_factory=list[Order])
    problems: list[str] = field(default_factory=list[str])
    is_complete: bool = False


async def flatten_all(configuration: Configuration, done: Flattening, seconds: float) -> None:
    """Send an order for each position that takes it to zero, and wait so long for all of them to end.

    Raises what keeps the engine from starting; what is refused of the orders is told in ``done``.
    """
    async with OrderExecutionEngine.from_configuration(configuration) as engine:
        await engine.ready(seconds)
        for contract, action, quantity, strategy_id in _closing(await engine.positions()):
            await _send(engine, contract, Order.market(action, quantity, strategy_id=strategy_id), done)
        await _see_through(engine, done, seconds)
        done.is_complete = not _closing(await engine.positions())


Close = tuple[Contract, OrderAction, Decimal, str | None]


def _closing(positions: tuple[Position, ...]) -> list[Close]:
    """Return what takes each contract to zero; where strategies share it, the order is none's."""
    rows: dict[str, list[Position]] = {}
    for position in positions:
        rows.setdefault(position.contract.key, []).append(position)
    closes: list[Close] = []
    for shares in rows.values():
        held = sum((share.quantity for share in shares), Decimal(0))
        strategies = {share.strategy_id for share in shares}
        if held:
            action = OrderAction.SELL if held > 0 else OrderAction.BUY
            closes.append((shares[0].contract, action, abs(held), strategies.pop() if len(strategies) == 1 else None))
    return closes


async def _send(engine: OrderExecutionEngine, contract: Contract, order: Order, done: Flattening) -> None:
    try:
        done.orders.append(await engine.place_order(contract, order))
    except (V6Error, ValueError) as error:
        done.problems.append(f"{order.action} {order.quantity:f} {contract.key} was not sent: {error}")


async def _see_through(engine: OrderExecutionEngine, done: Flattening, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    for place, order in enumerate(done.orders):
        try:
            done.orders[place] = await engine.wait_for(order.order_id, timeout=max(until - loop.time(), 0))
        except TimeoutError:
            done.orders[place] = await engine.order(order.order_id)
            done.problems.append(
                f"order {order.order_id} to flatten {order.contract and order.contract.key} still works"
            )
