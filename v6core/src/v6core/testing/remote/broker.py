"""The client: a broker like any other, whose orders live in a server at the other end of a wire."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from typing import Any

from pydantic_core import to_jsonable_python

from v6core.broker import Broker, BrokerContext, BrokerSpec, Receipt
from v6core.capabilities import Capabilities
from v6core.contracts import Contract, ContractDetails
from v6core.errors import Unavailable
from v6core.orders import Order
from v6core.quotes import Quote
from v6core.reports import Evidence, LinkReport, LinkState, Report, Snapshot
from v6core.testing.remote.line import Line
from v6core.testing.remote.messages import AskFind, AskQuote, AskSnapshot, Cancel, CancelEverything, Modify, Place
from v6core.testing.remote.settings import REMOTE, RemoteSettings, remote_capabilities


class RemoteBroker(Broker):
    """A broker behind a wire. It reconnects by itself, with a back-off, and says DOWN and UP."""

    def __init__(self, settings: RemoteSettings, capabilities: Capabilities, context: BrokerContext) -> None:
        super().__init__(capabilities, context)
        self._line = Line(settings, self._told, self._on_link)

    async def connect(self) -> None:
        """Connect; NotConnected where nobody answers."""
        await self._line.open()

    async def disconnect(self) -> None:
        """Disconnect; orders stay as they are."""
        await self._line.close()

    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        """Write the orders as one message. NotSent where there is no connection to write to."""
        await self._line.send(Place(orders=tuple(orders)))
        return tuple(Receipt(order.order_id) for order in orders)

    async def cancel(self, order: Order) -> None:
        """Ask to cancel every incarnation of an order."""
        await self._line.send(Cancel(order_ref=_ref(order)))

    async def cancel_everything(self) -> None:
        """Ask to cancel every open order, whoever placed it."""
        await self._line.send(CancelEverything())

    async def modify(self, order: Order, changes: Mapping[str, Any]) -> None:
        """Ask to change an order."""
        await self._line.send(Modify(order_ref=_ref(order), changes=to_jsonable_python(dict(changes))))

    async def snapshot(self) -> Snapshot:
        """Return everything that the server holds."""
        answer = await self._line.ask(lambda number: AskSnapshot(question=number))
        if answer.snapshot is None:
            raise Unavailable("the server answered without a snapshot")
        return answer.snapshot

    async def find(self, order_ref: str) -> Evidence:
        """Return what the server knows under a reference."""
        answer = await self._line.ask(lambda number: AskFind(question=number, order_ref=order_ref))
        if answer.evidence is None:
            raise Unavailable("the server answered without evidence")
        return answer.evidence

    async def qualify(self, contract: Contract) -> ContractDetails:
        """Return the contract as it is, in cents: a server knows no market."""
        return ContractDetails(contract=contract)

    async def quote(self, contract: Contract) -> Quote:
        """Return the quote that the server was given; Unavailable where it was given none."""
        answer = await self._line.ask(lambda number: AskQuote(question=number, contract=contract))
        if answer.quote is None:
            raise Unavailable(f"the server has no quote of {contract.key}")
        return answer.quote

    async def _stream(self, contracts: Sequence[Contract]) -> AsyncIterator[Quote]:
        for contract in contracts:
            yield await self.quote(contract)

    def quotes(self, contracts: Sequence[Contract]) -> AsyncIterator[Quote]:
        """Yield each contract's quote once."""
        return self._stream(contracts)

    def _told(self, report: Report) -> None:
        self._context.report(report)

    def _on_link(self, state: LinkState, detail: str) -> None:
        self._context.logger.info("the link to the server is %s %s", state, detail)
        self._context.report(LinkReport(time=self.now(), state=state, detail=detail))


def _ref(order: Order) -> str:
    assert order.order_ref is not None, "an order is bound before it is sent"
    return order.order_ref


def remote_spec(**changes: Any) -> BrokerSpec[RemoteSettings]:
    """Return the specification of a remote broker, with some sentences of its capabilities changed."""
    capabilities = remote_capabilities(**changes) if changes else REMOTE
    return BrokerSpec("remote", RemoteSettings, capabilities, partial(_create, capabilities))


def _create(capabilities: Capabilities, settings: RemoteSettings, context: BrokerContext) -> Broker:
    return RemoteBroker(settings, capabilities, context)
