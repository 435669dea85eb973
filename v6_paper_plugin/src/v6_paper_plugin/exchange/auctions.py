"""The open and the close of a session as auctions, where buyers and sellers meet at one price.

* The price is the middle of a quote that has both sides, to the tick, halves to the even one: the session's first at
  the open, its last at the close. There are no trades on the tape, so no price but a quote's, and an order in an
  auction pays no spread: who buys and who sells there gets the same price, the one at which positions are marked.
* All of an order fills. How much an auction trades, no quote tells.
* An order with a limit fills where that price is at its limit or better. One that does not fill in its auction is over.
* Orders at the close are taken, changed and cancelled until ten minutes before it. Orders at the open come before it;
  what comes later is for the next one. What is open around the clock has neither.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from v6_paper_plugin.exchange.hours import Hours
from v6_paper_plugin.exchange.orders import ExchangeOrder, Refusal
from v6_paper_plugin.exchange.venue import Floor
from v6_paper_plugin.market import Market, Tick
from v6core.orders import ON_CLOSE, ON_OPEN
from v6core.sessions import Session

CUT_OFF = timedelta(minutes=10)
"""How long before the close its orders stand as they are: NYSE rule 7.35B(f), the Closing Auction Imbalance Freeze."""

_ONE = Decimal(1)


def why_no_auction(order: ExchangeOrder, hours: Hours, now: datetime) -> Refusal | None:
    """Return why an order comes to no auction, or None where it does, or waits for none."""
    if not order.waits_for_auction:
        return None
    session = hours.session_of(order, now)
    if session is None:
        return Refusal("NO_AUCTION", f"{order.order_type} orders are not taken: no session follows")
    if hours.goes_on_after(session):
        return Refusal("NO_AUCTION", f"{order.order_type} orders are not taken: the market is open around the clock")
    return why_frozen(order, session, now)


def why_frozen(order: ExchangeOrder, session: Session | None, now: datetime) -> Refusal | None:
    """Return why an order at the close of a session comes too late for anything, or None where it does not."""
    if session is None or order.order_type not in ON_CLOSE or now < session.close - CUT_OFF:
        return None
    last = (session.close - CUT_OFF).isoformat()
    return Refusal("CUT_OFF", f"{order.order_type} orders are taken, changed and cancelled until {last} only")


class Auctions:
    """The orders that wait for the auctions of the session that is open; each ends with it at the latest."""

    def __init__(self, market: Market, floor: Floor) -> None:
        self._market = market
        self._floor = floor
        self._at_open: dict[int, ExchangeOrder] = {}
        self._at_close: dict[int, ExchangeOrder] = {}

    def hold(self, order: ExchangeOrder) -> None:
        """Let an order wait."""
        waiting = self._at_open if order.order_type in ON_OPEN else self._at_close
        waiting[order.number] = order

    def leave(self, order: ExchangeOrder) -> None:
        """Let an order wait no longer."""
        self._at_open.pop(order.number, None)
        self._at_close.pop(order.number, None)

    def open(self, ticks: Iterable[Tick]) -> None:
        """Let the orders at the open trade whose contracts have these for their first quotes of the session."""
        if not self._at_open:
            return
        prices = {tick.contract.key: price for tick in ticks if (price := self._price(tick)) is not None}
        for order in list(self._at_open.values()):
            price = prices.get(order.contract.key)
            if price is not None:
                self._trade(order, price, "open")

    def close(self, since: datetime) -> None:
        """Let the orders at the close trade on the last quotes of the session, which opened at a moment."""
        for order in list(self._at_close.values()):
            tick = self._market.tick(order.contract, self._floor.now)
            self._trade(order, None if tick is None or tick.time < since else self._price(tick), "close")

    def _price(self, tick: Tick) -> Decimal | None:
        details, middle = self._market.details(tick.contract), tick.mid
        if details is None or middle is None:
            return None
        step = details.tick_at(middle)
        return max((middle / step).quantize(_ONE, ROUND_HALF_EVEN), _ONE) * step

    def _trade(self, order: ExchangeOrder, price: Decimal | None, auction: str) -> None:
        if not order.workable:  # an exit of which the entry has filled nothing, or one that a group has just ended
            return
        self.leave(order)
        limit = order.limit_price
        if price is None:
            self._floor.missed(order, f"nobody was on both sides at the {auction}")
        elif limit is not None and order.action.sign * (price - limit) > 0:
            self._floor.missed(order, f"the {auction} was at {price:f}, beyond its limit {limit:f}")
        else:
            self._floor.filled(order, order.workable, [price])
