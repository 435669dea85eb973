"""What one server is made of: the desk, the broker behind it, the keys, the limit, the faults and what arrived."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from fake_alpaca.arrivals import Arrivals
from fake_alpaca.assets import asset_id
from fake_alpaca.desk import Desk
from fake_alpaca.faults import Faults
from fake_alpaca.keys import Keys
from fake_alpaca.limits import RateLimit
from fake_alpaca.market import MarketView
from v6core.broker import Broker


@dataclass(slots=True, kw_only=True)
class House:
    """Everything that the parts of the server share."""

    desk: Desk
    broker: Broker
    market: MarketView
    limit: RateLimit
    keys: Keys = field(default_factory=Keys)
    faults: Faults = field(default_factory=Faults)
    arrivals: Arrivals = field(default_factory=Arrivals)
    account_id: UUID = field(default_factory=lambda: asset_id("the account"))
