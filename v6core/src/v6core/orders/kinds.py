"""The words of an order: how its price is made, how long it lives, where it stands, and what went wrong with it."""

from __future__ import annotations

from enum import auto

from v6core.words import Word


class OrderType(Word):
    """How an order's price is made."""

    MARKET = auto()
    LIMIT = auto()
    STOP = auto()
    STOP_LIMIT = auto()
    TRAIL = auto()
    TRAIL_LIMIT = auto()
    MARKET_IF_TOUCHED = auto()
    LIMIT_IF_TOUCHED = auto()
    MARKET_ON_CLOSE = auto()
    LIMIT_ON_CLOSE = auto()
    MARKET_ON_OPEN = auto()
    LIMIT_ON_OPEN = auto()
    MARKET_TO_LIMIT = auto()


class TimeInForce(Word):
    """How long an order lives: the session, until cancelled, at once or not at all, at the open, until a time."""

    DAY = auto()
    GTC = auto()
    IOC = auto()
    FOK = auto()
    OPG = auto()
    GTD = auto()


class OcaType(Word):
    """What a fill of one member of a one-cancels-all group does to the others.

    CANCEL_WITH_BLOCK cancels them; the REDUCE types take what filled off them. "With block": only one member is at
    the market at a time, so that two cannot fill at once.
    """

    CANCEL_WITH_BLOCK = auto()
    REDUCE_WITH_BLOCK = auto()
    REDUCE = auto()


_TERMINAL = frozenset({"DENIED", "FILLED", "CANCELLED", "EXPIRED", "REJECTED", "LOST"})


class OrderStatus(Word):
    """Where an order stands; ``v6core.lifecycle`` says how it gets from one to another."""

    is_terminal: bool
    """Whether no further status is expected."""
    is_open: bool
    """Whether it has been sent, or may have been, and has not ended."""

    CREATED = auto()
    DENIED = auto()
    PENDING_SUBMIT = auto()
    IN_DOUBT = auto()
    SUBMITTED = auto()
    PARTIALLY_FILLED = auto()
    INACTIVE = auto()
    FILLED = auto()
    CANCELLED = auto()
    EXPIRED = auto()
    REJECTED = auto()
    LOST = auto()

    def __init__(self, name: str) -> None:
        self.is_terminal = name in _TERMINAL
        self.is_open = not self.is_terminal and name != "CREATED"


class Anomaly(Word):
    """Something about an order that should not have happened and did."""

    OVERFILL = auto()
    """More was filled than was ordered."""
    LATE_FILL = auto()
    """A fill or a correction came after the order had ended."""
    FILL_BUSTED = auto()
    """A correction took a filled order below its quantity."""
    REJECTED_WITH_FILLS = auto()
    """The broker rejected an order of which it had filled a part."""
    RESURRECTED = auto()
    """Evidence of the order came after it had been proved lost."""
    UNKNOWN_STATUS = auto()
    """The broker used a status word that v6 does not know."""
    TWO_BROKER_ORDERS = auto()
    """The broker shows two orders under one reference; fills of both count."""
    FOREIGN_FILL = auto()
    """A fill under our reference did not fit the order; it is not counted."""
    UNSENT_REPORT = auto()
    """The broker reported on an order that was never sent."""
    TERMS_CHANGED = auto()
    """The broker shows terms that v6 did not ask for."""
    FILLS_UNPROVEN = auto()
    """The order is over, and fills of it may be missing: the broker was not asked while it could still tell."""
    DECIDED_BY_OPERATOR = auto()
    """Somebody decided what became of it; the broker has not said so."""


class Pending(Word):
    """A request under way beside an order's status: sent, or sent and unanswered for too long."""

    SENT = auto()
    IN_DOUBT = auto()


NEEDS_LIMIT = frozenset(
    {
        OrderType.LIMIT,
        OrderType.STOP_LIMIT,
        OrderType.LIMIT_IF_TOUCHED,
        OrderType.LIMIT_ON_CLOSE,
        OrderType.LIMIT_ON_OPEN,
    }
)
NEEDS_STOP = frozenset({OrderType.STOP, OrderType.STOP_LIMIT, OrderType.MARKET_IF_TOUCHED, OrderType.LIMIT_IF_TOUCHED})
TRAILING = frozenset({OrderType.TRAIL, OrderType.TRAIL_LIMIT})
TAKES_STOP = NEEDS_STOP | TRAILING
ON_OPEN = frozenset({OrderType.MARKET_ON_OPEN, OrderType.LIMIT_ON_OPEN})
"""The types that trade at the open of a session alone."""
ON_CLOSE = frozenset({OrderType.MARKET_ON_CLOSE, OrderType.LIMIT_ON_CLOSE})
"""The types that trade at the close of a session alone."""
MODIFIABLE = frozenset(
    {"quantity", "limit_price", "stop_price", "trail_amount", "trail_percent", "limit_offset", "tif", "good_till"}
)
"""The terms of an order that a modify may change."""
