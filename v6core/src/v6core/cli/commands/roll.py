"""``v6 roll``: a strategy to another expiration."""

from __future__ import annotations

from decimal import Decimal

import click

from v6core.cli.arguments import RIGHT, SECONDS, Amount
from v6core.cli.held import strategy_named
from v6core.cli.invocation import Invocation, subcommand
from v6core.cli.running import run_engine
from v6core.cli.telling import judge_result, result_lines
from v6core.contracts import OptionRight
from v6core.engine import OrderExecutionEngine
from v6core.fills import ExecutionResult


@subcommand("roll")
@click.argument("strategy_id")
@click.option("--dte", type=click.IntRange(0, 3660), required=True, help="Days from today to the new expiration.")
@click.option("--right", type=RIGHT, help="Roll only the puts, or only the calls.")
@click.option("--strike-offset", type=Amount("strike_offset"), default=Decimal(0), help="Move the strikes by so much.")
@click.option("--sequential", is_flag=True, help="Allow several orders where one would have too many legs.")
@click.option("--limit", type=Amount("limit"), help="The net per unit: positive to pay, negative to receive.")
@click.option("--market", "at_market", is_flag=True, help="A market order; else the far side of the quotes.")
@click.option("--timeout", type=SECONDS, default=60, show_default=True, help="Wait so long for the fill.")
def command(
    invocation: Invocation,
    *,
    strategy_id: str,
    dte: int,
    right: OptionRight | None,
    strike_offset: Decimal,
    limit: Decimal | None,
    timeout: float,
    sequential: bool,
    at_market: bool,
) -> None:
    """Roll what is held of a strategy to the listed expiration nearest to --dte days from today, as one order."""

    async def roll(engine: OrderExecutionEngine) -> ExecutionResult:
        strategy = await strategy_named(engine, strategy_id)
        invocation.sent = "unknown"
        return await engine.roll_position(
            strategy,
            dte,
            limit,
            timeout,
            strike_offset=strike_offset,
            only=right,
            sequential=sequential,
            at_market=at_market,
        )

    result = run_engine(invocation, roll)
    invocation.tell(result.model_dump(mode="json"), result_lines(result))
    judge_result(result)
