"""The account as the broker last told it, asked again when something has happened.

The broker is the only one who knows, and it tells all of it at once: its orders and fills too, however many there are.
So it is asked once for everything that happened together, and no oftener than leaves most of the time for others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from v6_ib_plugin.gateway.house import House
from v6_ib_plugin.gateway.market.feeds import Feeds
from v6_ib_plugin.gateway.market.statements import Statement, statement
from v6core.errors import BrokerError
from v6core.quotes import Quote
from v6core.reports import AdjustmentReport, CommissionReport, FillCorrectionReport, FillReport, Report

OnStatement = Callable[[Statement], None]
Close = Callable[[], None]
_SOON, _REGULARLY = 0.02, 1.0
_REST = 20
"""How many times as long as a look took there is none."""
_MOVING = (FillReport, FillCorrectionReport, AdjustmentReport, CommissionReport)


class Ledger:
    """The latest statement, and who wants to hear of the next; ``regularly`` means as prices move, too."""

    def __init__(self, house: House, feeds: Feeds) -> None:
        self._house = house
        self._feeds = feeds
        self._latest: Statement | None = None
        self._taken_at = self._took = 0.0
        self._is_stale = True
        self._watchers: list[tuple[OnStatement, bool]] = []
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def look(self) -> Statement:
        """Return the account as it is; BrokerError where the broker does not tell."""
        now = asyncio.get_running_loop().time()
        if self._latest is None or self._is_stale or now - self._taken_at > max(_REGULARLY, _REST * self._took):
            return await self._ask()
        return self._latest

    async def _ask(self) -> Statement:
        loop = asyncio.get_running_loop()
        began, self._is_stale = loop.time(), False
        snapshot = await self._house.broker.snapshot()
        quotes: dict[str, Quote] = {}
        for position in snapshot.positions:
            quote = await self._feeds.quote(position.contract)
            if quote is not None:
                quotes[position.contract.key] = quote
        self._latest = statement(self._house.account, snapshot, quotes)
        self._taken_at = loop.time()
        self._took = self._taken_at - began
        return self._latest

    def on_report(self, report: Report) -> None:
        """Look again soon where a report moves positions or money."""
        if isinstance(report, _MOVING):
            self._is_stale = True
            self._news.set()

    def watch(self, on_statement: OnStatement, *, regularly: bool = False) -> Close:
        """Call with each statement to come, until the result is called."""
        entry = (on_statement, regularly)
        self._watchers.append(entry)
        self._news.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="the gateway's ledger")

        def close() -> None:
            with suppress(ValueError):
                self._watchers.remove(entry)
            if not self._watchers and self._task is not None:
                self._task.cancel()
                self._task = None

        return close

    async def _run(self) -> None:
        while True:
            regularly = any(wanted for _, wanted in self._watchers)
            with suppress(TimeoutError):
                async with asyncio.timeout(_REGULARLY if regularly else None):
                    await self._news.wait()
            await asyncio.sleep(max(_SOON, _REST * self._took))
            self._news.clear()
            try:
                self._tell(await self._ask())
            except BrokerError as error:
                self._house.logger.warning("the account is not told: %s", error)

    def _tell(self, latest: Statement) -> None:
        for watcher, _ in tuple(self._watchers):
            try:
                watcher(latest)
            except Exception:
                self._house.logger.exception("a statement was not passed on")

    async def stop(self) -> None:
        """Ask no more."""
        self._watchers.clear()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
