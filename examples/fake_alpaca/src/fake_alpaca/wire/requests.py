"""What clients ask, read off the wire: the schemas CreateOrderRequest and PatchOrderRequest, and the list's query."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from fake_alpaca.assets import Asset, asset_of
from fake_alpaca.desk.tickets import LegTicket, OrderQuery, Replacement, StopLoss, Ticket
from fake_alpaca.refusals import forbidden, invalid, unprocessable
from fake_alpaca.wire.fields import Fields
from fake_alpaca.words import AssetClass, OrderClass, OrderType, PositionIntent, Side, TimeInForce

_ORDER = frozenset(
    {
        "symbol", "qty", "notional", "side", "type", "time_in_force", "limit_price", "stop_price", "trail_price",
        "trail_percent", "extended_hours", "client_order_id", "order_class", "legs", "take_profit", "stop_loss",
        "position_intent", "advanced_instructions",
    }
)  # fmt: skip
_PATCH = frozenset(
    {
        "qty", "notional", "time_in_force", "limit_price", "stop_price", "trail", "client_order_id",
        "advanced_instructions",
    }
)  # fmt: skip
_QUERY = frozenset(
    {
        "status", "limit", "after", "until", "direction", "nested", "symbols", "side", "asset_class",
        "before_order_id", "after_order_id",
    }
)  # fmt: skip
_LEG = frozenset({"symbol", "ratio_qty", "side", "position_intent"})
MOST_ROWS = 500


def ticket_of(body: Mapping[str, Any]) -> Ticket:
    """Return the order that a body asks for; Refusal where it cannot be read."""
    fields = Fields(body, _ORDER)
    _refuse_what_is_not_simulated(fields)
    symbol, qty = fields.text("symbol"), fields.number("qty")
    if qty is None:
        raise invalid("qty or notional is required")
    return Ticket(
        asset=_asset(symbol) if symbol else None,
        side=fields.choice("side", Side),
        type=fields.required("type", OrderType),
        tif=fields.required("time_in_force", TimeInForce),
        qty=qty,
        limit_price=fields.number("limit_price"),
        stop_price=fields.number("stop_price"),
        trail_price=fields.number("trail_price"),
        trail_percent=fields.number("trail_percent"),
        extended_hours=fields.flag("extended_hours"),
        client_order_id=fields.text("client_order_id"),
        order_class=fields.choice("order_class", OrderClass),
        take_profit=_take_profit(fields),
        stop_loss=_stop_loss(fields),
        legs=tuple(_leg(row) for row in fields.rows("legs", _LEG)),
        position_intent=fields.choice("position_intent", PositionIntent),
    )


def _refuse_what_is_not_simulated(fields: Fields) -> None:
    if "notional" in fields:
        raise forbidden("notional orders are not accepted: the simulated market has no fractions of shares")
    if "advanced_instructions" in fields:
        raise unprocessable("advanced_instructions are not accepted: the simulated market has one venue")


def _asset(symbol: str) -> Asset:
    try:
        return asset_of(symbol)
    except ValueError:
        raise unprocessable(f'asset "{symbol}" not found') from None


def _take_profit(fields: Fields) -> Decimal | None:
    inner = fields.inner("take_profit", frozenset({"limit_price"}))
    return None if inner is None else _given(inner, "limit_price")


def _stop_loss(fields: Fields) -> StopLoss | None:
    inner = fields.inner("stop_loss", frozenset({"stop_price", "limit_price"}))
    return None if inner is None else StopLoss(_given(inner, "stop_price"), inner.number("limit_price"))


def _given(fields: Fields, name: str) -> Decimal:
    value = fields.number(name)
    if value is None or value <= 0:
        raise invalid(f"{name} must be > 0")
    return value


def _leg(row: Fields) -> LegTicket:
    symbol, ratio, side = row.text("symbol"), row.number("ratio_qty"), row.choice("side", Side)
    intent = row.choice("position_intent", PositionIntent)
    side = side or (None if intent is None else intent.side)
    if symbol is None or ratio is None or side is None:
        raise invalid("a leg requires symbol, ratio_qty, and side or position_intent")
    return LegTicket(_asset(symbol), ratio, side, intent)


def replacement_of(body: Mapping[str, Any]) -> Replacement:
    """Return the change that a body asks for."""
    fields = Fields(body, _PATCH)
    _refuse_what_is_not_simulated(fields)
    return Replacement(
        qty=fields.number("qty"),
        tif=fields.choice("time_in_force", TimeInForce),
        limit_price=fields.number("limit_price"),
        stop_price=fields.number("stop_price"),
        trail=fields.number("trail"),
        client_order_id=fields.text("client_order_id"),
    )


def order_query(query: Mapping[str, str]) -> OrderQuery:
    """Return which orders a query asks for."""
    fields = Fields(query, _QUERY)
    status, direction = fields.text("status") or "open", fields.text("direction") or "desc"
    if status not in {"open", "closed", "all"} or direction not in {"asc", "desc"}:
        raise invalid(f"invalid status {status} or direction {direction}")
    return OrderQuery(
        open={"open": True, "closed": False, "all": None}[status],
        limit=fields.whole("limit", 50, MOST_ROWS),
        after=fields.moment("after"),
        until=fields.moment("until"),
        after_order_id=fields.ident("after_order_id"),
        before_order_id=fields.ident("before_order_id"),
        ascending=direction == "asc",
        nested=fields.flag("nested"),
        symbols=fields.words("symbols"),
        side=fields.choice("side", Side),
        asset_classes=_asset_classes(fields),
    )


def _asset_classes(fields: Fields) -> frozenset[AssetClass]:
    names = fields.words("asset_class")
    if "all" in names:
        return frozenset()
    try:
        return frozenset(AssetClass(name) for name in names)
    except ValueError as error:
        raise invalid(f"invalid asset_class: {error}") from None


def order_id_of(text: str) -> UUID:
    """Return the id of a path; Refusal 422 where it is none."""
    try:
        return UUID(text)
    except ValueError:
        raise invalid(f"order_id is not a valid UUID: {text}") from None
