"""The paper broker: v6's words in front of the exchange, the settings' market behind it, a file that keeps it all.

What the exchange tells is collected, the state is written, and only then the reports go out: nobody ever hears of
anything that a restart would not know.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from itertools import takewhile
from pathlib import Path
from typing import Any
from uuid import UUID

from v6_paper_plugin.account import account_of, positions_of
from v6_paper_plugin.borrowed import BorrowedMarket
from v6_paper_plugin.capabilities import CAPABILITIES
from v6_paper_plugin.exchange.exchange import Exchange
from v6_paper_plugin.exchange.orders import ExchangeOrder, Execution, Refusal
from v6_paper_plugin.exchange.pump import MarketTime, Pump
from v6_paper_plugin.exchange.state import Key, Rows, StateWriter, load
from v6_paper_plugin.exchange_choice import exchange_of
from v6_paper_plugin.market import Market, Tick
from v6_paper_plugin.market.given import GivenMarket
from v6_paper_plugin.market_choice import first_moment, market_of
from v6_paper_plugin.outbox import Outbox
from v6_paper_plugin.settings import PaperSettings
from v6_paper_plugin.state_file import StateFile
from v6_paper_plugin.streams import Streams, singles_of
from v6_paper_plugin.translation import exchange_order, fill_report, order_report, quote_of, rejection_report, rounded
from v6core.broker import Broker, BrokerContext, Receipt
from v6core.clock import SimulatedLoop
from v6core.contracts import Combo, Contract, ContractDetails, parse_contract
from v6core.errors import BrokerError, ConfigurationError, NotConnected, NotSent, Unavailable
from v6core.fills import Preview
from v6core.money import ZERO, plain
from v6core.orders import Order, OrderStatus
from v6core.quotes import OptionChain, Quote
from v6core.reports import Evidence, FillReport, LinkReport, LinkState, Snapshot

_CURRENCY = "USD"
_ACCOUNT, _PRICES = ("broker", "account"), ("broker", "prices")


class PaperBroker(Broker):
    """A broker in a box: an exchange of its own, for one account."""

    def __init__(self, settings: PaperSettings, context: BrokerContext) -> None:
        super().__init__(CAPABILITIES, context)
        self._settings = settings
        self._outbox = Outbox(settings.account, _CURRENCY)
        self._given: dict[str, str] = {}
        self._writer = StateWriter()
        self._exchange: Exchange | None = None
        self._pump: Pump | None = None
        self._state = _state_file(settings, context)
        self._streams = Streams(self._quote_now)

    @property
    def native(self) -> PaperBroker:
        """The broker itself, through which a program gives prices: ``engine.native.set_price``."""
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
        self._writer = StateWriter()
        saved = None if self._state is None else self._state.read()
        if saved is None:
            exchange.begin()
        else:
            self._restore(exchange, saved)
        return exchange

    def _restore(self, exchange: Exchange, saved: Rows) -> None:
        assert self._state is not None
        try:
            _check_same_account(self._settings, saved)
            self._writer = load(exchange, saved)
            self._given = dict(json.loads(saved[_PRICES]))
            if isinstance(exchange.market, GivenMarket):
                for text, price in self._given.items():
                    exchange.market.give(parse_contract(text), price, exchange.now)
        except (ValueError, LookupError, TypeError, ArithmeticError) as error:
            raise self._state.broken(error) from error

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
        if self._state is not None:
            self._state.close()

    def now(self) -> datetime:
        """Return the time at the market."""
        return super().now() if self._pump is None else self._pump.now()

    def _running(self) -> Exchange:
        """Return the exchange, brought up to now; NotConnected without a connection."""
        if self._exchange is None or self._pump is None:
            raise NotConnected(f"{self._context.name} is not connected", hint="connect first")
        self._pump.catch_up()
        return self._exchange

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
        if self._state is not None and self._exchange is not None:
            own: dict[Key, str] = {_ACCOUNT: json.dumps(self._settings.account), _PRICES: json.dumps(self._given)}
            self._state.write({**own, **self._writer.rows(self._exchange)})

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
        evidence = self._evidence(exchange, ref)
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
        ended = [order for order in exchange.orders if not order.is_open]
        return Snapshot(
            time=exchange.now,
            open_orders=tuple(order_report(order, exchange.now) for order in exchange.orders.open()),
            completed_orders=tuple(
                order_report(order, order.ended_at or exchange.now)
                for order in ended
                if order.status is not OrderStatus.REJECTED
            ),
            rejections=tuple(
                rejection_report(order, order.ended_at or exchange.now)
                for order in ended
                if order.status is OrderStatus.REJECTED
            ),
            fills=tuple(self._fill(exchange, execution) for execution in exchange.executions),
            positions=positions_of(exchange, account),
            account=account_of(exchange, account),
        )

    def _fill(self, exchange: Exchange, execution: Execution) -> FillReport:
        order = exchange.orders.get(execution.ref)
        assert order is not None
        return fill_report(order, execution, exchange.rules.currency)

    async def find(self, order_ref: str) -> Evidence:
        """Return what is known under a reference; the exchange knows every order that it ever had."""
        exchange = self._running()
        self._flush()
        return self._evidence(exchange, order_ref)

    def _evidence(self, exchange: Exchange, ref: str) -> Evidence:
        order = exchange.orders.get(ref)
        if order is None:
            return Evidence()
        time = order.ended_at or exchange.now
        if order.status is OrderStatus.REJECTED:
            return Evidence(rejections=(rejection_report(order, time),))
        fills = tuple(self._fill(exchange, execution) for execution in exchange.executions if execution.ref == ref)
        return Evidence(orders=(order_report(order, time),), fills=fills)

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
        """Return the options listed on an underlying at this moment."""
        exchange = self._running()
        if isinstance(exchange.market, BorrowedMarket):
            await exchange.market.learn_chain(contract)
        chain = exchange.market.chain(contract.symbol, exchange.now)
        if not chain.expirations:
            raise Unavailable(f"{self._context.name} lists no options on {contract.symbol}")
        return chain

    async def preview(self, orders: Sequence[Order]) -> Preview:
        """Return what orders would cost and tie up; a bracket's exits cost nothing beside its entry."""
        exchange = await self._learned(*(order.contract for order in orders))
        unit = self._unit(exchange, orders)
        prices, admission = exchange.prices(), exchange.admission
        refusals = admission.judge(unit, exchange.now)
        first = next(iter(refusals.values()), None)
        if first is not None and first.code in {"UNKNOWN_CONTRACT", "NOT_TRADED"}:
            raise Unavailable(f"no preview: {first.reason}")
        counted = [order for order in unit if order.parent_ref is None]
        legs = [(leg, ratio * order.quantity) for order in counted for leg, ratio in order.legs]
        change = admission.tied(prices, legs) - admission.tied(prices)
        return Preview(
            commission=sum((admission.commission(order, prices) for order in counted), ZERO),
            initial_margin_change=rounded(change.initial),
            maintenance_margin_change=rounded(change.maintenance),
            cash_change=rounded(sum((admission.cash_change(order, prices) for order in counted), ZERO)),
            warning=None if first is None else first.reason,
        )

    # Prices that a program gives

    def _remember_prices(self) -> None:
        """Take the prices that orders filled at for the market's, so that a dry run makes no money out of nothing."""
        exchange = self._exchange
        if exchange is None or self._settings.is_realistic or not isinstance(exchange.market, GivenMarket):
            return
        for report in self._outbox.kept:
            if isinstance(report, FillReport) and report.fill.price > 0:
                contract = report.fill.contract
                exchange.market.give(contract, report.fill.price, exchange.now)
                self._given[contract.key] = plain(exchange.market.price(contract))

    def set_price(self, contract: Contract, price: Decimal | float | str) -> None:
        """Give a contract a price; orders that it reaches fill at once. BrokerError unless quotes are "given"."""
        exchange = self._running()
        if not isinstance(exchange.market, GivenMarket):
            raise BrokerError(
                f"{self._context.name} takes its prices from {':'.join(self._settings.quotes_from)}",
                hint='set quotes = "given" to give prices',
            )
        tick = exchange.market.give(contract, price, exchange.now)
        self._given[contract.key] = plain(exchange.market.price(contract))
        exchange.take([tick])
        self._save()
        self._tell()


def check_loop(settings: PaperSettings, loop: asyncio.AbstractEventLoop) -> None:
    """Raise ConfigurationError where the settings want time to jump on a loop whose time cannot."""
    if settings.speed == "max" and not isinstance(loop, SimulatedLoop):
        raise ConfigurationError(
            'speed = "max" needs an event loop whose time can jump',
            hint="run it with v6core.clock.run_simulated(main()) or connect(), or set speed to a number",
        )


def _state_file(settings: PaperSettings, context: BrokerContext) -> StateFile | None:
    name = f"paper-{context.name}.db" if settings.state is None else settings.state.strip()
    if name.lower() in {"", "off"}:
        return None
    return StateFile(context.folder / Path(name).expanduser())


def _check_same_account(settings: PaperSettings, saved: Rows) -> None:
    account = json.loads(saved[_ACCOUNT])
    if account != settings.account:
        raise ValueError(f"it holds account {account}, the settings name {settings.account}")


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
