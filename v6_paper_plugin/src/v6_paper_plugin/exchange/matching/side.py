"""One side of a book: the buys, which meet the ask, or the sells, which meet the bid.

Prices are in the side's direction (see ``resting``): lower is better for every order here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from v6_paper_plugin.exchange.matching.ladder import Ladder
from v6_paper_plugin.exchange.matching.orders import Lifetime
from v6_paper_plugin.exchange.matching.outcomes import Matched, Outcome, Triggered, Unfilled
from v6_paper_plugin.exchange.matching.resting import FAR, Resting, Stage
from v6_paper_plugin.exchange.matching.trails import Trails

# So many departed orders may lie about in the ladders before a sweep is worth it.
_LITTER = 64


class Side:
    """The orders of one direction, by what they wait for."""

    __slots__ = (
        "_departed",
        "_live",
        "_on_match",
        "_orders",
        "_sequence",
        "_sign",
        "_slippage",
        "_stops",
        "_through",
        "_touches",
        "_trails",
        "_worst",
    )

    def __init__(
        self,
        sign: int,
        orders: dict[int, Resting],
        sequence: Iterator[int],
        *,
        through: bool,
        slippage: int,
        signed: bool,
        on_match: Callable[[Matched], object] | None,
    ) -> None:
        self._sign = sign
        self._orders = orders
        self._sequence = sequence
        self._through = through
        self._slippage = slippage
        # A sell slips to one unit at the lowest, unless prices may be negative.
        self._worst = FAR if sign > 0 or signed else -1
        self._on_match = on_match
        self._departed = 0
        self._live = Ladder(Stage.LIVE)
        self._stops = Ladder(Stage.STOP)
        self._touches = Ladder(Stage.TOUCH)
        self._trails = Trails()

    def quiet(self) -> tuple[int, int]:
        """Return the prices between which nothing fills, fires or moves, both excluded."""
        low, high = self._trails.quiet()
        # A rank is twice a price; one less than that is halved to the unit below, which the quote has to reach.
        low = max(low, -self._live.key(2 * FAR) >> 1, -self._touches.key(FAR))
        return low, min(high, self._stops.key(FAR))

    def meet(self, price: int, size: int, outcomes: list[Outcome]) -> int:
        """Let the orders meet a fresh quote and return what is left of its size."""
        self._trails.move(price)
        fired = self._trails.fire(price)
        fired += self._stops.take(price)
        fired += self._touches.take(-price)
        fired.sort(key=lambda order: order.sequence)
        for order in fired:
            self._fire(order, price, outcomes)
        size = self._match(price, size, outcomes)
        for order in fired:
            self._dismiss(order, outcomes)
        return size

    def arrive(self, order: Resting, price: int | None, size: int, outcomes: list[Outcome]) -> int:
        """Let an order come to the present quote, if there is one, and return what is left of its size."""
        self._orders[order.number] = order
        order.sequence = next(self._sequence)
        stage = order.waiting_stage
        if stage is Stage.LIVE:
            self._enter(order, price)
        elif price is not None and self._is_met(order, stage, price):
            self._fire(order, price, outcomes)
        else:
            self._wait(order, stage, price)
            return size
        if price is not None:
            size = self._match(price, size, outcomes)
        self._dismiss(order, outcomes)
        return size

    def drop(self, order: Resting) -> None:
        """Take an order out of the book; its entries in the ladders are dead from here on."""
        order.stage = Stage.GONE
        del self._orders[order.number]
        self._departed += 1
        if self._departed > len(self._orders) + _LITTER:
            self._sweep()

    def _is_met(self, order: Resting, stage: Stage, price: int) -> bool:
        if order.stop is None:
            return False
        return order.stop >= price if stage is Stage.TOUCH else order.stop <= price

    def _wait(self, order: Resting, stage: Stage, price: int | None) -> None:
        if stage in {Stage.UNSET, Stage.PINNED}:
            self._trails.add(order, price)
            return
        assert order.stop is not None
        order.stage = stage
        if stage is Stage.STOP:
            self._stops.push(order.stop, order)
        else:
            self._touches.push(-order.stop, order)

    def _fire(self, order: Resting, price: int, outcomes: list[Outcome]) -> None:
        order.fired = True
        if order.offset is not None and order.stop is not None:
            order.limit = order.stop + order.offset
        order.sequence = next(self._sequence)
        outcomes.append(Triggered(order.number))
        self._enter(order, price)

    def _enter(self, order: Resting, price: int | None) -> None:
        """Put an order to the market, in its place by price and time."""
        if order.limit is None:
            order.rank = 2 * FAR
        else:
            order.ahead = order.ahead or (price is not None and price <= order.limit)
            order.rank = 2 * order.limit - (self._through and not order.ahead)
        order.stage = Stage.LIVE
        self._live.push(-order.rank, order)

    def _match(self, price: int, size: int, outcomes: list[Outcome]) -> int:
        """Give the displayed lots to the orders that reach the price, and return what is left."""
        while size > 0 and (order := self._live.first()) is not None and order.rank >= 2 * price:
            if order.lifetime is Lifetime.FOK and order.remaining > size:
                self._dismiss(order, outcomes)
                continue
            lots = min(size, order.remaining)
            size -= lots
            self._fill(order, lots, price, outcomes)
        return size

    def _fill(self, order: Resting, lots: int, price: int, outcomes: list[Outcome]) -> None:
        if order.limit is None:
            price = max(price, min(price + self._slippage, self._worst))
        matched = Matched(order.number, lots, self._sign * price)
        outcomes.append(matched)
        order.filled += lots
        if not order.remaining:
            self.drop(order)
        elif order.is_turning:
            self._turn(order, price)
        if self._on_match is not None:
            self._on_match(matched)

    def _turn(self, order: Resting, limit: int) -> None:
        """Make what is left of an order a limit that has just come, and found its price there."""
        order.limit = limit
        order.sequence = next(self._sequence)
        self._enter(order, limit)

    def _dismiss(self, order: Resting, outcomes: list[Outcome]) -> None:
        """Take out what an order that does not rest has left unfilled."""
        if order.stage is Stage.LIVE and order.is_immediate:
            outcomes.append(Unfilled(order.number, order.remaining))
            self.drop(order)

    def _sweep(self) -> None:
        self._departed = 0
        for ladder in (self._live, self._stops, self._touches):
            ladder.sweep()
        self._trails.sweep()
