"""Matching: the resting orders of one contract against its quotes, in integers, without a clock and without I/O.

    book = Book()
    book.quote(bid=1_000_000, bid_size=5, ask=1_000_500, ask_size=5)
    book.add(BookOrder(number=1, buy=True, kind=Kind.LIMIT, quantity=8, limit=1_001_000))
    # [Matched(number=1, quantity=5, price=1000500)]: at the quote's price, as far as its size goes; 3 rest

``units`` converts prices at the edge, ``orders`` and ``outcomes`` are what goes in and comes out, ``book`` holds the
rules. Behind it, ``side`` keeps the buys or the sells, ``trails`` the trailing stops and ``ladder`` a priority queue.
"""

from v6_paper_plugin.exchange.matching.book import TAKEN, Book, Queue, Terms
from v6_paper_plugin.exchange.matching.orders import BookOrder, Kind, Lifetime, Standing
from v6_paper_plugin.exchange.matching.outcomes import Matched, Outcome, Triggered, Unfilled
from v6_paper_plugin.exchange.matching.units import (
    PERCENT_SCALE,
    PRICE_SCALE,
    from_price_units,
    to_lots,
    to_percent_units,
    to_price_units,
)

__all__ = [
    "PERCENT_SCALE",
    "PRICE_SCALE",
    "TAKEN",
    "Book",
    "BookOrder",
    "Kind",
    "Lifetime",
    "Matched",
    "Outcome",
    "Queue",
    "Standing",
    "Terms",
    "Triggered",
    "Unfilled",
    "from_price_units",
    "to_lots",
    "to_percent_units",
    "to_price_units",
]
