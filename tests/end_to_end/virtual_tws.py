"""An engine at Interactive Brokers and a TWS gateway, on one event loop with virtual time and connections in memory.

The real ib_async speaks the real protocol between them; only the sockets and the clock are not real. A market's day
takes seconds, and the same each time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from v6_ib_plugin.gateway.gateway import Gateway
from v6core.broker import Broker, BrokerContext, ReportSink
from v6core.clock import SimulatedClock
from v6core.engine import OrderExecutionEngine
from v6core.plugins import load_broker

DAY = date(2026, 1, 5)
OPENING = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
MARKET: Mapping[str, Any] = {
    "fills": "realistic",
    "quotes": "synthetic",
    "speed": "max",
    "state": "off",
    "start": DAY,
    "latency": 0,
}


async def _nobody(name: str) -> Broker:
    raise AssertionError(name)


@asynccontextmanager
async def gateway(folder: Path, port: int = 7497, market: Mapping[str, Any] = MARKET) -> AsyncGenerator[Gateway]:
    """Open a gateway in front of a paper broker whose market begins at the opening."""
    paper = load_broker("paper")
    settings = paper.settings.model_validate(market)
    clock = SimulatedClock(OPENING, asyncio.get_running_loop())  # type: ignore[arg-type]  # the tests run on such a loop

    def make(report: ReportSink) -> Broker:
        logger = logging.getLogger("v6.paper")
        context = BrokerContext(
            name="paper", clock=clock, report=report, folder=folder, logger=logger, open_broker=_nobody
        )
        made: Broker = paper.create(settings, context)
        return made

    async with Gateway(make, port=port) as opened:
        yield opened


def engine_at(port: int, folder: Path, **options: Any) -> OrderExecutionEngine:
    """Return an engine whose TWS listens on a port."""
    ib = load_broker("ib")
    clock = SimulatedClock(OPENING, asyncio.get_running_loop())  # type: ignore[arg-type]  # likewise
    settings = ib.settings.model_validate({"port": port})
    return OrderExecutionEngine.from_spec(ib, settings, clock=clock, folder=folder, **options)
