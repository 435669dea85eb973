"""Interactive Brokers for v6.

* ``settings`` -- the section ``[brokers.NAME]`` with ``plugin = "ib"``
* ``capabilities`` -- what Interactive Brokers does, as data
* ``broker`` -- the broker itself
"""

from __future__ import annotations

from typing import Any

from v6_ib_plugin.broker import IbBroker
from v6_ib_plugin.capabilities import CAPABILITIES
from v6_ib_plugin.settings import IbSettings
from v6core.broker import BrokerContext, BrokerSpec
from v6core.hookspecs import hookimpl

__all__ = ["CAPABILITIES", "IbBroker", "IbSettings", "v6_brokers"]


@hookimpl
def v6_brokers() -> list[BrokerSpec[Any]]:
    """Announce the broker ``ib``."""
    return [BrokerSpec(name="ib", settings=IbSettings, capabilities=CAPABILITIES, create=_create)]


def _create(settings: IbSettings, context: BrokerContext) -> IbBroker:
    return IbBroker(settings, context)
