"""Work of several orders as it is planned before its first order is sent: what a restart finds, and goes on with.

A saga is the plan alone. How far it has come is what the journal knows of its orders, whose ids are made beforehand: an
order that the journal does not know may be sent, one that is proved over is not repeated, and one in doubt is waited
for. An order that is proved never to have arrived is followed by another under the next id (``identifiers.following``).

* ``CloseByLegs`` -- a close leg by leg, at a broker that takes no combo of so many legs
* ``RollBySteps`` -- a roll, as one order or as several
* ``KeptBracket`` -- an entry whose exits v6 sends itself, as far as the entry has filled
* ``KeptGroup``   -- orders of which v6 itself cancels or reduces the others when one fills
"""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from v6core.contracts import Contract
from v6core.money import Number
from v6core.orders import OcaType, Order
from v6core.strategies import Strategy

Legs = tuple[tuple[Contract, Number], ...]
"""Contracts with signed quantities."""


class _Plan(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CloseByLegs(_Plan):
    """Close what was ``held`` of a strategy, an order a leg; ``far_side``: priced by the quotes, not by the caller."""

    saga: Literal["CLOSE"] = "CLOSE"
    strategy: Strategy
    held: Legs
    steps: tuple[Order, ...] = Field(min_length=1)
    far_side: bool

    @property
    def saga_id(self) -> UUID:
        """The id of its first order."""
        return self.steps[0].order_id


class RollOrder(_Plan):
    """One order of a roll and what it changes."""

    order: Order
    changes: Legs


class RollBySteps(_Plan):
    """Roll what was ``held`` of a strategy to ``target``, each order filled whole before the next is sent."""

    saga: Literal["ROLL"] = "ROLL"
    strategy: Strategy
    target: Strategy
    held: Legs
    steps: tuple[RollOrder, ...] = Field(min_length=1)
    far_side: bool

    @property
    def saga_id(self) -> UUID:
        """The id of its first order."""
        return self.steps[0].order.order_id


class KeptBracket(_Plan):
    """An entry and its exits, for a broker that takes no brackets; the exits' quantities are those of the whole."""

    saga: Literal["BRACKET"] = "BRACKET"
    entry: Order
    exits: tuple[Order, ...] = Field(min_length=1)

    @property
    def saga_id(self) -> UUID:
        """The id of its first order."""
        return self.entry.order_id


class KeptGroup(_Plan):
    """Orders of which a fill of one cancels, or reduces, the others, for a broker that keeps no such groups."""

    saga: Literal["GROUP"] = "GROUP"
    members: tuple[Order, ...] = Field(min_length=2)
    oca_type: OcaType

    @property
    def saga_id(self) -> UUID:
        """The id of its first order."""
        return self.members[0].order_id


Kept = KeptBracket | KeptGroup
Saga = Annotated[CloseByLegs | RollBySteps | KeptBracket | KeptGroup, Field(discriminator="saga")]
