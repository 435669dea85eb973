"""Where orders meet prices: what the exchange asks of a venue, and what a venue tells the exchange.

There are two. ``quoted`` matches orders against the quotes of a market; ``instant`` fills them by rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from v6_paper_plugin.exchange.orders import ExchangeOrder
from v6_paper_plugin.market import Tick


class Floor(Protocol):
    """Who is told what a venue does with orders, at once: the next fill is made after it has returned."""

    @property
    def now(self) -> datetime:
        """The time at the exchange."""
        ...

    def filled(self, order: ExchangeOrder, units: Decimal, prices: Sequence[Decimal]) -> None:
        """Hear that so many units of an order filled, each leg at its price."""
        ...

    def triggered(self, order: ExchangeOrder) -> None:
        """Hear that the market reached an order's stop."""
        ...

    def unfilled(self, order: ExchangeOrder) -> None:
        """Hear that an IOC or FOK order did not get all of it at once."""
        ...

    def missed(self, order: ExchangeOrder, reason: str) -> None:
        """Hear that the auction that an order waited for is over, and why it did not fill."""
        ...

    def call_later(self, order: ExchangeOrder, seconds: float) -> None:
        """Ask for ``Venue.resume`` after so many seconds."""
        ...


class Venue(Protocol):
    """A place where orders fill. All calls are of the present moment of the exchange."""

    def open(self, since: datetime) -> None:
        """Begin a session, which opened at a moment."""
        ...

    def close_auction(self) -> None:
        """Let the orders at the close trade, with the last quotes of the session."""
        ...

    def close(self) -> None:
        """End a session; no order is at the market after it."""
        ...

    def enter(self, order: ExchangeOrder, workable: Decimal) -> None:
        """Take in an order, of which so much may fill."""
        ...

    def resize(self, order: ExchangeOrder, workable: Decimal) -> None:
        """Let more or less of an order fill, and take it in where it is not there; never while fills are made."""
        ...

    def reduce(self, order: ExchangeOrder, workable: Decimal) -> None:
        """Let less of an order fill, at any time; one that is not there stays away."""
        ...

    def leave(self, order: ExchangeOrder) -> None:
        """Take an order out; one that is not there stays away."""
        ...

    def resume(self, order: ExchangeOrder) -> None:
        """Go on with an order after the time that was asked for."""
        ...

    def take(self, ticks: Sequence[Tick], *, anew: bool = False) -> None:
        """Take the quotes of one moment, in order of their contracts, and match on them.

        One that an order has met already counts once, unless it is quoted ``anew``.
        """
        ...

    def save(self) -> dict[str, Any]:
        """Return as JSON what a restart needs beside the orders."""
        ...

    def load(self, saved: dict[str, Any], orders: Sequence[ExchangeOrder], contracts: Mapping[str, Any]) -> None:
        """Go on from what ``save`` returned, with the open orders, and the contracts of all orders by their text."""
        ...

    def sync(self, order: ExchangeOrder) -> None:
        """Tell an order how far its trail has moved."""
        ...
