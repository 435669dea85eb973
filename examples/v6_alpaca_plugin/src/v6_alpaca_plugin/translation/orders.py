"""An order as the body of a request, and what Alpaca shows of its terms.

Numbers go out as text, as the OpenAPI document has them: the SDK's own models would make floats of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from v6_alpaca_plugin.records import AlpacaOrder
from v6_alpaca_plugin.references import client_order_id
from v6_alpaca_plugin.translation import words
from v6_alpaca_plugin.translation.contracts import contract_of, symbol_of
from v6core.contracts import Combo, ComboLeg, Contract, OrderAction
from v6core.errors import NotSent, Unavailable
from v6core.money import plain
from v6core.orders import Order, OrderType
from v6core.reports import OrderTerms

Body = dict[str, Any]


def order_body(order: Order, exits: Sequence[Order] = ()) -> Body:
    """Return the request for an order, a bracket's exits within it.

    NotSent where Alpaca has no word for what the order asks, so that it could only be misunderstood.
    """
    contract = _contract(order)
    refs = tuple(_ref(one) for one in (order, *exits))
    body = {"client_order_id": client_order_id(refs), "qty": plain(order.quantity), **_terms(order)}
    if isinstance(contract, Combo):
        return {**body, "order_class": "mleg", "legs": _legs(order, contract)}
    body |= {"symbol": _symbol(contract), "side": words.SIDES[order.action]}
    return {**body, **_exits(order, exits)} if exits else body


def _contract(order: Order) -> Contract:
    if order.contract is None:
        raise NotSent(f"order {order.order_id} has no contract: place it through the engine, which binds it")
    return order.contract


def _ref(order: Order) -> str:
    if order.order_ref is None:
        raise NotSent(f"order {order.order_id} has no order_ref: place it through the engine, which binds it")
    return order.order_ref


def _symbol(contract: Contract) -> str:
    try:
        return symbol_of(contract)
    except Unavailable as error:
        raise NotSent(str(error)) from error


def _terms(order: Order) -> Body:
    kind, tif = words.TYPES.get(order.order_type), words.TIMES_IN_FORCE.get(order.tif)
    if kind is None or tif is None:
        raise NotSent(f"Alpaca has no {order.order_type} orders with tif {order.tif}")
    if order.order_type is OrderType.TRAIL and order.stop_price is not None:
        raise NotSent("a trailing stop at Alpaca begins at the market: leave stop_price out")
    prices = {
        "limit_price": _signed_limit(order, order.limit_price),
        "stop_price": order.stop_price,
        "trail_price": order.trail_amount,
        "trail_percent": order.trail_percent,
    }
    given = {name: plain(price) for name, price in prices.items() if price is not None}
    hours = {"extended_hours": True} if order.outside_rth else {}
    return {"type": kind, "time_in_force": tif, **given, **hours}


def _signed_limit(order: Order, price: Decimal | None) -> Decimal | None:
    """Return a limit as Alpaca signs it: of a multi-leg order what its legs cost, whichever way the combo goes."""
    return price if price is None or not isinstance(order.contract, Combo) else order.action.sign * price


def _legs(order: Order, combo: Combo) -> list[Body]:
    return [
        {
            "symbol": _symbol(leg.contract),
            "ratio_qty": str(leg.ratio),
            "side": words.SIDES[leg.action if order.action is OrderAction.BUY else leg.action.opposite],
        }
        for leg in combo.legs
    ]


def _exits(entry: Order, exits: Sequence[Order]) -> Body:
    """Return a bracket's exits; one alone is what Alpaca calls one-triggers-other."""
    if any(order.tif is not entry.tif for order in exits):
        raise NotSent(f"the exits of a bracket have its entry's time in force at Alpaca, {entry.tif}")
    if any(order.contract is None or order.contract.key != _contract(entry).key for order in exits):
        raise NotSent("the exits of a bracket are of its entry's contract at Alpaca")
    bodies = {_role(order): _exit(order) for order in exits}
    if len(bodies) < len(exits):
        raise NotSent("a bracket at Alpaca has one take-profit and one stop-loss")
    return {"order_class": "bracket" if len(exits) > 1 else "oto", **bodies}


def _role(order: Order) -> str:
    return "take_profit" if order.order_type is OrderType.LIMIT else "stop_loss"


def _exit(order: Order) -> Body:
    if order.order_type not in {OrderType.LIMIT, OrderType.STOP, OrderType.STOP_LIMIT}:
        raise NotSent(f"an exit of a bracket at Alpaca is a LIMIT, STOP or STOP_LIMIT order, not {order.order_type}")
    return {name: value for name, value in _terms(order).items() if name in {"limit_price", "stop_price"}}


def replacement_body(order: Order, changes: Mapping[str, Any], name: str, filled: Decimal) -> Body:
    """Return the request that replaces an order of which ``filled`` is done, under another client order id.

    A replacement begins with nothing filled, so its quantity is what is left of the new one.
    """
    changed = order.replace(**changes)
    terms = _terms(changed)
    body: Body = {"client_order_id": name}
    if "quantity" in changes or filled:
        body["qty"] = plain(changed.quantity - filled)
    wanted = {"limit_price": "limit_price", "stop_price": "stop_price", "tif": "time_in_force"}
    body |= {theirs: terms[theirs] for ours, theirs in wanted.items() if ours in changes and theirs in terms}
    trail = next((terms[one] for one in ("trail_price", "trail_percent") if one in terms), None)
    if trail is not None and changes.keys() & {"trail_amount", "trail_percent"}:
        body["trail"] = trail
    return body


def terms_of(shown: AlpacaOrder, filled_before: Decimal, action: OrderAction | None = None) -> OrderTerms:
    """Return the terms that Alpaca shows; ``filled_before`` is what the orders that it replaced had filled.

    A multi-leg order does not say whether it buys a combo or sells the opposite one. Without the ``action`` of our
    order its legs are told as if it bought them, and its limit is not told.
    """
    side = words.action(shown.side)
    limit = shown.limit_price
    if shown.is_multi_leg and limit is not None:
        limit = None if action is None else action.sign * limit
    return OrderTerms(
        contract=_traded(shown, action),
        action=None if shown.is_multi_leg else side,
        order_type=words.order_type(shown.type),
        quantity=None if not shown.qty else shown.qty + filled_before,
        limit_price=limit,
        stop_price=shown.stop_price if shown.type != "trailing_stop" else None,
        trail_amount=shown.trail_price,
        trail_percent=shown.trail_percent,
        tif=words.time_in_force(shown.time_in_force),
    )


def _traded(shown: AlpacaOrder, action: OrderAction | None) -> Contract | None:
    if shown.is_multi_leg:
        return _combo(shown, action or OrderAction.BUY)
    return contract_of(shown.symbol, shown.asset_class) if shown.symbol else None


def _combo(shown: AlpacaOrder, action: OrderAction) -> Combo | None:
    """Return the combo of a multi-leg order that goes this way; None where its legs are not shown."""
    legs: list[ComboLeg] = []
    for leg in shown.legs:
        side, contract = words.action(leg.side), contract_of(leg.symbol, leg.asset_class)
        if side is None or not leg.ratio_qty:
            return None
        legs.append(ComboLeg(contract, side if action is OrderAction.BUY else side.opposite, int(leg.ratio_qty)))
    return Combo(legs[0].contract.symbol, legs) if len(legs) > 1 else None
