"""The resting orders of one contract, and the quotes that they meet.

Rules that the book keeps:

* A buy fills at the ask, a sell at the bid, whatever its limit or stop was, never through its limit.
* Only what a quote displays is filled, and only once: each lot of it goes to one order, by price, then by time. The
  next quote displays afresh. Where a side has no price or no size nobody is there: nothing fills, fires or moves.
* Our own orders never meet each other; the quote is the only counterparty.
* A buy stop fires when the ask is at or above it, a sell stop when the bid is at or below it; an IF_TOUCHED the other
  way round. One that is through on arrival fires at once. Orders fire before anything fills, and what has fired
  stays fired and takes its time of priority from there.
* A trail follows the ask down (to buy) or the bid up (to sell), never back. A percentage is rounded away from the
  market, so that it fires exactly where the unrounded stop would.
* A limit that rests fills when the quote reaches its price (queue "touch"), or only when it passes it ("through":
  nothing tells how many stood there before it). One that was marketable when it came, or when it fired, has nobody
  before it. An order that has fired is one that comes at that moment.
* A market order that finds too little waits for the next quote.
* A market-to-limit order fills as a market order does until it has filled for the first time. What is left then is a
  limit at the price of that fill, which takes its time of priority from there and has nobody before it.

What a quote costs does not depend on the orders that it leaves alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any, Literal, TypedDict, Unpack

from v6_paper_plugin.exchange.matching.orders import BookOrder, Standing
from v6_paper_plugin.exchange.matching.outcomes import Matched, Outcome
from v6_paper_plugin.exchange.matching.resting import FAR, Resting
from v6_paper_plugin.exchange.matching.side import Side

Queue = Literal["touch", "through"]

_CONDITION = ("stop", "trail", "percent", "offset")

TAKEN = -1
"""The size of a side that was displayed and of which all was taken: stops still fire there, but nothing fills."""


class Terms(TypedDict, total=False):
    """The terms of an order that can change; ``quantity`` is the whole, what is filled included."""

    quantity: int | None
    limit: int | None
    stop: int | None
    trail: int | None
    percent: int | None
    offset: int | None


class Book:
    """The resting orders of one contract.

    ``slippage`` is by how many price units a fill without a limit (MARKET, STOP, TRAIL, MARKET_IF_TOUCHED, the first of
    a MARKET_TO_LIMIT) is worse than the quote. In a ``signed`` book, a combo's, prices may be zero or negative; in any
    other such a price means that nobody is there, and slippage stops at one unit.

    ``on_match`` is called with each fill before the next one is made, so that a one-cancels-all group can take the
    other members out in time: it may ``cancel`` and ``reduce``, and nothing else.
    """

    __slots__ = (
        "_ask",
        "_ask_high",
        "_ask_low",
        "_ask_size",
        "_bid",
        "_bid_high",
        "_bid_low",
        "_bid_size",
        "_busy",
        "_buys",
        "_orders",
        "_quiet_asks",
        "_sells",
        "_signed",
    )

    def __init__(
        self,
        *,
        queue: Queue = "touch",
        slippage: int = 0,
        signed: bool = False,
        on_match: Callable[[Matched], object] | None = None,
    ) -> None:
        if slippage < 0:
            raise ValueError(f"slippage must not be negative, not {slippage}: it never improves a price")
        sequence = count(1)
        self._orders: dict[int, Resting] = {}
        self._buys, self._sells = (
            Side(
                sign,
                self._orders,
                sequence,
                through=queue == "through",
                slippage=slippage,
                signed=signed,
                on_match=on_match,
            )
            for sign in (1, -1)
        )
        self._signed = signed
        self._busy = False
        self._bid: int | None = None
        self._bid_size = 0
        self._ask: int | None = None
        self._ask_size = 0
        self._finish(buys=True, sells=True)

    def quote(self, bid: int | None, bid_size: int, ask: int | None, ask_size: int) -> list[Outcome]:
        """Take a new quote in place of the last one and return what it does to the orders: buys first, then sells.

        Sizes are zero or more, or TAKEN.
        """
        self._bid = bid
        self._bid_size = bid_size
        self._ask = ask
        self._ask_size = ask_size
        if (
            bid is not None
            and ask is not None
            and self._ask_low < ask < self._ask_high
            and self._bid_low < bid < self._bid_high
        ):
            return []
        return self._meet(bid, bid_size, ask, ask_size)

    def add(self, order: BookOrder) -> list[Outcome]:
        """Take in an order, which meets what is left of the present quote at once, and return what happened to it.

        ValueError for a number that is in the book already, and for prices that have no meaning in it.
        """
        if order.number in self._orders:
            raise ValueError(f"order {order.number} is in the book already")
        self._check(order)
        return self._arrive(Resting(order))

    def cancel(self, number: int) -> bool:
        """Take an order out; False where it is not in the book (any more)."""
        order = self._orders.get(number)
        if order is None:
            return False
        self._side(order.buy).drop(order)
        return True

    def change(self, number: int, **terms: Unpack[Terms]) -> list[Outcome]:
        """Change terms of an order and return what that brings about; None, or nothing given, leaves a term as it is.

        Anything but a lower quantity costs it its place: it meets the present quote like an order that has just come.
        A trail keeps the stop that it has reached, unless a stop is given, and follows at its new distance from there.
        LookupError for an order that is not in the book; ValueError, and no change, where the order would not be valid,
        or has fired and its condition would change.
        """
        order = self._find(number)
        old = order.describe()
        new = _changed(old, terms)
        if order.fired and any(terms.get(name) not in {None, getattr(old, name)} for name in _CONDITION):
            raise ValueError(f"order {number} has fired: its condition cannot change")
        self._check(new)
        if new.quantity <= old.quantity and replace(new, quantity=old.quantity) == old:
            order.quantity = new.quantity
            return []
        self._side(order.buy).drop(order)
        return self._arrive(Resting(replace(new, ahead=False)))

    def reduce(self, number: int, by: int) -> int:
        """Take lots off what an order has still to fill and return how many remain; at 0 it has left the book.

        LookupError for an order that is not in the book; ValueError for a negative number of lots.
        """
        if by < 0:
            raise ValueError(f"an order cannot be reduced by {by}")
        order = self._find(number)
        remaining = order.quantity - order.filled - by
        if remaining <= 0:
            self._side(order.buy).drop(order)
            return 0
        order.quantity -= by
        return remaining

    def standing(self, number: int) -> Standing:
        """Return how an order in the book stands; LookupError for one that is not in it."""
        return Standing(self._find(number).describe())

    def standings(self) -> Iterator[Standing]:
        """Yield how every order stands, by time of priority: added in this order they stand so again."""
        for order in sorted(self._orders.values(), key=lambda each: each.sequence):
            yield Standing(order.describe())

    def stop(self, number: int) -> int | None:
        """Return the present stop of an order, a trail's where it has moved to; None without one.

        LookupError for an order that is not in the book.
        """
        return self._find(number).price_of_stop()

    @property
    def present(self) -> tuple[int | None, int, int | None, int]:
        """The present quote with what is left of its sizes: given to ``quote`` of another book, it is there as here."""
        return self._bid, self._bid_size, self._ask, self._ask_size

    @property
    def bid(self) -> int | None:
        """The best bid of the present quote, or None where nobody bids."""
        return self._bid if self._is_there(self._bid, self._bid_size) else None

    @property
    def bid_size(self) -> int:
        """What is left of the bid's size."""
        return 0 if self.bid is None else max(self._bid_size, 0)

    @property
    def ask(self) -> int | None:
        """The best ask of the present quote, or None where nobody offers."""
        return self._ask if self._is_there(self._ask, self._ask_size) else None

    @property
    def ask_size(self) -> int:
        """What is left of the ask's size."""
        return 0 if self.ask is None else max(self._ask_size, 0)

    def __contains__(self, number: int) -> bool:
        return number in self._orders

    def __len__(self) -> int:
        return len(self._orders)

    def _meet(self, bid: int | None, bid_size: int, ask: int | None, ask_size: int) -> list[Outcome]:
        """Let the orders meet the quote on the sides that it does not leave alone."""
        buys = ask is not None and not self._ask_low < ask < self._ask_high and self._is_there(ask, ask_size)
        sells = bid is not None and not self._bid_low < bid < self._bid_high and self._is_there(bid, bid_size)
        outcomes: list[Outcome] = []
        self._start()
        try:
            if ask is not None and buys:
                self._ask_size = self._buys.meet(ask, ask_size, outcomes) or TAKEN
            if bid is not None and sells:
                self._bid_size = self._sells.meet(-bid, bid_size, outcomes) or TAKEN
        finally:
            self._finish(buys=buys, sells=sells)
        return outcomes

    def _arrive(self, order: Resting) -> list[Outcome]:
        """Let an order meet what is left of the present quote."""
        outcomes: list[Outcome] = []
        self._start()
        try:
            if order.buy:
                left = self._buys.arrive(order, self.ask, self.ask_size, outcomes)
                if self._ask_size > 0:
                    self._ask_size = left or TAKEN
            else:
                bid = self.bid
                left = self._sells.arrive(order, None if bid is None else -bid, self.bid_size, outcomes)
                if self._bid_size > 0:
                    self._bid_size = left or TAKEN
        finally:
            self._finish(buys=order.buy, sells=not order.buy)
        return outcomes

    def _check(self, order: BookOrder) -> None:
        if self._signed:
            if order.percent is not None:
                raise ValueError(f"order {order.number}: no percentage of a price that may be negative")
        elif any(price is not None and price <= 0 for price in (order.limit, order.stop)) and not order.is_trailing:
            raise ValueError(f"order {order.number}: limit and stop must be positive")

    def _find(self, number: int) -> Resting:
        order = self._orders.get(number)
        if order is None:
            raise LookupError(f"order {number} is not in the book")
        return order

    def _side(self, buy: bool) -> Side:
        return self._buys if buy else self._sells

    def _is_there(self, price: int | None, size: int) -> bool:
        return price is not None and size != 0 and (price > 0 or self._signed)

    def _start(self) -> None:
        if self._busy:
            raise RuntimeError("on_match may cancel and reduce orders, nothing else")
        self._busy = True
        self._ask_low = FAR  # a quote from within is not taken for one that leaves every order alone

    def _finish(self, *, buys: bool, sells: bool) -> None:
        """Learn between which prices a quote leaves every order alone, on the sides where that may have changed."""
        self._busy = False
        if buys:
            self._quiet_asks = self._buys.quiet()
        self._ask_low, self._ask_high = self._quiet_asks
        if sells:
            low, high = self._sells.quiet()
            self._bid_low, self._bid_high = -high, -low


def _changed(old: BookOrder, terms: Terms) -> BookOrder:
    """Return the order with the terms that are given; an amount to trail by takes the place of a percentage."""
    given: dict[str, Any] = {name: value for name, value in terms.items() if value is not None}
    if ("trail" in given) != ("percent" in given):
        given = {"trail": None, "percent": None} | given
    return replace(old, **given)
