"""An order as the broker behind the desk takes it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from fake_alpaca.desk.records import AlpacaOrder
from fake_alpaca.words import GroupRole, OrderType, Side, TimeInForce
from v6core.contracts import Combo, ComboLeg, Contract
from v6core.contracts import OrderAction as Action
from v6core.orders import OcaType, Order
from v6core.orders import OrderType as Kind
from v6core.orders import TimeInForce as Tif

_KINDS = {
    OrderType.MARKET: Kind.MARKET,
    OrderType.LIMIT: Kind.LIMIT,
    OrderType.STOP: Kind.STOP,
    OrderType.STOP_LIMIT: Kind.STOP_LIMIT,
    OrderType.TRAILING_STOP: Kind.TRAIL,
}
_TIFS = {
    TimeInForce.DAY: Tif.DAY,
    TimeInForce.GTC: Tif.GTC,
    TimeInForce.IOC: Tif.IOC,
    TimeInForce.FOK: Tif.FOK,
}


def contract_of(order: AlpacaOrder) -> Contract:
    """Return what an order trades: a multi-leg order's contracts as one combo, bought as its legs say."""
    if order.asset is not None:
        return order.asset.contract
    legs = [ComboLeg(leg.asset.contract, _action(leg.side), int(leg.ratio_qty or 1)) for leg in order.legs if leg.asset]
    return Combo(legs[0].contract.symbol, legs)


def broker_order(order: AlpacaOrder, entry: UUID | None = None) -> Order:
    """Return an order for the broker, under Alpaca's id; a multi-leg order buys its combo at the signed net price.

    Exits, and the two orders of an OCO, are one group in which a fill of one is taken off the other. ``entry`` is the
    broker's own id of what an exit closes.
    """
    assert order.type is not None
    grouped = order.group_id is not None and order.group_role is not GroupRole.ENTRY
    return Order(
        order_id=order.order_id,
        order_ref=str(order.order_id),
        contract=contract_of(order),
        action=_action(order.side),
        quantity=order.qty,
        order_type=_KINDS[order.type],
        tif=_TIFS[order.tif],
        limit_price=order.limit_price,
        stop_price=order.stop_price,
        trail_amount=order.trail_price,
        trail_percent=order.trail_percent,
        outside_rth=order.extended_hours,
        oca_group=str(order.group_id) if grouped else None,
        oca_type=OcaType.REDUCE if grouped else None,
        parent_order_id=entry,
    )


def changes_between(old: AlpacaOrder, new: AlpacaOrder, filled: Decimal) -> dict[str, Any]:
    """Return what a replacement changes for the broker, whose quantity counts what it has ``filled`` as well."""
    before, after = _terms(old), _terms(new)
    changes = {name: value for name, value in after.items() if value != before[name]}
    if new.qty != old.leaves:
        changes["quantity"] = new.qty + filled
    return changes


def _terms(order: AlpacaOrder) -> dict[str, Any]:
    return {
        "limit_price": order.limit_price,
        "stop_price": order.stop_price,
        "trail_amount": order.trail_price,
        "trail_percent": order.trail_percent,
        "tif": _TIFS[order.tif],
    }


def _action(side: Side | None) -> Action:
    return Action.SELL if side is Side.SELL else Action.BUY
