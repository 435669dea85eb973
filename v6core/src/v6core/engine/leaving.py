"""What becomes of working orders at a regular stop: kept, the entries cancelled, or all.

A stop waits for the answers no longer than ``cancel_deadline``. What nobody answered is told in the log and is in
doubt; the next start asks the broker.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from decimal import Decimal

from v6core.config import EngineSection, OnExit
from v6core.engine.dispatch import Dispatch
from v6core.orders import Order
from v6core.risk import only_reduces

_LOG = logging.getLogger(__name__)


async def cancel_on_exit(
    dispatch: Dispatch, orders: Iterable[Order], positions: Mapping[str, Decimal], deadlines: EngineSection
) -> None:
    """Cancel what ``on_exit`` says, and return when that is answered or the time is over."""
    leaving = to_cancel(deadlines.on_exit, orders, positions)
    if not leaving:
        return
    asked = {asyncio.ensure_future(dispatch.cancel(order.order_id)): order for order in leaving}
    answered, unanswered = await asyncio.wait(asked, timeout=deadlines.cancel_deadline)
    for task in answered:
        error = task.exception()
        if error is not None:
            _LOG.warning("order %s at the stop: %s", asked[task].order_id, error)
    for task in unanswered:
        task.cancel()
        _LOG.warning("order %s at the stop: nobody answered its cancel in time", asked[task].order_id)
    await asyncio.gather(*unanswered, return_exceptions=True)


def to_cancel(policy: OnExit, orders: Iterable[Order], positions: Mapping[str, Decimal]) -> tuple[Order, ...]:
    """Return the orders that a stop cancels.

    CANCEL_ENTRIES spares the exits of a bracket and what by itself only reduces what is held: two exits of a group,
    of which one fills, are each looked at alone.
    """
    match policy:
        case OnExit.KEEP:
            return ()
        case OnExit.CANCEL_ALL:
            return tuple(orders)
        case OnExit.CANCEL_ENTRIES:
            return tuple(
                order for order in orders if order.parent_order_id is None and not only_reduces(order, positions, ())
            )
