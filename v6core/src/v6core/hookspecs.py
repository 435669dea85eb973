"""The hooks, and nothing else: where several plugins work together. A broker's operations are methods, not hooks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pluggy

from v6core.broker import BrokerSpec
from v6core.events import EngineEvent, OrderEvent
from v6core.orders import Order
from v6core.risk import CheckContext, Denial

hookspec = pluggy.HookspecMarker("v6")
hookimpl = pluggy.HookimplMarker("v6")


@hookspec
def v6_brokers() -> Iterable[BrokerSpec[Any]]:  # type: ignore[empty-body]
    """Announce the brokers of this plugin. Connect to nothing here.

    Called once, when the configuration names the plugin; the engine's start waits for it. An exception stops the
    start and names the plugin.
    """


@hookspec
def v6_check_order(order: Order, context: CheckContext) -> Denial | None:
    """Judge an order before it is journaled and sent.

    Called for each order, before anything is durable; the order waits for it. None: no objection. Every check is
    asked, and an exception counts as a denial.
    """


@hookspec
def v6_order_event(event: OrderEvent | EngineEvent, order: Order | None) -> None:
    """Learn what happened, after it is journaled.

    Nobody waits for an answer and nothing can be vetoed. ``order`` is None for what concerns no order. An exception
    is logged and harms nobody else.
    """
