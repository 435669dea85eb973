"""A desk for the tests of the kill: a configured engine that has ended, its journal, and a scripted broker at hand."""

from __future__ import annotations

import textwrap
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from core.engine_desk import GOOG, buy
from v6core.broker import BrokerContext, BrokerSpec
from v6core.clock import SimulatedLoop, run_simulated
from v6core.config import Configuration, load
from v6core.engine import OrderExecutionEngine
from v6core.engine.killing import KillReport, kill
from v6core.identifiers import RandomIds, make_order_ref
from v6core.journal import open_for_reading
from v6core.orders import Order
from v6core.testing import ScriptedBroker, ScriptedSettings
from v6core.testing.scripted import Call, Step
from v6core.testing.scripted.steps import Refs

_AT_HAND: list[ScriptedBroker] = []
_PLUGIN = """
    from v6core.hookspecs import hookimpl
    from faults.kill_desk import spec_at_hand

    @hookimpl
    def v6_brokers():
        return [spec_at_hand()]
"""
_CONFIGURATION = """
    [brokers.scripted]
    plugin = "./scripted_at_hand.py"

    [risk]
    halt_file = "{halt_file}"
"""


def spec_at_hand() -> BrokerSpec[ScriptedSettings]:
    """Return the specification of the broker that the last desk was set up with, on a loop whose time jumps."""
    broker = _AT_HAND[-1]

    def attach(_: ScriptedSettings, context: BrokerContext) -> ScriptedBroker:
        return broker.attach(context)

    return BrokerSpec("scripted", ScriptedSettings, broker.capabilities, attach, event_loop=lambda _: SimulatedLoop)


class KillDesk:
    """A folder with a configuration, a scripted broker, and the journal that an engine left."""

    def __init__(self, folder: Path, broker: ScriptedBroker | None = None, *, halt_file: str = ".v6/HALT") -> None:
        self.broker = broker or ScriptedBroker()
        self.folder = folder
        _AT_HAND.append(self.broker)
        (folder / "scripted_at_hand.py").write_text(textwrap.dedent(_PLUGIN))
        (folder / "v6.toml").write_text(textwrap.dedent(_CONFIGURATION.format(halt_file=halt_file)))

    @property
    def configuration(self) -> Configuration:
        """The configuration."""
        return load(self.folder / "v6.toml")

    @property
    def journal(self) -> Path:
        """Where the journal is."""
        return self.configuration.journal.path

    @property
    def engine_id(self) -> str:
        """The id in the journal's references."""
        reader = open_for_reading(self.journal)
        try:
            return reader.engine_id
        finally:
            reader.close()

    def run(self, work: Callable[[OrderExecutionEngine], Awaitable[Any]]) -> None:
        """Let an engine do some work, and end."""

        async def within() -> None:
            async with OrderExecutionEngine.from_configuration(self.configuration) as engine:
                await work(engine)

        run_simulated(within())

    def leave(self, *orders: Order) -> list[Order]:
        """Let an engine place some orders, and end."""
        placed: list[Order] = []

        async def place(engine: OrderExecutionEngine) -> None:
            for order in orders or (buy(),):
                placed.append(await engine.place_order(GOOG, order))  # noqa: PERF401 -- one after the other

        self.run(place)
        return placed

    def kill(self, reason: str = "a test", **options: Any) -> KillReport:
        """Kill."""
        return kill(self.configuration, reason=reason, **options)

    def unknown_order(self) -> Order:
        """Return an order with our engine's reference that the journal does not know."""
        order_id = RandomIds().order_id()
        reference = make_order_ref(self.engine_id, order_id)
        return buy(order_id=order_id, contract=GOOG, order_ref=reference)

    def arriving(self, order: Order) -> Step:
        """Return a step with which an order that was under way reaches the broker and is acknowledged."""

        def arrive(broker: ScriptedBroker, _refs: Refs) -> None:
            broker.accept(broker.book.add(order).ref)

        return arrive

    def add_foreign(self) -> None:
        """Let somebody else have an order at the broker."""
        self.broker.place_foreign(GOOG, Order.limit("BUY", 1, 90))

    @property
    def open_refs(self) -> list[str]:
        """The references of our orders that are open at the broker."""
        return [held.ref for held in self.broker.book.ours]

    def times(self, call: Call | str) -> int:
        """Return how often the broker was called for something."""
        return sum(one.call is Call(call) for one in self.broker.calls)
