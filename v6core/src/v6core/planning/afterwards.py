"""What is left of a strategy once orders have filled, in whatever part."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from v6core.contracts import Contract, Option, OrderAction, Stock
from v6core.planning.changes import netted
from v6core.strategies import LegSpec, Strategy, StrategyType
from v6core.strategies.claims import SignedLeg


def strategy_after(strategy: Strategy, held: Iterable[SignedLeg]) -> Strategy | None:
    """Return the strategy whose legs are what is held, under the same id; None where nothing is held.

    Legs keep their order, those that came are last. It keeps its type while it has as many options and shares of each
    right and side as before, and is CUSTOM otherwise. ValueError for what the strategy's legs cannot be: another symbol
    or multiplier, a part of a contract.
    """
    rows = {contract.key: (contract, quantity) for contract, quantity in netted(held)}
    before = [contract.key for contract, _ in strategy.signed_legs]
    order = [key for key in before if key in rows] + [key for key in rows if key not in before]
    if not order:
        return None
    legs = tuple(_leg(strategy, *rows[key]) for key in order)
    same = _shape(strategy.legs) == _shape(legs)
    kind = strategy.strategy_type if same else StrategyType.CUSTOM
    return Strategy.model_validate({**dict(strategy), "strategy_type": kind, "legs": legs})


def _leg(strategy: Strategy, contract: Contract, quantity: Decimal) -> LegSpec:
    action = OrderAction.BUY if quantity > 0 else OrderAction.SELL
    if isinstance(contract, Option):
        leg = LegSpec(
            right=contract.right,
            strike=contract.strike,
            expiration=contract.expiration,
            trading_class=contract.trading_class,
            action=action,
            quantity=_whole(contract, quantity),
        )
    elif isinstance(contract, Stock):
        leg = LegSpec(action=action, quantity=_whole(contract, quantity))
    else:
        raise ValueError(f"a {contract.kind} is no leg of {strategy.strategy_id}: {contract.key}")
    if leg_contract(strategy, leg).key != contract.key:
        raise ValueError(f"{contract.key} has not the symbol, currency and multiplier of {strategy.strategy_id}")
    return leg


def leg_contract(strategy: Strategy, leg: LegSpec) -> Stock | Option:
    """Return what a leg would trade as one of the strategy's."""
    return leg.contract(
        strategy.symbol, exchange=strategy.exchange, currency=strategy.currency, multiplier=strategy.multiplier
    )


def _whole(contract: Contract, quantity: Decimal) -> int:
    if quantity % 1:
        raise ValueError(f"a leg is whole, and {quantity:f} of {contract.key} are held")
    return int(abs(quantity))


def _shape(legs: Iterable[LegSpec]) -> list[tuple[str, str]]:
    return sorted((str(leg.right), str(leg.action)) for leg in legs)
