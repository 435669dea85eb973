"""What was seen of orders and executions: an orderStatus names no reference, a commission no order."""

from __future__ import annotations

from dataclasses import replace

from v6_ib_plugin.gateway.faults.when import WHAT_IF, At, Scene
from v6_ib_plugin.gateway.wire import messages, requests

Key = tuple[int, int]
"""A client id and an order id of that client."""

_UNSEEN = Scene(at=At.MESSAGE)


class Sightings:
    """The orders that came in, and whose the executions are that went out."""

    def __init__(self) -> None:
        self._orders: dict[Key, Scene] = {}
        self._children: dict[Key, int] = {}
        self._executions: dict[str, Key] = {}

    def forget(self) -> None:
        """Forget all orders: their ids may be used again."""
        self._orders.clear()
        self._children.clear()

    def request(self, client_id: int, request: requests.Request) -> Scene:
        """Return what a request is about, and remember the order that it may bring."""
        kind = type(request).__name__
        match request:
            case requests.PlaceOrder(order=order) if not order.what_if:
                return self._order(client_id, request)
            case requests.PlaceOrder():
                return replace(self._told(client_id, request), kind=WHAT_IF)
            case requests.CancelOrder(order_id=order_id):
                return self._known(At.REQUEST, kind, client_id, (client_id, order_id))
            case _:
                symbol = getattr(getattr(request, "contract", None), "symbol", "")
                return Scene(at=At.REQUEST, kind=kind, client_id=client_id, symbol=symbol)

    def _order(self, client_id: int, request: requests.PlaceOrder) -> Scene:
        key = (client_id, request.order.order_id)
        before = self._orders.get(key)
        if before is not None:
            return replace(self._told(client_id, request), leg=before.leg, is_new=False)
        scene = replace(self._told(client_id, request), leg=self._leg(client_id, request))
        self._orders[key] = scene
        return scene

    def _leg(self, client_id: int, request: requests.PlaceOrder) -> int | None:
        parent = request.order.parent_id
        if not parent:
            return None if request.order.transmit else 1
        place = self._children.get((client_id, parent), 1) + 1
        self._children[client_id, parent] = place
        return place

    @staticmethod
    def _told(client_id: int, request: requests.PlaceOrder) -> Scene:
        order = request.order
        return Scene(
            at=At.REQUEST,
            kind="PlaceOrder",
            client_id=client_id,
            order_id=order.order_id,
            order_ref=order.order_ref,
            action=order.action,
            symbol=request.contract.symbol,
            is_new=True,
        )

    def _known(self, at: At, kind: str, client_id: int, key: Key) -> Scene:
        seen = self._orders.get(key, _UNSEEN)
        return replace(seen, at=at, kind=kind, client_id=client_id, order_id=key[1], is_new=None)

    def message(self, client_id: int, message: messages.Message) -> Scene:
        """Return what a message is about."""
        kind = type(message).__name__
        key = self.key_of(client_id, message)
        if key is not None:
            return self._known(At.MESSAGE, kind, client_id, key)
        match message:
            case messages.CompletedOrder(contract, order):
                return Scene(
                    at=At.MESSAGE,
                    kind=kind,
                    client_id=client_id,
                    order_ref=order.order_ref,
                    action=order.action,
                    symbol=contract.symbol,
                )
            case _:
                return Scene(at=At.MESSAGE, kind=kind, client_id=client_id)

    def key_of(self, client_id: int, message: messages.Message) -> Key | None:
        """Return whose order a message is about, None where it is about none."""
        match message:
            case messages.OpenOrder(order=order):
                return order.client_id, order.order_id
            case messages.OrderStatus(status=status):
                return status.client_id, status.order_id
            case messages.ExecDetails(execution=execution):
                key = self._executions[execution.exec_id] = (execution.client_id, execution.order_id)
                return key
            case messages.CommissionReport(commission=commission):
                return self._executions.get(commission.exec_id)
            case messages.ErrMsg(answer=answer) if (client_id, answer.req_id) in self._orders:
                return client_id, answer.req_id
            case _:
                return None
