"""What an order is called: by us, by TWS, and by the session that sent it."""

from __future__ import annotations

from typing import NamedTuple

from v6_ib_plugin.terms import IbExecution, IbOrder


class Names(NamedTuple):
    """An order's names as reports carry them; at least one is there.

    ``order_ref`` is the reference that travelled with it, ``broker_order_id`` its permId, which lasts.
    """

    order_ref: str | None
    broker_order_id: str | None

    @classmethod
    def of(cls, told: IbOrder | IbExecution) -> Names:
        """Return the names that an order or an execution bears.

        A reference that others gave may be any text: one that cannot be printed names nothing. An order without either
        is named by the client and the number under which that client sent it.
        """
        reference = told.order_ref if is_reference(told.order_ref) else None
        lasting = str(told.perm_id) if told.perm_id else None
        if reference is None and lasting is None:
            lasting = f"{told.client_id}:{told.order_id}"
        return cls(reference, lasting)


def is_reference(text: str) -> bool:
    """Tell whether a text can be an order's reference in a report."""
    return 0 < len(text) <= 128 and text.isascii() and text.isprintable() and not text.isspace()


class OrderKey(NamedTuple):
    """By what a session calls an order: the client that sent it, and the number that this client gave it."""

    client_id: int
    order_id: int
