"""What clients ask of the desk, once it has been read off the wire."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from fake_alpaca.assets import Asset
from fake_alpaca.words import AssetClass, OrderClass, OrderType, PositionIntent, Side, TimeInForce


@dataclass(frozen=True, slots=True)
class LegTicket:
    """One leg of a multi-leg order."""

    asset: Asset
    ratio_qty: Decimal
    side: Side
    position_intent: PositionIntent | None = None


@dataclass(frozen=True, slots=True)
class StopLoss:
    """The exit at a loss; with ``limit_price`` it is a stop-limit order."""

    stop_price: Decimal
    limit_price: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A new order. ``asset`` and ``side`` are None for a multi-leg order, and for it alone."""

    asset: Asset | None = None
    side: Side | None = None
    type: OrderType
    tif: TimeInForce
    qty: Decimal
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_price: Decimal | None = None
    trail_percent: Decimal | None = None
    extended_hours: bool = False
    client_order_id: str | None = None
    order_class: OrderClass | None = None
    take_profit: Decimal | None = None
    stop_loss: StopLoss | None = None
    legs: tuple[LegTicket, ...] = ()
    position_intent: PositionIntent | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """What of an order is to be otherwise; None leaves it as it is."""

    qty: Decimal | None = None
    tif: TimeInForce | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail: Decimal | None = None
    client_order_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderQuery:
    """Which orders are asked for; times are exclusive, ``open`` None means all."""

    open: bool | None = True
    limit: int = 50
    after: datetime | None = None
    until: datetime | None = None
    after_order_id: UUID | None = None
    before_order_id: UUID | None = None
    ascending: bool = False
    nested: bool = False
    symbols: frozenset[str] = frozenset()
    side: Side | None = None
    asset_classes: frozenset[AssetClass] = frozenset()
