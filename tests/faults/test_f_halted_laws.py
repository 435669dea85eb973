"""Whatever halts: while it holds no opening order leaves, cancels and what reduces always do."""

from __future__ import annotations

import tempfile
from enum import Enum, auto
from functools import partial
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from core.engine_desk import GOOG, buy, sell
from faults.kill_desk import KillDesk
from v6core.engine import OrderExecutionEngine
from v6core.errors import OrderDenied
from v6core.orders import OrderStatus
from v6core.testing.scripted import accepts, fills


class Act(Enum):
    """What somebody does."""

    HALT = auto()
    HALT_BY_HAND = auto()
    KILL = auto()
    RESUME = auto()
    REMOVE_FILE = auto()
    RESTART = auto()
    OPEN = auto()
    REDUCE = auto()
    CANCEL = auto()


class Trading:
    """A desk on which things are done one after the other, and what they must come to."""

    def __init__(self, folder: Path) -> None:
        self.desk = KillDesk(folder)
        self.by_file = self.in_journal = False
        self.desk.run(self._hold)

    async def _hold(self, engine: OrderExecutionEngine) -> None:
        self.desk.broker.on("place", accepts, fills())
        await engine.place_order(GOOG, buy(100))

    @property
    def file(self) -> Path:
        """The halt file."""
        path = self.desk.configuration.halt_file
        assert path is not None
        return path

    def run(self, acts: list[Act]) -> None:
        """Do these, in engines that live until they are killed or restarted."""
        session: list[Act] = []
        for act in (*acts, Act.RESTART):
            if act not in {Act.KILL, Act.RESTART}:
                session.append(act)
                continue
            self.desk.run(partial(self._trade, acts=session))
            session = []
            if act is Act.KILL:
                assert self.desk.kill().is_done
                assert self.desk.open_refs == []
                self.by_file = self.in_journal = True

    async def _trade(self, engine: OrderExecutionEngine, acts: list[Act]) -> None:
        for act in acts:
            match act:
                case Act.HALT:
                    await engine.halt("a test")
                    self.in_journal = True
                case Act.HALT_BY_HAND:
                    self.file.touch()
                    self.by_file = True
                case Act.RESUME:
                    await engine.resume("a test")
                    self.by_file = self.in_journal = False
                case Act.REMOVE_FILE:
                    self.file.unlink(missing_ok=True)
                    self.by_file = False
                case Act.OPEN:
                    await self._open(engine)
                case Act.REDUCE:
                    await self._reduce(engine)
                case _:
                    await self._cancel(engine)

    async def _open(self, engine: OrderExecutionEngine) -> None:
        before = len(self.desk.broker.arrivals)
        denied = False
        try:
            await engine.place_order(GOOG, buy(1))
        except OrderDenied as error:
            denied = error.code == "TRADING_HALTED"
        is_halted = self.by_file or self.in_journal
        assert denied == is_halted
        assert len(self.desk.broker.arrivals) - before == (not is_halted)

    async def _reduce(self, engine: OrderExecutionEngine) -> None:
        self.desk.broker.on("place", accepts, fills())
        assert (await engine.place_order(GOOG, sell(1))).status is OrderStatus.FILLED

    async def _cancel(self, engine: OrderExecutionEngine) -> None:
        for order in await engine.orders(open_only=True):
            assert await engine.cancel_order(order.order_id)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from(Act), min_size=1, max_size=12))
def test_I50_while_anything_halts_no_opening_order_leaves_and_cancels_and_reductions_do(acts: list[Act]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Trading(Path(folder)).run(acts)
