"""Alpaca as a broker: everything behind one object."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from v6_alpaca_plugin.book import Book
from v6_alpaca_plugin.capabilities import CAPABILITIES
from v6_alpaca_plugin.desk import Desk
from v6_alpaca_plugin.link import Link, check_account
from v6_alpaca_plugin.listing import Listing
from v6_alpaca_plugin.market import Market
from v6_alpaca_plugin.records import Clock, read
from v6_alpaca_plugin.settings import AlpacaSettings
from v6_alpaca_plugin.transport import Refused, Rest
from v6core.broker import Broker, BrokerContext, Receipt
from v6core.contracts import Contract, ContractDetails
from v6core.errors import BrokerError, NotConnected, NotSent
from v6core.orders import Order
from v6core.quotes import OptionChain, Quote
from v6core.reports import Evidence, LinkReport, LinkState, Snapshot

_WRONG_KEYS = frozenset({401, 403})
# What an answer takes on its way is not told apart from a clock that goes wrong by so much.
_CLOCKS_AGREE = timedelta(seconds=2)


class _Session:
    """What there is while the broker is connected."""

    def __init__(self, broker: AlpacaBroker, settings: AlpacaSettings, context: BrokerContext) -> None:
        book = Book()
        self.rest = Rest(settings)
        self.listing = Listing(self.rest, book)
        self.desk = Desk(self.rest, book, self.listing, report=context.report, now=broker.now, since=broker.since)
        self.market = Market(self.rest, settings, broker.now)
        self.link = Link(
            settings,
            begin=self.desk.begin,
            catch_up=self._catch_up,
            hear=self.desk.hear,
            tell=broker.tell_link,
            logger=context.logger,
        )

    async def _catch_up(self) -> None:
        # What was sent before the link broke must not arrive after the look that is to prove it absent.
        await self.rest.settled()
        await self.desk.catch_up()

    async def close(self) -> None:
        """End all of it."""
        await self.link.stop()
        await self.rest.close()


class AlpacaBroker(Broker):
    """A broker of v6 on Alpaca's trading API."""

    def __init__(self, settings: AlpacaSettings, context: BrokerContext) -> None:
        super().__init__(CAPABILITIES, context)
        self._settings = settings
        self._session: _Session | None = None
        self._ahead = timedelta(0)

    def now(self) -> datetime:
        """Return the time at Alpaca: this machine's, unless Alpaca's clock is not in step with it."""
        return super().now() + self._ahead

    @property
    def native(self) -> Any:
        """The connected TradingClient of alpaca-py; None where there is no connection."""
        return None if self._session is None else self._session.rest.native

    async def connect(self) -> None:
        """Connect. Raises BrokerError with a code: NO_CONNECTION, WRONG_KEYS, WRONG_ACCOUNT, ACCOUNT_BLOCKED."""
        if self._session is not None:
            return
        session = _Session(self, self._settings, self._context)
        try:
            await self._check(session)
            await self._compare_clocks(session)
            await session.link.start()
        except BaseException:
            await session.close()
            raise
        self._session = session

    async def _check(self, session: _Session) -> None:
        try:
            account = await session.listing.account()
        except Refused as refusal:
            if refusal.status in _WRONG_KEYS:
                where = "real money" if self._settings.live else "paper trading"
                raise BrokerError(
                    f"Alpaca does not let this key in: {refusal.text}",
                    code="WRONG_KEYS",
                    hint=f"the keys must be those of {where}, which has others",
                ) from refusal
            raise
        check_account(account, self._settings)

    async def _compare_clocks(self, session: _Session) -> None:
        told = read(Clock, await session.rest.ask("/clock"), "its clock").timestamp
        ahead = told - super().now()
        self._ahead = ahead if abs(ahead) > _CLOCKS_AGREE else timedelta(0)

    async def disconnect(self) -> None:
        """Disconnect, once what was sent is answered; orders stay as they are."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def since(self) -> datetime:
        """Return how far back finished orders and fills are asked for."""
        return self.now() - timedelta(days=self._settings.history_days)

    def tell_link(self, state: LinkState, detail: str) -> None:
        """Report that the link changed."""
        self._context.report(LinkReport(time=self.now(), state=state, detail=detail))

    @property
    def _open(self) -> _Session:
        if self._session is None:
            raise NotConnected(f"{self._context.name} is not connected to Alpaca: connect first")
        return self._session

    @property
    def _desk(self) -> Desk:
        if self._session is None:
            raise NotSent(f"{self._context.name} is not connected to Alpaca: connect first")
        return self._session.desk

    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        """Send orders, one after the other, a bracket as one."""
        return await self._desk.place(orders)

    async def modify(self, order: Order, changes: Mapping[str, Any]) -> None:
        """Replace an order by one with other terms, which has a new id at Alpaca."""
        await self._desk.modify(order, changes)

    async def cancel(self, order: Order) -> None:
        """Ask to cancel an order."""
        await self._desk.cancel(order)

    async def cancel_everything(self) -> None:
        """Ask to cancel every open order of the account."""
        await self._desk.cancel_everything()

    async def snapshot(self) -> Snapshot:
        """Return everything that the account holds; finished orders and fills since ``history_days``."""
        return await self._open.listing.snapshot(self.now(), self.since())

    async def find(self, order_ref: str) -> Evidence:
        """Return all that Alpaca knows under a reference."""
        return await self._open.desk.find(order_ref)

    async def qualify(self, contract: Contract) -> ContractDetails:
        """Return a contract completed, with its ticks."""
        return await self._open.market.qualify(contract)

    async def quote(self, contract: Contract) -> Quote:
        """Return the present quote."""
        return await self._open.market.quote(contract)

    def quotes(self, contracts: Sequence[Contract]) -> AsyncIterator[Quote]:
        """Stream quotes, by asking again and again."""
        return self._open.market.quotes(contracts)

    async def option_chain(self, contract: Contract) -> OptionChain:
        """Return the options listed on a share."""
        return await self._open.market.option_chain(contract)
