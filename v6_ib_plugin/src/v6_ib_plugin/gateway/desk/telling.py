"""The messages that tell an order: openOrder, orderStatus, completedOrder, and the words for how it ended."""

from __future__ import annotations

from dataclasses import replace

from v6_ib_plugin.gateway.desk.executions import time_text
from v6_ib_plugin.gateway.desk.orders import CANCELLED, FILLED, INACTIVE, DeskOrder
from v6_ib_plugin.gateway.wire.messages import CompletedOrder, ErrMsg, OpenOrder, OrderStatus
from v6_ib_plugin.terms import IbAnswer, IbCompletion, IbContract, IbOrder, IbOrderState, IbOrderStatus
from v6core.contracts import Combo
from v6core.money import ZERO, plain
from v6core.orders import OrderType
from v6core.reports import OrderTerms

_STATES: dict[str, IbOrderState] = {}


def open_order(order: DeskOrder, visit: int, status: str | None = None) -> OpenOrder:
    """Return an order in full as a visit of its client sees it."""
    word = order.status if status is None else status
    state = _STATES.get(word)
    if state is None:
        state = _STATES[word] = IbOrderState(status=word)
    return OpenOrder(order.contract, order.as_seen_in(visit), state)


def order_status(order: DeskOrder, status: str | None = None) -> OrderStatus:
    """Return how far an order is."""
    return OrderStatus(
        IbOrderStatus(
            order_id=order.order_id,
            status=order.status if status is None else status,
            filled=order.filled,
            remaining=order.remaining,
            avg_fill_price=order.avg_price,
            perm_id=order.perm_id,
            parent_id=order.order.parent_id,
            last_fill_price=order.last_price,
            client_id=order.client_id,
            why_held=order.why_held,
        )
    )


def answer(order_id: int, code: int, text: str) -> ErrMsg:
    """Return an answer to an order or a request, by its number."""
    return ErrMsg(IbAnswer(req_id=order_id, code=code, text=" ".join(text.split())))


def cancelled(order: DeskOrder) -> ErrMsg:
    """Return that an order was cancelled, and why where it was not its client."""
    reason = "" if order.cancel_asked else order.reason
    return answer(order.order_id, 202, f"Order Canceled - reason:{reason}")


def completed_order(order: DeskOrder) -> CompletedOrder:
    """Return an order that has ended, without the ids that only a session knows."""
    parent = order.parent
    completion = IbCompletion(
        status=order.status,
        filled_quantity=order.filled,
        parent_perm_id=None if parent is None else parent.perm_id,
        completed_time="" if order.ended_at is None else time_text(order.ended_at),
        completed_status=_how_it_ended(order),
    )
    whole = order.as_seen_in(-1)
    return CompletedOrder(order.contract, replace(whole, order_id=0, client_id=0, parent_id=0), completion)


def _how_it_ended(order: DeskOrder) -> str:
    match order.status:
        case s if s == FILLED:
            return f"Filled Size: {plain(order.filled)}"
        case s if s == INACTIVE:
            return f"Rejected by System:{order.reason}"
        case s if s == CANCELLED and order.cancel_asked:
            return "Cancelled by Trader"
        case _ if order.has_expired:
            return f"Expired: {order.reason}"
        case _:
            return f"Cancelled by System:{order.reason}"


def as_told(order: IbOrder, client_id: int, perm_id: int, account: str) -> IbOrder:
    """Return a client's order as TWS tells it again: with its lasting id, and with TWS's own words for nothing."""
    return order.replace(
        client_id=client_id,
        perm_id=perm_id,
        account=account,
        tif=order.tif or "DAY",
        lmt_price=ZERO if order.lmt_price is None else order.lmt_price,
        aux_price=ZERO if order.aux_price is None else order.aux_price,
        # TWS tells every order so, whether it is in a group or not.
        oca_type=order.oca_type or 3,
        delta_neutral_order_type=order.delta_neutral_order_type or "None",
        adjusted_order_type=order.adjusted_order_type or "None",
        dont_use_auto_price_for_hedge=True,
    )


def with_turned_limit(order: IbOrder, terms: OrderTerms) -> IbOrder:
    """Return an order with the limit that it has become where it was market-to-limit; the same one where it has not."""
    limit = terms.limit_price
    if terms.order_type is not OrderType.MARKET_TO_LIMIT or limit is None or limit == order.lmt_price:
        return order
    return order.replace(lmt_price=limit)


def contract_as_told(asked: IbContract, known: IbContract, combo: Combo | None) -> IbContract:
    """Return a contract completed, routed as the client said and, of a combo, with the client's own legs."""
    return replace(
        known,
        exchange=asked.exchange or known.exchange,
        combo_legs=known.combo_legs if combo is None else asked.combo_legs or known.combo_legs,
    )


def legs_text(contract: IbContract) -> str:
    """Return the legs of a combo in TWS's short form: number and signed ratio of each."""
    return ",".join(f"{leg.con_id}|{leg.ratio if leg.action == 'BUY' else -leg.ratio}" for leg in contract.combo_legs)
