"""The steps of a history: what a program asks, what the market does, and what goes wrong.

A step names nothing that is made on the way: it counts, modulo what there is. So each step means something in every
history, whatever stands before it, and a history from which steps are taken out is a history.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt

from v6core.contracts import OrderAction
from v6core.orders import OcaType, OrderType, TimeInForce


class _Step(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Place(_Step):
    """Place an order: ``price`` is where its limit or stop lies, in thousandths above what the contract is worth."""

    step: Literal["PLACE"] = "PLACE"
    contract: NonNegativeInt = 0
    action: OrderAction = OrderAction.BUY
    quantity: PositiveInt = 1
    order_type: OrderType = OrderType.LIMIT
    tif: TimeInForce = TimeInForce.DAY
    price: int = 0


class Bracket(_Step):
    """Place a bracket: a limit entry, and two exits ``width`` thousandths to either side of it."""

    step: Literal["BRACKET"] = "BRACKET"
    action: OrderAction = OrderAction.BUY
    quantity: PositiveInt = 1
    price: int = 0
    width: PositiveInt = 1


class Group(_Step):
    """Place two limit orders of which one cancels or reduces the other, ``width`` thousandths apart."""

    step: Literal["GROUP"] = "GROUP"
    action: OrderAction = OrderAction.BUY
    quantity: PositiveInt = 1
    oca_type: OcaType = OcaType.CANCEL_WITH_BLOCK
    price: int = 0
    width: PositiveInt = 1


class Spread(_Step):
    """Place a combo of two calls, the second sold ``ratio`` times; ``price`` is in cents above its usual net price."""

    step: Literal["SPREAD"] = "SPREAD"
    action: OrderAction = OrderAction.BUY
    quantity: PositiveInt = 1
    ratio: PositiveInt = 1
    price: int = 0


class Modify(_Step):
    """Change an open order's price by thousandths, or where it has none its quantity by as many."""

    step: Literal["MODIFY"] = "MODIFY"
    order: NonNegativeInt = 0
    by: int = 1


class Resize(_Step):
    """Change an open order's quantity."""

    step: Literal["RESIZE"] = "RESIZE"
    order: NonNegativeInt = 0
    by: int = 1


class Cancel(_Step):
    """Cancel an open order; a bracket's exit only goes with its entry."""

    step: Literal["CANCEL"] = "CANCEL"
    order: NonNegativeInt = 0


class CancelAll(_Step):
    """Cancel everything of ours."""

    step: Literal["CANCEL_ALL"] = "CANCEL_ALL"


class Quote(_Step):
    """Quote a contract, ``price`` thousandths above what it was worth at first, with these sizes."""

    step: Literal["QUOTE"] = "QUOTE"
    contract: NonNegativeInt = 0
    price: int = 0
    bid_size: PositiveInt = 1
    ask_size: PositiveInt = 1


class Disconnect(_Step):
    """Cut the link, let the market move by a quote meanwhile, and mend it."""

    step: Literal["DISCONNECT"] = "DISCONNECT"
    meanwhile: Quote = Quote()


class Restart(_Step):
    """Stop the engine, and start another on the same journal."""

    step: Literal["RESTART"] = "RESTART"


class PassTime(_Step):
    """Let minutes pass at the market."""

    step: Literal["PASS_TIME"] = "PASS_TIME"
    minutes: PositiveInt = 1


class Repeat(_Step):
    """Have the broker say again what it said, the last first."""

    step: Literal["REPEAT"] = "REPEAT"


Step: TypeAlias = Annotated[
    Place
    | Bracket
    | Group
    | Spread
    | Modify
    | Resize
    | Cancel
    | CancelAll
    | Quote
    | Disconnect
    | Restart
    | PassTime
    | Repeat,
    Field(discriminator="step"),
]
"""One step."""
History: TypeAlias = tuple[Step, ...]
"""Steps, one after the other."""
