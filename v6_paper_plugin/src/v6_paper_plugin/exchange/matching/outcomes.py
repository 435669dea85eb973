"""What happens to orders in a book, in the order in which it happens."""

from __future__ import annotations

from typing import NamedTuple


class Matched(NamedTuple):
    """Some lots of an order were filled at a price, in price units."""

    number: int
    quantity: int
    price: int


class Triggered(NamedTuple):
    """An order's condition was met: it has fired, once and for all, and trades at the market or its limit."""

    number: int


class Unfilled(NamedTuple):
    """What an IOC or FOK order did not get at once; it has left the book."""

    number: int
    quantity: int


Outcome = Matched | Triggered | Unfilled
