"""An order inside the book.

Each side of the book counts prices in its own direction: a buyer's as they are, a seller's negated. So on either
side lower is better for the order: a limit fills at or below itself, a stop fires at or above itself, a touch fires
at or below itself, and a trail follows the market down.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum, auto
from typing import TYPE_CHECKING

from v6_paper_plugin.exchange.matching.orders import PLAIN, STOPS, TOUCHES, BookOrder, Kind, Lifetime
from v6_paper_plugin.exchange.matching.units import WHOLE

if TYPE_CHECKING:
    from v6_paper_plugin.exchange.matching.trails import Group

FAR = 1 << 62
"""Beyond every price."""


class Stage(Enum):
    """Where in its side of the book an order is."""

    GONE = auto()
    LIVE = auto()
    """At the market: it can be filled."""
    STOP = auto()
    TOUCH = auto()
    UNSET = auto()
    """A trail that has seen no quote yet."""
    PINNED = auto()
    """A trail at the stop that it was given, not moved yet."""
    TRAILING = auto()


class Resting:
    """One order in the book: what it asked for, in its side's direction, and where it stands."""

    __slots__ = (
        "ahead",
        "buy",
        "factor",
        "filled",
        "fired",
        "group",
        "lifetime",
        "limit",
        "number",
        "offset",
        "quantity",
        "rank",
        "request",
        "sequence",
        "stage",
        "stop",
        "trail",
    )

    def __init__(self, order: BookOrder) -> None:
        sign = 1 if order.buy else -1
        self.request = order
        self.number = order.number
        self.buy = order.buy
        self.lifetime = order.lifetime
        self.quantity = order.quantity
        self.filled = order.filled
        self.fired = order.fired
        self.ahead = order.ahead
        self.limit = None if order.limit is None else sign * order.limit
        self.stop = None if order.stop is None else sign * order.stop
        self.offset = order.offset
        self.trail = order.trail
        self.factor = WHOLE + sign * (order.percent or 0)
        self.group: Group | None = None
        self.stage = Stage.GONE
        self.sequence = 0
        # Twice the price from which on it fills, less one where the quote has to pass that price: see Side.
        self.rank = 0

    @property
    def remaining(self) -> int:
        """How many lots are still to be filled."""
        return self.quantity - self.filled

    @property
    def waiting_stage(self) -> Stage:
        """Where it waits for its condition; LIVE for an order without one, or whose condition was met."""
        kind = self.request.kind
        if self.fired or kind in PLAIN:
            return Stage.LIVE
        if kind in STOPS:
            return Stage.STOP
        if kind in TOUCHES:
            return Stage.TOUCH
        return Stage.UNSET if self.stop is None else Stage.PINNED

    @property
    def is_turning(self) -> bool:
        """Whether its first fill makes its limit."""
        return self.limit is None and self.request.kind is Kind.MARKET_TO_LIMIT

    @property
    def is_immediate(self) -> bool:
        """Whether it never rests at the market."""
        return self.lifetime is not Lifetime.REST

    def stop_from(self, extreme: int) -> int:
        """Return the trail's stop when the best price it has seen is ``extreme``, rounded away from the market."""
        if self.trail is not None:
            return extreme + self.trail
        return -((-extreme * self.factor) // WHOLE)

    def first_move(self, stop: int) -> int:
        """Return the highest price at which the trail's own stop would be below ``stop``."""
        if self.trail is not None:
            return stop - self.trail - 1
        return (stop - 1) * WHOLE // self.factor

    def price_of_stop(self) -> int | None:
        """Return the present stop as a price of the market."""
        stop = self.stop if self.group is None else self.stop_from(self.group.extreme)
        return stop if stop is None or self.buy else -stop

    def describe(self) -> BookOrder:
        """Return the order that stands in an empty book as this one stands here."""
        return replace(
            self.request,
            quantity=self.quantity,
            filled=self.filled,
            limit=self.limit if self.limit is None or self.buy else -self.limit,
            stop=self.price_of_stop(),
            fired=self.fired,
            ahead=self.ahead,
        )
