"""Interactive Brokers for v6.

* ``settings`` ``capabilities`` ``options`` -- the section ``[brokers.NAME]``, what it does, what an order may carry
* ``terms`` ``translation`` ``codes`` -- Interactive Brokers' own words, v6's made of them, what error codes answer
* ``transport`` ``pacing`` ``link`` -- ib_async, and all that it must not be trusted with
* ``trading`` ``data`` -- orders, executions and what is held; contracts, quotes, accounts
* ``broker`` -- all of these behind one object
* ``gateway`` -- a TWS without a TWS, in front of any simulated broker
"""

from __future__ import annotations

from typing import Any

from v6_ib_plugin.capabilities import CAPABILITIES
from v6_ib_plugin.options import IbOrderOptions
from v6_ib_plugin.settings import IbSettings
from v6core.broker import Broker, BrokerContext, BrokerSpec
from v6core.hookspecs import hookimpl

__all__ = ["CAPABILITIES", "IbOrderOptions", "IbSettings", "v6_brokers"]


@hookimpl
def v6_brokers() -> list[BrokerSpec[Any]]:
    """Announce the broker ``ib``."""
    return [BrokerSpec("ib", IbSettings, CAPABILITIES, _create, order_options=IbOrderOptions)]


def _create(settings: IbSettings, context: BrokerContext) -> Broker:
    # ib_async takes half a second to import, and the gateway, ``v6 brokers`` and the settings can do without it.
    from v6_ib_plugin.broker import IbBroker  # noqa: PLC0415

    return IbBroker(settings, context)
