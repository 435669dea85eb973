"""What an order is called: by us, by TWS, and by the session that sent it."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from v6_ib_plugin.terms import IbExecution, IbOrder


class Names(NamedTuple):
    """An order's names as reports carry them; at least one is there.

    ``order_ref`` is the reference that travelled with it, ``broker_order_id`` its permId, which lasts.
    """

    order_ref: str | None
    broker_order_id: str | None

    @staticmethod
    def of(told: IbOrder | IbExecution) -> Names:
        """Return the names that an order or an execution bears.

        A reference that others gave may be any text: one that cannot be printed names nothing. An order without either
        is named by the client and the number under which that client sent it.
        """
        return _names(told.order_ref, told.perm_id, told.client_id, told.order_id)


# Every message of an order bears the same.
@lru_cache(maxsize=1024)
def _names(order_ref: str, perm_id: int, client_id: int, order_id: int) -> Names:
    reference = order_ref if is_reference(order_ref) else None
    lasting = str(perm_id) if perm_id else None
    if reference is None and lasting is None:
        lasting = f"{client_id}:{order_id}"
    return Names(reference, lasting)


def is_reference(text: str) -> bool:
    """Tell whether a text can be an order's reference in a report."""
    return 0 < len(text) <= 128 and text.isascii() and text.isprintable() and not text.isspace()


class OrderKey(NamedTuple):
    """By what a session calls an order: the client that sent it, and the number that this client gave it."""

    client_id: int
    order_id: int
