"""What the authors of plugins and programs test with. It needs ``v6core[testing]``, and nothing else imports it.

``order_strategies`` are hypothesis strategies for whatever travels between v6 and a broker, ``ScriptedBroker`` is a
broker that does what a test tells it, ``SimulatedClock`` is a clock that goes as far as it is told. ``run_on_network``
runs code in virtual time over connections in memory, ``remote`` is a broker on a wire with both its ends, and ``world``
lets a whole engine run in front of it, crash, and be judged. ``BrokerConformance`` proves a broker case by case, in a
market that a ``Driver`` of its author's drives.
"""

from __future__ import annotations

from v6core.clock import SimulatedClock
from v6core.testing import strategies as order_strategies
from v6core.testing.conformance import BrokerConformance, Driver
from v6core.testing.network import SimulatedNetwork, SimulatedNetworkLoop, SimulatedProcess, run_on_network
from v6core.testing.remote import BrokerServer, RemoteBroker, RemoteSettings, remote_spec
from v6core.testing.scripted import ScriptedBroker, ScriptedSettings, scripted_capabilities, scripted_spec

__all__ = [
    "BrokerConformance",
    "BrokerServer",
    "Driver",
    "RemoteBroker",
    "RemoteSettings",
    "ScriptedBroker",
    "ScriptedSettings",
    "SimulatedClock",
    "SimulatedNetwork",
    "SimulatedNetworkLoop",
    "SimulatedProcess",
    "order_strategies",
    "remote_spec",
    "run_on_network",
    "scripted_capabilities",
    "scripted_spec",
]
