"""``v6 place``: one order, or an entry with its exits."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import click

from v6core.cli.arguments import Amount, takes_contract
from v6core.cli.invocation import Invocation, subcommand
from v6core.cli.running import run_engine
from v6core.cli.telling import judge_order, judge_result, order_lines, result_lines, sent_of
from v6core.cli.ticket import order_of, takes_order
from v6core.cli.waiting import ended, takes_wait
from v6core.contracts import Contract
from v6core.engine import OrderExecutionEngine
from v6core.fills import ExecutionResult
from v6core.orders import BracketOrder, Order


@subcommand("place")
@takes_contract
@takes_order
@click.option("--take-profit", type=Amount("take_profit"), help="Also place a limit order that takes this profit.")
@click.option("--stop-loss", type=Amount("stop_loss"), help="Also place a stop that limits the loss.")
@click.option("--despite-doubt", is_flag=True, help="Let what only reduces out beside an order in doubt.")
@click.option("--order-id", type=click.UUID, help="The order's id, to be able to ask for it in any case.")
@takes_wait
def command(
    invocation: Invocation,
    *,
    contract: Contract,
    take_profit: Any,
    stop_loss: Any,
    order_id: UUID | None,
    despite_doubt: bool,
    wait: float | None,
    **ticket: Any,
) -> None:
    """Place an order: v6 place GOOG buy 10 --limit 740. With --take-profit or --stop-loss it becomes a bracket.

    Without a price it is a market order; --limit, --stop, --trail and --trail-percent say which other type it is.
    """
    order = order_of(ticket, {} if order_id is None else {"order_id": order_id})
    if take_profit is not None or stop_loss is not None:
        if despite_doubt:
            raise click.UsageError("--despite-doubt is for an order that only reduces; a bracket opens")
        bracket = _bracket(order, take_profit, stop_loss)
        result = run_engine(invocation, lambda engine: _place_bracket(invocation, engine, contract, bracket, wait))
        invocation.tell(result.model_dump(mode="json"), result_lines(result))
        judge_result(result)
        return
    placed = run_engine(
        invocation, lambda engine: _place(invocation, engine, contract, order, wait, despite_doubt=despite_doubt)
    )
    invocation.tell(placed.model_dump(mode="json"), order_lines(placed))
    judge_order(placed)


def _bracket(order: Order, take_profit: Any, stop_loss: Any) -> BracketOrder:
    side, quantity = order.action.opposite, order.quantity
    shared: dict[str, Any] = {"outside_rth": order.outside_rth}
    take = None if take_profit is None else Order.limit(side, quantity, take_profit, **shared)
    stop = None if stop_loss is None else Order.stop(side, quantity, stop_loss, **shared)
    return BracketOrder(order, take, stop)


async def _place(
    invocation: Invocation,
    engine: OrderExecutionEngine,
    contract: Contract,
    order: Order,
    wait: float | None,
    *,
    despite_doubt: bool,
) -> Order:
    await _refuse_known(engine, order)
    async with _on_its_way(invocation, engine, order):
        placed = await engine.place_order(contract, order, despite_doubt=despite_doubt)
    invocation.sent = sent_of(placed)
    return await ended(engine, placed, wait)


@asynccontextmanager
async def _on_its_way(invocation: Invocation, engine: OrderExecutionEngine, order: Order) -> AsyncGenerator[None]:
    invocation.sent, invocation.order_id = "unknown", order.order_id
    try:
        yield
    except ValueError:
        # Refused while it was bound; only what the journal knows can have been sent.
        invocation.sent = "unknown" if await _is_known(engine, order) else False
        raise


async def _refuse_known(engine: OrderExecutionEngine, order: Order) -> None:
    if await _is_known(engine, order):
        raise click.UsageError(f"order {order.order_id} was placed before; an order_id is used once")


async def _is_known(engine: OrderExecutionEngine, order: Order) -> bool:
    return order.order_id in {known.order_id for known in await engine.orders()}


async def _place_bracket(
    invocation: Invocation,
    engine: OrderExecutionEngine,
    contract: Contract,
    bracket: BracketOrder,
    wait: float | None,
) -> ExecutionResult:
    await _refuse_known(engine, bracket.parent_order)
    async with _on_its_way(invocation, engine, bracket.parent_order):
        result = await engine.place_bracket_order(bracket, contract)
    if not result.success:
        return result
    invocation.sent = True
    await ended(engine, result.orders[0], wait)
    orders = tuple([await engine.order(order_id) for order_id in result.order_ids])
    return result.model_copy(update={"orders": orders})
