"""What can be closed of a strategy, as a look at the broker said, and whether that still holds when an order leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from v6core.contracts import Contract
from v6core.money import ZERO
from v6core.orders import Order
from v6core.planning.room import SpokenFor, room_for
from v6core.risk import Denial, exposures

Held = tuple[tuple[Contract, Decimal], ...]
Quantities = Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Room:
    """A look at what is held. ``held`` is the strategy's; ``account`` is the broker's figure by contract key.

    ``then`` was our own figure of the account at that moment, and ``now`` tells it at this one: what moved in between
    moved the broker's as well. ``spoken`` tells what other open orders may take of it, at this moment.
    """

    held: Held
    account: Quantities
    then: Quantities
    now: Callable[[], Quantities]
    spoken: Callable[[Order], SpokenFor]

    def why_not(self, order: Order) -> Denial | None:
        """Return why an order may not leave any more: part of what it closes has gone, and it would cross zero."""
        held = {contract.key: quantity for contract, quantity in self.held}
        now, spoken = self.now(), self.spoken(order)
        for key, change in exposures(order):
            if held.get(key, ZERO) * change >= 0:
                continue  # it opens, which is for the limits to judge
            left = self.account.get(key, ZERO) + now.get(key, ZERO) - self.then.get(key, ZERO)
            room = room_for(left, key, spoken) if left * change < 0 else ZERO
            if abs(change) > room:
                message = f"{abs(change):f} of {key} were to be closed, and {room:f} are left to close at this moment"
                return Denial("POSITION_CHANGED", message, hint="look at the positions, and ask again")
        return None
