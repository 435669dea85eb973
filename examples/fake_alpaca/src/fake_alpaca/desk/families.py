"""A ticket becomes an order and those that come with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import count
from typing import Any
from uuid import UUID

from fake_alpaca.desk.records import AlpacaOrder
from fake_alpaca.desk.tickets import LegTicket, Replacement, StopLoss, Ticket
from fake_alpaca.words import GroupRole, OrderClass, OrderType, PositionIntent, Side, Status, TimeInForce

NewId = Callable[[], UUID]


class Families:
    """Makes orders; ids and times come from outside, so that a test can foresee them."""

    def __init__(self, new_id: NewId, now: Callable[[], datetime]) -> None:
        self._new_id = new_id
        self._now = now
        self._numbers = count(1)

    def of(self, ticket: Ticket) -> AlpacaOrder:
        """Return the order that a ticket asks for, with its legs: what waits for another is held."""
        match ticket.order_class:
            case OrderClass.BRACKET | OrderClass.OTO:
                return self._entry(ticket)
            case OrderClass.OCO:
                return self._oco(ticket)
            case OrderClass.MLEG:
                return self._mleg(ticket)
            case _:
                return self._order(ticket)

    def successor(self, order: AlpacaOrder, replacement: Replacement) -> AlpacaOrder:
        """Return the order that is to take another's place: fresh, with nothing filled, and with a new id."""
        trail: dict[str, Any] = {}
        if replacement.trail is not None:
            trail = {"trail_price" if order.trail_price is not None else "trail_percent": replacement.trail}
        made = self._make(
            asset=order.asset,
            side=order.side,
            type=order.type,
            tif=replacement.tif or order.tif,
            qty=order.qty if replacement.qty is None else replacement.qty,
            order_class=order.order_class,
            status=Status.PENDING_NEW,
            client_order_id=replacement.client_order_id,
            limit_price=order.limit_price if replacement.limit_price is None else replacement.limit_price,
            stop_price=order.stop_price if replacement.stop_price is None else replacement.stop_price,
            **({"trail_price": order.trail_price, "trail_percent": order.trail_percent} | trail),
            extended_hours=order.extended_hours,
            position_intent=order.position_intent,
            group_id=order.group_id,
            group_role=order.group_role,
            replaces=order.order_id,
        )
        if order.is_mleg:
            made.legs = [self._successor_leg(made, leg) for leg in order.legs]
        return made

    def _successor_leg(self, parent: AlpacaOrder, leg: AlpacaOrder) -> AlpacaOrder:
        assert leg.ratio_qty is not None
        return self._make(
            asset=leg.asset,
            side=leg.side,
            type=None,
            tif=parent.tif,
            qty=leg.ratio_qty * parent.qty,
            order_class=OrderClass.MLEG,
            status=Status.PENDING_NEW,
            position_intent=leg.position_intent,
            ratio_qty=leg.ratio_qty,
            parent=parent,
            replaces=leg.order_id,
        )

    def _make(self, *, client_order_id: str | None = None, **fields: Any) -> AlpacaOrder:
        now = self._now()
        return AlpacaOrder(
            order_id=self._new_id(),
            client_order_id=client_order_id or str(self._new_id()),
            number=next(self._numbers),
            created_at=now,
            updated_at=now,
            **fields,
        )

    def _order(self, ticket: Ticket, **fields: Any) -> AlpacaOrder:
        return self._make(
            client_order_id=ticket.client_order_id,
            asset=ticket.asset,
            side=ticket.side,
            type=ticket.type,
            tif=ticket.tif,
            qty=ticket.qty,
            order_class=ticket.order_class,
            status=Status.PENDING_NEW,
            extended_hours=ticket.extended_hours,
            position_intent=ticket.position_intent,
            **{
                "limit_price": ticket.limit_price,
                "stop_price": ticket.stop_price,
                "trail_price": ticket.trail_price,
                "trail_percent": ticket.trail_percent,
                **fields,
            },
        )

    def _entry(self, ticket: Ticket) -> AlpacaOrder:
        assert ticket.side is not None
        entry = self._order(ticket, group_id=self._new_id(), group_role=GroupRole.ENTRY)
        exits: list[AlpacaOrder] = []
        if ticket.take_profit is not None:
            terms = {"type": OrderType.LIMIT, "limit_price": ticket.take_profit}
            exits.append(self._exit(entry, ticket.side.opposite, GroupRole.TAKE_PROFIT, terms))
        if ticket.stop_loss is not None:
            exits.append(self._exit(entry, ticket.side.opposite, GroupRole.STOP_LOSS, _stop(ticket.stop_loss)))
        entry.legs = exits
        return entry

    def _exit(self, head: AlpacaOrder, side: Side, role: GroupRole, terms: dict[str, Any]) -> AlpacaOrder:
        closing = PositionIntent.SELL_TO_CLOSE if side is Side.SELL else PositionIntent.BUY_TO_CLOSE
        return self._make(
            asset=head.asset,
            side=side,
            tif=head.tif,
            qty=head.qty,
            order_class=head.order_class,
            status=Status.HELD,
            group_id=head.group_id,
            group_role=role,
            parent=head,
            position_intent=closing,
            **terms,
        )

    def _oco(self, ticket: Ticket) -> AlpacaOrder:
        assert ticket.side is not None
        assert ticket.stop_loss is not None
        limit = ticket.limit_price if ticket.take_profit is None else ticket.take_profit
        head = self._order(ticket, group_id=self._new_id(), group_role=GroupRole.TAKE_PROFIT, limit_price=limit)
        head.legs = [self._exit(head, ticket.side, GroupRole.STOP_LOSS, _stop(ticket.stop_loss))]
        return head

    def _mleg(self, ticket: Ticket) -> AlpacaOrder:
        head = self._order(ticket)
        head.legs = [self._contract(head, leg, ticket.tif) for leg in ticket.legs]
        return head

    def _contract(self, head: AlpacaOrder, leg: LegTicket, tif: TimeInForce) -> AlpacaOrder:
        return self._make(
            asset=leg.asset,
            side=leg.side,
            type=None,
            tif=tif,
            qty=leg.ratio_qty * head.qty,
            order_class=OrderClass.MLEG,
            status=Status.PENDING_NEW,
            position_intent=leg.position_intent,
            ratio_qty=leg.ratio_qty,
            parent=head,
        )


def _stop(stop_loss: StopLoss) -> dict[str, Any]:
    kind = OrderType.STOP if stop_loss.limit_price is None else OrderType.STOP_LIMIT
    return {"type": kind, "stop_price": stop_loss.stop_price, "limit_price": stop_loss.limit_price}
