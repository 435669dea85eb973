"""The order side of Interactive Brokers as one object: what a broker is asked about orders, it hands on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

from v6_ib_plugin.data.accounts import Accounts
from v6_ib_plugin.data.instruments import Instruments
from v6_ib_plugin.terms import IbContract, IbExecution
from v6_ib_plugin.trading.book import Book
from v6_ib_plugin.trading.brackets import Brackets, Patience
from v6_ib_plugin.trading.changing import Changing
from v6_ib_plugin.trading.chores import Chores
from v6_ib_plugin.trading.drafts import Drafting
from v6_ib_plugin.trading.executions import Executions
from v6_ib_plugin.trading.hearing import Hearing
from v6_ib_plugin.trading.leftovers import Leftovers
from v6_ib_plugin.trading.legs import Legs
from v6_ib_plugin.trading.looking import Looking
from v6_ib_plugin.trading.outbox import Outbox
from v6_ib_plugin.trading.placing import Placing
from v6_ib_plugin.translation.executions import fill_of
from v6_ib_plugin.transport import Transport
from v6core.broker import Receipt, ReportSink
from v6core.fills import Fill
from v6core.orders import Order
from v6core.reports import Evidence, Snapshot


class Trading:
    """Places, changes, cancels and looks up orders. It begins to hear when it is made.

    ``account`` is the one that is traded; ``check_ready`` raises NotSent where TWS cannot be sent orders. ``zones`` are
    those in which TWS may count its days, the first of them that of its times that name none. ``notes`` is the file in
    which brackets under way are noted.
    """

    def __init__(
        self,
        transport: Transport,
        instruments: Instruments,
        accounts: Accounts,
        *,
        account: Callable[[], str],
        check_ready: Callable[[], None],
        report: ReportSink,
        now: Callable[[], datetime],
        zones: Sequence[tzinfo],
        notes: Path,
        logger: logging.Logger,
        patience: Patience = Patience(),  # noqa: B008 -- frozen
    ) -> None:
        self._transport = transport
        self._instruments = instruments
        self._account = account
        self._zone = zones[0]
        self._chores = Chores(logger)
        self._leftovers = Leftovers(notes)
        self._book = Book(Executions(self._fill_of, now), now=now, contract_of=instruments.contract_of)
        self._hearing = Hearing(self._book, report, lambda: transport.client_id)
        self._looking = Looking(
            transport=transport,
            book=self._book,
            hearing=self._hearing,
            accounts=accounts,
            legs=Legs(instruments.learn, self._book.register, instruments.contract_of),
            contract_of=instruments.known,
            account=account,
            now=now,
            zones=zones,
            logger=logger,
        )
        drafting = Drafting(instruments, account)
        outbox = Outbox(transport, self._book)
        self._changing = Changing(
            transport=transport,
            book=self._book,
            drafting=drafting,
            outbox=outbox,
            check_ready=check_ready,
            look=self._looking.open_orders,
        )
        self._brackets = Brackets(
            outbox=outbox,
            book=self._book,
            hearing=self._hearing,
            changing=self._changing,
            chores=self._chores,
            leftovers=self._leftovers,
            look=self._looking.orders,
            logger=logger,
            patience=patience,
        )
        self._placing = Placing(
            drafting=drafting,
            outbox=outbox,
            brackets=self._brackets,
            changing=self._changing,
            book=self._book,
            hearing=self._hearing,
            chores=self._chores,
            check_ready=check_ready,
        )
        self._making_up: asyncio.Task[None] | None = None
        self._hearing.followed = self._follow
        self._hearing.missed = self._look_again
        transport.listen(self._hearing)

    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        """Hand over one order or several as a unit; NotSent only where nothing left."""
        return await self._placing.place(orders)

    async def modify(self, order: Order, changes: Mapping[str, Any]) -> None:
        """Ask to change an order; NotSent where nothing left."""
        await self._changing.modify(order, changes)

    async def cancel(self, order: Order) -> None:
        """Ask to cancel every order under the order's reference; NotSent where nothing left."""
        await self._changing.cancel(order)

    async def cancel_everything(self) -> None:
        """Ask to cancel every open order of the login."""
        await self._changing.cancel_everything()

    async def snapshot(self) -> Snapshot:
        """Return everything that TWS holds, complete, or raise."""
        return await self._looking.snapshot()

    async def find(self, order_ref: str) -> Evidence:
        """Return all that TWS knows under a reference."""
        return await self._looking.find(order_ref)

    async def catch_up(self) -> None:
        """Hear all that happened while nobody listened, and take back what a placement left that broke off.

        To be called on every connection, before it counts as ready.
        """
        await self._looking.catch_up()
        await self._take_back_leftovers()

    async def stop(self) -> None:
        """Give up whatever goes on beside."""
        await self._chores.stop()

    async def _take_back_leftovers(self) -> None:
        """Cancel entries that were sent and never released: TWS lists none of them, and would keep them."""
        noted = self._leftovers.of(self._transport.client_id)
        left = {ref: number for ref, number in noted.items() if not self._book.is_under_way(ref)}
        for order_ref, order_id in left.items():
            if not self._changing.is_listed(order_ref, order_id):
                await self._changing.cancel_number(order_ref, order_id)
        if left:
            await self._transport.current_time()  # what answers this has the cancels: they came before it
        for order_ref in left:
            self._leftovers.settle(order_ref)

    def _follow(self) -> None:
        self._brackets.follow()
        if self._book.doubts:
            doubted, self._book.doubts = self._book.doubts, {}
            self._chores.start(lambda: self._looking.settle(doubted), "what TWS said of an order could not be settled")

    def _look_again(self) -> None:
        self._looking.note_missed()
        if self._making_up is None or self._making_up.done():  # one look sees to all that was missed before it
            self._making_up = self._chores.start(
                self._looking.make_up, "what TWS said and could not be read was not made up for"
            )

    def _fill_of(self, contract: IbContract, execution: IbExecution) -> Fill | None:
        if execution.acct_number not in {"", self._account()}:
            return None  # a login can have several accounts, and one is traded
        return fill_of(contract, execution, known=self._instruments.known, zone=self._zone)
