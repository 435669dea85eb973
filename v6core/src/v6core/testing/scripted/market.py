"""A small market for a scripted broker: its orders fill by the quotes that it is given, by a handful of rules.

A buy takes what is asked, a sell what is bid, never through its limit; each lot that a quote shows goes to one order,
the oldest first. No order is taken that is worth more than twice the cash. A stop fires when the far side reaches it.
IOC and FOK orders end at once, DAY orders with the session of US stocks, outside which nothing fills. There are no
groups, combos or trails here.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from v6core.contracts import Contract, Option, OptionRight, Stock
from v6core.money import ZERO
from v6core.orders import NEEDS_STOP, Order, OrderAction, TimeInForce
from v6core.quotes import Quote
from v6core.reports import AdjustmentReason, FillReport, ReportedStatus
from v6core.sessions import last_session, next_session, session_at
from v6core.testing.scripted.book import HeldOrder
from v6core.testing.scripted.broker import ScriptedBroker
from v6core.testing.scripted.steps import Refs

_LEVERAGE = 2
_AT_ONCE = frozenset({TimeInForce.IOC, TimeInForce.FOK})


class RuleMarket:
    """Scripts a broker so that its orders meet its quotes; ``expire`` has to be called as time passes."""

    def __init__(self, broker: ScriptedBroker) -> None:
        self._broker = broker
        self._left: dict[tuple[str, OrderAction], Decimal] = {}
        self._fired: set[str] = set()
        self._expiries: dict[str, datetime] = {}
        broker.on("place", self._enter, always=True)
        broker.on("modify", self._change, always=True)

    def quote(
        self, contract: Contract, bid: Decimal | None, ask: Decimal | None, *, bid_size: Decimal, ask_size: Decimal
    ) -> None:
        """Show a quote, and fill what it reaches."""
        self._broker.set_quote(contract, bid, ask, bid_size, ask_size)
        self._left[contract.key, OrderAction.SELL] = bid_size if bid is not None else ZERO
        self._left[contract.key, OrderAction.BUY] = ask_size if ask is not None else ZERO
        self.match()

    def match(self) -> None:
        """Let every open order meet the present quote."""
        self.expire()
        for held in [one for one in self._broker.book.orders.values() if one.is_open]:
            self._meet(held)

    def expire(self) -> None:
        """End the orders whose time is over, and settle for cash the options that have expired."""
        for ref, expiry in list(self._expiries.items()):
            if not self._broker.book.orders[ref].is_open:
                del self._expiries[ref]
            elif expiry <= self._broker.now():
                self._broker.end(ref, ReportedStatus.EXPIRED, "its time is over")
        for position in self._broker.book.positions():
            if isinstance(position.contract, Option) and self._is_over(position.contract):
                self._settle(position.contract, position.quantity)

    def _is_over(self, option: Option) -> bool:
        return last_session(option.expiration).close <= self._broker.now()

    def _settle(self, option: Option, quantity: Decimal) -> None:
        sign = 1 if option.right is OptionRight.CALL else -1
        worth = max(sign * (self._broker.middle(Stock(option.symbol)) - option.strike), ZERO)
        exercised = AdjustmentReason.EXERCISE if quantity > 0 else AdjustmentReason.ASSIGNMENT
        self._broker.adjust(option, -quantity, worth, exercised if worth else AdjustmentReason.EXPIRY)
        self._broker.cash += quantity * worth * option.multiplier

    def enter(self, held: HeldOrder) -> None:
        """Let an order meet the market, or refuse it."""
        if self._is_beyond_means(held.order):
            self._broker.reject(held.ref, "beyond the buying power")
            return
        self._broker.accept(held.ref)
        self._meet_anew(held)

    def _is_beyond_means(self, order: Order) -> bool:
        assert order.contract is not None
        price = order.limit_price or order.stop_price or self._broker.middle(order.contract)
        return order.quantity * price * order.contract.multiplier > _LEVERAGE * max(self._broker.cash, ZERO)

    def _meet_anew(self, held: HeldOrder) -> None:
        if not held.is_open:
            return
        self._keep_time(held)
        self._meet(held)
        if held.order.tif in _AT_ONCE and held.is_open:
            self._broker.end(held.ref, ReportedStatus.CANCELLED, f"not filled at once, and its tif is {held.order.tif}")

    def _enter(self, broker: ScriptedBroker, refs: Refs) -> None:
        for ref in refs:
            self.enter(broker.book.find(ref))

    def _keep_time(self, held: HeldOrder) -> None:
        now, order = self._broker.now(), held.order
        if order.tif is TimeInForce.DAY:
            self._expiries[held.ref] = (session_at(now) or next_session(now)).close
        elif order.good_till is not None:
            self._expiries[held.ref] = order.good_till

    def _change(self, broker: ScriptedBroker, refs: Refs) -> None:
        for ref in refs:
            held = broker.book.find(ref)
            wanted = held.order.replace(**held.asked)
            if wanted.quantity <= held.filled:
                broker.refuse(ref, f"{held.filled:f} have filled")
            elif self._is_beyond_means(wanted):
                broker.refuse(ref, "beyond the buying power")
            else:
                broker.confirm(ref)
                self._expiries.pop(ref, None)
                self._meet_anew(held)

    # Matching.

    def _meet(self, held: HeldOrder) -> None:
        order, quote = held.order, self._shown(held)
        price = None if quote is None else quote.ask if order.action is OrderAction.BUY else quote.bid
        if price is None or not self._is_at_market(held, price):
            return
        sign, limit = order.action.sign, order.limit_price
        if limit is not None and sign * price > sign * limit:
            return
        lots = min(held.rest, self._left[_key(held), order.action])
        if lots and not (order.tif is TimeInForce.FOK and lots < held.rest):
            self._left[_key(held), order.action] -= lots
            self._fill(held, lots, price)

    def _shown(self, held: HeldOrder) -> Quote | None:
        return self._broker.quotes_of.get(_key(held)) if session_at(self._broker.now()) is not None else None

    def _is_at_market(self, held: HeldOrder, price: Decimal) -> bool:
        """Tell whether an order may fill: one with a stop only after the market has reached it."""
        order, sign = held.order, held.order.action.sign
        if order.order_type not in NEEDS_STOP or held.ref in self._fired:
            return True
        if order.stop_price is None or sign * price < sign * order.stop_price:
            return False
        self._fired.add(held.ref)
        held.working = True
        self._broker.accept(held.ref)
        return True

    def _fill(self, held: HeldOrder, lots: Decimal, price: Decimal) -> None:
        before = len(self._broker.book.executions)
        self._broker.fill(held.ref, lots, price, commission=ZERO)
        self._pay(list(self._broker.book.executions.values())[before:])

    def _pay(self, reports: Iterable[FillReport]) -> None:
        for report in reports:
            self._broker.cash += report.fill.cash_flow


def _key(held: HeldOrder) -> str:
    assert held.order.contract is not None
    return held.order.contract.key
