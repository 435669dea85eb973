"""Combos: the net price of legs, and leg prices that come to a given net price exactly.

The net per unit is Σ signed ratio × leg price × leg multiplier, divided by the largest leg multiplier (as in
``v6core.contracts.Combo``): positive paid, negative received.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from v6_paper_plugin.market import Tick
from v6core.contracts import Combo, Contract
from v6core.money import ZERO

_PLACES = Decimal("1E-8")
_WIDEST = 10_000
Legs = Sequence[tuple[Contract, int]]


def net_price(legs: Legs, prices: Sequence[Decimal]) -> Decimal:
    """Return the net per unit of legs with signed ratios at these prices."""
    total = sum((ratio * price * leg.multiplier for (leg, ratio), price in zip(legs, prices, strict=True)), ZERO)
    return total / max(leg.multiplier for leg, _ in legs)


def leg_prices(legs: Legs, prices: Sequence[Decimal], net: Decimal) -> list[Decimal]:
    """Return prices near those given whose net is exactly ``net``.

    The difference goes to one leg where it can: one that becomes dearer, else one that stays at zero or above, else
    over all that can become cheaper. Only where no prices of zero or above come to the net does one go below.
    """
    if net_price(legs, prices) == net:
        return list(prices)
    choices = [*_on_one_leg(legs, prices, net), *_on_two_legs(legs, prices, net)]
    for choice in choices:
        if min(choice) >= 0:
            return choice
    return _spread(legs, prices, net) or choices[0]


def _missing(legs: Legs, prices: Sequence[Decimal], net: Decimal) -> Decimal:
    """Return the cash per unit by which prices fall short of a net."""
    return (net - net_price(legs, prices)) * max(leg.multiplier for leg, _ in legs)


def _on_one_leg(legs: Legs, prices: Sequence[Decimal], net: Decimal) -> Iterator[list[Decimal]]:
    missing = _missing(legs, prices, net)
    steps = [missing / (ratio * leg.multiplier) for leg, ratio in legs]
    for place in sorted(range(len(legs)), key=lambda place: steps[place] < 0):
        changed = [*prices]
        changed[place] += steps[place].quantize(_PLACES)
        if net_price(legs, changed) == net:
            yield [price.normalize() + ZERO for price in changed]


def _on_two_legs(legs: Legs, prices: Sequence[Decimal], net: Decimal) -> Iterator[list[Decimal]]:
    """Move one leg by cents until another can take the rest exactly: ratios of 2 and 3 need that."""
    for place, (_, ratio) in enumerate(legs):
        for cents in range(1, min(max(abs(other) for _, other in legs), _WIDEST)):
            changed = [*prices]
            changed[place] += Decimal(cents) / 100 * (1 if ratio > 0 else -1)
            yield from _on_one_leg(legs, changed, net)
            if net_price(legs, changed) == net:
                yield changed


def _spread(legs: Legs, prices: Sequence[Decimal], net: Decimal) -> list[Decimal] | None:
    """Lower every leg that helps to zero, one after the other, until the rest fits on the next; None if none does."""
    changed = [*prices]
    sign = 1 if _missing(legs, prices, net) > 0 else -1
    for place, (_, ratio) in enumerate(legs):
        if ratio * sign > 0:
            continue
        fitting = next((choice for choice in _on_one_leg(legs, changed, net) if min(choice) >= 0), None)
        if fitting is not None:
            return fitting
        changed[place] = ZERO
    return next((choice for choice in _on_one_leg(legs, changed, net) if min(choice) >= 0), None)


def net_tick(combo: Combo, ticks: Sequence[Tick]) -> Tick:
    """Return a combo's tick from those of its legs: what it costs and brings, for as many units as sizes allow."""
    bid, bid_size = _side([(leg, -ratio) for leg, ratio in combo.signed_legs], ticks)
    ask, ask_size = _side(combo.signed_legs, ticks)
    time = max(tick.time for tick in ticks)
    return Tick(time, combo, None if bid is None else -bid, bid_size, ask, ask_size)


def far_side(tick: Tick, *, buy: bool) -> tuple[Decimal | None, Decimal]:
    """Return the price and size that an order meets."""
    return (tick.ask, tick.ask_size) if buy else (tick.bid, tick.bid_size)


def _side(legs: Legs, ticks: Sequence[Tick]) -> tuple[Decimal | None, Decimal]:
    prices: list[Decimal] = []
    units: list[Decimal] = []
    for (_, ratio), tick in zip(legs, ticks, strict=True):
        price, size = far_side(tick, buy=ratio > 0)
        if price is None:
            return None, ZERO
        prices.append(price)
        units.append(size // abs(ratio))
    return net_price(legs, prices), min(units)
