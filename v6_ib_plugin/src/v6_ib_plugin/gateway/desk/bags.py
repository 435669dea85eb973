"""The fills of a combo: legs come one by one, and where all have come in ratio the combo itself has filled.

TWS tells one execution of the combo and one of each leg, with one order id. A combo's price is the net of its legs as
the combo has them, whichever way it was traded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from v6_ib_plugin.gateway.desk.orders import mean
from v6core.contracts import Combo
from v6core.fills import Fill
from v6core.money import ZERO


@dataclass(slots=True)
class _Leg:
    ratio: int
    multiplier: Decimal
    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    waiting: Decimal = ZERO
    waiting_cost: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class UnitsFilled:
    """So many units of a combo filled at a net price, by these fills of its legs."""

    units: Decimal
    price: Decimal
    fills: tuple[Fill, ...]


class BagTally:
    """What of one combo order has filled."""

    def __init__(self, combo: Combo) -> None:
        self._legs = {leg.contract.key: _Leg(leg.signed_ratio, leg.contract.multiplier) for leg in combo.legs}
        self._multiplier = combo.multiplier
        self._waiting: list[Fill] = []

    def place_of(self, fill: Fill) -> int:
        """Return the number of a fill's leg, the first one 2: the combo's own row is 1."""
        return 2 + list(self._legs).index(fill.contract.key)

    def so_far(self, fill: Fill) -> tuple[Decimal, Decimal]:
        """Return how much of a fill's leg has filled, and at what mean price."""
        leg = self._legs[fill.contract.key]
        return leg.quantity, mean(leg.cost, leg.quantity)

    def take(self, fill: Fill) -> UnitsFilled | None:
        """Count a fill of a leg; return the units that are whole with it, if any are."""
        leg = self._legs[fill.contract.key]
        leg.quantity, leg.cost = leg.quantity + fill.quantity, leg.cost + fill.quantity * fill.price
        leg.waiting, leg.waiting_cost = leg.waiting + fill.quantity, leg.waiting_cost + fill.quantity * fill.price
        self._waiting.append(fill)
        units = min(each.waiting // abs(each.ratio) for each in self._legs.values())
        return self._complete(units) if units > 0 else None

    def _complete(self, units: Decimal) -> UnitsFilled:
        legs = self._legs.values()
        net = sum((mean(leg.waiting_cost, leg.waiting) * leg.ratio * leg.multiplier for leg in legs), ZERO)
        for leg in legs:
            used = units * abs(leg.ratio)
            leg.waiting_cost -= mean(leg.waiting_cost, leg.waiting) * used
            leg.waiting -= used
        fills, self._waiting = tuple(self._waiting), []
        return UnitsFilled(units, mean(net, self._multiplier), fills)

    def loose(self) -> Sequence[Fill]:
        """Return the fills of legs that never came to a whole unit, once."""
        fills, self._waiting = tuple(self._waiting), []
        return fills
