"""``v6 positions``: the broker's truth, split by strategy."""

from __future__ import annotations

from v6core.cli.invocation import Invocation, subcommand
from v6core.cli.running import run_engine
from v6core.cli.telling import table


@subcommand("positions")
def command(invocation: Invocation) -> None:
    """Show what the broker holds, split by strategy; what no strategy claims stands under none."""
    positions = run_engine(invocation, lambda engine: engine.positions())
    rows = [(row.contract.key, row.quantity, row.avg_cost, row.strategy_id, row.account) for row in positions]
    headers = ("CONTRACT", "QUANTITY", "AVG COST", "STRATEGY", "ACCOUNT")
    lines = table(headers, rows, "QUANTITY|AVG COST") if rows else ("no positions",)
    invocation.tell([row.model_dump(mode="json") for row in positions], lines)
