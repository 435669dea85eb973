"""What all parts of the gateway share."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from v6_ib_plugin.gateway.clients import Clients
from v6_ib_plugin.gateway.faults import Faults
from v6_ib_plugin.gateway.manners import Manners
from v6_ib_plugin.gateway.market.instruments import Instruments
from v6core.broker import Broker
from v6core.errors import ConfigurationError
from v6core.identifiers import plainly

ACCOUNT = "DUSIM0001"
"""The account unless another is said: the D is that of paper accounts, and the rest says that nothing is real."""
_NOT_REAL = re.compile(r"D[UF][A-Z0-9]{1,30}")


def simulated_account(name: str) -> str:
    """Return the name of an account that says that it is not real; ConfigurationError for any other.

    Programs take a name that begins with anything else for an account of real money, and several names in one text for
    several accounts.
    """
    if _NOT_REAL.fullmatch(name):
        return name
    raise ConfigurationError(
        f"the gateway's account cannot be {plainly(name, 64)!r}: programs would take it for real money",
        hint=f"choose a name like those of IB's paper accounts: DU, letters and digits, as in {ACCOUNT}",
    )


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
    manners: Manners = field(default_factory=Manners)
    memory: Path | None = None
    logger: logging.Logger = field(default_factory=lambda: logging.getLogger("v6.gateway"))
    instruments: Instruments = field(init=False)

    def __post_init__(self) -> None:
        self.instruments = Instruments(self.broker)

    def now(self) -> datetime:
        """Return the time at the broker."""
        return self.broker.now()
