"""What all parts of the gateway share."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from v6_ib_plugin.gateway.clients import Clients
from v6_ib_plugin.gateway.faults import Faults
from v6_ib_plugin.gateway.market.instruments import Instruments
from v6core.broker import Broker

ACCOUNT = "DUSIM0001"
"""The account unless another is said: the D is that of paper accounts, and the rest says that nothing is real."""


@dataclass(slots=True, kw_only=True)
class House:
    """The broker behind the gateway, the clients in front of it, and what was said when it was opened.

    A ``read_only`` gateway refuses orders before any part sees them; ``faults`` stand between the parts and the wire.
    ``memory`` is the file that keeps over restarts what the broker does not have, if anything is to be kept.
    """

    broker: Broker
    faults: Faults
    clients: Clients = field(default_factory=Clients)
    account: str = ACCOUNT
    read_only: bool = False
    memory: Path | None = None
    logger: logging.Logger = field(default_factory=lambda: logging.getLogger("v6.gateway"))
    instruments: Instruments = field(init=False)

    def __post_init__(self) -> None:
        self.instruments = Instruments(self.broker)

    def now(self) -> datetime:
        """Return the time at the broker."""
        return self.broker.now()
