"""Why there is no plan: a code and a sentence. Nothing was sent."""

from __future__ import annotations

from enum import auto

from v6core.errors import OrderDenied
from v6core.words import Word


class PlanningCode(Word):
    """What stands in the way of a plan."""

    NOTHING_HELD = auto()
    """There is nothing to close or roll."""
    NO_QUOTE = auto()
    """Nobody bids or offers, and neither a limit nor a market order was asked for."""
    PRICE_CONFLICT = auto()
    """A limit price and a market order were asked for at once, or a price that the order cannot have."""
    LIMIT_AWAY = auto()
    """Several orders at the present quotes come to more than the limit."""
    OUT_OF_RATIO = auto()
    """What is held is no number of the strategy's units, so that a price or a target per unit says nothing."""
    POSITION_CHANGED = auto()
    """Part of what was to be closed has gone meanwhile."""
    ROLL_IDENTICAL = auto()
    """The target is what is held."""
    ROLL_EXPIRED = auto()
    """The leg to roll has expired."""
    ROLL_EXPIRED_TARGET = auto()
    """The target does not expire after today."""
    ROLL_UNKNOWN_EXPIRATION = auto()
    """The target's expiration is not listed."""
    ROLL_UNKNOWN_STRIKE = auto()
    """The target's strike is not listed."""
    ROLL_UNKNOWN_LEG = auto()
    """A leg to roll is none of the strategy's options."""
    ROLL_COLLIDES = auto()
    """The target would set two legs against each other."""
    ROLL_TOO_MANY_LEGS = auto()
    """The roll has more legs than the broker takes in one order."""


class PlanningError(OrderDenied, ValueError):
    """There is no such plan; ``code`` is a PlanningCode, and nothing was sent."""

    def __init__(self, code: PlanningCode, message: str, *, hint: str | None = None) -> None:
        super().__init__(message, code=code, hint=hint)
