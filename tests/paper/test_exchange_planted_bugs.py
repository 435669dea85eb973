"""Broken variants of the exchange, each caught by the law that is there for it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from paper import exchange_laws as laws
from paper.exchange_laws import Law, Script, run, scripts
from v6_paper_plugin.exchange import exchange as exchange_module
from v6_paper_plugin.exchange.auctions import Auctions
from v6_paper_plugin.exchange.commissions import Commissions
from v6_paper_plugin.exchange.exchange import Exchange
from v6_paper_plugin.exchange.ledger import Holding, Ledger
from v6_paper_plugin.exchange.matching.side import Side
from v6_paper_plugin.exchange.orders import ExchangeOrder
from v6_paper_plugin.exchange.quoted import QuotedVenue

ledger, holding = cast("Any", Ledger), cast("Any", Holding)
trade, move, release, leave = Ledger.trade, ledger._move, holding._release, QuotedVenue.leave


def commission_counted_twice(self: Ledger, contract: Any, quantity: Decimal, price: Decimal, fee: Decimal) -> None:
    trade(self, contract, quantity, price, fee)
    self.cash -= fee


def cash_of_a_sale_is_paid(self: Ledger, contract: Any, quantity: Decimal, price: Decimal, fee: Decimal) -> None:
    trade(self, contract, quantity, price, fee)
    if quantity < 0:
        self.cash += 2 * quantity * price * contract.multiplier


def multiplier_forgotten(self: Ledger, contract: Any, quantity: Decimal, price: Decimal, fee: Decimal) -> None:
    self.cash -= quantity * price + fee
    self.commissions += fee
    move(self, contract, quantity, price)


def basis_kept_on_reducing(self: Holding, closing: Decimal) -> Decimal:
    basis = self.basis
    released: Decimal = release(self, closing)
    if self.quantity:
        self.basis = basis
    return released


def minimum_charged_on_each_fill(self: Commissions, order: ExchangeOrder, *fill: Any) -> Decimal:
    fee = self.total(self.base(*fill))
    order.commission += fee
    return fee


def settled_but_still_held(self: Ledger, contract: Any, price: Decimal) -> Decimal:
    return -self.quantity(contract)


def sibling_left_alive(self: Exchange, order: ExchangeOrder, units: Decimal) -> None:
    """Let a fill work on nobody."""


def exits_work_in_full(order: ExchangeOrder, *_: Any) -> Decimal:
    return order.leaves


def exits_outlive_their_entry(order: ExchangeOrder, *_: Any) -> Decimal:
    return order.quantity


def reduced_group_is_not_reduced(member: ExchangeOrder, filled: Decimal) -> Decimal:
    return member.quantity


def combo_leg_ratio_lost(self: ExchangeOrder) -> Any:
    sign = self.action.sign
    legs = getattr(self.contract, "signed_legs", ((self.contract, 1),))
    return tuple((leg, sign * (1 if ratio > 0 else -1)) for leg, ratio in legs)


def combo_takes_no_size(self: Any, order: ExchangeOrder, units: int, net: Decimal) -> list[Decimal]:
    return [self._desks[leg.key].price(self._desks[leg.key].book.ask or 0) for leg, _ in order.legs]


def cancelled_but_left_in_the_book(self: QuotedVenue, order: ExchangeOrder) -> None:
    if order.order_type != "LIMIT":
        leave(self, order)


def auction_at_the_bid(self: Any, tick: Any) -> Any:
    return tick.bid


def auction_knows_no_limit(self: Any, order: ExchangeOrder, price: Decimal | None, _: str) -> None:
    self.leave(order)
    if price is not None and order.workable:
        self._floor.filled(order, order.workable, [price])


def market_to_limit_stays_at_the_market(self: Any, order: Any, limit: int) -> None:
    """Let the rest fill at whatever price comes."""


def orders_arrive_before_they_were_sent(self: Any, order: ExchangeOrder) -> None:
    order.in_transit = False
    self._arrive(order)


PLANTED: list[tuple[Any, str, Any, tuple[Law, ...]]] = [
    (Ledger, "trade", commission_counted_twice, (laws.cash_is_exact,)),
    (Ledger, "trade", cash_of_a_sale_is_paid, (laws.cash_is_exact,)),
    (Ledger, "trade", multiplier_forgotten, (laws.cash_is_exact,)),
    (Holding, "_release", basis_kept_on_reducing, (laws.profit_adds_up,)),
    (Commissions, "charge", minimum_charged_on_each_fill, (laws.fees_follow_rates,)),
    (Ledger, "settle", settled_but_still_held, (laws.days_end,)),
    (Exchange, "_take_from_siblings", sibling_left_alive, (laws.groups_hold,)),
    (exchange_module, "workable", exits_work_in_full, (laws.exits_wait,)),
    (exchange_module, "quantity_after_entry", exits_outlive_their_entry, (laws.exits_die,)),
    (exchange_module, "quantity_after_fill", reduced_group_is_not_reduced, (laws.groups_hold,)),
    (ExchangeOrder, "legs", property(combo_leg_ratio_lost), (laws.combos_are_in_ratio,)),
    (QuotedVenue, "_pass_on", combo_takes_no_size, (laws.combos_are_whole, laws.fills_are_quoted)),
    (QuotedVenue, "leave", cancelled_but_left_in_the_book, (laws.statuses,)),
    (Auctions, "_price", auction_at_the_bid, (laws.auctions_have_one_price,)),
    (Auctions, "_trade", auction_knows_no_limit, (laws.limits_hold,)),
    (Side, "_turn", market_to_limit_stays_at_the_market, (laws.market_to_limit_is_no_worse_later,)),
    (Exchange, "_send", orders_arrive_before_they_were_sent, (laws.fills_are_quoted,)),
]


def _name(bug: Any) -> str:
    return str(getattr(bug, "fget", bug).__name__)


@pytest.mark.parametrize(("owner", "name", "bug", "caught_by"), PLANTED, ids=[_name(row[2]) for row in PLANTED])
def test_a_planted_bug_is_caught(
    owner: Any, name: str, bug: Callable[..., Any], caught_by: tuple[Law, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, name, bug)

    @settings(
        deadline=None,
        max_examples=1500,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(script=scripts)
    def holds(script: Script) -> None:
        bench = run(script)
        for law in caught_by:
            law(script, bench)

    with pytest.raises(AssertionError):
        holds()
