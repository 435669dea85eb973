"""``v6 modify``: other terms for a working order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import click

from v6core.cli.arguments import Amount
from v6core.cli.failures import CommandFailed, failure_of
from v6core.cli.invocation import Invocation, subcommand
from v6core.cli.records import order_id_in
from v6core.cli.running import run_engine
from v6core.cli.telling import order_lines
from v6core.cli.ticket import takes_terms, terms_of
from v6core.engine import OrderExecutionEngine
from v6core.errors import ModifyRejected
from v6core.events import ModifyRequested
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
        before = _requests(engine, wanted)
        invocation.sent, invocation.order_id = "unknown", wanted
        try:
            return await engine.modify_order(wanted, **changes)
        except (ValueError, ModifyRejected) as error:
            # Refused before anything was sent, unless the journal says that the broker was asked.
            if _requests(engine, wanted) > before:
                raise
            invocation.sent = False
            raise _unsent(error) from error

    order = run_engine(invocation, modify)
    invocation.tell(order.model_dump(mode="json"), order_lines(order))


def _requests(engine: OrderExecutionEngine, order_id: UUID) -> int:
    kind = ModifyRequested.model_fields["event"].default
    return sum(row.order_id == order_id and row.kind == kind for row in engine.journal.rows())


def _unsent(error: Exception) -> Exception:
    return CommandFailed(replace(failure_of(error, sent=False), sent=False))
