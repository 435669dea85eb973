"""The broker: the link, the order side and the data side of Interactive Brokers behind one object."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from v6_ib_plugin.capabilities import CAPABILITIES
from v6_ib_plugin.data.bars import Bar, WhatToShow
from v6_ib_plugin.data.desk import DataDesk
from v6_ib_plugin.data.hours import TradingHours
from v6_ib_plugin.link import Link
from v6_ib_plugin.pacing import Pacer
from v6_ib_plugin.settings import IbSettings
from v6_ib_plugin.terms import IbAnswer
from v6_ib_plugin.times import ThisMachine, zone_named
from v6_ib_plugin.trading import Trading
from v6_ib_plugin.transport import SilentEar, Transport
from v6core.broker import Broker, BrokerContext, Receipt
from v6core.contracts import Contract, ContractDetails
from v6core.errors import NotConnected
from v6core.fills import Preview
from v6core.orders import Order
from v6core.quotes import OptionChain, Quote
from v6core.reports import Evidence, LinkState, Snapshot
from v6core.sessions import NEW_YORK

_DATA_LOST = 1101


class IbBroker(Broker):
    """Interactive Brokers through TWS or IB Gateway."""

    def __init__(self, settings: IbSettings, context: BrokerContext) -> None:
        super().__init__(CAPABILITIES, context)
        self._clock = context.clock
        self._transport = Transport(Pacer(settings.messages_per_second or None), deadline=settings.request_timeout)
        self._data = DataDesk(self._transport, self.now, most_lines=settings.market_data_lines)
        self._link = Link(
            self._transport,
            settings,
            look_all=self._look_all,
            report=context.report,
            clock=context.clock,
            logger=context.logger,
        )
        self._trading = Trading(
            self._transport,
            self._data.instruments,
            self._data.accounts,
            account=lambda: self._link.account,
            check_ready=self._link.require_ready,
            report=context.report,
            now=self.now,
            zones=(ThisMachine() if settings.time_zone is None else zone_named(settings.time_zone), NEW_YORK),
            notes=context.folder / f"staged-{context.name}.json",
            logger=context.logger,
        )
        self._connections = _Connections(self._data)
        self._transport.listen(self._connections)

    @property
    def native(self) -> Any:
        """The connected ``ib_async.IB``, for what v6 has no word for."""
        return self._transport.native

    def now(self) -> datetime:
        """Return the time at TWS: this machine's, unless TWS's clock is not in step with it."""
        return self._clock.now() + self._link.ahead

    async def connect(self) -> None:
        """Connect and read all that TWS holds; a second call changes nothing. BrokerError names the cause."""
        await self._link.open()

    async def disconnect(self) -> None:
        """Disconnect; a second call changes nothing. Orders stay as they are."""
        self._data.disconnected(self._not_connected("go on"))
        await self._trading.stop()
        await self._link.close()

    async def _look_all(self) -> None:
        """Read all that TWS holds, on a connection that stands: what was missed is reported."""
        self._connections.settle(self._link.account)
        await self._trading.catch_up()

    # Orders.

    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        """Hand orders over; NotSent only where nothing of any of them left."""
        return await self._trading.place(orders)

    async def modify(self, order: Order, changes: Mapping[str, Any]) -> None:
        """Ask to change an order as TWS shows it."""
        await self._trading.modify(order, changes)

    async def cancel(self, order: Order) -> None:
        """Ask to cancel every order under the order's reference that this client placed."""
        await self._trading.cancel(order)

    async def cancel_everything(self) -> None:
        """Ask to cancel every open order of the login, whoever placed it."""
        await self._trading.cancel_everything()

    async def snapshot(self) -> Snapshot:
        """Return everything that TWS holds."""
        self._check_connected("tell what it holds")
        return await self._trading.snapshot()

    async def find(self, order_ref: str) -> Evidence:
        """Return all that TWS knows under a reference."""
        self._check_connected(f"look for {order_ref}")
        return await self._trading.find(order_ref)

    # Data.

    async def qualify(self, contract: Contract) -> ContractDetails:
        """Return the contract completed, with its ticks."""
        self._check_connected(f"look up {contract.key}")
        return (await self._data.instruments.qualify(contract)).details

    async def quote(self, contract: Contract) -> Quote:
        """Return the present quote of a contract."""
        self._check_connected(f"quote {contract.key}")
        return await self._data.quotes.quote(contract)

    def quotes(self, contracts: Sequence[Contract]) -> AsyncIterator[Quote]:
        """Stream quotes, each first as it is and then as it changes."""
        self._check_connected(f"stream quotes of {', '.join(contract.key for contract in contracts)}")
        return self._data.quotes.stream(contracts)

    async def option_chain(self, contract: Contract) -> OptionChain:
        """Return the options listed on an underlying."""
        self._check_connected(f"list options on {contract.key}")
        return await self._data.chains.chain(contract)

    async def bars(
        self,
        contract: Contract,
        *,
        end: datetime | None = None,
        duration: str | timedelta = "1 D",
        size: str = "1 min",
        what: WhatToShow | str = WhatToShow.TRADES,
        regular_hours: bool = True,
    ) -> tuple[Bar, ...]:
        """Return historical bars, for which v6 has no word of its own; ``data.bars`` says what may be asked."""
        self._check_connected(f"tell the bars of {contract.key}")
        return await self._data.bars.bars(
            contract, end=end, duration=duration, size=size, what=what, regular_hours=regular_hours
        )

    async def trading_hours(self, contract: Contract) -> TradingHours:
        """Return when a contract trades, for which v6 has no word of its own; empty where TWS does not tell."""
        self._check_connected(f"tell when {contract.key} trades")
        return (await self._data.instruments.qualify(contract)).hours

    async def preview(self, orders: Sequence[Order]) -> Preview:
        """Return what orders would cost."""
        self._check_connected(f"preview {len(orders)} orders")
        return await self._data.previews.preview(orders, self._link.account)

    def _check_connected(self, what: str) -> None:
        if self._link.state is LinkState.DOWN:
            raise self._not_connected(what)

    def _not_connected(self, what: str) -> NotConnected:
        return NotConnected(f"{self._context.name} is not connected, so it cannot {what}")


class _Connections(SilentEar):
    """Tells the data side of each connection that stands, and of data that TWS lost on one."""

    def __init__(self, data: DataDesk) -> None:
        self._data = data
        self._is_known = False

    def settle(self, account: str) -> None:
        """Subscribe anew on a connection that the data side does not know yet."""
        if not self._is_known:
            self._is_known = True
            self._data.connected(account)

    def on_answer(self, answer: IbAnswer) -> None:
        """Hear that TWS has lost what was asked of it."""
        if answer.code == _DATA_LOST and answer.req_id == -1:
            self._data.data_lost()

    def on_closed(self, reason: str) -> None:  # noqa: ARG002
        """Hear that the connection is gone."""
        self._is_known = False
