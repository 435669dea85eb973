"""``v6 fills``: what was filled, read beside a running engine."""

from __future__ import annotations

import click

from v6core.cli.invocation import Invocation, subcommand
from v6core.cli.records import order_id_in, record_of
from v6core.cli.telling import table


@subcommand("fills")
@click.option("--order", "order_id", metavar="ORDER_ID", help="Only those of an order.")
@click.option("--strategy", metavar="ID", help="Only those of a strategy.")
def command(invocation: Invocation, order_id: str | None, strategy: str | None) -> None:
    """Show the broker's fills that count, oldest first: a combo has one per leg.

    The journal is read beside a running engine; nothing is connected.
    """
    configuration = invocation.configuration()
    record = record_of(configuration.journal.path, configuration.broker)
    wanted = None if order_id is None else order_id_in(order_id, tuple(record.states))
    found = [
        fill for fill in record.fills() if wanted in {None, fill.order_id} and strategy in {None, fill.strategy_id}
    ]
    fills = sorted(found, key=lambda fill: fill.time)
    rows = [
        (
            fill.time,
            "-" if fill.order_id is None else fill.order_id.hex[:8],
            fill.action,
            fill.quantity,
            fill.contract.key,
            fill.price,
            fill.commission,
        )
        for fill in fills
    ]
    headers = ("TIME (UTC)", "ORDER", "SIDE", "QTY", "CONTRACT", "PRICE", "COMMISSION")
    lines = table(headers, rows, "QTY|PRICE|COMMISSION") if rows else ("no fills",)
    invocation.tell([fill.model_dump(mode="json") for fill in fills], lines)
