"""Alpaca for v6.

* ``settings`` ``capabilities`` -- the section ``[brokers.NAME]``, and what Alpaca does, as data
* ``records`` -- Alpaca's own words: orders, trade updates, activities, positions, as it sends them
* ``references`` ``translation`` -- v6's words to Alpaca's and back; pure
* ``transport`` -- the official SDK; the only module that imports it
* ``book`` -- which of Alpaca's orders are which of v6's, and which executions were told
* ``listing`` ``desk`` ``market`` ``link`` -- what is held; orders; contracts and quotes; the stream of trade updates
* ``broker`` -- all of it behind one object
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from v6_alpaca_plugin.capabilities import CAPABILITIES
from v6_alpaca_plugin.settings import AlpacaSettings
from v6core.broker import Broker, BrokerContext, BrokerSpec
from v6core.hookspecs import hookimpl

__all__ = ["CAPABILITIES", "AlpacaSettings", "v6_brokers"]


@hookimpl
def v6_brokers() -> Iterable[BrokerSpec[Any]]:
    """Announce the broker ``alpaca``."""
    return [BrokerSpec("alpaca", AlpacaSettings, CAPABILITIES, _create)]


def _create(settings: AlpacaSettings, context: BrokerContext) -> Broker:
    # The SDK takes pandas with it, a second and more: ``v6 brokers`` and the settings can do without it.
    from v6_alpaca_plugin.broker import AlpacaBroker  # noqa: PLC0415

    return AlpacaBroker(settings, context)
