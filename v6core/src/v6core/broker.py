"""What a broker is: an object behind one abstract class, and the specification by which a plugin announces it.

``place`` hands orders over and returns at once; what becomes of them comes as reports into the context's sink, also
while ``place`` is still running. A method never returns None for a promised value, and a question that cannot be
answered whole raises.
"""

from __future__ import annotations

import abc
import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Self, TypeVar
from uuid import UUID

from pydantic import BaseModel

from v6core.capabilities import Capabilities, ModifyKind
from v6core.clock import Clock
from v6core.contracts import Contract, ContractDetails
from v6core.errors import NotSupported
from v6core.fills import Preview
from v6core.orders import Order
from v6core.quotes import OptionChain, Quote
from v6core.reports import Evidence, Report, Snapshot

Settings = TypeVar("Settings", bound=BaseModel)
ReportSink = Callable[[Report], None]


@dataclass(frozen=True, slots=True)
class Receipt:
    """The order's bytes were handed over; ``broker_order_id`` where the broker has given one already."""

    order_id: UUID
    broker_order_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerContext:
    """What a broker is given beside its settings. Fields may be added; none will go.

    ``report`` is the sink for reports, to be called on the event loop. ``folder`` is where the broker may keep files of
    its own. ``open_broker`` opens another configured broker by name, for its quotes.
    """

    name: str
    clock: Clock
    report: ReportSink
    folder: Path
    logger: logging.Logger
    open_broker: Callable[[str], Awaitable[Broker]]


class Broker(abc.ABC):
    """One broker. An async context manager: entering connects, leaving disconnects."""

    def __init__(self, capabilities: Capabilities, context: BrokerContext) -> None:
        self._capabilities = capabilities
        self._context = context

    @property
    def capabilities(self) -> Capabilities:
        """What this broker does."""
        return self._capabilities

    @property
    def native(self) -> Any:
        """The object behind the plugin, for what v6 has no word for; None where there is nothing behind it."""
        return None

    def now(self) -> datetime:
        """Return the time at the broker: the wall clock's, unless the broker is simulated and keeps its own."""
        return self._context.clock.now()

    @abc.abstractmethod
    async def connect(self) -> None:
        """Connect; a second call changes nothing. Raises BrokerError naming the cause."""

    @abc.abstractmethod
    async def disconnect(self) -> None:
        """Disconnect; a second call changes nothing. Orders stay as they are."""

    @abc.abstractmethod
    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        """Hand over one order, or several as a unit: a bracket, a one-cancels-all group, the steps of a roll.

        The entry of a bracket comes first; its exits name it in ``parent_order_id``. Raises NotSent only where it is
        proved that no byte left; any other exception leaves the orders in doubt. A broker that enforces references
        answers a second order under one of them with how the first stands.
        """

    @abc.abstractmethod
    async def cancel(self, order: Order) -> None:
        """Ask to cancel every order under the order's reference; the answers come as reports.

        Raises NotSent where the request is proved not to have left.
        """

    @abc.abstractmethod
    async def snapshot(self) -> Snapshot:
        """Return everything that the broker holds, complete, or raise."""

    @abc.abstractmethod
    async def find(self, order_ref: str) -> Evidence:
        """Return all that the broker knows under a reference; empty evidence is not proof of absence."""

    @abc.abstractmethod
    async def qualify(self, contract: Contract) -> ContractDetails:
        """Return the contract completed, with its ticks; Unavailable where the broker does not know it."""

    async def modify(self, order: Order, changes: Mapping[str, Any]) -> None:
        """Ask to change terms of a working order; the answer comes as a report."""
        what = f"change a working order ({order.order_id}: {', '.join(changes)})"
        raise self._unsupported(what, declared=self.capabilities.modify is not ModifyKind.NONE)

    async def cancel_everything(self) -> None:
        """Ask to cancel every open order of the account, whoever placed it; the answers come as reports."""
        raise self._unsupported("cancel the orders of others", declared=self.capabilities.global_cancel)

    async def quote(self, contract: Contract) -> Quote:
        """Return the present quote of a contract."""
        raise self._unsupported(f"quote {contract.key}", declared=self.capabilities.quotes)

    def quotes(self, contracts: Sequence[Contract]) -> AsyncIterator[Quote]:
        """Stream the quotes of contracts, each first as it is and then as it changes."""
        what = f"stream quotes of {', '.join(contract.key for contract in contracts)}"
        raise self._unsupported(what, declared=self.capabilities.quotes)

    async def option_chain(self, contract: Contract) -> OptionChain:
        """Return the options listed on an underlying."""
        raise self._unsupported(f"list options on {contract.key}", declared=self.capabilities.option_chains)

    async def preview(self, orders: Sequence[Order]) -> Preview:
        """Return what orders would cost, without placing them."""
        raise self._unsupported(f"preview {len(orders)} orders", declared=self.capabilities.preview)

    def _unsupported(self, what: str, *, declared: bool = False) -> NotSupported:
        name = self._context.name
        if declared:
            fault = f"its capabilities declare it, and {type(self).__name__} does not do it"
            return NotSupported(f"{name} cannot {what}: {fault}", hint="a fault of the plugin: tell its author")
        return NotSupported(f"{name} cannot {what}: its capabilities do not declare it")

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.disconnect()


def _any_loop(_: Any) -> None:
    return None


@dataclass(frozen=True, slots=True)
class BrokerSpec(Generic[Settings]):
    """How a plugin announces a broker: its name, its section of the configuration, what it does and how it is made.

    ``order_options`` is the model of what an order may carry for this broker alone. ``event_loop`` returns a factory of
    the event loop that the settings call for, or None for any; a broker whose time is simulated names one. ``api`` is
    the plugin contract that the broker was written for, as in ``v6core.PLUGIN_API``; unsaid, it is the first.
    """

    name: str
    settings: type[Settings]
    capabilities: Capabilities
    create: Callable[[Settings, BrokerContext], Broker]
    order_options: type[BaseModel] | None = None
    event_loop: Callable[[Settings], Callable[[], asyncio.AbstractEventLoop] | None] = field(default=_any_loop)
    api: str = field(default="1.0", kw_only=True)
