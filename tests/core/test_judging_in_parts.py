"""A snapshot of thousands of executions is judged part by part: whatever else waits for the loop gets its turn."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from core.engine_desk import GOOG, START, simulated
from v6core.clock import SystemClock
from v6core.engine.boundary import Boundary
from v6core.engine.soundness import A_PART
from v6core.errors import BrokerError
from v6core.fills import Fill
from v6core.money import ONE
from v6core.orders import OrderAction
from v6core.reports import Account, FillReport, Snapshot
from v6core.testing import ScriptedBroker


class Answers(ScriptedBroker):
    """A broker whose snapshot is made beforehand."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__()
        self.made = snapshot

    def now(self) -> Any:
        """Return the time of the snapshot."""
        return START

    async def snapshot(self) -> Snapshot:
        """Answer without waiting for anything."""
        return self.made


def executions(count: int) -> tuple[FillReport, ...]:
    """Return so many executions of others."""
    fields: dict[str, Any] = {"contract": GOOG, "action": OrderAction.BUY, "quantity": ONE, "price": ONE, "time": START}
    fills = (Fill(execution_id=f"x{number}", **fields) for number in range(count))
    return tuple(FillReport(time=START, broker_order_id="7", fill=fill) for fill in fills)


def boundary_of(fills: tuple[FillReport, ...]) -> Boundary:
    """Return what judges a snapshot with these executions."""
    snapshot = Snapshot(time=START, account=Account(account="A", cash=ONE), fills=fills)
    return Boundary(Answers(snapshot), "mine", SystemClock())


@contextlib.asynccontextmanager
async def counting() -> AsyncGenerator[list[int]]:
    """Count the turns that another task gets meanwhile."""
    turns = [0]

    async def count() -> None:
        while True:
            turns[0] += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(count())
    await asyncio.sleep(0)
    turns[0] = 0
    yield turns
    task.cancel()


@pytest.mark.parametrize(
    ("count", "turns"), [(0, 0), (A_PART, 0), (A_PART + 1, 1), (4 * A_PART, 3), (12_000, 12_000 // A_PART)]
)
@simulated
async def test_another_task_has_its_turn_between_two_parts(count: int, turns: int) -> None:
    fills = executions(count)
    boundary = boundary_of(fills)
    async with counting() as counted:
        assert (await boundary.snapshot()).fills == fills
        assert counted[0] == turns


@simulated
async def test_nonsense_in_the_last_part_refuses_the_whole_snapshot() -> None:
    *sound, late = executions(2 * A_PART)
    boundary = boundary_of((*sound, late.model_copy(update={"broker_order_id": "\0"})))
    with pytest.raises(BrokerError, match="answered snapshot with nonsense"):
        await boundary.snapshot()
    assert boundary.quarantine.refused == 1


@simulated
async def test_two_executions_of_one_name_are_found_across_parts() -> None:
    first, *others = executions(2 * A_PART)
    again = first.model_copy(update={"fill": first.fill.model_copy(update={"price": ONE + ONE})})
    with pytest.raises(BrokerError, match="two executions with the id x0"):
        await boundary_of((first, *others, again)).snapshot()
