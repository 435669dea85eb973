"""A broker on a wire, and its two ends: what is lost, late or doubled between them is what v6 must survive.

* ``broker``     the client, a broker like any other; it reconnects by itself
* ``line``       its end of the wire
* ``messages``   what travels: one JSON object per line
* ``settings``   which server, and what the broker declares
* ``server``     the other end of the wire: sessions, and the queue of what they send
* ``desk``       the broker behind it: takes orders, fills them, ends them, and says so
* ``book``       what it holds
* ``answers``    what it can be asked, as far back as its lists reach
* ``terms``      how far that is, and what is written down of what arrives
* ``behaviour``  how it treats what reaches it
* ``control``    what a checker asks the server itself, and a test lets happen
* ``state``      its memory on disk

The server runs on any event loop, a simulated one among them, and as a process: ``python -m v6core.testing.remote``.
"""

from __future__ import annotations

from v6core.testing.remote.behaviour import Behaviour
from v6core.testing.remote.book import Incarnation, ServerBook
from v6core.testing.remote.broker import RemoteBroker, remote_spec
from v6core.testing.remote.control import RemoteControl, obey
from v6core.testing.remote.desk import Desk
from v6core.testing.remote.messages import BadFrame
from v6core.testing.remote.server import BrokerServer
from v6core.testing.remote.settings import REMOTE, RemoteSettings, remote_capabilities
from v6core.testing.remote.state import OrderRow, ServerState, load, save
from v6core.testing.remote.terms import Arrival, DeskTerms, Verb

__all__ = [
    "REMOTE",
    "Arrival",
    "BadFrame",
    "Behaviour",
    "BrokerServer",
    "Desk",
    "DeskTerms",
    "Incarnation",
    "OrderRow",
    "RemoteBroker",
    "RemoteControl",
    "RemoteSettings",
    "ServerBook",
    "ServerState",
    "Verb",
    "load",
    "obey",
    "remote_capabilities",
    "remote_spec",
    "save",
]
