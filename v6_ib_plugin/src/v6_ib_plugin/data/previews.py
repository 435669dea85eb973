"""What orders would cost: a what-if order, which TWS answers and never places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from v6_ib_plugin.data.instruments import Instruments
from v6_ib_plugin.data.refused import refused
from v6_ib_plugin.translation.orders import ib_order
from v6_ib_plugin.translation.previews import preview_of
from v6_ib_plugin.transport import Answered, Transport
from v6core.contracts import Combo
from v6core.errors import Unavailable
from v6core.fills import Preview
from v6core.orders import Order

_NOT_FOR_SMART_COMBOS = 360
_ENTRY_ALONE = "this is the entry alone: its exits wait for it, and cost what they cost when they fill"


class Previews:
    """What orders would cost at TWS, in the account that is traded."""

    def __init__(self, transport: Transport, instruments: Instruments) -> None:
        self._transport = transport
        self._instruments = instruments

    async def preview(self, orders: Sequence[Order], account: str) -> Preview:
        """Return what an order would cost, of a bracket what its entry would; nothing is placed.

        Unavailable where TWS does not tell, as for combos routed to SMART, or for several orders at once.
        """
        order = _one_of(orders)
        if order.contract is None:
            raise Unavailable(f"order {order.order_id} has no contract, so nothing can be told of it")
        instrument = await self._instruments.qualify(order.contract)
        # Held orders and groups belong to what is placed; a what-if order stands alone.
        alone = replace(
            ib_order(order, order_id=self._transport.next_id(), account=account), what_if=True, oca_group="", oca_type=0
        )
        try:
            state = await self._transport.what_if(instrument.contract, alone)
        except Answered as error:
            raise _refusal(order, error) from error
        preview = preview_of(state)
        if len(orders) == 1:
            return preview
        return preview.model_copy(update={"warning": "; ".join(filter(None, (_ENTRY_ALONE, preview.warning)))})


def _one_of(orders: Sequence[Order]) -> Order:
    """Return the only order, or the entry of a bracket."""
    if not orders:
        raise Unavailable("no order was given to preview")
    entry = orders[0]
    if any(order.parent_order_id != entry.order_id for order in orders[1:]):
        raise Unavailable(
            f"TWS previews one order at a time, not {len(orders)}",
            code="PREVIEW_ONE",
            hint="preview each alone; margin of several together is not the sum of theirs",
        )
    return entry


def _refusal(order: Order, error: Answered) -> Unavailable:
    answer = error.answer
    name = "the order" if order.contract is None else order.contract.key
    if answer.code == _NOT_FOR_SMART_COMBOS and isinstance(order.contract, Combo):
        return Unavailable(
            f"TWS gives no preview of combos routed to SMART, as {name} is ({answer.code})",
            code=str(answer.code),
            hint="preview its legs one by one; together they need less margin than that",
        )
    return refused(f"no preview of {name}", answer)
