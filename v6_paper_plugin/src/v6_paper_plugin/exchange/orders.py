"""Orders as the exchange keeps them: plain slotted records, whoever sent them, and what became of each.

An order is identified by its ``ref``, which its sender chose, and by ``broker_order_id``, which the exchange gave.
``order_id``, ``strategy_id`` and ``account`` are the sender's own and only carried along.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from v6core.contracts import Combo, Contract, OrderAction, Single
from v6core.money import ZERO
from v6core.orders import NEEDS_STOP, ON_CLOSE, ON_OPEN, TRAILING, OcaType, OrderStatus, OrderType, TimeInForce

CHANGEABLE = frozenset(
    {"quantity", "limit_price", "stop_price", "trail_amount", "trail_percent", "limit_offset", "tif", "good_till"}
)
"""The terms that a change may touch."""


@dataclass(slots=True, kw_only=True)
class ExchangeOrder:
    """One order and how it stands.

    ``workable`` is how much of it may fill: nothing of a bracket's exit until its entry fills. ``in_transit`` says that
    it is on its way to the market, ``at_market`` that it is there, ``triggered`` that its stop has been reached;
    ``trail_stop`` is how far a trail has moved, ``turned_limit`` the limit that a market-to-limit order has become, the
    price of its first fill. ``reserved`` is the equity that its rest would tie up, and
    ``commission_base`` what its fills would have cost without minimum and rounding.
    """

    ref: str
    contract: Contract
    action: OrderAction
    quantity: Decimal
    order_type: OrderType
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_amount: Decimal | None = None
    trail_percent: Decimal | None = None
    limit_offset: Decimal | None = None
    tif: TimeInForce = TimeInForce.DAY
    good_till: datetime | None = None
    oca_group: str | None = None
    oca_type: OcaType | None = None
    parent_ref: str | None = None
    order_id: str | None = None
    strategy_id: str | None = None
    account: str | None = None
    foreign: bool = False
    """Whether somebody else placed it, under no reference of ours: ``ref`` is then the exchange's own."""

    number: int = 0
    broker_order_id: str = ""
    status: OrderStatus = OrderStatus.SUBMITTED
    workable: Decimal = ZERO
    in_transit: bool = False
    at_market: bool = False
    triggered: bool = False
    trail_stop: Decimal | None = None
    trail_limit: Decimal | None = None
    turned_limit: Decimal | None = None
    filled: Decimal = ZERO
    reserved: Decimal = ZERO
    commission: Decimal = ZERO
    commission_base: Decimal = ZERO
    reason: str | None = None
    code: str | None = None
    accepted_at: datetime | None = None
    ended_at: datetime | None = None
    expires_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether it may still fill."""
        return self.ended_at is None

    @property
    def leaves(self) -> Decimal:
        """What is left to fill, whether or not all of it is at the market yet; zero once the order has ended."""
        return self.quantity - self.filled if self.is_open else ZERO

    @property
    def waits_for_trigger(self) -> bool:
        """Whether the market has yet to reach the order's stop."""
        return not self.triggered and (self.order_type in NEEDS_STOP or self.order_type in TRAILING)

    @property
    def waits_for_auction(self) -> bool:
        """Whether it trades at the open or the close alone."""
        return self.order_type in ON_OPEN or self.order_type in ON_CLOSE

    @property
    def is_working(self) -> bool:
        """Whether it can fill: at the market, and held neither for its entry nor for its stop nor for an auction."""
        is_held = self.waits_for_trigger or self.waits_for_auction
        return self.is_open and self.at_market and self.workable > 0 and not is_held

    @property
    def present_limit(self) -> Decimal | None:
        """The limit that it was given, or that it has become."""
        return self.turned_limit if self.limit_price is None else self.limit_price

    @property
    def legs(self) -> tuple[tuple[Single, int], ...]:
        """The single contracts of one unit with their signed ratios, as the order's action has them."""
        sign = self.action.sign
        if isinstance(self.contract, Combo):
            return tuple((contract, sign * ratio) for contract, ratio in self.contract.signed_legs)
        return ((self.contract, sign),)


@dataclass(frozen=True, slots=True)
class Execution:
    """One fill of one contract."""

    execution_id: str
    ref: str
    contract: Single
    action: OrderAction
    quantity: Decimal
    price: Decimal
    commission: Decimal
    time: datetime
    replaces: str | None = None
    """The execution that this one corrects, and in whose place it counts; with quantity zero, nothing does."""

    @property
    def signed_quantity(self) -> Decimal:
        """What it did to the position."""
        return self.action.sign * self.quantity


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the exchange does not do what it was asked: a stable code and a sentence."""

    code: str
    reason: str
