"""The paper broker of v6: an exchange in a box, deterministic by seed, behind v6's broker interface.

``exchange`` is the exchange, ``market`` where its quotes come from, ``broker`` what stands in front of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from v6_paper_plugin.capabilities import CAPABILITIES
from v6_paper_plugin.settings import PaperSettings
from v6core.broker import Broker, BrokerContext, BrokerSpec
from v6core.clock import SimulatedLoop
from v6core.hookspecs import hookimpl


def _create(settings: PaperSettings, context: BrokerContext) -> Broker:
    from v6_paper_plugin.broker import PaperBroker, check_loop  # noqa: PLC0415 -- announced is not yet used

    with suppress(RuntimeError):  # made before its loop runs: connect checks
        check_loop(settings, asyncio.get_running_loop())
    return PaperBroker(settings, context)


def _event_loop(settings: PaperSettings) -> Callable[[], asyncio.AbstractEventLoop] | None:
    return SimulatedLoop if settings.speed == "max" else None


@hookimpl
def v6_brokers() -> Iterable[BrokerSpec[Any]]:
    """Announce the paper broker."""
    return [BrokerSpec("paper", PaperSettings, CAPABILITIES, _create, event_loop=_event_loop)]
