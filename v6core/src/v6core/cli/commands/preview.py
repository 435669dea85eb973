"""``v6 preview``: what an order would cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from v6core.cli.arguments import takes_contract
from v6core.cli.invocation import Invocation, subcommand
from v6core.cli.running import run_engine
from v6core.cli.telling import judge_result, money, terms
from v6core.cli.ticket import order_of, takes_order
from v6core.contracts import Contract
from v6core.fills import ExecutionResult


@subcommand("preview")
@takes_contract
@takes_order
def command(invocation: Invocation, contract: Contract, **ticket: Any) -> None:
    """Show what an order would cost; it passes every check, and nothing is sent."""
    order = order_of(ticket, {})
    result = run_engine(invocation, lambda engine: engine.preview_order(contract, order))
    invocation.tell(result.model_dump(mode="json"), _lines(result))
    judge_result(result)


def _lines(result: ExecutionResult) -> Iterator[str]:
    yield from (f"{terms(order)}: nothing was sent" for order in result.orders)
    preview = result.preview
    if preview is None:
        return
    for name in ("commission", "cash_change", "initial_margin_change", "maintenance_margin_change"):
        yield f"  {name.replace('_', ' '):<28}{money(getattr(preview, name)):>16}"
    if preview.warning:
        yield f"  it would be refused or warned of: {preview.warning}"
