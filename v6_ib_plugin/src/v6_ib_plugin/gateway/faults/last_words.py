"""What a client was told last of each order and execution, so that it can be told again."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import replace

from v6_ib_plugin.gateway.wire import messages

_MOST = 10_000


class LastWords:
    """The last openOrder and orderStatus of each order, and each execution and commission, up to so many."""

    def __init__(self) -> None:
        self._last: dict[Hashable, messages.Message] = {}

    def hear(self, message: messages.Message) -> None:
        """Remember a message in the place of the one that it makes old."""
        name = _name_of(message)
        if name is None:
            return
        self._last.pop(name, None)
        self._last[name] = message
        if len(self._last) > _MOST:
            del self._last[next(iter(self._last))]

    def __iter__(self) -> Iterator[messages.Message]:
        """Yield all of them, the last first, as if nobody had asked."""
        for message in reversed(tuple(self._last.values())):
            yield replace(message, req_id=-1) if isinstance(message, messages.ExecDetails) else message


def _name_of(message: messages.Message) -> Hashable | None:
    match message:
        case messages.OpenOrder(order=order):
            return "openOrder", order.client_id, order.order_id, order.perm_id
        case messages.OrderStatus(status=status):
            return "orderStatus", status.client_id, status.order_id, status.perm_id
        case messages.ExecDetails(execution=execution):
            return "execDetails", execution.exec_id
        case messages.CommissionReport(commission=commission):
            return "commissionReport", commission.exec_id
        case _:
            return None
