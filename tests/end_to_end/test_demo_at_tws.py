"""The demo's story through the whole stack of Interactive Brokers: the same story and books as in process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from end_to_end.virtual_tws import MARKET, engine_at, gateway
from v6core.cli.demo.market import Pace
from v6core.cli.demo.story import Story
from v6core.clock import run_simulated
from v6core.contracts import Stock
from v6core.engine import OrderExecutionEngine
from v6core.fills import Fill
from v6core.identifiers import SeededIds
from v6core.orders import Order
from v6core.plugins import load_broker
from v6core.testing.network import SimulatedNetwork, run_on_network

Row = tuple[str, str, Decimal, Decimal, Decimal | None]


@dataclass(frozen=True)
class Books:
    """What is left of a run."""

    steps: tuple[str, ...]
    notes: tuple[str, ...]
    orders: tuple[Order, ...]
    fills: tuple[Fill, ...]
    cash: Decimal
    held: int

    @property
    def rows(self) -> Sequence[Row]:
        """The fills, without what each broker calls them and the second at which they came."""
        return [(fill.contract.key, fill.action, fill.quantity, fill.price, fill.commission) for fill in self.fills]


async def played(engine: OrderExecutionEngine) -> Books:
    async with engine:
        story = Story(engine, Stock("SPY"), SeededIds(6), Pace.of_loop())
        await story.play()
        return Books(
            steps=tuple(step.title for step in story.steps),
            notes=tuple(story.notes),
            orders=await engine.orders(),
            fills=tuple(sorted(await engine.fills(), key=lambda fill: (fill.time, fill.contract.key))),
            cash=(await engine.account()).cash,
            held=len(await engine.positions()),
        )


async def in_process(folder: Path) -> Books:
    paper = load_broker("paper")
    settings = paper.settings.model_validate(MARKET)
    return await played(OrderExecutionEngine.from_spec(paper, settings, folder=folder))


async def at_tws(folder: Path) -> Books:
    async with gateway(folder) as tws:
        return await played(engine_at(tws.port, folder / "engine"))


@pytest.fixture(scope="module")
def direct(tmp_path_factory: pytest.TempPathFactory) -> Books:
    return run_simulated(in_process(tmp_path_factory.mktemp("direct")))


@pytest.fixture(scope="module")
def through(tmp_path_factory: pytest.TempPathFactory) -> Books:
    network = SimulatedNetwork(1, latencies=(0.000_1, 0.000_2))
    return run_on_network(at_tws(tmp_path_factory.mktemp("tws")), network)


def test_the_story_is_the_same(direct: Books, through: Books) -> None:
    assert (through.steps, through.notes) == (direct.steps, direct.notes)


def test_every_fill_is_the_same(direct: Books, through: Books) -> None:
    assert through.rows == direct.rows


def test_the_account_is_the_same_to_the_cent(direct: Books, through: Books) -> None:
    assert (through.cash, through.held) == (direct.cash, 0)


def test_the_orders_ended_alike(direct: Books, through: Books) -> None:
    ends = [[(order.order_type, order.status, order.filled_quantity) for order in b.orders] for b in (direct, through)]
    assert ends[0] == ends[1]


def test_nothing_was_odd(through: Books) -> None:
    assert [order.anomalies for order in through.orders if order.anomalies] == []
