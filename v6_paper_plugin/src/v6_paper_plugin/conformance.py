"""The worlds in which the paper broker is proved: in simulated time, with realistic fills and with immediate ones."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

from v6_paper_plugin import v6_brokers
from v6_paper_plugin.broker import PaperBroker
from v6_paper_plugin.settings import Fills, PaperSettings
from v6core.clock import Clock, SimulatedClock, SimulatedLoop
from v6core.contracts import Contract
from v6core.orders import Order
from v6core.testing.conformance.driver import PLENTY, Drive, Samples
from v6core.testing.conformance.wire import Wire, WiredDriver

_MORNING = datetime(2026, 12, 1, 15, tzinfo=UTC)


class PaperDriver(WiredDriver[PaperBroker]):
    """The paper broker with realistic fills, on quotes that the suite gives in regular hours."""

    name: str = "paper"
    can: ClassVar[frozenset[Drive]] = frozenset(Drive)
    limit: ClassVar[float] = 40 * 86_400.0
    samples = Samples(expiration=date(2026, 12, 18), later=date(2027, 1, 15))

    def __init__(self) -> None:
        (self._paper,) = v6_brokers()
        self.wire = Wire(self._paper)
        self._clock: SimulatedClock | None = None

    @property
    def settings(self) -> PaperSettings:
        """Realistic fills on given quotes, kept in the world's folder."""
        return PaperSettings(fills=Fills.REALISTIC, quotes="given", hours="regular", latency=0)

    @property
    def loop_factory(self) -> Callable[[], SimulatedLoop]:
        """A loop whose time jumps."""
        return SimulatedLoop

    @property
    def clock(self) -> Clock:
        """The loop's time, from a morning on."""
        assert self._clock is not None, "the world has not started"
        return self._clock

    async def start(self, folder: Path) -> None:  # noqa: ARG002 -- the engine gives its folder to its broker
        """Begin a morning."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimulatedLoop)
        self.wire, self._clock = Wire(self._paper), SimulatedClock(_MORNING, loop)

    async def set_quote(
        self,
        contract: Contract,
        bid: Decimal | None,
        ask: Decimal | None,
        *,
        bid_size: Decimal = PLENTY,
        ask_size: Decimal = PLENTY,
    ) -> None:
        """Give the exchange a quote."""
        async with self.wire.at_hand() as paper:
            paper.set_quote(contract, bid, ask, bid_size=bid_size, ask_size=ask_size)

    async def pass_time(self, seconds: float) -> None:
        """Jump."""
        await asyncio.sleep(seconds)

    async def place_other(self, contract: Contract, order: Order) -> str:
        """Place an order at the exchange, past the engine and its wire."""
        async with self.wire.at_hand() as paper:
            return paper.place_foreign(contract, order)

    async def correct(self, execution_id: str, quantity: Decimal, price: Decimal) -> None:
        """Have the exchange correct an execution."""
        async with self.wire.at_hand() as paper:
            paper.correct_execution(execution_id, price, quantity)


class ImmediateDriver(PaperDriver):
    """The paper broker as the simplest dry run: every order fills at once, at its own price, else at the quote."""

    name: str = "paper-immediate"
    rests: ClassVar[bool] = False

    @property
    def settings(self) -> PaperSettings:
        """Immediate fills within the buying power, kept in the world's folder."""
        return PaperSettings(margin=True)
