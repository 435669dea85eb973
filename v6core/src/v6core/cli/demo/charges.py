"""Fills with what they cost, which some brokers tell only a moment after the fill."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from uuid import UUID

from v6core.engine import OrderExecutionEngine
from v6core.fills import Fill

# In seconds: a commission that has not come by then is told as missing.
_PATIENCE, _EVERY = 5.0, 0.05


async def charged_fills(engine: OrderExecutionEngine, order_ids: Collection[UUID]) -> tuple[Fill, ...]:
    """Return the fills of orders once the broker has told what each cost, or as they are after some seconds."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + _PATIENCE
    while True:
        fills = tuple(fill for fill in await engine.fills() if fill.order_id in order_ids)
        if all(fill.commission is not None for fill in fills) or clock() >= deadline:
            return fills
        await asyncio.sleep(_EVERY)
