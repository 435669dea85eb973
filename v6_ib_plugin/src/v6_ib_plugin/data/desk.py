"""All that is asked of TWS without changing anything, over one transport and from one connection to the next."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from v6_ib_plugin.data.accounts import Accounts
from v6_ib_plugin.data.bars import Bars
from v6_ib_plugin.data.chains import Chains
from v6_ib_plugin.data.instruments import Instruments
from v6_ib_plugin.data.previews import Previews
from v6_ib_plugin.data.quotes import Quotes
from v6_ib_plugin.transport import Transport
from v6core.errors import BrokerError


class DataDesk:
    """Instruments, quotes, chains, bars, accounts and previews."""

    def __init__(self, transport: Transport, now: Callable[[], datetime], *, most_lines: int = 100) -> None:
        self.instruments = Instruments(transport)
        self.quotes = Quotes(transport, self.instruments, now, most_lines=most_lines)
        self.chains = Chains(transport, self.instruments)
        self.bars = Bars(transport, self.instruments)
        self.accounts = Accounts(transport)
        self.previews = Previews(transport, self.instruments)

    def connected(self, account: str) -> None:
        """Subscribe anew, each time that a connection stands."""
        self.accounts.follow(account)
        self.quotes.restore()

    def data_lost(self) -> None:
        """Subscribe anew where TWS itself has lost its connection, and what was asked on it with that (1101)."""
        self.accounts.follow_again()
        self.quotes.restore()

    def disconnected(self, why: BrokerError) -> None:
        """End everything for good; whoever still reads quotes is told why."""
        self.accounts.stop()
        self.quotes.close(why)
