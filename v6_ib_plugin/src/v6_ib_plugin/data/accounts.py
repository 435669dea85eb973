"""The account's money, and its profit and loss, which TWS tells apart from it."""

from __future__ import annotations

import asyncio
from decimal import Decimal

from v6_ib_plugin.numbers import bounded, told
from v6_ib_plugin.terms.market import IbPnl
from v6_ib_plugin.translation.accounts import account_of
from v6_ib_plugin.transport import Subscription, Transport
from v6core.reports import Account

# TWS tells the first figures within a second of being asked, then each second that they change.
_PATIENCE = 2.0


class Accounts:
    """Accounts at TWS. Profit and loss are subscribed to once per connection and account."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._pnl: dict[str, _Pnl] = {}

    def follow(self, account: str) -> None:
        """Begin to follow the profit and loss of an account, on a connection that stands."""
        self.stop()
        self._pnl[account] = _Pnl(self._transport, account)

    def follow_again(self) -> None:
        """Subscribe anew to all that is followed: TWS may have lost it."""
        for account in tuple(self._pnl):
            self._pnl.pop(account).close()
            self._pnl[account] = _Pnl(self._transport, account)

    def stop(self) -> None:
        """Follow no account any longer."""
        for followed in self._pnl.values():
            followed.close()
        self._pnl.clear()

    async def account(self, account: str) -> Account:
        """Return an account's money in its base currency; ``paper`` is whether its name begins with D.

        Daily profit and loss count from the last reset that TWS is set to, mostly midnight at the exchange; None where
        TWS does not tell them in time. Raises Unavailable and Untranslatable.
        """
        values = await self._transport.account_values(account)
        if account not in self._pnl:
            self._pnl[account] = _Pnl(self._transport, account)
        pnl = await self._pnl[account].latest()
        found = account_of(account, values, daily_pnl=_figure(pnl.daily))
        figures = {"realized_pnl": _figure(pnl.realized), "unrealized_pnl": _figure(pnl.unrealized)}
        return found.model_copy(update={name: value for name, value in figures.items() if value is not None})


class _Pnl:
    """The profit and loss of one account as they were told last."""

    def __init__(self, transport: Transport, account: str) -> None:
        self._told = asyncio.Event()
        self._waited = False
        self._latest = IbPnl()
        self._subscription: Subscription = transport.subscribe_pnl(account, self._take)

    async def latest(self) -> IbPnl:
        """Return what was told last; the first is waited for, once."""
        if not self._waited:
            try:
                async with asyncio.timeout(_PATIENCE):
                    await self._told.wait()
            except TimeoutError:
                self._waited = True
        return self._latest

    def close(self) -> None:
        """Follow no longer."""
        self._subscription.close()

    def _take(self, pnl: IbPnl) -> None:
        self._latest = pnl
        self._told.set()


def _figure(value: Decimal | None) -> Decimal | None:
    number = told(value)
    return None if number is None else bounded(number, "pnl")
