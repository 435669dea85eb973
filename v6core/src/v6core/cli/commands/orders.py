"""``v6 orders``: what the journal knows of orders, read beside a running engine."""

from __future__ import annotations

from collections.abc import Iterator

import click

from v6core.cli.doubts import doubts_in
from v6core.cli.invocation import Invocation, subcommand
from v6core.cli.records import Told, order_id_in, told_of
from v6core.cli.telling import order_lines, order_table
from v6core.config import Configuration
from v6core.orders import Order


@subcommand("orders", short_help="Show the orders that the journal knows.")
@click.argument("order_id", required=False)
@click.option("--open", "open_only", is_flag=True, help="Only those that have not ended.")
@click.option("--in-doubt", is_flag=True, help="Only those in doubt: why, since when, and what can be done.")
@click.option("--strategy", metavar="ID", help="Only those of a strategy.")
def command(
    invocation: Invocation, order_id: str | None, strategy: str | None, *, open_only: bool, in_doubt: bool
) -> None:
    """Show the chosen broker's orders as the journal knows them, or one by its id or its first characters.

    The journal is read beside a running engine; nothing is connected, so they stand as of the last connection.
    """
    configuration = invocation.configuration()
    if in_doubt:
        _tell_doubts(invocation, configuration, order_id, strategy)
        return
    told = told_of(configuration.journal.path, configuration.broker)
    record = told.record
    if order_id is not None:
        order = record.states[order_id_in(order_id, tuple(record.states))].order
        invocation.tell(order.model_dump(mode="json"), [*order_lines(order), *_as_of(told)])
        return
    orders = [
        state.order
        for state in record.states.values()
        if (not open_only or state.status.is_open) and (strategy is None or state.terms.strategy_id == strategy)
    ]
    invocation.tell([_document(order) for order in orders], [*order_table(orders), *_as_of(told)])


def _tell_doubts(
    invocation: Invocation, configuration: Configuration, order_id: str | None, strategy: str | None
) -> None:
    wanted = "" if order_id is None else order_id.strip().lower().replace("-", "")
    chosen = [
        doubt
        for doubt in doubts_in(configuration.journal.path, configuration.broker)
        if doubt.state.terms.order_id.hex.startswith(wanted)
        and (strategy is None or doubt.state.terms.strategy_id == strategy)
    ]
    lines = [line for doubt in chosen for line in doubt.lines()] or ["nothing is in doubt"]
    invocation.tell([doubt.document for doubt in chosen], lines)


def _as_of(told: Told) -> Iterator[str]:
    if told.as_of is not None:
        yield f"as of {told.as_of:%Y-%m-%d %H:%M:%S} UTC, when the broker was last heard"
    if told.record.elsewhere:
        yield f"at other brokers: {len(told.record.elsewhere)} more; --broker NAME shows theirs"


def _document(order: Order) -> object:
    return order.model_dump(mode="json")
