"""``v6 close``: what is held of a strategy."""

from __future__ import annotations

from decimal import Decimal

import click

from v6core.cli.arguments import SECONDS, Amount
from v6core.cli.held import strategy_named
from v6core.cli.invocation import Invocation, subcommand
from v6core.cli.running import run_engine
from v6core.cli.telling import judge_result, result_lines
from v6core.engine import OrderExecutionEngine
from v6core.fills import ExecutionResult


@subcommand("close")
@click.argument("strategy_id")
@click.option("--limit", type=Amount("limit"), help="The net per unit: positive to pay, negative to receive.")
@click.option("--market", "at_market", is_flag=True, help="A market order; else the far side of the quotes.")
@click.option("--despite-doubt", is_flag=True, help="Close what the broker says is held beside a close in doubt.")
@click.option("--timeout", type=SECONDS, default=60, show_default=True, help="Wait so long for the fill.")
def command(
    invocation: Invocation,
    strategy_id: str,
    limit: Decimal | None,
    timeout: float,
    *,
    at_market: bool,
    despite_doubt: bool,
) -> None:
    """Close what is held of a strategy, its own working orders cancelled first."""

    async def close(engine: OrderExecutionEngine) -> ExecutionResult:
        strategy = await strategy_named(engine, strategy_id)
        invocation.sent = "unknown"
        return await engine.close_position(strategy, limit, timeout, at_market=at_market, despite_doubt=despite_doubt)

    result = run_engine(invocation, close)
    invocation.tell(result.model_dump(mode="json"), result_lines(result))
    judge_result(result)
