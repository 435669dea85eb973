"""A venue that matches orders against quotes: a book for each contract with orders, and one for each combo.

* Of one moment, each contract's quote is taken and matched before the next contract's, in the order of their names;
  combos follow, in the order of theirs, on what the legs' books have left.
* A combo's book shows what its legs show: the net of their far sides, for as many units as the smallest leg allows. A
  combo fills whole units, each leg at what its book shows, and takes those lots off the legs' books.
* Books live for a session. What rests goes into new ones at the next open, the oldest order first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from v6_paper_plugin.exchange.auctions import Auctions
from v6_paper_plugin.exchange.combos import leg_prices, net_tick
from v6_paper_plugin.exchange.matching import (
    Book,
    BookOrder,
    Kind,
    Lifetime,
    Matched,
    Outcome,
    Queue,
    Triggered,
    Unfilled,
    to_percent_units,
)
from v6_paper_plugin.exchange.orders import ExchangeOrder
from v6_paper_plugin.exchange.venue import Floor
from v6_paper_plugin.market import Market, Tick
from v6core.contracts import Combo, Contract
from v6core.money import ZERO, plain
from v6core.orders import ON_OPEN, TRAILING, TimeInForce

_USUAL_SCALE = Decimal(10_000)
_CURRENCY_SCALE = Decimal(1_000_000)
_LIFETIMES = {TimeInForce.IOC: Lifetime.IOC, TimeInForce.FOK: Lifetime.FOK}
# A size that is shown and all taken; see ``matching.Book``.
_TAKEN = -1


@dataclass(slots=True)
class _Desk:
    """One book with its units: ``scale`` price units in one of currency, ``lot`` the quantity of one lot."""

    contract: Contract
    book: Book
    scale: Decimal
    lot: Decimal
    tick: Tick | None = None
    orders: dict[int, ExchangeOrder] = field(default_factory=dict[int, ExchangeOrder])

    def units(self, price: Decimal | None, *, up: bool = False) -> int | None:
        """Return a price in units; what does not come out even goes down, or up."""
        if price is None:
            return None
        return int((price * self.scale).to_integral_value(ROUND_CEILING if up else ROUND_FLOOR))

    def price(self, units: int) -> Decimal:
        """Return the price that a number of units stands for."""
        price = Decimal(units) / self.scale
        cents = price.quantize(Decimal("0.01"))
        return cents if cents == price else price

    def lots(self, quantity: Decimal) -> int:
        """Return a quantity in whole lots."""
        return int(quantity // self.lot)

    def quote(self, tick: Tick) -> list[Outcome]:
        """Put a new quote into the book."""
        self.tick = tick
        return self.book.quote(
            self.units(tick.bid), self.lots(tick.bid_size), self.units(tick.ask, up=True), self.lots(tick.ask_size)
        )

    def left(self) -> Tick | None:
        """Return the present quote with what is left of its sizes."""
        if self.tick is None:
            return None
        bid_size, ask_size = self.book.bid_size * self.lot, self.book.ask_size * self.lot
        return self.tick._replace(bid_size=bid_size, ask_size=ask_size)

    def ask(self, order: ExchangeOrder, workable: Decimal, *, ahead: bool = False) -> BookOrder:
        """Return what an order asks of the book; a trail that has moved goes on from where it is."""
        trailing = order.order_type in TRAILING
        return BookOrder(
            number=order.number,
            buy=order.action.sign > 0,
            kind=Kind(order.order_type),
            quantity=self.lots(order.filled + workable),
            limit=self.units(order.trail_limit if trailing else order.present_limit),
            stop=self.units(order.trail_stop if trailing and order.trail_stop is not None else order.stop_price),
            trail=self.units(order.trail_amount),
            percent=None if order.trail_percent is None else to_percent_units(order.trail_percent),
            offset=self.units(order.limit_offset),
            lifetime=_LIFETIMES.get(order.tif, Lifetime.REST),
            filled=self.lots(order.filled),
            fired=order.triggered,
            ahead=ahead,
        )

    def sync(self, order: ExchangeOrder) -> None:
        """Tell an order how far its trail has moved."""
        if order.order_type not in TRAILING or order.number not in self.book:
            return
        standing = self.book.standing(order.number).order
        order.trail_stop = None if standing.stop is None else self.price(standing.stop)
        order.trail_limit = None if standing.limit is None else self.price(standing.limit)


class QuotedVenue:
    """Books on the quotes of a market; ``slippage`` is in price, for orders without a limit."""

    def __init__(self, market: Market, floor: Floor, queue: Queue, slippage: Decimal) -> None:
        self._market = market
        self._floor = floor
        self._queue: Queue = queue
        self._slippage = slippage
        self._since = market.start
        self._desks: dict[str, _Desk] = {}
        self._combos_of: dict[str, set[str]] = {}
        self._passing = 0
        self._auctions = Auctions(market, floor)

    def open(self, since: datetime) -> None:
        """Begin a session: quotes of an earlier one do not count."""
        self._since = since

    def close_auction(self) -> None:
        """Let the orders at the close trade, with the last quotes of the session."""
        self._auctions.close(self._since)

    def close(self) -> None:
        """End the session; trails keep how far they have moved."""
        for desk in self._desks.values():
            for order in desk.orders.values():
                desk.sync(order)
        self._desks.clear()
        self._combos_of.clear()

    def enter(self, order: ExchangeOrder, workable: Decimal) -> None:
        """Take in an order, which meets the present quote at once."""
        if not workable:
            return
        if order.waits_for_auction:
            self._await_auction(order)
            return
        desk = self._desk(order.contract)
        self._refresh(desk)
        desk.orders[order.number] = order
        self._tell(desk, desk.book.add(desk.ask(order, workable)))

    def _await_auction(self, order: ExchangeOrder) -> None:
        """Let an order wait for its auction; one at the open, unless its contract has opened."""
        tick = self._market.tick(order.contract, self._floor.now)
        is_quoted = tick is not None and self._since <= tick.time
        if order.order_type in ON_OPEN and is_quoted and self._floor.now > self._since:
            return  # an exit that was set free too late: its day ends without it
        self._auctions.hold(order)
        if tick is not None and is_quoted and self._floor.now == self._since:
            self._auctions.open([tick])

    def resize(self, order: ExchangeOrder, workable: Decimal) -> None:
        """Let more or less of an order fill; more costs it its place."""
        desk = self._desks.get(order.contract.key)
        if desk is None or order.number not in desk.book:
            self.enter(order, workable)
            return
        standing = desk.book.standing(order.number)
        more = desk.lots(workable) - standing.remaining
        if more > 0:
            self._tell(desk, desk.book.change(order.number, quantity=standing.order.quantity + more))
        else:
            self.reduce(order, workable)

    def reduce(self, order: ExchangeOrder, workable: Decimal) -> None:
        """Let less of an order fill; it keeps its place."""
        desk = self._desks.get(order.contract.key)
        if desk is not None and order.number in desk.book:
            less = desk.book.standing(order.number).remaining - desk.lots(workable)
            if less > 0:
                desk.book.reduce(order.number, less)

    def leave(self, order: ExchangeOrder) -> None:
        """Take an order out."""
        self._auctions.leave(order)
        desk = self._desks.get(order.contract.key)
        if desk is not None and order.number in desk.orders:
            desk.sync(order)
            del desk.orders[order.number]
            desk.book.cancel(order.number)

    def resume(self, order: ExchangeOrder) -> None:
        """Change nothing: fills come with quotes."""

    def take(self, ticks: Sequence[Tick], *, anew: bool = False) -> None:
        """Match each contract's orders on its new quote, then the combos of those contracts."""
        self._auctions.open(ticks)
        combos: set[str] = set()
        for tick in ticks:
            key = tick.contract.key
            desk = self._desks.get(key)
            if desk is None or (tick == desk.tick and not anew):
                continue
            combos |= self._combos_of.get(key, set())
            self._tell(desk, desk.quote(tick))
        for key in sorted(combos):
            self._refresh(self._desks[key])

    def sync(self, order: ExchangeOrder) -> None:
        """Tell an order how far its trail has moved."""
        desk = self._desks.get(order.contract.key)
        if desk is not None:
            desk.sync(order)

    def _desk(self, contract: Contract) -> _Desk:
        """Return the contract's desk, opened if there is none yet."""
        desk = self._desks.get(contract.key)
        if desk is None:
            desk = self._desks[contract.key] = self._new_desk(contract)
            if isinstance(contract, Combo):
                for leg, _ in contract.signed_legs:
                    self._desk(leg)
                    self._combos_of.setdefault(leg.key, set()).add(contract.key)
        return desk

    def _new_desk(self, contract: Contract) -> _Desk:
        scale = _CURRENCY_SCALE if contract.kind == "FOREX" else _USUAL_SCALE
        details = self._market.details(contract)
        lot = details.quantity_step if details is not None else Decimal(1)
        signed = isinstance(contract, Combo)
        slippage = 0 if signed else int((self._slippage * scale).to_integral_value(ROUND_CEILING))

        def on_match(match: Matched) -> None:
            self._matched(desk, match)

        desk = _Desk(contract, Book(queue=self._queue, slippage=slippage, signed=signed, on_match=on_match), scale, lot)
        return desk

    def _refresh(self, desk: _Desk) -> None:
        """Bring a book's quote up to now; a combo's is what the legs' books have left."""
        if isinstance(desk.contract, Combo):
            self._refresh_combo(desk, desk.contract)
            return
        tick = self._market.tick(desk.contract, self._floor.now)
        if tick is None or tick.time < self._since or (desk.tick is not None and tick.time <= desk.tick.time):
            return
        self._tell(desk, desk.quote(tick))

    def _refresh_combo(self, desk: _Desk, combo: Combo) -> None:
        legs = [self._desks[leg.key] for leg, _ in combo.signed_legs]
        for leg in legs:
            self._refresh(leg)
        ticks = [tick for leg in legs if (tick := leg.left()) is not None]
        if len(ticks) == len(legs):
            self._tell(desk, desk.quote(net_tick(combo, ticks)))

    def _matched(self, desk: _Desk, match: Matched) -> None:
        order = desk.orders.get(match.number)
        if order is None:
            return
        quantity, price = match.quantity * desk.lot, desk.price(match.price)
        prices = self._pass_on(order, match.quantity, price) if isinstance(desk.contract, Combo) else [price]
        if quantity == order.leaves:
            del desk.orders[order.number]
        self._floor.filled(order, quantity, prices)

    def _pass_on(self, order: ExchangeOrder, units: int, net: Decimal) -> list[Decimal]:
        """Take a combo's units off the legs' books and return each leg's price."""
        prices: list[Decimal] = []
        for leg, ratio in order.legs:
            desk = self._desks[leg.key]
            units_of_price = desk.book.ask if ratio > 0 else desk.book.bid
            if units_of_price is None:
                raise AssertionError(f"{order.contract.key} matched although nobody trades {leg.key}")
            self._passing -= 1
            lots = units * abs(ratio)
            desk.book.add(
                BookOrder(
                    number=self._passing,
                    buy=ratio > 0,
                    kind=Kind.LIMIT,
                    quantity=lots,
                    limit=units_of_price,
                    lifetime=Lifetime.IOC,
                )
            )
            prices.append(desk.price(units_of_price))
        return leg_prices(order.legs, prices, order.action.sign * net)

    def _tell(self, desk: _Desk, outcomes: Iterable[Outcome]) -> None:
        """Tell what fills were not: they have been told as they were made."""
        for outcome in outcomes:
            order = desk.orders.get(outcome.number)
            if order is None:
                continue
            if isinstance(outcome, Triggered):
                desk.sync(order)
                self._floor.triggered(order)
            elif isinstance(outcome, Unfilled):
                self._floor.unfilled(order)

    def save(self) -> dict[str, Any]:
        """Return each book's quote, what is left of it, and its orders by priority."""
        return {
            "since": self._since.isoformat(),
            "passing": self._passing,
            "books": [self._saved(desk) for desk in self._desks.values() if desk.tick is not None or desk.orders],
        }

    def _saved(self, desk: _Desk) -> dict[str, Any]:
        book, tick = desk.book, desk.tick
        for order in desk.orders.values():
            desk.sync(order)
        return {
            "contract": desk.contract.key,
            "tick": None if tick is None else _tick_as_json(tick),
            "left": [_left(book.bid, book.bid_size), _left(book.ask, book.ask_size)],
            "orders": [[standing.order.number, standing.order.ahead] for standing in book.standings()],
        }

    def load(self, saved: dict[str, Any], orders: Sequence[ExchangeOrder], contracts: Mapping[str, Any]) -> None:
        """Open the books again as they were."""
        self._since = datetime.fromisoformat(saved["since"])
        self._passing = saved["passing"]
        by_number = {order.number: order for order in orders}
        for order in orders:
            if order.at_market and order.waits_for_auction:
                self._auctions.hold(order)
        for row in saved["books"]:
            desk = self._desk(contracts[row["contract"]])
            for number, ahead in row["orders"]:
                order = by_number[number]
                desk.orders[number] = order
                workable = order.workable
                desk.book.add(desk.ask(order, workable, ahead=ahead))
            if row["tick"] is not None:
                tick = _tick_from_json(row["tick"], desk.contract)
                desk.tick = tick
                bid_size, ask_size = row["left"]
                desk.book.quote(desk.units(tick.bid), bid_size, desk.units(tick.ask, up=True), ask_size)


def _left(price: int | None, size: int) -> int:
    return _TAKEN if price is not None and size == 0 else size


def _tick_as_json(tick: Tick) -> list[str | None]:
    bid, ask = (None if price is None else plain(price) for price in (tick.bid, tick.ask))
    return [tick.time.isoformat(), bid, plain(tick.bid_size), ask, plain(tick.ask_size)]


def _tick_from_json(row: list[str | None], contract: Contract) -> Tick:
    time, bid, bid_size, ask, ask_size = row
    return Tick(
        datetime.fromisoformat(time or "").astimezone(UTC),
        contract,
        None if bid is None else Decimal(bid),
        Decimal(bid_size or ZERO),
        None if ask is None else Decimal(ask),
        Decimal(ask_size or ZERO),
    )
