"""``v6 positions``: the broker's truth, split by strategy; beside a running engine, what the journal makes of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from v6core.cli.invocation import Invocation, subcommand
from v6core.cli.journaled import journaled_positions
from v6core.cli.running import run_engine
from v6core.cli.telling import table
from v6core.errors import JournalLocked
from v6core.positions import Position


@subcommand("positions")
def command(invocation: Invocation) -> None:
    """Show what the broker holds, split by strategy; what no strategy claims stands under none.

    While an engine holds the journal, the journal is read instead: what was last taken from the broker and the fills
    since, and as of when. With --json that is an object with "source" JOURNAL, "as_of", "taken", how many orders are
    "in_doubt", and "positions"; an average cost that the journal does not tell is null.
    """
    try:
        positions = run_engine(invocation, lambda engine: engine.positions())
    except JournalLocked as locked:
        _tell_journaled(invocation, locked)
    else:
        rows = ((row, row.avg_cost) for row in positions)
        invocation.tell([row.model_dump(mode="json") for row in positions], _table(rows))


def _tell_journaled(invocation: Invocation, locked: JournalLocked) -> None:
    configuration = invocation.configuration()
    told = journaled_positions(configuration.journal.path, configuration.broker)
    if told is None:
        raise locked
    rows = ((one.position, one.avg_cost) for one in told.held)
    invocation.tell(told.document, [*_table(rows), *told.lines(locked.message)])


def _table(positions: Iterable[tuple[Position, Decimal | None]]) -> Iterator[str]:
    rows = [(row.contract.key, row.quantity, cost, row.strategy_id, row.account) for row, cost in positions]
    headers = ("CONTRACT", "QUANTITY", "AVG COST", "STRATEGY", "ACCOUNT")
    yield from table(headers, rows, "QUANTITY|AVG COST") if rows else ("no positions",)
