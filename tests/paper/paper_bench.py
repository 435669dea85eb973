"""A paper broker with a list for its reports, on a simulated loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, TypeVar

from v6_paper_plugin.broker import PaperBroker
from v6_paper_plugin.settings import PaperSettings
from v6core.broker import Broker, BrokerContext, ReportSink
from v6core.clock import SimulatedClock, SimulatedLoop, run_simulated
from v6core.contracts import Contract, Stock
from v6core.errors import ConfigurationError
from v6core.identifiers import SeededIds, make_order_ref
from v6core.orders import BracketOrder, Order
from v6core.reports import FillReport, OrderReport, Report

T = TypeVar("T")
GOOG = Stock("GOOG")
START = datetime(2026, 6, 1, 14, 0, tzinfo=UTC)


async def _no_broker(name: str) -> Broker:
    raise ConfigurationError(f"there is no broker {name}")


class Desk:
    """A broker, what it reported, and ids that repeat."""

    def __init__(
        self,
        folder: Path,
        *,
        seed: int = 1,
        sink: ReportSink | None = None,
        open_broker: Callable[[str], Awaitable[Broker]] = _no_broker,
        **settings: Any,
    ) -> None:
        self.reports: list[Report] = []
        self.ids = SeededIds(seed)
        loop = asyncio.get_running_loop()
        self.clock = SimulatedClock(START, loop if isinstance(loop, SimulatedLoop) else None)
        context = BrokerContext(
            name="dry",
            clock=self.clock,
            report=sink or self.reports.append,
            folder=folder,
            logger=logging.getLogger("paper"),
            open_broker=open_broker,
        )
        self.broker = PaperBroker(PaperSettings(**settings), context)

    async def __aenter__(self) -> Self:
        await self.broker.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.broker.disconnect()

    def bind(self, order: Order, contract: Contract = GOOG, **terms: Any) -> Order:
        order_id = self.ids.order_id()
        reference = make_order_ref("abcdefgh", order_id)
        return order.replace(order_id=order_id, order_ref=reference, contract=contract, **terms)

    def bracket(self, bracket: BracketOrder) -> list[Order]:
        entry = self.bind(bracket.parent_order)
        return [entry, *(self.bind(each, parent_order_id=entry.order_id) for each in bracket.exits)]

    async def place(self, order: Order, contract: Contract = GOOG, **terms: Any) -> Order:
        bound = self.bind(order, contract, **terms)
        await self.broker.place([bound])
        return bound

    def told(self, order: Order) -> list[str]:
        """Return what was reported of an order, word by word."""
        words: list[str] = []
        for report in self.reports:
            if getattr(report, "order_ref", None) != order.order_ref:
                continue
            words.append(report.status if isinstance(report, OrderReport) else report.report)
        return words

    def fills(self) -> list[FillReport]:
        return [report for report in self.reports if isinstance(report, FillReport)]


def simulated(main: Coroutine[Any, Any, T]) -> T:
    return run_simulated(main)
