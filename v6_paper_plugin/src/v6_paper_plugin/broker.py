"""The paper broker: v6's words in front of the exchange, the settings' market behind it, a file that keeps it all.

What the exchange tells is collected, the state is written, and only then the reports go out: nobody ever hears of
anything that a restart would not know.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import takewhile
from typing import Any
from uuid import UUID

from v6_paper_plugin.borrowed import BorrowedMarket
from v6_paper_plugin.capabilities import CAPABILITIES
from v6_paper_plugin.exchange.exchange import Exchange
from v6_paper_plugin.exchange.orders import ExchangeOrder, Refusal
from v6_paper_plugin.exchange.pump import MarketTime, Pump
from v6_paper_plugin.exchange_choice import exchange_of
from v6_paper_plugin.keeper import Keeper
from v6_paper_plugin.market import Market, Tick
from v6_paper_plugin.market.future_options import chain_on
from v6_paper_plugin.market.given import GivenMarket
from v6_paper_plugin.market_choice import first_moment, market_of
from v6_paper_plugin.native import NativePaper
from v6_paper_plugin.outbox import Outbox
from v6_paper_plugin.settings import PaperSettings
from v6_paper_plugin.statement import evidence_of, preview_of, snapshot_of
from v6_paper_plugin.streams import Streams, singles_of
from v6_paper_plugin.translation import exchange_order, quote_of
from v6core.broker import BrokerContext, Receipt
from v6core.clock import SimulatedLoop
from v6core.contracts import Combo, Contract, ContractDetails, Future
from v6core.errors import BrokerError, ConfigurationError, NotConnected, NotSent, Unavailable
from v6core.fills import Preview
from v6core.orders import Order
from v6core.quotes import OptionChain, Quote
from v6core.reports import Evidence, FillReport, LinkReport, LinkState, Snapshot


class PaperBroker(NativePaper):
    """A broker in a box: an exchange of its own, for one account."""

    def __init__(self, settings: PaperSettings, context: BrokerContext) -> None:
        super().__init__(settings, CAPABILITIES, context)
        self._outbox = Outbox(settings.account, settings.currency)
        self._exchange: Exchange | None = None
        self._pump: Pump | None = None
        self._keeper = Keeper(settings, context)
        self._streams = Streams(self._quote_now)

    @property
    def native(self) -> PaperBroker:
        """The broker itself, with what ``NativePaper`` adds: ``engine.native.set_quote``."""
        return self

    # The link

    async def connect(self) -> None:
        """Take up the account where it was left, and let the market's time run."""
        if self._pump is not None:
            return
        loop = asyncio.get_running_loop()
        check_loop(self._settings, loop)
        exchange = self._open_exchange()
        await self._borrow(exchange)
        self._exchange = exchange
        self._pump = Pump(loop, exchange, self._market_time(loop, exchange), self._pumped)
        exchange.stream_to(self._streams.on_ticks)
        try:
            self._running()
            self._outbox.put(LinkReport(time=exchange.now, state=LinkState.UP, detail=self._settings.account))
            self._tell()
        except BrokerError:
            self._let_go()
            raise

    async def _borrow(self, exchange: Exchange) -> None:
        """Have another broker lend its quotes, where the settings name one."""
        if isinstance(exchange.market, BorrowedMarket):
            exchange.market.borrow(await self._context.open_broker(self._settings.quotes_from[1]), self._on_loan)
            held = [holding.contract for holding in exchange.ledger.holdings.values()]
            await exchange.market.learn([*held, *(order.contract for order in exchange.orders.open())])

    def _on_loan(self, tick: Tick) -> None:
        if self._exchange is not None:
            self._running().take([tick])
            self._tell()

    async def _learned(self, *contracts: Contract | None) -> Exchange:
        """Return the exchange, once its market knows some contracts."""
        market = self._running().market
        if isinstance(market, BorrowedMarket):
            with suppress(Unavailable):  # what the lender does not have is refused as not listed
                await market.learn(contract for contract in contracts if contract is not None)
        return self._running()

    def _open_exchange(self) -> Exchange:
        clock_now = self._context.clock.now()
        market = market_of(self._settings, self._context.folder, clock_now)
        exchange = exchange_of(self._settings, market, self._outbox, first_moment(self._settings, market))
        if not self._keeper.restore(exchange):
            exchange.begin()
        return exchange

    def _market_time(self, loop: asyncio.AbstractEventLoop, exchange: Exchange) -> MarketTime:
        """Return the market's time: the clock's where prices are given or borrowed, else the tape's."""
        if self._settings.quotes_from[0] in {"given", "broker"}:
            clock = self._context.clock
            return MarketTime(loop, max(clock.now(), exchange.now), 1.0, clock.now)
        speed = self._settings.speed
        return MarketTime(loop, exchange.now, 1.0 if speed == "max" else speed, None)

    async def disconnect(self) -> None:
        """Stop the market's time and keep the account; orders stay as they are."""
        if self._pump is None:
            return
        market = self._running().market
        try:
            self._tell()
            self._save()
        finally:
            self._pump.stop()
            self._streams.end()
            self._let_go()
            if isinstance(market, BorrowedMarket):
                await market.end_loan()

    def _let_go(self) -> None:
        self._pump = self._exchange = None
        self._keeper.close()

    def now(self) -> datetime:
        """Return the time at the market."""
        return super().now() if self._pump is None else self._pump.now()

    def _running(self) -> Exchange:
        """Return the exchange, brought up to now; NotConnected without a connection."""
        if self._exchange is None or self._pump is None:
            raise NotConnected(f"{self._context.name} is not connected", hint="connect first")
        self._pump.catch_up()
        return self._exchange

    def _skip(self, seconds: float) -> None:
        if self._pump is not None:
            self._pump.skip(seconds)

    def _tell(self) -> None:
        """Write the state if anything happened, let the reports go, and sleep until the next thing is due."""
        self._flush()
        self._end_streams_with_the_tape()
        if self._pump is not None:
            self._pump.arm()

    def _pumped(self) -> None:
        """Keep and tell what happened as time passed; a state that cannot be written takes the link down."""
        try:
            self._flush()
            self._end_streams_with_the_tape()
        except BrokerError as error:
            self._context.logger.exception("the paper broker %s stops", self._context.name)
            self._context.report(LinkReport(time=self.now(), state=LinkState.DOWN, detail=error.message))

    def _end_streams_with_the_tape(self) -> None:
        if self._exchange is not None and self._exchange.is_over:
            self._streams.end()

    def _flush(self) -> None:
        if not self._outbox:
            return
        self._remember_prices()
        self._save()
        for report in self._outbox.take():
            self._context.report(report)

    def _save(self) -> None:
        if self._exchange is not None:
            self._keeper.save(self._exchange)

    # Orders

    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        """Submit a unit; all of it is accepted or none. A reference that is known already is only told again."""
        exchange = await self._learned(*(order.contract for order in orders))
        unit = self._unit(exchange, orders)
        new = [order for order in unit if exchange.orders.get(order.ref) is None]
        for order in unit:
            if order not in new:
                self._tell_again(exchange, order.ref)
        if new:
            exchange.submit(new)
        self._tell()
        return tuple(self._receipt(exchange, order) for order in orders)

    def _unit(self, exchange: Exchange, orders: Sequence[Order]) -> list[ExchangeOrder]:
        refs = {order.order_id: order.order_ref for order in orders}
        if len(set(refs.values())) < len(orders):
            raise NotSent("two orders of a unit have one order_ref")

        def ref_of(order_id: UUID) -> str:
            return refs.get(order_id) or exchange.orders.ref_of(str(order_id)) or str(order_id)

        return [exchange_order(order, ref_of, self._settings.account) for order in orders]

    def _tell_again(self, exchange: Exchange, ref: str) -> None:
        evidence = evidence_of(exchange, ref)
        self._outbox.put(*evidence.fills, *evidence.orders, *evidence.rejections)

    def _receipt(self, exchange: Exchange, order: Order) -> Receipt:
        known = exchange.orders.get(order.order_ref or "")
        return Receipt(order.order_id, known.broker_order_id if known else None)

    async def cancel(self, order: Order) -> None:
        """Ask the exchange to cancel."""
        self._running().cancel(_ref(order))
        self._tell()

    async def cancel_everything(self) -> None:
        """Ask the exchange to cancel all that is open, one after the other: an entry takes its exits with it."""
        exchange = self._running()
        for order in exchange.orders.open():
            if order.is_open:
                exchange.cancel(order.ref)
        self._tell()

    async def modify(self, order: Order, changes: Mapping[str, Any]) -> None:
        """Ask the exchange to change terms; values are taken as an Order takes them."""
        exchange, ref = self._running(), _ref(order)
        try:
            wanted = order.replace(**changes)
        except ValueError as error:
            self._outbox.on_change_refused(ref, Refusal("INVALID", " ".join(str(error).split())), exchange.now)
        else:
            exchange.change(ref, {name: getattr(wanted, name) for name in changes})
        self._tell()

    # Questions

    async def snapshot(self) -> Snapshot:
        """Return everything, since the account began."""
        exchange, account = self._running(), self._settings.account
        self._flush()
        return snapshot_of(exchange, account)

    async def find(self, order_ref: str) -> Evidence:
        """Return what is known under a reference; the exchange knows every order that it ever had."""
        exchange = self._running()
        self._flush()
        return evidence_of(exchange, order_ref)

    async def qualify(self, contract: Contract) -> ContractDetails:
        """Return a contract as the market lists it, a combo with its legs so."""
        market = (await self._learned(contract)).market
        if isinstance(contract, Combo):
            for leg, _ in contract.signed_legs:
                await self.qualify(leg)
            return ContractDetails(contract=contract)
        details = market.details(contract)
        if details is None:
            raise Unavailable(
                f"{self._context.name} lists no {contract.key}", hint=_listed(market, contract, self.now())
            )
        return details

    async def quote(self, contract: Contract) -> Quote:
        """Return the present quote."""
        await self.qualify(contract)
        exchange = self._running()
        quote = self._quote_now(contract)
        if quote is None:
            raise Unavailable(f"there is no quote of {contract.key} yet at {exchange.now.isoformat()}")
        return quote

    def _quote_now(self, contract: Contract) -> Quote | None:
        tick = None if self._exchange is None else self._exchange.prices().tick(contract)
        if tick is None or self._exchange is None:
            return None
        return quote_of(contract, tick, delayed=self._exchange.is_over)

    def quotes(self, contracts: Sequence[Contract]) -> AsyncIterator[Quote]:
        """Stream quotes; a combo's is made of its legs'. The stream ends with the tape and with the connection."""
        return self._stream(self._running(), tuple(contracts))

    async def _stream(self, exchange: Exchange, contracts: tuple[Contract, ...]) -> AsyncIterator[Quote]:
        for contract in contracts:
            await self.qualify(contract)
        singles = singles_of(contracts)
        exchange.watch(singles)
        self._tell()
        try:
            async for quote in self._streams.read(contracts, follow=not exchange.is_over):
                yield quote
        finally:
            exchange.unwatch(singles)

    def past_quotes(self, contract: Contract, since: datetime, until: datetime) -> Iterator[Quote]:
        """Yield a single contract's quotes later than a moment and up to another, none of them of the future."""
        exchange = self._running()
        until = min(until, exchange.now)
        for tick in takewhile(lambda tick: tick.time <= until, exchange.market.ticks(contract, since)):
            yield quote_of(contract, tick, delayed=False)

    async def option_chain(self, contract: Contract) -> OptionChain:
        """Return the options listed on an underlying at this moment; on a future, those that deliver it."""
        exchange = self._running()
        if isinstance(exchange.market, BorrowedMarket):
            await exchange.market.learn_chain(contract)
        chain = exchange.market.chain(contract.symbol, exchange.now)
        if isinstance(contract, Future) and chain.kind == "OPTION":
            chain = chain_on(contract, chain, exchange.market)
        if not chain.expirations:
            raise Unavailable(f"{self._context.name} lists no options on {contract.symbol}")
        return chain

    async def preview(self, orders: Sequence[Order]) -> Preview:
        """Return what orders would cost and tie up; a bracket's exits cost nothing beside its entry."""
        exchange = await self._learned(*(order.contract for order in orders))
        return preview_of(exchange, self._unit(exchange, orders))

    # Prices

    def _remember_prices(self) -> None:
        """Take the prices that orders filled at for the market's, so that a dry run makes no money out of nothing.

        A quote that the program gave stands.
        """
        exchange = self._exchange
        if exchange is None or self._settings.is_realistic or not isinstance(exchange.market, GivenMarket):
            return
        for report in self._outbox.kept:
            fill = report.fill if isinstance(report, FillReport) else None
            if fill is not None and fill.price > 0 and not exchange.market.has_quote(fill.contract):
                exchange.market.give(fill.contract, fill.price, exchange.now)


def check_loop(settings: PaperSettings, loop: asyncio.AbstractEventLoop) -> None:
    """Raise ConfigurationError where the settings want time to jump on a loop whose time cannot."""
    if settings.speed == "max" and not isinstance(loop, SimulatedLoop):
        raise ConfigurationError(
            'speed = "max" needs an event loop whose time can jump',
            hint="run it with v6core.clock.run_simulated(main()) or connect(), or set speed to a number",
        )


def _ref(order: Order) -> str:
    if order.order_ref is None:
        raise NotSent(f"order {order.order_id} has no order_ref", order_id=order.order_id)
    return order.order_ref


def _listed(market: Market, contract: Contract, now: datetime) -> str:
    """Return a hint at what there is in the place of a contract that is not listed."""
    rows = market.chain(contract.symbol, now).expirations
    if not rows:
        return f"it has no options on {contract.symbol} either"
    expiration = getattr(contract, "expiration", None)
    row = next((row for row in rows if row.expiration == expiration), None)
    if row is None:
        return f"options on {contract.symbol} expire on {', '.join(str(row.expiration) for row in rows)}"
    return f"strikes for {row.expiration} go from {row.strikes[0]:f} to {row.strikes[-1]:f}"
