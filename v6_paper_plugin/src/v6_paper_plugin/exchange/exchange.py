"""The exchange: takes orders, keeps them, lets a venue fill them, books what fills, and tells a listener.

It has no clock and does no I/O: whoever runs it says how late it is (``advance``), and asks when next something is due
(``next_time``). The same calls at the same moments have the same effects, to the byte.

The life of an order: ``submit`` judges its unit as a whole (``admission``); taken, it travels for the latency, waits
for the session where none is open, and enters the venue; its fills come back through ``filled``. What a fill or an end
does to other orders is ``groups``' word; what sets orders free is done after the venue has finished, because a book
that is making fills can only take orders out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from v6_paper_plugin.exchange.admission import Admission, quotes_end
from v6_paper_plugin.exchange.agenda import Agenda, Due, Entry
from v6_paper_plugin.exchange.commissions import Commissions
from v6_paper_plugin.exchange.corrections import Corrections
from v6_paper_plugin.exchange.groups import quantity_after_entry, quantity_after_fill, workable
from v6_paper_plugin.exchange.hours import Hours
from v6_paper_plugin.exchange.ledger import Ledger
from v6_paper_plugin.exchange.listener import Adjustment, Listener
from v6_paper_plugin.exchange.orders import CHANGEABLE, ExchangeOrder, Execution, Refusal
from v6_paper_plugin.exchange.prices import Prices
from v6_paper_plugin.exchange.register import Register
from v6_paper_plugin.exchange.rules import Rules
from v6_paper_plugin.exchange.settlement import LastDay, settle
from v6_paper_plugin.exchange.venue import Floor, Venue
from v6_paper_plugin.exchange.watches import Watches
from v6_paper_plugin.market import Market, Tick
from v6core.contracts import Contract, OrderAction
from v6core.money import ZERO
from v6core.orders import ON_OPEN, OrderStatus, OrderType, TimeInForce

_AT_ONCE = frozenset({TimeInForce.IOC, TimeInForce.FOK})


class Exchange:
    """One account at one exchange.

    ``venue`` makes the venue for this exchange. Times given must not go back; all of them are aware.
    """

    def __init__(
        self,
        market: Market,
        venue: Callable[[Floor], Venue],
        *,
        rules: Rules,
        commissions: Commissions,
        ledger: Ledger,
        listener: Listener,
        now: datetime,
    ) -> None:
        self.market = market
        self.rules = rules
        self.ledger = ledger
        self.orders = Register()
        self.executions: list[Execution] = []
        self.adjustments: list[Adjustment] = []
        self.agenda = Agenda()
        self.hours = Hours(market, auctions=rules.auctions)
        self.admission = Admission(rules, market, self.hours, ledger, self.orders, commissions=commissions)
        self.watches = Watches(market, now)
        self.venue = venue(self)
        self.corrections = Corrections(self, listener)
        self.equity_at_close = ledger.equity_at_open
        self._commissions = commissions
        self._listener = listener
        self._now = now.astimezone(UTC)
        self._set_free: list[ExchangeOrder] = []
        self._on_ticks: Callable[[Sequence[Tick]], None] | None = None

    # Time

    @property
    def now(self) -> datetime:
        """The time at the exchange."""
        return self._now

    def set_time(self, now: datetime) -> None:
        """Take up where an earlier run ended; before anything has happened."""
        self._now = now
        self.watches.catch_up(now)

    def begin(self) -> None:
        """Open for business for the first time: put the session's end, or the next one's begin, on the agenda."""
        session = self.market.session(self._now)
        if session is None:
            self._await_session(self._now)
        else:
            self.venue.open(session.open)
            self.agenda.put(session.close, Due.CLOSE)

    def next_time(self) -> datetime | None:
        """Return when next something is due, or None where nothing is."""
        entry, quote = self.agenda.next(), self.watches.next_time()
        times = [time for time in (entry.time if entry else None, quote) if time is not None]
        return min(times, default=None)

    def advance(self, to: datetime) -> None:
        """Do everything that is due up to and including a moment; one that is past changes nothing."""
        while (moment := self.next_time()) is not None and moment <= to:
            self._now = max(self._now, moment)
            self._do(moment, before_quotes=True)
            self.take(self.watches.step(moment))
            self._do(moment, before_quotes=False)
        self._now = max(self._now, to.astimezone(UTC))
        self.watches.catch_up(self._now)

    def _do(self, moment: datetime, *, before_quotes: bool) -> None:
        while (entry := self.agenda.next()) is not None and entry.time <= moment:
            if before_quotes and entry.phase > 0:
                return
            self._do_one(self.agenda.take())

    def _do_one(self, entry: Entry) -> None:
        if entry.due is Due.OPEN:
            self._open_session()
        elif entry.due is Due.CLOSE:
            self._close_session()
        elif (order := self.orders.get(entry.ref)) is not None:
            self._do_order(entry, order)
        self._free()

    def _do_order(self, entry: Entry, order: ExchangeOrder) -> None:
        match entry.due:
            case Due.ARRIVE:
                order.in_transit = False
                if order.order_type in ON_OPEN:
                    self._set_expiry(order)  # its open may have been while it was on its way
                self._arrive(order)
            case Due.CANCEL:
                self._cancel(order)
            case Due.CHANGE:
                self._change(order, entry.changes or {})
            case Due.FILL:
                if order.is_open:
                    self.venue.resume(order)
            case _:
                if order.is_open and order.expires_at == entry.time:
                    self._end(order, OrderStatus.EXPIRED, "its time is over")

    def take(self, ticks: Sequence[Tick], *, anew: bool = False) -> None:
        """Take quotes of this moment: match on them, and hand them to whoever streams quotes.

        Those that are ``anew`` show their sizes again, even where they are what was quoted before.
        """
        if not ticks:
            return
        self.venue.take(ticks, anew=anew)
        self._free()
        if self._on_ticks is not None:
            self._on_ticks(ticks)

    def stream_to(self, on_ticks: Callable[[Sequence[Tick]], None]) -> None:
        """Name who gets the quotes as they come."""
        self._on_ticks = on_ticks

    # Sessions

    @property
    def is_over(self) -> bool:
        """Whether the last session that the tape has is over; nothing will trade any more."""
        end = self.market.end
        return end is not None and self._now >= end

    def _await_session(self, after: datetime) -> None:
        session = self.hours.next(after)
        if session is not None:
            self.agenda.put(session.open, Due.OPEN)

    def _open_session(self) -> None:
        session = self.market.session(self._now)
        if session is None:
            return
        self.ledger.equity_at_open = self.equity_at_close
        if self.market.session(self._now - timedelta(microseconds=1)) is None:
            self.venue.open(session.open)  # what is open around the clock has the same quotes after midnight
        self.agenda.put(session.close, Due.CLOSE)
        for order in self.orders.open():
            if order.is_open and not order.in_transit and not order.at_market:
                self._arrive(order)
                self._free()

    def _close_session(self) -> None:
        self.venue.close_auction()
        for order in self.orders.open():
            if order.is_open and order.expires_at is not None and order.expires_at <= self._now:
                self._end(order, OrderStatus.EXPIRED, "its time is over")
        following = self.hours.next(self._now - timedelta(microseconds=1))
        goes_on = following is not None and following.open == self._now
        if not goes_on:
            self.venue.close()
            self._leave_market()
        self._settle(following.day if following else None)
        self.equity_at_close = self.ledger.equity(Prices(self.market, self._now).mark)
        if following is not None:
            self.agenda.put(following.open, Due.OPEN)
        elif self.is_over:
            self._end_with_the_tape()

    def _end_with_the_tape(self) -> None:
        for order in self.orders.open():
            if order.is_open:
                self._end(order, OrderStatus.EXPIRED, quotes_end(self._now))

    def _leave_market(self) -> None:
        for order in self.orders.open():
            was_working, order.at_market = order.is_working, False
            if was_working:
                self._listener.on_order(order, self._now)

    def _settle(self, next_day: date | None) -> None:
        """Settle for cash what expires with the session that ends here, and end the orders in it."""
        today = self.market.session(self._now - timedelta(microseconds=1))
        if today is None:
            return
        last_day = LastDay(today.day, next_day)
        for order in self.orders.open():
            if order.is_open and last_day.ends(order):
                self._end(order, OrderStatus.EXPIRED, "what it trades has expired")
        for adjustment in settle(self.ledger, last_day, self.prices(), self._now, len(self.adjustments)):
            self.adjustments.append(adjustment)
            self._listener.on_adjustment(adjustment)

    # Orders

    def submit(self, unit: Sequence[ExchangeOrder]) -> None:
        """Take a unit of orders whole, or refuse it whole; their references must be unknown (``orders.get``)."""
        refusals = self.admission.judge(unit, self._now)
        for order in unit:
            self._number(order)
        if refusals:
            self._reject(unit, refusals)
            return
        for order in unit:
            self._accept(order)
        for order in unit:
            self._listener.on_order(order, self._now)
        for order in unit:
            self._send(order)
        self._free()

    def _number(self, order: ExchangeOrder) -> None:
        order.number = len(self.orders) + 1
        order.broker_order_id = f"P{order.number:06d}"
        order.accepted_at = self._now
        self.orders.add(order)

    def _reject(self, unit: Sequence[ExchangeOrder], refusals: Mapping[str, Refusal]) -> None:
        first = next(iter(refusals.values()))
        for order in unit:
            own = refusals.get(order.ref)
            order.code = own.code if own else "UNIT"
            order.reason = own.reason if own else f"its unit was refused: {first.reason}"
            order.status, order.ended_at, order.reserved = OrderStatus.REJECTED, self._now, ZERO
            self.orders.end(order)
            self._listener.on_rejection(order, self._now)

    def _accept(self, order: ExchangeOrder) -> None:
        self._size(order)
        order.in_transit = self.rules.latency > 0
        self._set_expiry(order)
        order.at_market = not order.in_transit and self.hours.is_at_market(order, self._now)
        for leg, _ in order.legs:
            self.watches.add(leg)

    def _set_expiry(self, order: ExchangeOrder) -> None:
        order.expires_at = self.hours.expiry(order, self._now)
        if order.tif is TimeInForce.GTD and order.expires_at is not None:
            self.agenda.put(order.expires_at, Due.EXPIRE, order.ref)

    def _send(self, order: ExchangeOrder) -> None:
        if order.in_transit:
            self.agenda.put(self._now + timedelta(seconds=self.rules.latency), Due.ARRIVE, order.ref)
        elif order.is_open:
            self._arrive(order, told=order.at_market)

    def _arrive(self, order: ExchangeOrder, *, told: bool = False) -> None:
        """Bring an order to the market, if it is open."""
        if not order.is_open:
            return
        if not self.hours.is_at_market(order, self._now):
            if order.tif in _AT_ONCE:
                self._end(order, OrderStatus.CANCELLED, f"the market is closed, and its tif is {order.tif}")
            return
        was_working, order.at_market = order.is_working, True
        self._size(order)
        if not told or order.is_working != was_working:
            self._listener.on_order(order, self._now)
        self.venue.enter(order, order.workable)

    def _size(self, order: ExchangeOrder) -> None:
        entry = self.orders.entry(order)
        order.workable = workable(order, entry, self.orders.exits(entry) if entry else ())

    # The floor: what the venue tells

    def filled(self, order: ExchangeOrder, units: Decimal, prices: Sequence[Decimal]) -> None:
        """Book a fill, tell it and its status, and let it work on the order's group."""
        assert ZERO < units <= order.leaves, f"{units:f} of {order.leaves:f} filled of {order.broker_order_id}"
        was = order.leaves
        order.triggered, order.filled = True, order.filled + units
        order.reserved = order.reserved * order.leaves / was
        order.workable -= units
        if order.order_type is OrderType.MARKET_TO_LIMIT and order.turned_limit is None:
            order.turned_limit = prices[0]
        done = self._execute(order, units, prices)
        if order.filled >= order.quantity:
            order.status = OrderStatus.FILLED
            self._close(order)
        else:
            order.status = OrderStatus.PARTIALLY_FILLED
        for execution in done:
            self._listener.on_execution(order, execution)
        self._listener.on_order(order, self._now)
        self._take_from_siblings(order, units)
        self._set_free.append(order)

    def _execute(self, order: ExchangeOrder, units: Decimal, prices: Sequence[Decimal]) -> list[Execution]:
        done: list[Execution] = []
        for (contract, ratio), price in zip(order.legs, prices, strict=True):
            quantity = abs(ratio) * units
            commission = self._commissions.charge(order, contract, quantity, price)
            action = OrderAction.BUY if ratio > 0 else OrderAction.SELL
            self.ledger.trade(contract, action.sign * quantity, price, commission)
            number = len(self.executions) + 1
            done.append(
                Execution(f"X{number:06d}", order.ref, contract, action, quantity, price, commission, self._now)
            )
            self.executions.append(done[-1])
        return done

    def _take_from_siblings(self, order: ExchangeOrder, units: Decimal) -> None:
        for member in list(self.orders.siblings(order)):
            self._shrink(member, quantity_after_fill(member, units), f"{order.broker_order_id} of its group filled")

    def _shrink(self, order: ExchangeOrder, quantity: Decimal, reason: str) -> None:
        """Lower an order's quantity; what has nothing left ends."""
        if quantity <= order.filled:
            self._end(order, OrderStatus.CANCELLED, reason)
            return
        if quantity == order.quantity:
            return
        order.reserved = order.reserved * (quantity - order.filled) / order.leaves
        order.quantity = quantity
        workable_before = order.workable
        self._size(order)
        # What may grow does so when its entry's fill is worked off: a book that is making fills takes nothing in.
        order.workable = min(order.workable, workable_before)
        self.venue.reduce(order, order.workable)
        self._listener.on_order(order, self._now)

    def triggered(self, order: ExchangeOrder) -> None:
        """Tell that an order's stop was reached, unless a fill has told it already."""
        if order.is_open and not order.triggered:
            order.triggered = True
            self._listener.on_order(order, self._now)

    def unfilled(self, order: ExchangeOrder) -> None:
        """End what an IOC or FOK order did not get."""
        if order.is_open:
            self._end(order, OrderStatus.CANCELLED, f"not filled at once, and its tif is {order.tif}")

    def missed(self, order: ExchangeOrder, reason: str) -> None:
        """End an order that its auction did not fill."""
        if order.is_open:
            self._end(order, OrderStatus.EXPIRED, reason)

    def call_later(self, order: ExchangeOrder, seconds: float) -> None:
        """Put an order on the agenda again."""
        self.agenda.put(self._now + timedelta(seconds=seconds), Due.FILL, order.ref)

    # Ends, and what they set free

    def _end(self, order: ExchangeOrder, status: OrderStatus, reason: str) -> None:
        self.venue.leave(order)
        order.status, order.reason = status, reason
        self._close(order)
        self._listener.on_order(order, self._now)
        for exit_ in list(self.orders.exits(order)):
            if exit_.is_open:
                self._fit_to_entry(exit_, order)

    def _close(self, order: ExchangeOrder) -> None:
        order.ended_at, order.reserved, order.workable, order.at_market = self._now, ZERO, ZERO, False
        self.orders.end(order)
        self.agenda.forget(order.ref)
        for leg, _ in order.legs:
            self.watches.drop(leg)

    def _fit_to_entry(self, order: ExchangeOrder, entry: ExchangeOrder) -> None:
        quantity = quantity_after_entry(order, entry, self.orders.exits(entry))
        left = "unfilled" if not entry.filled else f"with {entry.filled:f} filled"
        self._shrink(order, quantity, f"its entry {entry.broker_order_id} ended {left}")

    def _free(self) -> None:
        """Release the exits of what has filled, in order; their fills may release others."""
        while self._set_free:
            entry = self._set_free.pop(0)
            for order in list(self.orders.exits(entry)):
                if order.is_open:
                    self._release(order, entry)

    def _release(self, order: ExchangeOrder, entry: ExchangeOrder) -> None:
        if not entry.is_open:
            self._fit_to_entry(order, entry)
        was_working, before = order.is_working, order.workable
        self._size(order)
        if not order.is_open or order.workable == before or not order.at_market:
            return
        if order.is_working != was_working:
            self._listener.on_order(order, self._now)
        self.venue.resize(order, order.workable)

    # Requests

    def cancel(self, ref: str) -> None:
        """Ask to cancel an order; the listener is told, after the latency."""
        if self.orders.get(ref) is None or self.rules.latency <= 0:
            self._cancel_known(ref)
        else:
            self.agenda.put(self._now + timedelta(seconds=self.rules.latency), Due.CANCEL, ref)

    def _cancel_known(self, ref: str) -> None:
        order = self.orders.get(ref)
        if order is None:
            self._listener.on_cancel_refused(ref, _unknown(ref), self._now)
        else:
            self._cancel(order)
            self._free()

    def _cancel(self, order: ExchangeOrder) -> None:
        refusal = self.admission.judge_cancel(order, self._now)
        if refusal is None:
            self._end(order, OrderStatus.CANCELLED, "cancelled on request")
        else:
            self._listener.on_cancel_refused(order.ref, refusal, self._now)

    def change(self, ref: str, changes: Mapping[str, Any]) -> None:
        """Ask to change an order's terms; the listener is told, after the latency."""
        order = self.orders.get(ref)
        if order is None:
            self._listener.on_change_refused(ref, _unknown(ref), self._now)
        elif self.rules.latency > 0:
            self.agenda.put(self._now + timedelta(seconds=self.rules.latency), Due.CHANGE, ref, changes)
        else:
            self._change(order, changes)
            self._free()

    def _change(self, order: ExchangeOrder, changes: Mapping[str, Any]) -> None:
        after = self.admission.judge_change(order, changes, self._now)
        if isinstance(after, Refusal):
            self._listener.on_change_refused(order.ref, after, self._now)
            return
        only_less = set(changes) == {"quantity"} and changes["quantity"] <= order.quantity
        if not only_less:
            self.venue.leave(order)
        self._apply(order, after, changes)
        self._listener.on_order(order, self._now)
        if order.at_market:
            (self.venue.resize if only_less else self.venue.enter)(order, order.workable)

    def _apply(self, order: ExchangeOrder, after: ExchangeOrder, changes: Mapping[str, Any]) -> None:
        for name in (*CHANGEABLE, "reserved"):
            setattr(order, name, getattr(after, name))
        if not set(changes).isdisjoint({"trail_amount", "trail_percent", "stop_price"}):
            order.trail_stop = None
        if not set(changes).isdisjoint({"tif", "good_till"}):
            self._set_expiry(order)
        self._size(order)

    # Questions

    def prices(self) -> Prices:
        """Return the market's prices at this moment."""
        return Prices(self.market, self._now)

    def watch(self, contracts: Iterable[Contract]) -> None:
        """Let quotes of single contracts come, beside those that orders need."""
        for contract in contracts:
            self.watches.add(contract)

    def unwatch(self, contracts: Iterable[Contract]) -> None:
        """Take back one ``watch``."""
        for contract in contracts:
            self.watches.drop(contract)


def _unknown(ref: str) -> Refusal:
    return Refusal("UNKNOWN_ORDER", f"there is no order {ref}")
