"""``v6 resolve``: an operator's decision about an order in doubt."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import click

from v6core.cli.arguments import Amount, WordType
from v6core.cli.invocation import Invocation, subcommand
from v6core.cli.operator import operator
from v6core.cli.records import order_id_in
from v6core.cli.telling import order_lines
from v6core.engine.offline import OfflineJournal
from v6core.engine.resolving import decision
from v6core.errors import JournalLocked, UnknownOrder
from v6core.events import Verdict
from v6core.journal import journal_exists


@subcommand("resolve")
@click.argument("order_id")
@click.argument("verdict", type=WordType(Verdict))
@click.argument("reason", nargs=-1, required=True)
@click.option("--quantity", type=Amount("quantity", positive=True), help="With filled: how much, beyond what is known.")
@click.option("--price", type=Amount("price"), help="With filled: at which average price.")
def command(
    invocation: Invocation,
    order_id: str,
    verdict: Verdict,
    reason: tuple[str, ...],
    *,
    quantity: Decimal | None,
    price: Decimal | None,
) -> None:
    """Decide what became of an order in doubt, having looked at the broker's own pages; REASON is kept.

    VERDICT is absent (it never arrived), cancelled, expired, filled, or unchanged (a cancel or modify that nobody
    answered did nothing). No broker is asked, and what it shows later still wins. v6 orders --in-doubt lists what is
    in doubt.
    """
    configuration = invocation.configuration()
    path = configuration.journal.path
    if not journal_exists(path):
        raise UnknownOrder(f"there is no journal at {path} yet, so no order is in doubt")
    with _opened(path, configuration.broker) as journal:
        states = journal.record.states
        wanted = order_id_in(order_id, tuple(states))
        now, who = datetime.now(UTC), operator()
        journal.write(
            decision(states[wanted], verdict, " ".join(reason), operator=who, time=now, quantity=quantity, price=price)
        )
        order = states[wanted].order
    invocation.tell(order.model_dump(mode="json"), order_lines(order))


def _opened(path: Path, broker: str) -> OfflineJournal:
    try:
        return OfflineJournal.open(path, broker)
    except JournalLocked as locked:
        hint = "call engine.resolve(...) in that program, or stop it and call v6 resolve again"
        raise JournalLocked(f"{locked.message} and decides alone", hint=hint) from locked
