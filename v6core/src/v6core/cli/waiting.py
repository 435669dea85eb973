"""Waiting for the end of an order before a command answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from v6core.cli.arguments import SECONDS
from v6core.engine import OrderExecutionEngine
from v6core.orders import Order

F = TypeVar("F", bound=Callable[..., Any])
# What an order takes at most to get to a simulated market and to fill there, where it can.
_MOMENT = 0.5


def takes_wait(function: F) -> F:
    """Give a command the option --wait."""
    text = f"Wait so long for its end, of a bracket its entry's; unless said 0, and {_MOMENT} on a simulated broker."
    return click.option("--wait", type=SECONDS, help=text)(function)


async def ended(engine: OrderExecutionEngine, order: Order, wait: float | None) -> Order:
    """Return an order once it has ended, or as it stands after so many seconds.

    A simulated market stands still when the command is over: an order that is on its way would never get there.
    """
    seconds = wait if wait is not None else _MOMENT * engine.capabilities.simulated
    if not seconds:
        return order
    try:
        return await engine.wait_for(order.order_id, timeout=seconds)
    except TimeoutError:
        return await engine.order(order.order_id)
