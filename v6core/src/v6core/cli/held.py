"""The strategy that a command names: as it was recorded, else as its fills make it."""

from __future__ import annotations

from v6core.cli.failures import CommandFailed, Failure
from v6core.contracts import Option, OrderAction, Stock
from v6core.engine import OrderExecutionEngine
from v6core.positions import Position
from v6core.strategies import LegSpec, Strategy


async def strategy_named(engine: OrderExecutionEngine, strategy_id: str) -> Strategy:
    """Return a strategy of the journal; CommandFailed, naming those that there are, where it knows none of that id."""
    recorded = {strategy.strategy_id: strategy for strategy in await engine.strategies()}
    if strategy_id in recorded:
        return recorded[strategy_id]
    held = [row for row in await engine.positions() if row.strategy_id == strategy_id]
    legs = [leg for leg in map(_leg, held) if leg is not None]
    symbols = {row.contract.symbol for row in held}
    if legs and len(legs) == len(held) and len(symbols) == 1:
        return Strategy(strategy_id=strategy_id, symbol=symbols.pop(), legs=legs)
    known = ", ".join(recorded) or "none"
    raise CommandFailed(
        Failure(
            error=f"the journal knows no strategy {strategy_id!r} that is held (known: {known})", code="NO_STRATEGY"
        )
    )


def _leg(row: Position) -> LegSpec | None:
    contract, quantity = row.contract, int(abs(row.quantity))
    action = OrderAction.BUY if row.quantity > 0 else OrderAction.SELL
    if quantity != abs(row.quantity):
        return None
    if isinstance(contract, Option):
        return LegSpec(
            action=action,
            right=contract.right,
            strike=contract.strike,
            expiration=contract.expiration,
            quantity=quantity,
            trading_class=contract.trading_class,
        )
    return LegSpec(action=action, quantity=quantity) if isinstance(contract, Stock) else None
