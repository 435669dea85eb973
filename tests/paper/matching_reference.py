"""A slow, obvious matcher: every quote looks at every order. What the book does is compared with what this does."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Unpack

from v6_paper_plugin.exchange.matching import (
    BookOrder,
    Kind,
    Lifetime,
    Matched,
    Outcome,
    Queue,
    Terms,
    Triggered,
    Unfilled,
)

MARKET_KINDS = {Kind.MARKET, Kind.STOP, Kind.TRAIL, Kind.MARKET_IF_TOUCHED}
PLAIN_KINDS = {Kind.MARKET, Kind.LIMIT, Kind.MARKET_TO_LIMIT}
PERCENT_UNIT = Fraction(1, 1_000_000)


def trail_stop(order: BookOrder, market: int) -> int:
    """Return where a trail stands that has seen the market at a price and nothing better."""
    distance = order.trail if order.trail is not None else market * (order.percent or 0) * PERCENT_UNIT
    return math.ceil(market + distance) if order.buy else math.floor(market - distance)


def is_met(order: BookOrder, market: int) -> bool:
    """Tell whether the market fires an order that waits."""
    if order.stop is None:
        return False
    rises = order.buy != (order.kind in {Kind.MARKET_IF_TOUCHED, Kind.LIMIT_IF_TOUCHED})
    return market >= order.stop if rises else market <= order.stop


def is_marketable(order: BookOrder, market: int) -> bool:
    """Tell whether the market is at or better than an order's limit."""
    return order.limit is None or (market <= order.limit if order.buy else market >= order.limit)


def changed(order: BookOrder, terms: Terms) -> BookOrder:
    """Return an order with the terms that are given; a trail is by amount or by percent, whichever was given last."""
    trail, percent = terms.get("trail"), terms.get("percent")
    if trail is None and percent is None:
        trail, percent = order.trail, order.percent
    return replace(
        order,
        quantity=terms.get("quantity") or order.quantity,
        limit=order.limit if (limit := terms.get("limit")) is None else limit,
        stop=order.stop if (stop := terms.get("stop")) is None else stop,
        offset=order.offset if (offset := terms.get("offset")) is None else offset,
        trail=trail,
        percent=percent,
    )


@dataclass
class Entry:
    """An order as it stands, and its place in time."""

    order: BookOrder
    place: int

    @property
    def waits(self) -> bool:
        return self.order.kind not in PLAIN_KINDS and not self.order.fired

    @property
    def remaining(self) -> int:
        return self.order.quantity - self.order.filled


class Reference:
    """The book of ``matching``, by scanning."""

    def __init__(
        self, *, queue: Queue = "touch", slippage: int = 0, on_match: Callable[[Matched], None] | None = None
    ) -> None:
        self.queue = queue
        self.slippage = slippage
        self.on_match = on_match
        self.entries: dict[int, Entry] = {}
        self.places = 0
        self.market: dict[bool, int | None] = {True: None, False: None}
        self.left: dict[bool, int] = {True: 0, False: 0}

    def quote(self, bid: int | None, bid_size: int, ask: int | None, ask_size: int) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for buy, price, size in ((True, ask, ask_size), (False, bid, bid_size)):
            there = price is not None and price > 0 and size > 0
            self.market[buy] = price if there else None
            self.left[buy] = size if there else 0
        for buy in (True, False):
            if self.market[buy] is not None:
                self._meet([entry for entry in self._by_place() if entry.order.buy is buy], buy, outcomes)
        return outcomes

    def add(self, order: BookOrder) -> list[Outcome]:
        outcomes: list[Outcome] = []
        self.entries[order.number] = entry = Entry(order, self._place())
        market = self.market[order.buy]
        if not entry.waits and market is not None and is_marketable(order, market):
            entry.order = replace(order, ahead=True)
        self._meet([entry], order.buy, outcomes)
        return outcomes

    def cancel(self, number: int) -> bool:
        return self.entries.pop(number, None) is not None

    def change(self, number: int, **terms: Unpack[Terms]) -> list[Outcome]:
        if number not in self.entries:
            raise LookupError(number)
        old = self.entries[number].order
        new = changed(old, terms)
        if old.fired and (old.stop, old.trail, old.percent, old.offset) != (
            new.stop,
            new.trail,
            new.percent,
            new.offset,
        ):
            raise ValueError("fired")
        if new.quantity <= old.quantity and new == replace(old, quantity=new.quantity):
            self.entries[number].order = new
            return []
        del self.entries[number]
        return self.add(replace(new, ahead=False))

    def reduce(self, number: int, by: int) -> int:
        if number not in self.entries:
            raise LookupError(number)
        entry = self.entries[number]
        remaining = max(0, entry.remaining - by)
        if remaining:
            entry.order = replace(entry.order, quantity=entry.order.quantity - by)
        else:
            del self.entries[number]
        return remaining

    def stop(self, number: int) -> int | None:
        return self.entries[number].order.stop

    def _place(self) -> int:
        self.places += 1
        return self.places

    def _by_place(self) -> list[Entry]:
        return sorted(self.entries.values(), key=lambda entry: entry.place)

    def _meet(self, entries: Iterable[Entry], buy: bool, outcomes: list[Outcome]) -> None:
        """Let the entries fire and everybody fill; then dismiss those entries that do not rest."""
        entries = list(entries)
        market = self.market[buy]
        if market is not None:
            waiting = [entry for entry in entries if entry.waits]
            fired = [entry for entry in waiting if is_met(entry.order, market)]
            for entry in waiting:
                if entry not in fired:
                    self._trail(entry, market)
            for entry in fired:
                outcomes.append(Triggered(entry.order.number))
                self._fire(entry, market)
            self._fill(buy, market, outcomes)
        for entry in entries:
            self._dismiss(entry, outcomes)

    def _trail(self, entry: Entry, market: int) -> None:
        order = entry.order
        if order.kind in {Kind.TRAIL, Kind.TRAIL_LIMIT}:
            stop = trail_stop(order, market)
            if order.stop is not None:
                stop = min(stop, order.stop) if order.buy else max(stop, order.stop)
            entry.order = replace(order, stop=stop)

    def _fire(self, entry: Entry, market: int) -> None:
        order = replace(entry.order, fired=True)
        if order.offset is not None and order.stop is not None:
            order = replace(order, limit=order.stop + order.offset if order.buy else order.stop - order.offset)
        if order.limit is not None and is_marketable(order, market):
            order = replace(order, ahead=True)
        entry.order = order
        entry.place = self._place()

    def _priority(self, entry: Entry) -> tuple[bool, int, bool, int]:
        order = entry.order
        limit = order.limit or 0
        return (
            order.limit is not None,
            -limit if order.buy else limit,
            self.queue == "through" and order.limit is not None and not order.ahead,
            entry.place,
        )

    def _may_fill(self, entry: Entry, market: int) -> bool:
        order = entry.order
        at_the_price = self.queue == "through" and not order.ahead and order.limit == market
        return not entry.waits and is_marketable(order, market) and not at_the_price

    def _fill(self, buy: bool, market: int, outcomes: list[Outcome]) -> None:
        candidates = [entry for entry in self.entries.values() if entry.order.buy is buy]
        for entry in sorted((each for each in candidates if self._may_fill(each, market)), key=self._priority):
            order = entry.order
            lots = min(self.left[buy], entry.remaining)
            if order.number not in self.entries or lots == 0:
                continue
            if order.lifetime is Lifetime.FOK and lots < entry.remaining:
                self._dismiss(entry, outcomes)
                continue
            self.left[buy] -= lots
            price = self._price(order, market)
            entry.order = replace(order, filled=order.filled + lots) if lots < entry.remaining else order
            if entry.order is order:
                del self.entries[order.number]
            elif order.kind is Kind.MARKET_TO_LIMIT and order.limit is None:
                entry.order = replace(entry.order, limit=price, ahead=True)
                entry.place = self._place()
            matched = Matched(order.number, lots, price)
            outcomes.append(matched)
            if self.on_match is not None:
                self.on_match(matched)

    def _price(self, order: BookOrder, market: int) -> int:
        slips = order.limit is None if order.kind is Kind.MARKET_TO_LIMIT else order.kind in MARKET_KINDS
        if not slips:
            return market
        return market + self.slippage if order.buy else max(market - self.slippage, 1)

    def _dismiss(self, entry: Entry, outcomes: list[Outcome]) -> None:
        number = entry.order.number
        if self.entries.get(number) is entry and not entry.waits and entry.order.lifetime is not Lifetime.REST:
            del self.entries[number]
            outcomes.append(Unfilled(number, entry.remaining))
