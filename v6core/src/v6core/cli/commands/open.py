"""``v6 open``: a named strategy as one order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import click

from v6core import strategies
from v6core.cli.arguments import DAY, RIGHT, SECONDS, Amount, Type, strikes_of
from v6core.cli.invocation import Invocation, subcommand
from v6core.cli.running import run_engine
from v6core.cli.telling import judge_result, result_lines
from v6core.contracts import OptionRight, OrderAction
from v6core.engine import OrderExecutionEngine
from v6core.fills import ExecutionResult
from v6core.strategies import Strategy, StrategyType


class _Recipe(NamedTuple):
    """What a named strategy is made of: how many expirations, a right or not, the strikes by name."""

    make: Callable[..., Strategy]
    strikes: tuple[str, ...]
    expirations: int = 1
    right: bool = False
    may_be_sold: bool = False


_RECIPES = {
    StrategyType.VERTICAL_SPREAD: _Recipe(strategies.vertical_spread, ("LONG", "SHORT"), right=True),
    StrategyType.IRON_CONDOR: _Recipe(strategies.iron_condor, ("LONG_PUT", "SHORT_PUT", "SHORT_CALL", "LONG_CALL")),
    StrategyType.IRON_BUTTERFLY: _Recipe(strategies.iron_butterfly, ("LONG_PUT", "SHORT", "LONG_CALL")),
    StrategyType.STRADDLE: _Recipe(strategies.straddle, ("STRIKE",), may_be_sold=True),
    StrategyType.STRANGLE: _Recipe(strategies.strangle, ("PUT", "CALL"), may_be_sold=True),
    StrategyType.CALENDAR_SPREAD: _Recipe(strategies.calendar_spread, ("STRIKE",), expirations=2, right=True),
    StrategyType.DIAGONAL_SPREAD: _Recipe(strategies.diagonal_spread, ("NEAR", "FAR"), expirations=2, right=True),
    StrategyType.BUTTERFLY: _Recipe(strategies.butterfly, ("LOWER", "MIDDLE", "UPPER"), right=True),
    StrategyType.COVERED_CALL: _Recipe(strategies.covered_call, ("STRIKE",)),
    StrategyType.CASH_SECURED_PUT: _Recipe(strategies.cash_secured_put, ("STRIKE",)),
}


def _grammar() -> str:
    lines = ["\b", "What each takes (twice --expiration: the near one first):"]
    for kind, recipe in _RECIPES.items():
        rest = (" --right" if recipe.right else "") + (" [--sell]" if recipe.may_be_sold else "")
        dates = " ".join(["--expiration"] * recipe.expirations)
        lines.append(f"  {_word(kind):<17}{dates}{rest} --strikes {','.join(recipe.strikes)}")
    return "\n".join(lines)


def _word(kind: StrategyType) -> str:
    return kind.lower().replace("_", "-")


class _Name(Type):
    name = "strategy"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> StrategyType:
        text = str(value).strip().upper().replace("-", "_")
        found = next((kind for kind in _RECIPES if text in {kind, kind.removesuffix("_SPREAD")}), None)
        if found is None:
            self.fail(f"{value!r} is none of {', '.join(map(_word, _RECIPES))}.", param, ctx)
        return found


@subcommand("open", epilog=_grammar())
@click.argument("name", metavar="STRATEGY", type=_Name())
@click.argument("symbol")
@click.option("--expiration", "expirations", type=DAY, multiple=True, required=True, help="The expiration.")
@click.option("--strikes", required=True, help="The strikes, as in 570,580,620,630.")
@click.option("--right", type=RIGHT, help="The right, where the strategy has one.")
@click.option("--quantity", type=click.IntRange(min=1), default=1, show_default=True, help="How many.")
@click.option("--sell", is_flag=True, help="Sell a straddle or strangle.")
@click.option("--limit", type=Amount("limit"), help="The net per unit: positive to pay, negative to receive.")
@click.option("--market", "at_market", is_flag=True, help="A market order; else the far side of the quotes.")
@click.option("--timeout", type=SECONDS, default=60, show_default=True, help="Wait so long for the fill.")
@click.option("--strategy", "strategy_id", metavar="ID", help="The strategy's id; made up unless said.")
def command(
    invocation: Invocation,
    *,
    name: StrategyType,
    symbol: str,
    expirations: tuple[date, ...],
    strikes: str,
    right: OptionRight | None,
    quantity: int,
    limit: Decimal | None,
    timeout: float,
    strategy_id: str | None,
    sell: bool,
    at_market: bool,
) -> None:
    """Open a named strategy as one order and wait for its fill.

    v6 open iron-condor SPY --expiration 2026-12-18 --strikes 570,580,620,630
    """
    recipe = _RECIPES[name]
    _check(name, recipe, expirations, right, sell=sell)
    prices = strikes_of(strikes)
    if len(prices) != len(recipe.strikes):
        raise click.UsageError(
            f"{_word(name)} takes {len(recipe.strikes)} strikes ({','.join(recipe.strikes)}), not {len(prices)}"
        )
    strategy = _made(recipe, symbol, expirations, right, prices, quantity=quantity, sell=sell, strategy_id=strategy_id)

    async def open_it(engine: OrderExecutionEngine) -> ExecutionResult:
        invocation.sent = "unknown"
        return await engine.open_position(strategy, limit, timeout, at_market=at_market)

    result = run_engine(invocation, open_it)
    document = {**result.model_dump(mode="json"), "strategy_id": strategy.strategy_id}
    invocation.tell(document, [f"strategy {strategy.strategy_id}", *result_lines(result)])
    judge_result(result)


def _check(
    name: StrategyType, recipe: _Recipe, expirations: Sequence[date], right: OptionRight | None, *, sell: bool
) -> None:
    if len(expirations) != recipe.expirations:
        raise click.UsageError(f"{_word(name)} takes --expiration {recipe.expirations} times, not {len(expirations)}")
    if recipe.right is (right is None):
        raise click.UsageError(f"{_word(name)} {'needs' if recipe.right else 'takes no'} --right")
    if sell and not recipe.may_be_sold:
        raise click.UsageError(f"{_word(name)} takes no --sell: its strikes say what is sold")


def _made(
    recipe: _Recipe,
    symbol: str,
    expirations: Sequence[date],
    right: OptionRight | None,
    strikes: Sequence[Decimal],
    *,
    quantity: int,
    sell: bool,
    strategy_id: str | None,
) -> Strategy:
    rights = () if right is None else (right,)
    more: dict[str, Any] = {"action": OrderAction.SELL} if sell else {}
    return recipe.make(symbol, *expirations, *rights, *strikes, quantity=quantity, strategy_id=strategy_id, **more)
