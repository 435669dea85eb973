"""One case's world: a driver, a broker made by its specification, and an engine in front of it, as users have them.

Cases speak to it. Orders go through the engine, so that what a case sees is what a program would see; ``broker`` is
there for what only the plugin itself can show.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from v6core.broker import Broker, BrokerContext, BrokerSpec
from v6core.capabilities import Capabilities, HistoryReach
from v6core.contracts import Contract
from v6core.engine import OrderExecutionEngine
from v6core.errors import NotSupported, Unavailable
from v6core.identifiers import RandomIds
from v6core.journal import Journal, SqliteJournal
from v6core.orders import Anomaly, Order, OrderStatus, OrderType, TimeInForce
from v6core.plugins import broker_of
from v6core.reports import OrderReport, Report, Snapshot
from v6core.risk import RiskLimits
from v6core.testing.conformance.declared import repeats_references
from v6core.testing.conformance.driver import Arrival, Drive, Driver, Verb
from v6core.testing.conformance.expecting import Broken, expect
from v6core.testing.conformance.hearing import Hearing
from v6core.testing.conformance.market import Market
from v6core.testing.conformance.mishaps import of_this_case
from v6core.testing.conformance.undoing import undo
from v6core.testing.conformance.watch import (
    Watch,
    broken_by_age,
    broken_by_fills,
    broken_by_lists,
    broken_by_positions,
    broken_by_snapshot,
)
from v6core.testing.conformance.witness import Witness

_FREE = RiskLimits(max_order_value=None).for_simulated()
"""The limits of a driven market: an order's value is none of them, for a broker without quotes could not tell it."""
_GTD_IN = timedelta(hours=1)


class Trial(Market):
    """What a case is given: a market, and an engine that trades at it."""

    def __init__(self, driver: Driver, folder: Path) -> None:
        super().__init__(driver)
        self.folder = folder
        self.watch = Watch()
        self.is_disturbed = False
        """A case that ends with the broker out of reach, or with what is not ours, says so: no end is judged then."""
        self.hearing = Hearing(_nowhere)
        """What stands between the broker's words and the engine."""
        self.witness = Witness(of_this_case(), lambda: self._is_cut)
        """Notes what the plugin raises."""
        self._is_cut = False
        self._brokers: list[Broker] = []
        self._contexts: list[BrokerContext] = []
        self._engine: OrderExecutionEngine | None = None
        self._before: dict[str, Decimal] = {}
        self._is_stocked = False

    # What there is.

    @property
    def engine(self) -> OrderExecutionEngine:
        """The engine in front of the broker."""
        if self._engine is None:
            raise Broken("the case asks for an engine that is not there: start it first")
        return self._engine

    @property
    def broker(self) -> Broker:
        """The broker that the engine made last."""
        return self._brokers[-1]

    @property
    def capabilities(self) -> Capabilities:
        """What the broker declares."""
        return self.driver.spec.capabilities

    def order_of(
        self, order_type: OrderType, tif: TimeInForce = TimeInForce.DAY, worth: Decimal | None = None
    ) -> Order:
        """Return an order to buy one that is not to fill by itself, of a type and time in force.

        ``worth`` is about what its contract is worth, where that is not the stock.
        """
        part = (worth or self.price) / self.price
        limit = {"limit_price": self._on_tick(part * self.below(5))}
        stop = {"stop_price": self._on_tick(part * self.above(5))}
        prices: dict[OrderType, dict[str, Any]] = {
            OrderType.LIMIT: limit,
            OrderType.STOP: stop,
            OrderType.STOP_LIMIT: {**stop, "limit_price": self._on_tick(part * self.above(10))},
            OrderType.TRAIL: {"trail_amount": Decimal(2)},
            OrderType.TRAIL_LIMIT: {"trail_amount": Decimal(2), "limit_offset": Decimal(1)},
            OrderType.MARKET_IF_TOUCHED: {"stop_price": limit["limit_price"]},
            OrderType.LIMIT_IF_TOUCHED: {"stop_price": limit["limit_price"], **limit},
            OrderType.LIMIT_ON_CLOSE: limit,
            OrderType.LIMIT_ON_OPEN: limit,
        }
        terms = {"action": "BUY", "quantity": 1, "order_type": order_type, "tif": tif, **prices.get(order_type, {})}
        if tif is TimeInForce.GTD:
            terms["good_till"] = self.engine.now() + _GTD_IN
        return Order.model_validate(terms)

    # Starting and stopping.

    async def start(
        self,
        *,
        limits: RiskLimits | None = None,
        extensions: Iterable[object] = (),
        keep: Callable[[Journal], Journal] = lambda journal: journal,
    ) -> OrderExecutionEngine:
        """Start an engine on the world's journal, and wait until it is ready.

        ``extensions`` are told before the watch; ``keep`` may put something in front of the journal.
        """
        engine = OrderExecutionEngine.from_spec(
            self._spied(),
            self.driver.settings,
            open_journal=lambda: keep(SqliteJournal.open(self.folder / "journal.db", ids=RandomIds())),
            limits=limits or (RiskLimits() if self.driver.tier > 1 else _FREE),
            deadlines=self.driver.deadlines,
            extensions=[*extensions, self.watch],
            clock=self.driver.clock,
            folder=self.folder,
            halt_file=self.folder / "HALT",
        )
        await engine.start()
        self._engine = engine
        await engine.ready(self.driver.patience)
        if not self._is_stocked:
            await self._take_stock()
        return engine

    def _spied(self) -> BrokerSpec[Any]:
        spec = self.driver.spec

        def create(settings: BaseModel, context: BrokerContext) -> Broker:
            self.hearing = Hearing(context.report)
            self._contexts.append(context)
            given = self.witness.context(dataclasses.replace(context, report=self.hearing.report))
            # What comes of it is judged by the engine, which makes its broker by ``broker_of``.
            self._brokers.append(self.witness.made(lambda: spec.create(settings, given)))
            return self._brokers[-1]

        return dataclasses.replace(spec, create=create)

    def unconnected(self, name: str = "another") -> Broker:
        """Return a broker of the same specification to which nobody has connected; its reports go nowhere."""
        context = dataclasses.replace(self._contexts[-1], name=name, report=_nowhere)
        return broker_of(self.driver.spec, self.driver.settings, context)

    async def stop(self) -> None:
        """Stop the engine; orders stay as they are."""
        if self._engine is not None:
            engine, self._engine = self._engine, None
            await engine.stop()

    async def restart(self) -> OrderExecutionEngine:
        """Stop the engine, and start another on the same journal."""
        await self.stop()
        return await self.start()

    # The link.

    async def cut(self) -> None:
        """Cut the link, and wait until the engine knows; where it does not come to know, an order is sent in vain."""
        self._is_cut = True
        await self.driver.cut()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.driver.patience):
                while await self.is_ready():  # noqa: ASYNC110 -- whatever the engine learns it by, nobody announces it
                    await asyncio.sleep(self.driver.quiet)

    async def mend(self, *, given_up: bool = False) -> None:
        """Mend the link, and wait until the engine is ready: by itself, or by ``reconnect`` where it is not.

        It is ``given_up`` where a ``reconnect`` has failed: then nobody tries until another is asked for.
        """
        by_itself = not given_up and not await self.is_ready()
        await self.driver.mend()
        self._is_cut = False
        try:
            if by_itself:
                await self.engine.ready(self.driver.patience)
        except Unavailable:
            by_itself = False
        if not by_itself:
            await self.reconnect()

    async def reconnect(self) -> None:
        """Connect anew, and wait until the engine is ready."""
        await self.engine.reconnect()
        await self.engine.ready(self.driver.patience)

    async def is_ready(self) -> bool:
        """Tell whether the engine would let an order out at this moment."""
        try:
            await self.engine.ready(0)
        except Unavailable:
            return False
        return True

    async def settle(self) -> None:
        """Wait until what is under way has happened, and whatever was said of it has been heard."""
        await self._settled()

    async def _settled(self) -> Snapshot | None:
        """Settle, and return a snapshot since whose question the broker has said nothing, where there is one."""
        await self.driver.settle()
        hearing, heard, snapshot = self.hearing, self.hearing.heard, None
        if self._engine is not None and not (self.is_disturbed or self._is_cut):
            snapshot = await self.broker.snapshot()
        await asyncio.sleep(self.driver.quiet)
        return snapshot if (self.hearing, self.hearing.heard) == (hearing, heard) else None

    # Orders.

    async def place(self, order: Order, contract: Contract | None = None) -> Order:
        """Place an order through the engine, for the stock unless another contract is named."""
        return await self.engine.place_order(contract or self.stock, order)

    async def resting(self, quantity: Decimal | int = 1, percent: float = 5, **fields: Any) -> Order:
        """Place a limit order to buy that waits below the market, and return it once the broker has it."""
        order = await self.place(Order.limit("BUY", quantity, self.below(percent), **fields))
        expect(
            order.status is OrderStatus.SUBMITTED, f"a limit order below the market is {order.status}: {order.reason}"
        )
        if repeats_references(self.capabilities):
            expect(await self.listed(order), f"order {order.order_ref} rests, and the broker does not list it")
        return order

    async def holding(self, quantity: Decimal | int = 10, contract: Contract | None = None) -> Order:
        """Buy at the market, and return the order once it is filled."""
        order = await self.place(Order.market("BUY", quantity), contract)
        return await self.becomes(order, OrderStatus.FILLED)

    async def becomes(self, order: Order, *statuses: OrderStatus) -> Order:
        """Wait for an order to reach a status, and return it; the case has failed where that does not come."""
        return await self._reaches(order, statuses, self.driver.patience)

    async def settles(self, order: Order, *statuses: OrderStatus) -> Order:
        """Wait for an order as long as evidence may need to settle a doubt, proof by silence included."""
        deadlines = self.driver.deadlines
        seconds = deadlines.ack_deadline + deadlines.grace + 4 * deadlines.settle + self.driver.patience
        return await self._reaches(order, statuses, seconds)

    async def _reaches(self, order: Order, statuses: tuple[OrderStatus, ...], seconds: float) -> Order:
        try:
            seen = await self.engine.wait_for(order.order_id, *statuses, timeout=seconds)
        except TimeoutError:
            seen = await self.engine.order(order.order_id)
        # An order that has ended otherwise is not waited for any longer.
        wanted = " or ".join(statuses)
        expect(
            seen.status in statuses,
            f"{order.order_type} {order.action} order is {seen.status} ({seen.reason}), not {wanted}",
        )
        return seen

    async def now(self, order: Order) -> Order:
        """Return an order as it stands, once all is quiet."""
        await self.settle()
        return await self.engine.order(order.order_id)

    async def stays(self, order: Order, *statuses: OrderStatus) -> Order:
        """Return an order that is in one of some statuses once all is quiet."""
        seen = await self.now(order)
        expect(seen.status in statuses, f"{order.order_type} {order.action} order went to {seen.status}: {seen.reason}")
        return seen

    async def held(self, contract: Contract | None = None) -> Decimal:
        """Return the broker's signed position."""
        key = (contract or self.stock).key
        snapshot = await self.broker.snapshot()
        return sum((one.quantity for one in snapshot.positions if one.contract.key == key), Decimal(0))

    async def listed(self, order: Order) -> tuple[OrderReport, ...]:
        """Return what the broker lists as open under an order's reference."""
        snapshot = await self.broker.snapshot()
        return tuple(report for report in snapshot.open_orders if report.order_ref == order.order_ref)

    async def sent(self, order: Order) -> int:
        """Return how often an order has reached the broker; what the driver cannot tell, the broker's lists do."""
        if Drive.ARRIVALS in self.driver.can:
            arrivals = await self.driver.arrivals()
            return arrivals.count(Arrival(Verb.PLACE, order.order_ref))
        snapshot = await self.broker.snapshot()
        listed = (*snapshot.open_orders, *snapshot.completed_orders, *snapshot.rejections)
        return sum(report.order_ref == order.order_ref for report in listed)

    @asynccontextmanager
    async def refused(self, what: str) -> AsyncGenerator[None]:
        """Expect that what is asked for inside is refused by type, and that nothing of it is sent or kept."""
        before = await self._reached()
        try:
            yield
        except NotSupported:
            pass
        else:
            raise Broken(f"{what} is not declared, and was not refused by NotSupported")
        expect(await self._reached() == before, f"{what} is not declared, and something reached the broker")

    async def _reached(self) -> tuple[object, ...]:
        arrivals = await self.driver.arrivals() if Drive.ARRIVALS in self.driver.can else ()
        snapshot = await self.broker.snapshot()
        open_orders = ((row.order_ref, row.terms) for row in snapshot.open_orders)
        return (*arrivals, *open_orders, *(row.order_ref for row in snapshot.completed_orders))

    def allow(self, *anomalies: Anomaly) -> None:
        """Say that the case itself brings these anomalies about."""
        self.watch.allow(*anomalies)

    def may_doubt(self) -> None:
        """Say that the case itself leaves orders of which nobody knows what became."""
        self.watch.may_doubt = True

    # The end.

    async def judge(self) -> None:
        """Raise the first law that was broken in the course of the case, or is broken at its end."""
        for broken in self.watch.broken:
            raise broken
        if self._engine is None or self.is_disturbed:
            return
        snapshot = await self._settled() or await self.broker.snapshot()
        for broken in (*self.watch.broken, *await self._broken_at_the_end(snapshot)):
            raise broken

    async def _broken_at_the_end(self, snapshot: Snapshot) -> list[Broken]:
        orders, fills, now = await self.engine.orders(), await self.engine.fills(), self.engine.now()
        by_id = {order.order_id: order for order in orders}
        by_ref = {order.order_ref or "": order for order in orders}
        lists_fills = self.capabilities.fills_reach is not HistoryReach.NONE
        return [
            *broken_by_fills(by_id, fills, self.watch.limits),
            *self.watch.broken_by_doubts(orders),
            *self.watch.broken_by_claims(orders),
            *self.watch.broken_by_reports(by_id, now),
            *broken_by_age(snapshot, now),
            *broken_by_snapshot(by_ref, snapshot),
            *broken_by_lists(by_ref, fills, snapshot, lists_fills=lists_fills),
            *broken_by_positions(fills, self._before, snapshot),
            *self.watch.broken_by_halts(),
        ]

    async def _take_stock(self) -> None:
        """Remember what is held before anything is done, and see to it that there is a market."""
        self._is_stocked = True
        for contract in (self.stock, self.other) if Drive.QUOTES in self.driver.can else ():
            await self._say_around(self.samples.price, contract)
        await self.driver.settle()
        snapshot = await self.broker.snapshot()
        for position in snapshot.positions:
            key = position.contract.key
            self._before[key] = self._before.get(key, Decimal(0)) + position.quantity
        if self.driver.tier > 1:
            expect(
                self.capabilities.simulated or snapshot.account.paper,
                f"account {snapshot.account.account} does not say that it is a paper account: nothing was sent",
            )
            quote = await self.broker.quote(self.stock)
            self._price = quote.bid or quote.last or self._price

    async def clean_up(self) -> None:
        """Cancel what the case left open, and undo what it bought and sold; nothing else is touched."""
        if not self._is_stocked:
            return
        if self._engine is None:  # it ended between two engines, and its orders live on
            await self.start()
        await undo(self)


def _nowhere(_: Report) -> None:
    """Hear a report of a broker that nobody listens to."""


@asynccontextmanager
async def trial_of(driver: Driver, folder: Path, *, starts: bool = True) -> AsyncGenerator[Trial]:
    """Open a world, start an engine in it unless told otherwise, and end all of it."""
    trial = Trial(driver, folder)
    trial.witness.watch_loop(asyncio.get_running_loop())
    try:
        await driver.start(folder)
        if starts:
            await trial.start()
        try:
            yield trial
        finally:
            if driver.tier > 1:
                await trial.clean_up()
    finally:
        with contextlib.suppress(Exception):  # what is wrong by then has been said
            await trial.stop()
        await driver.stop()
