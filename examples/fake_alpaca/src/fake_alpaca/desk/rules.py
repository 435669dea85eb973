"""What Alpaca takes, judged by the ticket alone.

Sources: the schemas CreateOrderRequest, PatchOrderRequest, OrderType, OrderClass and TimeInForce of Alpaca's OpenAPI
document; its page "Orders at Alpaca"; the messages as clients have reported them.
"""

from __future__ import annotations

import math
from decimal import Decimal

from fake_alpaca.desk.records import AlpacaOrder
from fake_alpaca.desk.tickets import Replacement, Ticket
from fake_alpaca.refusals import forbidden, invalid, unprocessable
from fake_alpaca.words import OrderClass, OrderType, Side, Status, TimeInForce

MOST_CLIENT_ID = 128
_CENT = Decimal("0.01")
_NEEDS_LIMIT = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT})
_NEEDS_STOP = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})
_GROUPS = frozenset({OrderClass.BRACKET, OrderClass.OTO, OrderClass.OCO})
_LASTING = frozenset({TimeInForce.DAY, TimeInForce.GTC})
_AUCTIONS = frozenset({TimeInForce.OPG, TimeInForce.CLS})
_UNREPLACEABLE = frozenset({Status.ACCEPTED, Status.PENDING_NEW, Status.PENDING_CANCEL, Status.PENDING_REPLACE})


def judge(ticket: Ticket) -> None:
    """Raise Refusal where Alpaca does not take a ticket, whatever the account and the market."""
    judge_client_id(ticket.client_order_id)
    if ticket.qty <= 0:
        raise invalid("qty must be > 0")
    _judge_prices(ticket)
    if ticket.order_class is OrderClass.MLEG:
        _judge_mleg(ticket)
        return
    _judge_single(ticket)
    if ticket.order_class in _GROUPS:
        _judge_group(ticket)
    elif ticket.take_profit is not None or ticket.stop_loss is not None:
        raise unprocessable("take_profit and stop_loss require order_class bracket, oco or oto")


def judge_client_id(client_order_id: str | None) -> None:
    """Raise Refusal for a client's id that is too long or empty."""
    if client_order_id is not None and not 0 < len(client_order_id) <= MOST_CLIENT_ID:
        raise invalid(f"client_order_id must be no more than {MOST_CLIENT_ID} characters")


def _judge_prices(ticket: Ticket) -> None:
    kind, is_mleg = ticket.type, ticket.order_class is OrderClass.MLEG
    needs_limit = kind in _NEEDS_LIMIT and not (ticket.order_class is OrderClass.OCO and ticket.take_profit is not None)
    if needs_limit and ticket.limit_price is None:
        raise unprocessable(f"{kind} orders require a limit price")
    if kind in _NEEDS_STOP and ticket.stop_price is None:
        raise unprocessable(f"{kind} orders require a stop price")
    if kind not in _NEEDS_LIMIT and ticket.limit_price is not None:
        raise unprocessable(f"{kind} orders must not have limit_price")
    if kind not in _NEEDS_STOP and ticket.stop_price is not None:
        raise unprocessable(f"{kind} orders must not have stop_price")
    if ticket.limit_price is not None and ticket.limit_price <= 0 and not is_mleg:
        raise invalid("limit price must be > 0")
    if ticket.stop_price is not None and ticket.stop_price <= 0:
        raise invalid("stop price must be > 0")
    _judge_trail(ticket)


def _judge_trail(ticket: Ticket) -> None:
    given = [trail for trail in (ticket.trail_price, ticket.trail_percent) if trail is not None]
    if ticket.type is OrderType.TRAILING_STOP and len(given) != 1:
        raise unprocessable("trailing stop orders must specify one of trail_price or trail_percent")
    if ticket.type is not OrderType.TRAILING_STOP and given:
        raise unprocessable(f"{ticket.type} orders must not have trail_price or trail_percent")
    if any(trail <= 0 for trail in given):
        raise invalid("trail must be > 0")


def _judge_single(ticket: Ticket) -> None:
    if ticket.asset is None:
        raise invalid("symbol is required")
    if ticket.side is None:
        raise invalid("side is required")
    if ticket.legs:
        raise unprocessable("legs require order_class mleg")
    if ticket.position_intent is not None and ticket.position_intent.side is not ticket.side:
        raise unprocessable(f"position intent {ticket.position_intent} does not go with side {ticket.side}")
    if ticket.asset.is_option:
        _judge_option(ticket)
    else:
        _judge_equity(ticket)
    _judge_increments(ticket)


def _judge_option(ticket: Ticket) -> None:
    if ticket.order_class in _GROUPS:
        raise unprocessable("complex orders not supported for options trading")
    if ticket.type is OrderType.TRAILING_STOP:
        raise unprocessable("invalid order type for options trading")
    if ticket.tif not in _LASTING:
        raise unprocessable("invalid time_in_force for options trading")
    if ticket.extended_hours:
        raise unprocessable("extended hours not supported for options trading")
    if ticket.qty % 1:
        raise unprocessable("qty must be a whole number for options trading")


def _judge_equity(ticket: Ticket) -> None:
    if ticket.qty % 1:
        raise forbidden(f'asset "{ticket.asset.symbol if ticket.asset else ""}" is not fractionable')
    if ticket.extended_hours and (ticket.type is not OrderType.LIMIT or ticket.tif not in _LASTING):
        raise unprocessable("extended hours order must be DAY or GTC limit orders")
    if ticket.tif in _AUCTIONS:
        raise unprocessable(f"{ticket.tif} orders are not accepted: the simulated market has no auctions")
    if ticket.type is OrderType.TRAILING_STOP and ticket.tif not in _LASTING:
        raise unprocessable("trailing stop orders must be DAY or GTC")


def _judge_increments(ticket: Ticket) -> None:
    for name in ("limit_price", "stop_price"):
        price: Decimal | None = getattr(ticket, name)
        if price is not None and _off_increment(price):
            raise unprocessable(
                f"invalid {name} {price:f}. sub-penny increment does not fulfill minimum pricing criteria"
            )


def _off_increment(price: Decimal) -> bool:
    """Whether a price has more places than Regulation NMS rule 612 lets it: two from a dollar up, else four."""
    return bool(price % (_CENT if abs(price) >= 1 else Decimal("0.0001")))


def _judge_group(ticket: Ticket) -> None:
    name = ticket.order_class
    if ticket.tif not in _LASTING:
        raise unprocessable(f"{name} orders must be DAY or GTC")
    if ticket.extended_hours:
        raise unprocessable(f"{name} orders do not support extended hours")
    has_profit, has_loss = ticket.take_profit is not None, ticket.stop_loss is not None
    if name is OrderClass.OTO and has_profit == has_loss:
        raise unprocessable("oto orders require either take_profit or stop_loss")
    if name is OrderClass.OCO and ticket.type is not OrderType.LIMIT:
        raise unprocessable("oco orders must be limit orders")
    if name is OrderClass.OCO and not has_loss:
        raise unprocessable("oco orders require stop_loss")
    if name is OrderClass.BRACKET and not has_profit:
        raise unprocessable("bracket orders require take_profit.limit_price")
    if name is OrderClass.BRACKET and not has_loss:
        raise unprocessable("bracket orders require stop_loss.stop_price")
    if ticket.type is OrderType.TRAILING_STOP:
        raise unprocessable(f"{name} orders do not support trailing_stop")
    _judge_exits(ticket)


def _judge_exits(ticket: Ticket) -> None:
    """Judge that the take-profit is better and the stop-loss worse than the price that the entry is expected at."""
    base = ticket.limit_price if ticket.limit_price is not None else ticket.stop_price
    profit, stop = ticket.take_profit, None if ticket.stop_loss is None else ticket.stop_loss.stop_price
    if ticket.order_class is OrderClass.OCO:
        _judge_pair(ticket, ticket.limit_price if profit is None else profit, stop)
        return
    up = ticket.side is Side.BUY
    if base is not None and profit is not None and (profit < base + _CENT if up else profit > base - _CENT):
        raise unprocessable(
            f"take_profit.limit_price must be {'>= base_price + 0.01' if up else '<= base_price - 0.01'}"
        )
    if base is not None and stop is not None and (stop > base - _CENT if up else stop < base + _CENT):
        raise unprocessable(f"stop_loss.stop_price must be {'<= base_price - 0.01' if up else '>= base_price + 0.01'}")
    if profit is not None and stop is not None and (profit <= stop if up else profit >= stop):
        raise unprocessable("take_profit.limit_price and stop_loss.stop_price are on the wrong sides of each other")


def _judge_pair(ticket: Ticket, profit: Decimal | None, stop: Decimal | None) -> None:
    if profit is None or stop is None:
        raise unprocessable("oco orders require take_profit.limit_price and stop_loss.stop_price")
    if ticket.take_profit is not None and ticket.limit_price not in {None, ticket.take_profit}:
        raise unprocessable("oco limit_price and take_profit.limit_price must be equal")
    if profit <= stop if ticket.side is Side.SELL else profit >= stop:
        raise unprocessable("take_profit.limit_price and stop_loss.stop_price are on the wrong sides of each other")


def _judge_mleg(ticket: Ticket) -> None:
    if ticket.asset is not None or ticket.side is not None:
        raise unprocessable("symbol and side must not be set for mleg orders")
    if ticket.type not in {OrderType.MARKET, OrderType.LIMIT}:
        raise unprocessable("mleg orders must be market or limit orders")
    if ticket.tif is not TimeInForce.DAY:
        raise unprocessable("mleg orders must have time_in_force day")
    if ticket.extended_hours:
        raise unprocessable("extended hours not supported for options trading")
    if ticket.qty % 1:
        raise unprocessable("qty must be a whole number for options trading")
    if ticket.take_profit is not None or ticket.stop_loss is not None:
        raise unprocessable("take_profit and stop_loss require order_class bracket, oco or oto")
    _judge_legs(ticket)


def _judge_legs(ticket: Ticket) -> None:
    legs = ticket.legs
    if not 2 <= len(legs) <= 4:
        raise unprocessable(f"mleg orders must have 2 to 4 legs, not {len(legs)}")
    if len({leg.asset.symbol for leg in legs}) != len(legs):
        raise unprocessable("mleg orders must not have the same symbol twice")
    if any(leg.ratio_qty <= 0 or leg.ratio_qty % 1 for leg in legs):
        raise unprocessable("ratio_qty must be a whole number > 0")
    if math.gcd(*(int(leg.ratio_qty) for leg in legs)) != 1:
        raise unprocessable("mleg leg ratio quantities should be relatively prime")
    if len({leg.asset.contract.symbol for leg in legs}) != 1:
        raise unprocessable("all legs must have the same underlying")
    if not all(leg.asset.is_option for leg in legs):
        raise unprocessable("mleg orders must have option legs only")
    if any(leg.position_intent is not None and leg.position_intent.side is not leg.side for leg in legs):
        raise unprocessable("a leg's position_intent does not go with its side")


def judge_replacement(order: AlpacaOrder, wanted: Replacement) -> None:
    """Raise Refusal where Alpaca does not replace an order so."""
    judge_client_id(wanted.client_order_id)
    if not order.is_open or order.status in _UNREPLACEABLE:
        raise unprocessable(f"cannot replace order in {order.status} status")
    if order.is_mleg_leg:
        raise unprocessable("a leg of an mleg order cannot be replaced")
    if wanted.qty is not None and (wanted.qty <= 0 or wanted.qty % 1):
        raise invalid("qty must be a whole number > 0")
    if wanted.qty not in {None, order.qty} and order.group_id is not None:
        raise unprocessable(f"qty of a {order.order_class} order cannot be replaced")
    _judge_replaced_prices(order, wanted)
    if not _changes(order, wanted):
        raise forbidden("order parameters are not changed")


def _judge_replaced_prices(order: AlpacaOrder, wanted: Replacement) -> None:
    if wanted.limit_price is not None and order.type not in _NEEDS_LIMIT:
        raise unprocessable(f"{order.type} orders must not have limit_price")
    if wanted.stop_price is not None and order.type not in _NEEDS_STOP:
        raise unprocessable(f"{order.type} orders must not have stop_price")
    if wanted.trail is not None and order.type is not OrderType.TRAILING_STOP:
        raise unprocessable(f"{order.type} orders must not have trail")
    if wanted.limit_price is not None and wanted.limit_price <= 0 and not order.is_mleg:
        raise invalid("limit price must be > 0")
    if any(price is not None and price <= 0 for price in (wanted.stop_price, wanted.trail)):
        raise invalid("stop_price and trail must be > 0")
    if wanted.tif is not None and wanted.tif not in _LASTING:
        raise unprocessable(f"time_in_force cannot be replaced by {wanted.tif}")
    for price in (wanted.limit_price, wanted.stop_price):
        if price is not None and not order.is_mleg and _off_increment(price):
            raise unprocessable("sub-penny increment does not fulfill minimum pricing criteria")


def _changes(order: AlpacaOrder, wanted: Replacement) -> bool:
    pairs = (
        (wanted.qty, order.leaves),
        (wanted.tif, order.tif),
        (wanted.limit_price, order.limit_price),
        (wanted.stop_price, order.stop_price),
        (wanted.trail, order.trail_price if order.trail_price is not None else order.trail_percent),
    )
    return any(new is not None and new != old for new, old in pairs)
