"""Draws histories that a driver can play at its broker: no step that it cannot do, no order that is not declared."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from hypothesis import strategies as st

from v6core.capabilities import Capabilities, ModifyKind
from v6core.contracts import Contract, OrderAction
from v6core.orders import ON_CLOSE, ON_OPEN, Order, OrderType, TimeInForce
from v6core.testing.conformance.driver import Drive, Driver
from v6core.testing.conformance.histories.steps import (
    Bracket,
    Cancel,
    CancelAll,
    Disconnect,
    Group,
    History,
    Modify,
    PassTime,
    Place,
    Quote,
    Repeat,
    Resize,
    Restart,
    Spread,
    Step,
)

_TYPES = frozenset(OrderType) - ON_OPEN - ON_CLOSE
"""The types whose orders are told by quotes alone; what the auctions do is for cases of their own."""
_MOST_BOUTS, _MOST_AFTER = 6, 4

actions = st.sampled_from(OrderAction)
quantities = st.integers(1, 12)
prices = st.integers(-40, 40)
numbers = st.integers(0, 7)
sizes = st.integers(1, 15)
quotes = st.builds(Quote, contract=st.integers(0, 3), price=st.integers(-60, 60), bid_size=sizes, ask_size=sizes)


def histories(
    driver: Driver, *, only: Collection[type[Any]] = (), without: Collection[type[Any]] = ()
) -> st.SearchStrategy[History]:
    """Return histories for a driver's world, of some kinds of step only, or without some, where that is asked.

    One is a few bouts: an order, and what happens to it and around it.
    """
    capabilities = driver.spec.capabilities

    def kept(offered: Iterable[_Offer]) -> list[st.SearchStrategy[Step]]:
        return [drawn for kind, drawn in offered if kind not in without and (not only or kind in only)]

    orders, others = kept(_orders(capabilities, driver)), kept([*_changes(capabilities), *_events(driver.can)])
    if not orders:
        return st.just(())
    bouts = st.tuples(_one_of(orders), st.lists(_one_of(others), max_size=_MOST_AFTER) if others else st.just([]))
    return st.lists(bouts, min_size=1, max_size=_MOST_BOUTS).map(
        lambda drawn: tuple(step for order, after in drawn for step in (order, *after))
    )


def _one_of(choices: list[st.SearchStrategy[Step]]) -> st.SearchStrategy[Step]:
    """Return one of some strategies, as often as it is among them; ``st.one_of`` would count each once."""
    return st.sampled_from(choices).flatmap(lambda drawn: drawn)


_Offer = tuple[type[Any], st.SearchStrategy[Step]]


def _orders(capabilities: Capabilities, driver: Driver) -> list[_Offer]:
    ways = sorted(
        (order_type, tif)
        for row in capabilities.orders
        if "STOCK" in row.kinds
        for order_type in row.order_types & _TYPES
        for tif in row.tifs - {TimeInForce.OPG}
    )
    offered: list[_Offer] = [(Place, st.sampled_from(ways).flatmap(_placed))] * 3 if ways else []
    if _takes_brackets(capabilities, driver.samples.stock):
        offered.append(
            (Bracket, st.builds(Bracket, action=actions, quantity=quantities, price=prices, width=st.integers(5, 40)))
        )
    if capabilities.oca_types:
        kinds = st.sampled_from(sorted(capabilities.oca_types))
        width = st.integers(1, 30)
        offered.append(
            (Group, st.builds(Group, action=actions, quantity=quantities, oca_type=kinds, price=prices, width=width))
        )
    if capabilities.max_combo_legs and driver.samples.expiration is not None:
        ratios, nets = st.integers(1, 3), st.integers(-12, 12)
        offered.append((Spread, st.builds(Spread, action=actions, quantity=quantities, ratio=ratios, price=nets)))
    return offered


def _takes_brackets(capabilities: Capabilities, stock: Contract) -> bool:
    """Tell whether a broker takes brackets as a history's steps place them."""
    exits = [Order.limit("SELL", 1, 2, contract=stock, tif="GTC"), Order.stop("SELL", 1, 1, contract=stock, tif="GTC")]
    return capabilities.takes_bracket(Order.limit("BUY", 1, 1, contract=stock, tif="GTC"), exits)


def _placed(way: tuple[OrderType, TimeInForce]) -> st.SearchStrategy[Step]:
    order_type, tif = (st.just(word) for word in way)
    return st.builds(
        Place,
        contract=st.integers(0, 1),
        action=actions,
        quantity=quantities,
        order_type=order_type,
        tif=tif,
        price=prices,
    )


def _changes(capabilities: Capabilities) -> list[_Offer]:
    offered: list[_Offer] = [(Cancel, st.builds(Cancel, order=numbers)), (CancelAll, st.builds(CancelAll))]
    if capabilities.modify is not ModifyKind.NONE:
        by = prices.filter(bool)
        offered.append((Modify, st.builds(Modify, order=numbers, by=by)))
        offered.append((Resize, st.builds(Resize, order=numbers, by=st.integers(-8, 8).filter(bool))))
    return offered


def _events(can: Collection[Drive]) -> list[_Offer]:
    offered: list[_Offer] = [(Restart, st.builds(Restart))]
    if Drive.QUOTES in can:
        offered += [(Quote, quotes)] * 3  # without a market that moves nothing happens to the rest
    if {Drive.QUOTES, Drive.LINK} <= set(can):
        offered.append((Disconnect, st.builds(Disconnect, meanwhile=quotes)))
    if Drive.TIME in can:
        offered.append((PassTime, st.builds(PassTime, minutes=st.sampled_from([1, 30, 90, 600]))))
    if Drive.REPEATS in can:
        offered.append((Repeat, st.builds(Repeat)))
    return offered
