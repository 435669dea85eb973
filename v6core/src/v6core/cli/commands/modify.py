"""``v6 modify``: other terms for a working order."""

from __future__ import annotations

from typing import Any

import click

from v6core.cli.arguments import Amount
from v6core.cli.invocation import Invocation, subcommand
from v6core.cli.records import order_id_in
from v6core.cli.running import run_engine
from v6core.cli.telling import order_lines
from v6core.cli.ticket import takes_terms, terms_of
from v6core.engine import OrderExecutionEngine
from v6core.orders import Order


@subcommand("modify")
@click.argument("order_id")
@click.option("--quantity", type=Amount("quantity", positive=True), help="The whole quantity, what filled included.")
@takes_terms
def command(invocation: Invocation, order_id: str, quantity: Any, **ticket: Any) -> None:
    """Change terms of a working order, named by its id or its first characters."""
    changes = terms_of(ticket) | ({} if quantity is None else {"quantity": quantity})
    if not changes:
        raise click.UsageError("nothing to modify was given: --quantity, --limit, --stop, --trail, --tif and the like")

    async def modify(engine: OrderExecutionEngine) -> Order:
        wanted = order_id_in(order_id, tuple(order.order_id for order in await engine.orders()))
        invocation.sent = "unknown"
        return await engine.modify_order(wanted, **changes)

    order = run_engine(invocation, modify)
    invocation.tell(order.model_dump(mode="json"), order_lines(order))
