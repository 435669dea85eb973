"""Whether the exchange takes an order: everything that can be judged when it comes, before it is at the market."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from v6_paper_plugin.exchange.auctions import why_frozen, why_no_auction
from v6_paper_plugin.exchange.combos import net_price
from v6_paper_plugin.exchange.commissions import Commissions
from v6_paper_plugin.exchange.groups import oca_type, quantity_after_entry
from v6_paper_plugin.exchange.hours import Hours
from v6_paper_plugin.exchange.ledger import Ledger
from v6_paper_plugin.exchange.margin import Requirement, requirement
from v6_paper_plugin.exchange.orders import CHANGEABLE, ExchangeOrder, Refusal
from v6_paper_plugin.exchange.prices import Prices
from v6_paper_plugin.exchange.register import Register
from v6_paper_plugin.exchange.rules import KINDS, MOST_LEGS, ORDERS, Rules
from v6_paper_plugin.market import Market
from v6core.contracts import Combo, Contract, ContractDetails
from v6core.money import ZERO, is_on_tick
from v6core.orders import OrderStatus, TimeInForce

_CENT = Decimal("0.01")


class Admission:
    """Judges orders and changes by the rules, the market's listing and the account."""

    def __init__(
        self,
        rules: Rules,
        market: Market,
        hours: Hours,
        ledger: Ledger,
        register: Register,
        *,
        commissions: Commissions,
    ) -> None:
        self._rules = rules
        self._market = market
        self._hours = hours
        self._ledger = ledger
        self._register = register
        self._commissions = commissions

    def judge(self, unit: Sequence[ExchangeOrder], now: datetime) -> dict[str, Refusal]:
        """Return why orders of a unit are refused, by reference; an empty answer takes them all."""
        refusals = {order.ref: refusal for order in unit if (refusal := self._judge_one(order, unit, now)) is not None}
        if not refusals and (refusal := self._judge_money(unit, now)) is not None:
            refusals[unit[0].ref] = refusal
        return refusals

    def judge_change(self, order: ExchangeOrder, changes: Mapping[str, Any], now: datetime) -> ExchangeOrder | Refusal:
        """Return an order as it is with changed terms, or why it stays as it is."""
        if not order.is_open:
            return too_late(order)
        unknown = sorted(set(changes) - CHANGEABLE)
        if unknown:
            return Refusal("NOT_CHANGEABLE", f"{', '.join(unknown)} cannot be changed")
        after = _changed(order, changes)
        refusal = _judge_progress(order, after) or self._judge_terms(after, now)
        refusal = refusal or (
            self._judge_money([after], now, instead_of=order) if after.parent_ref is None else self._judge_exit(after)
        )
        return refusal or after

    def judge_cancel(self, order: ExchangeOrder, now: datetime) -> Refusal | None:
        """Return why an order is not cancelled, or None where it is."""
        if not order.is_open:
            return too_late(order)
        return why_frozen(order, self._market.session(now), now) if self._rules.auctions else None

    def _judge_exit(self, order: ExchangeOrder) -> Refusal | None:
        entry = self._register.entry(order)
        if entry is None or entry.is_open:
            return None
        most = quantity_after_entry(order, entry, self._register.exits(entry))
        if order.quantity <= most:
            return None
        return Refusal("BEYOND_ENTRY", f"quantity {order.quantity:f} is above the {most:f} that there is to exit")

    def _judge_one(self, order: ExchangeOrder, unit: Sequence[ExchangeOrder], now: datetime) -> Refusal | None:
        if self._rules.refuses_all:
            return Refusal("CONFIGURED", 'every order is refused: fills = "reject"')
        return (
            self._judge_tape(now)
            or self._judge_contract(order.contract, now)
            or self._judge_terms(order, now)
            or self._judge_links(order, unit)
        )

    def _judge_tape(self, now: datetime) -> Refusal | None:
        end = self._market.end
        return Refusal("QUOTES_END", quotes_end(end)) if end is not None and now >= end else None

    def _judge_contract(self, contract: Contract, now: datetime) -> Refusal | None:
        if contract.kind not in KINDS:
            return Refusal("NOT_TRADED", f"{contract.key} is not traded: {contract.kind} contracts are quoted only")
        if contract.currency != self._rules.currency:
            return Refusal(
                "CURRENCY", f"{contract.key} trades in {contract.currency}, the account is in {self._rules.currency}"
            )
        if not isinstance(contract, Combo):
            return self._judge_listed(contract, now)
        if len(contract.legs) > MOST_LEGS:
            return Refusal("TOO_MANY_LEGS", f"a combo has at most {MOST_LEGS} legs, not {len(contract.legs)}")
        refusals = (self._judge_contract(leg, now) for leg, _ in contract.signed_legs)
        return next((refusal for refusal in refusals if refusal is not None), None)

    def _judge_listed(self, contract: Contract, now: datetime) -> Refusal | None:
        if self._market.details(contract) is None:
            return Refusal("UNKNOWN_CONTRACT", f"{contract.key} is not listed")
        expiration: date | None = getattr(contract, "expiration", None)
        if expiration is not None and not self._rules.takes_expired and self._is_over(expiration, now):
            return Refusal("EXPIRED_CONTRACT", f"{contract.key} expired on {expiration}")
        return None

    def _is_over(self, expiration: date, now: datetime) -> bool:
        session = self._market.session(now) or self._market.next_session(now)
        return session is not None and expiration < session.day

    def _judge_terms(self, order: ExchangeOrder, now: datetime) -> Refusal | None:
        kind, order_type, tif = order.contract.kind, order.order_type, order.tif
        if not any(kind in row.kinds and order_type in row.order_types and tif in row.tifs for row in ORDERS):
            return Refusal("NOT_TAKEN", f"{order_type} orders with tif {tif} are not taken for {kind} contracts")
        if order.trail_percent is not None and order.contract.kind == "COMBO":
            return Refusal("NOT_TAKEN", "a combo cannot be trailed by a percentage: its price may be zero")
        if order.good_till is not None and order.good_till <= now:
            return Refusal("PAST", f"good_till {order.good_till.isoformat()} is past: it is {now.isoformat()}")
        return self._judge_auction(order, now) or self._judge_quantity(order) or self._judge_ticks(order)

    def _judge_auction(self, order: ExchangeOrder, now: datetime) -> Refusal | None:
        return why_no_auction(order, self._hours, now) if self._rules.auctions else None

    def _judge_quantity(self, order: ExchangeOrder) -> Refusal | None:
        details = self._details(order.contract)
        if order.quantity % details.quantity_step:
            return Refusal("QUANTITY", f"quantity {order.quantity:f} is no multiple of {details.quantity_step:f}")
        return None

    def _judge_ticks(self, order: ExchangeOrder) -> Refusal | None:
        details = self._details(order.contract)
        for name in ("limit_price", "stop_price", "trail_amount", "limit_offset"):
            price: Decimal | None = getattr(order, name)
            tick = details.tick_at(price) if price is not None else _CENT
            if price is not None and not is_on_tick(price, tick):
                return Refusal("OFF_TICK", f"{name} {price:f} is no multiple of the tick {tick:f}")
        return None

    def _details(self, contract: Contract) -> ContractDetails:
        return self._market.details(contract) or ContractDetails(contract=contract)

    def _judge_links(self, order: ExchangeOrder, unit: Sequence[ExchangeOrder]) -> Refusal | None:
        if order.parent_ref is not None:
            entry = next((other for other in unit if other.ref == order.parent_ref), None)
            entry = entry or self._register.get(order.parent_ref)
            if entry is None or entry.status is OrderStatus.REJECTED or not (entry.is_open or entry.filled):
                return Refusal("NO_ENTRY", f"there is no entry {order.parent_ref} that this exit could belong to")
        return None if order.oca_group is None else self._judge_group(order, order.oca_group, unit)

    def _judge_group(self, order: ExchangeOrder, name: str, unit: Sequence[ExchangeOrder]) -> Refusal | None:
        members = self._register.group(name)
        if any(member.filled for member in members):
            return Refusal("OCA_FILLED", f"the one-cancels-all group {name} has filled already: name another")
        others = [member for member in (*members, *unit) if member.oca_group == name and member.is_open]
        types = sorted({oca_type(member) for member in (*others, order)})
        if len(types) > 1:
            return Refusal("OCA_TYPES", f"the members of one-cancels-all group {name} have types {' and '.join(types)}")
        return None

    def _judge_money(
        self, unit: Sequence[ExchangeOrder], now: datetime, instead_of: ExchangeOrder | None = None
    ) -> Refusal | None:
        """Judge whether the account can carry a unit, and reserve what each order ties up."""
        if not self._rules.margin:
            return None
        prices = Prices(self._market, now)
        free = self._free(prices, instead_of)
        for order in unit:
            order.reserved = ZERO
            if order.parent_ref is not None:
                continue
            needed = self.needed(order, prices)
            order.reserved = max(needed, ZERO)
            if order.reserved and order.reserved > free:
                return Refusal(
                    "BUYING_POWER",
                    f"the order ties up {needed:.2f} {self._rules.currency} of equity, {max(free, ZERO):.2f} are free",
                )
            free -= order.reserved
        return None

    def _free(self, prices: Prices, instead_of: ExchangeOrder | None) -> Decimal:
        reserved = sum((order.reserved for order in self._register.open() if order is not instead_of), ZERO)
        return self._ledger.equity(prices.mark) - self.tied(prices).initial - reserved

    def tied(self, prices: Prices, more: Iterable[tuple[Contract, Decimal]] = ()) -> Requirement:
        """Return what the positions tie up, and with some more of them."""
        held = {key: (holding.contract, holding.quantity) for key, holding in self._ledger.holdings.items()}
        for contract, quantity in more:
            known, before = held.get(contract.key, (contract, ZERO))
            held[contract.key] = (known, before + quantity)
        return requirement(held.values(), prices.mark, prices.underlying)

    def needed(self, order: ExchangeOrder, prices: Prices) -> Decimal:
        """Return by how much free equity falls when the rest of an order fills at its price, else at the market's."""
        legs = [(leg, ratio * order.leaves) for leg, ratio in order.legs]
        change = self.tied(prices, legs).initial - self.tied(prices).initial
        cost = self.net(order, prices) - (prices.net(order.legs) or self.net(order, prices))
        multiplier = max(leg.multiplier for leg, _ in order.legs)
        return change + cost * multiplier * order.leaves + self.commission(order, prices)

    def commission(self, order: ExchangeOrder, prices: Prices) -> Decimal:
        """Return what the rest of an order will cost."""
        return self._commissions.estimate(order, self.leg_prices(order, prices))

    def cash_change(self, order: ExchangeOrder, prices: Prices) -> Decimal:
        """Return what cash will do when the rest of an order fills, before commission."""
        multiplier = max(leg.multiplier for leg, _ in order.legs)
        return -self.net(order, prices) * multiplier * order.leaves

    def leg_prices(self, order: ExchangeOrder, prices: Prices) -> list[Decimal]:
        """Return about what each leg of an order will trade at."""
        return [prices.far_side(leg, buy=ratio > 0) or ZERO for leg, ratio in order.legs]

    def net(self, order: ExchangeOrder, prices: Prices) -> Decimal:
        """Return about what one unit of an order will cost, negative where it brings cash."""
        own = order.limit_price if order.limit_price is not None else order.stop_price
        market = net_price(order.legs, self.leg_prices(order, prices))
        return market if own is None else order.action.sign * own


def too_late(order: ExchangeOrder) -> Refusal:
    """Return why an order that has ended is neither cancelled nor changed."""
    return Refusal("TOO_LATE", f"order {order.broker_order_id} is {order.status}, {order.filled:f} of it filled")


def quotes_end(end: datetime) -> str:
    """Return why nothing trades after the last session of a tape."""
    return f"the recorded quotes end at {end.isoformat()}"


def _changed(order: ExchangeOrder, changes: Mapping[str, Any]) -> ExchangeOrder:
    changed = replace(order, **changes)
    if changed.tif is not TimeInForce.GTD:
        changed.good_till = None
    return changed


def _judge_progress(order: ExchangeOrder, after: ExchangeOrder) -> Refusal | None:
    """Judge a change by what the order has come to already."""
    if order.filled and after.quantity <= order.filled:
        return Refusal(
            "BELOW_FILLED", f"quantity {after.quantity:f} is not above the {order.filled:f} that have filled"
        )
    if order.triggered and after.stop_price != order.stop_price:
        return Refusal("TRIGGERED", f"the stop {order.stop_price} has been reached: it cannot change")
    return None
