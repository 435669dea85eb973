"""A world for the conformance suite: a scripted broker in front of a small market, in simulated time.

It shows how little a driver takes, and how the suite treats a broker that declares little: what is not declared is to
be refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

from v6core.capabilities import OrderSupport, UnitKind
from v6core.clock import Clock, SimulatedClock, SimulatedLoop
from v6core.contracts import Contract
from v6core.orders import Order, OrderType, TimeInForce
from v6core.testing.conformance.driver import PLENTY, Drive, Samples
from v6core.testing.conformance.wire import Wire, WiredDriver
from v6core.testing.scripted.abilities import scripted_capabilities
from v6core.testing.scripted.broker import ScriptedBroker, ScriptedSettings
from v6core.testing.scripted.market import RuleMarket

_MORNING = datetime(2026, 12, 1, 15, tzinfo=UTC)
PLAIN = scripted_capabilities(
    orders=(
        OrderSupport(
            kinds=frozenset({"STOCK", "OPTION"}),
            order_types=frozenset({OrderType.MARKET, OrderType.LIMIT, OrderType.STOP, OrderType.STOP_LIMIT}),
            tifs=frozenset({TimeInForce.DAY, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK, TimeInForce.GTD}),
        ),
    ),
    bracket=False,
    oca_types=frozenset(),
    unit=UnitKind.SEQUENTIAL,
    max_combo_legs=0,
    combo_guaranteed=False,
    option_chains=False,
    preview=False,
    fractional=False,
)
"""Single orders in stocks and options, changed in place; nothing that belongs together."""


class ScriptedDriver(WiredDriver[ScriptedBroker]):
    """A scripted broker whose orders fill by the quotes that the suite gives."""

    name: str = "scripted"
    can: ClassVar[frozenset[Drive]] = frozenset(Drive)
    limit: ClassVar[float] = 40 * 86_400.0
    samples = Samples(expiration=date(2026, 12, 18), later=date(2027, 1, 15))

    def __init__(self) -> None:
        self._renew()
        self._clock: SimulatedClock | None = None

    def _renew(self) -> None:
        self._broker = ScriptedBroker(PLAIN)
        self._market = RuleMarket(self._broker)
        self.wire = Wire(self._broker.spec)

    @property
    def settings(self) -> ScriptedSettings:
        """There is nothing to set."""
        return ScriptedSettings()

    @property
    def loop_factory(self) -> Callable[[], SimulatedLoop]:
        """A loop whose time jumps."""
        return SimulatedLoop

    @property
    def clock(self) -> Clock:
        """The loop's time, from a morning on."""
        assert self._clock is not None, "the world has not started"
        return self._clock

    async def start(self, folder: Path) -> None:  # noqa: ARG002 -- a scripted broker keeps no files
        """Begin a morning."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimulatedLoop)
        self._renew()
        self._clock = SimulatedClock(_MORNING, loop)

    async def set_quote(
        self,
        contract: Contract,
        bid: Decimal | None,
        ask: Decimal | None,
        *,
        bid_size: Decimal = PLENTY,
        ask_size: Decimal = PLENTY,
    ) -> None:
        """Show a quote."""
        self._market.quote(contract, bid, ask, bid_size=bid_size, ask_size=ask_size)

    async def pass_time(self, seconds: float) -> None:
        """Jump, and let happen what falls due."""
        await asyncio.sleep(seconds)
        self._market.match()
        await self.settle()

    async def place_other(self, contract: Contract, order: Order) -> str:
        """Place an order at the broker, past the engine and its wire."""
        held = self._broker.place_foreign(contract, order)
        self._market.enter(held)
        return held.broker_order_id

    async def correct(self, execution_id: str, quantity: Decimal, price: Decimal) -> None:
        """Have the broker correct an execution; an order that had filled has then ended without the rest."""
        ref = self._broker.book.executions[execution_id].order_ref
        if quantity:
            self._broker.correct(execution_id, quantity=quantity, price=price)
        else:
            self._broker.bust(execution_id)
        held = self._broker.book.find(ref or "")
        if not held.is_open and held.rest:
            self._broker.end(held.ref, reason="an execution of it was corrected")
