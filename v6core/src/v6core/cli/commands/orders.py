"""``v6 orders``: what the journal knows of orders, read beside a running engine."""

from __future__ import annotations

import click

from v6core.cli.invocation import Invocation, subcommand
from v6core.cli.records import order_id_in, record_of
from v6core.cli.telling import order_lines, order_table
from v6core.orders import Order, OrderStatus

_IN_DOUBT = frozenset({OrderStatus.IN_DOUBT, OrderStatus.PENDING_SUBMIT})


@subcommand("orders", short_help="Show the orders that the journal knows.")
@click.argument("order_id", required=False)
@click.option("--open", "open_only", is_flag=True, help="Only those that have not ended.")
@click.option("--in-doubt", is_flag=True, help="Only those of which nobody knows whether they arrived.")
@click.option("--strategy", metavar="ID", help="Only those of a strategy.")
def command(
    invocation: Invocation, order_id: str | None, strategy: str | None, *, open_only: bool, in_doubt: bool
) -> None:
    """Show the orders that the journal knows, or one by its id or its first characters.

    The journal is read beside a running engine; nothing is connected.
    """
    record = record_of(invocation.configuration().journal.path)
    if order_id is not None:
        order = record.states[order_id_in(order_id, tuple(record.states))].order
        invocation.tell(order.model_dump(mode="json"), order_lines(order))
        return
    orders = [
        state.order
        for state in record.states.values()
        if (not open_only or state.status.is_open)
        and (not in_doubt or state.status in _IN_DOUBT)
        and (strategy is None or state.terms.strategy_id == strategy)
    ]
    invocation.tell([_document(order) for order in orders], order_table(orders))


def _document(order: Order) -> object:
    return order.model_dump(mode="json")
