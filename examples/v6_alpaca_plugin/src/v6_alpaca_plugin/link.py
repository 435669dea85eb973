"""The link: connecting with a named cause, and opening the stream of trade updates again where it breaks.

What was said while the stream was broken is lost, so before the link is UP again everything is looked up.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from v6_alpaca_plugin.records import Account, TradeUpdate
from v6_alpaca_plugin.settings import AlpacaSettings, is_paper
from v6_alpaca_plugin.transport import Updates
from v6core.errors import BrokerError, NotConnected
from v6core.reports import LinkState

Opened = Callable[[], Awaitable[None]]


def check_account(account: Account, settings: AlpacaSettings) -> None:
    """Raise BrokerError where the account is not the one that was meant, or may not trade."""
    number = account.account_number
    if settings.account is not None and number != settings.account:
        raise BrokerError(
            f"these keys are of account {number}, and the configuration names {settings.account}",
            code="WRONG_ACCOUNT",
            hint="give the keys of that account, or name this one",
        )
    if settings.live is is_paper(number):
        kind = "a paper account, and live = true says that it is not" if settings.live else "not a paper account"
        raise BrokerError(
            f"account {number} is {kind}", code="WRONG_ACCOUNT", hint="trading real money needs live = true"
        )
    blocked = {
        "account_blocked": account.account_blocked,
        "trading_blocked": account.trading_blocked,
        "trade_suspended_by_user": account.trade_suspended_by_user,
    }
    why = [name for name, is_so in blocked.items() if is_so]
    if why or account.status not in {"ACTIVE", "PAPER_ONLY"}:
        told = ", ".join([account.status, *why])
        raise BrokerError(f"account {number} may not trade: Alpaca says {told}", code="ACCOUNT_BLOCKED")


class Link:
    """Keeps the stream open for as long as the broker is connected.

    ``opened`` is called each time it has been opened, the first time by ``start``; ``hear`` for each update, one after
    the other; ``tell`` when the link changes.
    """

    def __init__(
        self,
        settings: AlpacaSettings,
        *,
        begin: Opened,
        catch_up: Opened,
        hear: Callable[[TradeUpdate], Awaitable[None]],
        tell: Callable[[LinkState, str], None],
        logger: logging.Logger,
    ) -> None:
        self._settings = settings
        self._begin = begin
        self._catch_up = catch_up
        self._hear = hear
        self._tell = tell
        self._log = logger
        self._keeping: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Open the stream, and keep it open from then on. Raises BrokerError naming the cause."""
        updates = await self._open(self._begin)
        self._tell(LinkState.UP, "")
        self._keeping = asyncio.get_running_loop().create_task(self._keep(updates))

    async def stop(self) -> None:
        """Close the stream."""
        keeping, self._keeping = self._keeping, None
        if keeping is not None:
            keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeping

    async def _open(self, look: Opened) -> Updates:
        """Open the stream and look: what happens from the opening on waits in the stream."""
        updates = Updates(self._settings)
        try:
            await updates.open()
            await look()
        except BaseException:
            await updates.close()
            raise
        return updates

    async def _keep(self, updates: Updates) -> None:
        while True:
            why = await self._listen(updates)
            self._tell(LinkState.DOWN, why)
            self._log.warning("the link to Alpaca is down: %s", why)
            updates = await self._reopen()
            self._tell(LinkState.UP, "connected again")
            self._log.info("the link to Alpaca is up again")

    async def _listen(self, updates: Updates) -> str:
        """Hear updates until the stream breaks, or says what cannot be understood; return why."""
        try:
            async for update in updates.each():
                await self._hear(update)
        except BrokerError as error:
            return str(error)
        finally:
            await updates.close()
        raise NotConnected("the stream of trade updates ended without a word")

    async def _reopen(self) -> Updates:
        delay = self._settings.reconnect_delay
        while True:
            await asyncio.sleep(delay)
            delay = min(delay * 2, self._settings.longest_reconnect_delay)
            try:
                return await self._open(self._catch_up)
            except BrokerError as error:
                self._log.info("Alpaca cannot be reached yet: %s", error)
