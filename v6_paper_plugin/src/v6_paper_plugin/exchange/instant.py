"""A venue without matching: orders fill by rule, at their own price, else at the market's.

An order with a limit fills at it, one with a stop alone at that; of a combo's limit, the difference to the legs' prices
is put on one leg (``combos.leg_prices``), so that the legs' net is the limit exactly. What has no price of its own
fills at what the market shows: what is asked to buy, what is bid to sell. Where it shows nothing, an order waits for a
quote, or is not filled at all if it is IOC or FOK. A bracket's exits rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import auto
from typing import Any

from v6_paper_plugin.exchange.combos import far_side, leg_prices
from v6_paper_plugin.exchange.orders import ExchangeOrder
from v6_paper_plugin.exchange.venue import Floor
from v6_paper_plugin.market import Market, Tick
from v6core.contracts import Combo
from v6core.money import plain
from v6core.orders import TimeInForce
from v6core.words import Word


class Rule(Word):
    """When an order fills."""

    IMMEDIATE = auto()
    """At once, whole."""
    DELAYED = auto()
    """Whole, after the delay."""
    PARTIAL = auto()
    """Half at once, at least one, and the rest after the delay."""
    NEVER = auto()
    """It rests until it is cancelled or expires."""


class InstantVenue:
    """Fills by a rule; ``delay`` is in seconds of market time."""

    def __init__(self, market: Market, floor: Floor, rule: Rule, delay: float) -> None:
        self._market = market
        self._floor = floor
        self._rule = rule
        self._delay = delay
        self._waiting: dict[int, tuple[ExchangeOrder, Decimal]] = {}

    def enter(self, order: ExchangeOrder, workable: Decimal) -> None:
        """Fill what the rule says, and ask for the rest to be filled later."""
        if order.parent_ref is not None or self._rule is Rule.NEVER:
            return
        if self._rule is Rule.IMMEDIATE:
            self._fill(order, workable)
        elif order.filled or self._rule is Rule.DELAYED:
            self._floor.call_later(order, self._delay)
        else:
            self._fill(order, max(workable // 2, min(workable, Decimal(1))))
            if order.is_open:
                self._floor.call_later(order, self._delay)

    def resume(self, order: ExchangeOrder) -> None:
        """Fill the rest."""
        self._fill(order, order.leaves)

    def _fill(self, order: ExchangeOrder, units: Decimal) -> None:
        prices = self._prices(order)
        if prices is not None:
            self._floor.filled(order, units, prices)
        elif order.tif in {TimeInForce.IOC, TimeInForce.FOK}:
            self._floor.unfilled(order)
        else:
            self._waiting[order.number] = (order, units)

    def _prices(self, order: ExchangeOrder) -> list[Decimal] | None:
        own = order.present_limit if order.present_limit is not None else order.stop_price
        if own is not None and not isinstance(order.contract, Combo):
            return [own]
        prices = [self._far_side(leg, buy=ratio > 0) for leg, ratio in order.legs]
        known = [price for price in prices if price is not None]
        if len(known) < len(prices):
            return None
        return known if own is None else leg_prices(order.legs, known, order.action.sign * own)

    def _far_side(self, contract: Any, *, buy: bool) -> Decimal | None:
        tick = self._market.tick(contract, self._floor.now)
        return None if tick is None else far_side(tick, buy=buy)[0]

    def open(self, since: datetime) -> None:
        """Change nothing: there is no book to open."""

    def close_auction(self) -> None:
        """Change nothing: orders at the open and the close fill by the rule, like any other."""

    def close(self) -> None:
        """Let nobody wait any longer: whoever is left comes again with the next session."""
        self._waiting.clear()

    def resize(self, order: ExchangeOrder, workable: Decimal) -> None:
        """Change nothing: what may fill is asked when it fills."""

    def reduce(self, order: ExchangeOrder, workable: Decimal) -> None:
        """Change nothing: what may fill is asked when it fills."""

    def leave(self, order: ExchangeOrder) -> None:
        """Take an order out from among those that wait for a quote."""
        self._waiting.pop(order.number, None)

    def take(self, ticks: Sequence[Tick], *, anew: bool = False) -> None:  # noqa: ARG002 -- Venue's signature
        """Fill the orders that have waited for a quote of these contracts."""
        quoted = {tick.contract.key for tick in ticks}
        for order, units in list(self._waiting.values()):
            waits = order.number in self._waiting  # one that filled just before may have taken it out
            if waits and any(leg.key in quoted for leg, _ in order.legs):
                del self._waiting[order.number]
                self._fill(order, min(units, order.leaves))

    def save(self) -> dict[str, Any]:
        """Return which orders wait for a quote, and how much of each."""
        return {"waiting": [[number, plain(units)] for number, (_, units) in self._waiting.items()]}

    def load(
        self,
        saved: dict[str, Any],
        orders: Sequence[ExchangeOrder],
        contracts: Mapping[str, Any],  # noqa: ARG002 -- Venue's signature
    ) -> None:
        """Let the same orders wait."""
        by_number = {order.number: order for order in orders}
        self._waiting = {number: (by_number[number], Decimal(units)) for number, units in saved.get("waiting", [])}

    def sync(self, order: ExchangeOrder) -> None:
        """Change nothing: a trail does not move here."""
