"""Connections in memory and in virtual time: asyncio's streams and protocols run over them as they are.

``SimulatedNetworkLoop`` is a ``SimulatedLoop`` whose ``create_server`` and ``create_connection`` go through a
``SimulatedNetwork``. Bytes keep their order, as TCP keeps it, and nothing else: what was written at once may arrive in
pieces, and what was written in pieces at once, each after a latency drawn from the network's seed. Links can be cut at
any byte, fall silent in one direction, become slow, or be refused.

Code that is run by a ``SimulatedProcess`` can be killed: from that instant it reaches nobody, and what it had handed
over before still arrives.

* ``process``    what can be killed
* ``transport``  one end of a link, as asyncio sees it
* ``link``       two ends, and what can happen between them
* ``listener``   what listens on a port
* ``medium``     latency, segmentation, and who listens where
* ``loop``       the event loop that goes through it
"""

from __future__ import annotations

from v6core.testing.network.link import Link, Pipe
from v6core.testing.network.listener import SimulatedServer
from v6core.testing.network.loop import SimulatedNetworkLoop, run_on_network
from v6core.testing.network.medium import SimulatedNetwork
from v6core.testing.network.process import SimulatedProcess
from v6core.testing.network.transport import SimulatedTransport

__all__ = [
    "Link",
    "Pipe",
    "SimulatedNetwork",
    "SimulatedNetworkLoop",
    "SimulatedProcess",
    "SimulatedServer",
    "SimulatedTransport",
    "run_on_network",
]
