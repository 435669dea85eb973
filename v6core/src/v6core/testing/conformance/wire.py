"""A wire for a broker that has none: one that lives in this process, and does at once what it is asked.

On a ``Wire`` answers are lost, what was said is said again, and the link is cut, as they are with a broker far away; it
knows what reached the other end. The engine sees a ``Line``. The broker behind it lives as long as an engine is
connected, and is made anew for the next one, so that it has to keep what it knows where it says that it does; while the
link is cut it goes on by itself. A ``WiredDriver`` drives all of that.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar, cast

from pydantic import BaseModel

from v6core.broker import Broker, BrokerContext, BrokerSpec, Receipt
from v6core.contracts import Contract, ContractDetails
from v6core.errors import NotConnected
from v6core.fills import Preview
from v6core.orders import Order
from v6core.plugins import broker_of
from v6core.quotes import OptionChain, Quote
from v6core.reports import Evidence, LinkReport, LinkState, Report, Snapshot
from v6core.testing.conformance.driver import Arrival, Drive, Driver, Verb

B = TypeVar("B", bound=Broker)


class Wire(Generic[B]):
    """The way to one broker; ``arrived`` is what reached it, ``said`` what it said of orders, heard or not."""

    def __init__(self, spec: BrokerSpec[Any]) -> None:
        self.arrived: list[Arrival] = []
        self.said: list[Report] = []
        self._spec = spec
        self._broker: B | None = None
        self._settings: BaseModel | None = None
        self._hearer: BrokerContext | None = None
        self._known: BrokerContext | None = None
        self._lost: defaultdict[Verb, deque[bool]] = defaultdict(deque)
        self._is_cut = False
        self._is_muted = False

    @property
    def spec(self) -> BrokerSpec[Any]:
        """The broker's specification, with this wire in front of each broker that is made."""
        return dataclasses.replace(self._spec, create=self._line)

    def _line(self, settings: BaseModel, context: BrokerContext) -> Broker:
        return Line(self, self._spec, settings, context)

    # The two ends.

    async def connect(self, settings: BaseModel, context: BrokerContext) -> None:
        """Let an engine hear what is said, and make the broker; NotConnected while the link is cut."""
        if self._is_cut:
            raise NotConnected(f"{context.name} cannot be reached: the link is cut", hint="mend it")
        if self._hearer is context:
            return
        self._settings, self._known, self._hearer = settings, context, context
        if self._broker is None:
            self._broker = await self._made(settings, context)
        else:
            self._tell_link(LinkState.UP)

    async def _made(self, settings: BaseModel, context: BrokerContext) -> B:
        broker = cast("B", broker_of(self._spec, settings, dataclasses.replace(context, report=self._hear)))
        await broker.connect()
        return broker

    async def disconnect(self, context: BrokerContext) -> None:
        """Let an engine hear nothing any more; the broker ends, unless the link is cut."""
        if self._hearer is not context:
            return
        self._hearer = None
        if not self._is_cut:
            await self.close()

    async def close(self) -> None:
        """End the broker, if there is one."""
        broker, self._broker = self._broker, None
        if broker is not None:
            await broker.disconnect()

    def reached(self, context: BrokerContext) -> B:
        """Return the broker as an engine reaches it; NotConnected where it does not."""
        if self._broker is None or not self.is_whole(context):
            raise NotConnected(f"{context.name} is not connected", hint="connect first")
        return self._broker

    def is_whole(self, context: BrokerContext) -> bool:
        """Tell whether what is said now reaches an engine."""
        return self._hearer is context and not self._is_cut

    @asynccontextmanager
    async def at_hand(self) -> AsyncGenerator[B]:
        """Give the broker to the market and to others, who reach it whether or not an engine does."""
        if self._broker is not None:
            yield self._broker
            return
        if self._settings is None or self._known is None:
            raise NotConnected("there has been no broker yet", hint="start an engine first")
        broker = await self._made(self._settings, self._known)
        try:
            yield broker
        finally:
            await broker.disconnect()

    # What happens on the way.

    def _hear(self, report: Report) -> None:
        if not isinstance(report, LinkReport):
            self.said.append(report)
        self._pass_on(report)

    def _pass_on(self, report: Report) -> None:
        if self._hearer is not None and not self._is_cut and not self._is_muted:
            self._hearer.report(report)

    def lose(self, verb: Verb, *, arrives: bool) -> None:
        """Lose the answer to one more request of a kind, or the request itself."""
        self._lost[verb].append(arrives)

    def sent(self, verb: Verb, refs: Sequence[str | None]) -> bool | None:
        """Note a request, and return whether it arrives where its answer is lost; None where it is answered."""
        arrives = self._lost[verb].popleft() if self._lost[verb] else None
        if arrives is not False:
            self.arrived += [Arrival(verb, ref) for ref in refs]
        return arrives

    @contextmanager
    def muted(self) -> Generator[None]:
        """Lose what is said meanwhile."""
        self._is_muted = True
        try:
            yield
        finally:
            self._is_muted = False

    def repeat(self) -> None:
        """Say again what was said, the last first."""
        for report in reversed(tuple(self.said)):
            self._pass_on(report)

    def cut(self) -> None:
        """Cut the link; both ends notice."""
        self._tell_link(LinkState.DOWN)
        self._is_cut = True

    def mend(self) -> None:
        """Mend the link; whoever was connected is connected again."""
        self._is_cut = False
        self._tell_link(LinkState.UP)

    def _tell_link(self, state: LinkState) -> None:
        if self._hearer is not None:
            now = self._hearer.clock.now() if self._broker is None else self._broker.now()
            detail = "the link was cut" if state is LinkState.DOWN else ""
            self._pass_on(LinkReport(time=now, state=state, detail=detail))


class Line(Broker):
    """The broker that the engine sees: it passes on what it is asked, unless the wire is to lose it."""

    def __init__(self, wire: Wire[Any], spec: BrokerSpec[Any], settings: BaseModel, context: BrokerContext) -> None:
        super().__init__(spec.capabilities, context)
        self._wire = wire
        self._settings = settings

    @property
    def _there(self) -> Broker:
        return cast("Broker", self._wire.reached(self._context))

    @property
    def native(self) -> Any:
        """What is behind the broker at the other end."""
        return self._there.native

    async def connect(self) -> None:
        """Connect."""
        await self._wire.connect(self._settings, self._context)

    async def disconnect(self) -> None:
        """Disconnect."""
        await self._wire.disconnect(self._context)

    def now(self) -> datetime:
        """Return the time at the broker, as far as it can be asked."""
        try:
            return self._there.now()
        except NotConnected:
            return super().now()

    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        """Hand orders over; those whose answer is lost have a receipt, and nothing is heard of them."""
        there, arrives = self._there, self._wire.sent(Verb.PLACE, [order.order_ref for order in orders])
        if arrives is None:
            return await there.place(orders)
        if arrives:
            with self._wire.muted():
                await there.place(orders)
        return tuple(Receipt(order.order_id) for order in orders)

    async def cancel(self, order: Order) -> None:
        """Ask to cancel."""
        there, arrives = self._there, self._wire.sent(Verb.CANCEL, [order.order_ref])
        if arrives is None:
            await there.cancel(order)
        elif arrives:
            with self._wire.muted():
                await there.cancel(order)

    async def modify(self, order: Order, changes: Mapping[str, Any]) -> None:
        """Ask to change an order."""
        there, arrives = self._there, self._wire.sent(Verb.MODIFY, [order.order_ref])
        if arrives is None:
            await there.modify(order, changes)
        elif arrives:
            with self._wire.muted():
                await there.modify(order, changes)

    async def cancel_everything(self) -> None:
        """Ask to cancel everything."""
        await self._there.cancel_everything()

    async def snapshot(self) -> Snapshot:
        """Ask for everything."""
        return await self._there.snapshot()

    async def find(self, order_ref: str) -> Evidence:
        """Ask for what is known under a reference."""
        return await self._there.find(order_ref)

    async def qualify(self, contract: Contract) -> ContractDetails:
        """Ask for a contract."""
        return await self._there.qualify(contract)

    async def quote(self, contract: Contract) -> Quote:
        """Ask for a quote."""
        return await self._there.quote(contract)

    def quotes(self, contracts: Sequence[Contract]) -> AsyncIterator[Quote]:
        """Ask for quotes as they come; what comes while the link is cut is lost."""
        return self._carried(self._there.quotes(contracts))

    async def _carried(self, quotes: AsyncIterator[Quote]) -> AsyncIterator[Quote]:
        try:
            async for quote in quotes:
                if self._wire.is_whole(self._context):
                    yield quote
        finally:
            if isinstance(quotes, AsyncGenerator):
                await quotes.aclose()

    async def option_chain(self, contract: Contract) -> OptionChain:
        """Ask for the options on an underlying."""
        return await self._there.option_chain(contract)

    async def preview(self, orders: Sequence[Order]) -> Preview:
        """Ask what orders would cost."""
        return await self._there.preview(orders)


class WiredDriver(Driver, Generic[B]):
    """A driver of a broker in this process; a subclass makes its ``wire`` as the world starts."""

    can: ClassVar[frozenset[Drive]] = frozenset({Drive.ARRIVALS, Drive.LINK, Drive.ANSWERS, Drive.REPEATS})
    wire: Wire[B]

    @property
    def spec(self) -> BrokerSpec[Any]:
        """The broker's specification, with the wire in front."""
        return self.wire.spec

    async def stop(self) -> None:
        """End the broker."""
        await self.wire.close()

    async def arrivals(self) -> tuple[Arrival, ...]:
        """Return what reached the other end."""
        return tuple(self.wire.arrived)

    async def cut(self) -> None:
        """Cut the wire."""
        self.wire.cut()

    async def mend(self) -> None:
        """Mend the wire."""
        self.wire.mend()

    async def lose_answer(self, verb: Verb, *, arrives: bool) -> None:
        """Lose what is said to the next request of a kind, or the request itself."""
        self.wire.lose(verb, arrives=arrives)

    async def repeat(self) -> None:
        """Deliver everything again, the last first."""
        self.wire.repeat()
