"""Orders and trade updates as Alpaca shows them: the schema Order, and the messages of the stream trade_updates."""

from __future__ import annotations

from typing import Any

from fake_alpaca.desk.records import AlpacaOrder
from fake_alpaca.desk.updates import TradeUpdate
from fake_alpaca.wire.texts import moment, number
from fake_alpaca.words import OrderClass


def order_json(order: AlpacaOrder, *, nested: bool = False) -> dict[str, Any]:
    """Return an order; its legs are shown where they are asked for, those of a multi-leg order always."""
    shows_legs = bool(order.legs) and (nested or order.is_mleg)
    return {
        **_identity(order),
        **_times(order),
        **_asset(order),
        **_terms(order),
        **_progress(order),
        "legs": [order_json(leg) for leg in order.legs] if shows_legs else None,
        **_links(order),
    }


def _identity(order: AlpacaOrder) -> dict[str, Any]:
    return {
        "id": str(order.order_id),
        "client_order_id": order.client_order_id,
        "replaced_by": None if order.replaced_by is None else str(order.replaced_by),
        "replaces": None if order.replaces is None else str(order.replaces),
    }


def _times(order: AlpacaOrder) -> dict[str, Any]:
    return {
        "created_at": moment(order.created_at),
        "updated_at": moment(order.updated_at),
        "submitted_at": moment(order.created_at),
        "filled_at": moment(order.filled_at),
        "expired_at": moment(order.expired_at),
        "canceled_at": moment(order.canceled_at),
        "failed_at": moment(order.failed_at),
        "replaced_at": moment(order.replaced_at),
    }


def _asset(order: AlpacaOrder) -> dict[str, Any]:
    """Return what is traded; a multi-leg order as a whole has no asset, and says so by empty text."""
    if order.asset is None:
        return {"asset_id": "", "symbol": "", "asset_class": ""}
    asset = order.asset
    return {"asset_id": str(asset.asset_id), "symbol": asset.symbol, "asset_class": asset.asset_class.value}


def _terms(order: AlpacaOrder) -> dict[str, Any]:
    kind = "" if order.type is None else order.type.value
    return {
        "notional": None,
        "qty": number(order.qty),
        "order_class": _order_class(order),
        "order_type": kind,
        "type": kind,
        "side": "" if order.side is None else order.side.value,
        "time_in_force": order.tif.value,
        "limit_price": number(order.limit_price),
        "stop_price": number(order.stop_price),
        "trail_price": number(order.trail_price),
        "trail_percent": number(order.trail_percent),
        "hwm": None,
        "extended_hours": order.extended_hours,
    }


def _order_class(order: AlpacaOrder) -> str:
    """Return the class: a share's simple order has an empty one unless it was named, an option's is always named."""
    if order.order_class is not None:
        return order.order_class.value
    return OrderClass.SIMPLE.value if order.asset is not None and order.asset.is_option else ""


def _progress(order: AlpacaOrder) -> dict[str, Any]:
    return {
        "status": order.status.value,
        "filled_qty": number(order.filled_qty),
        "filled_avg_price": number(order.filled_avg_price),
    }


def _links(order: AlpacaOrder) -> dict[str, Any]:
    """Return what is left out, and not null, where an order does not have it."""
    links: dict[str, Any] = {}
    if order.group_id is not None and order.group_role is not None:
        links |= {"group_id": str(order.group_id), "group_role": order.group_role.value}
    if order.position_intent is not None:
        links["position_intent"] = order.position_intent.value
    if order.ratio_qty is not None:
        links["ratio_qty"] = number(order.ratio_qty)
    return links


def update_json(update: TradeUpdate) -> dict[str, Any]:
    """Return a message of the stream; an execution's numbers are there for executions alone."""
    data: dict[str, Any] = {
        "event": update.event.value,
        "execution_id": str(update.execution_id),
        "order": order_json(update.order),
        "timestamp": moment(update.timestamp),
    }
    if update.price is not None:
        data |= {"price": number(update.price), "qty": number(update.qty)}
    if update.position_qty is not None:
        data["position_qty"] = number(update.position_qty)
    return {"stream": "trade_updates", "data": data}
