"""Strategies: legs held as one position, the named ones, their profit at expiration, and what covers a short option.

* ``legs`` -- one leg: the underlying, or an option on it
* ``strategy`` -- several legs under one id, and the contract that trades them as one order
* ``named`` -- the strategies that have a name, made from their strikes
* ``claims`` -- any contracts as amounts of their underlying, the form that the next three reckon in
* ``payoff`` -- profit at expiration, break-evens, maximum profit and loss
* ``cover`` -- which long covers which short option
* ``loss`` -- the most that any set of legs can lose, whatever their expirations
"""

from v6core.strategies.cover import releasable, uncovered_shorts
from v6core.strategies.legs import LegAction, LegSpec
from v6core.strategies.loss import max_loss_of
from v6core.strategies.named import (
    Terms,
    butterfly,
    calendar_spread,
    cash_secured_put,
    covered_call,
    diagonal_spread,
    iron_butterfly,
    iron_condor,
    straddle,
    strangle,
    vertical_spread,
)
from v6core.strategies.payoff import Payoff, break_evens, max_loss, max_profit, payoff
from v6core.strategies.strategy import Strategy, StrategyType

__all__ = [
    "LegAction",
    "LegSpec",
    "Payoff",
    "Strategy",
    "StrategyType",
    "Terms",
    "break_evens",
    "butterfly",
    "calendar_spread",
    "cash_secured_put",
    "covered_call",
    "diagonal_spread",
    "iron_butterfly",
    "iron_condor",
    "max_loss",
    "max_loss_of",
    "max_profit",
    "payoff",
    "releasable",
    "straddle",
    "strangle",
    "uncovered_shorts",
    "vertical_spread",
]
