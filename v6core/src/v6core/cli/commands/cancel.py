"""``v6 cancel``: one order, or all of them."""

from __future__ import annotations

import click

from v6core.cli.failures import CommandFailed, Failure
from v6core.cli.invocation import Invocation, subcommand
from v6core.cli.records import order_id_in
from v6core.cli.running import run_engine
from v6core.cli.telling import order_lines, order_table
from v6core.engine import OrderExecutionEngine
from v6core.orders import Order


@subcommand("cancel")
@click.argument("order_id", required=False)
@click.option("--all", "every", is_flag=True, help="All open orders, or with --strategy all of a strategy.")
@click.option("--strategy", metavar="ID", help="With --all: only those of a strategy.")
def command(invocation: Invocation, order_id: str | None, strategy: str | None, *, every: bool) -> None:
    """Cancel an order, named by its id or its first characters, or with --all every open one."""
    if (order_id is None) is not every or (strategy is not None and not every):
        raise click.UsageError("give one ORDER_ID, or --all, which --strategy may narrow")
    if order_id is not None:
        _cancel_one(invocation, order_id)
        return

    async def cancel_all(engine: OrderExecutionEngine) -> tuple[Order, ...]:
        invocation.sent = "unknown"
        return await engine.cancel_all(strategy)

    orders = run_engine(invocation, cancel_all)
    invocation.tell([order.model_dump(mode="json") for order in orders], order_table(orders))
    for order in orders:
        _judge(order, order.status.is_terminal, was_open=True)


def _cancel_one(invocation: Invocation, text: str) -> None:
    async def cancel(engine: OrderExecutionEngine) -> tuple[Order, bool, bool]:
        wanted = order_id_in(text, tuple(order.order_id for order in await engine.orders()))
        was_open = (await engine.order(wanted)).status.is_open
        invocation.sent = "unknown" if was_open else False
        done = await engine.cancel_order(wanted)
        return await engine.order(wanted), done, was_open

    order, done, was_open = run_engine(invocation, cancel)
    invocation.tell(order.model_dump(mode="json"), order_lines(order))
    _judge(order, done, was_open=was_open)


def _judge(order: Order, done: bool, *, was_open: bool) -> None:
    if done:
        return
    reason = f": {order.reason}" if order.reason else ""
    raise CommandFailed(
        Failure(
            error=f"order {order.order_id} was not cancelled, it is {order.status}{reason}",
            code="NOT_CANCELLED",
            order_id=order.order_id,
            sent=was_open,
        )
    )
